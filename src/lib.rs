//! `ticketload` turns a spreadsheet of patient calls into tickets in a nurse-triage call centre.

pub mod api;
pub mod code;
pub mod config;
pub mod import;
pub mod input;
pub mod ledger;
pub mod mapping;
pub mod problem;
pub mod report;
pub mod results;
pub mod row;
pub mod sandbox;
pub mod submission;
pub mod ticket;
