//! Each claim puts its request on the wire at most once: a bare server counts what arrives.

use crate::harness::{
    Action, Call, Project, RawServer, Request, Running, Told, as_ticket, calls, count, csv,
};

/// Imports calls into a bare server and holds the deliveries of each against its attempts.
fn counted(server: &RawServer, calls: &[Call], args: &[&str]) -> Vec<Told> {
    let project = Project::new();
    project.write("calls.csv", csv(calls));
    let args = [&["import", "calls.csv"], args].concat();
    Running::start(project.command_for(&server.url(), &args)).end();
    let told = project.results("calls.results.csv");
    for (row, call) in told.iter().zip(calls) {
        let deliveries = server.deliveries(&format!("\"{}\"", call.reason));
        // An attempt more than deliveries is one that provably did not leave.
        assert!(
            deliveries as u64 <= row.attempts,
            "{deliveries} deliveries: {row:?}"
        );
        assert!(row.attempts <= 1 || row.outcome != "in_doubt", "{row:?}");
        if row.outcome == "created" {
            assert!(deliveries >= 1, "{row:?}");
        }
    }
    told
}

fn redirect(status: u16, to: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Moved\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

/// Every third submission meets the action; the others are created.
fn every_third(action: impl Fn(usize, &Request) -> Action + Send + Sync + 'static) -> RawServer {
    RawServer::new(move |number, request| match number % 3 {
        1 => action(number, request),
        _ => Action::Answer(as_ticket(number)),
    })
}

#[test]
fn a_redirect_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let server =
            every_third(move |_, request| Action::Answer(redirect(status, &request.target)));
        let told = counted(&server, &calls(9), &["--workers", "1"]);
        assert_eq!(
            (count(&told, "created"), count(&told, "in_doubt")),
            (6, 3),
            "{status}"
        );
        assert_eq!(told[1].error_code, format!("http.{status}"));
        assert_eq!(server.submissions().len(), 9);
    }
}

#[test]
fn a_redirect_to_another_server_sends_nothing_there() {
    let there = RawServer::new(|number, _| Action::Answer(as_ticket(number)));
    let elsewhere = there.url() + "/index.php?resource=as";
    let server = every_third(move |_, _| Action::Answer(redirect(307, &elsewhere)));
    counted(&server, &calls(6), &["--workers", "4"]);
    assert!(there.submissions().is_empty());
}

#[test]
fn a_request_that_is_cut_anywhere_is_not_sent_again() {
    // From the last byte of the address's beginning over the head into the body.
    let server = RawServer::cutting(
        |number| (number % 3 == 1).then_some(32 + number * 14 / 5),
        |number, _| Action::Answer(as_ticket(number)),
    );
    let told = counted(&server, &calls(120), &["--workers", "1"]);
    assert_eq!(
        (count(&told, "created"), count(&told, "in_doubt")),
        (80, 40)
    );
}

#[test]
fn an_answer_that_is_cut_anywhere_does_not_send_its_row_again() {
    let server = every_third(|number, _| {
        let mut answer = as_ticket(number);
        answer.truncate(number * 2 - 2);
        Action::AnswerAndClose(answer)
    });
    let length = as_ticket(0).len();
    let told = counted(&server, &calls(length / 2), &["--workers", "1"]);
    assert_eq!(server.submissions().len(), told.len());
    let expected = told.iter().filter(|row| row.row % 3 == 0).count();
    assert_eq!(count(&told, "in_doubt"), expected);
}

#[test]
fn a_connection_that_is_closed_after_each_answer_doubles_nothing() {
    for workers in ["1", "8"] {
        let server = RawServer::new(|number, _| Action::AnswerAndClose(as_ticket(number)));
        let told = counted(&server, &calls(150), &["--workers", workers]);
        let reached = count(&told, "created") + count(&told, "in_doubt") + count(&told, "not_sent");
        assert_eq!(reached, 150);
        assert!(count(&told, "created") > 0);
    }
}

#[test]
fn a_client_that_is_told_to_slow_down_sends_each_claim_once() {
    let busy = b"HTTP/1.1 429 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n";
    let server = RawServer::new(move |number, _| match number {
        1 | 3 => Action::Answer(busy.to_vec()),
        _ => Action::Answer(as_ticket(number)),
    });
    let told = counted(&server, &calls(5), &["--workers", "1"]);
    assert_eq!(count(&told, "created"), 5);
    assert_eq!(server.submissions().len(), 7);
    assert_eq!(told.iter().map(|row| row.attempts).sum::<u64>(), 7);
}

#[test]
fn a_status_that_is_no_number_and_a_head_without_end_prove_nothing() {
    let answers: [&[u8]; 4] = [
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{}",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ];
    for answer in answers {
        let server = every_third(move |_, _| Action::AnswerAndClose(answer.to_vec()));
        let told = counted(&server, &calls(6), &["--workers", "1"]);
        assert_eq!((count(&told, "created"), count(&told, "in_doubt")), (4, 2));
    }
}

#[test]
fn an_answer_for_nobody_before_the_request_is_not_taken_for_ones_own() {
    // Two answers to one request: the second must not be read as the answer to the next row.
    let server = every_third(|number, _| {
        let twice = [as_ticket(number), as_ticket(900_000 + number)].concat();
        Action::Answer(twice)
    });
    let told = counted(&server, &calls(60), &["--workers", "1"]);
    assert!(
        told.iter().all(|row| !row.ticket_id.starts_with("RAW9")),
        "{told:?}"
    );
}

#[test]
fn a_kept_connection_that_the_server_has_given_up_costs_no_second_delivery() {
    // The first byte of the next request may be all that is read, or some of its head, or some of its body.
    for cut in [0, 1, 2, 16, 31, 32, 64, 200, 400] {
        let server = RawServer::new(move |number, _| {
            let answer = as_ticket(number);
            if number % 3 == 0 {
                Action::AnswerAndCutNext(answer, cut)
            } else {
                Action::Answer(answer)
            }
        });
        let told = counted(&server, &calls(30), &["--workers", "1"]);
        let attempts: u64 = told.iter().map(|row| row.attempts).sum();
        assert!(
            server.begun() as u64 <= attempts,
            "{cut}: {attempts} attempts"
        );
        assert!(count(&told, "created") > 0);
    }
}

#[test]
fn a_request_that_an_http_2_server_refuses_is_not_sent_again() {
    // SETTINGS, and then that the request was not processed: a client of HTTP/2 would send it again.
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let go_away = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let reset = [0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 7];
    let upgrade = b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n";
    let answers: [Vec<u8>; 3] = [
        [&settings[..], &go_away[..]].concat(),
        [&settings[..], &reset[..]].concat(),
        upgrade.to_vec(),
    ];
    for answer in answers {
        let server = every_third(move |_, _| Action::AnswerAndClose(answer.clone()));
        let told = counted(&server, &calls(9), &["--workers", "1"]);
        assert_eq!((count(&told, "created"), count(&told, "in_doubt")), (6, 3));
        assert_eq!(server.submissions().len(), 9);
    }
}

#[test]
fn http_2_is_not_even_compiled_in() {
    let lock = include_str!("../../Cargo.lock");
    for name in ["h2", "h3", "h3-quinn"] {
        assert!(!lock.contains(&format!("name = \"{name}\"\n")), "{name}");
    }
    assert!(lock.contains("name = \"hyper\"\n"));
}

#[test]
fn the_ticket_of_another_patient_is_no_proof() {
    let stranger = r#"{"success":true,"result":{"ticket_id":"RAW900000","patient_lname":"Somebody","patient_fname":"Else","dob":"19000101"},"errors":[]}"#;
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{stranger}",
        stranger.len()
    );
    let server = every_third(move |_, _| Action::Answer(answer.clone().into_bytes()));
    let told = counted(&server, &calls(9), &["--workers", "1"]);
    assert_eq!((count(&told, "created"), count(&told, "in_doubt")), (6, 3));
    assert!(told.iter().all(|row| row.ticket_id != "RAW900000"));
    let codes = told.iter().filter(|row| row.error_code == "other_echo");
    assert_eq!(codes.count(), 3);
}
