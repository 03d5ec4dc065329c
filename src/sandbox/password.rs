//! The login's password, decrypted as the vendor's PHP does it.
//!
//! The field is `base64( base64(ciphertext) + "::" + 16 raw IV bytes )`, AES-256-CBC with PKCS#7. Split at the first
//! `::`, since the raw IV may hold one itself; the key padded with NUL bytes or cut to 32. Says only whether a field
//! can be read, never why not.

use aes::cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7};
use base64::{Engine, engine::general_purpose::STANDARD};

/// Decrypts a password field; none where it is not one, or was encrypted with another key.
pub(crate) fn decrypt(field: &str, key: &[u8]) -> Option<Vec<u8>> {
    let inner = STANDARD.decode(field.trim()).ok()?;
    let at = inner.windows(2).position(|pair| pair == b"::")?;
    let ciphertext = STANDARD.decode(inner.get(..at)?).ok()?;
    let iv: [u8; 16] = inner.get(at + 2..)?.try_into().ok()?;
    let mut key_bytes = [0; 32];
    for (to, from) in key_bytes.iter_mut().zip(key) {
        *to = *from;
    }
    cbc::Decryptor::<aes::Aes256>::new(&key_bytes.into(), &iv.into())
        .decrypt_padded_vec::<Pkcs7>(&ciphertext)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `openssl_encrypt` of PHP 8.2 as the vendor's page shows it.
    const MADE_BY_PHP: [(&str, &str, &str); 6] = [
        (
            "short key",
            "pa55 wörd",
            "cGIxN2ZiL2lkODJEVG1FZmNMRXVXZz09OjowMTIzNDU2Nzg5YWJjZGVm",
        ),
        (
            "0123456789abcdef0123456789abcdef",
            "secret",
            "Si9IbmNHWm1XdVhkSmtzUW5GN2RrZz09OjowMTIzNDU2Nzg5YWJjZGVm",
        ),
        (
            "0123456789012345678901234567890123456789",
            "secret",
            "Z0dYLy93bjg2TlByMDN0WVNkZXhxdz09OjowMTIzNDU2Nzg5YWJjZGVm",
        ),
        (
            // The cut after 32 bytes falls into the middle of the é.
            "0123456789012345678901234567890étail",
            "secret",
            "MTZ6ZDhYT2wxV1ZrVm0wTG55NlpmZz09OjowMTIzNDU2Nzg5YWJjZGVm",
        ),
        (
            "clé",
            "p",
            "RW9PK3g3ZWdGQWhGZ3c0S2F2Ny9EQT09OjphOjpiOjpjOjpkOjplOjpm",
        ),
        (
            "k",
            "exactly sixteen!",
            "MTBPRzRhZmFySEpmM05DMHZJRFUyL2xtMmlHNGdROXNqaUlMRnlMMWhHWT06Ojo6AP86Ojo6Ojo6Ojo6Ojo=",
        ),
    ];

    #[test]
    fn what_php_encrypted_is_read_with_short_long_and_cut_keys_and_colons_in_the_iv() {
        for (key, password, field) in MADE_BY_PHP {
            let read = decrypt(field, key.as_bytes());
            assert_eq!(read.as_deref(), Some(password.as_bytes()), "{key}");
        }
    }

    #[test]
    fn what_is_no_password_field_is_refused_without_a_panic() {
        let (_, _, field) = MADE_BY_PHP[0];
        assert_eq!(decrypt(field, b"another key"), None);
        let no_separator = STANDARD.encode("cGFzc3dvcmQ=");
        let short_iv = STANDARD.encode("pb17fb/id82DTmEfcLEuVg==::short");
        let odd_length = STANDARD.encode("cGFzc3dvcmQ=::0123456789abcdef");
        let empty = STANDARD.encode("::0123456789abcdef");
        for wrong in [
            "",
            "::",
            "pa55 wörd",
            &no_separator,
            &short_iv,
            &odd_length,
            &empty,
        ] {
            assert_eq!(decrypt(wrong, b"short key"), None, "{wrong}");
        }
    }
}
