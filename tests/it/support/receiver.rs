//! A receiver of webhooks, which answers as a test wants.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use aws_lc_rs::hmac;
use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use tokio::{net::TcpListener, task::AbortHandle};

const PATIENCE: Duration = Duration::from_secs(30);

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) at: Instant,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    pub(crate) event: Value,
    pub(crate) answered: u16,
}

impl Got {
    pub(crate) fn id(&self) -> &str {
        self.event["id"].as_str().unwrap()
    }

    pub(crate) fn kind(&self) -> &str {
        self.event["type"].as_str().unwrap()
    }

    pub(crate) fn customer(&self) -> &str {
        self.event["data"]["customer_id"].as_str().unwrap_or_default()
    }

    /// Whether a secret signed it, by the words of the specification.
    pub(crate) fn is_signed_by(&self, secret: &str) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(secret.trim_start_matches("whsec_")).unwrap());
        let (id, timestamp) = (&self.headers["webhook-id"], &self.headers["webhook-timestamp"]);
        let text = [format!("{id}.{timestamp}.").as_bytes(), &self.body].concat();
        let signatures = self.headers["webhook-signature"].split(' ').filter_map(|one| one.strip_prefix("v1,"));
        signatures.map(|one| STANDARD.decode(one).unwrap()).any(|one| hmac::verify(&key, &text, &one).is_ok())
    }
}

type Answer = Box<dyn FnMut(&Got) -> Response + Send>;

struct State {
    got: Mutex<Vec<Got>>,
    answer: Mutex<Answer>,
}

pub(crate) struct Receiver {
    state: Arc<State>,
    pub(crate) address: SocketAddr,
    task: AbortHandle,
}

impl Receiver {
    /// One that takes everything.
    pub(crate) async fn start() -> Self {
        Self::answering(|_| StatusCode::NO_CONTENT.into_response()).await
    }

    pub(crate) async fn answering(answer: impl FnMut(&Got) -> Response + Send + 'static) -> Self {
        let state = Arc::new(State { got: Mutex::default(), answer: Mutex::new(Box::new(answer)) });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let taking = state.clone();
        let take = move |headers: HeaderMap, body: Bytes| {
            let state = taking.clone();
            async move { state.take(&headers, body) }
        };
        let serving = axum::serve(listener, Router::new().fallback(take)).into_future();
        let task = tokio::spawn(serving).abort_handle();
        Self { state, address, task }
    }

    /// Answers otherwise from now on.
    pub(crate) fn answer(&self, answer: impl FnMut(&Got) -> Response + Send + 'static) {
        *self.state.answer.lock().unwrap() = Box::new(answer);
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/events", self.address)
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.state.got.lock().unwrap().clone()
    }

    /// What was answered with success.
    pub(crate) fn taken(&self) -> Vec<Got> {
        self.got().into_iter().filter(|one| (200..300).contains(&one.answered)).collect()
    }

    /// Waits until so many were taken.
    pub(crate) async fn takes(&self, count: usize) -> Vec<Got> {
        let begun = Instant::now();
        loop {
            let taken = self.taken();
            if taken.len() >= count {
                return taken;
            }
            assert!(begun.elapsed() < PATIENCE, "{} of {count} were taken: {:?}", taken.len(), self.got());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl State {
    fn take(&self, headers: &HeaderMap, body: Bytes) -> Response {
        let header = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
            (name.as_str().to_owned(), value.to_str().unwrap().to_owned())
        };
        let mut got = Got {
            at: Instant::now(),
            headers: headers.iter().map(header).collect(),
            event: serde_json::from_slice(&body).unwrap(),
            body: body.to_vec(),
            answered: 0,
        };
        let response = (self.answer.lock().unwrap())(&got);
        got.answered = response.status().as_u16();
        self.got.lock().unwrap().push(got);
        response
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}
