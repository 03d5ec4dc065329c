//! TLS that fails: a certificate that nobody vouches for, a server without TLS, one that says nothing, and all of it behind
//! a proxy. These connect to https, for which the machine must have root certificates; without them they say so.

use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::io::Read;
use std::net::TcpListener;
use std::sync::Arc;

/// Made for this test and of no use elsewhere: self-signed, for localhost, good for a hundred years.
const CERTIFICATE: &str = "MIIBlTCCATugAwIBAgIUYhaw8Fnjy+3fmuCLO8c5QOfR0MswCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjE3MzEwNFoYDzIxMjYxMDI5MTczMTA0WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATwzZvROEpf4wvShfyvXL6C0WJaLLJSUojLP86dkR+9mrszQQbLdz/oXWx6H7RmRtuXKMBeyfzXGrl51rUPLWV6o2kwZzAdBgNVHQ4EFgQUmNXwdM5OPyUZBiMgYUJlP14mMD8wHwYDVR0jBBgwFoAUmNXwdM5OPyUZBiMgYUJlP14mMD8wDwYDVR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwIDSAAwRQIhAPNwCalitf4CwXl1eFBm5v3gHfC8UfN50RbhSqnTKAJGAiARVyoeHlIJ9QoBf5B3nJU6W0CrdIaLSgrnmGR7TnxVPA==";
const KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3c4giDS0OdD6hx2bnksFR7My+mgyjokX8FrsUZqqSKWhRANCAATwzZvROEpf4wvShfyvXL6C0WJaLLJSUojLP86dkR+9mrszQQbLdz/oXWx6H7RmRtuXKMBeyfzXGrl51rUPLWV6";

/// Submits over https; none where this machine has no root certificates.
async fn submit_securely(host: &str, port: u16, timeout: Duration) -> Option<Reply> {
    submit_to_secure(&endpoint(&format!("https://{host}:{port}/api"), timeout)).await
}

async fn submit_to_secure(endpoint: &Endpoint) -> Option<Reply> {
    match Client::new(endpoint, credentials("word")) {
        Ok(client) => Some(
            client
                .submit(&Token::new(TOKEN.to_owned()), &ticket())
                .await,
        ),
        Err(error) => {
            println!("skipped: {error}");
            None
        }
    }
}

fn check(reply: Option<Reply>, expected: NotSentKind) {
    match reply {
        Some(Reply::NotSent(failure)) => assert_eq!(failure.kind, expected, "{failure}"),
        Some(other) => panic!("{other:?}"),
        None => {}
    }
}

fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

fn self_signed() -> rustls::ServerConfig {
    let certificate = CertificateDer::from(STANDARD.decode(CERTIFICATE).unwrap());
    let key = PrivatePkcs8KeyDer::from(STANDARD.decode(KEY).unwrap());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::Pkcs8(key))
        .unwrap()
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent() {
    let (listener, port) = listen();
    let config = Arc::new(self_signed());
    // Ends with the one connection; where the test is skipped it waits for ever and goes with the process.
    let _server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut tls = rustls::ServerConnection::new(config).unwrap();
        let _handshake = tls.complete_io(&mut stream);
    });
    let reply = submit_securely("localhost", port, PATIENCE).await;
    check(reply, NotSentKind::Certificate);
}

#[tokio::test]
async fn a_server_without_tls_gets_nothing() {
    let (listener, port) = listen();
    let _server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut hello = [0; 16];
        stream.read_exact(&mut hello).unwrap();
        std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    check(
        submit_securely("localhost", port, PATIENCE).await,
        NotSentKind::Tls,
    );
}

#[tokio::test]
async fn a_handshake_that_hangs_is_a_connect_timeout() {
    let (_listener, port) = listen();
    check(
        submit_securely("localhost", port, IMPATIENCE).await,
        NotSentKind::ConnectTimeout,
    );
}

/// A server behind a proxy at this address; its name is nobody's, so that only a proxy can have been asked.
fn behind(proxy: &str) -> Endpoint {
    Endpoint {
        proxy: Some(proxy.parse().unwrap()),
        ..endpoint("https://calls.invalid/api", PATIENCE)
    }
}

#[tokio::test]
async fn a_proxy_that_lets_nobody_through_has_seen_nothing_but_the_servers_name() {
    for status in [
        "407 Proxy Authentication Required",
        "403 Forbidden",
        "502 Bad Gateway",
    ] {
        let refusal = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        let proxy = Server::start([Act::Last(refusal)]).await;
        let address = proxy.url().replace("http://", "http://me:S3CRET@");
        let Some(reply) = submit_to_secure(&behind(&address)).await else {
            return;
        };
        let said = format!("{reply:?}");
        assert!(matches!(reply, Reply::NotSent(_)), "{status}: {said}");
        assert!(!said.contains("S3CRET"), "{status}: {said}");
        let seen = proxy.requests();
        assert_eq!(seen.len(), 1, "{status}: {seen:?}");
        assert!(
            seen[0].starts_with("CONNECT calls.invalid:443 HTTP/1.1\r\n"),
            "{seen:?}"
        );
        assert!(
            seen[0]
                .to_lowercase()
                .contains("proxy-authorization: basic")
        );
        for secret in ["token", "Abernathy", "api"] {
            assert!(!seen[0].contains(secret), "{secret}: {seen:?}");
        }
    }
}

#[tokio::test]
async fn a_proxy_that_nobody_is_behind_is_not_gone_around() {
    let nobody = server::nobody().await;
    check(
        submit_to_secure(&behind(&nobody)).await,
        NotSentKind::Refused,
    );
}

#[tokio::test]
async fn a_proxy_does_not_vouch_for_the_server_behind_it() {
    let (listener, port) = listen();
    let config = Arc::new(self_signed());
    let _proxy = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        std::io::Write::write_all(&mut stream, b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let mut tls = rustls::ServerConnection::new(config).unwrap();
        let _handshake = tls.complete_io(&mut stream);
    });
    let proxy = format!("http://127.0.0.1:{port}");
    check(
        submit_to_secure(&behind(&proxy)).await,
        NotSentKind::Certificate,
    );
}
