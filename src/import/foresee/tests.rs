//! What is foreseen of several files is what comes of them: a model of the run, with a real ledger, as the witness.
//!
//! Files, keys, contents and what the ledger knew before are random; every row that is sent is taken.

use crate::api::BodyFormat;
use crate::import::foresee::Foresight;
use crate::import::identify::judge;
use crate::import::patience::Patience;
use crate::import::{
    Among, Known, Observer, Outcomes, Purpose, Rehearsal, RunEvent, Stop, Table, Watch, rehearse,
};
use crate::input::{Input, Options};
use crate::ledger::{
    Disposition, Foreseen, Identities, Ledger, NewRun, Registration, RunId, Scope, SubmissionId,
    Synchronous,
};
use crate::mapping::Mapping;
use crate::reading::Selection;
use crate::submission::{Doubt, Event};
use crate::ticket::{ErrorCode, Outcome, TicketId};
use proptest::prelude::*;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

const FIELDS: &str = r#"
[fields]
patient_lname = "Last"
patient_fname = "Last"
dob = "DOB"
complaint = "Reason"
prac = { value = "1" }
"#;

struct Nobody;

impl Observer for Nobody {
    fn observe(&self, _: &RunEvent) {}
}

/// A row: what stands under `ID`, `Reason` and `Room`, and whether it can be sent. No field is filled from `Room`.
#[derive(Debug, Clone)]
struct Sketch {
    id: u8,
    reason: u8,
    room: u8,
    is_valid: bool,
}

/// A file, and the part of it that is asked for.
#[derive(Debug, Clone)]
struct File {
    rows: Vec<Sketch>,
    is_rejects: bool,
    selection: Selection,
}

/// How a row ends that is sent.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Created,
    Rejected,
    InDoubt,
    NotSent,
}

/// What was imported before, with which mapping, and how its rows ended, one after the other.
#[derive(Debug, Clone)]
struct Earlier {
    file: File,
    key: Key,
    endings: Vec<Ending>,
}

/// The column that is the key.
#[derive(Debug, Clone, Copy)]
enum Key {
    None,
    Id,
    Room,
}

impl Key {
    fn mapping(self) -> Arc<Mapping> {
        let key = match self {
            Key::None => "",
            Key::Id => "[key]\ncolumns = [\"ID\"]",
            Key::Room => "[key]\ncolumns = [\"Room\"]",
        };
        let text = format!("version = 1\n{key}\n{FIELDS}");
        Arc::new(Mapping::parse("mapping.toml", &text).unwrap())
    }
}

fn any_row() -> impl Strategy<Value = Sketch> {
    let is_valid = prop::bool::weighted(0.85);
    (0..4_u8, 0..3_u8, 0..2_u8, is_valid).prop_map(|(id, reason, room, is_valid)| Sketch {
        id,
        reason,
        room,
        is_valid,
    })
}

fn any_selection() -> impl Strategy<Value = Selection> {
    let rows = prop::option::weighted(0.2, (2..5_u64, 0..4_u64));
    let limit = prop::option::weighted(0.2, 1..5_u64);
    (rows, limit).prop_map(|(rows, limit)| Selection {
        rows: rows.map(|(first, more)| (first, first + more)),
        limit,
    })
}

fn any_file() -> impl Strategy<Value = File> {
    let rows = prop::collection::vec(any_row(), 1..7);
    (rows, prop::bool::weighted(0.2), any_selection()).prop_map(|(rows, is_rejects, selection)| {
        File {
            rows,
            is_rejects,
            selection,
        }
    })
}

fn any_earlier() -> impl Strategy<Value = Earlier> {
    let key = prop_oneof![Just(Key::None), Just(Key::Id), Just(Key::Room)];
    let ending = prop_oneof![
        3 => Just(Ending::Created),
        1 => Just(Ending::Rejected),
        1 => Just(Ending::InDoubt),
        1 => Just(Ending::NotSent),
    ];
    let endings = prop::collection::vec(ending, 8);
    (any_file(), key, endings).prop_map(|(file, key, endings)| Earlier { file, key, endings })
}

/// A folder with files and a ledger.
struct World {
    folder: TempDir,
    ledger: Ledger,
    identities: Identities,
    tickets: u32,
    /// So many rows are registered together.
    group: usize,
    /// Whether nothing is settled before the last row is registered.
    is_slow: bool,
}

impl World {
    fn new(group: usize, is_slow: bool) -> World {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let ledger = Ledger::open_with(&path, Synchronous::Off).unwrap();
        let scope = Scope::new("here".to_owned(), None);
        let identities = ledger.identities(&scope).unwrap();
        World {
            folder,
            ledger,
            identities,
            tickets: 0,
            group,
            is_slow,
        }
    }

    fn table(&self, name: &str, file: &File, key: Key) -> Table {
        let path = self.folder.path().join(name);
        let more = |text| if file.is_rejects { text } else { "" };
        let mut text = format!("ID,Last,DOB,Reason,Room{}\n", more(",error_code,message"));
        for row in &file.rows {
            let id = ["A1", "A2", "A3", ""][usize::from(row.id)];
            let dob = if row.is_valid { "19440203" } else { "never" };
            let (reason, room) = (row.reason, row.room);
            let why = more(",414,refused");
            text += &format!("{id},Ng,{dob},fever {reason},room {room}{why}\n");
        }
        std::fs::write(&path, text).unwrap();
        open(&path, name, key, file.selection)
    }

    fn rehearse(&self, table: &Table, among: Option<Among<'_>>) -> Rehearsal {
        let reader = self.ledger.reader().unwrap();
        let known = Known {
            ledger: (!reader.is_empty().unwrap()).then_some(&reader),
            among,
        };
        let watch = Watch {
            observer: &Nobody,
            stop: &Stop::new(),
        };
        let purpose = Purpose::Send(BodyFormat::Json);
        rehearse(table, &self.identities, known, purpose, watch).unwrap()
    }

    /// What is foreseen of each row, with the ledger as it is, also where that is empty.
    fn foretell(
        &self,
        table: &Table,
        rehearsal: &Rehearsal,
        among: Among<'_>,
    ) -> Vec<(u64, Outcome)> {
        let reader = self.ledger.reader().unwrap();
        let snapshot = reader.snapshot().unwrap();
        let foresight = Foresight {
            table,
            identities: &self.identities,
            repeated: &rehearsal.repeated,
            known: Some(&snapshot),
        };
        let stop = Stop::new();
        let mut patience = Patience {
            stop: &stop,
            rows: 0,
        };
        let mut told = Vec::new();
        let each = |foretold: super::Foretold<'_>| {
            told.push((foretold.row.row, foretold.preview.outcome));
            Ok(())
        };
        foresight.for_each(among, &mut patience, each).unwrap();
        told
    }

    fn begin(&self, table: &Table) -> RunId {
        let new = NewRun {
            scope: self.identities.scope(),
            target: "bulk at localhost".to_owned(),
            file: table.name().to_owned(),
            sheet: None,
            selection: table.selection(),
            hidden: None,
            fingerprint: table.input().fingerprint().unwrap(),
            mapping: table.fingerprint(),
        };
        self.ledger.begin_run(new).unwrap()
    }

    /// Sends a file as a run does and tells what came of each row. The n-th that is sent ends as `ending` says.
    fn import(
        &mut self,
        table: &Table,
        rehearsal: &Rehearsal,
        ending: impl Fn(usize) -> Ending,
    ) -> Vec<(u64, Outcome)> {
        let run = self.begin(table);
        let mut rows = Vec::new();
        let each = |_: crate::import::Call<'_>, row: Registration, _| {
            rows.push(row);
            ControlFlow::<()>::Continue(())
        };
        let goes_on = || ControlFlow::Continue(());
        judge(table, &rehearsal.repeated, &self.identities, goes_on, each).unwrap();
        let (mut told, mut sent, mut waiting) = (Vec::new(), 0, Vec::new());
        for group in rows.chunks(self.group) {
            let dispositions = self.ledger.register(run, group.to_vec()).unwrap();
            for (row, disposition) in group.iter().zip(dispositions) {
                let outcome = match disposition {
                    Disposition::Send(submission) => {
                        waiting.push((submission, ending(sent)));
                        sent += 1;
                        Outcome::Created
                    }
                    Disposition::Twin(_) => Outcome::AlreadyCreated,
                    Disposition::Settled(outcome) => outcome,
                };
                told.push((row.row, outcome));
            }
            if !self.is_slow {
                self.settle(std::mem::take(&mut waiting));
            }
        }
        self.settle(waiting);
        told
    }

    fn settle(&mut self, sent: Vec<(SubmissionId, Ending)>) {
        // All of it is asked for before any is waited for, so that it is committed together.
        let mut asked = Vec::new();
        for (submission, ending) in sent {
            let event = match ending {
                Ending::NotSent => continue,
                Ending::Created => {
                    self.tickets += 1;
                    Event::Created {
                        ticket_id: TicketId::new(&format!("T{}", self.tickets)).unwrap(),
                        remark: None,
                    }
                }
                Ending::Rejected => Event::Rejected {
                    code: ErrorCode(414),
                },
                Ending::InDoubt => Event::Unproven(Doubt {
                    code: "crash".to_owned(),
                    message: "it was killed".to_owned(),
                }),
            };
            for event in [Event::Claimed, event] {
                asked.push(self.ledger.apply(submission, event));
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        for applied in asked {
            runtime.block_on(applied).unwrap();
        }
    }
}

fn open(path: &Path, name: &str, key: Key, selection: Selection) -> Table {
    let input = Input::open(path, &Options::default()).unwrap();
    let today = jiff::civil::date(2026, 11, 22);
    Table::new(name.to_owned(), input, key.mapping(), selection, today).unwrap()
}

/// What was to be sent was created.
fn as_it_came(foretold: Outcome) -> Outcome {
    match foretold {
        Outcome::Ready => Outcome::Created,
        other => other,
    }
}

fn counted(told: &[(u64, Outcome)]) -> Outcomes {
    let mut outcomes = Outcomes::default();
    for (_, outcome) in told {
        outcomes.add(*outcome);
    }
    outcomes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Where rows were sent under another mapping, whose cells and key may lead to two submissions, it makes a difference whether
    /// the one is created by the time that the other is met; it is foreseen that it is not.
    #[test]
    fn what_is_foreseen_of_several_files_is_what_comes_of_them(
        earlier in prop::collection::vec(any_earlier(), 0..3),
        files in prop::collection::vec(any_file(), 2..5),
        has_key: bool,
        group in 1..4_usize,
        is_slow: bool,
    ) {
        let mut world = World::new(group, is_slow);
        let key = if has_key { Key::Id } else { Key::None };
        for (number, Earlier { file, key: other, endings }) in earlier.iter().enumerate() {
            let its_key = if is_slow { *other } else { key };
            let table = world.table(&format!("earlier{number}.csv"), file, its_key);
            let rehearsal = world.rehearse(&table, None);
            world.import(&table, &rehearsal, |sent| endings[sent]);
        }
        let tables = files.iter().enumerate();
        let tables: Vec<_> =
            tables.map(|(number, file)| world.table(&format!("{number}.csv"), file, key)).collect();
        // Once for the counts that people see, and once row by row.
        let (mut foreseen, mut again) = (Foreseen::default(), Foreseen::default());
        let mut rehearsed = Vec::new();
        for (number, table) in tables.iter().enumerate() {
            let is_followed = number + 1 < tables.len();
            let among = Among { foreseen: &mut foreseen, is_followed };
            let rehearsal = world.rehearse(table, Some(among));
            let among = Among { foreseen: &mut again, is_followed };
            let told = world.foretell(table, &rehearsal, among);
            prop_assert_eq!(rehearsal.outcomes, counted(&told));
            rehearsed.push((rehearsal, told));
        }
        for (table, (rehearsal, foretold)) in tables.iter().zip(rehearsed) {
            let foretold: Vec<_> =
                foretold.into_iter().map(|(row, outcome)| (row, as_it_came(outcome))).collect();
            let came = world.import(table, &rehearsal, |_| Ending::Created);
            prop_assert_eq!(foretold, came, "{}", table.name());
        }
    }

    /// A file is told the same whether it stands alone or at the head of others. What was imported before had the same mapping:
    /// a row whose cells were sent without a key gives its ticket to all who have its key now, which a file alone is not told.
    #[test]
    fn the_first_of_several_files_is_told_as_it_is_alone(
        earlier in prop::collection::vec(any_earlier(), 0..3), file in any_file(), has_key: bool, is_followed: bool,
    ) {
        let mut world = World::new(2, false);
        let key = if has_key { Key::Id } else { Key::None };
        for (number, Earlier { file, endings, .. }) in earlier.iter().enumerate() {
            let table = world.table(&format!("earlier{number}.csv"), file, key);
            let rehearsal = world.rehearse(&table, None);
            world.import(&table, &rehearsal, |sent| endings[sent]);
        }
        let table = world.table("calls.csv", &file, key);
        let alone = world.rehearse(&table, None);
        let mut foreseen = Foreseen::default();
        let among = Among { foreseen: &mut foreseen, is_followed };
        let first = world.rehearse(&table, Some(among));
        let told = |rehearsal: &Rehearsal| {
            let problems: Vec<_> = rehearsal.problems.first().into_iter().cloned().collect();
            let identical = if has_key { 0 } else { rehearsal.identical };
            (rehearsal.outcomes, identical, rehearsal.twins, rehearsal.by_key_alone, problems)
        };
        prop_assert_eq!(told(&alone), told(&first));
        prop_assert!(first.before.is_empty());
    }
}
