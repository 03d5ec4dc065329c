//! `ticketload` turns a spreadsheet of patient calls into tickets in a nurse-triage call centre.

pub mod ledger;
pub mod mapping;
pub mod api;
pub mod input;
pub mod problem;
pub mod row;
pub mod submission;
pub mod sandbox;
pub mod ticket;
