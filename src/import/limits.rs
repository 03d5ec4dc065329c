//! When a run stops early of its own accord: the canary and the failure budget.
//!
//! Owns the counting of what rows ended as. Pure but for its own lock; the crew asks after each attempt, of which one that
//! leaves its row to be sent again counts for nothing.

use super::end::End;
use crate::submission::Event;
use crate::ticket::ErrorCode;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

/// How many rows may be rejected or end in doubt before the run stops.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaxFailures {
    /// So many rows.
    Rows(u64),
    /// This part of the rows that are to be sent, in hundredths.
    Percent(f64),
}

/// A budget that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a failure budget is written like 20 or 5%")]
pub struct MaxFailuresError;

impl FromStr for MaxFailures {
    type Err = MaxFailuresError;

    fn from_str(text: &str) -> Result<MaxFailures, MaxFailuresError> {
        match text.strip_suffix('%') {
            Some(percent) => {
                let percent: f64 = percent.trim().parse().map_err(|_| MaxFailuresError)?;
                if (0.0..=100.0).contains(&percent) {
                    Ok(MaxFailures::Percent(percent))
                } else {
                    Err(MaxFailuresError)
                }
            }
            None => text
                .parse()
                .map(MaxFailures::Rows)
                .map_err(|_| MaxFailuresError),
        }
    }
}

impl MaxFailures {
    /// How many rows may fail when so many are to be sent.
    #[must_use]
    pub fn of(self, rows: u64) -> u64 {
        match self {
            MaxFailures::Rows(allowed) => allowed,
            MaxFailures::Percent(percent) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    clippy::cast_precision_loss,
                    reason = "a part of a row count, rounded down"
                )]
                let allowed = (rows as f64 * percent / 100.0) as u64;
                allowed
            }
        }
    }
}

/// The limits of one run.
#[derive(Debug)]
pub(super) struct Limits {
    allowed: Option<u64>,
    canary: Option<u64>,
    tally: Mutex<Tally>,
}

#[derive(Debug, Default)]
struct Tally {
    failures: u64,
    /// Rows rejected with one code since the beginning, and nothing else; none once anything else came.
    sick: Option<(ErrorCode, u64)>,
    canary_is_over: bool,
}

impl Limits {
    /// `allowed` failures, and a canary of so many first rows.
    pub(super) fn new(allowed: Option<u64>, canary: Option<u64>) -> Limits {
        Limits {
            allowed,
            canary,
            tally: Mutex::new(Tally::default()),
        }
    }

    /// Counts what came of an attempt; says why the run ends, if it does.
    pub(super) fn count(&self, event: &Event) -> Option<End> {
        if matches!(event, Event::Released { .. }) {
            return None;
        }
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let rejected = match event {
            Event::Rejected { code } => Some(*code),
            _ => None,
        };
        if rejected.is_some() || matches!(event, Event::Unproven(_)) {
            tally.failures += 1;
        }
        if let Some(code) = self.sing(&mut tally, rejected) {
            return Some(End::Canary(code));
        }
        self.over_budget(&tally)
    }

    /// Counts a row whose ticket was another row's, which had been counted as created; says whether the run ends.
    pub(super) fn count_disproof(&self) -> Option<End> {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.failures += 1;
        self.over_budget(&tally)
    }

    fn over_budget(&self, tally: &Tally) -> Option<End> {
        let is_over = self.allowed.is_some_and(|allowed| tally.failures > allowed);
        is_over.then_some(End::Budget)
    }

    fn sing(&self, tally: &mut Tally, rejected: Option<ErrorCode>) -> Option<ErrorCode> {
        let wanted = self.canary?;
        if tally.canary_is_over {
            return None;
        }
        match (rejected, tally.sick) {
            (Some(code), None) => tally.sick = Some((code, 1)),
            (Some(code), Some((same, count))) if code == same => {
                tally.sick = Some((code, count + 1))
            }
            _ => tally.canary_is_over = true,
        }
        tally
            .sick
            .filter(|(_, count)| !tally.canary_is_over && *count >= wanted)
            .map(|(code, _)| code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::submission::Doubt;
    use crate::ticket::TicketId;

    fn rejected(code: u16) -> Event {
        Event::Rejected {
            code: ErrorCode(code),
        }
    }

    fn created() -> Event {
        Event::Created {
            ticket_id: TicketId::new("T").unwrap(),
            remark: None,
        }
    }

    #[test]
    fn a_ticket_that_was_another_rows_is_a_failure() {
        let limits = Limits::new(Some(1), None);
        assert_eq!(limits.count(&created()), None);
        assert_eq!(limits.count_disproof(), None);
        assert_eq!(limits.count_disproof(), Some(End::Budget));
    }

    #[test]
    fn budgets_are_read() {
        assert_eq!("20".parse(), Ok(MaxFailures::Rows(20)));
        assert_eq!("2.5%".parse::<MaxFailures>().unwrap().of(200), 5);
        for text in ["", "-1", "101%", "x%", "NaN%"] {
            assert_eq!(text.parse::<MaxFailures>(), Err(MaxFailuresError), "{text}");
        }
    }

    #[test]
    fn the_canary_dies_when_the_first_rows_are_all_rejected_with_one_code() {
        let limits = Limits::new(None, Some(3));
        assert_eq!(limits.count(&rejected(414)), None);
        assert_eq!(limits.count(&rejected(414)), None);
        assert_eq!(
            limits.count(&rejected(414)),
            Some(End::Canary(ErrorCode(414)))
        );
    }

    #[test]
    fn a_created_row_or_another_code_saves_the_canary_for_ever() {
        for other in [created(), rejected(406), Event::Unproven(Doubt::crash())] {
            let limits = Limits::new(None, Some(2));
            assert_eq!(limits.count(&rejected(414)), None);
            for _ in 0..9 {
                assert_eq!(limits.count(&other), None);
            }
        }
    }

    #[test]
    fn a_row_that_is_sent_again_is_no_sign_of_health() {
        let released = Event::Released {
            seen: "token_expired".to_owned(),
        };
        let limits = Limits::new(Some(2), Some(2));
        for event in [&released, &rejected(414), &released] {
            assert_eq!(limits.count(event), None);
        }
        assert_eq!(
            limits.count(&rejected(414)),
            Some(End::Canary(ErrorCode(414)))
        );
    }

    #[test]
    fn the_budget_ends_the_run_with_the_first_failure_beyond_it() {
        let limits = Limits::new(Some(1), None);
        assert_eq!(limits.count(&created()), None);
        assert_eq!(limits.count(&rejected(406)), None);
        assert_eq!(
            limits.count(&Event::Unproven(Doubt::crash())),
            Some(End::Budget)
        );
    }
}
