//! [`Client`]: the API over the network, one call one attempt.
//!
//! Guarantees that a submission is written at most once: no retries, no redirects, HTTP/1.1 alone, and a body that
//! can be taken once. Whether it was taken at all is what proves a row not sent. No URL leaves this module, since the
//! token stands in it. Does not wait, repeat or decide.

mod connections;
mod failure;
mod once;

#[cfg(test)]
mod tests;

use super::password::{self, PasswordError};
use super::reply::{self, NotSentKind, Reply, StatusReply, TokenReply, Unproven};
use super::server_url::{ServerUrl, push_encoded};
use super::token::{Token, TokenError};
use super::{BodyFormat, Transport, body};
use crate::ticket::{Payload, TicketId};
use bytes::{Bytes, BytesMut};
use connections::{Connections, Reuse};
use failure::Failure;
use once::SentFlag;
use reqwest::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use url::Url;

/// Longest answer that is read; the API's own have about 600 bytes.
const MAX_ANSWER: usize = 1024 * 1024;
/// Connecting may take this long, or half of the whole time where that is less: it must end before the whole does,
/// since only then is it seen that nothing was sent.
const MAX_CONNECT: Duration = Duration::from_secs(10);
/// Longer idle connections are not used again: a server closes them at will, and a row that is written into a closing
/// connection is in doubt. Apache closes after 5 s.
const POOL_IDLE: Duration = Duration::from_secs(1);
/// Room for most bodies without growing.
const BODY_BYTES: usize = 1024;
/// Longest wait that is taken from a server.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Where tickets are sent, and how.
#[derive(Clone)]
pub struct Endpoint {
    /// The page's `$server_url`.
    pub server_url: ServerUrl,
    /// The `resource` of a submission: `as`, or `adi`; the page names both.
    pub resource: String,
    /// How bodies are written.
    pub body: BodyFormat,
    /// One attempt, whole.
    pub timeout: Duration,
    /// A proxy, never one from the environment; not used for http to loopback.
    pub proxy: Option<Url>,
    /// Whether this vendor's 503 is refused at the door, as 429 is.
    pub safe_503: bool,
    /// How many calls run at a time; a few connections are kept for each.
    pub workers: usize,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("server_url", &self.server_url)
            .field("resource", &self.resource)
            .field("body", &self.body)
            .field("timeout", &self.timeout)
            .field("has_proxy", &self.proxy.is_some())
            .field("safe_503", &self.safe_503)
            .field("workers", &self.workers)
            .finish()
    }
}

/// As whom tickets are sent.
pub struct Credentials {
    /// The API's user name.
    pub username: String,
    /// Its password, plain.
    pub password: SecretString,
    /// The key that the password is encrypted with.
    pub key: SecretSlice<u8>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The password cannot be encrypted.
    #[error("the API password cannot be encrypted")]
    Password(#[source] PasswordError),
    /// TLS, its root certificates or the proxy cannot be set up.
    #[error("the connection to the server cannot be set up")]
    Setup(#[source] reqwest::Error),
}

/// The API over the network.
pub struct Client {
    connections: Connections<reqwest::Client>,
    endpoint: Endpoint,
    credentials: Credentials,
    login_url: String,
    submit_url: String,
    status_url: String,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("submit_url", &self.submit_url)
            .finish_non_exhaustive()
    }
}

/// An answer that arrived whole, or as far as its cap.
struct Answer {
    status: u16,
    retry_after: Option<Duration>,
    body: Result<Bytes, Unproven>,
}

impl Client {
    /// Sets up the connections; connects nowhere.
    ///
    /// # Errors
    /// A blank password, an empty key, a machine without root certificates, or a proxy that is no proxy.
    pub fn new(endpoint: &Endpoint, credentials: Credentials) -> Result<Client, ApiError> {
        let password = credentials.password.expose_secret().as_bytes();
        password::check(password, credentials.key.expose_secret()).map_err(ApiError::Password)?;
        let connections = Connections::for_requests(endpoint.workers);
        // What cannot be set up is known before a row wants it.
        let first = connections.lend().get(|reuse| connection(endpoint, reuse));
        first.map_err(|error| ApiError::Setup(error.without_url()))?;
        let call = |resource| endpoint.server_url.call(resource);
        Ok(Client {
            connections,
            endpoint: endpoint.clone(),
            credentials,
            login_url: call("tokenCreate"),
            submit_url: call(&endpoint.resource) + "&token=",
            status_url: call("ticketStatus") + "&token=",
        })
    }

    fn is_refusal(&self, status: u16) -> bool {
        status == 429 || (status == 503 && self.endpoint.safe_503)
    }

    async fn post(&self, url: &str, body: Vec<u8>) -> Result<Answer, Failure> {
        let (body, flag) = once::body(Bytes::from(body));
        let content_type = HeaderValue::from_static(self.endpoint.body.content_type());
        let request =
            |http: reqwest::Client| http.post(url).header(CONTENT_TYPE, content_type).body(body);
        self.exchange(request, Some(&flag)).await
    }

    /// Makes one request on a connection that it chooses, and sees to it that the connection is used again or is not.
    async fn exchange(
        &self,
        request: impl FnOnce(reqwest::Client) -> RequestBuilder,
        flag: Option<&SentFlag>,
    ) -> Result<Answer, Failure> {
        let mut lent = self.connections.lend();
        let http = lent.get(|reuse| connection(&self.endpoint, reuse));
        let http = http.map_err(failure::before_anything)?;
        let exchanged = exchange(request(http), flag).await;
        match &exchanged {
            Ok(answer) if answer.body.is_ok() => lent.answered(),
            Err(failure) if failure.is_break() => lent.broke(),
            Ok(_) | Err(_) => {}
        }
        exchanged
    }

    fn login_body(&self) -> Result<Vec<u8>, PasswordError> {
        let encrypted = password::encrypt(
            self.credentials.password.expose_secret().as_bytes(),
            self.credentials.key.expose_secret(),
        )?;
        let pairs = [
            ("login_username", self.credentials.username.as_str()),
            ("login_password", encrypted.as_str()),
        ];
        let mut out = Vec::with_capacity(BODY_BYTES);
        body::encode_pairs(pairs.into_iter(), self.endpoint.body, &mut out);
        Ok(out)
    }
}

impl Transport for Client {
    async fn create_token(&self) -> Result<Token, TokenError> {
        let body = self.login_body().map_err(|error| TokenError::NotReached {
            code: "password".to_owned(),
            message: error.to_string(),
            retry_after: None,
        })?;
        let answer = match self.post(&self.login_url, body).await {
            Ok(answer) => answer,
            Err(Failure::NotSent(failure)) if failure.kind == NotSentKind::Certificate => {
                return Err(TokenError::Certificate(failure));
            }
            Err(Failure::NotSent(failure)) => {
                return Err(away(failure.kind.as_str(), failure.to_string(), None));
            }
            Err(Failure::Unproven(seen)) => return Err(away(&seen.code, seen.message, None)),
        };
        if self.is_refusal(answer.status) {
            let code = format!("http.{}", answer.status);
            let message = format!("the server answered HTTP {}", answer.status);
            return Err(away(&code, message, answer.retry_after));
        }
        let retry_after = answer.retry_after;
        let reply = answer.body.map(|body| reply::token(answer.status, &body));
        match reply {
            Ok(TokenReply::Token(token)) => Ok(token),
            Ok(TokenReply::Refused(codes)) => Err(TokenError::Refused { codes }),
            Ok(TokenReply::Unproven(seen)) => Err(no_token(answer.status, seen, retry_after)),
            Err(seen) => Err(away(&seen.code, seen.message, retry_after)),
        }
    }

    async fn submit(&self, token: &Token, payload: &Payload) -> Reply {
        let mut url = self.submit_url.clone();
        push_encoded(&mut url, token.expose());
        let mut body = Vec::with_capacity(BODY_BYTES);
        body::encode(payload, self.endpoint.body, &mut body);
        let answer = match self.post(&url, body).await {
            Ok(answer) => answer,
            Err(Failure::NotSent(failure)) => return Reply::NotSent(failure),
            Err(Failure::Unproven(seen)) => return Reply::Unproven(seen),
        };
        if self.is_refusal(answer.status) {
            return Reply::Refused {
                retry_after: answer.retry_after,
            };
        }
        match answer.body {
            Ok(body) => reply::submission(answer.status, &body, payload),
            Err(seen) => Reply::Unproven(seen),
        }
    }

    async fn ticket_status(&self, token: &Token, ticket: &TicketId) -> StatusReply {
        let mut url = self.status_url.clone();
        push_encoded(&mut url, token.expose());
        url.push_str("&ticket_id=");
        push_encoded(&mut url, ticket.as_str());
        let answer = match self.exchange(|http| http.get(url), None).await {
            Ok(answer) => answer,
            Err(Failure::NotSent(failure)) => return StatusReply::NotSent(failure),
            Err(Failure::Unproven(seen)) => return StatusReply::Unproven(seen),
        };
        if self.is_refusal(answer.status) {
            return StatusReply::Refused {
                retry_after: answer.retry_after,
            };
        }
        match answer.body {
            Ok(body) => reply::ticket_status(answer.status, &body),
            Err(seen) => StatusReply::Unproven(seen),
        }
    }

    fn begin_anew(&self) {
        self.connections.begin_anew();
    }
}

/// A server that may answer as itself later, or one that never will.
fn no_token(status: u16, seen: Unproven, retry_after: Option<Duration>) -> TokenError {
    if status >= 500 || seen.is_api {
        return away(&seen.code, seen.message, retry_after);
    }
    TokenError::NotThisApi { seen }
}

fn away(code: &str, message: String, retry_after: Option<Duration>) -> TokenError {
    TokenError::NotReached {
        code: code.to_owned(),
        message,
        retry_after,
    }
}

/// What holds one connection, once it is used.
fn connection(endpoint: &Endpoint, reuse: Reuse) -> Result<reqwest::Client, reqwest::Error> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("ticketload/", env!("CARGO_PKG_VERSION")))
        .http1_only()
        .retry(reqwest::retry::never())
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .timeout(endpoint.timeout)
        .connect_timeout(MAX_CONNECT.min(endpoint.timeout / 2))
        .pool_idle_timeout(POOL_IDLE)
        .pool_max_idle_per_host(usize::from(reuse == Reuse::Kept))
        .tcp_nodelay(true)
        .tls_version_min(reqwest::tls::Version::TLS_1_2);
    if endpoint.server_url.is_plain_loopback() {
        // No certificates are needed, and a bare container has none; `localhost` is this machine whatever DNS says.
        let local = [
            SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            SocketAddr::from((Ipv6Addr::LOCALHOST, 0)),
        ];
        builder = builder
            .tls_certs_only([])
            .resolve_to_addrs("localhost", &local);
    } else {
        builder = builder.https_only(true);
        if let Some(proxy) = &endpoint.proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy.clone())?);
        }
    }
    builder.build()
}

async fn exchange(request: RequestBuilder, flag: Option<&SentFlag>) -> Result<Answer, Failure> {
    let mut response = request
        .send()
        .await
        .map_err(|error| failure::before_answer(error, flag))?;
    let status = response.status().as_u16();
    let retry_after = retry_after(&response);
    Ok(Answer {
        status,
        retry_after,
        body: read(&mut response).await,
    })
}

async fn read(response: &mut Response) -> Result<Bytes, Unproven> {
    // Nearly every answer is one chunk and needs no copy.
    let first = response
        .chunk()
        .await
        .map_err(failure::within_answer)?
        .unwrap_or_default();
    let mut whole = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(failure::within_answer)? {
        if whole.is_empty() {
            whole.extend_from_slice(&first);
        }
        if whole.len() + chunk.len() > MAX_ANSWER {
            return Err(Unproven::foreign(
                "unreadable",
                "the server's answer is longer than 1 MiB",
            ));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(if whole.is_empty() {
        first
    } else {
        whole.freeze()
    })
}

/// `Retry-After`, in seconds or as a date.
fn retry_after(response: &Response) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if let Ok(seconds) = text.parse() {
        Duration::from_secs(seconds)
    } else {
        let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
        // A date that has passed asks for no wait.
        Duration::try_from(until.duration_since(jiff::Timestamp::now())).unwrap_or_default()
    };
    Some(wait.min(MAX_RETRY_AFTER))
}
