//! Rows with cells too many: what is a habit of the file and what is not.

use crate::input::{Input, Options};
use crate::reading::Range;
use std::io::Write;
use std::ops::ControlFlow;
use tempfile::NamedTempFile;

/// The rows that have cells too many, and how many.
fn marked_in(text: &str, range: Option<&str>) -> Vec<(u64, usize)> {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let options = Options {
        range: range.and_then(Range::from_words),
        ..Options::default()
    };
    let input = Input::open(file.path(), &options).unwrap();
    let width = input.header().len();
    let mut found = Vec::new();
    let end = input.for_each_row(|row| {
        assert_eq!(row.is_ragged(width, true), row.surplus() > 0, "{row:?}");
        if row.surplus() > 0 {
            found.push((row.position.row, row.surplus()));
        }
        ControlFlow::<()>::Continue(())
    });
    assert!(end.unwrap().is_none());
    found
}

#[track_caller]
fn marked(text: &str, expected: &[(u64, usize)]) {
    assert_eq!(marked_in(text, None), expected, "{text}");
}

/// A file of so many rows under a header of three names; `more` says how many delimiters a row has behind its last cell.
fn file(header: &str, rows: u64, more: impl Fn(u64) -> usize) -> String {
    let row = |row: u64| format!("{row},Ng,{}\n", ",".repeat(more(row)));
    let rows: String = (2..2 + rows).map(row).collect();
    format!("{header}\n{rows}")
}

#[test]
fn a_delimiter_too_many_is_seen_where_what_it_moves_out_is_blank() {
    marked(
        "id,reason,note,option\n1,Fever,,\n2,Chest pain, left arm numb,,\n3,Cough,seen,\n",
        &[(3, 1)],
    );
    marked(
        &file("id,name,note", 40, |row| usize::from(row == 30)),
        &[(30, 1)],
    );
    marked(&file("id,name,note", 1, |_| 1), &[(2, 1)]);
    marked("a;b;c\n1;2;\n\n3;4; ; ;\n5;6;7\n", &[(4, 2)]);
    // One more than all have.
    marked(
        &file("id,name,note", 3, |row| 2 + usize::from(row == 3)),
        &[(3, 3)],
    );
    marked(
        &file("id,name,note", 9, |row| 2 + usize::from(row == 5)),
        &[(5, 3)],
    );
    marked(
        &file("id,name,note,", 2, |row| 1 + usize::from(row == 3)),
        &[(3, 2)],
    );
    // Less than all have are not too many.
    marked(
        &file("id,name,note", 9, |row| 2 * usize::from(row != 5)),
        &[],
    );
    marked(
        &file("id,name,note", 9, |row| if row == 5 { 1 } else { 3 }),
        &[],
    );
}

#[test]
fn delimiters_behind_every_row_or_most_of_them_are_a_habit() {
    for header in ["id,name,note", "id,name,note,", "id,name,note,,,"] {
        for rows in [2, 3, 40, 300] {
            marked(&file(header, rows, |_| 1), &[]);
            marked(&file(header, rows, |_| 3), &[]);
        }
    }
    marked(&file("id,name,note,", 1, |_| 1), &[]);
    marked(
        &file("id,name,note", 40, |row| usize::from(row % 3 > 0)),
        &[],
    );
}

#[test]
fn rows_that_are_equally_wide_one_after_the_other_are_no_slip() {
    // Two files run together, or a block of sixteen rows in which a stray note made Excel write more cells.
    marked(&file("id,name,note", 60, |row| usize::from(row > 40)), &[]);
    marked(
        &file("id,name,note", 600, |row| {
            2 * usize::from((321..=336).contains(&row))
        }),
        &[],
    );
    marked(
        &file("id,name,note", 60, |row| {
            usize::from((31..=38).contains(&row))
        }),
        &[],
    );
    let seven: Vec<_> = (31..=37).map(|row| (row, 1)).collect();
    marked(
        &file("id,name,note", 60, |row| {
            usize::from((31..=37).contains(&row))
        }),
        &seven,
    );
}

#[test]
fn a_part_of_the_columns_has_the_edge_of_the_whole_file() {
    let text = "id,reason,note,option\n1,Fever,,\n2,Chest pain, left arm, numb,\n3,Cough,seen,\n4,Rash,,,\n";
    for range in ["A1:B", "A:D", "B1:C9", "A1:Z"] {
        assert_eq!(marked_in(text, Some(range)), [(3, 1), (5, 1)], "{range}");
    }
    let text = "id,reason\n1,Fever\n2,Chest pain, left arm\n3,Cough\n";
    assert_eq!(marked_in(text, Some("A1:B")), [(3, 1)]);
    assert_eq!(marked_in(text, Some("A1:B2")), []);
    // Remarks beside the table, in a column that all rows have.
    let text = "id,reason,\n1,Fever,\n2,Chest pain, left arm,\n3,Cough,seen\n4,Rash,\n";
    assert_eq!(marked_in(text, Some("A1:B")), [(3, 2)]);
}

#[test]
fn rejects_that_are_there_for_their_cells_make_no_habit() {
    let header = "id,reason,note,error_code,message\n";
    let wide = "2,Chest pain, left arm,ragged,x,\n";
    marked(&format!("{header}{wide}"), &[(2, 1)]);
    marked(
        &format!("{header}{wide}{wide}{wide}"),
        &[(2, 1), (3, 1), (4, 1)],
    );
    // The others have what all rows of their source have.
    let other = "1,,,missing.complaint,x,\n";
    let mended = "2,\"Chest pain, left arm\",,ragged,x\n";
    marked(
        &format!("{header}{other}{other}{wide}{other}{mended}"),
        &[(4, 1)],
    );
}
