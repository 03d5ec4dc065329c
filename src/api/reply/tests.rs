//! Tables of answers and what they prove.

use super::*;
use proptest::prelude::*;

fn sent() -> Payload {
    let mut payload = Payload::default();
    payload.set(TicketField::PatientLname, "Núñez");
    payload.set(TicketField::Dob, "19891230");
    payload.set(TicketField::Prac, "1234");
    payload.set(TicketField::ClientCode, "");
    payload.set(TicketField::CallType, "1");
    payload.set(TicketField::Comments, "first\r\nsecond ");
    payload
}

/// One word for what an answer proves, so that tables stay readable.
fn proves(status: u16, body: &str) -> String {
    match submission(status, body.as_bytes(), &sent()) {
        Reply::Created { ticket_id, .. } => format!("created {}", ticket_id.as_str()),
        Reply::TokenExpired => "expired".to_owned(),
        Reply::Rejected(code) => format!("rejected {code}"),
        Reply::Unproven(seen) if seen.is_api => format!("own {}", seen.code),
        Reply::Unproven(seen) => format!("foreign {}", seen.code),
        Reply::NotSent(_) | Reply::Refused { .. } => panic!("not for a body to say"),
    }
}

fn check(table: &[(&str, &str)]) {
    for (body, expected) in table {
        assert_eq!(proves(200, body), *expected, "{body}");
    }
}

#[test]
fn success_with_a_ticket_id_is_created_in_every_spelling() {
    check(&[
        (
            r#"{"success":true,"result":{"ticket_id":"RQxQ5s84H"},"errors":[]}"#,
            "created RQxQ5s84H",
        ),
        (
            r#"{"success":true,"result":{"ticket_id":"R"}}"#,
            "created R",
        ),
        (
            r#"{"success":"true","result":{"ticket_id":"R"},"errors":null}"#,
            "created R",
        ),
        (
            r#"{"success":"TRUE","result":{"ticket_id":"R"},"errors":{}}"#,
            "created R",
        ),
        (
            r#"{"success":1,"result":{"ticket_id":"R"},"errors":""}"#,
            "created R",
        ),
        (
            r#"{"success":"1","result":{"ticket_id":"R"},"errors":[[],null,""]}"#,
            "created R",
        ),
        (
            r#"{"success":true,"result":{"ticket_id":"R"},"errors":{"code":0,"message":""}}"#,
            "created R",
        ),
        (
            r#"{"success":true,"result":{"ticket_id":12345},"errors":[]}"#,
            "created 12345",
        ),
        (
            r#"{"success":true,"result":{"ticket_id":18446744073709551615}}"#,
            "created 18446744073709551615",
        ),
        (
            r#"{"success":true,"result":{"ticket_id":"=1+2\u0007 é"}}"#,
            "created =1+2\u{7} é",
        ),
        (
            r#"{"success":true,"result":[{"ticket_id":"R"}],"errors":[]}"#,
            "created R",
        ),
        (
            r#"{"success":true,"ticket_id":"R","errors":[]}"#,
            "created R",
        ),
        (
            "\u{feff}{\"success\":true,\"result\":{\"ticket_id\":\"R\"}}\r\n \n",
            "created R",
        ),
    ]);
    for status in [200, 201, 307, 400, 408, 500, 503] {
        assert_eq!(
            proves(status, r#"{"success":true,"result":{"ticket_id":"R"}}"#),
            "created R"
        );
    }
}

#[test]
fn php_warnings_around_the_json_change_nothing() {
    let good = r#"{"success":true,"result":{"ticket_id":"R"},"errors":[]}"#;
    for (before, after) in [
        (
            "<br />\n<b>Warning</b>:  Undefined index: x in <b>/a.php</b> on line <b>407</b><br />\n",
            "",
        ),
        ("<br /><b>Notice</b> in {closure} on line 3<br />", "\n"),
        ("\nWarning: array_key {x} on line 408\n\n", ""),
        ("\u{feff}\u{feff}\r\n", ""),
        ("[warning] x\n", ""),
        (
            "",
            "\n<br />\n<b>Fatal error</b>: Uncaught {main} thrown<br />",
        ),
    ] {
        assert_eq!(
            proves(200, &format!("{before}{good}{after}")),
            "created R",
            "{before:?}"
        );
        let expired = format!(r#"{before}{{"success":false,"errors":[408]}}{after}"#);
        assert_eq!(proves(500, &expired), "expired");
    }
}

#[test]
fn every_shape_of_errors_gives_its_code() {
    for errors in [
        r#"[407]"#,
        r#"["407"]"#,
        r#"[407,407]"#,
        r#"["407", "Missing required information"]"#,
        r#"["407", "407 = Missing required information."]"#,
        r#"["407 = Missing required information."]"#,
        r#"["407 Missing complaint"]"#,
        r#"["407: say more", "and more"]"#,
        r#"["407 - Missing required information"]"#,
        r#"[{"code":407,"message":"Missing required information"}]"#,
        r#"[{"code":"407","line":408,"zip":"406"}]"#,
        r#"[{"error":{"code":407}}]"#,
        r#"[{"407":"Missing required information"}]"#,
        r#"{"407":"Missing required information"}"#,
        r#"{"407":["Missing required information"]}"#,
        r#"{"code":407,"message":"line 408"}"#,
        r#"{"error_code":"407"}"#,
        r#"{"0":"407","1":"Missing required information"}"#,
        r#"{"complaint":"407 = Missing complaint"}"#,
        r#""407 = Missing required information""#,
        r#""407""#,
        r#"407"#,
        r#"[[407]]"#,
    ] {
        for success in ["false", "\"false\"", "0", "null", "\"\""] {
            let body = format!(r#"{{"success":{success},"result":[],"errors":{errors}}}"#);
            assert_eq!(proves(200, &body), "rejected 407", "{body}");
        }
        assert_eq!(
            proves(500, &format!(r#"{{"errors":{errors}}}"#)),
            "rejected 407"
        );
        let expired = format!(
            r#"{{"success":false,"errors":{}}}"#,
            errors.replace("407", "409")
        );
        assert!(proves(408, &expired).starts_with("own "), "{expired}");
    }
}

#[test]
fn only_codes_of_the_tables_reject() {
    for code in [405, 406, 407, 410, 411, 413, 414] {
        let body = format!(r#"{{"success":false,"result":[],"errors":["{code}"]}}"#);
        assert_eq!(proves(200, &body), format!("rejected {code}"));
    }
    check(&[
        (r#"{"success":false,"errors":["408"]}"#, "expired"),
        (r#"{"success":false,"errors":["409"]}"#, "own code.409"),
        (r#"{"success":false,"errors":["200"]}"#, "own code.200"),
        (r#"{"success":false,"errors":[412]}"#, "own code.412"),
        (
            r#"{"success":false,"errors":[{"code":"407"},{"code":"414"}]}"#,
            "own two_codes",
        ),
        (
            r#"{"success":false,"errors":["408","407"]}"#,
            "own two_codes",
        ),
        (
            r#"{"success":false,"errors":{"407":"408 = Not authenticated"}}"#,
            "own two_codes",
        ),
        (
            r#"{"success":false,"errors":"406 = Invalid doctor code.; 414 = Doctor submitted does not exist."}"#,
            "own two_codes",
        ),
        (
            r#"{"success":false,"errors":{"doctor":"406 = Invalid doctor code, 409 = Database query failure"}}"#,
            "own two_codes",
        ),
        (
            r#"{"success":false,"errors":"407 = Missing required information, 407 (patient 415)"}"#,
            "rejected 407",
        ),
    ]);
}

#[test]
fn a_number_that_could_be_something_else_is_no_code() {
    check(&[
        (
            r#"{"success":false,"errors":["error in line 407"]}"#,
            "own no_code",
        ),
        (
            r#"{"success":false,"errors":["407 Elm Street is no address"]}"#,
            "own no_code",
        ),
        (
            r#"{"success":false,"errors":["407-555-1234 is no phone"]}"#,
            "own no_code",
        ),
        (
            r#"{"success":false,"errors":["4075551234 = phone"]}"#,
            "own no_code",
        ),
        (
            r#"{"success":false,"errors":[{"line":407,"zip":"407"}]}"#,
            "own no_code",
        ),
        (
            r#"{"success":false,"errors":[{"value":"407"}]}"#,
            "own no_code",
        ),
        (r#"{"success":false,"errors":[40]}"#, "own unknown_error"),
        (r#"{"success":false,"errors":[-407]}"#, "own unknown_error"),
        (r#"{"success":false,"errors":[407.0]}"#, "own unknown_error"),
        (r#"{"success":false,"errors":true}"#, "own unknown_error"),
        (
            r#"{"success":false,"errors":["407",{"code":"E_DB"}]}"#,
            "own unknown_error",
        ),
        (
            r#"{"success":false,"errors":{"405":false,"407":null}}"#,
            "own unknown_error",
        ),
        (r#"{"success":false,"code":407,"errors":[]}"#, "own no_code"),
        (r#"{"success":false,"result":{"code":407}}"#, "own no_code"),
        (r#"{"code":407}"#, "foreign unreadable"),
        (r#"407"#, "foreign unreadable"),
        (
            r#""407 = Missing required information""#,
            "foreign unreadable",
        ),
    ]);
    assert_eq!(
        proves(407, "<html>407 Proxy Authentication Required</html>"),
        "foreign http.407"
    );
    assert_eq!(
        proves(408, "<html>408 Request Timeout</html>"),
        "foreign http.408"
    );
}

#[test]
fn an_id_beside_an_error_or_without_success_proves_nothing() {
    check(&[
        (
            r#"{"success":true,"result":{"ticket_id":"R"},"errors":["407"]}"#,
            "own id_and_error",
        ),
        (
            r#"{"success":true,"result":{"ticket_id":"R"},"errors":["note"]}"#,
            "own id_and_error",
        ),
        (
            r#"{"success":false,"result":{"ticket_id":"R"},"errors":["408"]}"#,
            "own id_and_error",
        ),
        (
            r#"{"success":false,"ticket_id":"R","errors":["407"]}"#,
            "own id_and_error",
        ),
        (
            r#"{"success":false,"result":{"ticket":{"ticketId":7}},"errors":[407]}"#,
            "own id_and_error",
        ),
        (
            r#"{"success":false,"errors":[{"code":407,"ticket_id":"R"}]}"#,
            "own id_and_error",
        ),
        (
            r#"{"success":false,"result":{"ticket_id":"R"},"errors":[]}"#,
            "own id_without_success",
        ),
        (r#"{"result":{"ticket_id":"R"}}"#, "own id_without_success"),
    ]);
}

#[test]
fn success_without_a_usable_id_proves_nothing() {
    check(&[
        (
            r#"{"success":true,"result":[],"errors":[]}"#,
            "own no_ticket_id",
        ),
        (
            r#"{"success":true,"result":{"ticket_id":""},"errors":[]}"#,
            "own no_ticket_id",
        ),
        (
            r#"{"success":true,"result":{"ticket_id":0},"errors":[]}"#,
            "own no_ticket_id",
        ),
        (
            r#"{"success":true,"result":{"ticket_id":"0"},"errors":[]}"#,
            "own no_ticket_id",
        ),
        (
            r#"{"success":true,"result":{"ticket_id":null},"errors":["407"]}"#,
            "own no_ticket_id",
        ),
        (
            r#"{"success":true,"result":{"ticket_id":1e40}}"#,
            "own no_ticket_id",
        ),
        (
            r#"{"success":true,"result":{"ticket_id":["R"]}}"#,
            "own no_ticket_id",
        ),
        (
            r#"{"success":true,"result":{"ticket_id":"R","ticket_id":"S"}}"#,
            "own two_ids",
        ),
        (
            r#"{"success":true,"result":[{"ticket_id":"R"},{"ticket_id":"S"}]}"#,
            "own two_ids",
        ),
    ]);
}

#[test]
fn an_answer_that_contradicts_itself_proves_nothing() {
    check(&[
        (
            r#"{"success":false,"success":true,"result":{"ticket_id":"R"}}"#,
            "own ambiguous",
        ),
        (
            r#"{"success":false,"errors":[407],"errors":[]}"#,
            "own ambiguous",
        ),
        (r#"{"success":"maybe","errors":[407]}"#, "own ambiguous"),
        (
            r#"{"success":[],"result":{"ticket_id":"R"}}"#,
            "own ambiguous",
        ),
        (r#"{"success":false}"#, "own no_code"),
        (
            "{\"success\":false,\"errors\":[407]}\n{\"success\":true,\"result\":{\"ticket_id\":\"R\"}}",
            "foreign unreadable",
        ),
        (
            "{\"success\":false,\"errors\":[407]}{\"success\":true}",
            "foreign unreadable",
        ),
        (
            "{\"success\":false,\"errors\":[407]}\n{\"success\":tr",
            "foreign unreadable",
        ),
    ]);
}

#[test]
fn whatever_is_not_the_apis_own_json_proves_nothing() {
    let good = r#"{"success":true,"result":{"ticket_id":"R"},"errors":[]}"#;
    for cut in 0..good.len() {
        assert_eq!(
            proves(200, good.get(..cut).unwrap()),
            "foreign unreadable",
            "cut at {cut}"
        );
    }
    check(&[
        ("OK, thanks", "foreign unreadable"),
        ("[]", "foreign unreadable"),
        (r#"{"message":"Forbidden"}"#, "foreign unreadable"),
        (
            r#"{"data":{"success":true,"result":{"ticket_id":"R"}}}"#,
            "foreign unreadable",
        ),
        (
            r#"[{"success":true,"result":{"ticket_id":"R"}}]"#,
            "foreign unreadable",
        ),
        (
            "[\n{\"success\":true,\"result\":{\"ticket_id\":\"R\"}}\n]",
            "foreign unreadable",
        ),
        (
            r#"Notice: got {"success":true,"result":{"ticket_id":"R"}}"#,
            "foreign unreadable",
        ),
        (
            "{\"data\":\n{\"success\":true,\"result\":{\"ticket_id\":\"R\"}}",
            "foreign unreadable",
        ),
        (&"[".repeat(100_000), "foreign unreadable"),
        (&"{\n".repeat(100_000), "foreign unreadable"),
        (
            &format!("<html>{}", "\n{\"a\":".repeat(10_000)),
            "foreign unreadable",
        ),
    ]);
    for status in [204, 301, 302, 307, 308, 401, 403, 404, 500, 502, 503, 504] {
        let word = if status == 204 {
            "unreadable".into()
        } else {
            format!("http.{status}")
        };
        assert_eq!(proves(status, ""), format!("foreign {word}"));
        assert_eq!(proves(status, "<html>"), format!("foreign {word}"));
    }
}

#[test]
fn messages_name_what_was_seen_and_no_value() {
    let body = r#"{"success":false,"result":{"patient_lname":"Abernathy"},"errors":["Abernathy"]}"#;
    let Reply::Unproven(seen) = submission(500, body.as_bytes(), &sent()) else {
        panic!("proves nothing");
    };
    assert!(!format!("{seen:?}{seen}").contains("Abernathy"));
    let Reply::Unproven(seen) = submission(502, b"<html>Abernathy", &sent()) else {
        panic!("proves nothing");
    };
    assert_eq!(
        seen.to_string(),
        "the server answered HTTP 502 with an HTML page instead of the API's JSON"
    );
}

fn differing(echo: &str) -> Vec<&'static str> {
    let body = format!(r#"{{"success":true,"result":{{"ticket_id":"R",{echo}}},"errors":[]}}"#);
    match submission(200, body.as_bytes(), &sent()) {
        Reply::Created { echo, .. } => echo.iter().map(|it| it.field.name()).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_echo_differs_where_the_server_stored_something_else() {
    for (echo, fields) in [
        (
            r#""patient_lname":"Núñez","dob":"19891230","call_type":"1""#,
            &[][..],
        ),
        (
            r#""patient_lname":"N\u00fa\u00f1ez","dob":19891230,"call_type":1"#,
            &[],
        ),
        (r#""comments":"first\nsecond""#, &[]),
        (r#""comments":" first\rsecond\n""#, &[]),
        (r#""comments":"first\n\nsecond""#, &["comments"]),
        (r#""prac":"99","client_code":"7","notes":"x""#, &[]),
        (r#""patient_lname":"NÃºÃ±ez""#, &["patient_lname"]),
        (
            r#""patient_lname":"N??ez","dob":"12/30/1989""#,
            &["patient_lname", "dob"],
        ),
        (
            r#""patient_lname":"","Call_type":null"#,
            &["patient_lname", "Call_type"],
        ),
        (r#""call_type":true,"dob":[]"#, &["dob", "Call_type"]),
        (r#""dob":19891230.5"#, &["dob"]),
    ] {
        assert_eq!(differing(echo), fields, "{echo}");
    }
}

#[test]
fn a_ticket_of_another_patient_is_not_this_rows() {
    let mut sent = sent();
    sent.set(TicketField::PatientFname, "Ana");
    let code = |echo: &str| {
        let body = format!(r#"{{"success":true,"result":{{"ticket_id":"R",{echo}}},"errors":[]}}"#);
        match submission(200, body.as_bytes(), &sent) {
            Reply::Created { .. } => "created".to_owned(),
            Reply::Unproven(seen) => seen.code.into_owned(),
            other => panic!("{other:?}"),
        }
    };
    for echo in [
        r#""patient_lname":"Bell","patient_fname":"Bob","dob":"19700101""#,
        r#""patient_lname":"BELL","patient_fname":"B","DOB":19700101"#,
        // Many share a day of birth, and not both names.
        r#""patient_lname":"Bell","patient_fname":"Bob","dob":"19891230""#,
        r#""patient_lname":"Bell","patient_fname":"Bob""#,
    ] {
        assert_eq!(code(echo), "other_echo", "{echo}");
    }
    for echo in [
        // Damaged, written otherwise, or not said: a warning at most.
        r#""patient_lname":"N??ez","patient_fname":"A","dob":"12/30/1989""#,
        r#""patient_lname":"NÚÑEZ","patient_fname":"B","dob":"19700101""#,
        r#""patient_lname":"Bell","patient_fname":"ANA ","dob":"19700101""#,
        r#""patient_lname":"ANA","patient_fname":"NUNEZ","dob":"19891230""#,
        r#""patient_lname":"Bell","dob":"19891230""#,
        r#""patient_lname":"Bell","patient_fname":"","dob":"19891230""#,
        r#""patient_lname":"Bell","patient_fname":"Ana Maria","dob":"19891230""#,
        r#""patient_lname":"","patient_fname":"","dob":"""#,
        r#""patient_lname":null,"patient_fname":null,"dob":"19700101""#,
        r#""comments":"Bell""#,
    ] {
        assert_eq!(code(echo), "created", "{echo}");
    }
}

#[test]
fn a_status_is_told_from_an_unknown_ticket_and_from_a_failure() {
    let own = |body: &str| ticket_status(200, body.as_bytes());
    assert_eq!(
        own(
            r#"{"success":true,"result":{"ticket_id":"Y","ticket_status":"IN PROGRESS"},"errors":[]}"#
        ),
        StatusReply::Status("IN PROGRESS".to_owned())
    );
    assert_eq!(
        own(r#"{"success":false,"errors":["406"]}"#),
        StatusReply::UnknownTicket
    );
    assert_eq!(
        own(r#"{"success":false,"errors":["408"]}"#),
        StatusReply::TokenExpired
    );
    assert_eq!(
        own(r#"{"success":false,"errors":["405"]}"#),
        StatusReply::Rejected(ErrorCode(405))
    );
    for (body, is_own) in [
        (r#"{"success":true,"result":[],"errors":[]}"#, true),
        (r#"{"success":false,"errors":["409"]}"#, true),
        ("<html>", false),
        ("", false),
    ] {
        let reply = own(body);
        assert!(matches!(reply, StatusReply::Unproven(_)), "{body}");
        assert_eq!(reply.is_own_answer(), is_own, "{body}");
    }
    assert!(own(r#"{"success":false,"errors":["406"]}"#).is_own_answer());
    assert!(!StatusReply::Refused { retry_after: None }.is_own_answer());
}

#[test]
fn a_login_gives_a_token_a_refusal_or_nothing() {
    let own = |body: &str| token(200, body.as_bytes());
    let TokenReply::Token(given) = own(r#"{"success":true,"result":{"token":"FuGB"},"errors":[]}"#)
    else {
        panic!("a token");
    };
    assert_eq!(given.expose(), "FuGB");
    let refused = |body: &str| match own(body) {
        TokenReply::Refused(codes) => codes,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        refused(r#"{"success":false,"result":[],"errors":["413"]}"#),
        [ErrorCode(413)]
    );
    assert_eq!(refused(r#"{"success":false,"errors":["no"]}"#), []);
    for body in [
        "",
        "<html>",
        r#"{"success":true,"result":[]}"#,
        r#"{"errors":[409]}"#,
    ] {
        assert!(matches!(own(body), TokenReply::Unproven(_)), "{body}");
    }
}

/// JSON-like texts from the API's own words, so that the interesting answers are hit.
fn near_answers() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"success\"",
        "\"result\"",
        "\"errors\"",
        "\"ticket_id\"",
        "\"code\"",
        "true",
        "false",
        "null",
        "0",
        "1",
        "407",
        "408",
        "\"407\"",
        "\"407 = x\"",
        "\"R\"",
        "\n",
        "<br>",
        "\u{feff}",
        "\"",
        "\\",
        "é",
    ]);
    prop::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

fn holds_a_ticket(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    text.contains("success") && (text.contains("ticket_id") || text.contains("ticketid"))
}

proptest! {
    #[test]
    fn any_bytes_are_judged_and_none_creates_without_success_and_id(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            near_answers().prop_map(String::into_bytes),
        ],
        status in 200_u16..600,
    ) {
        match submission(status, &bytes, &sent()) {
            Reply::Created { .. } => prop_assert!(holds_a_ticket(&bytes)),
            Reply::Rejected(code) => {
                prop_assert!(code.is_rejection());
                prop_assert!(String::from_utf8_lossy(&bytes).contains("errors"));
            }
            _ => {}
        }
        let _status = ticket_status(status, &bytes);
        let _token = token(status, &bytes);
    }

    #[test]
    fn a_bit_flipped_in_an_answer_never_makes_another_rejection(at in 0_usize..400, bit in 0_u8..8) {
        let mut bytes = br#"{"success":true,"result":{"patient_lname":"a","ticket_id":"RQxQ5s84H"},"errors":[]}"#.to_vec();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        let reply = submission(200, &bytes, &sent());
        prop_assert!(matches!(reply, Reply::Created { .. } | Reply::Unproven(_)), "{reply:?}");
    }
}

/// The words that the sources give to what proves nothing; what is put together of a family and a number is none of them.
fn words_in(source: &str) -> Vec<&str> {
    let calls = ["Unproven::own(", "Unproven::foreign("]
        .into_iter()
        .flat_map(|call| source.split(call).skip(1));
    calls
        .filter_map(|call| call.trim_start().strip_prefix('"')?.split('"').next())
        .collect()
}

#[test]
fn every_word_for_an_answer_that_proves_nothing_is_explained() {
    let mut words = words_in(include_str!("../reply.rs"));
    words.extend(words_in(include_str!("../client.rs")));
    words.extend(words_in(include_str!("../client/failure.rs")));
    for known in ["two_ids", "no_code", "ambiguous", "cut"] {
        assert!(words.contains(&known), "{known} is not among {words:?}");
    }
    // Those whose words are chosen elsewhere.
    words.extend(["timeout", "reset", "unreadable", "http.502", "code.599"]);
    for word in words {
        assert!(crate::code::explain(word).is_some(), "{word}");
    }
}
