//! The vendor's password encryption, as the page's PHP does it.
//!
//! The text is `base64( base64(ciphertext) + "::" + 16 raw IV bytes )` with AES-256-CBC and PKCS#7. As in PHP, a short
//! key is padded with NUL bytes and a long one is cut to 32, counted in bytes. There is no MAC: this hides a password
//! from a glance, it does not prove who sent it. A key file's trailing newline is no part of the key; whoever reads
//! the file trims it.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::TryRng;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

type Encryptor = cbc::Encryptor<aes::Aes256>;
type Decryptor = cbc::Decryptor<aes::Aes256>;

const KEY_BYTES: usize = 32;
const IV_BYTES: usize = 16;
const SEPARATOR: &[u8] = b"::";
/// What PHP's `trim` takes off, by which the page's code decides whether a password is blank.
const PHP_BLANKS: &[u8] = b" \t\n\r\0\x0B";

/// Why a password could not be encrypted or decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Nothing but white space: PHP would encrypt it to the empty text.
    #[error("the password is empty or blank")]
    Blank,
    /// No key.
    #[error("the encryption key is empty")]
    NoKey,
    /// No random bytes for the IV.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
    /// One reason for every failure, so that nothing can be learned by trying.
    #[error("the text cannot be decrypted with this key")]
    Undecipherable,
}

/// Encrypts a password with a fresh IV.
///
/// # Errors
/// A blank password, an empty key, or an operating system without random bytes.
pub fn encrypt(plain: &[u8], key: &[u8]) -> Result<String, PasswordError> {
    check(plain, key)?;
    let mut iv = [0; IV_BYTES];
    loop {
        SysRng
            .try_fill_bytes(&mut iv)
            .map_err(|_| PasswordError::NoRandomness)?;
        // A server that splits at every "::" would cut such an IV; about one in 4,400 is drawn again.
        if position(&iv, SEPARATOR).is_none() {
            return Ok(encrypt_with_iv(plain, key, &iv));
        }
    }
}

/// Refuses what [`encrypt`] would refuse, before a call needs it.
pub(super) fn check(plain: &[u8], key: &[u8]) -> Result<(), PasswordError> {
    if plain.iter().all(|byte| PHP_BLANKS.contains(byte)) {
        return Err(PasswordError::Blank);
    }
    if key.is_empty() {
        return Err(PasswordError::NoKey);
    }
    Ok(())
}

fn encrypt_with_iv(plain: &[u8], key: &[u8], iv: &[u8; IV_BYTES]) -> String {
    let key = php_key(key);
    let ciphertext = Encryptor::new((&*key).into(), iv.into()).encrypt_padded_vec::<Pkcs7>(plain);
    let mut inner = STANDARD.encode(ciphertext).into_bytes();
    inner.extend_from_slice(SEPARATOR);
    inner.extend_from_slice(iv);
    STANDARD.encode(inner)
}

/// Decrypts what [`encrypt`], or the page's PHP, made.
///
/// # Errors
/// One and the same for a wrong key and for every kind of damage.
pub fn decrypt(text: &str, key: &[u8]) -> Result<Zeroizing<Vec<u8>>, PasswordError> {
    try_decrypt(text, key).ok_or(PasswordError::Undecipherable)
}

fn try_decrypt(text: &str, key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let inner = STANDARD.decode(text.trim()).ok()?;
    // Base64 has no colon, so the first "::" ends the ciphertext even where the IV holds one as well.
    let at = position(&inner, SEPARATOR)?;
    let ciphertext = STANDARD.decode(inner.get(..at)?).ok()?;
    let iv: &[u8; IV_BYTES] = inner.get(at + SEPARATOR.len()..)?.try_into().ok()?;
    let key = php_key(key);
    let plain = Decryptor::new((&*key).into(), iv.into()).decrypt_padded_vec::<Pkcs7>(&ciphertext);
    plain.ok().map(Zeroizing::new)
}

fn php_key(key: &[u8]) -> Zeroizing<[u8; KEY_BYTES]> {
    let mut padded = Zeroizing::new([0; KEY_BYTES]);
    for (to, from) in padded.iter_mut().zip(key) {
        *to = *from;
    }
    padded
}

fn position(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Made with PHP 8.2.36: the page's own functions, with the IV `0123456789abcdef`.
    const FROM_PHP: [(&str, &str, &str); 4] = [
        (
            "secret",
            "key",
            "UXNBYVh2MkpkcnN3aTIrSWl4MngzQT09OjowMTIzNDU2Nzg5YWJjZGVm",
        ),
        (
            "a",
            "0123456789abcdef0123456789abcdef",
            "eDlNejMweEQvamh6eVc4dDVtdVpuUT09OjowMTIzNDU2Nzg5YWJjZGVm",
        ),
        (
            "exactly 16 bytes",
            "0123456789abcdef0123456789abcdef and more",
            "c0JlRUprVFM3aVo3dXF2MUZIWUQrZnY4aThSS05sZDB0V00yak1mdWJlUT06OjAxMjM0NTY3ODlhYmNkZWY=",
        ),
        (
            "pässwörd ☎",
            "ключ-из-семнадцати-букв",
            "SzlNVlE5L1hqcnF2VG5Zcm45MkU3UT09OjowMTIzNDU2Nzg5YWJjZGVm",
        ),
    ];

    #[test]
    fn texts_made_by_php_are_made_byte_for_byte() {
        for (plain, key, text) in FROM_PHP {
            let made = encrypt_with_iv(plain.as_bytes(), key.as_bytes(), b"0123456789abcdef");
            assert_eq!(made, text);
            assert_eq!(
                decrypt(text, key.as_bytes()).unwrap().as_slice(),
                plain.as_bytes()
            );
        }
    }

    #[test]
    fn a_blank_password_and_an_empty_key_are_refused() {
        for blank in ["", " ", "\t\r\n\0\x0B "] {
            assert_eq!(encrypt(blank.as_bytes(), b"key"), Err(PasswordError::Blank));
        }
        assert_eq!(encrypt(b"word", b""), Err(PasswordError::NoKey));
        assert!(
            encrypt("\u{a0}".as_bytes(), b"key").is_ok(),
            "PHP's trim knows ASCII only"
        );
    }

    #[test]
    fn an_iv_with_the_separator_in_it_still_decrypts() {
        let text = encrypt_with_iv(b"word", b"key", b"::345678::abcd::");
        assert_eq!(decrypt(&text, b"key").unwrap().as_slice(), b"word");
    }

    #[test]
    fn every_failure_to_decrypt_is_the_same() {
        let good = encrypt(b"word", b"key").unwrap();
        let no_separator = STANDARD.encode("YWJj");
        let cut = good.get(..good.len() - 4).unwrap();
        let short_iv = STANDARD.encode("YWJj::123");
        for text in ["", "?", &no_separator, &short_iv, cut] {
            assert_eq!(decrypt(text, b"key"), Err(PasswordError::Undecipherable));
        }
        assert_ne!(decrypt(&good, b"kez").as_deref(), Ok(&b"word".to_vec()));
    }

    proptest! {
        #[test]
        fn what_is_encrypted_decrypts(plain in "[^ \t\n\r\0\x0B].{0,70}", key in prop::collection::vec(any::<u8>(), 1..40)) {
            let text = encrypt(plain.as_bytes(), &key).unwrap();
            let back = decrypt(&text, &key).unwrap();
            prop_assert_eq!(back.as_slice(), plain.as_bytes());
        }

        #[test]
        fn any_text_decrypts_or_is_refused_without_a_panic(text in ".*", key in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Err(reason) = decrypt(&text, &key) {
                prop_assert_eq!(reason, PasswordError::Undecipherable);
            }
        }
    }
}
