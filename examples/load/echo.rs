//! The yardstick: a plain tonic server that gives back the very message it gets, without layers, checks or a database.

use std::{
    convert::Infallible,
    net::SocketAddr,
    task::{Context, Poll},
};

use futures::future::{BoxFuture, Ready, ready};
use http::{Request, Response, uri::PathAndQuery};
use rapport::api::v1::RecordInteractionRequest;
use tokio::{net::TcpListener, task::JoinHandle};
use tonic::{
    Status,
    body::Body,
    client::Grpc as ClientGrpc,
    server::{Grpc, NamedService, UnaryService},
    transport::{Channel, Server, server::TcpIncoming},
};
use tonic_prost::ProstCodec;

use crate::measure::Call;

type Message = RecordInteractionRequest;

#[derive(Clone)]
struct Echo;

impl NamedService for Echo {
    const NAME: &'static str = "load.Echo";
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

/// One caller of the echo.
pub(crate) struct EchoCaller(pub(crate) ClientGrpc<Channel>);

impl Call for EchoCaller {
    async fn call(&mut self, request: Message) -> anyhow::Result<()> {
        self.0.ready().await?;
        let path = PathAndQuery::from_static("/load.Echo/Echo");
        let codec = ProstCodec::<Message, Message>::default();
        self.0.unary(tonic::Request::new(request), path, codec).await?;
        Ok(())
    }
}
