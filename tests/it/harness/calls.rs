//! Calls of people who do not exist, as mappings and files.

use rust_xlsxwriter::{ExcelDateTime, Format, Table, TableColumn, Workbook};

macro_rules! fields {
    () => {
        r#"
[fields]
patient_lname = "Last Name"
patient_fname = "First Name"
dob = { column = "DOB", dates = ["%m/%d/%Y"] }
complaint = "Reason"
prac = "Practice"
client_code = "Doctor"
contact_phone = "Phone"
comments = "Notes"
"#
    };
}

/// A mapping with the call's own number as its key.
pub(crate) const KEYED: &str = concat!("\nversion = 1\n[key]\ncolumns = [\"Call ID\"]", fields!());

/// The same without a key.
pub(crate) const UNKEYED: &str = concat!("\nversion = 1", fields!());

/// One call as a row; the complaint names it in the server's log.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) id: String,
    pub(crate) last: String,
    pub(crate) first: String,
    pub(crate) dob: String,
    pub(crate) reason: String,
    pub(crate) practice: String,
    pub(crate) doctor: String,
    pub(crate) phone: String,
    pub(crate) notes: String,
}

const HEADER: [&str; 9] = [
    "Call ID",
    "Last Name",
    "First Name",
    "DOB",
    "Reason",
    "Practice",
    "Doctor",
    "Phone",
    "Notes",
];

impl Call {
    pub(crate) fn numbered(number: usize) -> Call {
        Call {
            id: format!("C{number:05}"),
            last: format!("Müller-{number}"),
            first: "Renée".to_owned(),
            dob: format!(
                "{:02}/{:02}/19{:02}",
                number % 12 + 1,
                number % 28 + 1,
                number % 90 + 10
            ),
            reason: format!("fever since day {number}"),
            practice: "1234".to_owned(),
            doctor: "17".to_owned(),
            phone: format!("212555{number:04}"),
            notes: "says \"it hurts\", and more".to_owned(),
        }
    }

    /// The same call with something more in its complaint, such as a marker that the sandbox obeys.
    pub(crate) fn with_reason(mut self, more: &str) -> Call {
        self.reason = format!("{} {more}", self.reason);
        self
    }

    fn cells(&self) -> Vec<String> {
        [
            &self.id,
            &self.last,
            &self.first,
            &self.dob,
            &self.reason,
            &self.practice,
            &self.doctor,
            &self.phone,
            &self.notes,
        ]
        .map(String::clone)
        .to_vec()
    }
}

/// The calls with the numbers 1 to `count`.
pub(crate) fn calls(count: usize) -> Vec<Call> {
    (1..=count).map(Call::numbered).collect()
}

/// Header and rows as cells.
pub(crate) fn table(calls: &[Call]) -> Vec<Vec<String>> {
    let header = HEADER.map(str::to_owned).to_vec();
    std::iter::once(header)
        .chain(calls.iter().map(Call::cells))
        .collect()
}

/// The table without its first column, where no key is wanted.
pub(crate) fn without_key(calls: &[Call]) -> Vec<Vec<String>> {
    let mut rows = table(calls);
    for row in &mut rows {
        row.remove(0);
    }
    rows
}

/// A CSV file as most programs write it.
pub(crate) fn csv(calls: &[Call]) -> String {
    csv_text(&table(calls), b',', "\n")
}

/// A table as CSV with another delimiter or line end.
pub(crate) fn csv_text(rows: &[Vec<String>], delimiter: u8, line_end: &str) -> String {
    let mut writer = ::csv::WriterBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).unwrap();
    }
    let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
    text.replace('\n', line_end)
}

/// A workbook in which every cell is text.
pub(crate) fn xlsx(rows: &[Vec<String>]) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("Calls").unwrap();
    for (number, row) in (0_u32..).zip(rows) {
        for (column, cell) in (0_u16..).zip(row) {
            sheet.write_string(number, column, cell).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

/// A sheet that is more than its table: two rows of a title stand above it, and somebody's notes left and right of it.
/// The header stands in row 3 and from column B on.
pub(crate) fn amid_notes(rows: &[Vec<String>]) -> Vec<Vec<String>> {
    let title = ["Night log", "Shift 2"].map(|title| vec![title.to_owned()]);
    let noted = rows.iter().enumerate().map(|(number, row)| {
        let notes = match number {
            0 => ["Remark".to_owned(), "Clerk".to_owned()],
            _ => [format!("Remark {number}"), format!("Clerk {number}")],
        };
        let [left, right] = notes;
        [vec![left], row.clone(), vec![right]].concat()
    });
    title.into_iter().chain(noted).collect()
}

/// A workbook in which some cells have the name `Calls`, on a sheet of this name.
pub(crate) fn xlsx_with_name(rows: &[Vec<String>], sheet_name: &str, cells: &str) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name(sheet_name).unwrap();
    for (number, row) in (0_u32..).zip(rows) {
        for (column, cell) in (0_u16..).zip(row) {
            sheet.write_string(number, column, cell).unwrap();
        }
    }
    let meaning = format!("='{}'!{cells}", sheet_name.replace('\'', "''"));
    book.define_name("Calls", &meaning).unwrap();
    book.save_to_buffer().unwrap()
}

/// A workbook in which the cells between two corners (row and column from 0) are the table `Calls`, perhaps with a row of
/// totals as its last.
pub(crate) fn xlsx_with_table(
    rows: &[Vec<String>],
    first: (u32, u16),
    last: (u32, u16),
    has_totals: bool,
) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("Calls").unwrap();
    let mut columns = Vec::new();
    for (number, row) in (0_u32..).zip(rows) {
        for (column, cell) in (0_u16..).zip(row) {
            sheet.write_string(number, column, cell).unwrap();
            if number == first.0 && (first.1..=last.1).contains(&column) {
                let header = TableColumn::new().set_header(cell);
                columns.push(header.set_total_label("Total"));
            }
        }
    }
    let table = Table::new().set_name("Calls").set_columns(&columns);
    let table = table.set_total_row(has_totals);
    sheet
        .add_table(first.0, first.1, last.0, last.1, &table)
        .unwrap();
    book.save_to_buffer().unwrap()
}

/// A workbook as a person makes it: dates are dates, practices and phones are numbers, the header is in row `header`.
pub(crate) fn typed_xlsx(calls: &[Call], header: u32) -> Vec<u8> {
    let mut book = Workbook::new();
    let date = Format::new().set_num_format("mm/dd/yyyy");
    let sheet = book.add_worksheet().set_name("Calls").unwrap();
    let rows = table(calls);
    for (number, row) in (header - 1..).zip(&rows) {
        for (column, cell) in (0_u16..).zip(row) {
            match cell.parse::<f64>() {
                Ok(value) if number >= header => sheet.write_number(number, column, value),
                _ if column == 3 && number >= header => {
                    match cell.split('/').collect::<Vec<_>>()[..] {
                        [month, day, year] => {
                            let iso = format!("{year}-{month}-{day}");
                            let at = ExcelDateTime::parse_from_str(&iso).unwrap();
                            sheet.write_datetime_with_format(number, column, &at, &date)
                        }
                        _ => sheet.write_string(number, column, cell),
                    }
                }
                _ => sheet.write_string(number, column, cell),
            }
            .unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}
