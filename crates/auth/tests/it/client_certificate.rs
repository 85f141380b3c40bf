//! Certificates of mutual TLS: what they name, and who that is over HTTP and gRPC.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use towerkit_auth::{Answer, Authentication, Authenticator, Basic, ClientCertificate, Principal, Reason, Scheme};
use towerkit_endpoint::{BoxEndpoint, Code, Context, Endpoint, Error, PeerIdentity, Request, service_fn};
use towerkit_lifecycle::{Lifeline, Member, Stopper};
use towerkit_transport_grpc::{Method, Routes};
use towerkit_transport_http::codec::{Empty, Text};
use towerkit_transport_http::tls::{ClientTls, ServerTls};
use towerkit_transport_http::{Pool, Router, Server, serve};

use crate::authentication_support::challenges;

const CART: &str = "spiffe://example.org/cart";

fn judge(by: &ClientCertificate, peer: PeerIdentity) -> Result<Principal, Reason> {
    let mut context = Context::new();
    context.insert(peer);
    let Some(Answer::Now(outcome)) = by.authenticate(&context) else { panic!("it is not at once") };
    outcome
}

fn said(by: &ClientCertificate, peer: PeerIdentity) -> String {
    judge(by, peer).map_or_else(|reason| reason.as_str().to_owned(), |principal| principal.subject().to_owned())
}

fn full() -> PeerIdentity {
    PeerIdentity::new()
        .with_common_name("cart")
        .with_dns_names(["cart.test", "cart.example.org"])
        .with_uris(["urn:cart", "urn:basket"])
        .with_emails(["cart@example.org"])
}

#[test]
fn without_a_certificate_there_are_no_credentials_of_this_kind_and_no_challenge_asks_for_one() {
    let by = ClientCertificate::by_uri();
    assert!(by.authenticate(&Context::new()).is_none());
    assert!(by.challenge(None).is_none() && by.challenge(Some(&Reason::Missing)).is_none());
}

#[test]
fn the_kind_that_was_chosen_names_the_caller_and_no_other() {
    let (uri, dns) = (ClientCertificate::by_uri(), ClientCertificate::by_dns_name());
    let (common, any) = (ClientCertificate::by_common_name(), ClientCertificate::by_any_name());
    let principal = judge(&uri, full()).unwrap();
    assert_eq!((principal.scheme(), principal.subject(), principal.issuer()), (Scheme::Certificate, "urn:cart", None));
    assert_eq!(said(&dns, full()), "cart.test");
    assert_eq!(said(&common, full()), "cart");
    assert_eq!(said(&any, full()), "urn:cart");

    let dns_alone = PeerIdentity::new().with_common_name("cart").with_dns_names(["cart.test"]);
    let common_alone = PeerIdentity::new().with_common_name("cart");
    assert_eq!(said(&any, dns_alone.clone()), "cart.test");
    assert_eq!(said(&any, common_alone.clone()), "cart");
    assert_eq!(said(&uri, dns_alone.clone()), "malformed");
    assert_eq!(said(&dns, common_alone), "malformed");
    assert_eq!(said(&common, PeerIdentity::new().with_uris(["urn:cart"])), "malformed");
    assert_eq!(said(&any, PeerIdentity::new()), "malformed");
}

#[test]
fn of_a_list_the_first_name_counts_that_is_on_it() {
    let listed = ClientCertificate::by_dns_name().only(["cart.example.org", "web.test"]);
    assert_eq!(said(&listed, full()), "cart.example.org");
    let reason = judge(&listed, PeerIdentity::new().with_dns_names(["eve.test"])).unwrap_err();
    assert_eq!(reason.code(), Code::PermissionDenied);
    assert_eq!(reason.to_string(), r#"not allowed: the certificate is that of "eve.test", who is not listed"#);
    // A list of one kind is not one of another.
    assert_eq!(said(&ClientCertificate::by_common_name().only(["cart.test"]), full()), "not_allowed");
    assert_eq!(said(&ClientCertificate::by_uri().only(Vec::<String>::new()), full()), "not_allowed");
}

#[test]
fn a_spiffe_id_is_the_one_uri_and_of_the_trust_domain() {
    let by = ClientCertificate::spiffe("example.org");
    let principal = judge(&by, PeerIdentity::new().with_uris([CART])).unwrap();
    assert_eq!((principal.subject(), principal.issuer()), (CART, Some("example.org")));
    for (uris, reason) in [
        (vec![CART, "urn:cart"], "malformed"),
        (vec![CART, CART], "malformed"),
        (vec![], "malformed"),
        (vec!["urn:cart"], "malformed"),
        (vec!["spiffe://example.org"], "malformed"),
        (vec!["spiffe://example.org/../cart"], "malformed"),
        (vec!["spiffe://example.com/cart"], "not_allowed"),
        (vec!["spiffe://example.org.test/cart"], "not_allowed"),
        (vec!["spiffe://test/example.org/cart"], "not_allowed"),
    ] {
        assert_eq!(said(&by, PeerIdentity::new().with_uris(uris.clone())), reason, "{uris:?}");
    }
    assert_eq!(said(&by, PeerIdentity::new().with_common_name(CART).with_dns_names(["cart.test"])), "malformed");
    assert_eq!(said(&by.clone().only([CART]), PeerIdentity::new().with_uris([CART])), CART);
    assert_eq!(said(&by.only(["spiffe://example.org/web"]), PeerIdentity::new().with_uris([CART])), "not_allowed");
}

#[test]
fn a_function_names_the_caller_by_all_else() {
    let by = ClientCertificate::by(|peer| match peer.emails() {
        [email] => Ok(Principal::new(Scheme::Certificate, email.as_str()).with_scopes(["mail"])),
        _ => Err(Reason::NotAllowed("one mail address is needed".into())),
    });
    assert_eq!(said(&by, full()), "cart@example.org");
    assert_eq!(said(&by, PeerIdentity::new()), "not_allowed");
    assert_eq!(said(&by.clone().only(["cart@example.org"]), full()), "cart@example.org");
    assert_eq!(said(&by.only(["ada@example.org"]), full()), "not_allowed");
}

#[test]
fn a_name_is_told_escaped_and_cut() {
    let long = format!("eve\n\u{202e}{}", "e".repeat(1000));
    let reason = judge(&ClientCertificate::by_common_name().only(["ada"]), PeerIdentity::new().with_common_name(long));
    let quoted = format!(r"eve\n\u{{202e}}{}…", "e".repeat(59));
    assert_eq!(
        reason.unwrap_err().to_string(),
        format!("not allowed: the certificate is that of \"{quoted}\", who is not listed")
    );
}

#[tokio::test]
async fn a_refusal_has_a_bare_challenge_where_no_other_kind_has_one() {
    let by = ClientCertificate::by_uri;
    let alone = Authentication::new(by());
    let beside = Authentication::new(by()).or(Basic::fixed("greeter", "ada", "rosebud"));
    for (authentication, expected) in [(alone, "Certificate"), (beside, r#"Basic realm="greeter", charset="UTF-8""#)] {
        let mut nameless = Request::new(());
        nameless.context_mut().insert(PeerIdentity::new());
        for request in [Request::new(()), nameless] {
            let error = whoami(&authentication).invoke(request).await.unwrap_err();
            assert_eq!(error.code(), Code::Unauthenticated);
            assert_eq!(challenges(&error), [expected]);
        }
    }
    // Whom a list shuts out knows how to show a certificate.
    let mut eve = Request::new(());
    eve.context_mut().insert(PeerIdentity::new().with_uris(["urn:eve"]));
    let error = whoami(&Authentication::new(by().only(["urn:cart"]))).invoke(eve).await.unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied);
    assert!(challenges(&error).is_empty());
}

/// An authority.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
type Pem = (String, String);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn issue(&self, names: &[&str], uri: Option<&str>) -> Pem {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.subject_alt_names.extend(uri.map(|uri| SanType::URI(uri.try_into().unwrap())));
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }

    /// A client that trusts this authority, with a certificate of its own.
    fn client(&self, identity: Option<&Pem>) -> ClientTls {
        let tls = ClientTls::roots_pem(self.0.pem()).unwrap();
        match identity {
            Some((chain, key)) => tls.identity_pem(chain, key).unwrap(),
            None => tls,
        }
    }

    /// A server that asks for certificates of this authority, and does without.
    fn server(&self) -> ServerTls {
        let (chain, key) = self.issue(&["localhost"], None);
        let tls = ServerTls::from_pem(chain, key).unwrap().client_ca_pem(self.0.pem()).unwrap();
        tls.client_certificate_optional().unwrap()
    }
}

/// An endpoint that says who calls.
fn whoami(authentication: &Authentication) -> BoxEndpoint<(), String> {
    let who = service_fn(|request: Request<()>| {
        let who = Principal::of(request.context()).map(|who| format!("{} {}", who.scheme(), who.subject()));
        async move { Ok::<_, Error>(who.unwrap_or_default()) }
    });
    ServiceBuilder::new().layer(authentication.requests("whoami")).service(who).erased()
}

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    (listener, url)
}

/// The endpoint on both transports, as a client of its own has it there.
struct Site {
    http: String,
    grpc: String,
    _stoppers: [Stopper; 2],
}

const WHOAMI: Method<(), String> = Method::new("/test.Who/Am");

impl Site {
    async fn start(authority: &Authority, authentication: &Authentication) -> Self {
        let ((http_listener, http), (grpc_listener, grpc)) = (listener().await, listener().await);
        let (http_lifeline, http_stopper) = Lifeline::detached();
        let routes = Router::new().get("/", Server::new(whoami(authentication), Empty, Text));
        tokio::spawn(serve(http_listener, routes).tls(authority.server()).run(http_lifeline));
        let (grpc_lifeline, grpc_stopper) = Lifeline::detached();
        let routes = Routes::new().unary(WHOAMI, towerkit_transport_grpc::Server::new(whoami(authentication)));
        let server = towerkit_transport_grpc::serve(grpc_listener, routes).tls(authority.server());
        tokio::spawn(server.run(grpc_lifeline));
        Self { http, grpc, _stoppers: [http_stopper, grpc_stopper] }
    }

    fn calls(&self, tls: &ClientTls) -> [BoxEndpoint<(), String>; 2] {
        let pool = Pool::builder().tls(tls.clone()).build();
        let http =
            towerkit_transport_http::Remote::new(&pool, &self.http).unwrap().get("/").codecs(Empty, Text).erased();
        let pool = Pool::builder().http2().tls(tls.clone()).build();
        let grpc = towerkit_transport_grpc::Remote::new(&pool, &self.grpc).unwrap().unary(WHOAMI).erased();
        [http, grpc]
    }
}

#[tokio::test]
async fn over_http_and_grpc_a_certificate_is_a_principal_and_without_one_the_call_is_refused() {
    let authority = Authority::new("authority");
    let authentication = Authentication::new(ClientCertificate::spiffe("example.org").only([CART]));
    let site = Site::start(&authority, &authentication).await;
    let cart = authority.issue(&["cart.test"], Some(CART));
    let web = authority.issue(&["web.test"], Some("spiffe://example.org/web"));
    let nameless = authority.issue(&["cart.test"], None);

    for call in site.calls(&authority.client(Some(&cart))) {
        assert_eq!(call.invoke(()).await.unwrap(), format!("certificate {CART}"));
    }
    for (identity, code) in
        [(None, Code::Unauthenticated), (Some(&web), Code::PermissionDenied), (Some(&nameless), Code::Unauthenticated)]
    {
        for call in site.calls(&authority.client(identity)) {
            let error = call.invoke(()).await.unwrap_err();
            assert_eq!(error.code(), code, "{error:?}");
            let asked = (code == Code::Unauthenticated).then_some("Certificate");
            assert_eq!(error.metadata().get("www-authenticate"), asked);
            assert!(!error.to_string().contains("example.org"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_certificate_of_a_foreign_authority_does_not_reach_the_endpoint() {
    let (authority, foreign) = (Authority::new("authority"), Authority::new("foreign"));
    let site = Site::start(&authority, &Authentication::new(ClientCertificate::by_any_name())).await;
    let cart = foreign.issue(&["cart.test"], Some(CART));
    for call in site.calls(&authority.client(Some(&cart))) {
        let error = call.invoke(()).await.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable, "{error:?}");
        assert!(format!("{error:?}").contains("fatal alert"), "{error:?}");
    }
}

#[tokio::test]
async fn a_password_counts_before_a_certificate_where_it_is_asked_first() {
    let authority = Authority::new("authority");
    let basic = Basic::fixed("greeter", "ada", "rosebud");
    let site = Site::start(&authority, &Authentication::new(basic).or(ClientCertificate::by_dns_name())).await;
    let proxy = authority.issue(&["proxy.test"], None);
    for call in site.calls(&authority.client(Some(&proxy))) {
        assert_eq!(call.invoke(()).await.unwrap(), "certificate proxy.test");
        let mut request = Request::new(());
        request.context_mut().metadata_mut().set("authorization", "Basic YWRhOnJvc2VidWQ=").unwrap();
        assert_eq!(call.invoke(request).await.unwrap(), "basic ada");
        let mut request = Request::new(());
        request.context_mut().metadata_mut().set("authorization", "Basic YWRhOg==").unwrap();
        assert_eq!(call.invoke(request).await.unwrap_err().code(), Code::Unauthenticated);
    }
}
