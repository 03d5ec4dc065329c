//! The run, simulated: the real crew, gate, pace and tokens against a scripted server and a model of the ledger, with
//! paused time and crash points, all from one seed.
//!
//! The server remembers which row it made a ticket for; that is the witness. After a crash the model recovers as the
//! ledger does, and the same rows are sent again, until a run comes to its end.

use super::attempt::conclude;
use super::crew::{Crew, Job, Store};
use super::end::{End, Signal};
use super::gate::Gate;
use super::limits::Limits;
use super::pace::{Pace, Rate};
use super::{Observer, RunEvent};
use crate::api::{
    NotSent, NotSentKind, Reply, StatusReply, Token, TokenError, Tokens, Transport, Unproven,
};
use crate::ledger::{EmergencyNote, LedgerError, LedgerErrorKind, SubmissionId};
use crate::submission::{Event, State, next};
use crate::ticket::{ErrorCode, Payload, TicketField, TicketId};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const ROWS: i64 = 24;
const GIVE_UP_AFTER: Duration = Duration::from_secs(600);

/// What is left of the world when the program dies: the server, the durable ledger, and the dice.
struct World {
    dice: StdRng,
    /// Tickets that the server made, by row.
    tickets: BTreeMap<i64, Vec<String>>,
    states: BTreeMap<i64, State>,
    token: u64,
    /// Changes that wait for the next commit.
    queue: Vec<(SubmissionId, Event, Answer)>,
    /// Steps until the program dies; none for a run that is left alone.
    crash_in: Option<u32>,
    /// Faults in a hundred submissions.
    faults: u32,
    /// What a server that is busy for ever asks for; none for one that is not.
    busy: Option<Busy>,
    /// How long the server may be away.
    patience: Duration,
    /// When a person stops the run.
    stopped_after: Option<Duration>,
    /// When a person stops it once more.
    broken_off_after: Option<Duration>,
    /// The rows whose requests have left.
    left: BTreeSet<i64>,
    steps: u64,
}

/// A server that refuses this, with the wait that it asks for.
#[derive(Clone, Copy)]
enum Busy {
    Rows(Option<Duration>),
    Logins(Duration),
    /// One row and no other, while those around it are on their way.
    Row(i64, Duration),
    /// It says that every token has expired, and never answers when asked for another one.
    Renewals,
}

impl World {
    fn new(seed: u64) -> World {
        let mut dice = StdRng::seed_from_u64(seed);
        let faults = [0, 5, 30, 90][dice.random_range(0..4)];
        World {
            tickets: BTreeMap::new(),
            states: (0..ROWS).map(|row| (row, State::NEW)).collect(),
            token: 0,
            queue: Vec::new(),
            crash_in: None,
            faults,
            busy: None,
            patience: GIVE_UP_AFTER,
            stopped_after: None,
            broken_off_after: None,
            left: BTreeSet::new(),
            steps: 0,
            dice,
        }
    }

    /// One step of anything; false when the program is dead from here on.
    fn step(&mut self) -> bool {
        self.steps += 1;
        match &mut self.crash_in {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None => true,
        }
    }

    fn create(&mut self, row: i64) -> TicketId {
        let made = self.tickets.entry(row).or_default();
        let id = format!("T{row}x{}", made.len());
        made.push(id.clone());
        TicketId::new(&id).unwrap()
    }
}

type Answer = oneshot::Sender<Result<State, LedgerError>>;

#[derive(Clone)]
struct Shared(Arc<Mutex<World>>, Arc<Notify>);

impl Shared {
    /// A step in the world, or for ever nothing once the program is dead: its tasks are dropped then.
    async fn live<R>(&self, act: impl FnOnce(&mut World) -> R) -> R {
        // Everything takes a while, so that tasks overtake one another.
        let wait = self.0.lock().unwrap().dice.random_range(0..50);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let acted = {
            let mut world = self.0.lock().unwrap();
            world.step().then(|| act(&mut world))
        };
        match acted {
            Some(result) => result,
            None => std::future::pending().await,
        }
    }
}

impl Transport for Shared {
    async fn create_token(&self) -> Result<Token, TokenError> {
        let hangs = |world: &World| world.token > 0 && matches!(world.busy, Some(Busy::Renewals));
        if self.live(|world| hangs(world)).await {
            return std::future::pending().await;
        }
        self.live(|world| {
            world.token += 1;
            if let Some(Busy::Logins(asked)) = world.busy {
                return Err(TokenError::NotReached {
                    code: "http.429".into(),
                    message: "busy".to_owned(),
                    retry_after: Some(asked),
                });
            }
            if world.dice.random_range(0..100) < world.faults / 10 {
                let message = "away".to_owned();
                return Err(TokenError::NotReached {
                    code: "refused".into(),
                    message,
                    retry_after: None,
                });
            }
            Ok(Token::new(format!("token{}", world.token)))
        })
        .await
    }

    async fn submit(&self, _token: &Token, payload: &Payload) -> Reply {
        let row: i64 = payload
            .get(TicketField::Complaint)
            .unwrap()
            .parse()
            .unwrap();
        self.0.lock().unwrap().left.insert(row);
        // The request arrives, and some time later an answer may.
        let arrived = self.live(|world| arrive(world, row)).await;
        self.live(|_| arrived).await
    }

    async fn ticket_status(&self, _token: &Token, _ticket: &TicketId) -> StatusReply {
        self.live(|world| {
            if world.dice.random_range(0..100) < world.faults {
                StatusReply::Unproven(unproven())
            } else {
                StatusReply::UnknownTicket
            }
        })
        .await
    }

    fn begin_anew(&self) {}
}

fn unproven() -> Unproven {
    Unproven {
        code: "timeout".into(),
        message: "no answer".to_owned(),
        is_api: false,
    }
}

fn arrive(world: &mut World, row: i64) -> Reply {
    if let Some(Busy::Rows(retry_after)) = world.busy {
        return Reply::Refused { retry_after };
    }
    if let Some(Busy::Renewals) = world.busy {
        return Reply::TokenExpired;
    }
    if let Some(Busy::Row(refused, asked)) = world.busy
        && refused == row
    {
        world.busy = None;
        return Reply::Refused {
            retry_after: Some(asked),
        };
    }
    if row % 7 == 3 {
        return Reply::Rejected(ErrorCode(414));
    }
    if world.dice.random_range(0..100) >= world.faults {
        return Reply::Created {
            ticket_id: world.create(row),
            echo: Vec::new(),
        };
    }
    match world.dice.random_range(0..6) {
        0 => {
            world.create(row);
            Reply::Unproven(unproven())
        }
        1 => Reply::Unproven(unproven()),
        2 => Reply::TokenExpired,
        3 => Reply::Refused {
            retry_after: Some(Duration::from_secs(1)),
        },
        4 => Reply::NotSent(NotSent {
            kind: NotSentKind::Refused,
            detail: String::new(),
        }),
        _ => Reply::Created {
            ticket_id: world.create(row),
            echo: Vec::new(),
        },
    }
}

impl Store for Shared {
    fn apply(
        &self,
        submission: SubmissionId,
        event: Event,
    ) -> impl Future<Output = Result<State, LedgerError>> + Send + use<> {
        let (answer, reply) = oneshot::channel();
        self.0
            .lock()
            .unwrap()
            .queue
            .push((submission, event, answer));
        self.1.notify_one();
        async move {
            match reply.await {
                Ok(answer) => answer,
                // The program is dead.
                Err(_) => std::future::pending().await,
            }
        }
    }

    fn keep(&self, _note: &EmergencyNote) -> io::Result<PathBuf> {
        Err(io::Error::other("the model's disk does not fail"))
    }
}

impl Shared {
    /// The model of the ledger's writer: what has queued up is committed together, or not at all if the program dies.
    async fn write(&self) {
        loop {
            self.1.notified().await;
            self.live(|world| {
                for (submission, event, answer) in std::mem::take(&mut world.queue) {
                    let state = world.states.get_mut(&submission.0).unwrap();
                    let stored = next(state, event).inspect(|after| state.clone_from(after));
                    let illegal = |error| LedgerError {
                        path: PathBuf::new(),
                        kind: LedgerErrorKind::Illegal(error),
                    };
                    drop(answer.send(stored.map_err(illegal)));
                }
            })
            .await;
        }
    }
}

struct Nobody;

impl Observer for Nobody {
    fn observe(&self, _: &RunEvent) {}
}

/// One run of the program over what is left to do; its end, or none where it died.
async fn run(world: &Shared, workers: usize) -> Option<End> {
    let (jobs, queue) = mpsc::channel(usize::try_from(ROWS).unwrap());
    for (row, state) in &mut world.0.lock().unwrap().states {
        // As a later run does: a rejected row is taken up again, a ticket or a doubt is not.
        if let Ok(open) = next(state, Event::Requeued) {
            *state = open;
            let mut payload = Payload::default();
            payload.set(TicketField::Complaint, &row.to_string());
            jobs.try_send(Job {
                submission: SubmissionId(*row),
                row: row.unsigned_abs(),
                payload,
            })
            .unwrap();
        }
    }
    drop(jobs);
    let (stopped_after, broken_off_after, patience) = {
        let world = world.0.lock().unwrap();
        (world.stopped_after, world.broken_off_after, world.patience)
    };
    let gate = Arc::new(Gate::new());
    let transport = Arc::new(world.clone());
    let crew = Arc::new(Crew {
        tokens: Arc::new(Tokens::new(Arc::clone(&transport))),
        transport,
        ledger: Arc::new(world.clone()),
        gate: Arc::clone(&gate),
        pace: Arc::new(Pace::new(Rate::Unlimited, None)),
        limits: Limits::new(None, None),
        give_up_after: patience,
        jobs: tokio::sync::Mutex::new(queue),
        observer: Arc::new(Nobody),
        settling: TaskTracker::new(),
        abort: CancellationToken::new(),
    });
    let writer = world.clone();
    let all = async {
        let mut stopping = tokio::task::JoinSet::new();
        if let Some(after) = stopped_after {
            let gate = Arc::clone(&gate);
            stopping.spawn(async move {
                tokio::time::sleep(after).await;
                gate.close(End::Interrupted(Signal::Interrupt));
            });
        }
        if let Some(after) = broken_off_after {
            let abort = crew.abort.clone();
            stopping.spawn(async move {
                tokio::time::sleep(after).await;
                abort.cancel();
            });
        }
        let mut writing = tokio::task::JoinSet::new();
        writing.spawn(async move { writer.write().await });
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..workers {
            let crew = Arc::clone(&crew);
            tasks.spawn(async move { crew.work().await });
        }
        let prober = Arc::clone(&crew);
        let mut probing = tokio::task::JoinSet::new();
        probing.spawn(async move { prober.probe().await });
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
        crew.settling.close();
        crew.settling.wait().await;
        gate.end().unwrap_or(End::Finished)
    };
    // A dead program makes no step any more; a day of its time is enough to see that.
    tokio::time::timeout(Duration::from_secs(86_400), all)
        .await
        .ok()
}

/// What holds at every moment, whatever happened.
fn check(world: &World, seed: u64) {
    for (row, state) in &world.states {
        let tickets = world.tickets.get(row).map_or(&[][..], Vec::as_slice);
        assert!(tickets.len() <= 1, "seed {seed}: row {row} has two tickets");
        match state {
            State::Created { ticket_id, .. } => {
                assert_eq!(
                    tickets,
                    [ticket_id.as_str().to_owned()],
                    "seed {seed}: row {row}"
                );
            }
            State::Ready { .. } | State::Rejected { .. } => {
                assert!(
                    tickets.is_empty(),
                    "seed {seed}: row {row} has a ticket and would be sent again"
                );
            }
            State::Claimed | State::InDoubt(_) => {}
        }
    }
}

async fn live_through(seed: u64, workers: usize) -> u64 {
    let world = Shared(
        Arc::new(Mutex::new(World::new(seed))),
        Arc::new(Notify::new()),
    );
    for life in 0..40 {
        {
            let mut world = world.0.lock().unwrap();
            // Three lives end early, the later ones are left alone.
            world.crash_in = (life < 3).then(|| world.dice.random_range(0..150));
        }
        let end = run(&world, workers).await;
        let mut world = world.0.lock().unwrap();
        // What had not been committed is gone.
        world.queue.clear();
        check(&world, seed);
        let mut claimed = 0;
        for state in world
            .states
            .values_mut()
            .filter(|state| **state == State::Claimed)
        {
            *state = next(state, Event::Crashed).unwrap();
            claimed += 1;
        }
        assert!(
            claimed <= workers,
            "seed {seed}: {claimed} rows claimed by {workers} workers"
        );
        assert!(
            end.is_none() || claimed == 0,
            "seed {seed}: a run that ended left a row claimed"
        );
        if end == Some(End::Finished) {
            let open = world
                .states
                .values()
                .filter(|state| matches!(state, State::Ready { .. }))
                .count();
            assert_eq!(open, 0, "seed {seed}: a finished run left rows unsent");
            return world.steps;
        }
    }
    // A server that fails nine times in ten ends every run early; that is an end, too.
    let world = world.0.lock().unwrap();
    assert!(world.faults == 90, "seed {seed}: no run came to its end");
    world.steps
}

#[test]
fn no_row_is_doubled_or_lost_in_hundreds_of_thousands_of_steps() {
    let mut steps = 0;
    for seed in 0..2_000 {
        let workers = [1, 4, 16][usize::try_from(seed % 3).unwrap()];
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        steps += runtime.block_on(live_through(seed, workers));
    }
    assert!(steps > 200_000, "{steps} steps");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_busy_for_ever_is_given_up_in_time_and_left_alone_as_it_asks() {
    let asked = [None, Some(1), Some(7), Some(86_400)].map(|s| s.map(Duration::from_secs));
    let of_rows = asked.into_iter().map(Busy::Rows);
    let of_logins = asked.into_iter().flatten().map(Busy::Logins);
    for (seed, busy) in (0..).zip(of_rows.chain(of_logins)) {
        let mut world = World::new(seed);
        (world.faults, world.busy) = (0, Some(busy));
        let world = Shared(Arc::new(Mutex::new(world)), Arc::new(Notify::new()));
        let began = tokio::time::Instant::now();
        let Some(End::ServiceDown { away, why }) = run(&world, 4).await else {
            panic!("seed {seed}: it was not given up");
        };
        assert!(why.contains("busy"), "seed {seed}: {why}");
        // It is found out by a row's turn, and a pace that was cut to its last gives one each ten seconds.
        let late = Duration::from_secs(11);
        for waited in [away, began.elapsed()] {
            assert!(
                waited >= GIVE_UP_AFTER && waited < GIVE_UP_AFTER + late,
                "seed {seed}: {waited:?}"
            );
        }
        let world = world.0.lock().unwrap();
        if let Busy::Logins(asked) = busy {
            let most = GIVE_UP_AFTER.as_secs() / asked.as_secs().min(300) + 2;
            assert!(world.token <= most, "seed {seed}: {} logins", world.token);
        }
        for state in world.states.values() {
            assert!(
                matches!(state, State::Ready { .. }),
                "seed {seed}: {state:?}"
            );
        }
    }
}

/// The rows around the one that is refused are answered well, which proves that the server works, and not that it is back.
#[tokio::test(start_paused = true)]
async fn a_wait_that_is_longer_than_the_runs_patience_does_not_outlast_it() {
    let hour = Duration::from_secs(3_600);
    for seed in 0..100 {
        for (patience, ends) in [(4, false), (600, true)] {
            let patience = Duration::from_secs(patience);
            let mut world = World::new(seed);
            (world.faults, world.patience) = (0, patience);
            world.busy = Some(Busy::Row(5, hour));
            let world = Shared(Arc::new(Mutex::new(world)), Arc::new(Notify::new()));
            let began = tokio::time::Instant::now();
            let end = run(&world, 4).await;
            let took = began.elapsed();
            check(&world.0.lock().unwrap(), seed);
            if ends {
                assert_eq!(end, Some(End::Finished), "seed {seed}");
                assert!(took > Duration::from_secs(300), "seed {seed}: {took:?}");
                continue;
            }
            let Some(End::ServiceDown { away, .. }) = end else {
                panic!("seed {seed}: it was not given up after {took:?}");
            };
            assert_eq!(away, patience, "seed {seed}");
            let late = Duration::from_secs(2);
            assert!(took < patience + late, "seed {seed}: {took:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_that_hangs_keeps_nobody_who_wants_to_stop() {
    let mut world = World::new(0);
    (world.faults, world.busy) = (0, Some(Busy::Renewals));
    world.stopped_after = Some(Duration::from_secs(5));
    let world = Shared(Arc::new(Mutex::new(world)), Arc::new(Notify::new()));
    let began = tokio::time::Instant::now();
    let end = run(&world, 4).await;
    assert_eq!(end, Some(End::Interrupted(Signal::Interrupt)));
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    check(&world.0.lock().unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_second_signal_leaves_no_doubt_about_a_row_that_has_not_left() {
    let mut given_back = 0;
    for seed in 0..300 {
        let mut world = World::new(seed);
        world.faults = 0;
        let after = Duration::from_millis(world.dice.random_range(0..600));
        (world.stopped_after, world.broken_off_after) = (Some(after), Some(after));
        let world = Shared(Arc::new(Mutex::new(world)), Arc::new(Notify::new()));
        assert!(run(&world, 4).await.is_some());
        let world = world.0.lock().unwrap();
        check(&world, seed);
        for (row, state) in &world.states {
            match state {
                State::InDoubt(_) => assert!(world.left.contains(row), "seed {seed}: row {row}"),
                State::Claimed => panic!("seed {seed}: row {row} is left claimed"),
                State::Ready { seen } => given_back += u32::from(seen.is_some()),
                State::Created { .. } | State::Rejected { .. } => {}
            }
        }
    }
    assert!(
        given_back > 0,
        "no row was met between its claim and its request"
    );
}

#[test]
fn the_model_of_the_server_is_honest() {
    // What the script answers must prove what it did, or the witness would be worth nothing.
    let mut world = World::new(1);
    world.faults = 90;
    for row in 0..2_000 {
        let reply = arrive(&mut world, row);
        let made = world.tickets.contains_key(&row);
        let after = next(&State::Claimed, conclude(reply).event).unwrap();
        match after {
            State::Created { .. } => assert!(made),
            State::Ready { .. } | State::Rejected { .. } => assert!(!made),
            State::Claimed | State::InDoubt(_) => {}
        }
    }
}
