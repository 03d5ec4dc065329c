//! The password encryption against real PHP, in both directions, with the functions of the vendor's page.
//!
//! Needs `php` with OpenSSL on the path; where it is missing the tests say so and pass.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::Write;
use std::process::{Command, Stdio};
use ticketload::api::password;

/// The page's code as it stands there, but for the curly quotes; the key comes with each line.
const PAGE: &str = r#"
class CosmicConfiguration { const CipherMethod = "aes-256-cbc"; }
function EncryptionCustom($Str, $EncryptionDecryptionKey) {
    if (isset($Str) && trim($Str) != '') {
        $CipherMethod = CosmicConfiguration::CipherMethod;
        $iv = openssl_random_pseudo_bytes(openssl_cipher_iv_length($CipherMethod));
        $encrypted = openssl_encrypt($Str, $CipherMethod, $EncryptionDecryptionKey, 0, $iv);
        $data = base64_encode($encrypted . '::' . $iv);
        return $data;
    } else { return ''; }
}
function DecryptionCustom($Str, $EncryptionDecryptionKey) {
    if (isset($Str) && trim($Str) != '') {
        $CipherMethod = CosmicConfiguration::CipherMethod;
        list($encrypted_data, $iv) = explode('::', base64_decode($Str), 2);
        if (isset($encrypted_data) && $encrypted_data != '' && isset($iv) && $iv != '') {
            $data = openssl_decrypt($encrypted_data, $CipherMethod, $EncryptionDecryptionKey, 0, $iv);
            return $data;
        } else { return ''; }
    } else { return ''; }
}
while (($line = fgets(STDIN)) !== false) {
    list($work, $key, $text) = array_map('base64_decode', explode(' ', rtrim($line, "\n")));
    echo base64_encode($work($text, $key)), "\n";
}
"#;

/// Lets PHP do the work of each line; none where there is no PHP with OpenSSL.
fn php(lines: &[(&str, &[u8], &[u8])]) -> Option<Vec<Vec<u8>>> {
    let mut probe = Command::new("php");
    probe.args(["-r", "exit((int) !extension_loaded('openssl'));"]);
    if !probe.status().is_ok_and(|status| status.success()) {
        println!("skipped: there is no php with openssl on the path (Debian: php-cli)");
        return None;
    }
    let mut child = Command::new("php")
        .args(["-r", PAGE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input: String = lines
        .iter()
        .map(|(work, key, text)| {
            format!(
                "{} {} {}\n",
                STANDARD.encode(work),
                STANDARD.encode(key),
                STANDARD.encode(text)
            )
        })
        .collect();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<_> = text
        .lines()
        .map(|line| STANDARD.decode(line).unwrap())
        .collect();
    assert_eq!(answers.len(), lines.len());
    Some(answers)
}

/// Passwords and keys of every length around the borders of blocks and keys, with bytes that are no ASCII.
fn samples() -> Vec<(Vec<u8>, Vec<u8>)> {
    let letters = "Pä55wörd ☎ with :: and = in it, and more than two blocks".as_bytes();
    let key = "schlüssel:: von mehr als 32 bytes, ключ".as_bytes();
    let mut samples = Vec::new();
    for plain in [1, 2, 15, 16, 17, 31, 32, 33, letters.len()] {
        for length in [1, 5, 15, 16, 31, 32, 33, key.len()] {
            samples.push((letters[..plain].to_vec(), key[..length].to_vec()));
        }
    }
    samples.push((b" outer blanks stay \n".to_vec(), b"key".to_vec()));
    samples.push((b"word".to_vec(), vec![0xff, 0, 0x80]));
    samples
}

#[test]
fn php_decrypts_what_we_encrypt() {
    let samples = samples();
    let texts: Vec<_> = samples
        .iter()
        .map(|(p, k)| password::encrypt(p, k).unwrap())
        .collect();
    let lines: Vec<_> = samples
        .iter()
        .zip(&texts)
        .map(|((_, key), text)| ("DecryptionCustom", key.as_slice(), text.as_bytes()))
        .collect();
    let Some(answers) = php(&lines) else { return };
    for ((plain, _), answer) in samples.iter().zip(answers) {
        assert_eq!(&answer, plain);
    }
}

#[test]
fn we_decrypt_what_php_encrypts() {
    let samples = samples();
    let lines: Vec<_> = samples
        .iter()
        .map(|(plain, key)| ("EncryptionCustom", key.as_slice(), plain.as_slice()))
        .collect();
    let Some(answers) = php(&lines) else { return };
    for ((plain, key), answer) in samples.iter().zip(answers) {
        let text = String::from_utf8(answer).unwrap();
        assert_eq!(
            password::decrypt(&text, key).unwrap().as_slice(),
            plain.as_slice()
        );
    }
}

#[test]
fn php_encrypts_a_blank_password_to_nothing_where_we_refuse_it() {
    let blanks: [&[u8]; 3] = [b"", b"  ", b"\t\r\n\0\x0B"];
    let lines: Vec<_> = blanks
        .map(|blank| ("EncryptionCustom", &b"key"[..], blank))
        .to_vec();
    let Some(answers) = php(&lines) else { return };
    for (blank, answer) in blanks.iter().zip(answers) {
        assert!(answer.is_empty());
        assert_eq!(
            password::encrypt(blank, b"key"),
            Err(password::PasswordError::Blank)
        );
    }
}
