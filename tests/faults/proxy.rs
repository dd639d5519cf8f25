//! Between a server and PostgreSQL: passes everything on, to the cluster it is pointed at, and does harm when it is told to.
//!
//! It knows the framing of the protocol (version 3) and nothing of the statements, but BEGIN's and COMMIT's effect.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering},
};

use anyhow::{Context as _, bail};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Mutex as AsyncMutex, watch},
};

const SSL_REQUEST: u32 = 80_877_103;

/// What may become of a statement, or of a COMMIT.
#[derive(Clone, Copy, Debug)]
enum Harm {
    /// The connection ends and PostgreSQL never sees it.
    CutBefore,
    /// PostgreSQL does it, and the connection ends before the answer.
    CutAfter,
    /// It is answered with an error and PostgreSQL never sees it.
    Refuse(&'static str),
}

const HARMS: [Harm; 8] = [
    Harm::CutBefore,
    Harm::CutAfter,
    Harm::CutAfter,
    Harm::Refuse("40001"),
    Harm::Refuse("40P01"),
    Harm::Refuse("53100"),
    Harm::Refuse("57014"),
    Harm::Refuse("25006"),
];

/// Shared by all connections.
struct Shared {
    /// Where connections lead.
    target: AtomicU16,
    /// Of 10,000 statements so many come to harm; a COMMIT ten times as often.
    harm: AtomicU32,
    harmed: AtomicU64,
    random: Mutex<StdRng>,
    /// Counts up to end every connection.
    cut: watch::Sender<u64>,
}

pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    listening: tokio::task::JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
        self.cut();
    }
}

impl Proxy {
    pub(crate) async fn start(target: u16, seed: u64) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            target: AtomicU16::new(target),
            harm: AtomicU32::new(0),
            harmed: AtomicU64::new(0),
            random: Mutex::new(StdRng::seed_from_u64(seed)),
            cut: watch::Sender::new(0),
        });
        let serving = shared.clone();
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(connection(client, serving.clone()));
            }
        });
        Ok(Self { port, shared, listening })
    }

    pub(crate) fn url(&self) -> String {
        crate::cluster::url(self.port)
    }

    /// New connections lead elsewhere; those that are open are cut, as a load balancer does.
    pub(crate) fn turn(&self, target: u16) {
        self.shared.target.store(target, Ordering::SeqCst);
        self.cut();
    }

    pub(crate) fn cut(&self) {
        self.shared.cut.send_modify(|count| *count += 1);
    }

    /// So many of 10,000 statements come to harm from now on.
    pub(crate) fn harm(&self, of_ten_thousand: u32) {
        self.shared.harm.store(of_ten_thousand, Ordering::SeqCst);
    }

    pub(crate) fn harmed(&self) -> u64 {
        self.shared.harmed.load(Ordering::SeqCst)
    }
}

/// A message with its type, which the first ones of a connection do not have.
struct Message {
    kind: u8,
    bytes: Vec<u8>,
}

impl Message {
    async fn read(from: &mut OwnedReadHalf) -> anyhow::Result<Self> {
        let kind = from.read_u8().await?;
        let length = from.read_u32().await?;
        let mut bytes = vec![kind];
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.resize(1 + length as usize, 0);
        from.read_exact(&mut bytes[5..]).await?;
        Ok(Self { kind, bytes })
    }

    fn is_query(&self, text: &str) -> bool {
        self.kind == b'Q' && self.bytes[5..].starts_with(text.as_bytes())
    }

    fn query(text: &str) -> Vec<u8> {
        let length = u32::try_from(4 + text.len() + 1).unwrap_or(u32::MAX);
        [&b"Q"[..], &length.to_be_bytes(), text.as_bytes(), &[0]].concat()
    }
}

/// What both directions of a connection know.
#[derive(Default)]
struct Connection {
    /// As PostgreSQL says: I, T or E.
    status: AtomicU8,
    /// Answers that were asked for, and those that came.
    asked: AtomicU64,
    answered: AtomicU64,
    /// The answer that must not arrive; 0: all may.
    withheld: AtomicU64,
}

async fn connection(client: TcpStream, shared: Arc<Shared>) {
    let mut cut = shared.cut.subscribe();
    cut.mark_unchanged();
    let passing = async {
        let server = TcpStream::connect(("127.0.0.1", shared.target.load(Ordering::SeqCst))).await?;
        _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        greet(&mut from_client, &mut to_client, &mut from_server, &mut to_server).await?;
        let state = Connection::default();
        let to_client = AsyncMutex::new(to_client);
        tokio::select! {
            ended = forward(&shared, &state, &mut from_client, &mut to_server, &to_client) => ended,
            ended = backward(&state, &mut from_server, &to_client) => ended,
        }
    };
    tokio::select! {
        _ = passing => {}
        _ = cut.changed() => {}
    }
}

/// The first messages, which have no type.
async fn greet(
    from_client: &mut OwnedReadHalf,
    to_client: &mut OwnedWriteHalf,
    from_server: &mut OwnedReadHalf,
    to_server: &mut OwnedWriteHalf,
) -> anyhow::Result<()> {
    loop {
        let length = from_client.read_u32().await?;
        let mut rest = vec![0; (length as usize).checked_sub(4).context("a short greeting")?];
        from_client.read_exact(&mut rest).await?;
        to_server.write_all(&[&length.to_be_bytes()[..], &rest].concat()).await?;
        if rest.get(..4) != Some(&SSL_REQUEST.to_be_bytes()) {
            return Ok(());
        }
        to_client.write_u8(from_server.read_u8().await?).await?;
    }
}

async fn forward(
    shared: &Shared,
    state: &Connection,
    from_client: &mut OwnedReadHalf,
    to_server: &mut OwnedWriteHalf,
    to_client: &AsyncMutex<OwnedWriteHalf>,
) -> anyhow::Result<()> {
    let mut first_of_batch = true;
    let mut skip_to_sync = false;
    // PostgreSQL was not told of an error that its client was: what it would do at a COMMIT then is done for it.
    let mut failed = false;
    loop {
        let mut message = Message::read(from_client).await?;
        if skip_to_sync {
            skip_to_sync = message.kind != b'S';
            continue;
        }
        let begins = first_of_batch && !matches!(message.kind, b'p' | b'X');
        let is_commit = message.is_query("COMMIT");
        first_of_batch = matches!(message.kind, b'Q' | b'S');
        let mut withhold = false;
        match if begins { shared.draw(is_commit) } else { None } {
            Some(Harm::CutBefore) => bail!("cut"),
            Some(Harm::CutAfter) => withhold = true,
            Some(Harm::Refuse(code)) if !message.is_query("ROLLBACK") => {
                failed = state.status.load(Ordering::SeqCst) == b'T';
                skip_to_sync = message.kind != b'Q';
                first_of_batch = true;
                wait_for_answers(state).await;
                // A COMMIT that is refused ends the transaction.
                let after = if failed && !is_commit { b'E' } else { b'I' };
                if failed && is_commit {
                    to_server.write_all(&Message::query("ROLLBACK")).await?;
                    state.withheld.store(u64::MAX, Ordering::SeqCst);
                    state.asked.fetch_add(1, Ordering::SeqCst);
                    wait_for_answers(state).await;
                    state.withheld.store(0, Ordering::SeqCst);
                    failed = false;
                }
                to_client.lock().await.write_all(&refusal(code, after)).await?;
                continue;
            }
            Some(Harm::Refuse(_)) | None => {}
        }
        if failed && is_commit {
            message.bytes = Message::query("ROLLBACK");
        }
        if message.is_query("ROLLBACK") || is_commit {
            failed = false;
        }
        if matches!(message.kind, b'Q' | b'S') {
            let asked = state.asked.fetch_add(1, Ordering::SeqCst) + 1;
            if withhold {
                state.withheld.store(asked, Ordering::SeqCst);
            }
        } else if withhold {
            // The batch is passed on up to its end, and its answer withheld.
            state.withheld.store(state.asked.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
        }
        to_server.write_all(&message.bytes).await?;
    }
}

async fn wait_for_answers(state: &Connection) {
    while state.answered.load(Ordering::SeqCst) < state.asked.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
}

async fn backward(
    state: &Connection,
    from_server: &mut OwnedReadHalf,
    to_client: &AsyncMutex<OwnedWriteHalf>,
) -> anyhow::Result<()> {
    loop {
        let message = Message::read(from_server).await?;
        let withheld = state.withheld.load(Ordering::SeqCst);
        let next = state.answered.load(Ordering::SeqCst) + 1;
        if message.kind == b'Z' {
            state.status.store(message.bytes[5], Ordering::SeqCst);
            // The first one greets and answers nothing that was asked.
            if state.asked.load(Ordering::SeqCst) >= next {
                state.answered.store(next, Ordering::SeqCst);
            }
        }
        if withheld == u64::MAX {
            continue;
        }
        if withheld != 0 && next >= withheld {
            if message.kind == b'Z' {
                bail!("cut before the answer");
            }
            continue;
        }
        to_client.lock().await.write_all(&message.bytes).await?;
    }
}

fn refusal(code: &str, status: u8) -> Vec<u8> {
    let mut fields = Vec::new();
    for (name, value) in [(b'S', "ERROR"), (b'V', "ERROR"), (b'C', code), (b'M', "injected")] {
        fields.push(name);
        fields.extend_from_slice(value.as_bytes());
        fields.push(0);
    }
    fields.push(0);
    let length = u32::try_from(4 + fields.len()).unwrap_or(u32::MAX);
    [&b"E"[..], &length.to_be_bytes(), &fields, &b"Z"[..], &5_u32.to_be_bytes(), &[status]].concat()
}

impl Shared {
    fn draw(&self, is_commit: bool) -> Option<Harm> {
        let harm = self.harm.load(Ordering::SeqCst);
        if harm == 0 {
            return None;
        }
        let mut random = self.random.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let share = if is_commit { harm.saturating_mul(10) } else { harm };
        if random.random_range(0..10_000) >= share {
            return None;
        }
        self.harmed.fetch_add(1, Ordering::SeqCst);
        Some(HARMS[random.random_range(0..HARMS.len())])
    }
}
