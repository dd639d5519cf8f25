//! Servers are killed while events go out to a receiver that fails at random.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::fs::OpenOptionsExt as _,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use rapport::{
    api::v1::{Commitment, KeepCommitmentRequest, MakeCommitmentRequest},
    cli::client::Client,
    clock::Clock,
};

use super::Task;
use crate::{
    organisation,
    places::{Backend, Place},
    process::{Server, With},
};

/// Customers who are served side by side.
const CUSTOMERS: usize = 6;
/// What is done for each of them around each kill.
const EACH: usize = 3;
/// Of the requests that the receiver gets.
const FAILING: f64 = 0.25;
/// For what is left when nothing is killed any more.
const PATIENCE: Duration = Duration::from_secs(90);

/// A request that was taken.
#[derive(Clone)]
struct Taken {
    id: String,
    subject: String,
    customer: String,
}

/// SIGKILL at random moments while commitments are made and kept, and the receiver of their events fails at random or says nothing:
/// no event is missing, those of a customer come in their order, and what comes twice has the same id.
pub(super) async fn killed_while_events_go_out(task: Task) -> anyhow::Result<String> {
    let place = Place::new(task.backend)?;
    let mut random = StdRng::seed_from_u64(task.seed);
    let receiver = Receiver::start(task.seed)?;
    let with =
        With { environment: vec![("RAPPORT_EVENTS_WEBHOOKS_FILE", targets(&place, &receiver)?)], ..With::default() };
    let count = if task.backend == Backend::Postgres { 2 } else { 1 };
    let mut servers = Vec::new();
    for _ in 0..count {
        servers.push(Server::start_with(&place, with.clone()).await?);
    }
    organisation::enrol(&servers[0].client).await?;
    while place.number("SELECT count(*) FROM webhook").await? == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for _ in 0..task.size {
        let victim = random.random_range(0..servers.len());
        let clients: Vec<Client> = servers.iter().map(|server| server.client.clone()).collect();
        let serving: Vec<_> = (0..CUSTOMERS)
            .map(|customer| tokio::spawn(serve(clients[customer % clients.len()].clone(), customer)))
            .collect();
        // Longer than a lease at times, and shorter at others.
        tokio::time::sleep(Duration::from_millis(random.random_range(0..5_000))).await;
        servers[victim].kill()?;
        for one in serving {
            one.await?;
        }
        tokio::time::sleep(Duration::from_millis(random.random_range(0..300))).await;
        servers[victim] = Server::start_with(&place, with.clone()).await?;
    }
    let written = place.number("SELECT count(*) FROM commitment_event").await?;
    let begun = Instant::now();
    let waits = |taken: &[Taken]| taken.iter().map(|one| &one.id).collect::<BTreeSet<_>>().len();
    while waits(&receiver.taken()) < usize::try_from(written)? {
        let seen = waits(&receiver.taken());
        ensure!(begun.elapsed() < PATIENCE, "{seen} of {written} events came");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let rest = begun.elapsed();
    let taken = receiver.taken();
    let twice = taken.len() - waits(&taken);
    let mut subjects: HashMap<&str, &str> = HashMap::new();
    let mut places: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for one in &taken {
        let number: i64 = one.id.strip_prefix("commitments-").context("an id of another log")?.parse()?;
        if let Some(before) = subjects.insert(&one.id, &one.subject) {
            ensure!(before == one.subject, "{} was about {before}, then about {}", one.id, one.subject);
        } else {
            places.entry(&one.customer).or_default().push(number);
        }
    }
    for (customer, places) in &places {
        ensure!(!customer.is_empty(), "an event tells no customer");
        // The lines of one log are numbered in the order in which they happened.
        ensure!(places.is_sorted(), "events of {customer} came out of order: {places:?}");
    }
    let left = place.number("SELECT count(*) FROM webhook_delivery").await?;
    ensure!(left == 0, "{left} deliveries are left");
    for server in &mut servers {
        server.terminate().await?;
    }
    Ok(format!(
        "{written} events, none missing, {twice} came again under their ids, {} attempts failed; the last came {} ms after",
        receiver.failed(),
        rest.as_millis()
    ))
}

/// Makes commitments to a customer and keeps them, as far as servers answer.
async fn serve(client: Client, customer: usize) {
    for _ in 0..EACH {
        let at = Clock::system().now_micros() + 86_400_000_000;
        let commitment = Commitment {
            what: "a new one".to_owned(),
            customer_id: format!("customer-{customer}"),
            owner_staff_id: "agent-1".to_owned(),
            due_time: Some(prost_types::Timestamp { seconds: at / 1_000_000, nanos: 0 }),
            ..Commitment::default()
        };
        let request_id = uuid::Uuid::new_v4().to_string();
        let request = MakeCommitmentRequest { request_id, commitment: Some(commitment) };
        let Ok(made) = client.commitments.clone().make_commitment(request).await else { continue };
        let commitment_id = made.into_inner().commitment.unwrap_or_default().commitment_id;
        let request_id = uuid::Uuid::new_v4().to_string();
        let request = KeepCommitmentRequest { request_id, commitment_id, note: String::new() };
        // Not kept where its server was killed: what was made is an event all the same.
        _ = client.commitments.clone().keep_commitment(request).await;
    }
}

/// The file that names the receiver.
fn targets(place: &Place, receiver: &Receiver) -> anyhow::Result<String> {
    let secret = place.file("webhook.secret");
    let mut file = std::fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(&secret)?;
    writeln!(file, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    let path = place.file("webhooks.toml");
    let text = format!(
        "[[webhook]]\nname = 'desk'\nurl = 'http://127.0.0.1:{}/'\nsecret_file = 'webhook.secret'\ntypes = ['rapport.commitment']\n\
         content = 'customer'\nattempts = 1000\ntimeout = '300ms'\nfirst_retry = '50ms'\nlongest_retry = '400ms'\n\
         allow_private = true\nallow_http = true\n",
        receiver.port
    );
    std::fs::write(&path, text)?;
    Ok(path.display().to_string())
}

/// Takes requests, or fails.
struct Receiver {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    taken: Vec<Taken>,
    failed: usize,
}

impl Receiver {
    fn start(seed: u64) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(Mutex::new(State::default()));
        let taking = state.clone();
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().flatten().enumerate() {
                let (state, random) = (taking.clone(), StdRng::seed_from_u64(seed ^ number as u64));
                // A connection that a killed server leaves ends by itself.
                std::thread::spawn(move || serve_connection(&stream, &state, random));
            }
        });
        Ok(Self { port, state })
    }

    fn taken(&self) -> Vec<Taken> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).taken.clone()
    }

    fn failed(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).failed
    }
}

/// HTTP/1.1 by hand: each request is answered with success, refused, or not answered.
fn serve_connection(stream: &TcpStream, state: &Mutex<State>, mut random: StdRng) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().ok()?;
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let event: serde_json::Value = serde_json::from_slice(&body).ok()?;
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let taken = Taken {
            id: text(&event["id"]),
            subject: text(&event["subject"]),
            customer: text(&event["data"]["customer_id"]),
        };
        let fails = random.random_bool(FAILING);
        let is_silent = random.random_bool(0.2);
        {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            // One that was taken and whose answer is lost comes again.
            if !fails || is_silent {
                state.taken.push(taken);
            }
            state.failed += usize::from(fails);
        }
        let mut out = stream;
        match (fails, is_silent) {
            (true, true) => return None,
            (true, false) => out.write_all(b"HTTP/1.1 500 no\r\ncontent-length: 0\r\n\r\n").ok()?,
            (false, _) => out.write_all(b"HTTP/1.1 204 taken\r\n\r\n").ok()?,
        }
    }
}
