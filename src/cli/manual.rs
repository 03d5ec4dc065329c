//! `completions` and `man`: made from the same definition as the help.

use super::args::Cli;
use super::failure::{Exit, Failure};
use super::output::print;
use clap::CommandFactory;
use std::io;

pub(crate) fn completions(shell: clap_complete::Shell) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "ticketload", &mut text);
    print(text)
}

pub(crate) fn page() -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut text)
        .map_err(cannot)?;
    print(text)
}

fn cannot(error: io::Error) -> Failure {
    Failure::Io {
        what: "the text cannot be written",
        error,
    }
}
