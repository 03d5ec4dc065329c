//! A server of bare sockets that counts what arrives and breaks off wherever a test says.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// The token that it gives to everybody.
pub(crate) const TOKEN: &str = "RawTokenQ7w8E9r0";

/// One request that arrived whole.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The address with its query.
    pub(crate) target: String,
    pub(crate) body: String,
}

/// What is done with a submission.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// These bytes are the answer.
    Answer(Vec<u8>),
    /// These bytes are the answer, and then the connection closes without having said so.
    AnswerAndClose(Vec<u8>),
    /// These bytes are the answer; the next request on the connection is read so far and no further.
    AnswerAndCutNext(Vec<u8>, usize),
    /// Nothing, until the client goes away.
    Hang,
}

/// No test waits this long for a request; one that does fails.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server on loopback with a thread for each connection.
pub(crate) struct RawServer {
    port: u16,
    desk: Arc<Desk>,
    _listening: JoinHandle<()>,
}

/// Every submission that arrived whole, and who waits for them.
#[derive(Default)]
struct Log {
    requests: Mutex<Vec<Request>>,
    changed: Condvar,
}

/// How many bytes of the n-th submission (counted from 0) are read before the connection is closed.
type Cut = dyn Fn(usize) -> Option<usize> + Send + Sync;
type Act = dyn Fn(usize, &Request) -> Action + Send + Sync;

impl RawServer {
    /// A server that answers the n-th submission (counted from 0) as `act` says.
    pub(crate) fn new(
        act: impl Fn(usize, &Request) -> Action + Send + Sync + 'static,
    ) -> RawServer {
        RawServer::cutting(|_| None, act)
    }

    /// A server that, where `cut` says so, closes after so many bytes of the n-th submission.
    pub(crate) fn cutting(
        cut: impl Fn(usize) -> Option<usize> + Send + Sync + 'static,
        act: impl Fn(usize, &Request) -> Action + Send + Sync + 'static,
    ) -> RawServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let desk = Arc::new(Desk {
            log: Log::default(),
            login: Mutex::new(None),
            begun: Mutex::new(0),
            cut: Box::new(cut),
            act: Box::new(act),
        });
        let reception = Arc::clone(&desk);
        let listening = std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let desk = Arc::clone(&reception);
                std::thread::spawn(move || while desk.exchange(&stream).is_some() {});
            }
        });
        RawServer {
            port,
            desk,
            _listening: listening,
        }
    }

    /// Answers logins with these bytes.
    pub(crate) fn with_login(self, answer: &[u8]) -> RawServer {
        *self.desk.login.lock().unwrap() = Some(answer.to_vec());
        self
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/api", self.port)
    }

    /// Every submission that arrived whole.
    pub(crate) fn submissions(&self) -> Vec<Request> {
        self.desk.log.requests.lock().unwrap().clone()
    }

    /// Waits until so many submissions have arrived whole.
    pub(crate) fn wait_for(&self, submissions: usize) {
        let requests = self.desk.log.requests.lock().unwrap();
        let (_requests, waited) = self
            .desk
            .log
            .changed
            .wait_timeout_while(requests, PATIENCE, |requests| requests.len() < submissions)
            .unwrap();
        assert!(!waited.timed_out(), "the submissions come in time");
    }

    /// How many submissions began to arrive, whole or not.
    pub(crate) fn begun(&self) -> usize {
        *self.desk.begun.lock().unwrap()
    }

    /// How often a submission with this text arrived.
    pub(crate) fn deliveries(&self, text: &str) -> usize {
        let submissions = self.desk.log.requests.lock().unwrap();
        submissions
            .iter()
            .filter(|request| request.body.contains(text))
            .count()
    }
}

struct Desk {
    log: Log,
    login: Mutex<Option<Vec<u8>>>,
    begun: Mutex<usize>,
    cut: Box<Cut>,
    act: Box<Act>,
}

impl Desk {
    /// One request and its answer; none where the connection is over.
    fn exchange(&self, mut stream: &TcpStream) -> Option<()> {
        let mut head = Vec::new();
        let mut byte = [0];
        let (mut number, mut limit) = (0, None);
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read(&mut byte).ok()? == 0 {
                return None;
            }
            head.push(byte[0]);
            if head == b"POST /api/index.php?resource=as" {
                let mut begun = self.begun.lock().unwrap();
                number = *begun;
                *begun += 1;
                limit = (self.cut)(number);
            }
            if limit.is_some_and(|limit| head.len() >= limit) {
                return None;
            }
        }
        let head = String::from_utf8(head).unwrap();
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse::<usize>().unwrap())
        });
        let length = length.unwrap_or(0);
        let wanted = limit.map_or(length, |limit| length.min(limit - head.len()));
        let mut body = vec![0; wanted];
        stream.read_exact(&mut body).ok()?;
        if wanted < length {
            return None;
        }
        let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let request = Request {
            target,
            body: String::from_utf8(body).unwrap(),
        };
        self.answer(stream, number, request)
    }

    fn answer(&self, mut stream: &TcpStream, number: usize, request: Request) -> Option<()> {
        if request.target.contains("resource=tokenCreate") {
            if let Some(answer) = &*self.login.lock().unwrap() {
                return stream.write_all(answer).ok();
            }
            let token =
                format!("{{\"success\":true,\"result\":{{\"token\":\"{TOKEN}\"}},\"errors\":[]}}");
            return stream.write_all(&json(&token)).ok();
        }
        if request.target.contains("resource=ticketStatus") {
            let unknown = "{\"success\":false,\"result\":[],\"errors\":[406]}";
            return stream.write_all(&json(unknown)).ok();
        }
        self.log.requests.lock().unwrap().push(request.clone());
        self.log.changed.notify_all();
        match (self.act)(number, &request) {
            Action::Answer(bytes) => stream.write_all(&bytes).ok(),
            Action::AnswerAndClose(bytes) => {
                stream.write_all(&bytes).ok();
                None
            }
            Action::AnswerAndCutNext(bytes, next) => {
                stream.write_all(&bytes).ok()?;
                let mut start = vec![0; next];
                let read = stream.read(&mut start).ok()?;
                let submission = "POST /api/index.php?resource=as".as_bytes();
                if read > 0 && start.iter().take(read).eq(submission.iter().take(read)) {
                    *self.begun.lock().unwrap() += 1;
                }
                None
            }
            Action::Hang => {
                // Ends when the client goes away.
                stream.read_exact(&mut [0]).ok();
                None
            }
        }
    }
}

fn json(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The answer that the ticket was created, echoing nothing.
pub(crate) fn as_ticket(number: usize) -> Vec<u8> {
    json(&format!(
        "{{\"success\":true,\"result\":{{\"ticket_id\":\"RAW{number:06}\"}},\"errors\":[]}}"
    ))
}
