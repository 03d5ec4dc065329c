//! The log is the witness: what is created is in it, and nothing else.

use super::*;

#[tokio::test]
async fn a_ticket_that_cannot_be_logged_is_not_created() {
    let mut stage = Stage::with(|_| {}).await;
    stage.sandbox.shared.centre().close();
    assert_eq!(stage.submit(&call("fever")).await.unwrap().codes(), [409]);
    assert_eq!((stage.sandbox.tickets(), stage.log().len()), (0, 0));
}

#[tokio::test]
async fn the_log_survives_a_restart_and_a_cut_last_line() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::with(|to| to.folder = settings(&folder).folder).await;
    let first = stage.submit(&call("fever")).await.unwrap().ticket_id();
    let old_token = stage.token.clone();
    stage.sandbox.stop().await;
    let path = folder.path().join("sandbox/tickets.jsonl");
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str("{\"number\":2,\"ticket_id\":\"half");
    fs::write(&path, text).unwrap();

    let mut stage = Stage::with(|to| to.folder = settings(&folder).folder).await;
    assert_eq!(stage.status(&first).await.status, 200);
    let second = stage.submit(&call("cough")).await.unwrap().ticket_id();
    assert_ne!(first, second);
    assert_eq!(stage.sandbox.tickets(), 1, "of this life");
    stage.token = old_token;
    assert_eq!(stage.status(&first).await.codes(), [408]);
    let log = created_tickets(&folder.path().join("sandbox")).unwrap();
    let ids: Vec<_> = log
        .iter()
        .map(|ticket| (ticket.number, &ticket.ticket_id))
        .collect();
    assert_eq!(ids, [(1, &first), (2, &second)]);
    assert!(!format!("{log:?}").contains("fever"));
}

#[tokio::test]
async fn a_folder_has_one_sandbox_and_a_damaged_log_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = Sandbox::start(settings(&folder)).await.unwrap();
    let second = Sandbox::start(settings(&folder)).await.unwrap_err();
    assert!(matches!(second, SandboxError::InUse { .. }), "{second}");
    let taken = Settings {
        port: first.port(),
        ..settings(&tempfile::tempdir().unwrap())
    };
    let third = Sandbox::start(taken).await.unwrap_err();
    assert!(matches!(third, SandboxError::Listen { .. }), "{third}");
    drop(first);
    let path = folder.path().join("sandbox/tickets.jsonl");
    fs::write(&path, "not a ticket\n{}\n").unwrap();
    let damaged = Sandbox::start(settings(&folder)).await.unwrap_err();
    assert!(
        matches!(damaged, SandboxError::Damaged { line: 1, .. }),
        "{damaged}"
    );
}

#[tokio::test]
async fn the_logs_are_the_owners_alone_and_events_hold_no_data() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("sandbox")).unwrap();
    let path = folder.path().join("sandbox/tickets.jsonl");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let mut stage = Stage::with(|to| to.folder = settings(&folder).folder).await;
    let id = stage.submit(&call("fever")).await.unwrap().ticket_id();
    for name in ["tickets.jsonl", "events.jsonl"] {
        let metadata = fs::metadata(folder.path().join("sandbox").join(name)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{name}");
    }
    let events = fs::read_to_string(folder.path().join("sandbox/events.jsonl")).unwrap();
    assert_eq!(events.lines().count(), 2);
    for secret in [&*stage.token, &*id, "Zo", "fever", PASSWORD, "pa55"] {
        assert!(!events.contains(secret));
    }
    let shown = format!("{:?} {:?}", settings(&folder), stage.sandbox);
    assert!(!shown.contains("pa55") && !shown.contains("key"), "{shown}");
}

#[tokio::test]
async fn a_client_that_goes_away_does_not_undo_its_ticket() {
    let mut stage = Stage::with(|settings| settings.delay = Duration::from_millis(1)).await;
    stage.write_submission().await;
    stage.stream = connect(&stage.sandbox).await;
    while stage.sandbox.tickets() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.log().len(), 1);
}

#[tokio::test]
async fn events_count_what_is_in_flight() {
    let mut stage = Stage::faults("hang@1").await;
    stage.write_submission().await;
    while stage.sandbox.tickets() == 0 {
        tokio::task::yield_now().await;
    }
    let hanging = std::mem::replace(&mut stage.stream, connect(&stage.sandbox).await);
    stage.submit(&call("fever")).await.unwrap();
    drop(hanging);
    while stage.sandbox.shared.centre().in_flight(Scope::Ticket) > 0 {
        tokio::task::yield_now().await;
    }
    stage.submit(&call("fever")).await.unwrap();
    let events = stage.events();
    let seen: Vec<_> = events
        .iter()
        .map(|event| (&event["number"], &event["connection"], &event["in_flight"]))
        .collect();
    assert_eq!(
        seen[1..],
        [
            (&json!(1), &json!(1), &json!(1)),
            (&json!(2), &json!(2), &json!(2)),
            (&json!(3), &json!(2), &json!(1))
        ]
    );
}
