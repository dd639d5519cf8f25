//! The Connect protocol beside gRPC (<https://connectrpc.com/docs/protocol>, version 1): what any program that speaks HTTP can call
//! without a gRPC client, with JSON or protobuf. Unary calls and streams of answers; not streams of requests.
//!
//! Here are the headers and the frame around an answer. Behind stands gRPC with all its layers, so that a call is authenticated,
//! admitted, limited, checked and logged in one way; what its messages look like is [`Form`]'s.

use std::{
    collections::{HashMap, VecDeque},
    pin::Pin,
    sync::LazyLock,
    task::{Context, Poll, ready},
};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use bytes::{Buf as _, Bytes, BytesMut};
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
};
use http_body::{Body as HttpBody, Frame};
use http_body_util::Full;
use pin_project_lite::pin_project;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor};
use serde_json::{Value, json};
use tonic::{Code, Status, body::Body};
use tonic_types::{StatusExt as _, pb};
use tower::{Service, ServiceExt as _};

use super::{
    form::{Codec, Form, framed},
    methods::PREFIX,
};
use crate::api::{method::descriptor, v1::ACCESS};

/// Which version of the protocol a caller speaks.
pub(super) const VERSION: HeaderName = HeaderName::from_static("connect-protocol-version");
/// How long a caller tries, in milliseconds.
pub(super) const TIMEOUT: HeaderName = HeaderName::from_static("connect-timeout-ms");
const STREAM_ENCODING: HeaderName = HeaderName::from_static("connect-content-encoding");
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");
const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");

/// Headers by which gRPC tells how a call went.
const TOLD: [HeaderName; 4] = [
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-status-details-bin"),
    HeaderName::from_static("grpc-encoding"),
];
/// What tells that an envelope is the last one.
const LAST: u8 = 2;

/// How a request is written, by its content type; none of what is not of the protocol.
pub(super) fn kind<B>(request: &Request<B>) -> Option<Kind> {
    let kind = request.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    let (kind, parameters) = kind.split_once(';').map_or((kind, ""), |(kind, rest)| (kind, rest.trim()));
    let utf8 = |text: &str| text.is_empty() || text.eq_ignore_ascii_case("charset=utf-8");
    let (codec, enveloped) = match kind.trim().to_ascii_lowercase().as_str() {
        "application/json" if utf8(parameters) => (Codec::Json, false),
        "application/connect+json" if utf8(parameters) => (Codec::Json, true),
        "application/proto" if parameters.is_empty() => (Codec::Proto, false),
        "application/connect+proto" if parameters.is_empty() => (Codec::Proto, true),
        _ => return None,
    };
    Some(Kind { codec, enveloped })
}

/// How messages are written, and whether each stands in an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    codec: Codec,
    enveloped: bool,
}

impl Kind {
    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match (self.codec, self.enveloped) {
            (Codec::Json, false) => "application/json",
            (Codec::Json, true) => "application/connect+json",
            (Codec::Proto, false) => "application/proto",
            (Codec::Proto, true) => "application/connect+proto",
        })
    }

    /// The answer to a call that failed before it had one.
    pub(super) fn refusal(self, status: &Status) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        self.fail(&mut response, status);
        response
    }

    /// Streams tell how they went in their last envelope, whatever HTTP says.
    fn fail(self, response: &mut Response<Body>, status: &Status) {
        let (code, kind, body) = match self.enveloped {
            true => (StatusCode::OK, self.content_type(), last(Some(status))),
            false => (http_status(status.code()), HeaderValue::from_static("application/json"), bytes(&error(status))),
        };
        *response.status_mut() = code;
        response.headers_mut().insert(CONTENT_TYPE, kind);
        // What any HTTP client knows how to read.
        if let Some(delay) = status.get_details_retry_info().and_then(|info| info.retry_delay) {
            let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        *response.body_mut() = Body::new(Full::new(body));
    }
}

/// Calls a service of gRPC with a request of the protocol.
pub(super) async fn call<S>(kind: Kind, mut request: Request<Body>, inner: S) -> Result<Response<Body>, S::Error>
where
    S: Service<Request<Body>, Response = Response<Body>>,
{
    let Some(method) = method(request.uri().path()) else {
        let mut response = Kind { enveloped: false, ..kind }.refusal(&Status::unimplemented("there is no such method"));
        *response.status_mut() = StatusCode::NOT_FOUND;
        return Ok(response);
    };
    if method.is_client_streaming() || method.is_server_streaming() != kind.enveloped {
        return Ok(unsupported(&method));
    }
    if let Err(status) = translate(request.headers_mut()) {
        return Ok(kind.refusal(&status));
    }
    let form = Form { codec: kind.codec, enveloped: kind.enveloped, method };
    request.extensions_mut().insert(form.clone());
    let mut response = inner.oneshot(request).await?;
    let status = status(response.headers());
    TOLD.iter().chain([&CONTENT_LENGTH]).for_each(|name| _ = response.headers_mut().remove(name));
    if let Some(status) = status.filter(|status| status.code() != Code::Ok || !kind.enveloped) {
        kind.fail(&mut response, &status);
        return Ok(response);
    }
    response.headers_mut().insert(CONTENT_TYPE, kind.content_type());
    Ok(response.map(|body| match kind.enveloped {
        true => Body::new(Envelopes { body, form: Some(form), taken: BytesMut::new(), given: VecDeque::new() }),
        false => Body::new(Bare { body, prefix: PREFIX }),
    }))
}

/// A method of the contract by its path.
fn method(path: &str) -> Option<MethodDescriptor> {
    static METHODS: LazyLock<HashMap<&'static str, MethodDescriptor>> = LazyLock::new(|| {
        ACCESS.iter().filter_map(|(path, _)| descriptor(path).map(|method| (*path, method))).collect()
    });
    METHODS.get(path).cloned()
}

/// The method is called in another way, if by this protocol at all.
fn unsupported(method: &MethodDescriptor) -> Response<Body> {
    let (kinds, how) = match (method.is_client_streaming(), method.is_server_streaming()) {
        (true, _) => ("application/grpc", "takes a stream of messages: call it by gRPC"),
        (false, true) => {
            ("application/connect+json, application/connect+proto", "answers with a stream: the content type must be")
        }
        (false, false) => ("application/json, application/proto", "answers once: the content type must be"),
    };
    let how = if method.is_client_streaming() { how.to_owned() } else { format!("{how} one of {kinds}") };
    let kind = Kind { codec: Codec::Json, enveloped: false };
    let mut response = kind.refusal(&Status::unimplemented(format!("{} {how}", method.name())));
    *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    response.headers_mut().insert(ACCEPT_POST, HeaderValue::from_static(kinds));
    response
}

/// Says in gRPC's headers what the protocol's say.
fn translate(headers: &mut HeaderMap) -> Result<(), Status> {
    if headers.remove(VERSION).is_some_and(|version| version != "1") {
        return Err(Status::invalid_argument("connect-protocol-version must be 1"));
    }
    for name in [CONTENT_ENCODING, STREAM_ENCODING] {
        if headers.remove(&name).is_some_and(|encoding| encoding != "identity") {
            return Err(Status::unimplemented(format!("{name} must be identity")));
        }
    }
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, GRPC);
    headers.remove(GRPC_TIMEOUT);
    if let Some(timeout) = headers.remove(TIMEOUT) {
        let malformed = || Status::invalid_argument("connect-timeout-ms must be a number of at most ten digits");
        let digits = timeout.to_str().ok().filter(|text| (1..=10).contains(&text.len())).ok_or_else(malformed)?;
        let digits = digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(digits).ok_or_else(malformed)?;
        // gRPC has eight digits: what is longer than a day is told in seconds.
        let timeout = match digits.split_at_checked(digits.len().saturating_sub(3)) {
            Some((seconds, _)) if digits.len() > 8 => format!("{seconds}S"),
            _ => format!("{digits}m"),
        };
        headers.insert(GRPC_TIMEOUT, HeaderValue::try_from(timeout).map_err(|_| malformed())?);
    }
    Ok(())
}

/// How a call went, if its headers or trailers say so.
fn status(headers: &HeaderMap) -> Option<Status> {
    Status::from_header_map(headers)
}

fn bytes(value: &Value) -> Bytes {
    value.to_string().into()
}

fn last(status: Option<&Status>) -> Bytes {
    let end = status.map_or_else(|| json!({}), |status| json!({ "error": error(status) }));
    framed(LAST, &bytes(&end))
}

/// An error as the protocol writes it. Each detail is there twice: to be decoded, and to be read.
fn error(status: &Status) -> Value {
    let mut error = json!({ "code": code_name(status.code()), "message": status.message() });
    let details = pb::Status::decode(status.details()).unwrap_or_default().details;
    if !details.is_empty() {
        error["details"] = details.iter().map(detail).collect();
    }
    error
}

fn detail(any: &prost_types::Any) -> Value {
    static DETAILS: LazyLock<DescriptorPool> =
        LazyLock::new(|| DescriptorPool::decode(pb::FILE_DESCRIPTOR_SET).unwrap_or_default());
    let name = any.type_url.rsplit('/').next().unwrap_or_default();
    let mut detail = json!({ "type": name, "value": STANDARD_NO_PAD.encode(&any.value) });
    let message = DETAILS.get_message_by_name(name).map(|known| DynamicMessage::decode(known, any.value.as_slice()));
    if let Some(Ok(message)) = message
        && let Ok(message) = serde_json::to_value(&message)
    {
        detail["debug"] = message;
    }
    detail
}

fn code_name(code: Code) -> &'static str {
    match code {
        Code::Cancelled => "canceled",
        Code::Ok | Code::Unknown => "unknown",
        Code::InvalidArgument => "invalid_argument",
        Code::DeadlineExceeded => "deadline_exceeded",
        Code::NotFound => "not_found",
        Code::AlreadyExists => "already_exists",
        Code::PermissionDenied => "permission_denied",
        Code::ResourceExhausted => "resource_exhausted",
        Code::FailedPrecondition => "failed_precondition",
        Code::Aborted => "aborted",
        Code::OutOfRange => "out_of_range",
        Code::Unimplemented => "unimplemented",
        Code::Internal => "internal",
        Code::Unavailable => "unavailable",
        Code::DataLoss => "data_loss",
        Code::Unauthenticated => "unauthenticated",
    }
}

fn http_status(code: Code) -> StatusCode {
    match code {
        Code::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::REQUEST_TIMEOUT),
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::Ok | Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

pin_project! {
    /// The one message of an answer without gRPC's prefix and trailers.
    struct Bare {
        #[pin]
        body: Body,
        // So many bytes of it are still to come.
        prefix: usize,
    }
}

impl HttpBody for Bare {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut this = self.project();
        loop {
            let Some(frame) = ready!(this.body.as_mut().poll_frame(context)?) else { return Poll::Ready(None) };
            match frame.into_data() {
                Ok(mut data) => {
                    let prefix = data.len().min(*this.prefix);
                    data.advance(prefix);
                    *this.prefix -= prefix;
                    if !data.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(data))));
                    }
                }
                // The answer began as one that went well: what is left is to cut it.
                Err(frame) => {
                    let failed = frame.trailers_ref().and_then(status).filter(|status| status.code() != Code::Ok);
                    return Poll::Ready(failed.map(Err));
                }
            }
        }
    }
}

pin_project! {
    /// The messages of an answer in envelopes, the last of which tells how it went.
    struct Envelopes {
        #[pin]
        body: Body,
        // None when the last one is made.
        form: Option<Form>,
        taken: BytesMut,
        given: VecDeque<Bytes>,
    }
}

impl HttpBody for Envelopes {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut this = self.project();
        loop {
            if let Some(envelope) = this.given.pop_front() {
                return Poll::Ready(Some(Ok(Frame::data(envelope))));
            }
            let Some(form) = this.form.as_ref() else { return Poll::Ready(None) };
            let end = match ready!(this.body.as_mut().poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        this.taken.extend_from_slice(&data);
                        while let Some(message) = next(this.taken) {
                            this.given.push_back(framed(0, &form.message(message)));
                        }
                        continue;
                    }
                    Err(frame) => frame.trailers_ref().and_then(status),
                },
                Some(Err(status)) => Some(status),
                None => None,
            };
            *this.form = None;
            this.given.push_back(last(end.as_ref().filter(|status| status.code() != Code::Ok)));
        }
    }
}

/// The next message of gRPC, if all of it has come.
fn next(taken: &mut BytesMut) -> Option<Bytes> {
    let [_, length @ ..] = *taken.first_chunk::<PREFIX>()?;
    let length = u32::from_be_bytes(length) as usize;
    (taken.len() - PREFIX >= length).then(|| {
        taken.advance(PREFIX);
        taken.split_to(length).freeze()
    })
}
