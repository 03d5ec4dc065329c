//! Every fault, seen from a socket, and what the log says of the ticket behind it.

use super::*;

#[tokio::test]
async fn faults_before_anything_is_done_leave_no_ticket() {
    let mut stage = Stage::faults("http429@1,http503_before@2,http500_before@3,expire@4").await;
    for status in [429, 503, 500] {
        let answer = stage.submit(&call("fever")).await.unwrap();
        assert_eq!(answer.status, status);
        assert_eq!(answer.head.contains("retry-after: 1"), status != 500);
        assert!(answer.text().starts_with("<html>"));
    }
    assert_eq!(stage.submit(&call("fever")).await.unwrap().codes(), [408]);
    assert_eq!(
        stage.submit(&call("fever")).await.unwrap().codes(),
        [408],
        "the token is gone"
    );
    assert!(stage.log().is_empty());
    stage.log_in().await;
    stage.submit(&call("fever")).await.unwrap().ticket_id();
    let faults: Vec<_> = stage
        .events()
        .iter()
        .map(|event| event["fault"].clone())
        .collect();
    let null = Value::Null;
    assert_eq!(
        faults,
        [
            null.clone(),
            json!("http429"),
            json!("http503_before"),
            json!("http500_before"),
            json!("expire"),
            null.clone(),
            null.clone(),
            null
        ]
    );
}

#[tokio::test]
async fn resets_are_resets_with_a_ticket_or_without() {
    for (fault, tickets) in [("reset_before", 0), ("reset_after", 1)] {
        let mut stage = Stage::faults(&format!("{fault}@1")).await;
        let error = stage.submit(&call("fever")).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{fault}");
        assert_eq!(stage.log().len(), tickets, "{fault}");
        assert!(
            stage
                .log()
                .iter()
                .all(|ticket| ticket.fault.as_deref() == Some(fault))
        );
        stage.stream = connect(&stage.sandbox).await;
        stage.submit(&call("fever")).await.unwrap().ticket_id();
    }
}

#[tokio::test]
async fn a_hang_says_nothing_until_the_sandbox_ends() {
    for (fault, tickets) in [("hang_before", 0), ("hang", 1)] {
        let mut stage = Stage::faults(fault).await;
        stage.write_submission().await;
        while stage.events().len() < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(stage.log().len(), tickets, "{fault}");
        stage.sandbox.stop().await;
        let mut answer = Vec::new();
        // With the body unread, the end of the connection is a reset.
        let end = stage.stream.read_to_end(&mut answer).await;
        assert!(end.is_ok() || fault == "hang_before");
        assert_eq!(answer, b"", "{fault}");
    }
}

#[tokio::test]
async fn a_cut_answer_is_shorter_than_it_promised() {
    let mut stage = Stage::faults("truncate@1").await;
    stage.write_submission().await;
    let (status, _, promised) = stage.read_head().await.unwrap();
    let mut half = Vec::new();
    stage.stream.read_to_end(&mut half).await.unwrap();
    assert_eq!((status, half.len()), (200, promised / 2));
    assert!(half.starts_with(b"{\"success\":true"));
    assert_eq!(stage.log().len(), 1);
}

#[tokio::test]
async fn faults_after_the_ticket_was_made_do_not_say_so() {
    let plan = "http500_after@1,http502_after@2,http503_after@3,http504_after@4,redirect307@5,garbage@6,code409_after@7,two_codes@8,no_id@9,id_and_error@10";
    let mut stage = Stage::faults(plan).await;
    for status in [500, 502, 503, 504] {
        let answer = stage.submit(&call("fever")).await.unwrap();
        assert_eq!(answer.status, status);
        assert!(answer.text().starts_with("<html>"));
    }
    let redirect = stage.submit(&call("fever")).await.unwrap();
    assert_eq!(redirect.status, 307);
    assert!(
        redirect
            .head
            .contains("location: /cc/modules/apiv2/index.php?resource=as&token=")
    );
    let garbage = stage.submit(&call("fever")).await.unwrap();
    assert_eq!((garbage.status, garbage.text()), (200, "OK, thanks"));
    assert_eq!(stage.submit(&call("fever")).await.unwrap().codes(), [409]);
    assert_eq!(
        stage.submit(&call("fever")).await.unwrap().codes(),
        [406, 414]
    );
    let no_id = stage.submit(&call("fever")).await.unwrap();
    assert_eq!(no_id.text(), r#"{"success":true,"result":[],"errors":[]}"#);
    let both = stage.submit(&call("fever")).await.unwrap();
    assert_eq!(both.codes(), [407]);
    let log = stage.log();
    assert_eq!(
        both.json()["result"]["ticket_id"],
        log[9].ticket_id.as_str()
    );
    let faults: Vec<_> = log
        .iter()
        .map(|ticket| ticket.fault.clone().unwrap())
        .collect();
    let planned = plan
        .split(',')
        .map(|entry| entry.split_once('@').unwrap().0);
    assert_eq!(faults, planned.collect::<Vec<_>>());
    stage.submit(&call("fever [[reject:407]]")).await.unwrap();
    assert_eq!(stage.log().len(), 10);
}

#[tokio::test]
async fn odd_dress_still_says_the_ticket_that_is_in_the_log() {
    let mut stage = Stage::faults("warn@1,bom@2,json500@3,numeric_id@4,odd_id@5,slow@6").await;
    let mut said = Vec::new();
    for _ in 0..6 {
        let answer = stage.submit(&call("fever")).await.unwrap();
        let text = answer.text();
        let (_, json) = text.split_at(text.find("{\"success").unwrap());
        let json: Value = serde_json::from_str(json).unwrap();
        said.push((
            answer.status,
            text.chars().next(),
            json["result"]["ticket_id"].clone(),
        ));
    }
    assert_eq!(said[0].1, Some('<'));
    assert_eq!(said[1].1, Some('\u{feff}'));
    let statuses: Vec<_> = said.iter().map(|(status, ..)| *status).collect();
    assert_eq!(statuses, [200, 200, 500, 200, 200, 200]);
    assert!(said[3].2.is_u64());
    assert!(said[4].2.as_str().unwrap().starts_with("=1+\""));
    for ((_, _, id), ticket) in said.iter().zip(stage.log()) {
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        assert_eq!(id, ticket.ticket_id);
    }
}

#[tokio::test]
async fn another_tickets_id_is_the_one_before() {
    let mut stage = Stage::faults("other_id").await;
    let mut said = Vec::new();
    for _ in 0..3 {
        said.push(stage.submit(&call("fever")).await.unwrap().ticket_id());
    }
    let made: Vec<_> = stage
        .log()
        .into_iter()
        .map(|ticket| ticket.ticket_id)
        .collect();
    assert_eq!(said, [&*made[0], &*made[0], &*made[1]]);
}

#[tokio::test]
async fn a_huge_answer_goes_on_far_beyond_a_mebibyte() {
    let mut stage = Stage::faults("huge").await;
    stage.write_submission().await;
    let (status, head, _) = stage.read_head().await.unwrap();
    assert_eq!(status, 200);
    assert!(head.contains("transfer-encoding: chunked"));
    let mut some = vec![0; 4 << 20];
    stage.stream.read_exact(&mut some).await.unwrap();
    assert_eq!(stage.log().len(), 1);
}

#[tokio::test]
async fn an_idle_connection_closes_unannounced_after_a_whole_answer() {
    let mut stage = Stage::faults("close_idle@1").await;
    let answer = stage.submit(&call("fever")).await.unwrap();
    answer.ticket_id();
    assert!(!answer.head.contains("connection: close"));
    assert_eq!(stage.stream.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn logins_and_status_calls_have_faults_of_their_own() {
    let plan =
        "token:http500@1,token:refuse@2,token:garbage@3,status:expire@2,status:http503_before@1";
    let mut stage = Stage::logged_out(|settings| settings.faults = plan.parse().unwrap()).await;
    assert_eq!(stage.login("bulk", PASSWORD).await.unwrap().status, 500);
    assert_eq!(stage.login("bulk", PASSWORD).await.unwrap().codes(), [413]);
    assert_eq!(
        stage.login("bulk", PASSWORD).await.unwrap().text(),
        "OK, thanks"
    );
    stage.log_in().await;
    let id = stage.submit(&call("fever")).await.unwrap().ticket_id();
    assert_eq!(stage.status(&id).await.status, 503);
    assert_eq!(stage.status(&id).await.codes(), [408]);
}

#[tokio::test]
async fn a_row_asks_for_its_fault_once() {
    let mut stage = Stage::with(|_| {}).await;
    let payload = call("fever [[fault:http429]]");
    assert_eq!(stage.submit(&payload).await.unwrap().status, 429);
    stage.submit(&payload).await.unwrap().ticket_id();
    stage
        .submit(&call("[[fault:nonsense]]"))
        .await
        .unwrap()
        .ticket_id();
    stage
        .submit(&call("[[fault:refuse]]"))
        .await
        .unwrap()
        .ticket_id();
}

#[tokio::test]
async fn probable_faults_repeat_with_the_seed() {
    let mut lives = Vec::new();
    for _ in 0..2 {
        let mut stage = Stage::faults("http429=0.3,warn=0.3").await;
        for _ in 0..40 {
            stage.submit(&call("fever")).await.unwrap();
        }
        let faults: Vec<_> = stage
            .events()
            .iter()
            .map(|event| event["fault"].clone())
            .collect();
        let ids: Vec<_> = stage
            .log()
            .into_iter()
            .map(|ticket| ticket.ticket_id)
            .collect();
        for kind in [json!("http429"), json!("warn"), Value::Null] {
            assert!(faults.contains(&kind), "{kind}");
        }
        lives.push((faults, ids));
    }
    assert_eq!(lives[0], lives[1]);
}

#[tokio::test]
async fn every_error_style_holds_the_code() {
    let expected = [
        (
            "list",
            json!([
                "414",
                "Doctor submitted does not exist in submitted practice."
            ]),
        ),
        (
            "objects",
            json!([{"code": 414, "message": "Doctor submitted does not exist in submitted practice."}]),
        ),
        (
            "object",
            json!({"code": 414, "message": "Doctor submitted does not exist in submitted practice."}),
        ),
        (
            "map",
            json!({"414": "Doctor submitted does not exist in submitted practice."}),
        ),
        (
            "string",
            json!("414 = Doctor submitted does not exist in submitted practice."),
        ),
        ("number", json!(414)),
    ];
    for (style, errors) in &expected {
        let mut stage = Stage::with(|settings| settings.error_style = style.parse().unwrap()).await;
        let answer = stage.submit(&call("[[reject:414]]")).await.unwrap();
        assert_eq!(
            (answer.status, &answer.json()["errors"]),
            (200, errors),
            "{style}"
        );
        assert_eq!(answer.json()["result"], json!([]));
    }
    let mut stage = Stage::with(|settings| settings.error_style = ErrorStyle::Mixed).await;
    let (mut shapes, mut statuses) = (HashSet::new(), HashSet::new());
    for _ in 0..200 {
        let answer = stage.submit(&call("[[reject:414]]")).await.unwrap();
        shapes.insert(answer.json()["errors"].to_string());
        statuses.insert(answer.status);
    }
    assert_eq!(
        shapes,
        expected
            .iter()
            .map(|(_, errors)| errors.to_string())
            .collect()
    );
    assert_eq!(statuses, HashSet::from([200, 400]));
    assert!(
        "lists"
            .parse::<ErrorStyle>()
            .unwrap_err()
            .to_string()
            .contains("objects")
    );
}
