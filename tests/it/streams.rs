//! Standard input, pipes, compressed files, odd names and files that move: each is imported once, or refused as a whole.

use crate::harness::{
    Call, Project, Ran, Running, Server, assert_told_truly, calls, count, csv, outcomes, told,
};
use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// No test waits this long for a file; one that does fails.
const PATIENCE: Duration = Duration::from_secs(120);

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

/// Imports what is fed to standard input.
fn import_fed(project: &Project, server: &Server, args: &[&str], content: &[u8]) -> Ran {
    let args: Vec<&str> = ["import"].iter().chain(args).copied().collect();
    let mut child = project
        .command_for(server.url(), &args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that refuses at once does not read what it is fed.
    child.stdin.take().unwrap().write_all(content).ok();
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Six calls of which the third is invalid.
fn one_wrong() -> Vec<Call> {
    let mut calls = calls(6);
    calls[2].dob = "unknown".to_owned();
    calls
}

const FIRST: [&str; 6] = [
    "created", "created", "invalid", "created", "created", "created",
];

/// The outcomes of the second time.
fn again() -> [&'static str; 6] {
    FIRST.map(|outcome| match outcome {
        "created" => "already_created",
        other => other,
    })
}

#[test]
fn standard_input_is_imported_with_results_and_rejects_and_known_again() {
    for content in [
        csv(&one_wrong()).into_bytes(),
        gzip(csv(&one_wrong()).as_bytes()),
    ] {
        let (project, server) = (Project::new(), Server::new());
        for expected in [FIRST, again()] {
            let args = ["-", "--rejects", "wrong.csv"];
            let ran = import_fed(&project, &server, &args, &content).exits(1);
            assert!(ran.stdout.contains("stdin.results.csv"), "{}", ran.stdout);
            let told = project.results("stdin.results.csv");
            assert_eq!(outcomes(&told), expected);
            assert!(told.iter().all(|row| row.file == "stdin"));
            assert_told_truly(&told, &one_wrong(), &server.tickets());
            assert!(project.read("wrong.csv").contains("invalid.dob"));
        }
        let mended = project.read("wrong.csv").replace("unknown", "02/03/1944");
        import_fed(&project, &server, &["-"], mended.as_bytes()).exits(0);
        assert_eq!(server.tickets().len(), 6);
        // A copy in the temporary folder would outlive its reader.
        assert_eq!(std::fs::read_dir(project.temporary()).unwrap().count(), 0);
    }
}

#[test]
fn a_dump_whose_reader_has_enough_is_no_failure() {
    let project = Project::new();
    project.write("calls.csv", csv(&calls(5000)));
    let mut child = project
        .command(&["inspect", "calls.csv", "--dump", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert_eq!(told, "");
}

#[test]
fn results_of_standard_input_can_go_to_standard_output() {
    let (project, server) = (Project::new(), Server::new());
    let args = ["-", "--results", "-"];
    let content = csv(&one_wrong());
    for expected in [FIRST, again()] {
        let ran = import_fed(&project, &server, &args, content.as_bytes()).exits(1);
        assert_eq!(outcomes(&told(&ran.stdout)), expected);
        assert!(!project.path("stdin.results.csv").exists());
    }
}

#[test]
fn outputs_of_standard_input_that_cannot_be_written_are_told_before_anything_is_sent() {
    for args in [
        ["-", "--results", "nowhere/results.csv"],
        ["-", "--rejects", "nowhere/wrong.csv"],
    ] {
        let (project, server) = (Project::new(), Server::new());
        let ran = import_fed(&project, &server, &args, csv(&calls(3)).as_bytes()).exits(2);
        assert!(ran.stderr.contains("nowhere"), "{}", ran.stderr);
        assert_eq!((server.tickets().len(), server.requests("ticket")), (0, 0));
    }
}

#[test]
fn a_stderr_that_cannot_be_written_ends_nothing() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(6)));
    let runs: [(&[&str], i32); 4] = [
        (&["import", "calls.csv"], 0),
        (&["import", "calls.csv", "--results", "-"], 0),
        (&["ledger", "results", "1"], 0),
        (&["import", "nowhere.csv"], 3),
    ];
    for (args, code) in runs {
        let mut command = project.command_for(server.url(), args);
        let full = std::fs::File::options().write(true).open("/dev/full");
        command.stdout(Stdio::null()).stderr(full.unwrap());
        let status = command.status().unwrap();
        assert_eq!(status.code(), Some(code), "{args:?}: {status}");
        let told = project.results("calls.results.csv");
        assert_told_truly(&told, &calls(6), &server.tickets());
        assert_eq!(outcomes(&told), ["created"; 6]);
    }
}

#[test]
fn a_report_that_cannot_be_written_hides_no_worse_end() {
    let refused = Server::with_faults("token:refuse=1");
    let sound = Server::new();
    let project = Project::new();
    project.write("calls.csv", csv(&calls(3)));
    project.write("wrong.csv", csv(&one_wrong()));
    let commands: [(&Server, &[&str], i32); 8] = [
        (&refused, &["import", "calls.csv"], 4),
        (&sound, &["import", "calls.csv", "nowhere.csv"], 3),
        (&sound, &["import", "calls.csv"], 5),
        (&sound, &["import", "calls.csv", "--format", "json"], 5),
        (&sound, &["validate", "calls.csv", "nowhere.csv"], 3),
        (&sound, &["validate", "wrong.csv"], 5),
        (&sound, &["inspect", "calls.csv", "nowhere.csv"], 3),
        (&sound, &["inspect", "calls.csv"], 5),
    ];
    for (server, args, code) in commands {
        let mut command = project.command_for(server.url(), args);
        let full = std::fs::File::options().write(true).open("/dev/full");
        let output = command.stdout(full.unwrap()).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {told}");
        assert!(told.contains("the report cannot be written"), "{told}");
    }
}

#[test]
fn what_is_no_file_is_never_written_over() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(3)));
    let _socket = std::os::unix::net::UnixListener::bind(project.path("socket")).unwrap();
    let commands: [&[&str]; 4] = [
        &["import", "calls.csv", "--results", "socket"],
        &["import", "calls.csv", "--rejects", "socket"],
        &["status", "--ticket", "T1", "--output", "socket"],
        &["inspect", "calls.csv", "--dump", "socket"],
    ];
    for args in commands {
        let ran = project.run_for(&server, args).exits(2);
        for part in ["socket", "a device or a pipe", "\nhint: "] {
            assert!(ran.stderr.contains(part), "{args:?}: {}", ran.all());
        }
        let facts = project.path("socket").metadata().unwrap();
        assert!(facts.file_type().is_socket(), "{args:?}");
    }
    assert_eq!(
        (server.requests("ticket"), server.requests("status")),
        (0, 0)
    );
}

#[test]
fn a_compressed_file_is_imported_and_known_again_also_unpacked() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv.gz", gzip(csv(&one_wrong()).as_bytes()));
    for expected in [FIRST, again()] {
        let args = ["calls.csv.gz", "--rejects", "wrong.csv"];
        project.import(&server, &args).exits(1);
        let told = project.results("calls.results.csv");
        assert_eq!(outcomes(&told), expected);
        assert!(told.iter().all(|row| row.file == "calls.csv.gz"));
        assert_told_truly(&told, &one_wrong(), &server.tickets());
        assert!(project.read("wrong.csv").contains("invalid.dob"));
    }
    project.write("calls.csv", csv(&one_wrong()));
    project.import(&server, &["calls.csv"]).exits(1);
    assert_eq!(outcomes(&project.results("calls.results.csv")), again());
    assert_eq!(server.tickets().len(), 5);
}

#[test]
fn a_compressed_file_that_is_cut_short_sends_nothing() {
    let (project, server) = (Project::new(), Server::new());
    let packed = gzip(csv(&calls(400)).as_bytes());
    project.write("calls.csv.gz", &packed[..packed.len() - 20]);
    let ran = project.import(&server, &["calls.csv.gz"]).exits(3);
    ran.says("cut short or damaged").says("export it again");
    assert_eq!(server.tickets().len(), 0);
}

#[test]
fn a_named_pipe_is_imported_and_known_again() {
    let (project, server) = (Project::new(), Server::new());
    let pipe = project.path("calls.csv");
    mkfifo(&pipe);
    for expected in [FIRST, again()] {
        let running = project.start_import(&server, &["calls.csv", "--rejects", "wrong.csv"]);
        // Opening waits for the reader.
        std::fs::write(&pipe, csv(&one_wrong())).unwrap();
        running.end().exits(1);
        let told = project.results("calls.results.csv");
        assert_eq!(outcomes(&told), expected);
        assert_told_truly(&told, &one_wrong(), &server.tickets());
        assert!(project.read("wrong.csv").contains("invalid.dob"));
    }
}

fn mkfifo(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

/// Whether an import of `calls.csv` is stopped by a signal while it waits for its input.
fn is_stopped_while_it_waits(project: &Project, server: &Server, running: Running, signal: &str) {
    running.signal(signal);
    let code = if signal == "INT" { 130 } else { 143 };
    running.end().exits(code).says("before anything was sent");
    assert!(!project.path("calls.results.csv").exists());
    assert!(server.tickets().is_empty());
    // And nobody holds the ledger any more.
    project.write("other.csv", csv(&calls(1)));
    project.import(server, &["other.csv"]).exits(0);
}

#[test]
fn a_pipe_whose_writer_hangs_keeps_nobody_from_stopping_the_import() {
    for signal in ["INT", "TERM", "HUP"] {
        let (project, server) = (Project::new(), Server::new());
        let pipe = project.path("calls.csv");
        mkfifo(&pipe);
        let running = project.start_import_on_a_terminal(&server, &["calls.csv"]);
        // Opening waits for the reader.
        let writer = std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
        is_stopped_while_it_waits(&project, &server, running, signal);
        drop(writer);
    }
}

#[test]
fn a_pipe_that_nobody_writes_to_keeps_nobody_from_stopping_the_import() {
    let (project, server) = (Project::new(), Server::new());
    mkfifo(&project.path("calls.csv"));
    let running = project.start_import(&server, &["calls.csv"]);
    // Signals are listened to before the ledger is made, and the input is opened behind it.
    let begun = Instant::now();
    while !project.home().join("state/ticketload/ledger.db").exists() {
        assert!(begun.elapsed() < PATIENCE, "no ledger was made");
        std::thread::yield_now();
    }
    is_stopped_while_it_waits(&project, &server, running, "TERM");
}

#[test]
fn a_mapping_that_does_not_come_keeps_nobody_from_stopping_the_import() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(2)));
    let pipe = project.path("slow.toml");
    mkfifo(&pipe);
    let running = project.start_import(&server, &["calls.csv", "--mapping", "slow.toml"]);
    let writer = std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
    is_stopped_while_it_waits(&project, &server, running, "INT");
    drop(writer);
}

/// Far more rows than are read ahead of what is sent.
const MANY: usize = 6_000;

/// Imports a file that `change` changes while its rows are being sent.
fn import_changed(change: impl Fn(&Path, &str)) {
    let (project, server) = (Project::new(), Server::new());
    let many = calls(MANY);
    let content = csv(&many);
    project.write("calls.csv", &content);
    let running = project.start_import(&server, &["calls.csv"]);
    server.wait_for(5);
    change(&project.path("calls.csv"), &content);
    let ran = running.end().exits(3);
    assert!(
        ran.all().contains("changed while it was read"),
        "{}",
        ran.all()
    );
    let created = server.tickets().len();
    assert!(created < MANY, "it was noticed only at the end");
    // The file is put back: what has a ticket is known, and nothing was doubled.
    std::fs::remove_file(project.path("calls.csv")).unwrap();
    project.write("calls.csv", &content);
    project.import(&server, &["calls.csv"]).exits(0);
    let told = project.results("calls.results.csv");
    assert_eq!(count(&told, "already_created"), created);
    assert_told_truly(&told, &many, &server.tickets());
}

#[test]
fn a_file_that_grows_while_it_is_sent_ends_the_run() {
    import_changed(|path, _| {
        let mut file = std::fs::File::options().append(true).open(path).unwrap();
        file.write_all(b"C99999,Late,Ann,01/01/1950,late,1234,17,2125550000,\n")
            .unwrap();
    });
}

#[test]
fn a_file_that_is_replaced_while_it_is_sent_ends_the_run() {
    import_changed(|path, content| {
        let other = path.with_extension("new");
        std::fs::write(&other, content.replace("fever", "cough")).unwrap();
        std::fs::rename(&other, path).unwrap();
    });
}

#[test]
fn a_path_that_is_no_utf_8_is_imported_and_known_again() {
    let (project, server) = (Project::new(), Server::new());
    let folder = project.path("mapping.toml").parent().unwrap().to_owned();
    let name = OsStr::from_bytes(b"n\xfcsse.csv");
    if std::fs::write(folder.join(name), csv(&calls(3))).is_err() {
        println!("skipped: this file system takes no such name");
        return;
    }
    for expected in ["created", "already_created"] {
        let mut command = project.command_for(server.url(), &["import"]);
        command.arg(name);
        Running::start(command).end().exits(0);
        let results = folder.join(OsStr::from_bytes(b"n\xfcsse.results.csv"));
        let text = std::fs::read_to_string(results).unwrap();
        let told = told(&text);
        assert_eq!(outcomes(&told), [expected; 3]);
        assert!(told.iter().all(|row| row.file == "n\u{fffd}sse.csv"));
    }
    for command in ["validate", "inspect"] {
        let mut command = project.command(&[command]);
        command.arg(name);
        Running::start(command).end().exits(0);
    }
}

#[test]
fn rejects_are_not_written_to_a_file_called_dash() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(2)));
    project
        .import(&server, &["calls.csv", "--rejects", "-"])
        .exits(2)
        .says("rejects go to a file");
    assert_eq!(server.requests("ticket"), 0);
    project.import(&server, &["calls.csv"]).exits(0);
    let again = ["ledger", "results", "1", "--mapping", "mapping.toml"];
    project
        .run(&[&again[..], &["--rejects", "-"]].concat())
        .exits(2)
        .says("rejects go to a file");
    assert!(!project.path("-").exists());
    // A file that is really called so can be named.
    project
        .run(&[&again[..], &["--rejects", "./-"]].concat())
        .exits(0);
    assert!(project.path("-").exists());
}
