//! Connections: how many there may be, how long one may say nothing, and their end.
//!
//! tonic serves whatever connection it is handed, forever. So it is handed only those that found a place, each of
//! which ends by itself unless a call arrives in time, and all of which end when the server says so.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, Ipv6Addr},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use futures::Stream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::Sleep,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::Connected;

use crate::{
    config::Limits,
    metrics::{Metrics, Unserved},
};

/// After an error of the listener itself, for example too many open files: trying again at once would only spin.
const BACK_OFF: Duration = Duration::from_millis(100);
/// Connections that were accepted and wait for tonic to take them.
const WAITING: usize = 64;

/// Accepts connections.
pub(super) struct Acceptor {
    pub(super) listener: TcpListener,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) places: Places,
    pub(super) first_call_deadline: Duration,
    pub(super) metrics: Arc<Metrics>,
    /// When it is cancelled, every connection ends where it stands.
    pub(super) cut: CancellationToken,
}

impl Acceptor {
    /// The connections that found a place, until the stream is dropped.
    pub(super) fn run(self) -> impl Stream<Item = io::Result<Connection>> {
        let (connections, accepted) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            tokio::select! {
                () = self.accept(&connections) => {}
                () = connections.closed() => {}
            }
        });
        ReceiverStream::new(accepted)
    }

    async fn accept(&self, connections: &mpsc::Sender<io::Result<Connection>>) {
        loop {
            let (stream, address) = match self.listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "accepting a connection");
                    tokio::time::sleep(BACK_OFF).await;
                    continue;
                }
            };
            match self.places.take(address.ip()) {
                Ok(place) => self.greet(stream, place, connections.clone()),
                Err(reason) => {
                    self.metrics.connection_refused(reason);
                    tracing::debug!(reason = reason.name(), "a connection is refused");
                }
            }
        }
    }

    /// In a task of its own: one peer that is slow with its handshake keeps no other waiting.
    fn greet(&self, stream: TcpStream, place: Place, connections: mpsc::Sender<io::Result<Connection>>) {
        let deadline = tokio::time::Instant::now() + self.first_call_deadline;
        let (tls, metrics, cut) = (self.tls.clone(), self.metrics.clone(), self.cut.clone());
        tokio::spawn(async move {
            _ = stream.set_nodelay(true);
            let stream = match tls {
                None => Transport::Plain(stream),
                Some(tls) => match tokio::time::timeout_at(deadline, tls.accept(stream)).await {
                    Ok(Ok(stream)) => Transport::Tls(Box::new(stream)),
                    Ok(Err(error)) => {
                        metrics.connection_refused(Unserved::Handshake);
                        return tracing::debug!(%error, "a TLS handshake fails");
                    }
                    Err(_) => return metrics.connection_refused(Unserved::Silence),
                },
            };
            let silence = Some(Box::pin(tokio::time::sleep_until(deadline)));
            let cut = Box::pin(cut.cancelled_owned());
            metrics.connections_open.inc();
            let traffic = Arc::new(Traffic::from(place.network));
            _ = connections.send(Ok(Connection { stream, traffic, silence, cut, metrics, _place: place })).await;
        });
    }
}

/// How many connections there may be, in all and from one address.
#[derive(Clone)]
pub(super) struct Places(Arc<PlacesInner>);

struct PlacesInner {
    taken: Mutex<HashMap<IpAddr, usize>>,
    all: AtomicUsize,
    most: usize,
    most_per_address: usize,
}

impl Places {
    pub(super) fn new(limits: &Limits) -> Self {
        Self(Arc::new(PlacesInner {
            taken: Mutex::default(),
            all: AtomicUsize::new(0),
            most: limits.max_connections,
            most_per_address: limits.max_connections_per_address,
        }))
    }

    fn take(&self, address: IpAddr) -> Result<Place, Unserved> {
        let network = network(address);
        let mut taken = self.0.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if self.0.all.load(Ordering::Relaxed) >= self.0.most {
            return Err(Unserved::Server);
        }
        let here = taken.entry(network).or_default();
        if *here >= self.0.most_per_address {
            return Err(Unserved::Address);
        }
        *here += 1;
        self.0.all.fetch_add(1, Ordering::Relaxed);
        Ok(Place { places: self.clone(), network })
    }
}

/// A client with one address of a /64 of IPv6 has them all.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// A place, free again when it is dropped.
struct Place {
    places: Places,
    network: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let places = &self.places.0;
        let mut taken = places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        places.all.fetch_sub(1, Ordering::Relaxed);
        if let Some(here) = taken.get_mut(&self.network) {
            *here -= 1;
            if *here == 0 {
                taken.remove(&self.network);
            }
        }
    }
}

/// What has happened on a connection; goes with every call.
#[derive(Debug)]
pub(crate) struct Traffic {
    called: AtomicBool,
    in_flight: AtomicUsize,
    network: IpAddr,
}

impl Traffic {
    fn from(network: IpAddr) -> Self {
        Self { called: AtomicBool::new(false), in_flight: AtomicUsize::new(0), network }
    }

    /// Where its calls come from: an address, or a /64 of IPv6.
    pub(super) fn network(&self) -> IpAddr {
        self.network
    }

    /// Notes that a call has arrived, whatever becomes of it.
    pub(super) fn called(&self) {
        self.called.store(true, Ordering::Relaxed);
    }

    /// Counts a call in, unless there are as many as there may be.
    pub(super) fn begin(self: &Arc<Self>, most: usize) -> Option<InFlight> {
        let call = InFlight(self.clone());
        // Counted even if refused: dropping it takes it out again.
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        (before < most).then_some(call)
    }
}

/// A call in flight on a connection.
pub(super) struct InFlight(Arc<Traffic>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection with a place.
pub(super) struct Connection {
    stream: Transport,
    traffic: Arc<Traffic>,
    /// Runs until the first call.
    silence: Option<Pin<Box<Sleep>>>,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    metrics: Arc<Metrics>,
    _place: Place,
}

enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.metrics.connections_open.dec();
    }
}

impl Connected for Connection {
    type ConnectInfo = Arc<Traffic>;

    fn connect_info(&self) -> Arc<Traffic> {
        self.traffic.clone()
    }
}

impl Connection {
    fn stream(&mut self) -> Pin<&mut (dyn Duplex + Unpin)> {
        match &mut self.stream {
            Transport::Plain(stream) => Pin::new(stream),
            Transport::Tls(stream) => Pin::new(stream.as_mut()),
        }
    }

    /// Asked while the peer keeps us waiting: whether the connection has to end.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        if self.cut.as_mut().poll(context).is_ready() {
            return Poll::Ready(io::ErrorKind::ConnectionAborted.into());
        }
        if self.traffic.called.load(Ordering::Relaxed) {
            self.silence = None;
        } else if let Some(silence) = &mut self.silence
            && silence.as_mut().poll(context).is_ready()
        {
            self.silence = None;
            self.metrics.connection_refused(Unserved::Silence);
            return Poll::Ready(io::ErrorKind::TimedOut.into());
        }
        Poll::Pending
    }
}

trait Duplex: AsyncRead + AsyncWrite {}

impl<T: AsyncRead + AsyncWrite> Duplex for T {}

macro_rules! unless_ended {
    ($this:ident, $context:ident, $poll:expr) => {
        match $poll {
            Poll::Pending => $this.get_mut().poll_end($context).map(Err),
            ready @ Poll::Ready(_) => ready,
        }
    };
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        unless_ended!(self, context, self.stream().poll_read(context, buffer))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        unless_ended!(self, context, self.stream().poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        unless_ended!(self, context, self.stream().poll_write_vectored(context, parts))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Transport::Plain(stream) => stream.is_write_vectored(),
            Transport::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        unless_ended!(self, context, self.stream().poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        unless_ended!(self, context, self.stream().poll_shutdown(context))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, ServeArgs};

    #[test]
    fn places_are_counted_by_network_and_given_back() {
        let limits = Config::resolve(&ServeArgs::default(), |_| None).unwrap().limits;
        let places = Places::new(&Limits { max_connections: 3, max_connections_per_address: 2, ..limits });
        let take = |address: &str| places.take(address.parse().unwrap());
        let first = take("2001:db8::1").unwrap();
        let _second = take("2001:db8::2:0:0:1").unwrap();
        assert_eq!(take("2001:db8::3").err(), Some(Unserved::Address));
        let _third = take("::ffff:192.0.2.1").unwrap();
        assert_eq!(take("192.0.2.7").err(), Some(Unserved::Server));
        drop(first);
        let _fourth = take("192.0.2.1").unwrap();
        assert_eq!(places.0.taken.lock().unwrap().get(&"192.0.2.1".parse().unwrap()), Some(&2));
    }
}
