//! The names by which spreadsheets call what fills a field, and how like one of them a header is.
//!
//! Owns the lists and the likeness. Only a header whose words are all known is surely a field's; one that is merely like a
//! known name is worth a question at most, and one that says that it is somebody else's, or another thing, not even that.
//! Knows no file and no value.

use crate::mapping::key_proposal;
use crate::mapping::wording::letters;
use crate::mapping::words::{singular, words};
use crate::ticket::TicketField;
use std::collections::HashSet;
use std::sync::LazyLock;

/// From here on a column is given to a field.
pub(super) const PROPOSED: f64 = 0.85;
/// From here on a person is asked.
pub(super) const ASKED: f64 = 0.7;
/// What a header has at most that is not the same as a known name.
const DOUBTFUL: f64 = 0.84;
/// How much less a name is worth than the one before it in its list.
const STEP: f64 = 0.0005;
/// How much less a phone is worth as the second one.
const SECOND: f64 = 0.06;

/// A slip of the pen in fewer letters makes another word of them: `Cell` and `Call`.
const LETTERS_WITH_A_SLIP: usize = 6;
/// How many letters stand for each one that may be wrong.
const LETTERS_A_SLIP: usize = 5;
/// How alike words are that are worth a question.
const SIMILAR_WORDS: f64 = 0.7;
/// Fewer letters stand in another name by chance.
const LETTERS_OF_A_PART: usize = 4;
/// What is longer is a sentence and no name.
const LONGEST: usize = 60;

/// Words that say that a column is the patient's.
const PATIENTS: &str = "patient patients pt pts pat";

/// Words that say that a column is somebody else's than a patient's or a caller's.
const OTHERS: &str = "account agency agent attending called center centre clinic clinician company csr dialed dialled \
    dispatcher dnis doctor dr employee employer facility guarantor hospital insurance insured ip \
    location md nurse office op operator pcp pharmacist pharmacy physician plan prac practice \
    practitioner provider receptionist referring rep representative rn site staff subscriber supervisor \
    taker user vendor";

/// Words that say that a column is something else than what the other words name.
const THINGS: &str = "amount cell code count date day duration email ext extension fax flag id key mobile number phone ref \
    state status time timestamp type uid url zip ssn";

/// Words that say that a column is not the patient's, but of somebody who calls for them.
const RELATIVES: &str =
    "caller calling parent guardian mother father spouse contact emergency relative";

/// What the words of a header are, if it is of whole names: these, `first` and `last`.
const OF_WHOLE_NAMES: &str = "name full of and or middle mi m initial patient pt pat caller contact client member parent guardian \
    person nm whole complete";

/// What columns with a patient's whole name are called, and those with a caller's.
const WHOLE_NAMES: &str = "name, full name, patient, name of patient, name last first, last first, last name first name, first name \
     last name, first last, client name, member name, caller, caller name, caller full name, called by, name of \
     caller, contact, contact name, contact person, person calling, parent name, guardian name, parent guardian, \
     spoke with";

/// The names of each field, the likeliest first: where two columns would do, the earlier name wins.
const NAMES: [(TicketField, &str); TicketField::COUNT] = [
    (
        TicketField::PatientLname,
        "last name, lname, last, surname, family name, name last, last nm, patient lname, \
         apellido, nachname, familienname, nom de famille",
    ),
    (
        TicketField::PatientFname,
        "first name, fname, first, given name, forename, name first, first nm, patient fname, \
         vorname, pr\u{e9}nom, prenom",
    ),
    (
        TicketField::Dob,
        "dob, date of birth, birth date, birthday, birthdate, birth dt, born, date born, b day, \
         fecha de nacimiento, fecha nacimiento, geburtsdatum, geburtstag, date de naissance",
    ),
    (
        TicketField::Complaint,
        "complaint, chief complaint, presenting complaint, reason for call, reason for calling, call reason, reason, \
         reason for contact, reason for visit, presenting problem, presenting symptom, symptoms, symptom, problem, \
         medical problem, concern, issue, medical issue, cc, message, call message, nature of call, msg, \
         complaint text, reason text, motivo de llamada, motivo de la llamada, motif appel, grund des anrufs, anrufgrund",
    ),
    (
        TicketField::Prac,
        "prac, practice id, practice number, practice no, practice code, practice, clinic id, clinic code, \
         clinic, office id, office code, office, site id, site code, site, facility \
         id, facility code, facility, location id, location code, location, practice name, clinic name, office name, \
         site name, facility name, location name, prac id, prac code, prac name",
    ),
    (
        TicketField::ClientCode,
        "client code, doctor code, doctor id, doctor number, provider code, provider id, provider number, physician \
         code, physician id, doctor, provider, physician, dr, md, clinician, practitioner, pcp, primary care \
         provider, primary care physician, attending, attending physician, on call doctor, on call provider, doctor \
         name, provider name, physician name",
    ),
    (
        TicketField::ContactPhone,
        "contact phone, callback, callback number, callback phone, call back, call back number, call back phone, best \
         number, best contact number, best phone, phone, phone 1, phone number, phone no, primary phone, main phone, \
         contact number, telephone, telephone number, tel, tel no, caller phone, caller phone number, caller number, \
         cell phone, cell, cell number, mobile, mobile phone, mobile number, home phone, home phone \
         number, home number, day phone, daytime phone, ph, evening phone, work phone, work number, \
         work phone number, caller id, tel number, tel\u{e9}fono, telefono, \
         telefon, telefonnummer, t\u{e9}l\u{e9}phone",
    ),
    (
        TicketField::ContactPhone2,
        "contact phone 2, phone 2, phone number 2, callback 2, second phone, secondary phone, alt phone, alternate \
         phone, alternative phone, alt number, alternate number, alternate contact number, other phone, other number, \
         telephone 2, tel 2",
    ),
    (
        TicketField::Sex,
        "sex, gender, m f, sex at birth, birth sex, sex m f, gender m f, sexo, sexe, \
         geschlecht",
    ),
    (
        TicketField::Email,
        "email, e mail, email address, e mail address, email id",
    ),
    (
        TicketField::Address,
        "address, street address, street, address 1, address line 1, street 1, addr, addr 1, home address, mailing \
         address, residence",
    ),
    (
        TicketField::City,
        "city, town, home city, city town, municipality",
    ),
    (
        TicketField::State,
        "state, st, home state, state code, state province, province",
    ),
    (
        TicketField::Zip,
        "zip, zip code, zip postal, zip postal code, postal code, postcode, post code, home zip, plz, postleitzahl, code postal, \
         c\u{f3}digo postal, codigo postal",
    ),
    (
        TicketField::CallerLname,
        "caller last name, caller lname, caller last, caller surname, callers last name, last name of caller, contact \
         last name, parent last name, guardian last name",
    ),
    (
        TicketField::CallerFname,
        "caller first name, caller fname, caller first, callers first name, first name of caller, contact first name, \
         parent first name, guardian first name",
    ),
    (
        TicketField::Relationship,
        "relationship, relation, relationship to patient, relation to patient, caller relationship, relationship of \
         caller, caller relation, rel to pt, relationship to pt",
    ),
    (
        TicketField::Comments,
        "comments, comment, notes, note, remarks, remark, additional comments, additional notes, additional info, \
         additional information, nurse notes, call notes, special instructions",
    ),
    (TicketField::Txt, "txt"),
    (TicketField::CallType, "call type"),
    (
        TicketField::FieldMr,
        "field mr, mrn, mr, mr number, mr no, medical record number, medical record no, medical record, med rec, med \
         rec no, chart number, chart no, chart id, chart",
    ),
];

/// What is worth a question and no more: it may as well be something else.
const PERHAPS: [(TicketField, &str); 8] = [
    (TicketField::PatientLname, "nom"),
    (TicketField::PatientFname, "nombre"),
    (
        TicketField::Complaint,
        "motivo, motif, grund, raison, anliegen, beschwerden",
    ),
    (
        TicketField::Prac,
        "office number, clinic number, site number, facility number, praxis, cabinet, consultorio, cl\u{ed}nica, clinica",
    ),
    (TicketField::ContactPhone, "calling number, from number"),
    (TicketField::Address, "adresse, direcci\u{f3}n, direccion"),
    (TicketField::City, "ort, ville, ciudad"),
    (TicketField::State, "estado"),
];

/// The lists, made ready.
static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let all = NAMES
        .into_iter()
        .map(|(field, names)| Known::new(field, names));
    all.collect()
});
static WHOLE: LazyLock<HashSet<String>> =
    LazyLock::new(|| WHOLE_NAMES.split(", ").map(normal).collect());

/// The names of a field.
#[derive(Debug)]
struct Known {
    /// Each one's letters: as they stand, with its number in full, and as they are compared.
    names: Vec<[String; 3]>,
    perhaps: Vec<String>,
    words: HashSet<String>,
}

impl Known {
    fn new(field: TicketField, names: &str) -> Known {
        let asked = PERHAPS.into_iter().filter(|(other, _)| *other == field);
        Known {
            names: names
                .split(", ")
                .map(|name| [letters(name), words(name).concat(), normal(name)])
                .collect(),
            perhaps: asked
                .flat_map(|(_, names)| names.split(", "))
                .map(normal)
                .collect(),
            words: names.split(", ").flat_map(words).collect(),
        }
    }

    fn of(field: TicketField) -> Option<&'static Known> {
        KNOWN.get(field as usize)
    }
}

/// The letters of a name as names are compared: one of many is the same.
fn normal(name: &str) -> String {
    words(name).iter().map(|word| singular(word)).collect()
}

/// A header, ready to be held against the lists.
#[derive(Debug, Default)]
pub(super) struct Name {
    words: Vec<String>,
    /// All its letters, as they stand and without what says that several are meant.
    forms: Vec<String>,
    /// The same without the word that says that it is the patient's.
    bare: Vec<String>,
}

impl Name {
    pub(super) fn new(header: &str) -> Name {
        let words = words(header);
        if words.concat().chars().count() > LONGEST {
            return Name::default();
        }
        let is_patients = |word: &String| is_one_of(PATIENTS, word);
        let rest = match words.as_slice() {
            [first, rest @ ..] if is_patients(first) && !rest.is_empty() => forms(rest),
            [rest @ .., of, last] if of == "of" && is_patients(last) => forms(rest),
            [rest @ .., last] if is_patients(last) => forms(rest),
            [word] => after_patient(word),
            _ => Vec::new(),
        };
        // The patient's number is none of the numbers in the lists.
        let is_name = |form: &String| !form.is_empty() && !is_one_of(THINGS, form);
        Name {
            bare: rest.into_iter().filter(is_name).collect(),
            forms: forms(&words),
            words,
        }
    }

    /// Whether a column of this name holds whole names, which no field takes.
    pub(super) fn is_whole_name(&self) -> bool {
        let has = |word: &str| self.words.iter().any(|own| own == word);
        let is_both_ends = |word: &String| {
            matches!(singular(word), "first" | "last") || is_one_of(OF_WHOLE_NAMES, singular(word))
        };
        let both_ends = has("first") && has("last") && self.words.iter().all(is_both_ends);
        both_ends
            || self
                .forms
                .iter()
                .chain(&self.bare)
                .any(|form| WHOLE.contains(form))
    }

    /// Whether this is, but for case and punctuation, what people call something that a call log has.
    pub(super) fn is_known(&self) -> bool {
        let is_name = |field| self.exact(field).is_some();
        self.is_whole_name() || TicketField::ALL.into_iter().any(is_name)
    }

    pub(super) fn is_blank(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether nothing stands in it but words that names of columns are made of.
    pub(super) fn has_known_words(&self) -> bool {
        let lists = [PATIENTS, OTHERS, THINGS, RELATIVES, OF_WHOLE_NAMES];
        let is_known = |word: &String| {
            let forms = [word.as_str(), singular(word)];
            // A letter is a value rather: `F`.
            let is_letter = word.len() == 1 && !word.bytes().all(|byte| byte.is_ascii_digit());
            let is_listed = lists
                .iter()
                .any(|list| forms.iter().any(|form| is_one_of(list, form)));
            let is_fields = |known: &Known| forms.iter().any(|form| known.words.contains(*form));
            !is_letter && (is_listed || KNOWN.iter().any(is_fields))
        };
        self.is_known()
            || key_proposal::names_a_call(&self.words)
            || !self.is_blank() && self.words.iter().all(is_known)
    }

    /// How sure it is that a column of this name fills a field, from 0 to 1.
    pub(super) fn score(&self, field: TicketField) -> f64 {
        let best = self.exact(field).unwrap_or_else(|| self.like(field));
        if field != TicketField::ContactPhone2 {
            return best;
        }
        // Whatever else is a phone is a second one.
        let phone = self.exact(TicketField::ContactPhone);
        phone.map_or(best, |score| best.max(score - SECOND))
    }

    /// What the same name is worth, if it is one of the field's.
    fn exact(&self, field: TicketField) -> Option<f64> {
        let mut worth = 1.0;
        for name in &Known::of(field)?.names {
            if self.of(field).any(|form| name.contains(form)) {
                return Some(worth);
            }
            worth -= STEP;
        }
        None
    }

    /// What likeness is worth: a question at most.
    fn like(&self, field: TicketField) -> f64 {
        let Some(known) = Known::of(field).filter(|known| !self.is_foreign(field, known)) else {
            return 0.0;
        };
        if self.of(field).any(|form| known.perhaps.contains(form)) {
            return DOUBTFUL;
        }
        let names = known.names.iter();
        let alike = names.flat_map(|[name, ..]| self.of(field).map(|form| likeness(form, name)));
        alike.fold(0.0, f64::max)
    }

    /// Whether a word of it says that it is not the field's.
    fn is_foreign(&self, field: TicketField, known: &Known) -> bool {
        let others = |word: &str| match field {
            TicketField::Comments => false,
            TicketField::Prac | TicketField::CallerLname | TicketField::CallerFname => {
                is_one_of(OTHERS, word) || is_one_of(PATIENTS, word)
            }
            TicketField::PatientLname
            | TicketField::PatientFname
            | TicketField::Dob
            | TicketField::Sex => is_one_of(OTHERS, word) || is_one_of(RELATIVES, word),
            _ => is_one_of(OTHERS, word),
        };
        let is_foreign = |word: &String| {
            let forms = [word.as_str(), singular(word)];
            let is_own = forms.iter().any(|form| known.words.contains(*form));
            let is_another = |form: &&str| others(form) || is_one_of(THINGS, form);
            !is_own && forms.iter().any(is_another)
        };
        self.words.iter().any(is_foreign)
    }

    /// The forms that count for a field: that of a patient are the patient's own.
    fn of(&self, field: TicketField) -> impl Iterator<Item = &String> {
        let is_patients = !matches!(
            field,
            TicketField::Prac
                | TicketField::ClientCode
                | TicketField::CallerLname
                | TicketField::CallerFname
                | TicketField::Txt
                | TicketField::CallType
        );
        let bare = self.bare.iter().filter(move |_| is_patients);
        self.forms.iter().chain(bare)
    }
}

fn is_one_of(list: &str, word: &str) -> bool {
    list.split(' ').any(|one| one == word)
}

/// What the letters of these words are compared as.
fn forms(words: &[String]) -> Vec<String> {
    let mut forms = vec![words.concat()];
    let normal: String = words.iter().map(|word| singular(word)).collect();
    if forms.first() != Some(&normal) {
        forms.push(normal);
    }
    forms
}

/// The rest of a word that begins with `patient`, where nothing parts them.
fn after_patient(word: &str) -> Vec<String> {
    let rests = [word.strip_prefix("patients"), word.strip_prefix("patient")];
    rests.into_iter().flatten().map(str::to_owned).collect()
}

/// How alike two names are that are not the same. One that goes on where the other ends is of something else, and worth a
/// question: `Phone Type`, `Doctor Notes`, `Phone 3`.
fn likeness(one: &str, other: &str) -> f64 {
    let same_words = strsim::sorensen_dice(one, other);
    let alike = strsim::jaro_winkler(one, other).max(same_words);
    let (short, long) = if one.len() < other.len() {
        (one, other)
    } else {
        (other, one)
    };
    let is_part = short.chars().count() >= LETTERS_OF_A_PART
        && (long.starts_with(short) || long.ends_with(short));
    if alike < ASKED && !is_part {
        return alike;
    }
    let length = short.chars().count();
    let slips = strsim::osa_distance(one, other);
    let is_slip = length >= LETTERS_WITH_A_SLIP && slips <= length / LETTERS_A_SLIP;
    if is_slip || is_part || same_words >= SIMILAR_WORDS {
        alike.clamp(ASKED, DOUBTFUL)
    } else {
        // Letters that happen to be the same.
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TicketField as F;

    /// The field that a header is given to, if it is surely one's.
    fn field(header: &str) -> Option<TicketField> {
        let name = Name::new(header);
        if name.is_whole_name() {
            return None;
        }
        let scored = F::ALL.map(|field| (name.score(field), field));
        let best = scored
            .into_iter()
            .rev()
            .max_by(|one, other| one.0.total_cmp(&other.0));
        best.filter(|(score, _)| *score >= PROPOSED)
            .map(|(_, field)| field)
    }

    #[test]
    fn headers_are_recognised_whatever_their_case_and_punctuation() {
        let cases = [
            ("Last Name", F::PatientLname),
            ("patient_last_name", F::PatientLname),
            ("PatientLastName", F::PatientLname),
            ("Patient's Last Name", F::PatientLname),
            ("PT LNAME", F::PatientLname),
            ("Name (Last)", F::PatientLname),
            ("Pat Last Nm", F::PatientLname),
            ("Pat First Name", F::PatientFname),
            ("Last name of patient", F::PatientLname),
            ("Apellidos", F::PatientLname),
            ("Prénom", F::PatientFname),
            ("First-Name*", F::PatientFname),
            ("Given name", F::PatientFname),
            ("D.O.B.", F::Dob),
            ("Patient DOB", F::Dob),
            ("Birth Date", F::Dob),
            ("DOB (MM/DD/YYYY)", F::Dob),
            ("pat_dob", F::Dob),
            ("Fecha de Nacimiento", F::Dob),
            ("Geburtsdatum", F::Dob),
            ("Complaints", F::Complaint),
            ("Msg", F::Complaint),
            ("Chief Complaint", F::Complaint),
            ("REASON FOR THE CALL", F::Complaint),
            ("Clinic", F::Prac),
            ("Provider", F::ClientCode),
            ("Call-back #", F::ContactPhone),
            ("Cell Phone", F::ContactPhone),
            ("Phone (2)", F::ContactPhone2),
            ("Alt. phone", F::ContactPhone2),
            ("Contact #", F::ContactPhone),
            ("PHONENO", F::ContactPhone),
            ("Téléphone", F::ContactPhone),
            ("Gender", F::Sex),
            ("Sex (M/F)", F::Sex),
            ("E-mail", F::Email),
            ("Street Address", F::Address),
            ("ZIP/Postal", F::Zip),
            ("Caller last name", F::CallerLname),
            ("Caller First", F::CallerFname),
            ("Relationship to patient", F::Relationship),
            ("Notes", F::Comments),
            ("call type", F::CallType),
            ("MRN", F::FieldMr),
            ("Medical Record #", F::FieldMr),
        ];
        for (header, expected) in cases {
            assert_eq!(field(header), Some(expected), "{header}");
        }
    }

    #[test]
    fn what_only_begins_like_a_field_is_not_given_to_it() {
        for header in [
            "",
            "Phone Type",
            "Phone 3",
            "Doctor Notes",
            "Email sent",
            "Practice Phone",
            "DOB verified",
            "Call",
            "Job",
            "Status",
            "Address 2",
            "Insurance",
            "Pharmacy",
            "Taken by",
            "Patient",
            "Patient Name",
            "Pt. name",
            "Name",
            "Caller",
            "Last Name, First Name",
            "Patient ID",
            "Date",
            "Time of call",
            "Last seen",
            "First call",
            "Last Nmae",
            "Pracitce",
            "Caller's Name",
            "Name (First Last)",
            "Patient #",
            "Office Number",
            "Patient Location",
            "Callback Ext",
            "Nombre",
        ] {
            assert_eq!(field(header), None, "{header}");
        }
        assert_eq!(field(&"Last Name ".repeat(50)), None);
    }

    #[test]
    fn what_has_a_name_of_a_field_in_it_is_asked_about() {
        let asked = |header: &str, field| {
            let score = Name::new(header).score(field);
            (ASKED..PROPOSED).contains(&score)
        };
        for (header, field) in [
            ("Phone 3", F::ContactPhone),
            ("Calling Number", F::ContactPhone),
            ("Last Nmae", F::PatientLname),
            ("Nombre", F::PatientFname),
            ("Pracitce", F::Prac),
            ("Office Number", F::Prac),
            ("Motivo", F::Complaint),
            ("Address 2", F::Address),
            ("Reason closed", F::Complaint),
        ] {
            assert!(asked(header, field), "{header}");
        }
        for header in [
            "Latitude",
            "Country",
            "Population",
            "Id",
            "Call ID",
            "Source",
            "Taken by",
            "Job",
            "Phone Type",
            "Status",
            "Patient #",
            "Dr Last Name",
            "Dr. First Name",
            "Agent First Name",
            "AgentLastName",
            "Called Number",
            "Practice Phone Number",
            "Practice Zip",
            "Patient Location",
            "Message ID",
            "Complaint Date",
            "Complaint #",
            "IP Address",
            "Callback Ext",
        ] {
            for field in F::ALL {
                assert!(
                    Name::new(header).score(field) < ASKED,
                    "{header} {}",
                    field.name()
                );
            }
        }
    }

    #[test]
    fn whole_names_are_known_by_their_words() {
        for header in [
            "Caller's Name",
            "Name (First Last)",
            "Last, First",
            "Pat. Name",
            "PatientName",
            "First and last name",
        ] {
            assert!(Name::new(header).is_whole_name(), "{header}");
        }
        for header in [
            "Contact #",
            "Patient #",
            "First Name",
            "Dr First Last",
            "Name (Last)",
        ] {
            assert!(!Name::new(header).is_whole_name(), "{header}");
        }
    }

    #[test]
    fn every_name_is_recognised_as_itself() {
        for (field, (of, named)) in F::ALL.into_iter().zip(NAMES) {
            assert_eq!(field, of);
            assert!(
                Name::new(field.name()).exact(field).is_some(),
                "{}",
                field.name()
            );
            for name in named.split(", ") {
                assert!(Name::new(name).exact(field).is_some(), "{name}");
            }
        }
    }
}
