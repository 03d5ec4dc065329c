//! `explain CODE`: what a code means on submission and on status, whose fault it usually is, what to do; and what the other
//! words of results, reports and `inspect` mean.

use super::args::ExplainArgs;
use super::failure::{Exit, Failure};
use super::output::print;
use ticketload::code::{CODES, Explanation, WORDS, explain, meaning};

pub(crate) fn run(args: &ExplainArgs) -> Result<Exit, Failure> {
    let Some(code) = args.code.as_deref().map(str::trim) else {
        let lines = CODES
            .iter()
            .map(|known| format!("{:<18} {}\n", shown(known), known.on_submission));
        let words = WORDS.iter();
        let words = words.map(|known| format!("{:<18} {}\n", known.word, known.means));
        return print(lines.chain(words).collect::<String>());
    };
    if let Some(known) = meaning(code) {
        return print(format!(
            "{code}\n  means:          {}\n  what to do:     {}\n",
            known.means, known.what_to_do
        ));
    }
    let Some(explanation) = explain(code) else {
        return Err(Failure::Usage {
            message: "there is no such code".to_owned(),
            hint: "`ticketload explain` without a code lists all of them".to_owned(),
        });
    };
    let mut text = format!("{code}\n  on submission:  {}\n", explanation.on_submission);
    if let Some(on_status) = explanation.on_status {
        text.push_str(&format!("  on status:      {on_status}\n"));
    }
    text.push_str(&format!("  usually:        {}\n", explanation.whose));
    text.push_str(&format!("  what to do:     {}\n", explanation.what_to_do));
    print(text)
}

/// A family of codes is shown as `missing.*`.
fn shown(explanation: &Explanation) -> String {
    if explanation.code.ends_with('.') {
        format!("{}*", explanation.code)
    } else {
        explanation.code.to_owned()
    }
}
