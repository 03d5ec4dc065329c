//! `status`: asks the API for the status of tickets, at the pace and with the token of an import.

use super::advice;
use super::args::{StatusArgs, StatusFormat};
use super::destinations::{Destinations, Kind, STATUS_COLUMNS};
use super::failure::{Exit, Failure};
use super::output::print;
use super::runtime;
use std::collections::HashSet;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use ticketload::api::{Client, StatusReply, TokenError, Tokens, Transport};
use ticketload::config::{Account, Settings};
use ticketload::import::{Pace, SlowDown};
use ticketload::report::plain_path;
use ticketload::results::{AtomicFile, EarlierResults, inert, shown_ticket};
use ticketload::ticket::TicketId;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

/// One ticket that is asked for, and where it was named.
#[derive(Debug, Clone)]
struct Question {
    file: String,
    row: String,
    key: String,
    ticket_id: TicketId,
    /// Whether it is the ticket's own ID; in a results file somebody may have changed it.
    is_exact: bool,
}

/// What the API said: its own word for a known ticket, ours for the rest.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: String,
    pub(crate) error_code: String,
    pub(crate) message: String,
}

/// The API's code for a ticket that it does not know.
const UNKNOWN: &str = "406";
/// Our code for a ticket that could not be asked for by its own ID.
const CHANGED: &str = "changed_id";

/// How often one ticket is asked for while the server is busy or away.
const ATTEMPTS: u32 = 4;

pub(crate) fn run(args: &StatusArgs) -> Result<Exit, Failure> {
    let given = args.account.settings().or(args.pace.settings());
    let settings = given.or(Settings::of_profile(args.account.profile().as_deref())?);
    let account = settings.account()?;
    let questions = questions(args)?;
    if let Some(path) = output(args) {
        let mut destinations = Destinations::default();
        if let Some(results) = &args.results {
            destinations.spare(results, "the results file whose tickets are asked for")?;
        }
        destinations.spare_settings(&settings)?;
        destinations.plan_writable(path, Kind::Statuses)?;
    }
    let enquiry = Arc::new(Enquiry::open(&settings, account)?);
    let workers = settings.workers()?;
    let runtime = runtime(Builder::new_multi_thread())?;
    let answers = runtime.block_on(ask_all(enquiry, questions, workers))?;
    write(args, &answers)?;
    let is_final = |answer: &Answer| matches!(answer.error_code.as_str(), UNKNOWN | CHANGED);
    let failed = answers
        .iter()
        .any(|(_, answer)| answer.status.is_empty() && !is_final(answer));
    let unknown = answers.iter().any(|(_, answer)| is_final(answer));
    Ok(if failed {
        Exit::StoppedEarly
    } else if unknown {
        Exit::Failures
    } else {
        Exit::Success
    })
}

/// The file that the statuses go to; none for stdout.
fn output(args: &StatusArgs) -> Option<&Path> {
    let named = args.output.as_deref();
    named.filter(|path| path.as_os_str() != "-")
}

fn questions(args: &StatusArgs) -> Result<Vec<Question>, Failure> {
    let mut seen = HashSet::new();
    let questions = match &args.results {
        Some(path) => in_results(path)?,
        None => args
            .ticket
            .iter()
            .filter_map(|text| TicketId::new(text))
            .map(plain)
            .collect(),
    };
    // Two rows with one fate name the same ticket; it is asked for once.
    Ok(questions
        .into_iter()
        .filter(|question| seen.insert(question.ticket_id.clone()))
        .collect())
}

fn plain(ticket_id: TicketId) -> Question {
    Question {
        file: String::new(),
        row: String::new(),
        key: String::new(),
        ticket_id,
        is_exact: true,
    }
}

fn in_results(path: &Path) -> Result<Vec<Question>, Failure> {
    let cannot = |error| Failure::EarlierResults {
        path: path.to_owned(),
        error,
    };
    let Some(mut earlier) = EarlierResults::open(path).map_err(cannot)? else {
        return Err(Failure::Usage {
            message: format!("{} is no results file of ticketload", plain_path(path)),
            hint: "give the file that an import wrote, such as calls.results.csv, or --ticket ID"
                .to_owned(),
        });
    };
    let tickets = earlier.tickets().map(|ticket| {
        ticket.map(|ticket| Question {
            file: ticket.file,
            row: ticket.row,
            key: ticket.key,
            ticket_id: ticket.ticket.id,
            is_exact: ticket.ticket.is_exact,
        })
    });
    tickets.collect::<io::Result<_>>().map_err(cannot)
}

/// Asks for tickets, at the pace and with the token of an import.
pub(crate) struct Enquiry {
    client: Arc<Client>,
    tokens: Tokens<Client>,
    pace: Pace,
}

async fn ask_all(
    enquiry: Arc<Enquiry>,
    questions: Vec<Question>,
    workers: usize,
) -> Result<Vec<(Question, Answer)>, Failure> {
    let mut waiting = questions.into_iter().enumerate();
    let mut tasks = JoinSet::new();
    let mut answers = Vec::new();
    loop {
        while tasks.len() < workers
            && let Some((place, question)) = waiting.next()
        {
            let enquiry = Arc::clone(&enquiry);
            tasks.spawn(async move {
                let answer = enquiry.ask(&question.ticket_id).await;
                let answer = answer.map(|answer| answer.to(&question));
                (place, question, answer)
            });
        }
        let Some(joined) = tasks.join_next().await else {
            break;
        };
        let (place, question, answer) = joined.map_err(|error| Failure::Io {
            what: "a request failed",
            error: io::Error::other(error),
        })?;
        answers.push((place, question, answer.map_err(Failure::Token)?));
    }
    answers.sort_by_key(|(place, ..)| *place);
    Ok(answers
        .into_iter()
        .map(|(_, question, answer)| (question, answer))
        .collect())
}

impl Enquiry {
    pub(crate) fn open(settings: &Settings, account: Account) -> Result<Enquiry, Failure> {
        let client = Arc::new(Client::new(&account.endpoint, account.credentials)?);
        Ok(Enquiry {
            tokens: Tokens::new(Arc::clone(&client)),
            client,
            pace: Pace::new(settings.rate()?, None),
        })
    }

    /// Asks until there is an answer. Asking creates nothing, so it may be repeated.
    pub(crate) async fn ask(&self, ticket_id: &TicketId) -> Result<Answer, TokenError> {
        let mut last = Answer::failure("refused", "the server is too busy");
        for attempt in 0..ATTEMPTS {
            self.pace.ready().await;
            let token = self.tokens.get().await?;
            let reply = self.client.ticket_status(&token, ticket_id).await;
            if matches!(reply, StatusReply::Status(_) | StatusReply::UnknownTicket) {
                self.tokens.accepted(&token);
            }
            last = match reply {
                StatusReply::Status(status) => return Ok(Answer::known(&status)),
                StatusReply::UnknownTicket => return Ok(Answer::unknown()),
                StatusReply::Rejected(code) => {
                    return Ok(Answer::failure(
                        &code.to_string(),
                        "the API refused the question",
                    ));
                }
                StatusReply::TokenExpired => {
                    self.tokens.expired(&token).await?;
                    Answer::failure("token_expired", "the token expired")
                }
                StatusReply::Refused { retry_after } => {
                    self.pace
                        .pushed_back(SlowDown::of(retry_after, attempt + 1).wait());
                    Answer::failure("refused", "the server is too busy")
                }
                StatusReply::NotSent(failure) => {
                    self.pace
                        .pushed_back(SlowDown::of(None, attempt + 1).wait());
                    Answer::failure("connect", &failure.to_string())
                }
                StatusReply::Unproven(seen) => {
                    self.pace
                        .pushed_back(SlowDown::of(None, attempt + 1).wait());
                    Answer::failure(&seen.code, &seen.message)
                }
            };
        }
        Ok(last)
    }
}

impl Answer {
    /// Whether the API knows the ticket.
    pub(crate) fn is_known(&self) -> bool {
        self.error_code.is_empty() && !self.status.is_empty()
    }

    /// That there is no such ticket is no answer where it was not asked for the ticket's own ID.
    fn to(self, question: &Question) -> Answer {
        if self.error_code == UNKNOWN && !question.is_exact {
            return Answer::failure(
                CHANGED,
                &format!(
                    "its ID was changed in the results file, and no ticket has the one there; `{}` writes it again",
                    advice::command("ledger results RUN")
                ),
            );
        }
        self
    }

    fn known(status: &str) -> Answer {
        Answer {
            status: status.escape_debug().to_string(),
            error_code: String::new(),
            message: String::new(),
        }
    }

    /// 406 on status: there is no such ticket, which is an answer and no failure.
    fn unknown() -> Answer {
        Answer {
            status: "UNKNOWN TICKET".to_owned(),
            error_code: UNKNOWN.to_owned(),
            message: "there is no such ticket".to_owned(),
        }
    }

    fn failure(code: &str, message: &str) -> Answer {
        Answer {
            status: String::new(),
            error_code: code.to_owned(),
            message: message.to_owned(),
        }
    }
}

fn write(args: &StatusArgs, answers: &[(Question, Answer)]) -> Result<(), Failure> {
    let cannot = |error| Failure::Io {
        what: "the statuses cannot be written",
        error,
    };
    let text = match args.format {
        StatusFormat::Human => human(answers),
        StatusFormat::Csv => csv(answers).map_err(cannot)?,
        StatusFormat::Json => json(answers).map_err(cannot)?,
    };
    match output(args) {
        Some(path) => AtomicFile::create(path)
            .and_then(|mut file| file.write_all(&text).and_then(|()| file.persist()))
            .map_err(cannot),
        None => print(text).map(drop),
    }
}

fn human(answers: &[(Question, Answer)]) -> Vec<u8> {
    let mut text = String::new();
    for (question, answer) in answers {
        let ticket_id = ticketload::report::plain(question.ticket_id.as_str());
        let row = if question.row.is_empty() {
            String::new()
        } else {
            format!("  row {}", question.row)
        };
        let status = if answer.status.is_empty() {
            format!("no answer: {} ({})", answer.message, answer.error_code)
        } else {
            answer.status.clone()
        };
        text.push_str(&format!("{ticket_id:<20}  {status}{row}\n"));
    }
    text.into_bytes()
}

fn csv(answers: &[(Question, Answer)]) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(STATUS_COLUMNS)?;
    for (question, answer) in answers {
        // File, row and key are inert from the results already, unless somebody has changed them.
        writer.write_record([
            inert(&question.file).as_ref(),
            inert(&question.row).as_ref(),
            inert(&question.key).as_ref(),
            shown_ticket(question.ticket_id.as_str()).as_ref(),
            inert(&answer.status).as_ref(),
            inert(&answer.error_code).as_ref(),
            inert(&answer.message).as_ref(),
        ])?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

fn json(answers: &[(Question, Answer)]) -> io::Result<Vec<u8>> {
    let none_if_empty = |text: &str| {
        if text.is_empty() {
            None
        } else {
            Some(text.to_owned())
        }
    };
    let tickets: Vec<_> = answers
        .iter()
        .map(|(question, answer)| {
            serde_json::json!({
                "file": none_if_empty(&question.file),
                "row": question.row.parse::<u64>().ok(),
                "key": none_if_empty(&question.key),
                "ticket_id": question.ticket_id.as_str(),
                "status": none_if_empty(&answer.status),
                "error_code": none_if_empty(&answer.error_code),
                "message": none_if_empty(&answer.message),
            })
        })
        .collect();
    let mut text =
        serde_json::to_vec_pretty(&serde_json::json!({ "version": 1, "tickets": tickets }))?;
    text.push(b'\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_the_api_says_runs_in_a_spreadsheet() {
        let failed = Answer::failure("=1+1", "@SUM(A1)");
        let answers = [
            ("=1+1", Answer::known("=cmd|'/c calc'!A1")),
            ("-xQ3", failed),
        ]
        .map(|(id, answer)| (plain(TicketId::new(id).unwrap()), answer));
        let text = String::from_utf8(csv(&answers).unwrap()).unwrap();
        let rows: Vec<_> = text.lines().skip(1).collect();
        assert_eq!(rows[0], ",,,'=1+1,'=cmd|\\'/c calc\\'!A1,,");
        assert_eq!(rows[1], ",,,-xQ3,,'=1+1,'@SUM(A1)");
    }
}
