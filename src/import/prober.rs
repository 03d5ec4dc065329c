//! The prober: while nothing may be sent, it finds out whether the server is back.
//!
//! Owns the questions that create nothing, the waits between them and the patience with a server that does not answer.
//! The gate says when to ask; the workers go on when it has the answer.

use super::RunEvent;
use super::crew::{Crew, Store, TOO_BUSY};
use super::end::End;
use super::gate::{Hold, probe_waits};
use super::pace::SlowDown;
use crate::api::{StatusReply, TokenError, Transport};
use crate::ticket::TicketId;
use std::time::Duration;

impl<T: Transport, S: Store> Crew<T, S> {
    /// The prober: while the gate holds, asks until the server answers as itself, or gives up.
    pub(super) async fn probe(&self) {
        while let Some(hold) = self.gate.held().await {
            // Whatever comes next is not asked where an answer may be out of step; nobody else asks until then.
            self.transport.begin_anew();
            if !self.wait_for_server(&hold).await {
                return;
            }
            self.gate.answered();
            self.observer.observe(&RunEvent::Resumed);
        }
    }

    async fn wait_for_server(&self, hold: &Hold) -> bool {
        let (mut why, mut asked) = (hold.why.clone(), hold.asked);
        for wait in probe_waits() {
            let wait = asked.map_or(wait, |asked| wait.max(SlowDown::obeyed(asked)));
            let away = hold.since.elapsed();
            if away + wait > self.give_up_after {
                self.pause(self.give_up_after.saturating_sub(away)).await;
                self.gate.close(End::ServiceDown {
                    away: hold.since.elapsed(),
                    why,
                });
                return false;
            }
            self.observer.observe(&RunEvent::Holding {
                why: why.clone(),
                next_probe: wait,
            });
            self.pause(wait).await;
            if self.gate.end().is_some() {
                return false;
            }
            match self.ask().await {
                Ok(()) => return true,
                Err(seen) => (why, asked) = seen,
            }
        }
        false
    }

    /// Asks the server something that creates nothing; else gives what was seen, and how long it asks to be left alone.
    async fn ask(&self) -> Result<(), (String, Option<Duration>)> {
        let token = match self.tokens.get().await {
            Ok(token) => token,
            Err(error) => return Err(self.seen_without_token(error)),
        };
        let probe = TicketId::new("probe").expect("the word is not blank");
        let reply = self.transport.ticket_status(&token, &probe).await;
        if reply == StatusReply::TokenExpired
            && let Err(error) = self.tokens.expired(&token).await
        {
            return Err(self.seen_without_token(error));
        }
        if reply.is_own_answer() {
            return Ok(());
        }
        Err(match reply {
            StatusReply::NotSent(failure) => (failure.to_string(), None),
            StatusReply::Unproven(seen) => (seen.message, None),
            StatusReply::Refused { retry_after } => (TOO_BUSY.to_owned(), retry_after),
            _ => (TOO_BUSY.to_owned(), None),
        })
    }

    fn seen_without_token(&self, error: TokenError) -> (String, Option<Duration>) {
        let asked = match &error {
            TokenError::NotReached { retry_after, .. } => *retry_after,
            _ => None,
        };
        let seen = error.to_string();
        self.without_token(error);
        (seen, asked)
    }
}
