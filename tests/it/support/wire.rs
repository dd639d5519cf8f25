//! HTTP/2 by hand: what a client may do that a library would not.

use std::net::SocketAddr;

use bytes::Bytes;
use h2::{RecvStream, SendStream, client::ResponseFuture};
use tokio::net::TcpStream;
use tonic::{Code, Status};

/// A connection. Its streams end with it.
pub(crate) struct Wire {
    client: h2::client::SendRequest<Bytes>,
    address: SocketAddr,
    connection: tokio::task::JoinHandle<()>,
}

/// A call under way.
pub(crate) struct Sent {
    answer: ResponseFuture,
    body: SendStream<Bytes>,
}

/// What came back.
pub(crate) struct Answered {
    pub(crate) status: Status,
    /// Of the body.
    pub(crate) bytes: usize,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Wire {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::with_window(address, 65_535).await
    }

    /// A client that takes so many bytes of each answer, and no more until it reads.
    pub(crate) async fn with_window(address: SocketAddr, window: u32) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let (client, connection) =
            h2::client::Builder::new().initial_window_size(window).handshake::<_, Bytes>(stream).await.unwrap();
        let connection = tokio::spawn(async move { _ = connection.await });
        Self { client: client.ready().await.unwrap(), address, connection }
    }

    /// The head of a call; its body is still to come.
    pub(crate) async fn begin(&mut self, path: &str, headers: &[(&str, &str)]) -> Sent {
        let mut request = http::Request::post(format!("http://{}{path}", self.address))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut client = self.client.clone().ready().await.unwrap();
        let (answer, body) = client.send_request(request.body(()).unwrap(), false).unwrap();
        Sent { answer, body }
    }

    /// A whole call.
    pub(crate) async fn send(&mut self, path: &str, headers: &[(&str, &str)], message: &impl prost::Message) -> Sent {
        let mut sent = self.begin(path, headers).await;
        sent.say(message);
        sent
    }
}

impl Sent {
    /// Sends the message.
    pub(crate) fn say(&mut self, message: &impl prost::Message) {
        let message = message.encode_to_vec();
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        // An answer that came first has ended the call.
        _ = self.body.send_data([&[0], &length[..], &message].concat().into(), true);
    }

    /// The head of the answer and its body, unread.
    pub(crate) async fn head(self) -> (Option<Status>, RecvStream) {
        let (head, body) = self.answer.await.unwrap().into_parts();
        (Status::from_header_map(&head.headers), body)
    }

    /// The answer, read to its end.
    pub(crate) async fn answered(self) -> Answered {
        let (status, body) = self.head().await;
        match status {
            Some(status) => Answered { status, bytes: 0 },
            None => read(body).await,
        }
    }
}

/// Reads an answer to its end.
pub(crate) async fn read(mut body: RecvStream) -> Answered {
    let mut bytes = 0;
    while let Some(data) = body.data().await {
        let data = data.unwrap();
        bytes += data.len();
        body.flow_control().release_capacity(data.len()).unwrap();
    }
    let trailers = body.trailers().await.unwrap().unwrap_or_default();
    let status = Status::from_header_map(&trailers).unwrap_or_else(|| Status::new(Code::Unknown, "no status"));
    Answered { status, bytes }
}
