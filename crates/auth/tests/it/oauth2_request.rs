//! What an issuer of tokens is asked, and by whom.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use towerkit_auth::{ClientAuth, ClientCredentials, HttpClient, InvalidUrl};
use towerkit_transport_http::Pool;

use crate::oauth2_issuer::{Issuer, SECRET, ask, get};

#[tokio::test]
async fn the_grant_is_asked_for_as_a_form_with_the_secret_in_the_basic_field() {
    let issuer = Issuer::up().await;
    let tokens = issuer.tokens().scope("add:read").scope("add:write all").audience("https://add.example");
    get(&tokens.param("resource", "a=b&c")).await;
    let asked = &issuer.asked.take()[0];
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/oauth/token"));
    assert_eq!(asked.headers["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(asked.headers["accept"], "application/json");
    let credentials = STANDARD.encode(format!("orders:{SECRET}"));
    assert_eq!(asked.headers["authorization"], format!("Basic {credentials}"));
    assert_eq!(
        asked.body,
        "grant_type=client_credentials&scope=add%3Aread%20add%3Awrite%20all&audience=https%3A%2F%2Fadd.example\
         &resource=a%3Db%26c"
    );
}

#[tokio::test]
async fn the_id_and_the_secret_are_form_encoded_before_they_are_basic() {
    let issuer = Issuer::up().await;
    let tokens = ClientCredentials::new(&issuer.url(), "or:ders", "p%+ é&=:", HttpClient::plain()).unwrap();
    get(&tokens).await;
    let field = issuer.asked.take()[0].headers["authorization"].to_str().unwrap().replace("Basic ", "");
    let pair = String::from_utf8(STANDARD.decode(field).unwrap()).unwrap();
    assert_eq!(pair, "or%3Aders:p%25%2B%20%C3%A9%26%3D%3A");
}

#[tokio::test]
async fn the_secret_goes_into_the_body_where_that_is_asked_for() {
    let issuer = Issuer::up().await;
    let tokens = ClientCredentials::new(&issuer.url(), "or:ders", "p%+", HttpClient::plain()).unwrap();
    get(&tokens.client_auth(ClientAuth::RequestBody)).await;
    let asked = &issuer.asked.take()[0];
    assert_eq!(asked.headers.get("authorization"), None);
    assert_eq!(asked.body, "grant_type=client_credentials&client_id=or%3Aders&client_secret=p%25%2B");
}

#[tokio::test]
async fn the_query_of_the_url_is_kept() {
    let issuer = Issuer::up().await;
    let url = format!("{}?tenant=blue", issuer.url());
    get(&ClientCredentials::new(&url, "orders", SECRET, HttpClient::plain()).unwrap()).await;
    assert_eq!(issuer.asked.take()[0].path, "/oauth/token?tenant=blue");
}

#[tokio::test]
async fn any_http_client_will_do() {
    let issuer = Issuer::up().await;
    let client = HttpClient::new(Pool::new());
    assert_eq!(get(&ClientCredentials::new(&issuer.url(), "orders", SECRET, client).unwrap()).await, "token-1");
}

#[test]
fn a_secret_is_sent_in_plain_text_to_this_machine_alone_unless_that_is_asked_for_by_name() {
    let with_tls = || HttpClient::new(Pool::new());
    let refused = |url: &str, client| ClientCredentials::new(url, "orders", SECRET, client).err();
    for url in ["http://127.0.0.1:1/", "http://127.9.9.9/", "http://[::1]:1/token", "http://localhost/token"] {
        assert_eq!(refused(url, HttpClient::plain()), None, "{url}");
    }
    for url in ["http://issuer.example/", "http://10.0.0.1/", "http://127.0.0.1.example/", "http://localhost.example/"]
    {
        assert_eq!(refused(url, HttpClient::plain()), Some(InvalidUrl::PlainHttp), "{url}");
        assert!(ClientCredentials::over_plain_http(url, "orders", SECRET, HttpClient::plain()).is_ok(), "{url}");
    }
    assert_eq!(refused("https://issuer.example/token", with_tls()), None);
    for (url, client, invalid) in [
        ("https://issuer.example/", HttpClient::plain(), InvalidUrl::NeedsTls),
        ("https://orders:hush@issuer.example/", with_tls(), InvalidUrl::HasUser),
        ("issuer.example", with_tls(), InvalidUrl::NoHttp),
    ] {
        assert_eq!(refused(url, client), Some(invalid), "{url}");
    }
}

#[tokio::test]
async fn neither_the_secret_nor_a_token_is_shown() {
    let issuer = Issuer::up().await;
    let tokens = issuer.tokens();
    let credentials = ask(&tokens).await.unwrap();
    let shown = format!("{tokens:?} {credentials:?} {:?}", towerkit_auth::CredentialsLayer::new(issuer.tokens()));
    assert!(!shown.contains(SECRET) && !shown.contains("token-1"), "{shown}");
    assert!(shown.contains("orders"));
    assert!(credentials.value().is_sensitive());
}
