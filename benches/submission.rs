//! What durability costs: rows per second into the sandbox with the ledger on disk, with `synchronous=FULL` and with
//! `OFF`, for 1, 8 and 32 workers, in runs of about a second.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use secrecy::{SecretSlice, SecretString};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use ticketload::api::{BodyFormat, Client, Credentials, Endpoint, Tokens};
use ticketload::import::{
    Conditions, Known, Observer, Office, Purpose, Rate, RunEvent, Stop, Table, Watch, rehearse, run,
};
use ticketload::input::{Input, Options};
use ticketload::ledger::{Ledger, Scope, Synchronous};
use ticketload::mapping::Mapping;
use ticketload::reading::Selection;
use ticketload::sandbox::{Sandbox, Settings};

/// Workers, and how many rows keep them busy for about a second.
const SIZES: [(usize, usize); 3] = [(1, 1_000), (8, 5_000), (32, 10_000)];

const MAPPING: &str = r#"
version = 1
[key]
columns = ["id"]
[fields]
patient_lname = "lname"
patient_fname = { value = "Zoë" }
dob = { value = "19891230" }
complaint = { value = "fever, cough and chills since last night" }
prac = { value = "1234" }
"#;

struct Nobody;

impl Observer for Nobody {
    fn observe(&self, _: &RunEvent) {}
}

fn write_calls(path: &Path, rows: usize) {
    let rows: String = (0..rows)
        .map(|row| format!("CALL{row},Abernathy\n"))
        .collect();
    std::fs::write(path, format!("id,lname\n{rows}")).expect("the temporary folder can be written");
}

fn office(
    sandbox: &Sandbox,
    settings: &Settings,
    ledger: Ledger,
    workers: usize,
) -> Office<Client> {
    let endpoint = Endpoint {
        server_url: sandbox.url().parse().expect("the sandbox has an address"),
        resource: settings.resource.clone(),
        body: BodyFormat::Json,
        timeout: Duration::from_secs(30),
        proxy: None,
        safe_503: false,
        workers,
    };
    let credentials = Credentials {
        username: settings.username.clone(),
        password: SecretString::from(settings.password.clone()),
        key: SecretSlice::from(settings.key.clone()),
    };
    let transport =
        Arc::new(Client::new(&endpoint, credentials).expect("the client needs no certificates"));
    Office {
        tokens: Arc::new(Tokens::new(Arc::clone(&transport))),
        transport,
        identities: ledger
            .identities(&Scope::new("bench".to_owned(), None))
            .expect("an account without a name wants no look"),
        ledger: Arc::new(ledger),
        target: "bench".to_owned(),
        conditions: Conditions {
            workers,
            rate: Rate::Unlimited,
            give_up_after: Duration::from_secs(30),
            stop_at: None,
            max_failures: None,
            canary: None,
        },
        observer: Arc::new(Nobody),
        stop: Stop::new(),
    }
}

/// Imports the file into a new ledger; the sandbox goes on.
async fn import(
    folder: &Path,
    sandbox: &Sandbox,
    settings: &Settings,
    ledger: Ledger,
    workers: usize,
) {
    let office = office(sandbox, settings, ledger, workers);
    let mapping = Arc::new(Mapping::parse("mapping.toml", MAPPING).expect("the mapping is right"));
    let input =
        Input::open(&folder.join("calls.csv"), &Options::default()).expect("the file is a table");
    let today = jiff::civil::date(2026, 11, 22);
    let table = Table::new(
        "calls.csv".into(),
        input,
        mapping,
        Selection::default(),
        today,
    )
    .expect("the mapping fits");
    let purpose = Purpose::Send(BodyFormat::Json);
    let watch = Watch {
        observer: &Nobody,
        stop: &office.stop,
    };
    let rehearsal = rehearse(&table, &office.identities, Known::default(), purpose, watch)
        .expect("the file can be read");
    let summary = run(&office, Arc::new(table), &rehearsal, [0; 32], None)
        .await
        .expect("the ledger takes it");
    assert_eq!(summary.end.word(), "finished");
}

fn durability(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let settings = Settings {
        folder: folder.path().join("sandbox"),
        ..Settings::default()
    };
    let sandbox = runtime
        .block_on(Sandbox::start(settings.clone()))
        .expect("a free port");
    let mut group = criterion.benchmark_group("submission");
    group.sample_size(10);
    for (workers, rows) in SIZES {
        write_calls(&folder.path().join("calls.csv"), rows);
        group.throughput(Throughput::Elements(rows as u64));
        for (name, synchronous) in [("FULL", Synchronous::Full), ("OFF", Synchronous::Off)] {
            group.bench_function(BenchmarkId::new(name, workers), |bencher| {
                bencher.iter(|| {
                    let place =
                        tempfile::tempdir_in(folder.path()).expect("a folder for the ledger");
                    let ledger = Ledger::open_with(&place.path().join("ledger.db"), synchronous)
                        .expect("a new ledger");
                    runtime.block_on(import(folder.path(), &sandbox, &settings, ledger, workers));
                });
            });
        }
    }
    group.finish();
    runtime.block_on(sandbox.stop());
}

criterion_group!(benches, durability);
criterion_main!(benches);
