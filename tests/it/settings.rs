//! Settings come from flags, then from the environment, then from the profile, then from the defaults.

use crate::harness::{Project, Ran, Running, Server, calls, csv, told};

/// A project whose profile has the account of a server, password and key as given.
fn with_profile(server: &Server, password: &str, key: &str) -> Project {
    let project = Project::new();
    project.write("password", password);
    project.write("key", key);
    let url = server.url();
    project.write(
        "ticketload.toml",
        format!(
            "[profile.default]\nserver_url = \"{url}\"\nusername = \"sandbox\"\npassword_file = \"password\"\n\
             key_file = \"key\"\n"
        ),
    );
    project
}

/// Runs a command with some variables in its environment.
fn run_with(project: &Project, variables: &[(&str, &str)], args: &[&str]) -> Ran {
    let mut command = project.command(args);
    command.envs(variables.iter().copied());
    Running::start(command).end()
}

#[test]
fn a_secret_in_the_environment_goes_before_the_profiles_file_and_behind_the_flags() {
    let server = Server::new();
    let project = with_profile(&server, "an old password", "an old key");
    project.run(&["check"]).exits(4);
    let right = [
        ("TICKETLOAD_PASSWORD", "sandbox password"),
        ("TICKETLOAD_KEY", "sandbox key"),
    ];
    run_with(&project, &right, &["check"]).exits(0);
    run_with(&project, &right, &["check", "--password-file", "password"]).exits(4);
    run_with(&project, &right, &["check", "--key-file", "key"]).exits(4);
    // What is set to nothing is not set.
    let project = with_profile(&server, "sandbox password", "sandbox key");
    let nothing = [("TICKETLOAD_PASSWORD", ""), ("TICKETLOAD_KEY", "")];
    run_with(&project, &nothing, &["check"]).exits(0);
}

#[test]
fn a_variable_that_is_set_to_nothing_is_as_good_as_not_set() {
    let server = Server::new();
    let project = with_profile(&server, "sandbox password", "sandbox key");
    project.write("calls.csv", csv(&calls(1)));
    for nothing in ["", " "] {
        let variables = [
            "TICKETLOAD_LEDGER",
            "TICKETLOAD_MAPPING",
            "TICKETLOAD_PROFILE",
            "TICKETLOAD_RATE",
            "TICKETLOAD_SERVER_URL",
            "TICKETLOAD_USERNAME",
            "TICKETLOAD_WORKERS",
        ]
        .map(|name| (name, nothing));
        for args in [
            &["import", "calls.csv"] as &[&str],
            &["validate", "calls.csv"],
            &["ledger", "runs"],
        ] {
            run_with(&project, &variables, args).exits(0);
        }
        let help = run_with(&project, &variables, &["import", "--help"]).exits(0);
        for (name, _) in variables {
            assert!(help.stdout.contains(&format!("[env: {name}=")), "{name}");
        }
    }
    assert_eq!(server.tickets().len(), 1);
}

#[test]
fn a_flag_that_is_given_nothing_is_refused() {
    let server = Server::new();
    let project = with_profile(&server, "sandbox password", "sandbox key");
    project.write("calls.csv", csv(&calls(1)));
    for flag in [
        "--ledger",
        "--mapping",
        "--profile",
        "--rate",
        "--server-url",
        "--username",
        "--workers",
    ] {
        project.run(&["import", "calls.csv", flag, ""]).exits(2);
    }
    assert!(server.tickets().is_empty());
}

#[test]
fn the_number_of_workers_comes_from_the_environment_too() {
    let server = Server::new();
    let project = with_profile(&server, "sandbox password", "sandbox key");
    project.write("calls.csv", csv(&calls(1)));
    let none = [("TICKETLOAD_WORKERS", "0")];
    run_with(&project, &none, &["import", "calls.csv"])
        .exits(2)
        .says("workers");
    run_with(&project, &none, &["import", "calls.csv", "--workers", "1"]).exits(0);
}

#[test]
fn a_value_is_told_with_the_place_that_it_came_from() {
    let server = Server::new();
    let project = with_profile(&server, "sandbox password", "sandbox key");
    project.write("calls.csv", csv(&calls(1)));
    let import = ["import", "calls.csv"];
    for (variable, flag, wrong) in [
        ("TICKETLOAD_RATE", "--rate", "9/h"),
        ("TICKETLOAD_WORKERS", "--workers", "many"),
    ] {
        let ran = run_with(&project, &[(variable, wrong)], &import).exits(2);
        let ran = ran.says(&format!("for '{variable}'"));
        assert!(
            !ran.stderr.contains(&format!("for '{flag}")),
            "{}",
            ran.all()
        );
        let typed = format!("{flag}={wrong}");
        for typed in [&[typed.as_str()][..], &[flag, wrong]] {
            let line = [&import[..], typed].concat();
            let ran = run_with(&project, &[(variable, "1")], &line).exits(2);
            ran.says(&format!("for '{flag} "));
        }
    }
    let profile = project.read("ticketload.toml");
    for (line, what) in [
        ("body = \"xml\"", "`body` must be `json` or `form`"),
        ("workers = 0", "`workers` must be between 1 and 256"),
        ("timeout = 0", "`timeout` must be between"),
        ("proxy = \"proxy.example.com\"", "`proxy` must be a URL"),
        ("resource = \"a b\"", "`resource` must be a word"),
        ("rate = \"9/h\"", "`rate`: a rate is written like 5/s"),
    ] {
        project.write("ticketload.toml", format!("{profile}{line}\n"));
        let ran = project.run(&import).exits(2);
        ran.says(&format!("ticketload.toml, line 6: {what}"));
    }
    assert_eq!(server.requests("ticket"), 0);
}

#[test]
fn space_around_a_user_name_is_no_part_of_it() {
    let server = Server::new();
    let project = with_profile(&server, "sandbox password", "sandbox key");
    project.write("calls.csv", csv(&calls(2)));
    project.run(&["import", "calls.csv"]).exits(0);
    let spaced = [("TICKETLOAD_USERNAME", " sandbox\r\n")];
    run_with(&project, &spaced, &["import", "calls.csv"]).exits(0);
    project
        .run(&["import", "calls.csv", "--username", "sandbox\r"])
        .exits(0);
    let profile = project.read("ticketload.toml");
    let profile = profile.replace("\"sandbox\"", "\"sandbox \\n\"");
    project.write("ticketload.toml", profile);
    project.run(&["import", "calls.csv"]).exits(0);
    // The account is the same each time, and so are the calls.
    assert_eq!(server.tickets().len(), 2);
}

#[test]
fn results_are_written_again_with_the_mapping_of_the_environment_before_that_of_the_profile() {
    let server = Server::new();
    let project = with_profile(&server, "sandbox password", "sandbox key");
    project.write("calls.csv", csv(&calls(2)));
    let path = |name: &str| project.path(name);
    std::fs::rename(path("mapping.toml"), path("calls.toml")).unwrap();
    project
        .run(&["import", "calls.csv", "--mapping", "calls.toml"])
        .exits(0);
    project.write("changed.toml", project.read("calls.toml") + "# changed\n");
    let results = |variables: &[(&str, &str)]| {
        let args = ["ledger", "results", "1", "--results", "-"];
        let ran = run_with(&project, variables, &args).exits(0);
        let has_keys = told(&ran.stdout).iter().all(|row| !row.key.is_empty());
        (has_keys, ran.stderr.contains("without keys"))
    };
    let right = [("TICKETLOAD_MAPPING", "calls.toml")];
    let other = [("TICKETLOAD_MAPPING", "changed.toml")];
    let nothing = [("TICKETLOAD_MAPPING", " ")];
    assert_eq!(results(&right), (true, false));
    for variables in [&other[..], &nothing, &[]] {
        assert_eq!(results(variables), (false, true), "{variables:?}");
    }
    let profile = project.read("ticketload.toml");
    project.write(
        "ticketload.toml",
        format!("{profile}mapping = \"calls.toml\"\n"),
    );
    assert_eq!(results(&other), (false, true));
    assert_eq!(results(&nothing), (true, false));
    project.write(
        "ticketload.toml",
        format!("{profile}mapping = \"changed.toml\"\n"),
    );
    assert_eq!(results(&right), (true, false));
    assert_eq!(results(&[]), (false, true));
}

#[test]
fn encrypt_password_takes_the_key_of_the_profile() {
    let server = Server::new();
    let project = with_profile(&server, "sandbox password", "sandbox key");
    // Standard input is empty, so that no password follows: it comes that far only with a key.
    let asked = |args: &[&str]| {
        project
            .run(&[&["encrypt-password"], args].concat())
            .exits(2)
    };
    asked(&[]).says("the password is empty or blank");
    asked(&["--profile", "nobody"]).says("there is no profile 'nobody'");
}

#[test]
fn an_empty_key_is_told_with_a_hint_about_the_key() {
    let project = Project::new();
    project.write("key", "\n");
    project.write("password", "a password\n");
    let mut command = project.command(&["encrypt-password", "--key-file", "key"]);
    command.stdin(std::fs::File::open(project.path("password")).unwrap());
    let told = command.output().unwrap();
    let text = String::from_utf8(told.stderr).unwrap();
    assert_eq!(told.status.code(), Some(2), "{text}");
    assert!(text.contains("the encryption key is empty"), "{text}");
    assert!(text.contains("hint: the key file"), "{text}");
    assert!(!text.contains("type the password"), "{text}");
}
