//! What to do about a file that cannot be read, by what is wrong with it.

use super::{Foreign, InputErrorKind};

impl InputErrorKind {
    /// Says what to do next, where there is something to do.
    pub(super) fn hint(&self) -> Option<String> {
        use InputErrorKind as K;
        let hint = match self {
            K::Missing => "check the path",
            K::NoPermission => "ask for read permission on it, or copy it to where you may read it",
            K::Folder => "name the files in it",
            K::NotAFile => "save it to a file first",
            K::Empty | K::NoHeader | K::NoRows => "export it again, with its header and its rows",
            K::Io(_) => "copy the file to a local disk and try again",
            K::Foreign(Foreign::Gzip | Foreign::Zip | Foreign::Archive) => {
                "unpack it and name the file inside"
            }
            K::Foreign(Foreign::Json) => "export it as CSV",
            K::Foreign(_) => "open it in the program that made it and save it as .xlsx or CSV",
            K::Encrypted => "open it in Excel, remove the password (File, Info), and save it",
            K::Damaged { .. } => {
                "copy or export it again; if Excel can repair it, save it as a new .xlsx"
            }
            K::Displaced { .. } => "open it in Excel and save it: that puts each part in its place",
            K::TooLarge { .. } => "check that it is the right file; split it, or save it as CSV",
            K::Extended { .. } => {
                "open it in Excel and save it: that leaves out what no spreadsheet program shows"
            }
            K::NotUtf8 { .. } => "open it in Excel and save it: that writes all parts in UTF-8",
            K::Prefixed => {
                "download or export it again, or open it in Excel and save it as a new .xlsx"
            }
            K::Sprawling => {
                "clear what stands far beside the table, or write the table's cells in `range`, such as A1:V"
            }
            K::UnknownEncoding { .. } => "write a name such as utf-8, windows-1252 or utf-16le",
            K::Undecodable { .. } => "set another `encoding` in [source], or save it as CSV UTF-8",
            K::PartlyUtf8 => {
                "export it again as UTF-8; where another encoding is meant, say so with `encoding` in the mapping's [source], or to `inspect` with --encoding"
            }
            K::Nul => {
                "copy or export it again; where it is UTF-16 without a byte order mark, say so with `encoding = \"utf-16le\"` in the mapping's [source], or to `inspect` with --encoding utf-16le"
            }
            K::CutCharacter => "copy or export it again",
            K::BadDelimiter => "use , ; | a tab, or another sign such as ^",
            K::UnclosedQuote | K::StrayQuote => {
                "look for a lone \" in this row and double or delete it; nothing of the file was used"
            }
            K::LikeRows | K::TooManyLines { .. } => {
                "look at this line and those behind it: where they are the text of one cell (a list of contacts, a pasted table), its quotes are sound, and quotes = \"trust\" in [source] reads the file (inspect: --quotes trust); where they are calls of their own, a lone \" stands before them: double or delete that one; nothing of the file was used"
            }
            K::HeaderRowBlank => "set `header_row` in [source] to the row that names the columns",
            K::OwnResults => "name the file of calls, or the rejects file",
            K::NoSuchSheet { .. } | K::SeveralSheets { .. } => {
                "name the sheet with --sheet or with `sheet` in [source]"
            }
            K::NoSheetWithData { .. } => "name the sheet with --sheet if it is a hidden one",
            K::NoSuchRange { .. } => {
                "write one of these names in `range`, or the cells themselves, such as A3:F200"
            }
            K::RangeElsewhere { .. } => "leave --sheet and `sheet` in [source] out",
            K::TableWithoutHeader { .. } => {
                "switch the header row on in Excel (Table Design) and save it, or write the cells in `range`"
            }
            K::RangeOfCsv => {
                "write cells in `range`, such as A3:F200, or leave it out for this file"
            }
            K::HiddenRows { .. } => {
                "say --hidden skip to pass hidden rows over or --hidden import to read them like the others, or write `hidden` in [source]"
            }
            K::NoSuchColumn { .. } => {
                "write the column as the header does; `inspect` shows the header"
            }
            K::ColumnTwice { .. } => "give the columns different headers in the file",
            K::Gzip => "copy or export it again, or unpack it and name the file inside",
            K::Endless { .. } => "check that it is the right file; split it",
            K::Spool(_) => "make room in the temporary folder (TMPDIR), or name another",
            K::SheetOfCsv => "leave --sheet and `sheet` in [source] out for this file",
            K::Uncomputed => "open it in Excel, let it calculate, and save it",
            K::NotAPair => "give each row a value and what it becomes",
            K::Changed => "wait until nobody writes to it, or copy it, and try again",
            K::NoThread(_) => "free some memory and try again",
        };
        Some(hint.to_owned())
    }
}
