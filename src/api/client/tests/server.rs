//! A server that does exactly what a test tells it, one act per request, and keeps what it was sent.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the server does with the next request.
pub(super) enum Act {
    /// Answers with these bytes and keeps the connection.
    Answer(String),
    /// Answers with these bytes and closes.
    Last(String),
    /// Reads the request and closes.
    Close,
    /// Reads the request and resets the connection.
    Reset,
    /// Resets the connection without reading.
    ResetUnread,
    /// Reads the request, answers with these bytes and then nothing more.
    Hang(String),
}

/// A whole answer with a length.
pub(super) fn answer(status: u16, headers: &str, body: &str) -> Act {
    let length = body.len();
    Act::Answer(format!(
        "HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    ))
}

/// The API's JSON under status 200.
pub(super) fn json(body: &str) -> Act {
    answer(200, "Content-Type: application/json\r\n", body)
}

struct Shared {
    acts: Mutex<VecDeque<Act>>,
    requests: Mutex<Vec<String>>,
    connections: AtomicUsize,
}

pub(super) struct Server {
    port: u16,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl Server {
    pub(super) async fn start(acts: impl IntoIterator<Item = Act>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            acts: Mutex::new(acts.into_iter().collect()),
            requests: Mutex::new(Vec::new()),
            connections: AtomicUsize::new(0),
        });
        let accepting = tokio::spawn({
            let shared = shared.clone();
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    shared.connections.fetch_add(1, Ordering::Relaxed);
                    let _connection = tokio::spawn(serve(stream, shared.clone()));
                }
            }
        });
        Server {
            port,
            shared,
            accepting,
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/api", self.port)
    }

    /// How many connections were opened.
    pub(super) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// The requests that arrived whole.
    pub(super) fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// An address at which nothing listens.
pub(super) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port())
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    if matches!(shared.acts.lock().unwrap().front(), Some(Act::ResetUnread)) {
        stream.set_zero_linger().unwrap();
        return;
    }
    while let Some(request) = read_request(&mut stream).await {
        shared.requests.lock().unwrap().push(request);
        let act = shared.acts.lock().unwrap().pop_front();
        match act {
            Some(Act::Answer(text)) => stream.write_all(text.as_bytes()).await.unwrap(),
            Some(Act::Last(text)) => {
                stream.write_all(text.as_bytes()).await.unwrap();
                return;
            }
            Some(Act::Reset) => return stream.set_zero_linger().unwrap(),
            Some(Act::Hang(text)) => {
                stream.write_all(text.as_bytes()).await.unwrap();
                // Ends when the client gives up and closes.
                let _bytes = stream.read(&mut [0; 16]).await;
                return;
            }
            Some(Act::Close | Act::ResetUnread) | None => return,
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if let Some(request) = whole_request(&bytes) {
            return Some(request);
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

fn whole_request(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head
        .lines()
        .find_map(|line| {
            line.to_lowercase()
                .strip_prefix("content-length: ")?
                .parse()
                .ok()
        })
        .unwrap_or(0);
    (body.len() >= length).then(|| text.to_string())
}
