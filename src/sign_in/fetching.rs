//! What is got from the provider: one request on a connection of its own, an answer within bounds. Redirects are not
//! followed.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use serde::de::DeserializeOwned;
use tokio_rustls::TlsConnector;

use crate::outgoing::{self, USER_AGENT, Url};

/// Of an answer no more is read; key sets with certificates in them take some 20 KiB.
const ANSWER_BYTES: usize = 256 * 1024;
/// For one request, from the connection to the end of the answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Gets from a provider.
pub(super) struct Fetcher {
    tls: TlsConnector,
}

/// An answer, whatever it says.
pub(super) struct Fetched {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

impl Fetched {
    /// What it holds, if it is a success.
    ///
    /// # Errors
    /// The status; that it holds something else.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, String> {
        if self.status != StatusCode::OK {
            return Err(format!("it answers {}", self.status.as_u16()));
        }
        // Not the error's own text, which quotes what may be a secret.
        serde_json::from_slice(&self.body).map_err(|_| "its answer is not what it should be".to_owned())
    }
}

impl Fetcher {
    /// # Errors
    /// A library without the protocols that it should have.
    pub(super) fn new() -> anyhow::Result<Self> {
        Ok(Self { tls: outgoing::connector(None)? })
    }

    /// Gets a document, if need be with what permits that.
    pub(super) async fn get(&self, url: &Url, authorization: Option<&str>) -> Result<Fetched, String> {
        self.fetch(url, Method::GET, authorization, String::new()).await
    }

    /// Sends a form.
    pub(super) async fn post(&self, url: &Url, authorization: Option<&str>, form: String) -> Result<Fetched, String> {
        self.fetch(url, Method::POST, authorization, form).await
    }

    async fn fetch(
        &self,
        url: &Url,
        method: Method,
        authorization: Option<&str>,
        form: String,
    ) -> Result<Fetched, String> {
        // Of its own, since a handshake of TLS takes much room in all that wait for it.
        let fetching = Box::pin(self.fetch_in_time(url, method, authorization, form));
        let fetched = tokio::time::timeout(TIMEOUT, fetching).await;
        let fetched = fetched.unwrap_or_else(|_| Err(format!("no answer within {} s", TIMEOUT.as_secs())));
        fetched.map_err(|why| format!("{}: {why}", url.authority))
    }

    async fn fetch_in_time(
        &self,
        url: &Url,
        method: Method,
        authorization: Option<&str>,
        form: String,
    ) -> Result<Fetched, String> {
        let mut request = Request::builder()
            .method(&method)
            .uri(&url.path)
            .header(header::HOST, &url.authority)
            .header(header::ACCEPT, HeaderValue::from_static("application/json"))
            .header(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        if method == Method::POST {
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
            request = request.header(header::CONTENT_TYPE, kind);
        }
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let request = request.body(Full::new(Bytes::from(form)));
        let request = request.map_err(|_| "the request cannot be made".to_owned())?;
        // A provider is often within the organisation's network; it is the operator who names it.
        let mut connection = outgoing::connect(url, &self.tls, true).await?;
        let answer = connection.send_request(request).await;
        let (head, body) = answer.map_err(|error| format!("the connection failed: {error}"))?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES).collect().await;
        let body = body.map_err(|_| format!("its answer was cut, or is longer than {ANSWER_BYTES} bytes"))?;
        Ok(Fetched { status: head.status, body: body.to_bytes() })
    }
}
