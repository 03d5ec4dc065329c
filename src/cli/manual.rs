//! `completions` and `man`: made from the same definition as the help.
//!
//! Owns the manual: one page with a section for each command, since nobody installs a page for each.

use super::args::{AFTER_HELP, Cli};
use super::failure::{Exit, Failure};
use super::output::print;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use std::io;

pub(crate) fn completions(shell: clap_complete::Shell) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "ticketload", &mut text);
    print(text)
}

pub(crate) fn page() -> Result<Exit, Failure> {
    print(manual().map_err(cannot)?)
}

fn manual() -> io::Result<String> {
    // Every command has --help; to say it once is enough.
    let mut definition = Cli::command().mut_subcommands(without_help);
    definition.build();
    let whole = Man::new(definition.clone());
    let mut text = Vec::new();
    whole.render_title(&mut text)?;
    whole.render_name_section(&mut text)?;
    whole.render_synopsis_section(&mut text)?;
    whole.render_description_section(&mut text)?;
    whole.render_options_section(&mut text)?;
    for command in last(&definition) {
        section(command, &mut text)?;
    }
    end().to_writer(&mut text)?;
    let mut lines: Vec<&str> = Vec::new();
    let text = String::from_utf8_lossy(&text);
    for line in text.lines() {
        // What each part begins with holds for the whole page.
        if !(line.starts_with(".ie ") || line.starts_with(".el ")) || !lines.contains(&line) {
            lines.push(line);
        }
    }
    Ok(lines.join("\n") + "\n")
}

fn without_help(command: Command) -> Command {
    command
        .disable_help_flag(true)
        .mut_subcommands(without_help)
}

/// The commands that have none below them.
fn last(command: &Command) -> Vec<&Command> {
    if command.has_subcommands() {
        command.get_subcommands().flat_map(last).collect()
    } else {
        vec![command]
    }
}

/// The section of one command, with what would be sections of a page of its own below it.
fn section(command: &Command, out: &mut Vec<u8>) -> io::Result<()> {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let mut heading = Roff::new();
    heading.control("SH", [name.to_uppercase().as_str()]);
    heading.to_writer(out)?;
    let page = Man::new(command.clone());
    let mut text = Vec::new();
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    page.render_options_section(&mut text)?;
    if command.get_after_help().is_some() {
        page.render_extra_section(&mut text)?;
    }
    for line in String::from_utf8_lossy(&text).lines() {
        let line = match line.strip_prefix(".SH ") {
            None => line.to_owned(),
            Some("SYNOPSIS") => continue,
            Some("DESCRIPTION" | "EXTRA") => ".PP".to_owned(),
            Some(heading) => format!(".SS {heading}"),
        };
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }
    Ok(())
}

/// The exit codes, one below the other, and what else the help ends with.
fn end() -> Roff {
    let mut end = Roff::new();
    end.control("SH", ["EXIT STATUS"]);
    for (codes, meaning) in exit_codes() {
        end.control("TP", []);
        end.text([bold(codes)]);
        end.text([roman(meaning)]);
    }
    end.control("SH", ["EXAMPLES"]);
    let lines = AFTER_HELP.lines().skip_while(|line| !line.is_empty());
    for line in lines.skip(1) {
        end.control("PP", []);
        end.text([roman(line.trim())]);
    }
    end
}

/// The exit codes of the help, which has them in two columns.
fn exit_codes() -> Vec<(&'static str, &'static str)> {
    let table = AFTER_HELP.lines().skip(1);
    let entries = table
        .take_while(|line| !line.is_empty())
        .flat_map(|line| line.split("   "));
    let mut codes: Vec<_> = entries
        .filter_map(|entry| {
            let (codes, meaning) = entry.split_at(entry.find(|c: char| c.is_alphabetic())?);
            Some((codes.trim(), meaning.trim()))
        })
        .collect();
    let number = |codes: &str| codes.split(',').next().and_then(|code| code.parse().ok());
    codes.sort_by_key(|(codes, _)| number(codes).unwrap_or(u32::MAX));
    codes
}

fn cannot(error: io::Error) -> Failure {
    Failure::Io {
        what: "the text cannot be written",
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_command_with_its_flags_and_refers_to_no_other_page() {
        let page = manual().unwrap();
        let mut definition = Cli::command();
        definition.build();
        let mut sections = page.split("\n.SH ").collect::<Vec<_>>();
        for command in last(&definition) {
            let heading = command.get_bin_name().unwrap().to_uppercase();
            let at = sections
                .iter()
                .position(|section| section.lines().next().unwrap().trim_matches('"') == heading);
            let section = sections.remove(at.unwrap_or_else(|| panic!("no {heading}")));
            for flag in command.get_arguments().filter_map(|known| known.get_long()) {
                let written = format!("\\-\\-{}", flag.replace('-', "\\-"));
                assert!(
                    flag == "help" || section.contains(&written),
                    "{heading} {flag}"
                );
            }
        }
        assert!(!page.contains("(1)"), "{page}");
        assert_eq!(page.matches(".TH ").count(), 1);
    }

    #[test]
    fn each_exit_code_has_a_line_of_its_own() {
        let codes = exit_codes();
        let numbers: Vec<&str> = codes.iter().map(|(codes, _)| *codes).collect();
        assert_eq!(
            numbers,
            ["0", "1", "2", "3", "4", "5", "6", "7", "70", "130, 143"]
        );
        assert!(
            codes
                .iter()
                .all(|(_, meaning)| meaning.len() > 10 && !meaning.contains("  "))
        );
    }
}
