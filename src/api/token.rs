//! [`Token`] and [`Tokens`]: one token for all workers, which renews itself.
//!
//! Guarantees one login at a time, however many ask for it, and that all who waited for one that failed share its
//! failure: a hundred wrong logins lock an account. Renews before the API's idle limit where it can, and when told
//! that a token has expired. Never shows a token. Does not repeat a login: when to ask again is the caller's to say.

use super::reply::NotSent;
use super::{Transport, Unproven};
use crate::abort::{self, Step};
use crate::ticket::ErrorCode;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

#[cfg(test)]
mod tests;

/// The page: a token is valid up to two hours from the user's last activity.
const IDLE_LIMIT: Duration = Duration::from_secs(2 * 60 * 60);
/// Renewed that much earlier: the server's clock of "activity" is not ours, and a call may wait long for its turn.
const IDLE_MARGIN: Duration = Duration::from_secs(10 * 60);
/// So many fresh tokens that no call accepted mean that the account is wrong, not the tokens.
const MAX_UNACCEPTED: u32 = 3;

/// A token of the API; cheap to clone, and without its text in `Debug`.
#[derive(Clone)]
pub struct Token {
    inner: Arc<TokenInner>,
}

struct TokenInner {
    text: SecretString,
    born: Instant,
    /// Milliseconds from `born` to the last call that the API accepted.
    accepted_at: AtomicU64,
    was_accepted: AtomicBool,
    was_counted: AtomicBool,
}

impl Token {
    /// Takes a token as the API sent it; its age counts from now.
    #[must_use]
    pub fn new(text: String) -> Token {
        Token {
            inner: Arc::new(TokenInner {
                text: text.into(),
                born: Instant::now(),
                accepted_at: AtomicU64::new(0),
                was_accepted: AtomicBool::new(false),
                was_counted: AtomicBool::new(false),
            }),
        }
    }

    /// The token's text, for a request.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.inner.text.expose_secret()
    }

    /// Whether both are one and the same login.
    #[must_use]
    pub fn is_same(&self, other: &Token) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    fn accept(&self) {
        let age = u64::try_from(self.inner.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.inner.accepted_at.fetch_max(age, Ordering::Relaxed);
        self.inner.was_accepted.store(true, Ordering::Relaxed);
    }

    fn idle(&self) -> Duration {
        let accepted = Duration::from_millis(self.inner.accepted_at.load(Ordering::Relaxed));
        self.inner.born.elapsed().saturating_sub(accepted)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([REDACTED])")
    }
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The server did not answer as itself, and may do so later.
    #[error("the server gave no token: {message}")]
    NotReached {
        /// A stable word, as in [`Unproven::code`] or [`super::NotSentKind::as_str`].
        code: String,
        /// What happened, for people.
        message: String,
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
    },
    /// The API said no.
    #[error("the API refused the user name or password{}", Codes(codes))]
    Refused {
        /// The codes it gave, if any.
        codes: Vec<ErrorCode>,
    },
    /// The server's certificate is not to be trusted.
    #[error("{0}")]
    Certificate(NotSent),
    /// The server is not this API, or its address lacks a path.
    #[error("the server is not this API, or its address is wrong: {}", seen.message)]
    NotThisApi {
        /// What it answered.
        seen: Unproven,
    },
    /// Fresh tokens, one after the other, that no call accepted.
    #[error("the API gave token after token and accepted none; the account may lack access")]
    NeverAccepted,
}

impl TokenError {
    /// Whether it stays so until a person changes something about the account.
    fn is_final(&self) -> bool {
        matches!(self, TokenError::Refused { .. } | TokenError::NeverAccepted)
    }
}

struct Codes<'a>(&'a [ErrorCode]);

impl fmt::Display for Codes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, code) in self.0.iter().enumerate() {
            write!(
                f,
                "{}{code}",
                if number == 0 { " with code " } else { ", " }
            )?;
        }
        Ok(())
    }
}

/// The token that all workers share.
///
/// A refused login is final: it is not tried again, so that no account is locked by us.
pub struct Tokens<T> {
    transport: Arc<T>,
    renew_when_idle: Duration,
    current: RwLock<Option<Token>>,
    /// Logins that ended, read before queueing for `renewal`.
    logins: AtomicU64,
    renewal: Mutex<Renewal>,
}

#[derive(Default)]
struct Renewal {
    last_failure: Option<TokenError>,
    unaccepted: u32,
}

impl<T: Transport> Tokens<T> {
    /// Starts without a token; the first [`Tokens::get`] logs in.
    #[must_use]
    pub fn new(transport: Arc<T>) -> Tokens<T> {
        Tokens::with_idle_limit(transport, IDLE_LIMIT, IDLE_MARGIN)
    }

    /// As [`Tokens::new`], for a server with another idle limit; the token is renewed `margin` before it.
    #[must_use]
    pub fn with_idle_limit(transport: Arc<T>, limit: Duration, margin: Duration) -> Tokens<T> {
        Tokens {
            transport,
            renew_when_idle: limit.saturating_sub(margin),
            current: RwLock::new(None),
            logins: AtomicU64::new(0),
            renewal: Mutex::new(Renewal::default()),
        }
    }

    /// The token for the next call; logs in where there is none that is likely to be valid.
    ///
    /// # Errors
    /// The failure of the login, one and the same for all who waited for it.
    pub async fn get(&self) -> Result<Token, TokenError> {
        match self.usable() {
            Some(token) => Ok(token),
            None => self.renew(None).await,
        }
    }

    /// The token to go on with after the API said that `token` has expired.
    ///
    /// # Errors
    /// As [`Tokens::get`]; [`TokenError::NeverAccepted`] at the third fresh token in a row that no call accepted.
    pub async fn expired(&self, token: &Token) -> Result<Token, TokenError> {
        self.renew(Some(token)).await
    }

    /// Notes that the API processed a call with this token, be it to create or to reject: the token works, and its
    /// idle time begins anew.
    pub fn accepted(&self, token: &Token) {
        token.accept();
    }

    async fn renew(&self, bad: Option<&Token>) -> Result<Token, TokenError> {
        let seen = self.logins.load(Ordering::Acquire);
        // First come, first served; one whose future is dropped hands over to the next.
        let mut renewal = self.renewal.lock().await;
        if let Some(failure) = renewal
            .last_failure
            .as_ref()
            .filter(|failure| failure.is_final())
        {
            return Err(failure.clone());
        }
        if let Some(token) = self.usable()
            && bad.is_none_or(|bad| !bad.is_same(&token))
        {
            return Ok(token);
        }
        if let Some(bad) = bad {
            renewal.count(bad).inspect_err(|_| self.set_current(None))?;
        }
        if self.logins.load(Ordering::Acquire) > seen
            && let Some(failure) = &renewal.last_failure
        {
            return Err(failure.clone());
        }
        self.set_current(None);
        abort::at(Step::Renewing);
        let answer = self.transport.create_token().await;
        abort::at(Step::Renewed);
        renewal.last_failure = answer.as_ref().err().cloned();
        self.set_current(answer.as_ref().ok().cloned());
        self.logins.fetch_add(1, Ordering::Release);
        answer
    }

    fn usable(&self) -> Option<Token> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current
            .as_ref()
            .filter(|token| token.idle() < self.renew_when_idle)
            .cloned()
    }

    fn set_current(&self, token: Option<Token>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = token;
    }
}

impl Renewal {
    /// Counts a fresh token that expired before any call accepted it, once however many say so.
    fn count(&mut self, expired: &Token) -> Result<(), TokenError> {
        if expired.inner.was_accepted.load(Ordering::Relaxed) {
            self.unaccepted = 0;
        } else if !expired.inner.was_counted.swap(true, Ordering::Relaxed) {
            self.unaccepted += 1;
        }
        if self.unaccepted < MAX_UNACCEPTED {
            return Ok(());
        }
        self.last_failure = Some(TokenError::NeverAccepted);
        Err(TokenError::NeverAccepted)
    }
}

impl<T> fmt::Debug for Tokens<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("renew_when_idle", &self.renew_when_idle)
            .finish_non_exhaustive()
    }
}
