//! [`Centre`]: what the call centre knows, and what it decides about a call.
//!
//! Owns tokens, ticket IDs, counters and the draws of the fault plan. A ticket is logged before the verdict says that it
//! was created; one that cannot be logged is not created and answers 409, as the vendor's failing database does. Knows no
//! HTTP.

use super::Settings;
use super::call::{Call, Fields};
use super::fault::{Fault, Scope, Stage};
use super::log::{Event, Logs};
use super::password;
use super::rules;
use jiff::Timestamp;
use rand::distr::{Alphanumeric, SampleString};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use tokio::time::Instant;

/// The vendor's IDs and tokens have these lengths in the page's examples.
const ID_LENGTH: usize = 9;
const TOKEN_LENGTH: usize = 16;

/// What the call centre decided.
pub(crate) enum Verdict {
    /// A login: the token.
    Token(String),
    /// A ticket that now exists.
    Created(NewTicket),
    /// A ticket that is known.
    Status(String),
    /// Refused with a code of the API's tables.
    Refused(u16),
    /// A fault stands before any decision.
    Nothing,
}

/// A ticket that now exists, as the answer tells of it.
pub(crate) struct NewTicket {
    /// The answer's fields before `ticket_id` and `notes`, in order.
    pub(crate) echo: Vec<(&'static str, Value)>,
    pub(crate) id: String,
    pub(crate) notes: String,
    /// The ticket before this one, for an answer that confuses them.
    pub(crate) earlier: Option<String>,
}

/// A request whose head was read.
pub(crate) struct Arrival {
    pub(crate) number: u64,
    pub(crate) fault: Option<Fault>,
    at: Timestamp,
    in_flight: u64,
    connection: u64,
}

struct Token {
    last_use: Instant,
    uses: u64,
}

#[derive(Default)]
struct Counter {
    seen: u64,
    in_flight: u64,
}

/// The state of the sandbox.
pub(crate) struct Centre {
    settings: Settings,
    /// None once the sandbox was stopped.
    logs: Option<Logs>,
    tokens: HashMap<String, Token>,
    ids: HashSet<String>,
    latest: Option<String>,
    counters: [Counter; 3],
    created: u64,
    /// Complaints whose `[[fault:NAME]]` was already due.
    marked: HashSet<String>,
    id_dice: StdRng,
    fault_dice: StdRng,
}

impl Centre {
    pub(crate) fn open(settings: Settings) -> Result<Centre, super::SandboxError> {
        let (mut ids, mut latest) = (HashSet::new(), None);
        let logs = Logs::open(&settings.folder, |ticket| {
            ids.insert(ticket.ticket_id.clone());
            latest = Some(ticket.ticket_id);
        })?;
        Ok(Centre {
            logs: Some(logs),
            tokens: HashMap::new(),
            latest,
            counters: Default::default(),
            created: 0,
            marked: HashSet::new(),
            // Another life must not begin with the IDs of the last one.
            id_dice: StdRng::seed_from_u64(settings.seed ^ ((ids.len() as u64) << 32)),
            fault_dice: StdRng::seed_from_u64(settings.seed.wrapping_add(1)),
            ids,
            settings,
        })
    }

    /// Closes the logs; from now on nothing is created.
    pub(crate) fn close(&mut self) {
        self.logs = None;
    }

    pub(crate) fn created(&self) -> u64 {
        self.created
    }

    /// A draw for how an answer looks.
    pub(crate) fn roll(&mut self) -> u8 {
        self.fault_dice.random()
    }

    /// Counts a request and says which fault is due.
    pub(crate) fn arrive(&mut self, scope: Scope, connection: u64) -> Arrival {
        let counter = &mut self.counters[scope as usize];
        counter.seen += 1;
        counter.in_flight += 1;
        let number = counter.seen;
        let in_flight = counter.in_flight;
        let draw = self.fault_dice.random();
        Arrival {
            number,
            fault: self.settings.faults.due(scope, number, draw),
            at: Timestamp::now(),
            in_flight,
            connection,
        }
    }

    /// Ends what [`Centre::arrive`] began: the request was answered, or its connection is gone.
    pub(crate) fn leave(&mut self, scope: Scope) {
        self.counters[scope as usize].in_flight -= 1;
    }

    #[cfg(test)]
    pub(super) fn in_flight(&self, scope: Scope) -> u64 {
        self.counters[scope as usize].in_flight
    }

    /// Logs a request that the API has no call for, or whose body could not be read.
    pub(crate) fn stray(&mut self, connection: u64) {
        let event = Event {
            at: rfc3339(Timestamp::now()),
            resource: "other",
            number: 0,
            connection,
            in_flight: 0,
            fault: None,
            outcome: "nothing",
            code: None,
        };
        self.log(&event);
    }

    fn log(&mut self, event: &Event) {
        if let Some(logs) = &mut self.logs {
            logs.event(event);
        }
    }

    /// Decides a call and logs it; gives the fault that the answer shows, which may be none although one was due.
    pub(crate) fn decide(
        &mut self,
        call: &Call,
        fields: &Fields,
        arrival: &Arrival,
    ) -> (Verdict, Option<Fault>) {
        let fault = arrival.fault.or_else(|| match call.scope {
            Scope::Ticket => self.marked_fault(fields),
            Scope::Token | Scope::Status => None,
        });
        let (verdict, fault) = self.process(call, fields, fault);
        self.log(&Event {
            at: rfc3339(arrival.at),
            resource: call.scope.name(),
            number: arrival.number,
            connection: arrival.connection,
            in_flight: arrival.in_flight,
            fault,
            outcome: match verdict {
                Verdict::Token(_) => "token",
                Verdict::Created(_) => "created",
                Verdict::Status(_) => "status",
                Verdict::Refused(_) => "refused",
                Verdict::Nothing => "nothing",
            },
            code: match verdict {
                Verdict::Refused(code) => Some(code),
                _ => None,
            },
        });
        (verdict, fault)
    }

    fn process(
        &mut self,
        call: &Call,
        fields: &Fields,
        fault: Option<Fault>,
    ) -> (Verdict, Option<Fault>) {
        match fault {
            Some(Fault::Expire) => {
                self.tokens.remove(&call.token);
                return (Verdict::Refused(408), fault);
            }
            Some(Fault::Refuse) => return (Verdict::Refused(413), fault),
            Some(before) if before.stage() == Stage::Before => return (Verdict::Nothing, fault),
            Some(_) | None => {}
        }
        let verdict = match call.scope {
            Scope::Token => self.login(fields),
            Scope::Status if !self.admit(&call.token) => Verdict::Refused(408),
            Scope::Status => match self.ids.get(&call.ticket_id) {
                Some(id) => Verdict::Status(id.clone()),
                None => Verdict::Refused(406),
            },
            Scope::Ticket if !self.admit(&call.token) => Verdict::Refused(408),
            Scope::Ticket => match rules::rejection(fields) {
                Some(code) => Verdict::Refused(code),
                None => self.create(fields, fault),
            },
        };
        // What hides that something was made says nothing where nothing was made.
        let refused = matches!(verdict, Verdict::Refused(_));
        let fault = fault.filter(|fault| !refused || fault.stage() == Stage::Dress);
        (verdict, fault)
    }

    fn login(&mut self, fields: &Fields) -> Verdict {
        let (Some(username), Some(password)) =
            (fields.text("login_username"), fields.text("login_password"))
        else {
            return Verdict::Refused(413);
        };
        if username != self.settings.username {
            return Verdict::Refused(408);
        }
        let password = password::decrypt(&password, &self.settings.key);
        if password.as_deref() != Some(self.settings.password.as_bytes()) {
            return Verdict::Refused(413);
        }
        // Not from the seed: a token of an earlier life must not come back to life.
        let token = Alphanumeric.sample_string(&mut rand::rng(), TOKEN_LENGTH);
        let idle = self.settings.idle;
        self.tokens
            .retain(|_, token| token.last_use.elapsed() < idle);
        let fresh = Token {
            last_use: Instant::now(),
            uses: 0,
        };
        self.tokens.insert(token.clone(), fresh);
        Verdict::Token(token)
    }

    /// Whether a token is known and fresh; it then counts as used now.
    fn admit(&mut self, token: &str) -> bool {
        let Some(known) = self.tokens.get_mut(token) else {
            return false;
        };
        let used_up = self
            .settings
            .token_uses
            .is_some_and(|uses| known.uses >= uses);
        if used_up || known.last_use.elapsed() >= self.settings.idle {
            self.tokens.remove(token);
            return false;
        }
        known.last_use = Instant::now();
        known.uses += 1;
        true
    }

    /// The fault that the complaint itself asks for, the first time that it comes.
    fn marked_fault(&mut self, fields: &Fields) -> Option<Fault> {
        let complaint = fields.text("complaint")?;
        let fault = Fault::from_name(rules::marker(&complaint, "[[fault:")?)?;
        let fits = fault.fits(Scope::Ticket);
        (fits && self.marked.insert(complaint.into_owned())).then_some(fault)
    }

    fn create(&mut self, fields: &Fields, fault: Option<Fault>) -> Verdict {
        let now = Timestamp::now();
        let id = self.new_id(fault);
        let line = Line {
            number: self.ids.len() as u64 + 1,
            ticket_id: &id,
            at: rfc3339(now),
            fault,
            payload: fields.received(),
        };
        let logged = match &mut self.logs {
            Some(logs) => logs.ticket(&line).is_ok(),
            None => false,
        };
        if !logged {
            return Verdict::Refused(409);
        }
        self.created += 1;
        self.ids.insert(id.clone());
        let earlier = self.latest.replace(id.clone());
        Verdict::Created(NewTicket {
            echo: rules::echo(fields),
            id,
            notes: format!(
                "{} : Created by Answering Service API v2.0 from Sandbox by {}",
                now.strftime("%Y-%m-%d %H:%M:%S"),
                self.settings.username,
            ),
            earlier,
        })
    }

    fn new_id(&mut self, fault: Option<Fault>) -> String {
        loop {
            let dice = &mut self.id_dice;
            let id = match fault {
                Some(Fault::NumericId) => dice
                    .random_range(100_000_000..1_000_000_000_u32)
                    .to_string(),
                Some(Fault::OddId) => {
                    let plain = Alphanumeric.sample_string(dice, ID_LENGTH);
                    format!("=1+\"{plain}\"\n,<b>{plain}")
                }
                _ => {
                    let plain = Alphanumeric.sample_string(dice, ID_LENGTH);
                    format!("{}{plain}", self.settings.ticket_prefix)
                }
            };
            if !self.ids.contains(&id) {
                return id;
            }
        }
    }
}

/// A line of `tickets.jsonl`, borrowed; it is read back as a [`super::LoggedTicket`].
#[derive(Serialize)]
struct Line<'a> {
    number: u64,
    ticket_id: &'a str,
    at: String,
    fault: Option<Fault>,
    payload: &'a Map<String, Value>,
}

fn rfc3339(at: Timestamp) -> String {
    format!("{at:.6}")
}
