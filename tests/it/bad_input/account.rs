//! Servers, accounts and settings that are wrong: exit code 2, or 4 where the server says no.

use super::{refused, with_mapping};
use crate::harness::{Action, RawServer, Running, Server};

#[test]
fn a_server_address_that_is_wrong_or_not_safe() {
    let project = with_mapping(str::to_owned);
    for (url, word) in [
        ("mtc-qa.example.com/cc", "https"),
        ("ftp://127.0.0.1/x", "https"),
        ("https://", "URL"),
        ("http://example.com/cc/modules/apiv2", "http"),
        ("http://10.0.0.1/cc/modules/apiv2", "http"),
        ("http://127.0.0.1.example.com/cc", "http"),
    ] {
        let ran = project
            .import(&Server::new(), &["calls.csv", "--server-url", url])
            .exits(2);
        assert!(ran.stderr.contains(word), "{url}: {}", ran.stderr);
        assert!(!project.path("calls.results.csv").exists());
    }
}

#[test]
fn settings_that_are_missing_say_how_to_give_them() {
    let project = with_mapping(str::to_owned);
    project
        .run(&["import", "calls.csv"])
        .exits(2)
        .says("--server-url")
        .says("TICKETLOAD_SERVER_URL");
    let server = Server::new();
    for (variable, flag) in [
        ("TICKETLOAD_PASSWORD", "--password-file"),
        ("TICKETLOAD_KEY", "--key-file"),
        ("TICKETLOAD_USERNAME", "--username"),
    ] {
        let mut command = project.command_for(server.url(), &["import", "calls.csv"]);
        command.env_remove(variable);
        Running::start(command)
            .end()
            .exits(2)
            .says(flag)
            .says(variable);
    }
}

#[test]
fn settings_out_of_their_bounds() {
    let project = with_mapping(str::to_owned);
    for args in [
        ["--workers", "0"],
        ["--workers", "100000"],
        ["--rate", "fast"],
        ["--rate", "0/s"],
        ["--timeout", "0"],
        ["--rows", "9-2"],
        ["--limit", "0"],
        ["--max-failures", "a few"],
        ["--stop-at", "25:00"],
        ["--give-up-after", "soon"],
        ["--body", "xml"],
        ["--resource", "a&b"],
        ["--profile", "nobody"],
    ] {
        let server = Server::new();
        let ran = project
            .import(&server, &["calls.csv", args[0], args[1]])
            .exits(2);
        assert!(!ran.all().contains("panicked"));
        assert!(server.tickets().is_empty(), "{args:?}");
    }
}

#[test]
fn a_wrong_password_key_or_user() {
    let project = with_mapping(str::to_owned);
    for variable in [
        "TICKETLOAD_PASSWORD",
        "TICKETLOAD_KEY",
        "TICKETLOAD_USERNAME",
    ] {
        let server = Server::new();
        let mut command = project.command_for(server.url(), &["import", "calls.csv"]);
        command.env(variable, "wrong");
        let ran = Running::start(command).end().exits(4);
        assert!(
            ran.all().contains("refused the user name or password"),
            "{}",
            ran.all()
        );
        assert_eq!(
            (server.requests("ticket"), server.requests("token")),
            (0, 1)
        );
        let told = project.results("calls.results.csv");
        assert!(
            told.iter()
                .all(|row| row.outcome == "not_sent" && row.error_code == "not_authenticated")
        );
    }
}

#[test]
fn an_account_whose_tokens_are_never_accepted_is_not_asked_for_ever() {
    let project = with_mapping(str::to_owned);
    let server = Server::with_faults("expire");
    project.import(&server, &["calls.csv"]).exits(4);
    assert!(
        server.requests("token") <= 4,
        "{}",
        server.requests("token")
    );
    assert!(server.tickets().is_empty());
}

#[test]
fn a_server_that_is_not_this_api() {
    let pages: [&[u8]; 4] = [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nNot Found",
        b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":\"up\"}",
        b"HTTP/1.1 301 Moved\r\nLocation: https://example.com/\r\nContent-Length: 0\r\n\r\n",
    ];
    for page in pages {
        let project = with_mapping(str::to_owned);
        let server = RawServer::new(|_, _| Action::Hang).with_login(page);
        let command = project.command_for(&server.url(), &["import", "calls.csv"]);
        let ran = Running::start(command).end().exits(2);
        assert!(
            ran.stderr.contains("not the") || ran.stderr.contains("not this API"),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stderr.contains("hint: check the server URL"),
            "{}",
            ran.stderr
        );
        assert!(server.submissions().is_empty());
    }
}

#[test]
fn a_path_that_is_not_the_apis_on_the_right_server() {
    let (project, server) = (with_mapping(str::to_owned), Server::new());
    let url = server.url().replace("/cc/modules/apiv2", "/cc");
    project
        .import(&server, &["calls.csv", "--server-url", &url])
        .exits(2);
    assert!(server.tickets().is_empty());
}

#[test]
fn a_profile_file_with_an_error_names_its_line() {
    let project = with_mapping(str::to_owned);
    project.write(
        "ticketload.toml",
        "[profile.default]\nserver_url = \"https://example.com\"\npasword_file = \"x\"\n",
    );
    refused(
        &project,
        &["calls.csv"],
        2,
        &["ticketload.toml", "line 3", "pasword_file"],
    );
}

#[test]
fn a_secret_in_the_profile_file_is_never_shown() {
    let project = with_mapping(str::to_owned);
    for (text, words) in [
        (
            "[profile]\npassword = \"hunter2-SECRET\"\n",
            ["line 2", "`password_file`"],
        ),
        (
            "[profile.default]\ntimeout = \"hunter2-SECRET\"\n",
            ["`timeout` wants a number of seconds", "timeout = 60"],
        ),
    ] {
        project.write("ticketload.toml", text);
        for command in ["import", "validate"] {
            let ran = project.run(&[command, "calls.csv"]).exits(2);
            assert!(!ran.all().contains("SECRET"), "{}", ran.all());
            let ran = ran.says(words[0]).says(words[1]);
            assert!(!ran.all().contains("struct"), "{}", ran.all());
        }
    }
}
