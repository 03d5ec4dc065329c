//! Which row is this? Keyed hashes of a row's key, of its cells and of its payload.
//!
//! Owns how cells become an identity. A bare hash of a phone number could be found by trying them all, so every hash
//! is an HMAC with a random key that never leaves the ledger. An identity holds within one scope: a server and an
//! account. Hashes are cut to 128 bits, which for ten million rows still makes an accident impossible in practice.

use crate::row::Row;
use crate::ticket::Payload;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A keyed hash of 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(pub(super) [u8; 16]);

impl Identity {
    /// The identity of the n-th row (counted from 0) with the same content: two identical calls are two tickets.
    #[must_use]
    pub(super) fn nth(self, ordinal: u64) -> Identity {
        let number = u128::from_be_bytes(self.0).wrapping_add(u128::from(ordinal));
        Identity(number.to_be_bytes())
    }

    /// A short form, for finding rows that may be the same.
    #[must_use]
    pub fn short(&self) -> u64 {
        let mut half = [0; 8];
        half.copy_from_slice(&self.0[8..]);
        u64::from_be_bytes(half)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Makes identities for one scope.
#[derive(Clone)]
pub struct Identities {
    source: Hmac<Sha256>,
    key: Hmac<Sha256>,
    payload: Hmac<Sha256>,
    scope: Identity,
}

impl std::fmt::Debug for Identities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identities").finish_non_exhaustive()
    }
}

impl Identities {
    /// Identities that hold within this process only, for a rehearsal without a ledger.
    #[must_use]
    pub fn passing() -> Identities {
        Identities::new(&rand::random::<[u8; 32]>(), "")
    }

    pub(super) fn new(ledger_key: &[u8], scope: &str) -> Identities {
        let keyed = |kind: &str| {
            let mut mac =
                Hmac::<Sha256>::new_from_slice(ledger_key).expect("HMAC takes a key of any length");
            mac.update(kind.as_bytes());
            mac.update(&[0]);
            mac.update(&(scope.len() as u64).to_le_bytes());
            mac.update(scope.as_bytes());
            mac
        };
        Identities {
            source: keyed("source"),
            key: keyed("key"),
            // A payload is compared with payloads of the same submission only, which has its scope already.
            payload: keyed("payload"),
            scope: finish(keyed("scope")),
        }
    }

    /// The scope itself, to find the runs of the same account.
    #[must_use]
    pub fn scope(&self) -> Identity {
        self.scope
    }

    /// The identity of a row's cells as text, without its place among identical rows.
    ///
    /// Empty cells at the end and the kind of line ends inside a cell make no difference: a file keeps its identity
    /// when it is saved with other line ends or loses its trailing delimiters.
    #[must_use]
    pub fn source(&self, row: &Row) -> Identity {
        let mut mac = self.source.clone();
        if row.joined().contains('\r') {
            let mut plain = Row::default();
            for cell in row.cells() {
                plain.push(&cell.text.replace("\r\n", "\n").replace('\r', "\n"));
            }
            absorb(&mut mac, &plain);
        } else {
            absorb(&mut mac, row);
        }
        finish(mac)
    }

    /// The identity of a row's key, from its normalised, length-prefixed values.
    #[must_use]
    pub fn key(&self, values: &[u8]) -> Identity {
        let mut mac = self.key.clone();
        mac.update(values);
        finish(mac)
    }

    /// The keyed hash of what would be sent, under one mapping.
    #[must_use]
    pub fn payload(&self, payload: &Payload, mapping: [u8; 8]) -> Identity {
        let mut mac = self.payload.clone();
        for (field, value) in payload.fields() {
            mac.update(&[field as u8]);
            mac.update(&(value.len() as u64).to_le_bytes());
            mac.update(value.as_bytes());
        }
        let mut identity = finish(mac);
        // The first half tells the mapping, so that payloads are compared only under the same one.
        identity.0[..8].copy_from_slice(&mapping);
        identity
    }
}

/// Two payload hashes: the same content, other content, or not comparable since the mapping changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Same,
    Other,
    OtherMapping,
}

pub(super) fn compare(one: &Identity, other: &Identity) -> Comparison {
    if one.0[..8] != other.0[..8] {
        Comparison::OtherMapping
    } else if one == other {
        Comparison::Same
    } else {
        Comparison::Other
    }
}

fn absorb(mac: &mut Hmac<Sha256>, row: &Row) {
    let ends = row.ends();
    let total = ends.last().copied().unwrap_or(0);
    let first_at_end = ends.iter().position(|end| *end == total).unwrap_or(0);
    // The first cell that ends where the text ends is the last one that holds anything.
    let kept = if total == 0 {
        &[]
    } else {
        &ends[..=first_at_end]
    };
    let mut prefix = Vec::with_capacity(kept.len() * 4 + 4);
    prefix.extend_from_slice(&(kept.len() as u64).to_le_bytes());
    for end in kept {
        prefix.extend_from_slice(&end.to_le_bytes());
    }
    mac.update(&prefix);
    mac.update(row.joined().as_bytes());
}

fn finish(mac: Hmac<Sha256>) -> Identity {
    let whole = mac.finalize().into_bytes();
    let mut identity = [0; 16];
    identity.copy_from_slice(&whole[..16]);
    Identity(identity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticket::TicketField;

    fn row(cells: &[&str]) -> Row {
        let mut row = Row::default();
        for cell in cells {
            row.push(cell);
        }
        row
    }

    fn identities() -> Identities {
        Identities::new(b"key", "https://host/ bulk")
    }

    #[test]
    fn a_row_keeps_its_identity_with_other_line_ends_and_without_empty_cells_at_the_end() {
        let ids = identities();
        assert_eq!(
            ids.source(&row(&["a", "b\r\nc", "", ""])),
            ids.source(&row(&["a", "b\nc"]))
        );
        assert_eq!(ids.source(&row(&["", ""])), ids.source(&row(&[])));
    }

    #[test]
    fn cells_do_not_run_together() {
        let ids = identities();
        let all = [
            ids.source(&row(&["ab", "c"])),
            ids.source(&row(&["a", "bc"])),
            ids.source(&row(&["abc"])),
            ids.source(&row(&["", "abc"])),
            ids.source(&row(&["a", "", "bc"])),
        ];
        for (i, one) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|other| other != one));
        }
    }

    #[test]
    fn scope_and_kind_and_place_tell_identities_apart() {
        let (here, there) = (identities(), Identities::new(b"key", "https://host/ other"));
        let row = row(&["a"]);
        assert_ne!(here.source(&row), there.source(&row));
        assert_ne!(here.scope(), there.scope());
        assert_ne!(here.key(b"a"), there.key(b"a"));
        assert_ne!(here.source(&row), here.source(&row).nth(1));
        assert_eq!(here.source(&row), here.source(&row).nth(0));
    }

    #[test]
    fn payloads_compare_only_under_the_same_mapping() {
        let ids = identities();
        let mut payload = Payload::default();
        payload.set(TicketField::City, "Arden");
        let one = ids.payload(&payload, [1; 8]);
        assert_eq!(
            compare(&one, &ids.payload(&payload, [1; 8])),
            Comparison::Same
        );
        assert_eq!(
            compare(&one, &ids.payload(&payload, [2; 8])),
            Comparison::OtherMapping
        );
        payload.set(TicketField::City, "New Arden");
        assert_eq!(
            compare(&one, &ids.payload(&payload, [1; 8])),
            Comparison::Other
        );
    }
}
