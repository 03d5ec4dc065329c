//! [`Scope`]: within what rows are recognised: one account at one server, under whatever address.
//!
//! Owns what a name for the account means. A name that is given to an account after calls were sent to it takes them over:
//! the ledger binds it, at the first run that has it, to what the account was known by until then, and so it stays when the
//! server moves. Likewise an account that first had a name is bound to that name's calls, for a run without it. Without
//! that, a name that is given or forgotten would send all calls again.
//!
//! The text that identities are made with is kept, since a run remembers its scope as a hash only: whoever reads a run's
//! results later, without the account at hand, can look up the rows that the run did not come to.

use super::identity::{Identities, Identity};
use super::{Ledger, LedgerError, LedgerErrorKind, Reader, Steward, Synchronous, schema};
use rusqlite::{Connection, OptionalExtension};
use std::string::FromUtf8Error;

/// Within what rows are recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    account: String,
    name: Option<String>,
}

impl Scope {
    /// An account, told by server and user, with the name that its profile gives it, if it does.
    #[must_use]
    pub fn new(account: String, name: Option<String>) -> Scope {
        Scope { account, name }
    }

    /// The identities within the scope, and what is to be remembered of it.
    fn resolve(
        &self,
        connection: &Connection,
        identity_key: &[u8],
    ) -> Result<(Identities, Vec<Binding>), LedgerErrorKind> {
        let within = |text: &str| Identities::new(identity_key, text);
        let for_account = format!("account {}", self.account);
        let account_means = meaning(connection, &for_account)?;
        let Some(name) = &self.name else {
            let text = account_means.as_ref().unwrap_or(&self.account);
            let bindings = Binding::of_text(connection, text)?;
            return Ok((within(text), bindings.into_iter().collect()));
        };
        let for_name = format!("scope {name}");
        let name_means = meaning(connection, &for_name)?;
        let account_has_runs = has_runs(connection, &within(&self.account))?;
        let is_taken_over =
            name_means.is_none() && account_has_runs && !has_runs(connection, &within(name))?;
        let text = match name_means {
            Some(text) => text,
            None if is_taken_over => self.account.clone(),
            None => name.clone(),
        };
        let mut bindings: Vec<Binding> = Binding::of_text(connection, &text)?.into_iter().collect();
        if is_taken_over {
            bindings.push(Binding::new(for_name, &text));
        }
        if account_means.is_none() && !account_has_runs {
            bindings.push(Binding::new(for_account, &text));
        }
        Ok((within(&text), bindings))
    }

    /// The identities within the scope; what is new of it is remembered.
    fn settle(
        &self,
        connection: &Connection,
        identity_key: &[u8],
    ) -> Result<Identities, LedgerErrorKind> {
        let (identities, bindings) = self.resolve(connection, identity_key)?;
        for binding in bindings {
            binding.store(connection)?;
        }
        Ok(identities)
    }
}

/// What the names of the texts begin with that identities are made with.
const WITHIN: &str = "within ";

/// What a name or an account means from now on: the text that its identities are made with.
struct Binding {
    what: String,
    text: String,
}

impl Binding {
    fn new(what: String, text: &str) -> Binding {
        let text = text.to_owned();
        Binding { what, text }
    }

    /// The text that identities are made with, where it is not known yet.
    fn of_text(connection: &Connection, text: &str) -> Result<Option<Binding>, LedgerErrorKind> {
        let what = format!("{WITHIN}{text}");
        let known = meaning(connection, &what)?;
        Ok(known.is_none().then(|| Binding::new(what, text)))
    }

    fn store(&self, connection: &Connection) -> Result<(), LedgerErrorKind> {
        connection.execute(
            "INSERT INTO meta(name, value) VALUES (?1, ?2)",
            (&self.what, self.text.as_bytes()),
        )?;
        Ok(())
    }
}

/// The identities within a scope of which only the hash is known; none where no text is known that it was made with.
fn identities_of(
    connection: &Connection,
    identity_key: &[u8],
    scope: Identity,
) -> Result<Option<Identities>, LedgerErrorKind> {
    let mut statement = connection.prepare("SELECT value FROM meta WHERE name GLOB ?1")?;
    let texts = statement.query_map([format!("{WITHIN}*")], |row| row.get(0))?;
    for text in texts {
        let text = String::from_utf8(text?).map_err(unread)?;
        let identities = Identities::new(identity_key, &text);
        if identities.scope() == scope {
            return Ok(Some(identities));
        }
    }
    Ok(None)
}

fn meaning(connection: &Connection, what: &str) -> Result<Option<String>, LedgerErrorKind> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    let value: Option<Vec<u8>> = statement.query_row([what], |row| row.get(0)).optional()?;
    value.map(String::from_utf8).transpose().map_err(unread)
}

fn unread(_: FromUtf8Error) -> LedgerErrorKind {
    LedgerErrorKind::Damaged("the meaning of a scope is no text".to_owned())
}

fn has_runs(connection: &Connection, identities: &Identities) -> Result<bool, LedgerErrorKind> {
    let mut statement = connection.prepare("SELECT EXISTS (SELECT 1 FROM run WHERE scope = ?1)")?;
    Ok(statement.query_row([identities.scope().bytes()], |row| row.get(0))?)
}

impl Ledger {
    /// The identities of rows within a scope; what is new of it is remembered.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read or written.
    pub fn identities(&self, scope: &Scope) -> Result<Identities, LedgerError> {
        // Once in the life of an account something is written here; the writer's own connection is not at hand.
        schema::open(&self.path, Synchronous::Full)
            .and_then(|connection| scope.settle(&connection, &self.identity_key))
            .map_err(|kind| self.located(kind))
    }
}

impl Steward {
    /// The identities of rows within a scope; what is new of it is remembered.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read or written.
    pub fn identities(&self, scope: &Scope) -> Result<Identities, LedgerError> {
        self.located(scope.settle(self.connection(), self.identity_key()))
    }
}

impl Reader {
    /// The identities of rows within a scope, as a run would find them.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read.
    pub fn identities(&self, scope: &Scope) -> Result<Identities, LedgerError> {
        let found = schema::identity_key(&self.connection)
            .and_then(|key| scope.resolve(&self.connection, &key))
            .map(|(identities, _)| identities);
        self.located(found)
    }

    /// The identities of the rows of a run, by its scope; none where the ledger does not know any more what that was made
    /// of, as of runs of an earlier version.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read.
    pub fn identities_of(&self, scope: Identity) -> Result<Option<Identities>, LedgerError> {
        let found = schema::identity_key(&self.connection)
            .and_then(|key| identities_of(&self.connection, &key, scope));
        self.located(found)
    }
}
