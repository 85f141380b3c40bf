use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::{Layer, ServiceBuilder};
use towerkit_auth::{AuditEvent, Authentication, Authorization, Denied, Principal, Scheme, Scopes};
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint, Error, Request, endpoint_fn};
use towerkit_lifecycle::{Lifeline, Member, Stopper};
use towerkit_testing::events::Events;
use towerkit_transport_grpc as grpc;
use towerkit_transport_http as http;
use towerkit_transport_http::codec::{Empty, Text};

use crate::authentication_support::{Believes, SECRET_REASON, challenges, of, request};

/// What an audit log has of an event.
fn line(event: &AuditEvent<'_>) -> String {
    let scheme = event.scheme().map_or("-", Scheme::as_str);
    let who = event.principal().map_or("-", Principal::subject);
    format!("{} {scheme} {who} {}: {event}", event.operation(), event.reason().as_str())
}

/// Both layers around an endpoint that passes on what it gets, telling the same list.
fn sum<T: Clone + Send + Sync + 'static>(told: &Events<String>, optional: bool) -> BoxEndpoint<T, T> {
    let tell = || {
        let told = told.clone();
        move |event: &AuditEvent<'_>| told.push(line(event))
    };
    let authentication = Authentication::new(Believes::user()).on_refusal(tell());
    let authentication = if optional { authentication.optional() } else { authentication };
    let authorization = Authorization::new(Scopes::all(["add:read"])).on_refusal(tell());
    ServiceBuilder::new()
        .layer(authentication.requests("sum"))
        .layer(authorization.requests("sum"))
        .service(endpoint_fn(|message: T| async move { Ok::<_, Error>(message) }))
        .erased()
}

#[tokio::test]
async fn a_refusal_is_told_once_by_the_layer_that_refuses() {
    let told = Events::new();
    let ask = async |optional, metadata: &[(&str, &str)]| {
        let mut asked = Request::new(());
        for (name, value) in metadata {
            asked.context_mut().metadata_mut().set(name, value).unwrap();
        }
        let outcome = sum::<()>(&told, optional).invoke(asked).await;
        (outcome.is_ok(), told.take())
    };
    let missing = "sum - - missing: refused sum: there are no credentials".to_owned();
    assert_eq!(ask(false, &[]).await, (false, vec![missing.clone()]));
    assert_eq!(ask(true, &[]).await, (false, vec![missing]), "by the policy");
    let unsuitable = format!("sum bearer - unsuitable: refused sum: the token can't be used: {SECRET_REASON}");
    assert_eq!(ask(false, &[("x-user", "no")]).await, (false, vec![unsuitable.clone()]));
    assert_eq!(ask(false, &[("x-user", "later:no")]).await, (false, vec![unsuitable]));
    let scope = "sum bearer ada insufficient_scope: refused sum to \"ada\": a scope is missing of: add:read".to_owned();
    assert_eq!(ask(false, &[("x-user", "ada")]).await, (false, vec![scope]));
    assert_eq!(ask(false, &[("x-user", "ada"), ("x-scopes", "add:read")]).await, (true, vec![]));
}

#[tokio::test]
async fn an_event_has_the_peer_and_how_the_call_came_and_no_secret() {
    let told = Events::new();
    let all = told.clone();
    let authorization = Authorization::new(Scopes::all(["add:read"])).on_refusal(move |event| {
        assert_eq!(event.context().peer(), Some("192.0.2.7:4711".parse().unwrap()));
        assert!(event.via().is_none());
        all.push(format!("{event} {event:?} {:?} {:?}", event.context(), event.principal()));
    });
    let secret = "rosebud";
    let mut asked = of(Principal::new(Scheme::Basic, "ada\n\u{202e}").with_claims(secret.to_owned()), secret);
    asked.context_mut().set_peer(Some("192.0.2.7:4711".parse().unwrap()));
    asked.context_mut().metadata_mut().set("authorization", "Basic cm9zZWJ1ZA==").unwrap();
    asked.context_mut().metadata_mut().set("x-api-key", secret).unwrap();
    let layer = authorization.requests("sum");
    let service = layer.layer(endpoint_fn(|_: &'static str| async { Ok::<_, Error>(()) }));
    let refused = service.invoke(asked).await.unwrap_err();
    for text in [told.take().join("\n"), format!("{layer:?} {service:?} {refused} {refused:?}")] {
        assert!(!text.contains(secret) && !text.contains("cm9z"), "{text}");
        assert!(!text.contains('\n') && !text.contains('\u{202e}'), "{text}");
    }
    assert_eq!(refused.find::<Denied>().unwrap().reason().as_str(), "insufficient_scope");
}

#[tokio::test]
async fn who_was_refused_is_told_escaped_and_cut() {
    let told = Events::new();
    let all = told.clone();
    let authorization =
        Authorization::new(Scopes::all(["add:read"])).on_refusal(move |event| all.push(event.to_string()));
    let service = authorization.requests("sum").layer(endpoint_fn(|()| async { Ok::<_, Error>(()) }));
    let subject = format!("ada\n\"{}", "a".repeat(9000));
    service.invoke(of(Principal::new(Scheme::Basic, subject), ())).await.unwrap_err();
    let quoted = format!(r#"ada\n\"{}…"#, "a".repeat(59));
    assert_eq!(told.take(), [format!("refused sum to \"{quoted}\": a scope is missing of: add:read")]);
}

/// The list, with the time at which the transport begins to answer in it as well.
struct Site {
    address: SocketAddr,
    told: Events<String>,
    _stopper: Stopper,
}

async fn over_http() -> Site {
    let told = Events::new();
    let seen = told.clone();
    let server = http::Server::new(sum::<()>(&told, false), Empty, Empty).on_error(move |error, _| {
        seen.push(format!("answers {}", error.code().as_str()));
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (lifeline, stopper) = Lifeline::detached();
    tokio::spawn(http::serve(listener, http::Router::new().get("/sum", server)).run(lifeline));
    stopper.ready().await;
    Site { address, told, _stopper: stopper }
}

/// All that comes back.
async fn exchange(address: SocketAddr, headers: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /sum HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    tokio::time::timeout(Duration::from_secs(20), stream.read_to_string(&mut reply)).await.unwrap().unwrap();
    reply
}

#[tokio::test]
async fn over_http_the_caller_gets_the_status_and_the_challenge_and_the_audit_gets_the_reason_first() {
    let site = over_http().await;
    let reply = exchange(site.address, "x-user: no\r\n").await;
    assert!(reply.starts_with("HTTP/1.1 401 "), "{reply}");
    assert!(reply.contains("\r\nwww-authenticate: Named by=\"x-user\", error=\"invalid_token\"\r\n"), "{reply}");
    assert!(!reply.contains("shard-7") && !reply.contains("unsuitable"), "{reply}");
    let told = site.told.take();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains(SECRET_REASON));
    assert_eq!(told[1], "answers unauthenticated");

    let reply = exchange(site.address, "x-user: ada\r\n").await;
    assert!(reply.starts_with("HTTP/1.1 403 "), "{reply}");
    let challenge = "\r\nwww-authenticate: Bearer error=\"insufficient_scope\", scope=\"add:read\"\r\n";
    assert!(reply.contains(challenge), "{reply}");
    assert!(!reply.contains("a scope is missing"), "{reply}");
    assert_eq!(site.told.take().len(), 2);

    let reply = exchange(site.address, "x-user: ada\r\nx-scopes: add:read\r\n").await;
    assert!(reply.starts_with("HTTP/1.1 2"), "{reply}");
    assert!(site.told.is_empty());
}

const SUM: grpc::Method<String, String> = grpc::Method::new("/test.Adder/Sum");

#[tokio::test]
async fn over_grpc_the_caller_gets_the_code_and_the_challenge_and_the_audit_gets_the_reason() {
    let told = Events::new();
    let routes = grpc::Routes::new().unary(SUM, grpc::Server::new(sum::<String>(&told, false)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (lifeline, stopper) = Lifeline::detached();
    tokio::spawn(grpc::serve(listener, routes).run(lifeline));
    stopper.ready().await;
    let remote = grpc::Remote::new(&http::Pool::builder().http2().build(), &url).unwrap();
    let sum: BoxEndpoint<String, String> = remote.unary(SUM).erased();
    let ask = |user: &str, scopes: &str| {
        let metadata = request([("x-user", user), ("x-scopes", scopes)]);
        sum.invoke(metadata.map(|()| "7".to_owned()))
    };

    let refused = ask("no", "").await.unwrap_err();
    assert_eq!((refused.code(), refused.message()), (Code::Unauthenticated, "the credentials are not valid"));
    assert_eq!(challenges(&refused), [r#"Named by="x-user", error="invalid_token""#]);
    let status = refused.get::<grpc::Status>().unwrap();
    assert!(!format!("{status:?} {:?}", status.details()).contains("shard-7"));

    let refused = ask("ada", "").await.unwrap_err();
    assert_eq!((refused.code(), refused.message()), (Code::PermissionDenied, "not allowed"));
    assert_eq!(challenges(&refused), [r#"Bearer error="insufficient_scope", scope="add:read""#]);

    assert_eq!(ask("ada", "add:read").await.unwrap(), "7");
    let told = told.take();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains(SECRET_REASON) && told[1].contains("add:read"));
}

#[tokio::test]
async fn a_browser_is_told_nothing_of_the_endpoint_behind() {
    // The text codec is the endpoint's; a refusal is the transport's problem document.
    let told = Events::new();
    let sum = sum::<()>(&told, false);
    let text = ServiceBuilder::new().map_response(|()| "seven".to_owned()).service(sum);
    let reply = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (lifeline, stopper) = Lifeline::detached();
        let routes = http::Router::new().get("/sum", http::Server::new(text, Empty, Text));
        tokio::spawn(http::serve(listener, routes).run(lifeline));
        stopper.ready().await;
        exchange(address, "").await
    };
    assert!(reply.contains("application/problem+json") && reply.contains("credentials are required"), "{reply}");
    assert!(!reply.contains("seven"));
}
