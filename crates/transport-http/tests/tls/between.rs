//! Our client and our server.

use towerkit_endpoint::{Code, Endpoint, Error, NotSent};
use towerkit_transport_http::tls::{ClientTls, ServerTls};
use towerkit_transport_http::{Pool, Remote};

use crate::certs::{Authority, SPIFFE, expired};
use crate::site::{Site, call, soon};

/// The call failed before it was sent, and somewhere in the causes stands why.
fn assert_not_sent(error: &Error, why: &str) {
    let causes = format!("{:?}", std::error::Error::source(error));
    assert_eq!((error.code(), error.get::<NotSent>().is_some()), (Code::Unavailable, true), "{causes}");
    assert!(causes.contains(why), "{causes}");
}

#[tokio::test]
async fn the_names_in_the_clients_certificate_are_in_the_endpoints_context() {
    let authority = Authority::with_both();
    let site = Site::start(authority.mutual()).await;
    let who = soon(site.call(authority.cart(), "/who").invoke(())).await.unwrap();
    for name in [r#"common_name: Some("cart")"#, r#"["cart.test"]"#, SPIFFE, r#"["cart@example.org"]"#, "[10.0.0.7]"] {
        assert!(who.contains(name), "{name}: {who}");
    }
}

#[tokio::test]
async fn what_was_agreed_on_can_be_seen() {
    let authority = Authority::with_both();
    let site = Site::start(authority.server()).await;
    let session = soon(site.call(authority.trusting(), "/session").invoke(())).await.unwrap();
    assert_eq!(session, r#"Some(("TLSv1.3", HTTP/2.0, Some("localhost")))"#);
}

#[tokio::test]
async fn a_client_without_a_certificate_is_refused_and_the_call_was_not_sent() {
    let authority = Authority::with_both();
    let site = Site::start(authority.mutual()).await;
    for _ in 0..3 {
        let error = soon(site.call(authority.trusting(), "/who").invoke(())).await.unwrap_err();
        assert_not_sent(&error, "CertificateRequired");
    }
    site.told("handshake of 127.0.0.1").await;
}

#[tokio::test]
async fn where_it_is_optional_a_client_without_a_certificate_is_nobody() {
    let authority = Authority::with_both();
    let site = Site::start(authority.mutual().client_certificate_optional().unwrap()).await;
    assert_eq!(soon(site.call(authority.trusting(), "/who").invoke(())).await.unwrap(), "nobody");
    assert!(soon(site.call(authority.cart(), "/who").invoke(())).await.unwrap().contains("cart"));
}

#[tokio::test]
async fn a_client_of_an_unknown_authority_is_refused() {
    let (authority, other) = (Authority::with_both(), Authority::with_both());
    let site = Site::start(authority.mutual()).await;
    let stranger = authority.trusting().identity_pem_files(other.cert("cart"), other.key("cart")).unwrap();
    let error = soon(site.call(stranger, "/who").invoke(())).await.unwrap_err();
    assert_not_sent(&error, "fatal alert: UnknownCA");
    assert!(site.told("handshake of 127.0.0.1").await.contains("UnknownIssuer"), "{:?}", site.events());
}

#[tokio::test]
async fn a_server_of_an_unknown_authority_is_not_called() {
    let (authority, other) = (Authority::with_both(), Authority::with_both());
    let site = Site::start(authority.server()).await;
    let error = soon(site.call(other.trusting(), "/who").invoke(())).await.unwrap_err();
    assert_not_sent(&error, "UnknownIssuer");
    site.told("handshake of 127.0.0.1").await;
}

#[tokio::test]
async fn a_server_of_another_name_is_not_called() {
    let authority = Authority::with_both();
    authority.issue("elsewhere", |params| params.subject_alt_names.truncate(0));
    let site = Site::start(authority.server_of("elsewhere").unwrap()).await;
    let error = soon(site.call(authority.trusting(), "/who").invoke(())).await.unwrap_err();
    assert_not_sent(&error, "NotValidForName");
}

#[tokio::test]
async fn a_server_whose_certificate_has_expired_is_not_called() {
    let authority = Authority::with_both();
    authority.issue("old", expired);
    let site = Site::start(authority.server_of("old").unwrap()).await;
    let error = soon(site.call(authority.trusting(), "/who").invoke(())).await.unwrap_err();
    assert_not_sent(&error, "Expired");
}

#[tokio::test]
async fn a_client_whose_certificate_has_expired_is_refused() {
    let authority = Authority::with_both();
    authority.issue("old", expired);
    let site = Site::start(authority.mutual()).await;
    let old = authority.trusting().identity_pem_files(authority.cert("old"), authority.key("old")).unwrap();
    let error = soon(site.call(old, "/who").invoke(())).await.unwrap_err();
    assert_not_sent(&error, "fatal alert: CertificateExpired");
}

#[tokio::test]
async fn an_address_is_a_name_too() {
    let authority = Authority::with_both();
    let site = Site::start(authority.server()).await;
    let url = format!("https://{}", site.address);
    let who = call(Pool::builder().tls(authority.trusting()), &url, "/who");
    assert_eq!(soon(who.invoke(())).await.unwrap(), "nobody");
}

#[tokio::test]
async fn a_pool_with_tls_calls_http_without_it() {
    let authority = Authority::with_both();
    let site = Site::with(|serve| serve).await;
    let url = format!("http://{}", site.address);
    let session = call(Pool::builder().tls(authority.trusting()), &url, "/session");
    assert_eq!(soon(session.invoke(())).await.unwrap(), "None");
}

/// What the system trusts is told to a process by its environment.
#[tokio::test]
async fn the_authorities_of_the_system_are_trusted() {
    const CHILD: &str = "TOWERKIT_TEST_URL";
    if let Ok(url) = std::env::var(CHILD) {
        let who = call(Pool::builder().tls(ClientTls::native_roots().unwrap()), &url, "/who");
        assert_eq!(soon(who.invoke(())).await.unwrap(), "nobody");
        return;
    }
    let (authority, other) = (Authority::with_both(), Authority::with_both());
    let site = Site::start(authority.server()).await;
    for (trusted, good) in [(&authority, true), (&other, false)] {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "between::the_authorities_of_the_system_are_trusted"]);
        child.env(CHILD, site.url()).env("SSL_CERT_FILE", trusted.ca()).env_remove("SSL_CERT_DIR");
        let output = tokio::task::spawn_blocking(move || child.output().unwrap());
        let output = soon(output).await.unwrap();
        assert_eq!(output.status.success(), good, "{output:?}");
    }
}

#[test]
fn a_pool_without_tls_takes_no_https() {
    let error = Remote::new(&Pool::new(), "https://localhost").unwrap_err();
    assert!(error.to_string().contains("scheme is not http"), "{error}");
}

#[test]
fn an_error_names_the_file_and_what_is_wrong() {
    let authority = Authority::with_both();
    let errors = [
        (ServerTls::from_pem_files(authority.cert("server"), authority.key("cart")), "cart.key", "does not belong"),
        (ServerTls::from_pem_files(authority.cert("none"), authority.key("server")), "none.pem", "can't be read"),
        (ServerTls::from_pem_files(authority.key("server"), authority.key("server")), "server.key", "no certificate"),
        (ServerTls::from_pem_files(authority.cert("server"), authority.cert("server")), "server.pem", "no private key"),
        (authority.server().client_ca_pem_file(authority.key("server")), "server.key", "no certificate"),
    ];
    for (result, file, problem) in errors {
        let error = result.unwrap_err();
        assert!(error.file().unwrap().ends_with(file), "{error}");
        assert!(error.to_string().contains(problem), "{error}");
    }
    let error = ClientTls::roots_pem("nothing").unwrap_err();
    assert_eq!((error.file(), error.to_string()), (None, "holds no certificate in PEM form".to_owned()));
}

#[test]
fn no_key_is_in_what_is_printed() {
    let authority = Authority::with_both();
    let key = std::fs::read_to_string(authority.key("server")).unwrap();
    let server = ServerTls::from_pem(std::fs::read(authority.cert("server")).unwrap(), &key).unwrap();
    let printed = format!("{server:?} {:?}", server.reloader());
    assert!(printed.contains("given"), "{printed}");
    for line in key.lines() {
        assert!(!printed.contains(line), "{printed}");
    }
    let bytes = format!("{:?}", &key.as_bytes()[..20]);
    assert!(!printed.contains(bytes.trim_matches(['[', ']'])), "{printed}");
}
