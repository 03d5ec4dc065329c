//! A request body that can be taken once, and a flag that tells whether it was.
//!
//! It cannot be cloned, so that no library can send it again behind our back, and it has an exact size, so that it
//! does not go out chunked. [`SentFlag::withdraw`] settles the race with a connection that is about to take it:
//! either the body was taken before, or it never will be.

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

const UNTOUCHED: u8 = 0;
const TAKEN: u8 = 1;
const WITHDRAWN: u8 = 2;

/// Tells whether a body was taken by a connection.
#[derive(Debug, Clone)]
pub(super) struct SentFlag(Arc<AtomicU8>);

impl SentFlag {
    /// Takes the body back; true where no connection had asked for it, and none ever gets it.
    pub(super) fn withdraw(&self) -> bool {
        self.turn(WITHDRAWN)
    }

    fn turn(&self, to: u8) -> bool {
        self.0
            .compare_exchange(UNTOUCHED, to, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

/// Wraps bytes to be sent at most once.
pub(super) fn body(bytes: Bytes) -> (reqwest::Body, SentFlag) {
    let flag = SentFlag(Arc::new(AtomicU8::new(UNTOUCHED)));
    (
        reqwest::Body::wrap(Once {
            bytes: Some(bytes),
            flag: flag.clone(),
        }),
        flag,
    )
}

struct Once {
    bytes: Option<Bytes>,
    flag: SentFlag,
}

impl http_body::Body for Once {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let Some(bytes) = self.bytes.take() else {
            return Poll::Ready(None);
        };
        let frame = if self.flag.turn(TAKEN) {
            Ok(Frame::data(bytes))
        } else {
            Err(io::Error::other(
                "the request was withdrawn before it was sent",
            ))
        };
        Poll::Ready(Some(frame))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn a_body_that_was_withdrawn_is_never_given() {
        let (body, flag) = body(Bytes::from_static(b"{}"));
        assert!(flag.withdraw());
        assert!(body.collect().await.is_err());
    }

    #[tokio::test]
    async fn a_body_that_was_taken_cannot_be_withdrawn() {
        let (body, flag) = body(Bytes::from_static(b"{}"));
        assert!(body.as_bytes().is_none(), "no library can copy it");
        assert_eq!(http_body::Body::size_hint(&body).exact(), Some(2));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "{}");
        assert!(!flag.withdraw());
    }
}
