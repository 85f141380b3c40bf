//! What a client shows of itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::HeaderName;
use tower::{Layer, ServiceExt};
use towerkit_auth::{Answer, CredentialSource, Credentials, CredentialsLayer, NoCredentials};
use towerkit_endpoint::{BoxError, Code, Context, Endpoint, Error, Failure, NotSent, Report, Request, service_fn};
use towerkit_testing::contract::{Contract, Readiness};
use towerkit_testing::events::Events;

/// Gives `token-1`, `token-2` and so on, at once or later, or none at all; and is told of those that were rejected.
#[derive(Debug, Default)]
struct Source {
    given: AtomicUsize,
    later: bool,
    empty: bool,
    rejected: Events<String>,
}

impl CredentialSource for Source {
    fn credentials(&self, _: &Context) -> Answer<Credentials, NoCredentials> {
        if self.empty {
            return Answer::fail(NoCredentials::new(std::io::Error::other("the shelf is empty")));
        }
        let nth = 1 + self.given.fetch_add(1, Ordering::SeqCst);
        let credentials = Credentials::bearer(&format!("token-{nth}"));
        if !self.later {
            return credentials.into();
        }
        Answer::later(async move { credentials })
    }

    fn rejected(&self, credentials: &Credentials) {
        self.rejected.push(credentials.value().to_str().unwrap().to_owned());
    }
}

/// A service that says what it sees under a name.
fn sees(name: &'static str) -> impl Endpoint<(), Reply = Vec<String>, Failure = Error> {
    service_fn(move |request: Request<()>| async move {
        let values = request.context().metadata().get_all(name);
        Ok(values.map(|value| value.to_str().unwrap().to_owned()).collect())
    })
}

#[tokio::test(start_paused = true)]
async fn the_layer_keeps_the_laws() {
    for later in [false, true] {
        let layer = move |empty| CredentialsLayer::new(Source { later, empty, ..Source::default() });
        Contract::new(move |probe| layer(false).layer(probe), || Request::new(()))
            .readiness(Readiness::AlwaysReady)
            .refuses(move |probe| layer(true).layer(probe))
            .check()
            .await;
    }
}

#[tokio::test]
async fn credentials_take_the_place_of_those_under_the_same_name() {
    let mut request = Request::new(());
    for value in ["Bearer theirs", "Basic theirs"] {
        let name = HeaderName::from_static("authorization");
        request.context_mut().metadata_mut().append(name, value.parse().unwrap());
    }
    let service = CredentialsLayer::new(Credentials::bearer("ours").unwrap()).layer(sees("authorization"));
    assert_eq!(service.invoke(request).await.unwrap(), ["Bearer ours"]);
}

#[tokio::test]
async fn credentials_have_a_name_of_their_own_where_they_are_given_one() {
    let key = Credentials::header(HeaderName::from_static("x-api-key"), "abc").unwrap();
    assert_eq!(CredentialsLayer::new(key).layer(sees("x-api-key")).invoke(()).await.unwrap(), ["abc"]);
}

#[tokio::test]
async fn each_call_has_credentials_anew() {
    let source = Arc::new(Source { later: true, ..Source::default() });
    let service = CredentialsLayer::new(source).layer(sees("authorization"));
    assert_eq!(service.invoke(()).await.unwrap(), ["Bearer token-1"]);
    assert_eq!(service.clone().invoke(()).await.unwrap(), ["Bearer token-2"]);
}

#[tokio::test]
async fn a_call_for_which_there_are_none_is_not_sent_and_says_why_to_operators_alone() {
    let calls = Events::new();
    let seen = calls.clone();
    let service = service_fn(move |_: Request<()>| {
        seen.push(());
        async { Ok::<_, Error>(()) }
    });
    let layer = CredentialsLayer::new(Source { empty: true, ..Source::default() });
    let error = layer.layer(service).invoke(()).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Unavailable, "there are no credentials to call with"));
    assert!(error.get::<NotSent>().is_some() && error.is_refused());
    assert_eq!(Report::new(&error).to_string(), "there are no credentials to call with: the shelf is empty");
    assert!(calls.is_empty());
}

#[tokio::test]
async fn a_rejection_is_told_to_the_source_and_no_other_failure_is() {
    let source = Arc::new(Source::default());
    let layer = CredentialsLayer::new(Arc::clone(&source));
    for code in [Code::Unauthenticated, Code::PermissionDenied, Code::Unavailable] {
        let service = service_fn(move |_: Request<()>| async move { Err::<(), _>(Error::from(code)) });
        layer.layer(service).invoke(()).await.unwrap_err();
    }
    // A foreign layer may have boxed it.
    let boxed = service_fn(|_: Request<()>| async { Err::<(), BoxError>(Error::from(Code::Unauthenticated).into()) });
    layer.layer(boxed).invoke(()).await.unwrap_err();
    assert_eq!(source.rejected.take(), ["Bearer token-1", "Bearer token-4"]);
}

#[test]
fn what_can_not_be_sent_is_refused_without_being_shown() {
    for token in ["", "a b", "a\r\nx-admin: 1", "a\u{e9}", "a\0"] {
        let error = Credentials::bearer(token).unwrap_err();
        assert_eq!(Error::from(error).code(), Code::Internal, "{token:?}");
    }
    let error = Credentials::header(HeaderName::from_static("x-api-key"), "hush\n").unwrap_err();
    assert!(!format!("{error:?} {error} {}", Report::new(&error)).contains("hush"));
    assert!(!format!("{:?}", Credentials::bearer("hush").unwrap()).contains("hush"));
    assert!(Credentials::bearer("hush").unwrap().value().is_sensitive());
}

#[test]
fn a_call_with_credentials_that_are_at_hand_allocates_for_the_metadata_alone() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let service = service_fn(|request: Request<()>| async move { Ok::<_, Error>(request) });
    let credentials = Credentials::bearer("abc").unwrap();
    let layered = CredentialsLayer::new(credentials.clone()).layer(service);
    let with_layer = allocation_counter::measure(|| {
        runtime.block_on(layered.clone().oneshot(Request::new(()))).unwrap();
    });
    let by_hand = allocation_counter::measure(|| {
        let mut request = Request::new(());
        request.context_mut().metadata_mut().insert(credentials.name().clone(), credentials.value().clone());
        runtime.block_on(service.oneshot(request)).unwrap();
    });
    assert_eq!(with_layer.count_total, by_hand.count_total);
}

#[cfg(feature = "oauth2")]
mod on_the_wire {
    use bytes::{Bytes, BytesMut};
    use tokio::net::TcpListener;
    use towerkit_endpoint::BoxEndpoint;
    use towerkit_lifecycle::{Lifeline, Member};
    use towerkit_transport_grpc::codec::Codec;
    use towerkit_transport_grpc::{self as grpc, Method};
    use towerkit_transport_http as http;

    use super::*;

    /// A text, as it stands.
    #[derive(Clone, Copy, Debug)]
    struct Text;

    impl Codec<String> for Text {
        const SUBTYPE: &'static str = "text";

        fn encode(&self, message: &String, into: &mut BytesMut) -> Result<(), BoxError> {
            into.extend_from_slice(message.as_bytes());
            Ok(())
        }

        fn decode(&self, message: Bytes) -> Result<String, BoxError> {
            Ok(String::from_utf8(message.into())?)
        }
    }

    const SEEN: Method<String, String, Text> = Method::with_codec("/texts.Texts/Seen", Text);

    /// Says what stands in the metadata under a name.
    fn seen() -> impl Endpoint<String, Reply = String, Failure = Error> {
        service_fn(|request: Request<String>| async move {
            let values = request.context().metadata().get_all(request.message().as_str());
            let values: Vec<_> = values.map(|value| value.to_str().unwrap().to_owned()).collect();
            Ok(format!("{values:?}"))
        })
    }

    async fn listener() -> (TcpListener, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        (listener, url)
    }

    async fn seen_by(client: BoxEndpoint<String, String>) -> String {
        let client = CredentialsLayer::new(Source::default()).layer(client);
        client.invoke("authorization".to_owned()).await.unwrap()
    }

    #[tokio::test]
    async fn the_service_sees_them_over_http() {
        let (listener, url) = listener().await;
        let (lifeline, _stopper) = Lifeline::detached();
        let router = http::Router::new().post("/seen", http::Server::json(seen()));
        tokio::spawn(http::serve(listener, router).run(lifeline));
        let client = http::Remote::new(&http::Pool::new(), &url).unwrap().post("/seen").json().erased();
        assert_eq!(seen_by(client).await, r#"["Bearer token-1"]"#);
    }

    #[tokio::test]
    async fn the_service_sees_them_over_grpc() {
        let (listener, url) = listener().await;
        let (lifeline, _stopper) = Lifeline::detached();
        let routes = grpc::Routes::new().unary(SEEN, grpc::Server::new(seen()));
        tokio::spawn(grpc::serve(listener, routes).run(lifeline));
        let pool = http::Pool::builder().http2().build();
        let client = grpc::Remote::new(&pool, &url).unwrap().unary(SEEN).erased();
        assert_eq!(seen_by(client).await, r#"["Bearer token-1"]"#);
    }
}
