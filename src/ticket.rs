//! The API's vocabulary: the fields of a ticket, its payload, [`TicketId`], [`ErrorCode`] and [`Outcome`].
//!
//! Owns what the vendor's page names, in the page's own order and spelling. No I/O, no rules: what makes a value
//! valid is decided in `mapping`, what a reply proves in `api`. `Debug` of a payload shows no value.

use std::fmt;
use std::ops::Range;

/// One field of a ticket, named as the vendor's page names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TicketField {
    /// `patient_lname`, required.
    PatientLname,
    /// `patient_fname`, required.
    PatientFname,
    /// `dob`, required, `YYYYMMDD`.
    Dob,
    /// `complaint`, required.
    Complaint,
    /// `prac`, the practice's number, required.
    Prac,
    /// `client_code`, the doctor's code; must be present and may be empty.
    ClientCode,
    /// `contact_phone`, ten digits.
    ContactPhone,
    /// `contact_phone_2`, ten digits.
    ContactPhone2,
    /// `sex`.
    Sex,
    /// `email`.
    Email,
    /// `address`.
    Address,
    /// `city`.
    City,
    /// `state`, two letters.
    State,
    /// `zip`.
    Zip,
    /// `caller_lname`.
    CallerLname,
    /// `caller_fname`.
    CallerFname,
    /// `relationship`, of the caller to the patient.
    Relationship,
    /// `comments`, for the nurse.
    Comments,
    /// `txt`, a `|`-joined list.
    Txt,
    /// `Call_type`, digits; a capital in the request, none in the reply.
    CallType,
    /// `field_mr`, a `|`-joined list.
    FieldMr,
}

impl TicketField {
    /// How many fields a ticket has.
    pub const COUNT: usize = 21;

    /// All fields, in the page's order.
    pub const ALL: [TicketField; TicketField::COUNT] = [
        TicketField::PatientLname,
        TicketField::PatientFname,
        TicketField::Dob,
        TicketField::Complaint,
        TicketField::Prac,
        TicketField::ClientCode,
        TicketField::ContactPhone,
        TicketField::ContactPhone2,
        TicketField::Sex,
        TicketField::Email,
        TicketField::Address,
        TicketField::City,
        TicketField::State,
        TicketField::Zip,
        TicketField::CallerLname,
        TicketField::CallerFname,
        TicketField::Relationship,
        TicketField::Comments,
        TicketField::Txt,
        TicketField::CallType,
        TicketField::FieldMr,
    ];

    /// The name in the request.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            TicketField::PatientLname => "patient_lname",
            TicketField::PatientFname => "patient_fname",
            TicketField::Dob => "dob",
            TicketField::Complaint => "complaint",
            TicketField::Prac => "prac",
            TicketField::ClientCode => "client_code",
            TicketField::ContactPhone => "contact_phone",
            TicketField::ContactPhone2 => "contact_phone_2",
            TicketField::Sex => "sex",
            TicketField::Email => "email",
            TicketField::Address => "address",
            TicketField::City => "city",
            TicketField::State => "state",
            TicketField::Zip => "zip",
            TicketField::CallerLname => "caller_lname",
            TicketField::CallerFname => "caller_fname",
            TicketField::Relationship => "relationship",
            TicketField::Comments => "comments",
            TicketField::Txt => "txt",
            TicketField::CallType => "Call_type",
            TicketField::FieldMr => "field_mr",
        }
    }

    /// The field with this name in the request; exact, as the API is.
    #[must_use]
    pub fn from_name(name: &str) -> Option<TicketField> {
        TicketField::ALL
            .into_iter()
            .find(|field| field.name() == name)
    }

    /// Whether a ticket needs a value here. `client_code` must be present too, but may be empty.
    #[must_use]
    pub fn is_required(self) -> bool {
        matches!(
            self,
            TicketField::PatientLname
                | TicketField::PatientFname
                | TicketField::Dob
                | TicketField::Complaint
                | TicketField::Prac
        )
    }
}

/// The validated body of one ticket, before it is written as JSON or as a form.
///
/// A field that is absent is not sent at all; `client_code` alone is sent empty. All values share one buffer, so that
/// a recycled payload takes no allocation.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Payload {
    text: String,
    spans: [Option<(u32, u32)>; TicketField::COUNT],
}

impl Payload {
    /// Empties the payload, keeping its memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.spans = [None; TicketField::COUNT];
    }

    /// Sets a field; an earlier value of it is replaced.
    pub fn set(&mut self, field: TicketField, value: &str) {
        let start = self.text.len();
        self.text.push_str(value);
        self.spans[field as usize] = Some((offset(start), offset(self.text.len())));
    }

    /// Sets a field to what `write` appends to the buffer, without a copy in between.
    pub fn set_with(&mut self, field: TicketField, write: impl FnOnce(&mut String)) {
        let start = self.text.len();
        write(&mut self.text);
        self.spans[field as usize] = Some((offset(start), offset(self.text.len())));
    }

    /// Takes a field out.
    pub fn remove(&mut self, field: TicketField) {
        self.spans[field as usize] = None;
    }

    /// The value of a field, if it is to be sent.
    #[must_use]
    pub fn get(&self, field: TicketField) -> Option<&str> {
        self.text.get(self.place(field)?)
    }

    /// Where a field's value stands in [`Payload::joined`], if it is to be sent.
    pub(crate) fn place(&self, field: TicketField) -> Option<Range<usize>> {
        let (start, end) = self.spans[field as usize]?;
        Some(start as usize..end as usize)
    }

    /// All values run together, perhaps with some that were replaced or taken out: for a glance at all at once.
    #[must_use]
    pub(crate) fn joined(&self) -> &str {
        &self.text
    }

    /// All fields that are to be sent, in the page's order.
    pub fn fields(&self) -> impl Iterator<Item = (TicketField, &str)> {
        TicketField::ALL
            .into_iter()
            .filter_map(|field| Some((field, self.get(field)?)))
    }
}

fn offset(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("readers cap a row, and so a payload, below 4 GiB")
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.fields().map(|(field, _)| field.name()))
            .finish()
    }
}

/// The call centre's name for a ticket that exists, as the API answered it.
///
/// It is foreign text: whatever prints it outside our own results must escape control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TicketId(String);

impl TicketId {
    /// Takes an ID as the API sent it; none where it is blank.
    #[must_use]
    pub fn new(text: &str) -> Option<TicketId> {
        let text = text.trim();
        (!text.is_empty()).then(|| TicketId(text.to_owned()))
    }

    /// The ID as the API sent it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the ID has only the characters that IDs of this API have: `[A-Za-z0-9_-]{1,64}`.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.0.len() <= 64
            && self
                .0
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    }
}

/// An error code of the API's own tables, such as 407.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ErrorCode(pub u16);

impl ErrorCode {
    /// The token has expired; nothing was processed.
    pub const TOKEN_EXPIRED: ErrorCode = ErrorCode(408);
    /// The server's database failed: proves nothing.
    pub const DATABASE_FAILED: ErrorCode = ErrorCode(409);

    /// Whether the code says that no ticket was made and none would be.
    #[must_use]
    pub fn is_rejection(self) -> bool {
        matches!(self.0, 405 | 406 | 407 | 410 | 411 | 413 | 414)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How one row ended; each row has exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Would be sent; only a rehearsal says this.
    Ready,
    /// This run made the ticket.
    Created,
    /// The row has a ticket from before.
    AlreadyCreated,
    /// The row breaks a rule; it was not sent.
    Invalid,
    /// The API refused the row with a code.
    Rejected,
    /// The row was sent and nothing proves what came of it.
    InDoubt,
    /// The run ended before the row's turn.
    NotSent,
}

impl Outcome {
    /// All outcomes, in the order in which reports list them.
    pub const ALL: [Outcome; 7] = [
        Outcome::Ready,
        Outcome::Created,
        Outcome::AlreadyCreated,
        Outcome::Invalid,
        Outcome::Rejected,
        Outcome::InDoubt,
        Outcome::NotSent,
    ];

    /// The word for it in results and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Ready => "ready",
            Outcome::Created => "created",
            Outcome::AlreadyCreated => "already_created",
            Outcome::Invalid => "invalid",
            Outcome::Rejected => "rejected",
            Outcome::InDoubt => "in_doubt",
            Outcome::NotSent => "not_sent",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_in_the_order_of_their_numbers_and_are_found_by_name() {
        for (number, field) in TicketField::ALL.into_iter().enumerate() {
            assert_eq!(field as usize, number);
            assert_eq!(TicketField::from_name(field.name()), Some(field));
        }
        assert_eq!(
            TicketField::from_name("call_type"),
            None,
            "the request has a capital"
        );
    }

    #[test]
    fn a_payload_gives_back_what_was_set_last_and_shows_no_value() {
        let mut payload = Payload::default();
        payload.set(TicketField::PatientLname, "Abernathy");
        payload.set(TicketField::City, "Arden");
        payload.set(TicketField::City, "New Arden");
        payload.remove(TicketField::Zip);
        assert_eq!(payload.get(TicketField::City), Some("New Arden"));
        assert_eq!(payload.get(TicketField::Zip), None);
        assert_eq!(payload.fields().count(), 2);
        assert!(!format!("{payload:?}").contains("Abernathy"));
    }

    #[test]
    fn an_odd_ticket_id_is_kept_but_not_plain() {
        assert_eq!(TicketId::new("  "), None);
        assert!(TicketId::new("RQxQ5s84H").unwrap().is_plain());
        assert!(!TicketId::new("=1+2").unwrap().is_plain());
    }
}
