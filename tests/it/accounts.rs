//! Calls are known within one account, under whatever address its server has.

use crate::harness::{Project, Server, assert_agrees, calls, count, csv, rehearsed};

#[test]
fn another_account_is_another_call_centre() {
    let (project, server) = (Project::new(), Server::new());
    let other = Server::with(|settings| settings.username = "other".to_owned());
    project.write("calls.csv", csv(&calls(3)));
    project.import(&server, &["calls.csv"]).exits(0);
    project
        .import(&other, &["calls.csv", "--username", "other"])
        .exits(0);
    assert_eq!((server.tickets().len(), other.tickets().len()), (3, 3));
}

/// A profile that names its account.
fn name_scope(project: &Project, scope: &str) {
    let profile = format!("[profile.default]\nscope = \"{scope}\"\n");
    project.write("ticketload.toml", profile);
}

#[test]
fn a_scope_that_is_set_later_takes_over_what_was_sent_and_keeps_it_when_the_server_moves() {
    let (project, server, moved) = (Project::new(), Server::new(), Server::new());
    project.write("calls.csv", csv(&calls(3)));
    project.import(&server, &["calls.csv"]).exits(0);
    name_scope(&project, "call-centre");
    let before = rehearsed(&project, &server, 0);
    assert_eq!(
        (&before["already_created"], &before["ready"]),
        (&3.into(), &0.into())
    );
    for at in [&server, &moved] {
        let rehearsed = rehearsed(&project, at, 0);
        project.import(at, &["calls.csv"]).exits(0);
        let told = project.results("calls.results.csv");
        assert_eq!(count(&told, "already_created"), 3);
        assert_agrees(&rehearsed, &told);
    }
    assert_eq!((server.tickets().len(), moved.tickets().len()), (3, 0));
}

#[test]
fn a_scope_from_the_beginning_holds_wherever_the_server_is() {
    let (project, server, moved) = (Project::new(), Server::new(), Server::new());
    name_scope(&project, "call-centre");
    project.write("calls.csv", csv(&calls(3)));
    project.import(&server, &["calls.csv"]).exits(0);
    project.import(&moved, &["calls.csv"]).exits(0);
    assert_eq!((server.tickets().len(), moved.tickets().len()), (3, 0));
    // Another name is another call centre.
    name_scope(&project, "other");
    project.import(&moved, &["calls.csv"]).exits(0);
    assert_eq!(moved.tickets().len(), 3);
}

#[test]
fn a_scope_that_is_forgotten_sends_nothing_again() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(3)));
    name_scope(&project, "call-centre");
    project.import(&server, &["calls.csv"]).exits(0);
    std::fs::remove_file(project.path("ticketload.toml")).unwrap();
    let rehearsed = rehearsed(&project, &server, 0);
    project.import(&server, &["calls.csv"]).exits(0);
    let told = project.results("calls.results.csv");
    assert_eq!(count(&told, "already_created"), 3);
    assert_agrees(&rehearsed, &told);
    name_scope(&project, "call-centre");
    project.import(&server, &["calls.csv"]).exits(0);
    assert_eq!(server.tickets().len(), 3);
}

#[test]
fn a_file_that_another_account_was_sent_is_told_before_it_is_sent_to_this_one() {
    let (project, server) = (Project::new(), Server::new());
    let other = Server::with(|settings| settings.username = "other".to_owned());
    project.write("calls.csv", csv(&calls(3)));
    project.import(&server, &["calls.csv"]).exits(0);
    let ran = project
        .import(&other, &["calls.csv", "--username", "other"])
        .exits(0);
    assert!(
        ran.stderr
            .contains("was imported before for another account, sandbox at"),
        "{}",
        ran.stderr
    );
}
