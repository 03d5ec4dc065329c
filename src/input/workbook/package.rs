//! [`Package`]: the zip archive around a workbook.
//!
//! Owns which parts there are, which sheets the workbook names, and reading a part to its very end so that its
//! checksum is compared: the sheet reader never gets that far. Guarantees that a part is measured while it is
//! unpacked, whatever size the archive claims for it. Finds parts exactly as calamine does (without regard to case, a
//! backslash for a slash), so that what was checked is what is read; a part that others would find elsewhere is refused.

use super::super::error::{Foreign, InputErrorKind};
use super::faults::{Letters, archive_error, is_wide, not_utf8, unpack_error};
use super::paths::{normal, resolved, unescaped};
use quick_xml::events::{BytesStart, Event};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::ops::ControlFlow;
use std::path::Path;
use zip::ZipArchive;

/// What calamine keeps of the styles.
const SMALL: u64 = 32 * 1024 * 1024;
const SMALL_TEXT: &str = "32 MiB";
/// Parts that are held whole for a moment: what names the sheets.
const WHOLE: u64 = 16 * 1024 * 1024;
const WHOLE_TEXT: &str = "16 MiB";
/// More parts or sheets than this come from no person; calamine notes each of them.
const PARTS: Limit = (10_000, "10,000");
/// A workbook relates to each of its sheets, and to little else.
const RELATIONSHIPS: Limit = (20_000, "20,000");
/// Workbooks that were copied from one to the next for years have tens of thousands of names.
const NAMES: Limit = (100_000, "100,000");
/// Where calamine looks, in the workbook's folder.
const STYLES: &str = "styles.xml";
const STRINGS: &str = "sharedStrings.xml";
/// One read while unpacking.
const CHUNK: usize = 64 * 1024;

/// How many of something there may be, and that in words.
type Limit = (usize, &'static str);

/// What a look at one chunk says: go on, that is enough, or an error.
pub(super) type Step = Result<ControlFlow<()>, InputErrorKind>;

/// A worksheet as the workbook names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sheet {
    pub(super) name: String,
    pub(super) part: String,
    pub(super) visible: bool,
}

/// An open archive.
pub(super) struct Package {
    archive: ZipArchive<BufReader<File>>,
    /// Of the file.
    size: u64,
    /// Lower-case path with slashes -> path as the archive has it.
    parts: HashMap<String, String>,
    /// The folder of the workbook part, with its slash.
    folder: String,
    workbook: String,
}

impl Package {
    /// Opens the archive and tells a workbook from other things in zip archives.
    pub(super) fn open(path: &Path) -> Result<Package, InputErrorKind> {
        let file = File::open(path).map_err(InputErrorKind::io)?;
        let size = file.metadata().map_err(InputErrorKind::io)?.len();
        let archive = ZipArchive::new(BufReader::with_capacity(CHUNK, file))
            .map_err(|e| archive_error("", e))?;
        at_most(PARTS, archive.len(), "", "the number of parts")?;
        let mut parts = HashMap::new();
        // Of two parts with one name some programs show the first and others the last.
        let mut twice = archive.has_duplicate_names().then(String::new);
        for name in archive.file_names() {
            let name = name.map_err(|e| archive_error("", e))?;
            let known = parts.insert(normal(&name), name.into_owned());
            twice = known.or(twice);
        }
        if let Some(part) = twice {
            let what = "the archive holds a part twice";
            return Err(InputErrorKind::Damaged { part, what });
        }
        let mut package = Package {
            archive,
            size,
            parts,
            folder: String::new(),
            workbook: String::new(),
        };
        if let Some(foreign) = package.foreign() {
            return Err(InputErrorKind::Foreign(foreign));
        }
        package.find_workbook()?;
        Ok(package)
    }

    fn has(&self, part: &str) -> bool {
        self.parts.contains_key(part)
    }

    /// What else it may be, told by the parts that only the others have.
    fn foreign(&mut self) -> Option<Foreign> {
        let inside = |folder: &str| self.parts.keys().any(|part| part.starts_with(folder));
        if inside("index/") || self.has("index.zip") {
            return Some(Foreign::Numbers);
        }
        if self.has("xl/workbook.bin") {
            return Some(Foreign::Xlsb);
        }
        if inside("word/") || inside("ppt/") {
            return Some(Foreign::OfficeDocument);
        }
        if self.has("content.xml") {
            let sheet = self
                .small("mimetype")
                .is_ok_and(|m| m.ends_with(b"spreadsheet"));
            return Some(if sheet {
                Foreign::Ods
            } else {
                Foreign::OfficeDocument
            });
        }
        (!self.has("_rels/.rels")).then_some(Foreign::Zip)
    }

    fn find_workbook(&mut self) -> Result<(), InputErrorKind> {
        let mut target = None;
        self.elements("_rels/.rels", |e| {
            if e.local_name().as_ref() == "Relationship" {
                let typ = attribute(e, "Type").unwrap_or_default();
                if typ.ends_with("/relationships/officeDocument") {
                    target = attribute(e, "Target");
                }
            }
        })?;
        let target = target.ok_or(InputErrorKind::Foreign(Foreign::Zip))?;
        let (folder, name) = match target.rsplit_once('/') {
            Some((folder, name)) => (format!("{folder}/"), name.to_owned()),
            None => (String::new(), target),
        };
        self.folder = folder.strip_prefix('/').unwrap_or(&folder).to_owned();
        self.workbook = if name.is_empty() {
            "workbook.xml".to_owned()
        } else {
            name
        };
        let part = format!("{}{}", self.folder, self.workbook);
        self.check_place(&part, "", &part)?;
        if self.has(&normal(&part)) {
            return Ok(());
        }
        Err(InputErrorKind::Damaged {
            part: self.workbook.clone(),
            what: "the part is missing",
        })
    }

    /// Refuses a target that is a part for other programs, since it goes up a folder or is escaped, and none for calamine.
    fn check_place(&self, part: &str, folder: &str, target: &str) -> Result<(), InputErrorKind> {
        let is_found = self.has(&normal(part)) && !part.contains('\\');
        let meant = resolved(folder, &target.replace('\\', "/"));
        let is_meant = |part: &str| self.has(&normal(part));
        if !is_found && (is_meant(&meant) || is_meant(&unescaped(&meant))) {
            return Err(InputErrorKind::Displaced { part: meant });
        }
        Ok(())
    }

    /// Refuses styles or shared strings under another name than the usual one, which is the only one that calamine knows:
    /// it would read dates as numbers without a word.
    pub(super) fn check_names(&mut self) -> Result<(), InputErrorKind> {
        let workbook = format!("{}{}", self.folder, self.workbook);
        for (ending, name) in [("/styles", STYLES), ("/sharedStrings", STRINGS)] {
            let usual = normal(&format!("{}{name}", self.folder));
            for part in self.related(&workbook, ending)? {
                if normal(&part) != usual {
                    return Err(InputErrorKind::Displaced { part });
                }
            }
        }
        Ok(())
    }

    /// What the workbook relates to, with its type.
    fn targets(&mut self) -> Result<HashMap<String, (String, String)>, InputErrorKind> {
        let rels = format!("{}_rels/{}.rels", self.folder, self.workbook);
        let mut targets = HashMap::new();
        let mut count = 0;
        self.elements(&rels, |e| {
            if e.local_name().as_ref() != "Relationship" {
                return;
            }
            count += 1;
            if count <= RELATIONSHIPS.0 {
                let id = attribute(e, "Id").unwrap_or_default();
                let typ = attribute(e, "Type").unwrap_or_default();
                targets.insert(id, (attribute(e, "Target").unwrap_or_default(), typ));
            }
        })?;
        at_most(RELATIONSHIPS, count, &rels, "the number of relationships")?;
        Ok(targets)
    }

    /// The worksheets in the workbook's order; charts and dialogs are none.
    pub(super) fn sheets(&mut self) -> Result<Vec<Sheet>, InputErrorKind> {
        let targets = self.targets()?;
        let folder = self.folder.clone();
        let workbook = format!("{folder}{}", self.workbook);
        let mut sheets = Vec::new();
        let mut sheet_targets = Vec::new();
        let (mut count, mut names) = (0, 0);
        self.elements(&workbook, |e| {
            names += usize::from(e.local_name().as_ref() == "definedName");
            count += usize::from(e.local_name().as_ref() == "sheet");
            if e.local_name().as_ref() != "sheet" || count > PARTS.0 {
                return;
            }
            let id = attribute(e, "id").unwrap_or_default();
            let Some((target, typ)) = targets.get(&id) else {
                return;
            };
            if typ.ends_with("/worksheet") {
                let part = match target.strip_prefix('/') {
                    Some(absolute) => absolute.to_owned(),
                    None => format!("{folder}{target}"),
                };
                sheet_targets.push(target.clone());
                let state = attribute(e, "state");
                sheets.push(Sheet {
                    name: attribute(e, "name").unwrap_or_default(),
                    part,
                    visible: state.is_none_or(|state| state == "visible"),
                });
            }
        })?;
        at_most(PARTS, count, &workbook, "the number of sheets")?;
        at_most(NAMES, names, &workbook, "the number of names")?;
        for (sheet, target) in sheets.iter().zip(&sheet_targets) {
            self.check_place(&sheet.part, &folder, target)?;
        }
        Ok(sheets)
    }

    /// The parts that a part names in its relationships, of the type that ends so.
    pub(super) fn related(
        &mut self,
        part: &str,
        ending: &str,
    ) -> Result<Vec<String>, InputErrorKind> {
        let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
        let rels = format!("{folder}/_rels/{name}.rels");
        let rels = rels.trim_start_matches('/');
        let mut found = Vec::new();
        if !self.has(&normal(rels)) {
            return Ok(found);
        }
        self.elements(rels, |e| {
            let is_meant = attribute(e, "Type").is_some_and(|typ| typ.ends_with(ending));
            if let Some(target) = attribute(e, "Target").filter(|_| is_meant) {
                found.push(resolved(folder, &target));
            }
        })?;
        Ok(found)
    }

    /// The names that the workbook defines, each with what it stands for; a program's own names are left out.
    pub(super) fn names(&mut self) -> Result<Vec<(String, String)>, InputErrorKind> {
        let part = format!("{}{}", self.folder, self.workbook);
        let bytes = self.small(&part)?;
        let mut reader = quick_xml::Reader::from_reader(bytes.as_slice());
        let mut names: Vec<(String, String)> = Vec::new();
        let mut buffer = Vec::new();
        let mut is_open = false;
        loop {
            buffer.clear();
            match reader.read_event_into(&mut buffer) {
                Ok(Event::Start(e)) if e.local_name().as_ref() == "definedName" => {
                    let name = attribute(&e, "name").unwrap_or_default();
                    let hidden = attribute(&e, "hidden").is_some_and(|hidden| hidden != "0");
                    is_open = !hidden && !name.starts_with("_xlnm.");
                    if is_open {
                        names.push((name, String::new()));
                    }
                }
                Ok(Event::Text(text)) if is_open => {
                    if let Some((_, meaning)) = names.last_mut() {
                        meaning.push_str(&text);
                    }
                }
                Ok(Event::GeneralRef(entity)) if is_open => {
                    if let Some((_, meaning)) = names.last_mut() {
                        meaning.extend(sign(&entity));
                    }
                }
                Ok(Event::End(_)) => is_open = false,
                Ok(Event::Eof) => return Ok(names),
                Ok(_) => {}
                Err(_) => {
                    return Err(InputErrorKind::Damaged {
                        part,
                        what: "the part is not well-formed XML",
                    });
                }
            }
        }
    }

    /// Reads a part that calamine takes in whole when it opens the workbook to its end, where there is one.
    pub(super) fn check_small(
        &mut self,
        part: Option<String>,
        each: &mut dyn FnMut(&[u8]) -> Step,
    ) -> Result<(), InputErrorKind> {
        match part {
            Some(part) => self.unpack(&part, SMALL, SMALL_TEXT, each),
            None => Ok(()),
        }
    }

    /// The part that holds the colours.
    pub(super) fn theme(&self) -> Option<String> {
        self.beside("theme/theme1.xml")
    }

    /// The part that holds the formats of cells.
    pub(super) fn styles(&self) -> Option<String> {
        self.beside(STYLES)
    }

    /// The part that holds the shared strings, where there is one.
    pub(super) fn shared_strings(&self) -> Option<String> {
        self.beside(STRINGS)
    }

    /// A part in the workbook's folder, where it is there.
    fn beside(&self, name: &str) -> Option<String> {
        let part = format!("{}{name}", self.folder);
        self.has(&normal(&part)).then_some(part)
    }

    /// The size that the archive gives for a part as it is packed; the file has no more.
    pub(super) fn packed_size(&mut self, part: &str) -> u64 {
        let (name, size) = (self.name(part), self.size);
        self.archive
            .by_name(&name)
            .map_or(0, |file| file.compressed_size().min(size))
    }

    /// The length that the archive gives for a part as it is unpacked.
    pub(super) fn claimed_length(&mut self, part: &str) -> Option<u64> {
        let name = self.name(part);
        let file = self.archive.by_name(&name).ok()?;
        Some(file.size())
    }

    /// Unpacks a part to its end, chunk by chunk, comparing its checksum; `each` may break it off, and
    /// then there was none.
    pub(super) fn unpack(
        &mut self,
        part: &str,
        limit: u64,
        limit_text: &'static str,
        each: &mut dyn FnMut(&[u8]) -> Step,
    ) -> Result<(), InputErrorKind> {
        let name = self.name(part);
        let mut file = self
            .archive
            .by_name(&name)
            .map_err(|e| archive_error(part, e))?;
        let mut chunk = vec![0; CHUNK];
        let mut size = 0;
        loop {
            let length = match file.read(&mut chunk) {
                Ok(0) => return Ok(()),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(unpack_error(part, error)),
            };
            let bytes = chunk.get(..length).unwrap_or_default();
            if size == 0 && is_wide(bytes) {
                return Err(not_utf8(part));
            }
            size += length as u64;
            if size > limit {
                return Err(InputErrorKind::too_large(
                    part,
                    "the unpacked size",
                    limit_text,
                ));
            }
            if each(bytes)?.is_break() {
                return Ok(());
            }
        }
    }

    /// The first part that calamine takes in whole whose text is not UTF-8, where there is one.
    pub(super) fn not_utf8(&mut self) -> Option<InputErrorKind> {
        let workbook = format!("{}{}", self.folder, self.workbook);
        let rels = format!("{}_rels/{}.rels", self.folder, self.workbook);
        let parts = [
            self.shared_strings(),
            self.styles(),
            Some(workbook),
            Some(rels),
        ];
        parts.into_iter().flatten().find_map(|part| {
            let mut letters = Letters::default();
            let read = self.unpack(&part, u64::MAX, "", &mut |chunk| Ok(letters.take(chunk)));
            (read.is_ok() && !letters.are_utf8()).then(|| not_utf8(&part))
        })
    }

    fn small(&mut self, part: &str) -> Result<Vec<u8>, InputErrorKind> {
        let mut bytes = Vec::new();
        self.unpack(part, WHOLE, WHOLE_TEXT, &mut |chunk| {
            bytes.extend_from_slice(chunk);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(bytes)
    }

    /// The part's path as the archive has it.
    pub(super) fn name(&self, part: &str) -> String {
        self.parts
            .get(&normal(part))
            .map_or_else(|| part.to_owned(), Clone::clone)
    }

    /// Calls `each` for every element of a small part.
    pub(super) fn elements(
        &mut self,
        part: &str,
        mut each: impl FnMut(&BytesStart<'_>),
    ) -> Result<(), InputErrorKind> {
        let bytes = self.small(part)?;
        let mut reader = quick_xml::Reader::from_reader(bytes.as_slice());
        reader.config_mut().check_end_names = false;
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            match reader.read_event_into(&mut buffer) {
                Ok(Event::Start(element) | Event::Empty(element)) => each(&element),
                Ok(Event::DocType(_)) => return Err(super::doctype(part)),
                Ok(Event::Eof) => return Ok(()),
                Ok(_) => {}
                Err(quick_xml::Error::Encoding(_)) => return Err(not_utf8(part)),
                Err(_) => {
                    return Err(InputErrorKind::Damaged {
                        part: part.to_owned(),
                        what: "the part is not well-formed XML",
                    });
                }
            }
        }
    }
}

fn at_most(
    limit: Limit,
    count: usize,
    part: &str,
    what: &'static str,
) -> Result<(), InputErrorKind> {
    let too_large = || InputErrorKind::too_large(part, what, limit.1);
    (count <= limit.0).then_some(()).ok_or_else(too_large)
}

/// The value of an attribute, whatever its namespace prefix, with its entities resolved.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = element.attributes();
    let mut attributes = attributes.with_checks(false).flatten();
    let found = attributes.find(|attribute| attribute.key.local_name().as_ref() == name)?;
    let value = found
        .normalized_value(quick_xml::XmlVersion::Implicit1_0)
        .ok()?;
    Some(value.into_owned())
}

/// What an entity stands for, where it is one that XML has by itself.
fn sign(entity: &str) -> Option<char> {
    match entity {
        "apos" => Some('\''),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        _ => None,
    }
}
