//! [`FaultPlan`]: which requests go wrong, and how.
//!
//! Owns the names of the faults and the text in which they are scripted: `reset_after=0.01,hang@7,token:http500@1`.
//! Each is due with a probability or at given request numbers, counted for each kind of request from 1. Only decides;
//! what a fault looks like on the wire is made elsewhere.

use std::fmt;
use std::str::FromStr;

/// What a fault hides or changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing is processed.
    Before,
    /// The request is processed, and the answer does not say so.
    After,
    /// The request is processed, and the answer says so in an odd way.
    Dress,
}

/// Writes the list of faults once: variant, name, stage and what the server does.
macro_rules! faults {
    ($($variant:ident $name:literal $stage:ident $about:literal),+ $(,)?) => {
        /// One way in which the sandbox misbehaves.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Fault {
            $(#[doc = concat!("`", $name, "`: ", $about, ".")] $variant,)+
        }

        impl Fault {
            /// All faults: those before anything is processed, those after, those of the answer's dress.
            pub const ALL: &'static [Fault] = &[$(Fault::$variant),+];

            /// The name that a plan and the logs use.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Fault::$variant => $name),+ }
            }

            /// What the server does, as a clause for help texts.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $(Fault::$variant => $about),+ }
            }

            pub(crate) fn stage(self) -> Stage {
                match self { $(Fault::$variant => Stage::$stage),+ }
            }
        }
    };
}

faults! {
    ResetBefore "reset_before" Before "resets the connection once the head is read; no ticket",
    HangBefore "hang_before" Before "never answers; no ticket",
    Http429 "http429" Before "answers 429 with Retry-After: 1; no ticket",
    Http500Before "http500_before" Before "answers 500 with an HTML page; no ticket",
    Http503Before "http503_before" Before "answers 503 with Retry-After: 1 and an HTML page; no ticket",
    Expire "expire" Before "drops the token and answers 408; no ticket",
    Refuse "refuse" Before "refuses the login with 413; no token",
    ResetAfter "reset_after" After "creates the ticket, then resets the connection",
    Truncate "truncate" After "creates the ticket, sends half of the answer, then closes",
    Hang "hang" After "creates the ticket, then never answers",
    Http500After "http500_after" After "creates the ticket, answers 500 with an HTML page",
    Http502After "http502_after" After "creates the ticket, answers 502 with an HTML page, as a proxy does",
    Http503After "http503_after" After "creates the ticket, answers 503 with an HTML page",
    Http504After "http504_after" After "creates the ticket, answers 504 with an HTML page, as a proxy does",
    Code409After "code409_after" After "creates the ticket, answers code 409 (database failure)",
    TwoCodes "two_codes" After "creates the ticket, answers the codes 406 and 414",
    IdAndError "id_and_error" After "creates the ticket, answers its ID and code 407",
    NoId "no_id" After "creates the ticket, answers success without its ID",
    OtherId "other_id" After "creates the ticket, answers the ID of an earlier one (its own where there is none)",
    Redirect307 "redirect307" After "creates the ticket, answers 307 to the same address",
    Garbage "garbage" After "creates the ticket, answers text that is not JSON",
    Huge "huge" After "creates the ticket, answers 1 GiB of JSON",
    Warn "warn" Dress "a PHP warning in HTML stands before the JSON",
    Bom "bom" Dress "a byte order mark stands before the JSON",
    Json500 "json500" Dress "the JSON comes under status 500",
    NumericId "numeric_id" Dress "the ticket ID is a JSON number",
    OddId "odd_id" Dress "the ticket ID holds quotes, a comma and a line end, and begins like a formula",
    Slow "slow" Dress "the answer trickles",
    CloseIdle "close_idle" Dress "the connection closes right after the answer, unannounced",
}

impl Fault {
    pub(crate) fn from_name(name: &str) -> Option<Fault> {
        Fault::ALL
            .iter()
            .copied()
            .find(|fault| fault.name() == name)
    }

    /// Whether the fault makes sense for this kind of request.
    #[must_use]
    pub fn fits(self, scope: Scope) -> bool {
        match self {
            Fault::Refuse => scope == Scope::Token,
            Fault::Expire => scope != Scope::Token,
            Fault::TwoCodes
            | Fault::IdAndError
            | Fault::OtherId
            | Fault::NumericId
            | Fault::OddId => scope == Scope::Ticket,
            _ => true,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The kind of request that a fault meets; each kind counts its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// `resource=as`: a ticket is submitted. The scope of a fault that names none.
    Ticket,
    /// `resource=tokenCreate`, written `token:`.
    Token,
    /// `resource=ticketStatus`, written `status:`.
    Status,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Scope; 3] = [Scope::Ticket, Scope::Token, Scope::Status];

    /// The word before the colon, and in the event log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Scope::Ticket => "ticket",
            Scope::Token => "token",
            Scope::Status => "status",
        }
    }
}

/// When a fault is due.
#[derive(Debug, Clone, Copy, PartialEq)]
enum When {
    Always,
    Chance(f64),
    /// From the first to the last request, counted from 1; `u64::MAX` for no end.
    At(u64, u64),
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Entry {
    scope: Scope,
    fault: Fault,
    when: When,
}

/// A script of faults; empty by default.
///
/// Written as a list with commas: `hang` (always), `hang=0.01` (a probability), `hang@7`, `hang@7-9`, `hang@7-` (request
/// numbers), each for ticket submissions or, after `token:` or `status:`, for those requests; there `_after` can be left
/// out, as in `token:http500@1`. A number goes before a probability, and that before always.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FaultPlan {
    entries: Vec<Entry>,
}

impl FaultPlan {
    /// The fault that is due at a request: the `number`-th of its scope, with a `draw` out of `0.0..1.0`.
    #[must_use]
    pub fn due(&self, scope: Scope, number: u64, draw: f64) -> Option<Fault> {
        let here = || self.entries.iter().filter(|entry| entry.scope == scope);
        let at = here().find(
            |entry| matches!(entry.when, When::At(first, last) if (first..=last).contains(&number)),
        );
        if let Some(entry) = at {
            return Some(entry.fault);
        }
        let mut left = draw;
        for entry in here() {
            if let When::Chance(chance) = entry.when {
                if left < chance {
                    return Some(entry.fault);
                }
                left -= chance;
            }
        }
        here()
            .find(|entry| entry.when == When::Always)
            .map(|entry| entry.fault)
    }

    /// Whether nothing goes wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Why a text is no fault plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultPlanError {
    /// No fault has this name.
    #[error("unknown fault '{name}' in '{entry}'; known are {}", known(None))]
    UnknownFault {
        /// The piece of the plan between two commas.
        entry: String,
        /// What stands for a fault.
        name: String,
    },
    /// No kind of request has this name.
    #[error(
        "unknown kind of request '{name}' in '{entry}'; write ticket:, token: or status: before the fault"
    )]
    UnknownScope {
        /// The piece of the plan between two commas.
        entry: String,
        /// What stands for a kind of request.
        name: String,
    },
    /// The fault can't happen to this kind of request.
    #[error("'{fault}' cannot happen to a {} request; it knows {}", scope.name(), known(Some(*scope)))]
    Misplaced {
        /// The fault.
        fault: Fault,
        /// The kind of request.
        scope: Scope,
    },
    /// What follows `=` is no probability.
    #[error("'{entry}': after '=' goes a probability between 0 and 1, such as 0.05")]
    Chance {
        /// The piece of the plan between two commas.
        entry: String,
    },
    /// What follows `@` is no request number.
    #[error("'{entry}': after '@' go request numbers from 1, such as 7, 7-9 or 7-")]
    Numbers {
        /// The piece of the plan between two commas.
        entry: String,
    },
    /// The probabilities for one kind of request are more than certain.
    #[error("the probabilities for {} requests add up to more than 1", scope.name())]
    TooLikely {
        /// The kind of request.
        scope: Scope,
    },
}

fn known(scope: Option<Scope>) -> String {
    let names: Vec<_> = Fault::ALL
        .iter()
        .filter(|fault| scope.is_none_or(|scope| fault.fits(scope)))
        .map(|fault| fault.name())
        .collect();
    names.join(", ")
}

impl FromStr for FaultPlan {
    type Err = FaultPlanError;

    fn from_str(text: &str) -> Result<FaultPlan, FaultPlanError> {
        let entries = text
            .split(',')
            .map(str::trim)
            .filter(|piece| !piece.is_empty())
            .map(entry)
            .collect::<Result<Vec<_>, _>>()?;
        for scope in Scope::ALL {
            let sum: f64 = entries
                .iter()
                .filter(|entry| entry.scope == scope)
                .map(|entry| match entry.when {
                    When::Chance(chance) => chance,
                    When::Always | When::At(..) => 0.0,
                })
                .sum();
            // Ten times 0.1 is a little more than 1 in binary.
            if sum > 1.0 + 1e-9 {
                return Err(FaultPlanError::TooLikely { scope });
            }
        }
        Ok(FaultPlan { entries })
    }
}

fn entry(text: &str) -> Result<Entry, FaultPlanError> {
    let (scope, rest) = match text.split_once(':') {
        None => (Scope::Ticket, text),
        Some((name, rest)) => (named_scope(text, name.trim())?, rest.trim()),
    };
    let (name, when) = match rest.find(['=', '@']) {
        None => (rest, When::Always),
        Some(at) => {
            let (name, when) = rest.split_at(at);
            let when = match when.strip_prefix('=') {
                Some(chance) => probability(text, chance.trim())?,
                None => numbers(text, when.trim_start_matches('@').trim())?,
            };
            (name.trim(), when)
        }
    };
    let fault = Fault::from_name(name)
        // Where no ticket is made, before and after are much the same.
        .or_else(|| match scope {
            Scope::Ticket => None,
            Scope::Token | Scope::Status => Fault::from_name(&format!("{name}_after")),
        })
        .ok_or_else(|| FaultPlanError::UnknownFault {
            entry: text.to_owned(),
            name: name.to_owned(),
        })?;
    if !fault.fits(scope) {
        return Err(FaultPlanError::Misplaced { fault, scope });
    }
    Ok(Entry { scope, fault, when })
}

fn named_scope(entry: &str, name: &str) -> Result<Scope, FaultPlanError> {
    Scope::ALL
        .into_iter()
        .find(|scope| scope.name() == name)
        .ok_or_else(|| FaultPlanError::UnknownScope {
            entry: entry.to_owned(),
            name: name.to_owned(),
        })
}

fn probability(entry: &str, text: &str) -> Result<When, FaultPlanError> {
    match text.parse::<f64>() {
        Ok(chance) if (0.0..=1.0).contains(&chance) => Ok(When::Chance(chance)),
        _ => Err(FaultPlanError::Chance {
            entry: entry.to_owned(),
        }),
    }
}

fn numbers(entry: &str, text: &str) -> Result<When, FaultPlanError> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let first = first.trim().parse().ok();
    let last = match last.trim() {
        "" => Some(u64::MAX),
        last => last.parse().ok(),
    };
    match (first, last) {
        (Some(first), Some(last)) if 0 < first && first <= last => Ok(When::At(first, last)),
        _ => Err(FaultPlanError::Numbers {
            entry: entry.to_owned(),
        }),
    }
}

impl fmt::Display for FaultPlan {
    /// The plan as it can be parsed again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, entry) in self.entries.iter().enumerate() {
            if number > 0 {
                f.write_str(",")?;
            }
            if entry.scope != Scope::Ticket {
                write!(f, "{}:", entry.scope.name())?;
            }
            f.write_str(entry.fault.name())?;
            match entry.when {
                When::Always => {}
                When::Chance(chance) => write!(f, "={chance}")?,
                When::At(first, u64::MAX) => write!(f, "@{first}-")?,
                When::At(first, last) if first == last => write!(f, "@{first}")?,
                When::At(first, last) => write!(f, "@{first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> FaultPlan {
        text.parse().unwrap()
    }

    #[test]
    fn a_plan_is_due_by_number_then_by_chance_then_always() {
        let plan = plan("hang@7, warn=0.25,bom=0.5 ,http503_before@20-22,slow, token:http500@1");
        let due = |number, draw| plan.due(Scope::Ticket, number, draw);
        assert_eq!(due(7, 0.0), Some(Fault::Hang));
        assert_eq!(due(8, 0.0), Some(Fault::Warn));
        assert_eq!(due(8, 0.25), Some(Fault::Bom));
        assert_eq!(due(8, 0.75), Some(Fault::Slow));
        assert_eq!(due(19, 0.9), Some(Fault::Slow));
        assert_eq!(due(20, 0.0), Some(Fault::Http503Before));
        assert_eq!(due(22, 0.0), Some(Fault::Http503Before));
        assert_eq!(plan.due(Scope::Token, 1, 0.9), Some(Fault::Http500After));
        assert_eq!(plan.due(Scope::Token, 2, 0.0), None);
        assert_eq!(plan.due(Scope::Status, 1, 0.0), None);
    }

    #[test]
    fn a_plan_comes_back_from_its_text() {
        for text in [
            "",
            "hang",
            "hang@7,hang@9-,truncate@1-3,reset_after=0.01,status:expire@2,token:refuse",
        ] {
            assert_eq!(plan(text).to_string(), text);
        }
        assert!(plan(" , ").is_empty());
        assert_eq!(plan("ticket : hang @ 7").to_string(), "hang@7");
    }

    #[test]
    fn every_fault_is_found_by_its_name() {
        for &fault in Fault::ALL {
            assert_eq!(Fault::from_name(fault.name()), Some(fault));
        }
    }

    #[test]
    fn a_wrong_plan_says_what_is_wrong_and_what_is_known() {
        let message = |text: &str| text.parse::<FaultPlan>().unwrap_err().to_string();
        let unknown = message("warn,hnag@7");
        assert!(unknown.starts_with("unknown fault 'hnag' in 'hnag@7'; known are reset_before, "));
        assert!(unknown.ends_with("slow, close_idle"));
        assert!(message("login:hang").contains("ticket:, token: or status:"));
        assert!(message("token:odd_id").starts_with("'odd_id' cannot happen to a token request"));
        assert!(!message("token:odd_id").contains("two_codes"));
        for wrong in ["hang=2", "hang=-0.1", "hang=NaN", "hang=", "hang=x"] {
            assert!(message(wrong).contains("probability"), "{wrong}");
        }
        for wrong in [
            "hang@", "hang@0", "hang@9-7", "hang@x", "hang@-7", "hang@1-x",
        ] {
            assert!(message(wrong).contains("request numbers"), "{wrong}");
        }
        assert!(message("hang=0.6,warn=0.6").contains("more than 1"));
        assert!("hang=0.6,token:warn=0.6".parse::<FaultPlan>().is_ok());
    }
}
