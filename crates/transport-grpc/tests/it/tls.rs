use tokio::net::TcpListener;
use tower::service_fn;
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint, Error, NotSent, Request};
use towerkit_lifecycle::{Lifeline, Member, Stopper};
use towerkit_transport_grpc::{Remote, Routes, serve};
use towerkit_transport_http::Pool;
use towerkit_transport_http::tls::{ClientTls, PeerIdentity, ServerTls};

use crate::site::{SHOUT, Text, Texts};

/// An authority, and what it has signed.
struct Certificates {
    ca: String,
    server: (String, String),
    client: (String, String),
}

fn certificates() -> Certificates {
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let issuer = rcgen::CertifiedIssuer::self_signed(params, rcgen::KeyPair::generate().unwrap()).unwrap();
    let issue = |name: &str| {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer);
        (certificate.unwrap().pem(), key.serialize_pem())
    };
    Certificates { server: issue("localhost"), client: issue("cart.test"), ca: issuer.pem() }
}

/// Answers with who calls.
fn whoami() -> Texts {
    let mut texts = Texts::new();
    texts.shout = service_fn(|request: Request<Text>| async move {
        let name = request.context().get::<PeerIdentity>().and_then(|peer| peer.dns_names().first().cloned());
        Ok::<_, Error>(Text { text: name.unwrap_or_else(|| "nobody".to_owned()) })
    })
    .erased();
    texts
}

async fn start(routes: Routes, tls: ServerTls) -> (String, Stopper) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let (lifeline, stopper) = Lifeline::detached();
    tokio::spawn(serve(listener, routes).tls(tls).run(lifeline));
    (url, stopper)
}

fn shout(url: &str, tls: ClientTls) -> BoxEndpoint<Text, Text> {
    Remote::new(&Pool::builder().http2().tls(tls).build(), url).unwrap().unary(SHOUT).erased()
}

#[tokio::test]
async fn over_mutual_tls_the_endpoint_knows_who_calls() {
    let Certificates { ca, server, client } = certificates();
    for routes in whoami().both() {
        let tls = ServerTls::from_pem(&server.0, &server.1).unwrap().client_ca_pem(&ca).unwrap();
        let (url, _stopper) = start(routes, tls).await;
        let tls = ClientTls::roots_pem(&ca).unwrap().identity_pem(&client.0, &client.1).unwrap();
        assert_eq!(shout(&url, tls).invoke(Text::from("a")).await.unwrap().text, "cart.test");

        let error = shout(&url, ClientTls::roots_pem(&ca).unwrap()).invoke(Text::from("a")).await.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable);
        assert!(error.get::<NotSent>().is_some());
    }
}

#[tokio::test]
async fn over_tls_without_a_certificate_of_its_own_the_caller_is_nobody() {
    let Certificates { ca, server, .. } = certificates();
    for routes in whoami().both() {
        let (url, _stopper) = start(routes, ServerTls::from_pem(&server.0, &server.1).unwrap()).await;
        let shout = shout(&url, ClientTls::roots_pem(&ca).unwrap());
        assert_eq!(shout.invoke(Text::from("a")).await.unwrap().text, "nobody");
    }
}
