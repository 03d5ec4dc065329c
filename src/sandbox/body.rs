//! [`AnswerBody`]: a body that arrives whole, cut short, slowly, or without end in sight.

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// What a huge answer has in it: far more than any client should take.
const HUGE: u64 = 1 << 30;
const HUGE_PIECE: &[u8] = &[b'a'; 1 << 16];

/// A slow answer comes in this many pieces at most.
const SLOW_PIECES: usize = 20;

/// The body of an answer.
pub(crate) enum AnswerBody {
    /// The pieces that are still to come.
    Whole(Option<Bytes>),
    /// Half of what `length` promises, then an error, which closes the connection.
    Cut {
        half: Option<Bytes>,
        length: u64,
        sent: bool,
    },
    Slow {
        pieces: VecDeque<Bytes>,
        pause: Pin<Box<Sleep>>,
        every: Duration,
    },
    Huge {
        head: Option<Bytes>,
        padding: u64,
        tail: Option<Bytes>,
    },
}

impl AnswerBody {
    pub(crate) fn whole(text: impl Into<Bytes>) -> AnswerBody {
        AnswerBody::Whole(Some(text.into()))
    }

    pub(crate) fn cut(text: String) -> AnswerBody {
        let mut half = Bytes::from(text);
        let length = half.len() as u64;
        half.truncate(half.len() / 2);
        AnswerBody::Cut {
            half: Some(half),
            length,
            sent: false,
        }
    }

    pub(crate) fn slow(text: String, whole: Duration) -> AnswerBody {
        let mut rest = Bytes::from(text);
        let piece = (rest.len() / SLOW_PIECES).max(1);
        let mut pieces = VecDeque::new();
        while !rest.is_empty() {
            pieces.push_back(rest.split_to(piece.min(rest.len())));
        }
        let every = whole / u32::try_from(pieces.len()).unwrap_or(u32::MAX).max(1);
        AnswerBody::Slow {
            pieces,
            pause: Box::pin(sleep(every)),
            every,
        }
    }

    /// The object with one member more before the others, which is 1 GiB long.
    pub(crate) fn huge(json: &str) -> AnswerBody {
        let rest = json.strip_prefix('{').unwrap_or(json);
        AnswerBody::Huge {
            head: Some(Bytes::from_static(b"{\"padding\":\"")),
            padding: HUGE,
            tail: Some(Bytes::from(format!("\",{rest}"))),
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let piece = match self.get_mut() {
            AnswerBody::Whole(rest) => rest.take(),
            AnswerBody::Cut { half, sent, .. } => match half.take() {
                Some(half) => Some(half),
                None if !*sent => {
                    // One turn of waiting lets the server write out what it has before it sees the error.
                    *sent = true;
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                None => return Poll::Ready(Some(Err(io::Error::other("cut short on purpose")))),
            },
            AnswerBody::Slow {
                pieces,
                pause,
                every,
            } => {
                ready!(pause.as_mut().poll(cx));
                *pause = Box::pin(sleep(*every));
                pieces.pop_front()
            }
            AnswerBody::Huge {
                head,
                padding,
                tail,
            } => head.take().or_else(|| {
                if *padding == 0 {
                    return tail.take();
                }
                *padding = padding.saturating_sub(HUGE_PIECE.len() as u64);
                Some(Bytes::from_static(HUGE_PIECE))
            }),
        };
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            AnswerBody::Whole(rest) => rest.is_none(),
            AnswerBody::Cut { .. } => false,
            AnswerBody::Slow { pieces, .. } => pieces.is_empty(),
            AnswerBody::Huge { tail, .. } => tail.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let bytes = |bytes: &Bytes| bytes.len() as u64;
        match self {
            AnswerBody::Whole(rest) => SizeHint::with_exact(rest.as_ref().map_or(0, bytes)),
            AnswerBody::Cut { length, .. } => SizeHint::with_exact(*length),
            AnswerBody::Slow { pieces, .. } => SizeHint::with_exact(pieces.iter().map(bytes).sum()),
            AnswerBody::Huge { .. } => SizeHint::default(),
        }
    }
}
