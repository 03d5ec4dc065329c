//! What a mapping file may say, and what is said to one that may not.

use super::*;

fn refused(text: &str) -> String {
    Mapping::parse("mapping.toml", text)
        .unwrap_err()
        .to_string()
}

/// The sentences said to [`SMALL`] with more below.
fn titles(more: &str) -> Vec<String> {
    let errors = Mapping::parse("mapping.toml", &format!("{SMALL}{more}")).unwrap_err();
    errors.titles().map(str::to_owned).collect()
}

#[test]
fn the_example_is_a_mapping_and_maps_a_row() {
    let text = include_str!("../../../mapping.example.toml");
    let mapping = Mapping::parse("mapping.example.toml", text).unwrap_or_else(|e| panic!("{e}"));
    assert!(mapping.warnings(false).is_empty());
    assert_eq!(mapping.source().header_row, Some(1));
    let names = "Call ID,First Name,Last Name,DOB,Reason for call,Symptoms,Practice,Doctor,Callback,Alt phone,Sex,E-mail,Address,City,State,ZIP,Caller first name,Caller last name,Relationship,Notes,Option 1,Option 2,MRN";
    let cells = "C-1,Ada,ABERNATHY,12/30/1989,Fever,cough,Riverside,dr. smith,(212) 555-0100,,f,Ada@Example.com,5 Oak Ln,New Arden,,2139,Bo,O'Neil,spouse,,1,2,ABC123";
    let mut mapper = mapping
        .bind(&columns(names), "calls.csv", true, date(2024, 6, 1))
        .unwrap();
    let mut row = Row::default();
    cells.split(',').for_each(|text| row.push(text));
    let mut call = Mapped::default();
    mapper.map(&row, &mut call);
    assert!(call.is_valid(), "{:?}", told(&call));
    let sent: Vec<String> = call
        .payload
        .fields()
        .map(|(field, value)| format!("{}={value}", field.name()))
        .collect();
    assert_eq!(
        sent.join(","),
        "patient_lname=Abernathy,patient_fname=Ada,dob=19891230,complaint=Fever; cough,prac=1250,client_code=dr. smith,\
         contact_phone=2125550100,sex=female,email=ada@example.com,address=5 Oak Ln,city=New Arden,state=FL,zip=02139,\
         caller_lname=O'Neil,caller_fname=Bo,relationship=spouse,txt=1|2,Call_type=1,field_mr=ABC123"
    );
    for key in [
        "stamp",
        "sheet",
        "encoding",
        "delimiter",
        "quotes",
        "short_rows",
        "hidden",
        "merged",
        "range",
        "skip_rows_where",
        "max_length",
        "pattern",
        "translate_file",
    ] {
        assert!(text.contains(key), "the example does not show {key}");
    }
}

#[test]
fn all_errors_are_shown_at_once_each_at_its_place() {
    let text = "version = 2\n[fields]\npatient_lname = \"A\"\npatient_lname = \"B\"\npatient_fnam = \"C\"\n\
                dob = { column = \"D\", columns = [\"E\"], dates = [\"MM/DD/YYYY\"] }\ncomplaint = 7\nprac = \"P\"\n";
    assert_eq!(
        refused(text),
        r#"error: this version of the mapping is not known
 --> mapping.toml:1:11
  |
1 | version = 2
  |           ^ only 1 is
  |
  = help: write `version = 1`; a mapping of a later version wants a later ticketload

error: two rules for `patient_lname`
 --> mapping.toml:4:1
  |
3 | patient_lname = "A"
  | ------------- the first rule
4 | patient_lname = "B"
  | ^^^^^^^^^^^^^ the second
  |
  = help: a field has one rule; to join columns write columns = ["...", "..."]

error: `patient_fnam` is not a ticket field; did you mean `patient_fname`?
 --> mapping.toml:5:1
  |
5 | patient_fnam = "C"
  | ^^^^^^^^^^^^ no such field

error: the rule for `dob` has both `column` and `columns`
 --> mapping.toml:6:23
  |
6 | dob = { column = "D", columns = ["E"], dates = ["MM/DD/YYYY"] }
  |         ------        ^^^^^^^ take one of the two out
  |         |
  |         stands here already

error: this is no date format; did you mean "%m/%d/%Y"?
 --> mapping.toml:6:49
  |
6 | dob = { column = "D", columns = ["E"], dates = ["MM/DD/YYYY"] }
  |                                                 ^^^^^^^^^^^^ not a date format
  |
  = help: a format has a year (%Y), a month (%m, or %b as in Jan) and a day (%d): "%m/%d/%Y"

error: the rule for `complaint` must be a column's header or a table
 --> mapping.toml:7:13
  |
7 | complaint = 7
  |             ^ this is of type integer
  |
  = help: write complaint = "Header"; the same text for all rows is complaint = { value = "..." }"#
    );
}

/// Below [`SMALL`], each of these gets just this sentence.
const MISTAKES: &[(&str, &str)] = &[
    (
        "Zip = 'Z'",
        "`Zip` is not a ticket field; did you mean `zip`?",
    ),
    (
        "call_type = 'Z'",
        "`call_type` is not a ticket field; did you mean `Call_type`?",
    ),
    ("blood = 'Z'", "`blood` is not a ticket field"),
    ("zip = ''", "`zip` is blank"),
    ("zip = {}", "the rule for `zip` does not say what fills it"),
    (
        "zip = { colum = 'Z', value = '02139' }",
        "the rule for `zip` has no key `colum`; did you mean `column`?",
    ),
    (
        "zip = { column = 'Z', value = '02139' }",
        "the rule for `zip` has both `column` and `value`",
    ),
    (
        "zip = { column = 'Z', join = ' ' }",
        "`join` has no use beside `column`",
    ),
    (
        "zip = { value = '02139', default = '02139' }",
        "`default` has no use beside `value`",
    ),
    (
        "zip = { value = '0213' , on_invalid = 'drop' }",
        "`on_invalid` has no use beside `value`",
    ),
    ("zip = { value = 2139 }", "`value` must be text"),
    ("zip = { columns = [] }", "`columns` is an empty list"),
    ("zip = { columns = 'Z' }", "`columns` must be a list"),
    (
        "zip = { columns = ['Z', 'z '] }",
        "the column 'z ' is named twice",
    ),
    (
        "zip = { column = 'Z', dates = ['%Y'] }",
        "`dates` has no use for `zip`",
    ),
    (
        "zip = { column = 'Z', default = '9' }",
        "this does not fit `zip`",
    ),
    (
        "zip = { column = 'Z', translate = { A = 'B' } }",
        "this does not fit `zip`",
    ),
    (
        "zip = { column = 'Z', translate = { A = '02139', 'a ' = '02138' } }",
        "one value is translated in two ways",
    ),
    (
        "zip = { column = 'Z', translate = { '' = '02139' } }",
        "a blank value is not translated",
    ),
    (
        "zip = { column = 'Z', translate = {} }",
        "`translate` is an empty table",
    ),
    (
        "zip = { column = 'Z', translate = 'A' }",
        "`translate` must be a table",
    ),
    (
        "zip = { column = 'Z', translate = { A = 1 } }",
        "`A` must be text",
    ),
    (
        "zip = { column = 'Z', case = 'Upper' }",
        "`case` does not know this word; did you mean \"upper\"?",
    ),
    (
        "zip = { column = 'Z', on_invalid = 'ignore' }",
        "`on_invalid` does not know this word",
    ),
    (
        "zip = { column = 'Z', max_length = 0 }",
        "`max_length` must be a whole number from 1 up",
    ),
    (
        "zip = { column = 'Z', max_length = '5' }",
        "`max_length` must be a whole number from 1 up",
    ),
    (
        "zip = { column = 'Z', pattern = '[0-9' }",
        "this pattern cannot be read",
    ),
    (
        "zip = { column = 'Z', pattern = 'a)(b' }",
        "this pattern cannot be read",
    ),
    (
        "zip = { column = 'Z', column = 'Y' }",
        "`column` stands twice",
    ),
    (
        "comments = { column = 'Z', on_invalid = 'comment' }",
        "comments that do not fit cannot be kept in the comments",
    ),
    ("[key]", "[key] names no columns"),
    ("[key]\ncolumns = 'Call ID'", "`columns` must be a list"),
    (
        "[key]\ncolumns = ['a', ' A']",
        "the column ' A' is named twice",
    ),
    ("[key]\ncolumns = [1]", "`columns` must be text"),
    ("[source]\nrow = 1", "[source] has no key `row`"),
    (
        "[source]\nheader_row = -1",
        "`header_row` must be a whole number from 1 up",
    ),
    ("[source]\ndelimiter = 'x'", "this delimiter is not known"),
    ("[source]\nencoding = 'latin'", "this encoding is not known"),
    (
        "[souce]\nsheet = 'a'",
        "a mapping has no key `souce`; did you mean `source`?",
    ),
    (
        "[fields.zip]\nx = 1\ncolumn = 'Z'",
        "the rule for `zip` has no key `x`",
    ),
];

#[test]
fn each_mistake_has_its_sentence() {
    for (more, title) in MISTAKES {
        assert_eq!(titles(more), [*title], "{more}");
    }
}

#[test]
fn what_the_mapping_itself_puts_into_tickets_is_judged_as_they_get_it() {
    mapping("zip = { column = 'ZIP', default = '9021', pattern = '09021' }");
    mapping("client_code = { value = 'smi', case = 'upper', pattern = '[A-Z]+' }");
}

#[test]
fn a_required_field_cannot_be_left_out() {
    let text = SMALL.replace(
        "prac = { value = \"1234\" }",
        "prac = { column = 'P', on_invalid = 'drop' }",
    );
    assert!(refused(&text).contains("`prac` is required, so a row without it cannot be sent"));
    let text = SMALL
        .replace("prac = { value = \"1234\" }", "")
        .replace("complaint", "comments");
    assert!(
        refused(&text)
            .starts_with("error: no rule for `complaint` and `prac`\n --> mapping.toml:3:2")
    );
}

#[test]
fn a_file_that_says_nothing_is_told_what_to_say() {
    let errors = Mapping::parse("mapping.toml", "").unwrap_err();
    let titles: Vec<_> = errors.titles().collect();
    assert_eq!(
        titles,
        [
            "the mapping does not say its version",
            "the mapping has no table [fields]"
        ]
    );
    assert!(refused("version = 1\n[fields]\n").contains("[fields] has no rule"));
    assert!(refused("version = 1\nfields = 3\n").contains("`fields` must be a table"));
}

#[test]
fn broken_lines_are_shown_and_what_may_stand_on_them_is_not_missed() {
    let told =
        refused("version = 1\n[fields]\npatient_lname = \"A\npatient_fname = 'B'\nzip = 3\n");
    assert!(
        told.starts_with(
            "error: this is not TOML: invalid basic string, expected `\"`\n --> mapping.toml:3:19"
        ),
        "{told}"
    );
    assert!(
        told.contains("the rule for `zip`") && !told.contains("no rule for"),
        "{told}"
    );
}

#[test]
fn a_call_log_named_as_the_mapping_is_not_quoted() {
    let told = refused("Last Name,DOB\nQuillfeather,12/30/1989\n");
    assert!(told.starts_with("error: mapping.toml is not a mapping file"));
    assert!(!told.contains("Quillfeather"));
}

#[test]
fn a_stamp_goes_into_a_field_that_people_read() {
    let stamp = |word: &str| Mapping::parse("mapping.toml", &format!("stamp = {word}\n{SMALL}"));
    let comments = stamp("\"comments\"").unwrap();
    assert_eq!(comments.stamp(), Some(TicketField::Comments));
    assert_eq!(mapping("").stamp(), None);
    let refused = stamp("\"dob\"").unwrap_err().to_string();
    assert!(
        refused.contains("\"comments\" or \"complaint\""),
        "{refused}"
    );
    assert!(stamp("true").is_err());
}

#[test]
fn line_ends_of_windows_and_a_byte_order_mark_move_no_underline() {
    let text = format!("\u{feff}{SMALL}zip = 3").replace('\n', "\r\n");
    let told = refused(&text);
    assert!(
        told.contains("mapping.toml:9:7\n") && told.contains("9 | zip = 3\n"),
        "{told}"
    );
}

#[test]
fn colours_are_for_terminals_only() {
    let errors = Mapping::parse("mapping.toml", "").unwrap_err();
    assert!(!errors.to_string().contains('\u{1b}'));
    assert!(errors.render(true).contains('\u{1b}'));
    assert!(format!("{errors:?}").contains("does not say its version"));
}

proptest! {
    #[test]
    fn any_text_is_a_mapping_or_is_refused(text in any::<String>()) {
        if let Err(errors) = Mapping::parse("mapping.toml", &text) {
            prop_assert!(errors.len() > 0 && !errors.to_string().is_empty());
        }
    }

    #[test]
    fn a_damaged_mapping_is_refused_or_read_without_a_panic(
        place in 0..ALL.len(),
        insert in "[\"'{}\\[\\]=\n,a1é%\\\\]{0,3}",
        cut in 0_usize..40,
    ) {
        let kept = |keep: &dyn Fn(usize) -> bool| -> String {
            ALL.char_indices().filter(|(at, _)| keep(*at)).map(|(_, c)| c).collect()
        };
        let text = kept(&|at| at < place) + &insert + &kept(&|at| at >= place + cut);
        if let Err(errors) = Mapping::parse("mapping.toml", &text) {
            prop_assert!(errors.to_string().contains("error"));
        }
    }
}

#[test]
fn the_source_says_which_rows_and_cells_are_meant() {
    let more = "[source]\nhidden = \"skip\"\nmerged = \"fill\"\nquotes = \"trust\"\nshort_rows = \"fill\"\nrange = \"A3:F\"\n\
        skip_rows_where = [{ column = \"S\", equals = \"void\" }, { column = \"T\", blank = true }]\n";
    let mapping = Mapping::parse("mapping.toml", &format!("{SMALL}{more}")).unwrap();
    let source = mapping.source();
    assert_eq!(
        (source.hidden, source.merged, source.quoting),
        (Some(Hidden::Skip), Merged::Fill, Quoting::Trust)
    );
    assert_eq!(source.short_rows, ShortRows::Fill);
    assert_eq!(source.range, Range::from_words("A3:F"));
    assert_eq!(source.skip_rows_where.len(), 2);
    let wrong = "[source]\nhidden = \"skp\"\nmerged = 1\nrange = \"A3\"\n\
        skip_rows_where = [{ column = \"S\" }, { equals = \"x\" }, 7, { column = \"S\", equal = \"x\", blank = true }]\n";
    let titles = titles(wrong);
    for part in [
        "did you mean \"skip\"",
        "`merged` must be",
        "two corners",
        "`equals` or `blank = true`",
        "needs a `column`",
        "must be a table",
        "`equal`",
    ] {
        assert!(
            titles.iter().any(|title| title.contains(part)),
            "{part}: {titles:?}"
        );
    }
}
