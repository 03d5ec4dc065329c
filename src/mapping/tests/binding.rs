//! A mapping meets a file's header, a translation, a fingerprint.

use super::*;

fn refused(header: &str) -> String {
    let more = "zip = 'Zip Code'\n[key]\ncolumns = ['Call ID']";
    mapping(more)
        .bind(&columns(header), "calls.csv", true, date(2024, 6, 1))
        .unwrap_err()
        .to_string()
}

#[test]
fn headers_match_whatever_their_case_and_space() {
    let header = columns("\u{feff}LAST  NAME,first name , Dob,reason\u{a0},x");
    let mut mapper = mapping("")
        .bind(&header, "calls.csv", true, date(2024, 6, 1))
        .unwrap();
    let mut row = Row::default();
    for text in ["Abernathy", "", "12/30/1989", "Fever", ""] {
        row.push(text);
    }
    let mut call = Mapped::default();
    mapper.map(&row, &mut call);
    assert_eq!(
        told(&call),
        ["error missing.patient_fname first name: is blank; a ticket needs it"]
    );
}

#[test]
fn a_column_that_is_not_there_is_shown_with_what_was_meant() {
    assert_eq!(
        refused("Call ID,Last Name,Frist Name,DOB,Reason"),
        r#"error: no column 'First Name'; did you mean 'Frist Name'?
 --> mapping.toml:5:17
  |
5 | patient_fname = "First Name"
  |                 ^^^^^^^^^^^^ not in calls.csv

error: no column 'Zip Code'
 --> mapping.toml:9:7
  |
9 | zip = 'Zip Code'
  |       ^^^^^^^^^^ not in calls.csv
  |
  = help: calls.csv has the columns 'Call ID', 'Last Name', 'Frist Name', 'DOB' and 'Reason'"#
    );
}

/// It hangs on the last one, which is not shown.
#[test]
fn what_is_there_instead_is_told_however_many_columns_are_missing() {
    let many: Vec<_> = (0..30).map(|number| format!("'Column {number}'")).collect();
    let many = format!("comments = {{ columns = [{}] }}", many.join(", "));
    for (header, advice) in [
        (HEADER, "calls.csv has the columns 'Last Name'"),
        (
            "C-1,Quillfeather,Ada,12/30/1989,Fever",
            "must hold the headers",
        ),
    ] {
        let bound = mapping(&many).bind(&columns(header), "calls.csv", true, date(2024, 6, 1));
        let told = bound.unwrap_err().to_string();
        let (_, last) = told.split_once("... and ").unwrap();
        assert!(last.contains("help: ") && last.contains(advice), "{told}");
        assert!(!told.contains("Quillfeather"));
    }
}

#[test]
fn a_column_that_stands_twice_is_refused_only_where_it_is_used() {
    let both = "Call ID,Last Name,First Name,DOB,Reason,zip code,Other,Other";
    assert_eq!(
        refused(&format!("{both},ZIP CODE")),
        r#"error: the column 'Zip Code' stands more than once in calls.csv
 --> mapping.toml:9:7
  |
9 | zip = 'Zip Code'
  |       ^^^^^^^^^^ columns F and I
  |
  = help: give the columns different headers in the file"#
    );
    let header = columns(&format!("{both},Zip Code"));
    let bound = mapping("zip = 'Zip Code'").bind(&header, "calls.csv", true, date(2024, 6, 1));
    assert!(bound.is_ok(), "one of them is written exactly so");
}

#[test]
fn a_first_row_that_is_no_header_is_not_quoted() {
    let told = refused("C-1,Quillfeather,Ada,12/30/1989,Fever,02139");
    assert!(!told.contains("Quillfeather"));
    assert!(told.contains("no column 'Last Name'") && told.contains("set header_row in [source]"));
}

#[test]
fn columns_that_another_delimiter_would_find_are_its_matter() {
    let told = |header: &[&str], is_text| {
        let header: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
        let bound = mapping("").bind(&header, "calls.csv", is_text, date(2024, 6, 1));
        bound.unwrap_err().to_string()
    };
    let names = "Last Name;\"First Name\";dob; Reason";
    for (sign, word) in [(";", ";"), ("\t", "tab"), ("^", "^")] {
        let text = told(&[&names.replace(';', sign)], true);
        let expected = format!("write `delimiter = \"{word}\"` in [source]");
        assert!(text.contains(&expected), "{text}");
    }
    // The comma that was taken stands within a name.
    let cut = ["Doctor (Last", " First);Last Name;DOB;Reason"];
    assert!(told(&cut, true).contains("`delimiter = \";\"`"));
    for (header, is_text) in [
        (&[names][..], false),
        (&["Last Name", "First Name", "Reason", "Born; DOB"], true),
        (&["Last Name", "First Name", "Born/DOB/Age"], true),
        (&["Quillfeather;Ada;12/30/1989;Fever"], true),
    ] {
        let text = told(header, is_text);
        assert!(
            !text.contains("delimiter") && !text.contains("Ada"),
            "{text}"
        );
    }
}

#[test]
fn a_patient_in_place_of_the_header_is_not_quoted_for_one_likeness() {
    // `Female` is enough like `Email` to be taken for a slip of the pen.
    let patient = columns("Quillfeather,Ada,12/30/1989,Fever,Female,ada@example.org");
    let bound = mapping("email = 'Email'").bind(&patient, "calls.csv", true, date(2024, 6, 1));
    let told = bound.unwrap_err().to_string();
    assert!(told.contains("no column 'Email'\n") && told.contains("set header_row in [source]"));
    for value in patient {
        assert!(!told.contains(&value), "{told}");
    }
}

#[test]
fn a_patient_is_not_quoted_where_a_value_is_called_like_a_column() {
    let told = refused("Fever,Ada,12/30/1989,Reason,(212) 555-0100");
    assert!(!told.contains("Ada") && !told.contains("12/30/1989") && !told.contains("0100"));
    assert!(!told.contains("no column 'Reason'"), "it is there: {told}");
    assert!(told.contains("set header_row in [source]"), "{told}");
}

#[test]
fn a_header_that_holds_a_date_is_used_all_the_same() {
    let header = columns(&format!("{HEADER},6/1/2024"));
    let bound = mapping("").bind(&header, "calls.csv", true, date(2024, 6, 1));
    assert!(bound.is_ok(), "all columns are there");
}

#[test]
fn a_translate_file_is_handed_in_and_checked() {
    let text = "state = { column = 'State', translate = { 'the keys' = 'FL' }, translate_file = 'states.csv' }";
    let mut with_file = mapping(text);
    let files: Vec<_> = with_file
        .translate_files()
        .map(|file| (file.field, file.path.to_owned()))
        .collect();
    assert_eq!(files, [(F::State, "states.csv".to_owned())]);
    let pair = |value: &str, target: &str| (value.to_owned(), target.to_owned());
    let unread = with_file.bind(&columns(HEADER), "calls.csv", true, date(2024, 6, 1));
    assert!(
        unread
            .unwrap_err()
            .to_string()
            .contains("'states.csv' cannot be read: it was not handed in")
    );

    let pairs = [
        pair("Empire", "NY"),
        pair("empire ", "NJ"),
        pair("Sooner", "Okla"),
        pair("", "x"),
        pair("", ""),
    ];
    let errors = with_file
        .clone()
        .set_translation(F::State, &pairs)
        .unwrap_err();
    let titles: Vec<_> = errors.titles().collect();
    assert_eq!(
        titles,
        [
            "pair 2 of 'states.csv' translates a value that has another target already",
            "the target of pair 3 of 'states.csv' is not a state; write its two letters or its name",
            "pair 4 of 'states.csv' has no value to translate",
        ]
    );
    assert!(errors.to_string().contains(" --> mapping.toml:9:"));

    let before = with_file.fingerprint();
    with_file.set_translation(F::State, &pairs[..1]).unwrap();
    assert_ne!(before, with_file.fingerprint());
    for (state, code) in [("EMPIRE", "NY"), ("The Keys", "FL")] {
        let call = map(&with_file, &[("State", state)]);
        assert_eq!(call.payload.get(F::State), Some(code));
    }
}

#[test]
fn a_translate_file_that_cannot_be_read_is_shown_at_its_line() {
    let mapping = mapping("state = { column = 'State', translate_file = 'states.csv' }");
    let told = mapping
        .translate_file_error(F::State, "no such file")
        .to_string();
    assert!(
        told.starts_with("error: 'states.csv' cannot be read: no such file\n --> mapping.toml:9:"),
        "{told}"
    );
}

#[test]
fn the_fingerprint_changes_with_the_text() {
    assert_eq!(mapping("").fingerprint(), mapping("").fingerprint());
    assert_ne!(
        mapping("").fingerprint(),
        mapping("zip = 'ZIP'").fingerprint()
    );
}

#[test]
fn a_key_that_fills_a_patients_field_is_warned_about() {
    let warned = mapping("[key]\ncolumns = ['first name']").warnings(false);
    assert_eq!(warned.len(), 1);
    assert!(
        warned[0].starts_with("warning: the key's column 'first name' also fills `patient_fname`")
    );
    let calm = mapping("field_mr = 'Call ID'\n[key]\ncolumns = ['Call ID']");
    assert!(calm.warnings(false).is_empty());
    assert!(calm.has_key());
    assert_eq!(calm.key_columns(), ["Call ID"]);
}

#[test]
fn date_formats_that_leave_a_doubt_are_warned_about() {
    let text = SMALL.replace(
        "[\"%m/%d/%Y\"]",
        "[\"%m/%d/%Y\", \"%d/%m/%Y\", \"%m-%d-%y\"]",
    );
    let warned = Mapping::parse("mapping.toml", &text)
        .unwrap()
        .warnings(false);
    assert_eq!(warned.len(), 2);
    assert!(
        warned[0].contains("\"%m/%d/%Y\" and \"%d/%m/%Y\" read the same text as different days")
    );
    assert!(warned[1].contains("\"%m-%d-%y\" has a year of two digits"));
}
