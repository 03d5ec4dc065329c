//! What becomes of a row, given what the ledger knows of its identities: pure.
//!
//! Owns the rules of "Which row is this?". A ticket that exists always wins, then doubt, then work that is not done;
//! only after that does it matter whether the row is valid. Neither reads nor writes; `register` does.

use super::identity::{Comparison, Identity, compare};
use super::{RunId, SubmissionId};
use crate::ticket::Outcome;
use std::sync::Arc;

/// A row as a run meets it.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The row's number as the spreadsheet shows it.
    pub row: u64,
    /// The identity of its cells.
    pub source: Identity,
    /// How many identical rows stand before it in the whole file.
    pub ordinal: u64,
    /// The rejects file that it stands in: a part of another file, so that its count of identical rows says nothing of
    /// the whole; none for a file of its own.
    pub rejects: Option<RejectsFile>,
    /// The identity of its key, where the mapping has one.
    pub key: Option<Identity>,
    /// Whether other rows of its file have that key too, and with it one fate.
    pub shares_key: bool,
    /// What the mapping made of it.
    pub verdict: Verdict,
}

/// A rejects file by its content: the same content again has the same rows in the same places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectsFile {
    /// A hash of its content.
    pub fingerprint: [u8; 32],
    /// The worksheet.
    pub sheet: Option<String>,
}

/// What the mapping made of a row.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// May be sent.
    Valid {
        /// The hash of what would be sent.
        payload: Identity,
    },
    /// Must not be sent.
    Invalid {
        /// The first problem's code.
        code: String,
        /// All problems, without values.
        message: String,
        /// The hash of what would be sent, where only other rows make it invalid (one key, two contents).
        payload: Option<Identity>,
    },
}

impl Verdict {
    fn payload(&self) -> Option<&Identity> {
        match self {
            Verdict::Valid { payload } => Some(payload),
            Verdict::Invalid { payload, .. } => payload.as_ref(),
        }
    }
}

/// What a run does with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Send it.
    Send(SubmissionId),
    /// It shares the fate of another row of this run: same key, same content.
    Twin(SubmissionId),
    /// Nothing is to be sent; this is its outcome.
    Settled(Outcome),
}

/// A submission that one of the row's identities led to.
#[derive(Debug, Clone)]
pub(super) struct Hit {
    pub submission: SubmissionId,
    pub state: HitState,
    pub run: RunId,
    pub row: u64,
    pub payload: Identity,
    /// Whether the row's cells lead there.
    pub by_source: bool,
    /// Whether its key does; both may.
    pub by_key: bool,
    pub ticket_id: Option<String>,
    /// The file of the same command that has its row, where nothing is sent yet; see [`Foreseen`](super::Foreseen).
    pub foreseen_in: Option<Arc<str>>,
}

/// The states that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HitState {
    Created,
    InDoubt,
    /// Being sent, or left so by a run that was cut off.
    Claimed,
    /// Ready or rejected.
    Open,
}

impl Hit {
    /// What its state means to a run. The next one puts into doubt what a run has left that was cut off; and what its own workers
    /// are sending is its open work.
    pub(super) fn state_in(&self, run: Option<RunId>) -> HitState {
        match self.state {
            HitState::Claimed if run == Some(self.run) => HitState::Open,
            HitState::Claimed => HitState::InDoubt,
            state => state,
        }
    }
}

/// What is said of a row that is known by its key alone: two clinics may count their calls alike.
pub(super) const BY_KEY_ALONE: &str = "known by its key alone, since its cells and the mapping are others than then; make sure that it is the same call";

/// What the ledger is to do with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// A new submission, of what would be sent.
    New { payload: Identity },
    /// An old one is taken up again, of what would be sent now.
    Requeue {
        submission: SubmissionId,
        payload: Identity,
    },
    /// It shares the fate of an earlier row of this run.
    Twin(SubmissionId),
    /// It has a ticket or is in doubt. With `attach`, all its identities lead there from now on. `by_key_alone` says that
    /// nothing but the key tells so.
    Known {
        submission: SubmissionId,
        outcome: Outcome,
        attach: bool,
        by_key_alone: bool,
    },
    /// It is not sent, for this reason.
    Invalid { code: String, message: String },
}

pub(super) fn decide(hits: &[Hit], row: &Registration, run: RunId) -> Decision {
    // What another row of this run has taken over is this row's too where they share the key that leads there, and is none of
    // its business where they do not: it was known by these cells, or by this key, under another mapping.
    let is_of_another_row = |hit: &Hit| hit.run == run && hit.row != row.row;
    let is_own = |hit: &Hit| !is_of_another_row(hit) || (row.shares_key && hit.by_key);
    let find = |wanted: &dyn Fn(&Hit) -> bool| hits.iter().find(|hit| is_own(hit) && wanted(hit));
    let is = |hit: &Hit, state| hit.state_in(Some(run)) == state;
    if let Some(hit) = find(&|hit| is(hit, HitState::Created) && hit.by_source) {
        return known(hit, Outcome::AlreadyCreated, true);
    }
    if let Some(hit) = find(&|hit| is(hit, HitState::InDoubt)) {
        return known(hit, Outcome::InDoubt, hit.by_source);
    }
    if let Some(hit) = find(&|hit| is(hit, HitState::Created)) {
        return by_key_only(hit, row);
    }
    let payload = match &row.verdict {
        Verdict::Valid { payload } => *payload,
        Verdict::Invalid { code, message, .. } => {
            return Decision::Invalid {
                code: code.clone(),
                message: message.clone(),
            };
        }
    };
    // A submission that carries another row's number of this run is that row's: they share one key.
    if let Some(hit) = find(&|hit| is_of_another_row(hit)) {
        return Decision::Twin(hit.submission);
    }
    // A row with these very cells is this row; where the key leads elsewhere, other columns were the key then.
    let is_the_same = |hit: &Hit| compare(&payload, &hit.payload) == Comparison::Same;
    // Rejects are there to be mended. In any other file it may be another patient's call under one key: taken over, the
    // work of before would answer for both, and whichever comes second would be told to have the first one's ticket.
    let is_mended = row.rejects.is_some();
    match find(&|hit| hit.by_source).or(find(&|hit| is_mended || is_the_same(hit))) {
        Some(hit) => Decision::Requeue {
            submission: hit.submission,
            payload,
        },
        None => Decision::New { payload },
    }
}

fn known(hit: &Hit, outcome: Outcome, attach: bool) -> Decision {
    Decision::Known {
        submission: hit.submission,
        outcome,
        attach,
        by_key_alone: false,
    }
}

/// The key has a ticket, and the cells are not those that it was made of.
fn by_key_only(hit: &Hit, row: &Registration) -> Decision {
    let comparison = row
        .verdict
        .payload()
        .map(|payload| compare(payload, &hit.payload));
    match (comparison, &row.verdict) {
        (Some(Comparison::Same), _) => known(hit, Outcome::AlreadyCreated, true),
        // Nobody can say whether the content is another one; that the key has a ticket is certain.
        (Some(Comparison::OtherMapping), Verdict::Valid { .. }) => Decision::Known {
            submission: hit.submission,
            outcome: Outcome::AlreadyCreated,
            attach: false,
            by_key_alone: true,
        },
        // Nor whether it is this one of the contents that its file has under the key: only one of them can be.
        (Some(Comparison::OtherMapping) | None, Verdict::Invalid { code, message, .. }) => {
            Decision::Invalid {
                code: code.clone(),
                message: match &hit.foreseen_in {
                    Some(file) => {
                        format!("{message}; its key is that of row {} of {file}", hit.row)
                    }
                    None => format!("{message}; its key already has ticket {}", ticket(hit)),
                },
            }
        }
        (Some(Comparison::Other) | None, _) => Decision::Invalid {
            code: "conflict.key".to_owned(),
            message: conflict(hit),
        },
    }
}

fn conflict(hit: &Hit) -> String {
    let (whose, correction) = match &hit.foreseen_in {
        Some(file) => (
            format!(
                "is that of row {} of {file}, which has other content and is sent before",
                hit.row
            ),
            "leave one of the two out",
        ),
        None => (
            format!("already has ticket {}, made of other content", ticket(hit)),
            "change the ticket in the call centre",
        ),
    };
    format!(
        "its key {whose}; if this is another call give it a key of its own, if it is a correction {correction}"
    )
}

/// A ticket ID is foreign text: control characters are escaped before it goes into a message.
fn ticket(hit: &Hit) -> String {
    hit.ticket_id
        .as_deref()
        .unwrap_or_default()
        .escape_debug()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RUN: RunId = RunId(7);

    fn payload(mapping: u8, content: u8) -> Identity {
        let mut bytes = [content; 16];
        bytes[..8].fill(mapping);
        Identity(bytes)
    }

    fn hit(state: HitState, by_source: bool) -> Hit {
        Hit {
            submission: SubmissionId(1),
            state,
            run: RunId(3),
            row: 2,
            payload: payload(1, 1),
            by_source,
            by_key: !by_source,
            ticket_id: (state == HitState::Created).then(|| "T1".to_owned()),
            foreseen_in: None,
        }
    }

    fn valid(payload: Identity) -> Registration {
        Registration {
            row: 2,
            source: Identity([0; 16]),
            ordinal: 0,
            rejects: None,
            key: None,
            shares_key: true,
            verdict: Verdict::Valid { payload },
        }
    }

    fn invalid() -> Registration {
        let verdict = Verdict::Invalid {
            code: "missing.dob".into(),
            message: "DOB: is empty".into(),
            payload: None,
        };
        Registration {
            verdict,
            ..valid(payload(1, 1))
        }
    }

    #[test]
    fn a_row_with_a_ticket_has_it_even_if_it_is_invalid_now() {
        let hits = [hit(HitState::Created, true)];
        for row in [valid(payload(1, 9)), valid(payload(2, 1)), invalid()] {
            let decision = decide(&hits, &row, RUN);
            assert!(
                matches!(
                    decision,
                    Decision::Known {
                        outcome: Outcome::AlreadyCreated,
                        ..
                    }
                ),
                "{decision:?}"
            );
        }
    }

    #[test]
    fn a_key_with_a_ticket_and_other_content_is_a_conflict_under_the_same_mapping_only() {
        let hits = [hit(HitState::Created, false)];
        assert!(matches!(
            decide(&hits, &valid(payload(1, 2)), RUN),
            Decision::Invalid { code, message } if code == "conflict.key" && message.contains("T1")
        ));
        assert!(matches!(
            decide(&hits, &valid(payload(2, 2)), RUN),
            Decision::Known {
                outcome: Outcome::AlreadyCreated,
                attach: false,
                by_key_alone: true,
                ..
            }
        ));
        assert!(matches!(
            decide(&hits, &invalid(), RUN),
            Decision::Invalid { code, message } if code == "missing.dob" && message.contains("T1")
        ));
    }

    #[test]
    fn two_contents_under_a_key_with_a_ticket_are_a_conflict_also_under_another_mapping() {
        let hits = [hit(HitState::Created, false)];
        let one_of_two = |payload| Registration {
            verdict: Verdict::Invalid {
                code: "conflict.key".into(),
                message: "rows 2 and 3 have the same key and other content".into(),
                payload: Some(payload),
            },
            ..valid(payload)
        };
        assert!(matches!(
            decide(&hits, &one_of_two(payload(2, 2)), RUN),
            Decision::Invalid { code, message }
                if code == "conflict.key" && message.contains("rows 2 and 3") && message.contains("T1")
        ));
        assert!(matches!(
            decide(&hits, &one_of_two(payload(1, 1)), RUN),
            Decision::Known {
                outcome: Outcome::AlreadyCreated,
                ..
            }
        ));
    }

    #[test]
    fn a_row_in_doubt_stays_there_whatever_its_content() {
        for row in [valid(payload(1, 2)), invalid()] {
            let decision = decide(&[hit(HitState::InDoubt, false)], &row, RUN);
            assert!(matches!(
                decision,
                Decision::Known {
                    outcome: Outcome::InDoubt,
                    ..
                }
            ));
        }
    }

    #[test]
    fn what_a_run_has_left_that_was_cut_off_is_in_doubt_and_what_this_one_sends_is_not() {
        let left = hit(HitState::Claimed, true);
        let sent = Hit {
            run: RUN,
            row: 5,
            by_key: true,
            ..left.clone()
        };
        let row = valid(payload(1, 1));
        assert!(matches!(
            decide(&[left], &row, RUN),
            Decision::Known {
                outcome: Outcome::InDoubt,
                ..
            }
        ));
        assert_eq!(decide(&[sent], &row, RUN), Decision::Twin(SubmissionId(1)));
    }

    #[test]
    fn open_work_is_taken_up_again_and_a_second_row_of_this_run_is_its_twin() {
        let open = hit(HitState::Open, false);
        assert_eq!(
            decide(std::slice::from_ref(&open), &valid(payload(1, 1)), RUN),
            Decision::Requeue {
                submission: SubmissionId(1),
                payload: payload(1, 1)
            }
        );
        let ours = Hit {
            run: RUN,
            row: 5,
            ..open
        };
        assert_eq!(
            decide(&[ours], &valid(payload(1, 1)), RUN),
            Decision::Twin(SubmissionId(1))
        );
        assert_eq!(
            decide(&[], &valid(payload(1, 1)), RUN),
            Decision::New {
                payload: payload(1, 1)
            }
        );
    }

    #[test]
    fn what_another_row_took_over_under_another_mapping_is_not_this_row_s() {
        let taken = |by_source, state| Hit {
            run: RUN,
            row: 5,
            ..hit(state, by_source)
        };
        let alone = Registration {
            shares_key: false,
            ..valid(payload(1, 1))
        };
        for state in [HitState::Open, HitState::Created, HitState::InDoubt] {
            let decision = decide(&[taken(true, state)], &alone, RUN);
            assert!(matches!(decision, Decision::New { .. }), "{decision:?}");
            let own = Hit {
                submission: SubmissionId(2),
                ..hit(HitState::Open, true)
            };
            let expected = Decision::Requeue {
                submission: own.submission,
                payload: payload(1, 1),
            };
            assert_eq!(decide(&[own, taken(false, state)], &alone, RUN), expected);
        }
    }

    #[test]
    fn a_row_with_the_very_cells_is_the_row_wherever_its_key_leads() {
        let (cells, key) = (hit(HitState::Open, true), hit(HitState::Open, false));
        let key = Hit {
            submission: SubmissionId(2),
            ..key
        };
        let expected = Decision::Requeue {
            submission: SubmissionId(1),
            payload: payload(1, 1),
        };
        assert_eq!(decide(&[cells, key], &valid(payload(1, 1)), RUN), expected);
    }

    #[test]
    fn what_the_shared_key_leads_to_is_the_row_s_although_its_cells_lead_there_as_well() {
        for (state, by_source) in [
            (HitState::Open, true),
            (HitState::Open, false),
            (HitState::Created, true),
        ] {
            let both = Hit {
                run: RUN,
                row: 5,
                by_key: true,
                ..hit(state, by_source)
            };
            let decision = decide(&[both], &valid(payload(1, 1)), RUN);
            assert!(
                matches!(
                    decision,
                    Decision::Twin(SubmissionId(1))
                        | Decision::Known {
                            submission: SubmissionId(1),
                            ..
                        }
                ),
                "{decision:?}"
            );
        }
    }

    #[test]
    fn open_work_of_other_content_under_the_key_is_taken_over_by_its_mended_reject_alone() {
        let open = [hit(HitState::Open, false)];
        let mended = Registration {
            rejects: Some(RejectsFile {
                fingerprint: [0; 32],
                sheet: None,
            }),
            ..valid(payload(1, 2))
        };
        let requeued = |payload| Decision::Requeue {
            submission: SubmissionId(1),
            payload,
        };
        assert_eq!(decide(&open, &mended, RUN), requeued(payload(1, 2)));
        assert_eq!(
            decide(&open, &valid(payload(1, 1)), RUN),
            requeued(payload(1, 1))
        );
        for payload in [payload(1, 2), payload(2, 1)] {
            assert_eq!(
                decide(&open, &valid(payload), RUN),
                Decision::New { payload }
            );
        }
    }

    fn any_hit() -> impl Strategy<Value = Hit> {
        let state = prop_oneof![
            Just(HitState::Created),
            Just(HitState::InDoubt),
            Just(HitState::Claimed),
            Just(HitState::Open)
        ];
        let led = prop_oneof![Just((true, false)), Just((false, true)), Just((true, true))];
        (state, led, 0..3_u8, 0..3_u8, 6..8_i64, 1..4_u64).prop_map(
            |(state, (by_source, by_key), m, c, run, row)| Hit {
                payload: payload(m, c),
                run: RunId(run),
                row,
                by_key,
                ..hit(state, by_source)
            },
        )
    }

    proptest! {
        #[test]
        fn nothing_that_has_a_ticket_or_is_in_doubt_is_ever_sent(
            hits in prop::collection::vec(any_hit(), 0..3), mapping in 0..3_u8, content in 0..3_u8, is_valid: bool
        ) {
            let row = if is_valid { valid(payload(mapping, content)) } else { invalid() };
            let decision = decide(&hits, &row, RUN);
            let sent = match decision {
                Decision::New { payload } | Decision::Requeue { payload, .. } => Some(payload),
                Decision::Twin(_) | Decision::Known { .. } | Decision::Invalid { .. } => None,
            };
            let sends = sent.is_some();
            let is_strange = |hit: &Hit| !hit.by_key && hit.run == RUN && hit.row != row.row;
            let is_taken_up = |hit: &Hit| hit.by_source || hit.run == RUN && hit.row != row.row
                || hit.state_in(Some(RUN)) != HitState::Open || hit.payload == payload(mapping, content);
            let settled = hits.iter().any(|hit| hit.state_in(Some(RUN)) != HitState::Open && !is_strange(hit));
            prop_assert!(!(sends && settled));
            prop_assert!(is_valid || !sends);
            prop_assert!(sent.is_none_or(|sent| sent == payload(mapping, content)));
            let takes_none_up = hits.iter().all(|hit| is_strange(hit) || !is_taken_up(hit));
            prop_assert_eq!(matches!(decision, Decision::New { .. }), takes_none_up && is_valid);
        }
    }
}
