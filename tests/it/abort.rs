//! Dead at any named step of a run, whatever the server answers and however many workers there are: the same command
//! again doubles and loses nothing.
//!
//! A debug build dies where `TICKETLOAD_ABORT` says; the steps are those of the library's module `abort`. A release build has
//! nothing of it, and these tests are no part of its tests then.

use crate::harness::{
    Call, Ran, Running, Server, Told, Trial, assert_told_truly, calls, count, outcomes,
};

const ROWS: usize = 24;

/// The steps, with how often each is reached before the program dies there.
const STEPS: [(&str, u32); 14] = [
    ("claiming", 1),
    ("claiming", 7),
    ("claimed", 1),
    ("claimed", 7),
    ("answered", 1),
    ("answered", 7),
    ("settled", 1),
    ("settled", 7),
    ("committing", 5),
    ("committed", 5),
    ("renewing", 1),
    ("renewed", 1),
    ("written", 1),
    ("placed", 1),
];

const WORKERS: [usize; 3] = [1, 4, 16];

impl Trial {
    fn of_death(workers: usize, faults: &str, calls: Vec<Call>) -> Trial {
        Trial::over(Server::with_faults(faults), calls, workers)
    }

    /// Dies at a step; what results there are then are whole.
    fn die(&self, step: &str, time: u32) {
        let mut command = self.command();
        command.env("TICKETLOAD_ABORT", format!("{step}@{time}"));
        let ran = Running::start(command).end();
        assert_eq!(ran.code, None, "it did not die: {}", ran.all());
        if self.project.path("calls.results.csv").exists() {
            assert_eq!(step, "placed");
            self.assert_true();
        }
    }

    /// The same command, to its end.
    fn again(&self) -> (Ran, Vec<Told>) {
        let ran = Running::start(self.command()).end();
        (ran, self.assert_true())
    }

    fn assert_true(&self) -> Vec<Told> {
        let told = self.project.results("calls.results.csv");
        assert_told_truly(&told, &self.calls, &self.server.tickets());
        told
    }
}

/// Every step with every number of workers. Gives the rows that were in doubt in the end.
fn at_every_step(faults: &str, make: impl Fn() -> Vec<Call>, by_server: usize) -> usize {
    let mut doubts = 0;
    for (step, time) in STEPS {
        for workers in WORKERS {
            let trial = Trial::of_death(workers, faults, make());
            trial.die(step, time);
            let (ran, told) = trial.again();
            let what = format!("{step}@{time}, {workers} workers: {:?}", outcomes(&told));
            let crashed = told.iter().filter(|row| row.error_code == "crash").count();
            let in_doubt = count(&told, "in_doubt");
            assert!(crashed <= workers, "{what}");
            assert!(in_doubt - crashed <= by_server, "{what}");
            assert_eq!(count(&told, "not_sent"), 0, "{what}");
            let expected = match (in_doubt, count(&told, "rejected")) {
                (0, 0) => 0,
                (0, _) => 1,
                _ => 6,
            };
            assert_eq!(ran.code, Some(expected), "{what}: {}", ran.all());
            trial.project.run(&["ledger", "check"]).exits(0);
            doubts += in_doubt;
        }
    }
    println!("{} deaths, {doubts} in doubt", STEPS.len() * WORKERS.len());
    doubts
}

#[test]
fn dead_at_any_step_while_tickets_are_created() {
    at_every_step("", || calls(ROWS), 0);
}

#[test]
fn dead_at_any_step_while_rows_are_rejected() {
    let every_third_rejected = || {
        let mut calls = calls(ROWS);
        for call in calls.iter_mut().step_by(3) {
            call.reason.push_str(" [[reject:407]]");
        }
        calls
    };
    at_every_step("", every_third_rejected, 0);
}

#[test]
fn dead_at_any_step_while_tokens_expire() {
    at_every_step("expire@2,expire@6,expire@12", || calls(ROWS), 0);
}

#[test]
fn dead_at_any_step_while_the_server_leaves_a_row_in_doubt() {
    at_every_step("http503_after@5", || calls(ROWS), 1);
}

/// A login that is broken off leaves the row that waited for it unsent: it expired, so nothing was created.
#[test]
fn dead_in_the_middle_of_a_renewal_leaves_no_doubt() {
    for step in ["renewing", "renewed"] {
        let trial = Trial::of_death(1, "expire@4", calls(ROWS));
        trial.die(step, 2);
        assert_eq!(trial.server.tickets().len(), 3);
        let (ran, told) = trial.again();
        ran.exits(0);
        assert_eq!(
            (count(&told, "already_created"), count(&told, "created")),
            (3, ROWS - 3)
        );
    }
}

#[test]
fn dead_before_or_after_any_commit() {
    for step in ["committing", "committed"] {
        let mut deaths = 0;
        loop {
            let trial = Trial::of_death(4, "", calls(6));
            let mut command = trial.command();
            command.env("TICKETLOAD_ABORT", format!("{step}@{}", deaths + 1));
            if Running::start(command).end().code == Some(0) {
                break;
            }
            deaths += 1;
            let (ran, told) = trial.again();
            let doubts = count(&told, "in_doubt");
            assert!(doubts <= trial.workers, "{step}@{deaths}");
            ran.exits(if doubts == 0 { 0 } else { 6 });
        }
        println!("{deaths} deaths {step}");
        assert!(deaths > 6, "{deaths}");
    }
}

/// With one worker each step leaves exactly one story behind.
#[test]
fn each_step_leaves_behind_what_its_name_says() {
    // How many tickets there are after the death, and how many rows are in doubt then.
    let steps = [
        ("claiming", 1, 0, 0),
        ("claimed", 1, 0, 1),
        ("claimed", 3, 2, 1),
        ("answered", 3, 3, 1),
        ("settled", ROWS, ROWS, 0),
        ("written", 1, ROWS, 0),
        ("placed", 1, ROWS, 0),
    ];
    for (step, time, tickets, doubts) in steps {
        let trial = Trial::of_death(1, "", calls(ROWS));
        trial.die(step, u32::try_from(time).unwrap());
        assert_eq!(trial.server.tickets().len(), tickets, "{step}@{time}");
        let (_, told) = trial.again();
        assert_eq!(count(&told, "in_doubt"), doubts, "{step}@{time}");
    }
}
