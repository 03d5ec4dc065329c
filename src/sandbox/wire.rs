//! One connection: requests in, replies out, and the ends that no HTTP server makes on purpose.
//!
//! Owns reading a request within its limits and turning a [`Reply`] into what happens on the socket: an answer, a reset,
//! silence, or a close that nobody announced. A decision runs in a task of its own, so that a client that goes away
//! meanwhile does not undo it, as with the vendor.

use super::Shared;
use super::body::AnswerBody;
use super::call::{Call, Fields};
use super::centre::Arrival;
use super::fault::{Fault, Scope};
use super::reply::{self, Manner, Reply};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Far above any ticket; a larger body is refused as a real server would.
const BODY_LIMIT: usize = 1 << 20;

/// Bounds what is held of a request's head.
const HEAD_LIMIT: usize = 1 << 16;

/// Serves one connection to its end.
pub(crate) async fn serve(shared: Arc<Shared>, stream: TcpStream, connection: u64) {
    let switch = Arc::new(Switch::default());
    let wire = Wire {
        stream,
        switch: Arc::clone(&switch),
    };
    let service = service_fn(move |request| {
        let (shared, switch) = (Arc::clone(&shared), Arc::clone(&switch));
        async move { answer(&shared, &switch, connection, request).await }
    });
    // An error is a fault that we made or a client that went away; neither has anyone to be told.
    http1::Builder::new()
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(wire), service)
        .await
        .ok();
}

async fn answer(
    shared: &Arc<Shared>,
    switch: &Switch,
    connection: u64,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, io::Error> {
    let (head, body) = request.into_parts();
    let Some(call) = Call::read(&head, &shared.submission) else {
        return Ok(stray(shared, connection, StatusCode::NOT_FOUND));
    };
    let arrival = shared.centre().arrive(call.scope, connection);
    let _present = Present {
        shared,
        scope: call.scope,
    };
    let reply = if matches!(arrival.fault, Some(Fault::ResetBefore | Fault::HangBefore)) {
        // The head alone is enough for these; the body may never come.
        Ok(decide(shared, &call, &Fields::default(), &arrival))
    } else {
        match fields(shared, &head.headers, body).await {
            Ok(fields) => process(shared, call, fields, arrival).await,
            Err(status) => Err(status),
        }
    };
    match reply {
        Ok(Reply::Answer(response)) => Ok(*response),
        Ok(Reply::AnswerAndClose(response)) => {
            switch.close.store(true, Ordering::Relaxed);
            Ok(*response)
        }
        Ok(Reply::Reset) => {
            switch.reset.store(true, Ordering::Relaxed);
            Err(io::Error::other("reset on purpose"))
        }
        Ok(Reply::Silence) => std::future::pending().await,
        Err(status) => Ok(stray(shared, connection, status)),
    }
}

/// Decides in a task of its own, after the time that submissions take.
async fn process(
    shared: &Arc<Shared>,
    call: Call,
    fields: Fields,
    arrival: Arrival,
) -> Result<Reply, StatusCode> {
    let task = Arc::clone(shared);
    let deciding = shared.tasks.spawn(async move {
        if call.scope == Scope::Ticket && !task.delay.is_zero() {
            let delay = tokio::time::sleep(task.delay);
            if task.stop.run_until_cancelled(delay).await.is_none() {
                return Reply::Reset;
            }
        }
        decide(&task, &call, &fields, &arrival)
    });
    deciding
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

fn decide(shared: &Shared, call: &Call, fields: &Fields, arrival: &Arrival) -> Reply {
    let (verdict, fault, roll) = {
        let mut centre = shared.centre();
        let (verdict, fault) = centre.decide(call, fields, arrival);
        shared.created.send_replace(centre.created());
        (verdict, fault, centre.roll())
    };
    let manner = Manner {
        style: shared.style,
        roll,
        slow: shared.slow,
        target: &call.target,
    };
    reply::reply(&verdict, fault, &manner)
}

fn stray(shared: &Shared, connection: u64, status: StatusCode) -> Response<AnswerBody> {
    shared.centre().stray(connection);
    reply::html(status)
}

async fn fields(
    shared: &Shared,
    headers: &HeaderMap,
    body: Incoming,
) -> Result<Fields, StatusCode> {
    if headers.contains_key(header::TRANSFER_ENCODING) {
        // Some PHP set-ups see an empty body here: a client must give the length.
        return Err(StatusCode::LENGTH_REQUIRED);
    }
    if body.size_hint().lower() > BODY_LIMIT as u64 {
        // Said beforehand: no need to wait for it.
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => Ok(Fields::read(headers, &body.to_bytes(), shared.accept)),
        Err(error) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => Err(StatusCode::BAD_REQUEST),
    }
}

/// Counts a request as unanswered for as long as it lives.
struct Present<'a> {
    shared: &'a Shared,
    scope: Scope,
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.shared.centre().leave(self.scope);
    }
}

/// How a connection is to end.
#[derive(Default)]
struct Switch {
    /// Once the answer is written, the connection reads as ended.
    close: AtomicBool,
    /// Set by the first write after `close`.
    written: AtomicBool,
    /// When it is dropped, the connection is reset instead of closed.
    reset: AtomicBool,
}

/// A TCP stream that ends as its switch says.
struct Wire {
    stream: TcpStream,
    switch: Arc<Switch>,
}

impl Wire {
    fn note_write(&self, cx: &Context<'_>) {
        if self.switch.close.load(Ordering::Relaxed) {
            self.switch.written.store(true, Ordering::Relaxed);
            // The server may wait for the client's next request: let it read, and so see the end.
            cx.waker().wake_by_ref();
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.switch.reset.load(Ordering::Relaxed) {
            // Where the socket refuses, the client sees an ordinary close: no answer either way.
            self.stream.set_zero_linger().ok();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.switch.written.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.note_write(cx);
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.note_write(cx);
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
