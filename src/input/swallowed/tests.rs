//! Rows between two lone quotes, and what only looks like them.

use super::*;

/// Whether any record of a table is taken for rows.
fn is_of_rows(table: &str) -> bool {
    let delimiter = [b',', b';', b'\t', b'|']
        .into_iter()
        .max_by_key(|&sign| {
            table
                .lines()
                .next()
                .unwrap()
                .matches(char::from(sign))
                .count()
        })
        .unwrap();
    let mut rest = table;
    let mut before = "";
    while !rest.is_empty() {
        let mut row = Row::default();
        let taken = split(rest, delimiter, &mut row).unwrap();
        let (record, behind) = rest.split_at(taken.length.min(rest.len()));
        let suspect = Suspect {
            row: &row,
            record,
            before,
            behind,
            delimiter,
        };
        if taken.lines > 1 && suspect.is_of_rows() {
            return true;
        }
        if taken.lines == 1 {
            before = record;
        }
        rest = behind;
    }
    false
}

#[test]
fn rows_between_two_lone_quotes_are_told() {
    let id = "ID,Name,Complaint,Phone,DOB\n0,Li,cough,5551112222,1980-01-01\n";
    let end = "9,Wu,fever,5551112229,1980-01-09\n";
    let records = [
        // As they are, next to each other, and with another row between.
        "1,Ng,\"slipped,5551112223,1980-01-02\n3,Bo,knee\",5551112225,1980-01-04\n",
        "1,Ng,\"slipped,5551112223,1980-01-02\n2,Al,fell,5551112224,1980-01-03\n3,Bo,knee\",5551112225,1980-01-04\n",
        // A cell that begins with a space, in any of them.
        "1,Ng,\"slipped,5551112223,1980-01-02\n2,Al, fell on ice,5551112224,1980-01-03\n3,Bo,knee\",5551112225,1980-01-04\n",
        "1,Ng,\"slipped,5551112223,1980-01-02\n3, Bo,knee\",5551112225,1980-01-04\n",
        "1,Ng,\"slipped,5551112223,1980-01-02\n3,Bo,knee\",5551112225, 1980-01-04\n",
        // A cell too many, and one too few.
        "1,Ng,\"slipped,5551112223,1980-01-02\n2,Al,fell,hurt,5551112224,1980-01-03\n3,Bo,knee\",5551112225,1980-01-04\n",
        "1,Ng,\"slipped,5551112223,1980-01-02\n2,Al,fell,5551112224\n3,Bo,knee\",5551112225,1980-01-04\n",
        "1,Ng,\"slipped, hurt,5551112223,1980-01-02\n3,Bo,knee\",5551112225,1980-01-04\n",
        // Cells without a value.
        "1,Ng,\"slipped,,1980-01-02\n2,Al,fell,5551112224,\n3,Bo,knee\",5551112225,1980-01-04\n",
        // The lone quotes in the first column, and in the last.
        "1,Ng,slipped,5551112223,\"1980-01-02\n3,Bo,knee,5551112225,1980-01-04\"\n",
        "\"1,Ng,slipped,5551112223,1980-01-02\n3\",Bo,knee,5551112225,1980-01-04\n",
    ];
    for record in records {
        assert!(is_of_rows(&format!("{id}{record}{end}")), "{record}");
        assert!(is_of_rows(&format!("{id}{record}")), "{record}");
        let crlf = format!("{id}{record}{end}").replace('\n', "\r\n");
        assert!(
            is_of_rows(&crlf.replace("\r\n", "\n").replace('\n', "\r\n")),
            "{record}"
        );
    }
    let tables = [
        "Name,DOB,Complaint\nLi,1980-01-01,cough\nNg,1980-01-02,\"slipped\nAl,,fell\nBo,1980-01-04,knee\"\nWu,1980-01-09,fever\n",
        "ID,Note\n1,none\n2,\"bad\n3,fine\n4,worse\"\n5,fever\n",
        "Name;DOB;Note\nLi;1.2.1980;cough\nNg;12.2.1980;\"bad\nAl;13.2.1980;fine\nBo;4.2.1980;worse\"\n",
        // Each row ends in a delimiter that the header lacks.
        "ID,Name,DOB,Note\n0,Li,1980-01-01,x,\n1,Ng,1980-01-02,\"slipped,\n2,Al,1980-01-03,fine,\n3,Bo,1980-01-04,knee\",\n",
    ];
    for table in tables {
        assert!(is_of_rows(table), "{table}");
    }
}

#[test]
fn in_a_wide_table_of_sparse_columns_one_date_phone_or_call_is_proof_enough() {
    let header = "Call ID,Last,First,DOB,Reason,Practice,Callback,Caller,Caller first,Relation,Option 1,Option 2,Notes\n";
    let before =
        "C-40230,Okafor,Karim,05/21/1996,Fever,1234,(813) 555-0120,,,,,,since last night\n";
    let begun =
        "C-40231,Abernathy,Viola,10/28/1943,Headache,1234,(239) 555-0121,,,,,,\"light hurts\n";
    let caller = "Delgado,Isaac,spouse,2,4,wound is 5\"\n";
    for row in [
        "C-40232,Delgado,Carl,03/15/1956,Fell,1234,(941) 555-0122,",
        "C-40232,Delgado,Carl,,Fell,,,",
        ",Delgado,Carl,03/15/1956,Fell,,,",
        ",Delgado,Carl,,Fell,,(941) 555-0122,",
    ] {
        let table = format!("{header}{before}{begun}{row}{caller}");
        assert!(is_of_rows(&table), "{table}");
        let behind = before.replace("40230", "40239").replace("Karim", "Bo");
        assert!(is_of_rows(&format!("{table}{behind}")), "{table}");
    }
    // Nothing of it stands where it stands in the rows around.
    for list in [
        "lisinopril,10 mg,daily,5/2024,pain,20,none,a,b,c,2,4,\"",
        "C-40231,Abernathy,Viola,10/28/1943,Headache,1234,(239) 555-0121,x,y,z,2,4,\"",
        "WBC,5.1,4-10,K/uL,Hgb,13.2,g/dL,a,b,c,2,4,\"",
    ] {
        let table = format!("{header}{before}{begun}{list}\n");
        assert!(!is_of_rows(&table), "{table}");
    }
}

#[test]
fn text_of_several_lines_is_no_rows() {
    let tables = [
        // Columns at the right that nobody uses.
        "Last,First,DOB,Callback,Notes,,,,\nNg,Li,1980-01-02,5552223333,none,,,,\nWu,Al,1980-01-02,5552223334,\"bad cough\nsince Monday\",,,,\nBo,Cy,1980-01-02,5552223335,fever,,,,\n",
        "\"ID\",\"Last\",\"DOB\",\"Phone\",\"Notes\",\"\",\"\"\n\"1\",\"Ng\",\"1980-01-02\",\"5552223333\",\"none\",\"\",\"\"\n\"2\",\"Wu\",\"1981-01-02\",\"5552223334\",\"8-9 am\nor after 6\",\"\",\"\"\n",
        // Addresses.
        "Name,DOB,Phone,Notes\nLi,1980-01-02,555-111-2222,none\nNg,1980-01-02,555-123-4444,\"12 Oak St\nApt 4,Springfield,IL,62704\"\nWu,1980-01-03,555-111-3333,fever\n",
        "Name,DOB,Address\nNg,1980-01-02,\"12 Oak St\nSpringfield,IL,62704\"\n",
        "Name,City,Address\nLi,Ulm,none\nNg,Ulm,\"12 Oak St\nSpringfield,IL,62704\"\nWu,Ulm,none\n",
        // Lists with the file's own delimiter.
        "Name;DOB;Phone;Note\nLi;02.01.1980;030111;none\nNg;02.01.1980;030222;\"Signs:\nfever;cough;cold;breath\"\nWu;03.01.1980;030333;fever\n",
        "ID;Name;Note;Doctor;City\n1;Ng;none;Lee;Ulm\n2;Wu;\"cough;fever;throat\nsince Monday;bad;evenings\";Lee;Ulm\n3;Bo;fever;Lee;Ulm\n",
        "ID,Last,First,DOB,Phone,Practice,Notes\n1,Ng,Li,1980-01-02,5552223333,Main,none\n2,Ng,Li,1980-01-02,5552223333,Main,\"ICD codes\nJ00,J06,R05,R50,R51,M79,Z20\"\n3,Ng,Li,1980-01-02,5552223333,Main,x\n",
        "ID,Note\n1,none\n2,\"meds:\n1,aspirin\n2,statin\"\n3,fever\n",
        "Doctor,Notes,Zip\nLee,none,62704\nLee,\"1,5 mg\n2,5 mg\",62704\n",
        "Phone,Doctor,Notes,Zip\n5552223333,Lee,none,62704\n5552223333,Lee,\"$1,200.00\n$3,400.00\",62704\n",
        // Tables that were pasted.
        "Name,DOB,Phone,Notes\nLi,1980-01-02,555-111-2222,none\nNg,1980-01-02,555-123-4444,\"Labs:\nWBC,5.1,4-10,K/uL\nHgb,13.2,12-16,g/dL\"\nWu,1980-01-03,555-111-3333,fever\n",
        "ID,Name,DOB,Phone,Notes\n1,Li,1980-01-02,555-111-2222,none\n2,Ng,1980-01-02,555-123-4444,\"Labs\n2024-05-01,WBC,5.1,4-10,K/uL\n2024-05-01,Hgb,13.2,12-16,g/dL\"\n3,Wu,1980-01-03,555-111-3333,fever\n",
        "Name\tDOB\tPhone\tNotes\nLi\t1980-01-02\t5551112222\tnone\nNg\t1980-01-02\t5551234444\t\"Pressure:\nMon\t120\t80\tok\nTue\t130\t85\tok\"\nWu\t1980-01-03\t5551113333\tfever\n",
        "Name|DOB|Phone|Notes\nLi|1980-01-02|5551112222|none\nNg|1980-01-02|5551234444|\"scale\n1|2|3|4\"\nWu|1980-01-03|5551113333|fever\n",
        "ID,Name,DOB,Note\n1,Ng,1980-01-02,\"bad, very\nnow worse, since, noon\"\n",
    ];
    for table in tables {
        assert!(!is_of_rows(table), "{table}");
    }
}

#[test]
fn lines_without_the_quotes_of_the_records_around_are_no_rows() {
    let contacts = "contacts:\nMother, Ann, 2/3/1970, 212-555-0199";
    let attempts = "called twice\n1/3/2024, 212-555-0199, no answer, x, y\n9, Ng, 1/3/1980, 212-555-0198, late";
    for text in [contacts, attempts] {
        let all = format!(
            "\"L\",\"F\",\"DOB\",\"P\",\"C\"\n\"Ng\",\"Li\",\"1/2/1980\",\"212-555-0100\",\"ok\"\n\
             \"Wu\",\"Al\",\"1/3/1980\",\"212-555-0101\",\"{text}\"\n\"Bo\",\"Di\",\"1/4/1980\",\"212-555-0102\",\"x\"\n"
        );
        assert!(!is_of_rows(&all), "{all}");
        // At the end of the file, beside others like it, and with line ends of Windows.
        let last = all.split("\"Bo\"").next().unwrap();
        assert!(!is_of_rows(last), "{last}");
        let (header, _) = all.split_once('\n').unwrap();
        let record = all.split("ok\"\n").nth(1).unwrap();
        let record = record.split("\"Bo\"").next().unwrap();
        let twice = format!("{header}\n{record}{record}");
        assert!(!is_of_rows(&twice), "{twice}");
        assert!(!is_of_rows(&all.replace("\"\n\"", "\"\r\n\"")), "{all}");
        // Only texts are quoted, or only the last column.
        let texts = all
            .replace("\"212-555-0100\"", "100")
            .replace("\"212-555-0102\"", "102");
        assert!(!is_of_rows(&texts), "{texts}");
        let one = "L,F,DOB,P,\"C\"\nNg,Li,1/2/1980,212-555-0100,\"ok\"\n";
        let one = format!(
            "{one}Wu,Al,1/3/1980,212-555-0101,\"{text}\"\nBo,Di,1/4/1980,212-555-0102,\"x\"\n"
        );
        assert!(!is_of_rows(&one), "{one}");
    }
}

#[test]
fn quotes_that_are_needed_or_are_one_persons_say_nothing_of_rows() {
    let tables = [
        // Names with a comma are quoted here and there, and the swallowed one has none.
        "ID,Name,Complaint,Phone,DOB\n0,\"Li, A\",cough,5551112222,1980-01-01\n1,\"Ng, B\",\"slipped,5551112223,1980-01-02\n2,Al,fell,5551112224,1980-01-03\n3,Bo,knee\",5551112225,1980-01-04\n9,\"Wu, C\",fever,5551112229,1980-01-09\n",
        // The record itself is bare between quoted ones, or one neighbour is.
        "\"ID\",\"Name\",\"C\",\"Phone\"\n\"0\",\"Li\",\"x\",\"5551112222\"\n1,Ng,\"slipped,5551112223\n3,Bo,knee\",5551112225\n\"9\",\"Wu\",\"y\",\"5551112229\"\n",
        "ID,Name,C,Phone\n\"0\",\"Li\",\"x\",\"5551112222\"\n1,Ng,\"slipped,5551112223\n3,Bo,knee\",5551112225\n9,Wu,y,5551112229\n",
        // A list whose lines have the quotes.
        "\"ID\",\"Name\",\"C\",\"Phone\"\n\"0\",\"Li\",\"x\",\"5551112222\"\n\"1\",\"Ng\",\"slipped\"\",\"\"5551112223\"\"\n\"\"3\"\",\"\"Bo\"\",\"\"knee\",\"5551112225\"\n\"9\",\"Wu\",\"y\",\"5551112229\"\n",
    ];
    for table in tables {
        assert!(is_of_rows(table), "{table}");
    }
}

#[test]
fn the_quotes_of_a_record_are_told_for_each_cell() {
    use Quoted::{Idly, Needfully, Not};
    let cases: [(&str, &[Quoted]); 6] = [
        ("", &[]),
        ("a,\"b\",\"c,d\"\nx,y", &[Not, Idly, Needfully]),
        ("\"\",,\"e \"\"f\"\"\",", &[Idly, Not, Needfully, Not]),
        ("\"a\nb\",c\r\n\"d\"", &[Needfully, Not]),
        ("\" a\",\"b\" x,\"c\"", &[Needfully, Idly, Idly]),
        ("\"open", &[Idly]),
    ];
    for (text, quoted) in cases {
        assert_eq!(Quoted::of(text, b','), quoted, "{text:?}");
    }
}
