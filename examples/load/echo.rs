//! The yardstick: a plain tonic server that gives back the very message it gets, without layers, checks or a database;
//! and the same behind everything that Rapport puts between the network and its services.

use std::{
    convert::Infallible,
    net::SocketAddr,
    num::NonZeroU32,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::future::{BoxFuture, Ready, ready};
use http::{Request, Response, uri::PathAndQuery};
use rapport::{
    api::v1::{RecordInteractionRequest, Role},
    auth::Authenticator,
    clock::Clock,
    metrics::Metrics,
    page::TokenSeal,
    server::{self, Serving},
    vault::Vault,
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tonic::{
    Status,
    body::Body,
    client::Grpc as ClientGrpc,
    metadata::{Ascii, MetadataValue},
    server::{Grpc, NamedService, UnaryService},
    service::Routes,
    transport::{Channel, Server, server::TcpIncoming},
};
use tonic_prost::ProstCodec;

use crate::{measure::Call, support::databases::Fresh};

type Message = RecordInteractionRequest;

#[derive(Clone)]
struct Echo;

impl NamedService for Echo {
    // A name that the access table knows, so that the layers let it through.
    const NAME: &'static str = "rapport.v1.InteractionService";
}

impl UnaryService<Message> for Echo {
    type Response = Message;
    type Future = Ready<Result<tonic::Response<Message>, Status>>;

    fn call(&mut self, request: tonic::Request<Message>) -> Self::Future {
        ready(Ok(tonic::Response::new(request.into_inner())))
    }
}

impl tower::Service<Request<Body>> for Echo {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(async move { Ok(Grpc::new(ProstCodec::<Message, Message>::default()).unary(Echo, request).await) })
    }
}

/// Serves until the task is aborted.
pub(crate) async fn serve() -> anyhow::Result<(SocketAddr, JoinHandle<Result<(), tonic::transport::Error>>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Ok((address, tokio::spawn(Server::builder().add_service(Echo).serve_with_incoming(incoming))))
}

/// Serves behind the layers until the sender is dropped, with a token for the callers.
pub(crate) async fn serve_layered(database: &Fresh) -> anyhow::Result<(Serving, watch::Sender<bool>, String)> {
    let mut config = database.config()?;
    config.limits.app_calls_per_second = NonZeroU32::MAX;
    let authenticator = Arc::new(Authenticator::new(&config.auth, &config.data_dir, Clock::system())?);
    let token = authenticator.sign(Role::App, "load", &[], Duration::from_secs(3_600))?;
    let (stop, stopping) = watch::channel(false);
    let routes = Routes::default().add_service(Echo);
    let tokens = Arc::new(TokenSeal::new(&Vault::open(None, &config.data_dir)?, Clock::system()));
    let serving =
        server::serve(routes.into(), &config, (authenticator, tokens), Arc::new(Metrics::new()), stopping).await?;
    Ok((serving, stop, token))
}

/// One caller of the echo.
#[derive(Clone)]
pub(crate) struct EchoCaller {
    pub(crate) client: ClientGrpc<Channel>,
    pub(crate) authorization: MetadataValue<Ascii>,
}

impl Call for EchoCaller {
    async fn call(&mut self, request: Message) -> anyhow::Result<()> {
        self.client.ready().await?;
        let path = PathAndQuery::from_static("/rapport.v1.InteractionService/RecordInteraction");
        let codec = ProstCodec::<Message, Message>::default();
        let mut request = tonic::Request::new(request);
        request.metadata_mut().insert("authorization", self.authorization.clone());
        self.client.unary(request, path, codec).await?;
        Ok(())
    }
}
