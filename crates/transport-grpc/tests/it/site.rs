//! What is served in these tests, and the server of a test.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use towerkit_endpoint::{BoxEndpoint, BoxError, BoxStream, Endpoint, Error, endpoint_fn};
use towerkit_lifecycle::{Lifeline, Member, Stopper};
use towerkit_transport_grpc::{Method, PoolChannel, Remote, Routes, Server, serve};
use towerkit_transport_http::{Pool, Serve};

use crate::generated::Generated;

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Text {
    #[prost(string, tag = "1")]
    pub(crate) text: String,
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned() }
    }
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(crate) struct Number {
    #[prost(uint64, tag = "1")]
    pub(crate) n: u64,
}

/// In capitals.
pub(crate) const SHOUT: Method<Text, Text> = Method::new("/test.Texts/Shout");
/// From zero up to a number.
pub(crate) const COUNT: Method<Number, Number> = Method::new("/test.Texts/Count");
/// All together.
pub(crate) const JOIN: Method<Text, Text> = Method::new("/test.Texts/Join");
/// Each in capitals.
pub(crate) const SHOUT_EACH: Method<Text, Text> = Method::new("/test.Texts/ShoutEach");

/// The four endpoints.
#[derive(Clone)]
pub(crate) struct Texts {
    pub(crate) shout: BoxEndpoint<Text, Text>,
    pub(crate) count: BoxEndpoint<Number, BoxStream<Number>>,
    pub(crate) join: BoxEndpoint<BoxStream<Text>, Text>,
    pub(crate) shout_each: BoxEndpoint<BoxStream<Text>, BoxStream<Text>>,
}

impl Texts {
    pub(crate) fn new() -> Self {
        let shout = endpoint_fn(|text: Text| async move { shouted(&text) });
        let count = endpoint_fn(|Number { n }| async move {
            let numbers: BoxStream<Number> = Box::pin(stream::iter((0..n).map(|n| Ok(Number { n }))));
            Ok::<_, Error>(numbers)
        });
        let join = endpoint_fn(|mut texts: BoxStream<Text>| async move {
            let mut all = Vec::new();
            while let Some(text) = texts.next().await {
                all.push(text?.text);
            }
            Ok::<_, Error>(Text { text: all.join(" ") })
        });
        let shout_each = endpoint_fn(|texts: BoxStream<Text>| async move {
            let shouted: BoxStream<Text> = Box::pin(texts.map(|text| shouted(&text?)));
            Ok::<_, Error>(shouted)
        });
        Self { shout: shout.erased(), count: count.erased(), join: join.erased(), shout_each: shout_each.erased() }
    }

    /// By path.
    pub(crate) fn routes(self) -> Routes {
        Routes::new()
            .unary(SHOUT, Server::new(self.shout))
            .server_streaming(COUNT, Server::new(self.count))
            .client_streaming(JOIN, Server::new(self.join))
            .bidi_streaming(SHOUT_EACH, Server::new(self.shout_each))
    }

    /// In a service as tonic generates them.
    pub(crate) fn generated(self) -> Routes {
        Routes::new().service(Generated {
            shout: Server::new(self.shout),
            count: Server::new(self.count),
            join: Server::new(self.join),
            shout_each: Server::new(self.shout_each),
        })
    }

    /// Mounted in both ways.
    pub(crate) fn both(&self) -> [Routes; 2] {
        [self.clone().routes(), self.clone().generated()]
    }

    /// The endpoints of a remote service.
    pub(crate) fn of(remote: &Remote<PoolChannel>) -> Self {
        Self {
            shout: remote.unary(SHOUT).erased(),
            count: remote.server_streaming(COUNT).erased(),
            join: remote.client_streaming(JOIN).erased(),
            shout_each: remote.bidi_streaming(SHOUT_EACH).erased(),
        }
    }
}

fn shouted(text: &Text) -> Result<Text, Error> {
    if text.text.is_empty() {
        return Err(Error::invalid("text", "is empty"));
    }
    Ok(Text { text: text.text.to_uppercase() })
}

/// A stream of texts.
pub(crate) fn texts<const N: usize>(texts: [&str; N]) -> BoxStream<Text> {
    let texts: Vec<_> = texts.into_iter().map(|text| Ok(Text::from(text))).collect();
    Box::pin(stream::iter(texts))
}

/// Waits, and not for long.
pub(crate) async fn soon<F: Future>(what: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), what).await.expect("it takes too long")
}

pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) stopper: Stopper,
    running: JoinHandle<Result<(), BoxError>>,
}

impl Site {
    pub(crate) async fn start(routes: Routes) -> Self {
        Self::with(routes, |serve| serve).await
    }

    pub(crate) async fn with(routes: Routes, set: impl FnOnce(Serve<Routes>) -> Serve<Routes>) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), routes, set).await
    }

    pub(crate) async fn on(
        listener: TcpListener,
        routes: Routes,
        set: impl FnOnce(Serve<Routes>) -> Serve<Routes>,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let (lifeline, stopper) = Lifeline::detached();
        let running = tokio::spawn(set(serve(listener, routes)).run(lifeline));
        stopper.ready().await;
        Self { address, stopper, running }
    }

    /// By a connection of its own.
    pub(crate) fn remote(&self) -> Remote<PoolChannel> {
        Remote::new(&Pool::builder().http2().build(), &format!("http://{}", self.address)).unwrap()
    }

    pub(crate) fn texts(&self) -> Texts {
        Texts::of(&self.remote())
    }

    pub(crate) async fn ended(self) -> Result<(), BoxError> {
        soon(self.running).await.unwrap()
    }
}

/// Both ways of mounting, on a socket each.
pub(crate) async fn both(texts: &Texts) -> [Site; 2] {
    let [routes, generated] = texts.both();
    [Site::start(routes).await, Site::start(generated).await]
}
