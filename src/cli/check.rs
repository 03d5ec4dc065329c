//! `check`: configuration, reachability, credentials. Creates a token and nothing else.

use super::args::CheckArgs;
use super::failure::{Exit, Failure};
use super::output::print;
use super::runtime;
use std::sync::Arc;
use ticketload::api::{Client, StatusReply, Tokens, Transport};
use ticketload::config::Settings;
use ticketload::ticket::TicketId;
use tokio::runtime::Builder;

pub(crate) fn run(args: &CheckArgs) -> Result<Exit, Failure> {
    let profile = args.account.profile();
    let settings = args
        .account
        .settings()
        .or(Settings::of_profile(profile.as_deref())?);
    let account = settings.account()?;
    print(format!("configuration  ok: {}\n", account.target))?;
    let client = Arc::new(Client::new(&account.endpoint, account.credentials)?);
    let runtime = runtime(Builder::new_current_thread())?;
    runtime.block_on(ask(client))
}

async fn ask(client: Arc<Client>) -> Result<Exit, Failure> {
    let tokens = Tokens::new(Arc::clone(&client));
    let token = tokens.get().await.map_err(Failure::Token)?;
    print("server         ok: it answers as the Answering Service API\n")?;
    print("credentials    ok: it gave a token\n")?;
    let probe = TicketId::new("check").expect("the word is not blank");
    match client.ticket_status(&token, &probe).await {
        StatusReply::Status(_) | StatusReply::UnknownTicket => {
            print("token          ok: it is accepted\n\nReady to import. No ticket was created.\n")
        }
        StatusReply::TokenExpired => {
            Err(Failure::Token(ticketload::api::TokenError::NeverAccepted))
        }
        StatusReply::Rejected(code) => Err(Failure::Usage {
            message: format!(
                "the token was given, but asking for a ticket's status was refused with code {code}"
            ),
            hint: format!(
                "run `ticketload explain {code}`; ask the vendor whether the account may use the API"
            ),
        }),
        StatusReply::Refused { .. } => Err(busy("the server is too busy")),
        StatusReply::NotSent(failure) => Err(busy(&failure.to_string())),
        StatusReply::Unproven(seen) => Err(busy(&seen.message)),
    }
}

fn busy(seen: &str) -> Failure {
    Failure::Token(ticketload::api::TokenError::NotReached {
        code: "status".to_owned(),
        message: format!("asked for a ticket's status: {seen}"),
        retry_after: None,
    })
}
