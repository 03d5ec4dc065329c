//! What README, the example mapping and the samples say is so.

use crate::harness::Project;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};
use std::{fs, str};
use tempfile::TempDir;
use ticketload::columns::RESULTS;
use ticketload::mapping::Mapping;
use ticketload::ticket::Outcome;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ticketload");

/// The flags that other programs rely on.
const CONTRACT: [&str; 25] = [
    "--mapping",
    "--profile",
    "--server-url",
    "--username",
    "--password-file",
    "--key-file",
    "--results",
    "--rejects",
    "--strict",
    "--ledger",
    "--rate",
    "--workers",
    "--body",
    "--resource",
    "--timeout",
    "--give-up-after",
    "--stop-at",
    "--max-failures",
    "--no-canary",
    "--sandbox",
    "--limit",
    "--rows",
    "--sheet",
    "--format",
    "--help",
];

const COMMANDS: [&str; 12] = [
    "import",
    "validate",
    "inspect",
    "init",
    "status",
    "check",
    "encrypt-password",
    "explain",
    "sandbox",
    "completions",
    "man",
    "ledger",
];

const LEDGER_COMMANDS: [&str; 8] = [
    "runs", "show", "in-doubt", "resolve", "results", "check", "adopt", "purge",
];

/// A file of the repository.
fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(path).unwrap()
}

/// A folder with the samples and the example mapping in it, where a command may write.
fn desk() -> TempDir {
    let desk = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let samples = [
        "calls.csv",
        "night-calls.xlsx",
        "calls-dirty.csv",
        "night-calls-dirty.xlsx",
    ];
    for sample in samples {
        fs::copy(root.join("samples").join(sample), desk.path().join(sample)).unwrap();
    }
    let mapping = root.join("mapping.example.toml");
    fs::copy(mapping, desk.path().join("mapping.toml")).unwrap();
    desk
}

/// The program, unaware of the settings of whoever runs the tests.
fn clean(program: &str, desk: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().current_dir(desk);
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.env("HOME", desk);
    command
}

fn ticketload(desk: &Path, arguments: &[&str]) -> Output {
    clean(PROGRAM, desk).args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> &str {
    str::from_utf8(&output.stdout).unwrap()
}

fn help(arguments: &[&str]) -> String {
    let desk = tempfile::tempdir().unwrap();
    let output = ticketload(desk.path(), &[arguments, &["--help"]].concat());
    assert!(output.status.success());
    stdout(&output).to_owned()
}

/// The fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}\n");
    text.split(&opening)
        .skip(1)
        .map(|rest| rest.split("\n```").next().unwrap().to_owned())
        .collect()
}

/// The lines of README's shell blocks that call the program.
fn commands(text: &str) -> Vec<String> {
    blocks(text, "sh")
        .iter()
        .flat_map(|block| block.lines())
        .map(|line| line.trim().replace("cargo run --locked -- ", "ticketload "))
        .filter(|line| line.starts_with("ticketload "))
        .map(|line| line.split(" && ").next().unwrap().to_owned())
        .collect()
}

/// The words that begin with `start` and go on in capitals or small letters, as flags and variables do.
fn words(text: &str, start: &str) -> BTreeSet<String> {
    text.match_indices(start)
        .map(|(at, _)| {
            let letters = text.split_at(at + start.len()).1.chars();
            let rest: String = letters
                .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
                .collect();
            format!("{start}{rest}")
        })
        .filter(|word| word.len() > start.len())
        .collect()
}

/// Results as rows of `outcome, ticket_id, error_code`, after a look at the header.
fn results(path: &Path) -> Vec<(u64, String, String, String)> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    assert_eq!(reader.headers().unwrap(), RESULTS.as_slice());
    reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            let text = |column: usize| record[column].to_owned();
            (record[2].parse().unwrap(), text(4), text(5), text(6))
        })
        .collect()
}

#[test]
fn every_command_of_the_readme_is_one_that_the_program_takes() {
    let desk = tempfile::tempdir().unwrap();
    let commands = commands(&(file("README.md") + &file("samples/README.md")));
    assert!(commands.len() >= 12, "{commands:?}");
    for line in commands {
        // A real shell takes the line apart. Help is asked for last, so that all before it was understood.
        let script = format!("ticketload() {{ \"$PROGRAM\" \"$@\" --help; }}\n{line}");
        let output = clean("sh", desk.path())
            .env("PROGRAM", PROGRAM)
            .args(["-c", &script])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}\n{said}");
    }
    let wrong = ticketload(
        desk.path(),
        &["import", "calls.csv", "--no-such-flag", "--help"],
    );
    assert_eq!(
        wrong.status.code(),
        Some(2),
        "the check above would see nothing"
    );
}

#[test]
fn flags_of_the_contract_are_in_the_help_and_flags_of_the_readme_exist() {
    let import = words(&help(&["import"]), "--");
    for flag in CONTRACT {
        assert!(import.contains(flag), "import --help lacks {flag}");
    }
    let all: BTreeSet<String> = COMMANDS
        .iter()
        .map(|command| help(&[command]))
        .chain(
            LEDGER_COMMANDS
                .iter()
                .map(|command| help(&["ledger", command])),
        )
        .flat_map(|help| words(&help, "--"))
        .collect();
    let of_cargo = ["--locked", "--path"];
    for flag in words(&file("README.md"), "--") {
        let is_known = all.contains(&flag) || of_cargo.contains(&flag.as_str());
        // Rules of tables are made of hyphens, too.
        assert!(
            is_known || flag.chars().all(|c| c == '-'),
            "{flag} does not exist"
        );
    }
}

#[test]
fn commands_and_variables_are_the_same_in_help_and_readme() {
    let readme = file("README.md");
    let general = help(&[]);
    for command in COMMANDS {
        assert!(general.contains(&format!("\n  {command} ")), "{command}");
    }
    let in_help: BTreeSet<String> = COMMANDS
        .iter()
        .flat_map(|command| words(&help(&[command]), "TICKETLOAD_"))
        .collect();
    assert_eq!(words(&readme, "TICKETLOAD_"), in_help);
}

#[test]
fn exit_codes_are_the_same_in_help_and_readme() {
    let general = help(&[]);
    let table = general.split("Exit codes:\n").nth(1).unwrap();
    let table = table.split("\n\n").next().unwrap();
    let numbers = |text: &str| -> Vec<u8> {
        text.split([',', ' ', '`', '|'])
            .filter(|word| !word.is_empty())
            .map_while(|word| word.parse().ok())
            .collect()
    };
    let in_help: BTreeSet<u8> = table
        .lines()
        .flat_map(|line| line.trim().split("   "))
        .flat_map(|half| numbers(half.trim()))
        .collect();
    let readme = file("README.md");
    let section = readme.split("\n## Exit codes\n").nth(1).unwrap();
    let in_readme: BTreeSet<u8> = section
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .flat_map(numbers)
        .collect();
    assert_eq!(in_readme, in_help);
    assert_eq!(in_help.len(), 11);
    // What was sent and could not be told has the code of what was not sent.
    let manual = Project::new().run(&["man"]).exits(0).stdout;
    let five = section.lines().find(|line| line.starts_with("| `5`"));
    for text in [five.unwrap(), table, &manual] {
        assert!(text.contains("could not be written"), "{text}");
    }
}

#[test]
fn the_readme_explains_every_outcome_and_every_column_of_the_results() {
    let readme = file("README.md");
    for outcome in Outcome::ALL {
        assert!(readme.contains(&format!("`{outcome}`")), "{outcome}");
    }
    let section = readme.split("\n## The results file\n").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    for column in RESULTS {
        assert!(section.contains(&format!("`{column}`")), "{column}");
    }
}

#[test]
fn the_report_has_the_keys_that_the_readme_documents() {
    let desk = desk();
    let output = ticketload(
        desk.path(),
        &["import", "calls-dirty.csv", "--sandbox", "--format", "json"],
    );
    assert_eq!(output.status.code(), Some(1));
    let real: Value = serde_json::from_slice(&output.stdout).unwrap();
    let documented: Value = serde_json::from_str(&blocks(&file("README.md"), "json")[0]).unwrap();
    let keys = |value: &Value, place: &str| -> BTreeSet<String> {
        let found = value.pointer(place).and_then(Value::as_object);
        let found = found.unwrap_or_else(|| panic!("nothing at {place}"));
        found.keys().cloned().collect()
    };
    for place in [
        "",
        "/outcomes",
        "/files/0",
        "/files/0/outcomes",
        "/files/0/problems/0",
        "/files/0/run",
    ] {
        assert_eq!(keys(&documented, place), keys(&real, place), "at {place:?}");
    }
    assert_eq!(documented["version"], real["version"]);
}

#[test]
fn the_profile_of_the_readme_is_understood() {
    let desk = tempfile::tempdir().unwrap();
    let readme = file("README.md");
    let profiles: Vec<String> = blocks(&readme, "toml")
        .into_iter()
        .filter(|block| block.contains("[profile."))
        .collect();
    assert_eq!(profiles.len(), 2);
    for (profile, name) in profiles.iter().zip(["default", "production"]) {
        fs::write(desk.path().join("ticketload.toml"), profile).unwrap();
        let output = ticketload(desk.path(), &["check", "--profile", name]);
        let said = String::from_utf8_lossy(&output.stderr);
        // All of it was read once it is the password's file that is missed.
        assert!(said.contains("the password file"), "{said}");
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn the_mapping_of_the_readme_is_a_mapping_without_warnings() {
    let readme = file("README.md");
    let blocks = blocks(&readme, "toml");
    let text = blocks
        .iter()
        .find(|block| block.contains("[fields]"))
        .unwrap();
    let mapping = Mapping::parse("mapping.toml", text).unwrap_or_else(|error| panic!("{error}"));
    assert!(mapping.warnings(false).is_empty());
}

#[test]
fn the_clean_samples_become_tickets_row_by_row() {
    let desk = desk();
    let output = ticketload(
        desk.path(),
        &["import", "calls.csv", "night-calls.xlsx", "--sandbox"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    let mut tickets = BTreeSet::new();
    for (name, rows) in [("calls.results.csv", 40), ("night-calls.results.csv", 36)] {
        let results = results(&desk.path().join(name));
        assert_eq!(results.len(), rows);
        for (place, (row, outcome, ticket, _)) in results.into_iter().enumerate() {
            assert_eq!(
                (row, outcome.as_str()),
                (place as u64 + 2, "created"),
                "{name}"
            );
            assert!(tickets.insert(ticket), "two rows have one ticket");
        }
    }
}

#[test]
fn the_clean_samples_have_nothing_to_complain_of() {
    let desk = desk();
    let arguments = [
        "validate",
        "calls.csv",
        "night-calls.xlsx",
        "--format",
        "json",
    ];
    let report: Value =
        serde_json::from_slice(&ticketload(desk.path(), &arguments).stdout).unwrap();
    for file in report["files"].as_array().unwrap() {
        assert_eq!(file["problems"], Value::Array(Vec::new()));
        assert_eq!(file["remarks"], Value::Array(Vec::new()));
    }
}

#[test]
fn the_dirty_samples_hold_the_invalid_rows_that_their_page_tells_of() {
    let desk = desk();
    for (name, rows, invalid) in [
        ("calls-dirty.csv", 24, 11),
        ("night-calls-dirty.xlsx", 16, 10),
    ] {
        let output = ticketload(
            desk.path(),
            &["validate", name, "--hidden", "import", "--format", "json"],
        );
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (output.status.code(), &report["files"][0]["rows"]),
            (Some(1), &rows.into())
        );
        assert_eq!(report["outcomes"]["invalid"], Value::from(invalid));
        let told = format!("{invalid} of its {rows}");
        assert!(
            file("samples/README.md").replace('\n', " ").contains(&told),
            "{told}"
        );
    }
}

#[test]
fn rejects_that_nobody_mended_are_refused_again() {
    let desk = desk();
    for (name, invalid) in [("calls-dirty.csv", 11), ("night-calls-dirty.xlsx", 10)] {
        let rejects = name.replace('.', "-rejects.");
        let first = [
            "import",
            name,
            "--hidden",
            "import",
            "--sandbox=kept",
            "--rejects",
            &rejects,
        ];
        assert_eq!(ticketload(desk.path(), &first).status.code(), Some(1));
        let again = ["import", &rejects, "--sandbox=kept"];
        assert_eq!(ticketload(desk.path(), &again).status.code(), Some(1));
        let path = desk.path().join(&rejects).with_extension("results.csv");
        let unmended = results(&path);
        assert_eq!(unmended.len(), invalid);
        assert!(
            unmended.iter().all(|row| row.1 == "invalid"),
            "{unmended:?}"
        );
    }
}

#[test]
fn an_error_of_the_spreadsheet_is_still_one_in_the_rejects() {
    let desk = desk();
    let name = "night-calls-dirty.xlsx";
    let first = [
        "import",
        name,
        "--hidden",
        "import",
        "--sandbox",
        "--rejects",
        "rejects.xlsx",
    ];
    assert_eq!(ticketload(desk.path(), &first).status.code(), Some(1));
    let report = ticketload(
        desk.path(),
        &["validate", "rejects.xlsx", "--format", "json"],
    );
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    let problems = report["files"][0]["problems"].as_array().unwrap();
    let is_error =
        |problem: &&Value| problem["code"] == "unreadable.cell" && problem["column"] == "Practice";
    assert_eq!(problems.iter().filter(is_error).count(), 1, "{problems:?}");
}
