//! One layer guards an endpoint on all transports: the same token, the same claims, the same refusals.

use std::process::Command;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use towerkit_auth::{
    Algorithm, Audience, Authentication, CredentialsLayer, Issuer, JwtSigner, JwtVerifier, KeySet, Principal,
    SigningKey, VerifyingKey,
};
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint, Error, Request, service_fn};
use towerkit_lifecycle::{Lifeline, Member, Stopper};
use towerkit_testing::process::{Process, free_port};
use towerkit_testing::tool;
use towerkit_transport_grpc as grpc;
use towerkit_transport_http::{self as http, Pool, Router, json_rpc};
use towerkit_transport_nats as nats;

const SECRET: &[u8] = b"32 bytes that nobody else knows.";
const SOON: Duration = Duration::from_secs(20);
const WHOAMI: grpc::Method<(), String> = grpc::Method::new("/test.Who/Am");

#[derive(Deserialize)]
struct Tenant {
    tenant: u32,
}

/// An endpoint that says who calls, and of which tenant.
fn whoami() -> BoxEndpoint<(), String> {
    let keys = KeySet::new([VerifyingKey::hmac(Algorithm::HS256, SECRET).unwrap()]);
    let tokens = JwtVerifier::new(keys, Issuer::is("id"), Audience::is("whoami")).claims::<Tenant>();
    let who = service_fn(|request: Request<()>| {
        let who = Principal::of(request.context()).map(|who| {
            let scopes: Vec<_> = who.scopes().collect();
            let tenant = who.claims::<Tenant>().map(|claims| claims.tenant);
            format!("{} of {:?} by {:?} may {scopes:?}", who.subject(), tenant, who.issuer())
        });
        async move { Ok::<_, Error>(who.unwrap_or_default()) }
    });
    ServiceBuilder::new().layer(Authentication::new(tokens).requests("whoami")).service(who).erased()
}

/// What a client shows: a token for an audience.
fn token(audience: &str) -> CredentialsLayer {
    let claims = |_: &_| json!({ "tenant": 7, "scope": "read write" });
    let key = SigningKey::hmac(Algorithm::HS256, SECRET).unwrap();
    CredentialsLayer::new(JwtSigner::new(key, claims).issuer("id").audience(audience).subject("ada"))
}

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

fn start(member: impl Member) -> Stopper {
    let (lifeline, stopper) = Lifeline::detached();
    tokio::spawn(member.run(lifeline));
    stopper
}

/// What a client of each transport gets of the endpoint, with credentials or without.
async fn judged(credentials: Option<&CredentialsLayer>, test: &str) -> Vec<(&'static str, Result<String, Error>)> {
    let mut remotes: Vec<(_, BoxEndpoint<(), String>)> = Vec::new();
    let (at, url) = listener().await;
    let routes = Router::new().get("/", http::Server::query(whoami()));
    let _http = start(http::serve(at, routes));
    remotes.push(("http", http::Remote::new(&Pool::new(), &url).unwrap().get("/").query().erased()));

    let (at, url) = listener().await;
    let methods = json_rpc::Methods::new().with("whoami", whoami());
    let _json_rpc = start(http::serve(at, Router::new().fallback(json_rpc::server(methods))));
    remotes.push(("jsonrpc", json_rpc::Remote::new(&Pool::new(), &url).unwrap().method("whoami").erased()));

    let (at, url) = listener().await;
    let _grpc = start(grpc::serve(at, grpc::Routes::new().unary(WHOAMI, grpc::Server::new(whoami()))));
    let pool = Pool::builder().http2().build();
    remotes.push(("grpc", grpc::Remote::new(&pool, &url).unwrap().unary(WHOAMI).erased()));

    // They hold until the last call has been made.
    let mut held = None;
    if let Some(program) = tool::find("nats-server", test) {
        let port = free_port();
        let server = Process::start(Command::new(program).args(["-a", "127.0.0.1", "-p", &port.to_string()]));
        let server = server.listens_on(port, SOON);
        let client = async_nats::connect(format!("nats://127.0.0.1:{port}")).await.unwrap();
        let served =
            start(nats::serve(client.clone(), nats::Routes::new().subject("whoami", nats::Server::json(whoami()))));
        served.ready().await;
        remotes.push(("nats", nats::Remote::new(client).subject("whoami").json().erased()));
        held = Some((server, served));
    }

    let mut judged = Vec::new();
    for (name, remote) in remotes {
        let call = match credentials {
            Some(credentials) => ServiceBuilder::new().layer(credentials.clone()).service(remote).erased(),
            None => remote,
        };
        judged.push((name, call.invoke(()).await));
    }
    drop(held);
    judged
}

#[tokio::test]
async fn the_same_token_is_the_same_principal_on_every_transport() {
    let test = "the_same_token_is_the_same_principal_on_every_transport";
    for (transport, said) in judged(Some(&token("whoami")), test).await {
        assert_eq!(said.unwrap(), r#"ada of Some(7) by Some("id") may ["read", "write"]"#, "{transport}");
    }
}

#[tokio::test]
async fn what_is_refused_is_refused_alike_on_every_transport() {
    let test = "what_is_refused_is_refused_alike_on_every_transport";
    for (credentials, message) in
        [(None, "credentials are required"), (Some(token("others")), "the credentials are not valid")]
    {
        for (transport, refused) in judged(credentials.as_ref(), test).await {
            let error = refused.unwrap_err();
            assert_eq!((error.code(), error.message()), (Code::Unauthenticated, message), "{transport}");
        }
    }
}
