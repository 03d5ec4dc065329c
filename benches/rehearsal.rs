//! How fast a file is rehearsed: reading, mapping, all rules and the payload of every row, against a bare loop over
//! the same records.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use ticketload::api::BodyFormat;
use ticketload::import::{Known, Observer, Purpose, RunEvent, Stop, Table, Watch, rehearse};
use ticketload::input::{Input, Options};
use ticketload::ledger::Identities;
use ticketload::mapping::Mapping;
use ticketload::reading::Selection;

/// Enough that start-up costs nothing, little enough that a sample takes milliseconds.
const ROWS: usize = 20_000;

const MAPPING: &str = r#"
version = 1
[key]
columns = ["call_id"]
[fields]
patient_lname = "lname"
patient_fname = "fname"
dob = { column = "dob", dates = ["%Y%m%d"] }
complaint = "complaint"
prac = "prac"
contact_phone = "phone"
sex = "sex"
email = "email"
city = "city"
state = "state"
zip = "zip"
comments = "comments"
txt = "txt"
Call_type = "type"
"#;

struct Nobody;

impl Observer for Nobody {
    fn observe(&self, _: &RunEvent) {}
}

fn write_calls(path: &Path) {
    let mut text =
        "lname,fname,dob,complaint,prac,phone,sex,email,city,state,zip,comments,txt,type,call_id\n"
            .to_owned();
    for row in 0..ROWS {
        let _infallible = writeln!(
            text,
            "Abernathy,Zoë,19{:02}0{}1{},\"fever, cough and chills since last night\",P{},212555{:04},F,user{row}@example.org,\
             Fairhaven,FL,33101,asks for a call back before the weekend,1|2|3|4,1,CALL{row:09}",
            30 + row % 60,
            1 + row % 9,
            row % 10,
            row % 400,
            100 + row % 100,
        );
    }
    std::fs::write(path, text).expect("the temporary folder can be written");
}

fn rehearsal(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("calls.csv");
    write_calls(&path);
    let mapping = Arc::new(Mapping::parse("mapping.toml", MAPPING).expect("the mapping is right"));
    let mut group = criterion.benchmark_group("rehearsal");
    group
        .throughput(Throughput::Elements(ROWS as u64))
        .sample_size(20);
    group.bench_function("bare csv loop", |bencher| {
        bencher.iter(|| {
            let mut reader = csv::Reader::from_path(&path).expect("the file is there");
            let mut record = csv::ByteRecord::new();
            while reader
                .read_byte_record(&mut record)
                .expect("the file is sound")
            {
                black_box(&record);
            }
        });
    });
    group.bench_function("all rules and payloads", |bencher| {
        bencher.iter(|| {
            let input = Input::open(&path, &Options::default()).expect("the file is a table");
            let today = jiff::civil::date(2026, 11, 22);
            let table = Table::new(
                "calls.csv".into(),
                input,
                Arc::clone(&mapping),
                Selection::default(),
                today,
            )
            .expect("the mapping fits");
            let purpose = Purpose::Check(BodyFormat::Json);
            let watch = Watch {
                observer: &Nobody,
                stop: &Stop::new(),
            };
            let rehearsal = rehearse(
                &table,
                &Identities::passing(),
                Known::default(),
                purpose,
                watch,
            )
            .expect("the file can be read");
            assert_eq!(rehearsal.rows, ROWS as u64);
            black_box(rehearsal.outcomes)
        });
    });
    group.finish();
}

criterion_group!(benches, rehearsal);
criterion_main!(benches);
