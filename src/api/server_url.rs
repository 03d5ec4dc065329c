//! [`ServerUrl`]: the page's `$server_url`, checked.
//!
//! Guarantees https, or http to this machine alone, and an address without credentials or query, so that it may be
//! shown. Builds the addresses of the three calls, which hold the token and must not be shown. Does not connect.

use std::fmt;
use std::str::FromStr;
use url::{Host, Url, form_urlencoded};

/// The address of the API: `https://HOST/PATH`, or `http://` to loopback.
///
/// A pasted `/index.php` at the end is left off.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl {
    url: Url,
}

/// Why a text is no server address; never holds the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServerUrlError {
    /// It is no absolute URL.
    #[error("the server address is not a URL; write it as https://HOST/PATH")]
    NotAUrl,
    /// Neither https nor http.
    #[error("the server address must begin with https://")]
    Scheme,
    /// http to another machine.
    #[error(
        "the server address begins with http://, which would send patient data unencrypted; \
         use https:// (http is for localhost alone)"
    )]
    PlainHttp,
    /// A user name or password in the address.
    #[error(
        "the server address must not hold a user name or password; give them as settings of their own"
    )]
    Userinfo,
    /// A `?` or `#`.
    #[error("the server address must end before '?' and '#'; leave out the query")]
    Query,
}

impl FromStr for ServerUrl {
    type Err = ServerUrlError;

    fn from_str(text: &str) -> Result<ServerUrl, ServerUrlError> {
        let mut url = Url::parse(text.trim()).map_err(|_| ServerUrlError::NotAUrl)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(ServerUrlError::Scheme);
        }
        if url.host().is_none() {
            return Err(ServerUrlError::NotAUrl);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ServerUrlError::Userinfo);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(ServerUrlError::Query);
        }
        if url.scheme() == "http" && !is_loopback(&url) {
            return Err(ServerUrlError::PlainHttp);
        }
        let path = url.path().trim_end_matches('/');
        let path = path.strip_suffix("/index.php").unwrap_or(path);
        let path = path.trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(ServerUrl { url })
    }
}

impl ServerUrl {
    /// The host, with its port where one is given, for messages.
    #[must_use]
    pub fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// Whether this is http to this machine: no certificates, no proxy.
    pub(super) fn is_plain_loopback(&self) -> bool {
        self.url.scheme() == "http"
    }

    /// The address of a call, up to where the token goes.
    pub(super) fn call(&self, resource: &str) -> String {
        let mut address = self.to_string();
        address.push_str("/index.php?resource=");
        push_encoded(&mut address, resource);
        address
    }
}

/// Appends text to a query, percent-encoded.
pub(super) fn push_encoded(address: &mut String, text: &str) {
    address.extend(form_urlencoded::byte_serialize(text.as_bytes()));
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, ServerUrlError> {
        text.parse().map(|url: ServerUrl| url.to_string())
    }

    #[test]
    fn addresses_are_kept_with_their_path_and_nothing_behind_it() {
        for (text, kept) in [
            (
                "https://qa.example.com/cc/modules/apiv2",
                "https://qa.example.com/cc/modules/apiv2",
            ),
            (
                " https://qa.example.com/cc/apiv2/ ",
                "https://qa.example.com/cc/apiv2",
            ),
            (
                "https://qa.example.com/cc/index.php",
                "https://qa.example.com/cc",
            ),
            ("https://QA.example.com:8443", "https://qa.example.com:8443"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://localhost:8080/api/", "http://localhost:8080/api"),
            ("http://[::1]:8080/", "http://[::1]:8080"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(kept), "{text}");
        }
    }

    #[test]
    fn every_other_address_is_refused_with_its_reason() {
        for (text, reason) in [
            ("", ServerUrlError::NotAUrl),
            ("qa.example.com/api", ServerUrlError::NotAUrl),
            ("https://", ServerUrlError::NotAUrl),
            ("localhost:8080", ServerUrlError::Scheme),
            ("ftp://qa.example.com", ServerUrlError::Scheme),
            ("http://qa.example.com/api", ServerUrlError::PlainHttp),
            (
                "http://localhost.example.com/api",
                ServerUrlError::PlainHttp,
            ),
            ("http://10.0.0.1/api", ServerUrlError::PlainHttp),
            ("https://me:word@qa.example.com", ServerUrlError::Userinfo),
            (
                "https://qa.example.com/index.php?resource=as&token=x",
                ServerUrlError::Query,
            ),
            ("https://qa.example.com/#top", ServerUrlError::Query),
        ] {
            assert_eq!(parse(text), Err(reason), "{text}");
        }
    }

    #[test]
    fn a_call_is_addressed_with_an_encoded_resource() {
        let url: ServerUrl = "https://qa.example.com/cc/".parse().unwrap();
        assert_eq!(
            url.call("a s&x"),
            "https://qa.example.com/cc/index.php?resource=a+s%26x"
        );
        assert_eq!(url.host(), "qa.example.com");
    }
}
