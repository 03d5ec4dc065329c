//! The client of the Answering Service API v2: one call is one attempt.
//!
//! Owns everything that knows HTTP, the vendor's password encryption, the token and what a reply proves.
//! Guarantees that a submission leaves at most once per call, whatever the connection does, and that no token,
//! password or value from a request or an answer reaches an error, a message or a `Debug` text. Does not repeat a
//! submission, keep a ledger, read files or print: what follows from a reply is decided by whoever calls.
//!
//! In reading order: [`server_url`] and [`Endpoint`] say where to, [`password`] and [`token`] as whom, [`body`] what,
//! [`client`] how, and [`reply`] what came of it. [`Transport`] is the seam for runs without sockets.

pub mod body;
pub mod client;
pub mod password;
pub mod reply;
pub mod server_url;
pub mod token;

pub use body::BodyFormat;
pub use client::{ApiError, Client, Credentials, Endpoint};
pub use reply::{EchoDifference, NotSent, NotSentKind, Reply, StatusReply, Unproven};
pub use server_url::{ServerUrl, ServerUrlError};
pub use token::{Token, TokenError, Tokens};

use crate::ticket::{Payload, TicketId};

/// The three calls of the API, one attempt each.
///
/// [`Client`] makes them over the network; a simulation answers them from memory. Dropping the future of
/// [`Transport::submit`] leaves open whether the ticket was made.
pub trait Transport: Send + Sync + 'static {
    /// Asks for a token, once.
    fn create_token(&self) -> impl Future<Output = Result<Token, TokenError>> + Send;

    /// Submits one ticket, once, and tells what that proves.
    fn submit(&self, token: &Token, payload: &Payload) -> impl Future<Output = Reply> + Send;

    /// Asks for the status of one ticket, once; creates nothing.
    fn ticket_status(
        &self,
        token: &Token,
        ticket: &TicketId,
    ) -> impl Future<Output = StatusReply> + Send;

    /// Uses none of the connections again that stand open: their answers may be out of step with what is asked.
    fn begin_anew(&self);
}
