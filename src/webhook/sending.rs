//! One request to a receiver. Redirects are answers like others that are no success.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::SendRequest;
use tokio_rustls::TlsConnector;

use super::{retry::retry_after, signature::signatures, target::Target};
use crate::outgoing::{self, USER_AGENT, Url};

/// Of an answer no more is read.
const ANSWER_BYTES: usize = 64 * 1024;
const CONTENT_TYPE: &str = "application/cloudevents+json; charset=utf-8";

/// Why a receiver has not taken an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// For people; nothing of what a URL may keep secret.
    pub(super) words: String,
    /// How long it asks to wait.
    pub(super) asked: Option<Duration>,
    /// It asks so for all events.
    pub(super) holds: bool,
}

impl Failure {
    fn of(words: impl Into<String>) -> Self {
        Self { words: words.into(), asked: None, holds: false }
    }
}

/// Sends to one target, by connections that are kept for a while.
pub(super) struct Sender {
    target: Arc<Target>,
    tls: TlsConnector,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

impl Sender {
    /// # Errors
    /// A library without the protocols that it should have.
    pub(super) fn new(target: Arc<Target>) -> anyhow::Result<Self> {
        let tls = outgoing::connector(target.roots.clone())?;
        Ok(Self { target, tls, idle: Mutex::default() })
    }

    /// Sends an event; `at`: seconds since 1970.
    pub(super) async fn send(&self, id: &str, body: Bytes, at: i64) -> Result<(), Failure> {
        let timeout = self.target.timeout;
        let sent = tokio::time::timeout(timeout, self.send_in_time(id, body, at)).await;
        sent.unwrap_or_else(|_| Err(Failure::of(format!("no answer within {} ms", timeout.as_millis()))))
    }

    async fn send_in_time(&self, id: &str, body: Bytes, at: i64) -> Result<(), Failure> {
        let request = || self.request(id, body.clone(), at);
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(mut connection) = kept
            // The receiver may have closed it since.
            && connection.ready().await.is_ok()
            && let Ok(answer) = connection.send_request(request()?).await
        {
            return self.take(connection, answer, at).await;
        }
        let connected = outgoing::connect(&self.target.url, &self.tls, self.target.allow_private).await;
        let mut connection = connected.map_err(Failure::of)?;
        let answer = connection.send_request(request()?).await;
        let answer = answer.map_err(|error| Failure::of(format!("the connection failed: {error}")))?;
        self.take(connection, answer, at).await
    }

    fn request(&self, id: &str, body: Bytes, at: i64) -> Result<Request<Full<Bytes>>, Failure> {
        let Url { authority, path, .. } = &self.target.url;
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::HOST, authority)
            .header(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE))
            .header(header::USER_AGENT, HeaderValue::from_static(USER_AGENT))
            .header("webhook-id", id)
            .header("webhook-timestamp", at)
            .header("webhook-signature", signatures(&self.target.secrets, id, at, &body));
        request.body(Full::new(body)).map_err(|error| Failure::of(format!("the request cannot be made: {error}")))
    }

    /// Makes of an answer what it says, and keeps its connection if it can be used again.
    async fn take(
        &self,
        connection: SendRequest<Full<Bytes>>,
        answer: http::Response<hyper::body::Incoming>,
        now: i64,
    ) -> Result<(), Failure> {
        let (head, body) = answer.into_parts();
        // What is said beside the status is not looked at, only read to the end.
        let was_read = Limited::new(body, ANSWER_BYTES).collect().await.is_ok();
        if was_read && !connection.is_closed() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
        if head.status.is_success() {
            return Ok(());
        }
        let asked = head.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let asked = asked.and_then(|value| retry_after(value, now));
        let is_busy = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&head.status);
        let mut words = format!("it answers {}", head.status.as_u16());
        if head.status.is_redirection() {
            words += ", and redirects are not followed";
        }
        Err(Failure { words, asked, holds: is_busy && asked.is_some() })
    }
}
