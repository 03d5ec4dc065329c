//! A ledger that was lost: the results beside an input name its tickets, and nothing is sent a second time.

use crate::harness::{Project, Server, calls, count, csv};

/// A project whose calls have tickets, and whose ledger is gone.
fn lost() -> (Project, Server) {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(4)));
    project.import(&server, &["calls.csv"]).exits(0);
    std::fs::rename(project.home(), project.temporary().join("home")).unwrap();
    (project, server)
}

#[test]
fn results_that_name_unknown_tickets_stop_the_run_before_anything_is_sent() {
    let (project, server) = lost();
    let ran = project
        .import(&server, &["calls.csv"])
        .exits(2)
        .says("lost")
        .says("calls.results.csv");
    assert!(ran.stderr.contains("hint: "));
    assert_eq!((server.tickets().len(), server.requests("ticket")), (4, 4));
    project
        .import(&server, &["calls.csv", "--results", "other.csv"])
        .exits(2);
    assert_eq!(server.tickets().len(), 4);
    assert_eq!(count(&project.results("calls.results.csv"), "created"), 4);
}

#[test]
fn the_ledger_of_before_helps() {
    let (project, server) = lost();
    let ledgers = project.temporary().join("home/state/ticketload/ledger.db");
    project
        .import(
            &server,
            &["calls.csv", "--ledger", ledgers.to_str().unwrap()],
        )
        .exits(0);
    assert_eq!(server.tickets().len(), 4);
    assert_eq!(
        count(&project.results("calls.results.csv"), "already_created"),
        4
    );
}

#[test]
fn results_of_the_built_in_sandbox_say_nothing_about_the_ledger() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(4)));
    project.run(&["import", "calls.csv", "--sandbox"]).exits(0);
    project.import(&server, &["calls.csv"]).exits(0);
    assert_eq!(server.tickets().len(), 4);
}
