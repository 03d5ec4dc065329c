//! [`MappingErrors`]: what is wrong with a mapping file, shown where it stands.
//!
//! Owns how an error or a warning about the mapping looks: the line, the underlined key, what was meant. All errors
//! of one check travel together. It quotes the mapping file, which people write, and never a cell of an input file.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// How many errors are shown in full: a file that is no mapping at all would fill the screen.
const SHOWN: usize = 20;
/// How much advice is shown that hangs on the others.
const ADVICE: usize = 3;

/// The text of a mapping file and the name under which messages speak of it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Manuscript {
    pub(super) name: Arc<str>,
    pub(super) text: Arc<str>,
}

impl fmt::Debug for Manuscript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Manuscript").field(&self.name).finish()
    }
}

/// One finding about the mapping file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Diagnostic {
    /// The sentence: what is wrong and, where it is known, what was meant.
    pub(super) title: String,
    /// Where; none where the file's text is better not quoted.
    pub(super) span: Option<Range<usize>>,
    /// A few words under the underlined place.
    pub(super) label: String,
    /// Another place that explains this one, with its words.
    pub(super) context: Option<(Range<usize>, String)>,
    /// What to do or to know, below the quotation.
    pub(super) help: Option<String>,
}

impl Diagnostic {
    /// A finding about one place.
    pub(super) fn at(span: Range<usize>, title: impl Into<String>, label: &str) -> Diagnostic {
        Diagnostic {
            title: title.into(),
            span: Some(span),
            label: label.to_owned(),
            context: None,
            help: None,
        }
    }

    /// Adds what to do or to know.
    pub(super) fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// Adds another place that explains this one.
    pub(super) fn context(mut self, span: Range<usize>, words: &str) -> Diagnostic {
        self.context = Some((span, words.to_owned()));
        self
    }

    /// The finding as text, as a compiler would show it.
    pub(super) fn render(
        &self,
        manuscript: &Manuscript,
        level: Level<'static>,
        colour: bool,
    ) -> String {
        let title = level.primary_title(self.title.as_str());
        let mut groups = Vec::new();
        match (&self.span, &self.help) {
            (Some(span), help) => {
                let span = inside(&manuscript.text, span);
                let help = help.as_ref();
                groups.push(
                    title
                        .element(self.snippet(manuscript, span))
                        .elements(help.map(|help| Level::HELP.message(help.as_str()))),
                );
            }
            (None, Some(help)) => {
                groups.push(Group::with_title(title));
                groups.push(Group::with_title(
                    Level::HELP.secondary_title(help.as_str()),
                ));
            }
            (None, None) => groups.push(Group::with_title(title)),
        }
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        renderer
            .decor_style(DecorStyle::Ascii)
            .render(&groups)
            .to_string()
    }

    fn snippet<'a>(
        &'a self,
        manuscript: &'a Manuscript,
        span: Range<usize>,
    ) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
        let primary = AnnotationKind::Primary.span(span);
        let primary = if self.label.is_empty() {
            primary
        } else {
            primary.label(self.label.as_str())
        };
        let snippet = Snippet::source(&*manuscript.text)
            .path(&*manuscript.name)
            .annotation(primary);
        match &self.context {
            Some((other, words)) => snippet.annotation(
                AnnotationKind::Context
                    .span(inside(&manuscript.text, other))
                    .label(words.as_str()),
            ),
            None => snippet,
        }
    }
}

/// The span cut to the text and widened to whole characters, as the renderer wants it.
fn inside(text: &str, span: &Range<usize>) -> Range<usize> {
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = span.end.clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

/// All that is wrong with a mapping file, or with it and one input file together.
///
/// Displays as plain text, each error at its line with the key underlined.
#[derive(Clone, PartialEq, Eq)]
pub struct MappingErrors {
    manuscript: Manuscript,
    list: Vec<Diagnostic>,
}

impl MappingErrors {
    /// Holds the findings in the order of the file.
    pub(super) fn new(manuscript: Manuscript, mut list: Vec<Diagnostic>) -> MappingErrors {
        list.sort_by_key(|found| found.span.as_ref().map(|span| span.start));
        MappingErrors { manuscript, list }
    }

    /// How many errors there are.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "errors without an error do not exist"
    )]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The sentence of each error, without its place.
    pub fn titles(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|found| found.title.as_str())
    }

    /// All errors as text for a terminal.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let mut shown: Vec<String> = self
            .list
            .iter()
            .take(SHOWN)
            .map(|found| found.render(&self.manuscript, Level::ERROR, colour))
            .collect();
        if let Some(more) = self.list.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            let name = &self.manuscript.name;
            shown.push(format!("... and {more} more errors in {name}"));
            shown.extend(self.hidden_advice().map(|help| format!("help: {help}")));
        }
        shown.join("\n\n")
    }
}

impl MappingErrors {
    /// What hangs on errors that are not shown: it may be what explains all of them.
    fn hidden_advice(&self) -> impl Iterator<Item = &str> {
        let hidden = self.list.iter().skip(SHOWN);
        let mut advice: Vec<&str> = hidden.filter_map(|found| found.help.as_deref()).collect();
        advice.dedup();
        let first = advice.len().saturating_sub(ADVICE);
        advice.into_iter().skip(first)
    }
}

impl fmt::Display for MappingErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl fmt::Debug for MappingErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MappingErrors")
            .field("name", &self.manuscript.name)
            .field("titles", &self.titles().collect::<Vec<_>>())
            .finish()
    }
}

impl std::error::Error for MappingErrors {}
