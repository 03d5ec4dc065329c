//! The names by which spreadsheets call what fills a field, and how like one of them a header is.
//!
//! Owns the lists and the likeness. Case, space and punctuation do not count, nor whether a column says that it is the
//! patient's. Knows no file and no value.

use crate::mapping::wording::letters;
use crate::ticket::TicketField;

/// From here on a column is given to a field.
pub(super) const PROPOSED: f64 = 0.85;
/// From here on a person is asked.
pub(super) const ASKED: f64 = 0.7;
/// What a header has at most that is not the same as a known name, nor as good as the same.
const DOUBTFUL: f64 = 0.84;
/// What it has at most that is as good as the same.
const ALIKE: f64 = 0.95;
/// How much less a name is worth than the one before it in its list.
const STEP: f64 = 0.001;
/// How much less a phone is worth as the second one.
const SECOND: f64 = 0.06;

/// A slip of the pen in fewer letters makes another word of them: `Cell` and `Call`.
const LETTERS_WITH_A_SLIP: usize = 6;
/// How many letters stand for each one that may be wrong.
const LETTERS_A_SLIP: usize = 5;
/// How alike the same words in another order are.
const SAME_WORDS: f64 = 0.8;
/// How alike words are that are worth a question.
const SIMILAR_WORDS: f64 = 0.7;
/// Fewer letters stand in another name by chance.
const LETTERS_OF_A_PART: usize = 4;
/// What is longer is a sentence and no name.
const LONGEST: usize = 60;

/// What columns with a patient's whole name are called, and those with a caller's.
const WHOLE_NAMES: &str = "name, full name, patient, name of patient, name last first, last first, last name first name, first name \
     last name, first last, client name, member name, caller, caller name, caller full name, called by, name of \
     caller, contact, contact name, contact person, person calling, parent name, guardian name, parent guardian, \
     spoke with";

/// The names of each field, the likeliest first: where two columns would do, the earlier name wins.
const NAMES: [(TicketField, &str); TicketField::COUNT] = [
    (
        TicketField::PatientLname,
        "last name, lname, last, surname, family name, name last, last nm, patient lname",
    ),
    (
        TicketField::PatientFname,
        "first name, fname, first, given name, forename, name first, first nm, patient fname",
    ),
    (
        TicketField::Dob,
        "dob, date of birth, birth date, birthday, birthdate, birth dt, born, date born, b day",
    ),
    (
        TicketField::Complaint,
        "complaint, chief complaint, presenting complaint, reason for call, reason for calling, call reason, reason, \
         reason for contact, reason for visit, presenting problem, presenting symptom, symptoms, symptom, problem, \
         medical problem, concern, issue, medical issue, cc, message, call message, nature of call",
    ),
    (
        TicketField::Prac,
        "prac, practice id, practice number, practice no, practice code, practice, clinic id, clinic number, clinic \
         code, clinic, office id, office number, office code, office, site id, site number, site code, site, facility \
         id, facility code, facility, location id, location code, location, practice name, clinic name, office name, \
         site name, facility name, location name",
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
         work phone number, caller id",
    ),
    (
        TicketField::ContactPhone2,
        "contact phone 2, phone 2, phone number 2, callback 2, second phone, secondary phone, alt phone, alternate \
         phone, alternative phone, alt number, alternate number, alternate contact number, other phone, other number, \
         telephone 2, tel 2",
    ),
    (
        TicketField::Sex,
        "sex, gender, m f, sex at birth, birth sex",
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
        "zip, zip code, zip postal, zip postal code, postal code, postcode, post code, home zip",
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

fn names(field: TicketField) -> impl Iterator<Item = &'static str> {
    let (_, names) = NAMES[field as usize];
    names.split(", ")
}

/// A header, ready to be held against the lists.
#[derive(Debug)]
pub(super) struct Name {
    /// All its letters and digits, and those without the word that says that it is the patient's.
    forms: Vec<String>,
}

impl Name {
    pub(super) fn new(header: &str) -> Name {
        let whole = letters(header);
        if whole.chars().count() > LONGEST {
            return Name { forms: Vec::new() };
        }
        let is_short = |rest: &&str| {
            header
                .trim_start()
                .get(2..3)
                .is_some_and(|next| !rest.is_empty() && !next.starts_with(char::is_alphanumeric))
        };
        let rests = [
            whole.strip_prefix("patients"),
            whole.strip_prefix("patient"),
            whole.strip_prefix("pt").filter(is_short),
        ];
        let rests: Vec<String> = rests
            .into_iter()
            .flatten()
            .filter(|rest| !rest.is_empty())
            .map(str::to_owned)
            .collect();
        let mut forms = vec![whole];
        forms.extend(rests);
        Name { forms }
    }

    /// Whether a column of this name holds whole names, which no field takes.
    pub(super) fn is_whole_name(&self) -> bool {
        let whole = |form: &String| WHOLE_NAMES.split(", ").any(|name| together(name) == *form);
        self.forms.iter().any(whole)
    }

    /// Whether this is, but for case and punctuation, what people call something that a call log has.
    pub(super) fn is_known(&self) -> bool {
        let is_name = |field| self.score(field) > ALIKE;
        self.is_whole_name() || TicketField::ALL.into_iter().any(is_name)
    }

    /// How sure it is that a column of this name fills a field, from 0 to 1.
    pub(super) fn score(&self, field: TicketField) -> f64 {
        let mut best = 0.0_f64;
        let mut worth = 1.0;
        for name in names(field) {
            let name = together(name);
            for form in &self.forms {
                best = best.max(if *form == name {
                    worth
                } else {
                    likeness(form, &name)
                });
            }
            worth -= STEP;
        }
        if field == TicketField::ContactPhone2 {
            // Whatever else is a phone is a second one.
            let phone = Some(self.score(TicketField::ContactPhone));
            best = best.max(
                phone
                    .filter(|score| *score > ALIKE)
                    .map_or(0.0, |score| score - SECOND),
            );
        }
        best
    }
}

/// A name of the lists without its spaces; all else in it is small letters and digits.
fn together(name: &str) -> String {
    name.split(' ').collect()
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
    let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    let is_slip = length >= LETTERS_WITH_A_SLIP && slips <= length / LETTERS_A_SLIP;
    if (is_slip || same_words >= SAME_WORDS) && digits(one) == digits(other) {
        alike.min(ALIKE)
    } else if is_slip || is_part || same_words >= SIMILAR_WORDS {
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
            ("Last Nmae", F::PatientLname),
            ("First-Name*", F::PatientFname),
            ("Given name", F::PatientFname),
            ("D.O.B.", F::Dob),
            ("Patient DOB", F::Dob),
            ("Birth Date", F::Dob),
            ("Chief Complaint", F::Complaint),
            ("REASON FOR THE CALL", F::Complaint),
            ("Clinic", F::Prac),
            ("Pracitce", F::Prac),
            ("Provider", F::ClientCode),
            ("Call-back #", F::ContactPhone),
            ("Cell Phone", F::ContactPhone),
            ("Phone (2)", F::ContactPhone2),
            ("Alt. phone", F::ContactPhone2),
            ("Gender", F::Sex),
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
            ("Phone Type", F::ContactPhone),
            ("Phone 3", F::ContactPhone),
            ("Practice Phone", F::ContactPhone),
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
    fn every_name_is_recognised_as_itself() {
        for (field, (named, _)) in F::ALL.into_iter().zip(NAMES) {
            assert_eq!(field, named);
            assert!(
                Name::new(field.name()).score(field) > ALIKE,
                "{}",
                field.name()
            );
            for name in names(field) {
                assert!(Name::new(name).score(field) > ALIKE, "{name}");
            }
        }
    }
}
