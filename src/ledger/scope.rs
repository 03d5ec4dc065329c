//! [`Scope`]: within what rows are recognised: one account at one server, under whatever address.
//!
//! Owns what a name for the account means. A name that is given to an account after calls were sent to it takes them over:
//! the ledger binds it, at the first run that has it, to what the account was known by until then, and so it stays when the
//! server moves. Without that, naming an account would send all its calls again.

use super::identity::Identities;
use super::{Ledger, LedgerError, LedgerErrorKind, Reader, Steward, Synchronous, schema};
use rusqlite::{Connection, OptionalExtension};

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

    /// The identities within the scope, and what its name is to be bound to.
    fn resolve(
        &self,
        connection: &Connection,
        identity_key: &[u8],
    ) -> Result<(Identities, Option<Binding<'_>>), LedgerErrorKind> {
        let within = |scope: &str| Identities::new(identity_key, scope);
        let Some(name) = &self.name else {
            return Ok((within(&self.account), None));
        };
        if let Some(bound) = bound(connection, name)? {
            return Ok((within(&bound), None));
        }
        let (own, account) = (within(name), within(&self.account));
        if has_runs(connection, &own)? || !has_runs(connection, &account)? {
            return Ok((own, None));
        }
        let binding = Binding {
            name,
            account: &self.account,
        };
        Ok((account, Some(binding)))
    }

    /// The identities within the scope; a name that is new is bound to its account.
    fn settle(
        &self,
        connection: &Connection,
        identity_key: &[u8],
    ) -> Result<Identities, LedgerErrorKind> {
        let (identities, binding) = self.resolve(connection, identity_key)?;
        if let Some(binding) = binding {
            binding.store(connection)?;
        }
        Ok(identities)
    }
}

/// A name that from now on means what an account was known by.
struct Binding<'a> {
    name: &'a str,
    account: &'a str,
}

impl Binding<'_> {
    fn store(&self, connection: &Connection) -> Result<(), LedgerErrorKind> {
        connection.execute(
            "INSERT INTO meta(name, value) VALUES (?1, ?2)",
            (meta_name(self.name), self.account.as_bytes()),
        )?;
        Ok(())
    }
}

fn meta_name(name: &str) -> String {
    format!("scope {name}")
}

fn bound(connection: &Connection, name: &str) -> Result<Option<String>, LedgerErrorKind> {
    let mut statement = connection.prepare("SELECT value FROM meta WHERE name = ?1")?;
    let value: Option<Vec<u8>> = statement
        .query_row([meta_name(name)], |row| row.get(0))
        .optional()?;
    let unread = |_| LedgerErrorKind::Damaged("the meaning of a scope is no text".to_owned());
    value.map(String::from_utf8).transpose().map_err(unread)
}

fn has_runs(connection: &Connection, identities: &Identities) -> Result<bool, LedgerErrorKind> {
    let mut statement = connection.prepare("SELECT EXISTS (SELECT 1 FROM run WHERE scope = ?1)")?;
    Ok(statement.query_row([identities.scope().bytes()], |row| row.get(0))?)
}

impl Ledger {
    /// The identities of rows within a scope; a name that is new is bound to its account.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read or written.
    pub fn identities(&self, scope: &Scope) -> Result<Identities, LedgerError> {
        if scope.name.is_none() {
            return Ok(Identities::new(&self.identity_key, &scope.account));
        }
        // Once in the life of a ledger something is written here; the writer's own connection is not at hand.
        schema::open(&self.path, Synchronous::Full)
            .and_then(|connection| scope.settle(&connection, &self.identity_key))
            .map_err(|kind| self.located(kind))
    }
}

impl Steward {
    /// The identities of rows within a scope; a name that is new is bound to its account.
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
}
