//! The feeder: reads the file for the second time, registers every row in the ledger and hands out what is to be sent.
//!
//! Owns the blocking half of a run. Registers in groups, so that one commit serves many rows. When the run ends early it
//! goes on registering without handing out, so that the ledger alone knows every row of the run; a second signal ends that
//! too, since a long file takes minutes.

use super::crew::Job;
use super::end::End;
use super::gate::Gate;
use super::identify::judge;
use super::repeated::Repeated;
use super::table::{Call, Table};
use super::{Observer, RunEvent};
use crate::ledger::{Disposition, Identities, Ledger, Reference, Registration, RunId};
use crate::ticket::{Payload, TicketField};
use std::ops::ControlFlow;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Rows registered together at most. The first groups are small, so that the first row leaves at once.
const GROUP: usize = 256;
const FIRST_GROUP: usize = 8;

pub(super) struct Feeder {
    pub table: Arc<Table>,
    pub repeated: Arc<Repeated>,
    pub identities: Identities,
    pub ledger: Arc<Ledger>,
    pub run: RunId,
    pub gate: Arc<Gate>,
    pub jobs: Option<mpsc::Sender<Job>>,
    pub observer: Arc<dyn Observer>,
    /// The second signal: no further row is looked up.
    pub abort: CancellationToken,
}

impl Feeder {
    /// Feeds the whole file, and says whether the ledger knows all its rows now. Blocks; run it on a thread of its own.
    pub(super) fn feed(mut self) -> bool {
        let mut group = Group {
            rows: Vec::new(),
            payloads: Vec::new(),
            size: FIRST_GROUP,
        };
        let (table, repeated) = (Arc::clone(&self.table), Arc::clone(&self.repeated));
        let identities = self.identities.clone();
        let goes_on = || ControlFlow::Continue(());
        let read = judge(&table, &repeated, &identities, goes_on, |call, row, _| {
            group.push(row, call);
            if group.rows.len() < group.size {
                ControlFlow::Continue(())
            } else {
                self.hand_out(&mut group)
            }
        });
        if let Err(error) = &read {
            // What was read before the damage is registered; nothing of it is sent any more.
            self.gate.close(End::Input(error.to_string()));
        }
        let is_broken_off = matches!(read, Ok(Some(())));
        // A failure of the ledger has closed the gate; there is nothing left to break off.
        let took_last = !is_broken_off && self.hand_out(&mut group).is_continue();
        read.is_ok() && took_last
    }

    /// Registers the group and hands out what is to be sent; breaks where the ledger takes no more, or no more is wanted.
    fn hand_out(&mut self, group: &mut Group) -> ControlFlow<()> {
        if self.abort.is_cancelled() {
            return ControlFlow::Break(());
        }
        let rows = std::mem::take(&mut group.rows);
        let numbers: Vec<u64> = rows.iter().map(|row| row.row).collect();
        let dispositions = match self.ledger.register(self.run, rows) {
            Ok(dispositions) => dispositions,
            Err(error) => {
                self.gate.close(End::Ledger(error));
                return ControlFlow::Break(());
            }
        };
        for ((disposition, row), payload) in dispositions
            .into_iter()
            .zip(numbers)
            .zip(group.payloads.drain(..))
        {
            match disposition {
                Disposition::Send(submission) => {
                    let run = self.run;
                    let payload = match self.table.mapping().stamp() {
                        Some(field) => stamped(payload, field, Reference { run, row }),
                        None => payload,
                    };
                    self.send(Job {
                        submission,
                        row,
                        payload,
                    });
                }
                // Its outcome is that of the row whose call it repeats, and is told with that one's.
                Disposition::Twin(_) => {}
                Disposition::Settled(outcome) => {
                    self.observer.observe(&RunEvent::Settled { row, outcome });
                }
            }
        }
        group.size = (group.size * 2).min(GROUP);
        ControlFlow::Continue(())
    }

    fn send(&mut self, job: Job) {
        // Once the workers are gone the run has ended; the rest is registered only.
        if let Some(jobs) = &self.jobs
            && (self.gate.end().is_some() || jobs.blocking_send(job).is_err())
        {
            self.jobs = None;
        }
    }
}

/// The payload with the row's reference at the end of a field. It has been registered without, so that the row is the
/// same in the next run.
fn stamped(mut payload: Payload, field: TicketField, reference: Reference) -> Payload {
    let stamp = reference.stamp();
    let text = match payload.get(field) {
        Some(text) if !text.is_empty() => format!("{text} {stamp}"),
        _ => stamp,
    };
    payload.set(field, &text);
    payload
}

/// Rows that wait to be registered together.
struct Group {
    rows: Vec<Registration>,
    payloads: Vec<Payload>,
    size: usize,
}

impl Group {
    fn push(&mut self, row: Registration, call: Call<'_>) {
        self.rows.push(row);
        self.payloads.push(std::mem::take(&mut call.mapped.payload));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::STAMP_ROOM;

    #[test]
    fn a_stamp_stands_behind_the_text_of_its_field_and_alone_where_there_is_none() {
        let reference = Reference {
            run: RunId(12),
            row: 845,
        };
        let mut payload = Payload::default();
        payload.set(TicketField::Comments, "call back");
        payload.set(TicketField::Complaint, "fever");
        let payload = stamped(payload, TicketField::Comments, reference);
        assert_eq!(
            payload.get(TicketField::Comments),
            Some("call back [TL-12:845]")
        );
        assert_eq!(payload.get(TicketField::Complaint), Some("fever"));
        let longest = Reference {
            run: RunId(u32::MAX.into()),
            row: u32::MAX.into(),
        };
        let mut payload = Payload::default();
        payload.set(TicketField::Comments, "x");
        let payload = stamped(payload, TicketField::Comments, longest);
        let length = payload.get(TicketField::Comments).map(str::len);
        assert_eq!(
            length,
            Some(1 + STAMP_ROOM),
            "the mapper has left room for it"
        );
        let alone = stamped(Payload::default(), TicketField::Comments, reference);
        assert_eq!(alone.get(TicketField::Comments), Some("[TL-12:845]"));
    }
}
