use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use towerkit_http_client::{HttpClient, InvalidUrl, ServerUrl};

fn with_tls() -> HttpClient {
    HttpClient::new(tower::service_fn(async |_: Request<Full<Bytes>>| {
        Ok::<_, std::io::Error>(Response::new(Full::new(Bytes::new())))
    }))
}

fn read(url: &str) -> Result<ServerUrl, InvalidUrl> {
    ServerUrl::parse(url, &with_tls())
}

#[test]
fn the_parts_of_a_url_are_told_apart() {
    for (url, shown, host, user) in [
        ("http://host", "http://host", "host", None),
        ("http://HOST:80/a/B/", "http://host/a/B", "host", None),
        ("https://host:443/", "https://host", "host", None),
        ("https://host:80", "https://host:80", "host:80", None),
        ("http://[::1]", "http://[::1]", "[::1]", None),
        ("http://[::1]:8086//", "http://[::1]:8086", "[::1]:8086", None),
        ("http://a:b@[::1]:80/", "http://[::1]", "[::1]", Some("a:b")),
        ("http://a%40:b@host:8500", "http://host:8500", "host:8500", Some("a%40:b")),
        ("http://host?token=1", "http://host", "host", None),
    ] {
        let read = read(url).unwrap();
        assert_eq!((read.to_string().as_str(), read.host(), read.user()), (shown, host, user), "{url}");
    }
}

#[test]
fn what_is_wrong_with_a_url_is_told_and_the_url_is_not() {
    for (url, wrong) in [
        ("", InvalidUrl::Malformed),
        ("http://a secret", InvalidUrl::Malformed),
        ("http://", InvalidUrl::Malformed),
        ("secret", InvalidUrl::NoHttp),
        ("secret:1", InvalidUrl::NoHttp),
        ("/secret", InvalidUrl::NoHttp),
        ("ftp://secret", InvalidUrl::NoHttp),
        ("http://a:secret/", InvalidUrl::NoHost),
        ("http://host:", InvalidUrl::NoHost),
        ("http://host:99999", InvalidUrl::NoHost),
        ("http://secret@", InvalidUrl::Malformed),
        ("http://[::1]:secret", InvalidUrl::NoHost),
    ] {
        let error = read(url).unwrap_err();
        assert_eq!(error, wrong, "{url}");
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
    }
    let whole = read("http://a:secret@host/?b=secret").unwrap();
    assert!(!format!("{whole} {whole:?}").contains("secret"), "{whole:?}");
    assert_eq!(whole.clone().without_user().unwrap_err(), InvalidUrl::HasUser);
    assert_eq!(whole.without_query().unwrap_err(), InvalidUrl::HasQuery);
    let plain = read("http://host/a").and_then(ServerUrl::without_user).and_then(ServerUrl::without_query);
    assert_eq!(plain.unwrap().to_string(), "http://host/a");
}

#[test]
fn https_asks_for_a_client_that_can_do_it() {
    let error = ServerUrl::parse("https://host", &HttpClient::plain()).unwrap_err();
    assert_eq!(error.to_string(), "the URL of the server is https, and the client is plain: pass one that can do TLS");
    assert!(ServerUrl::parse("http://host", &HttpClient::plain()).is_ok() && read("https://host").is_ok());
}

#[test]
fn plain_http_is_protected_to_this_machine_alone() {
    let protected = |url| read(url).unwrap().protected().err();
    for here in [
        "http://localhost/",
        "http://LOCALHOST:1/a",
        "http://127.0.0.1:80/",
        "http://127.9.9.9/",
        "http://[::1]:1/a?b",
        "http://a:b@[::1]/",
        "https://issuer.example/",
    ] {
        assert_eq!(protected(here), None, "{here}");
    }
    for elsewhere in [
        "http://issuer.example/",
        "http://localhost.example/",
        "http://127.0.0.1.example/",
        "http://127.0.0.1@issuer.example/",
        "http://localhost:1@issuer.example/",
        "http://10.0.0.1/",
        "http://127.1/",
        "http://0.0.0.0/",
        "http://[::2]/",
        "http://[::]/",
    ] {
        assert_eq!(protected(elsewhere), Some(InvalidUrl::PlainHttp), "{elsewhere}");
    }
}

#[test]
fn a_request_goes_to_a_url_as_it_is_or_below_it() {
    for (url, whole, below) in [
        ("http://host", "http://host/", "http://host/v1?x=1"),
        ("http://HOST:80/a/?t=1", "http://host/a/?t=1", "http://host/a/v1?x=1"),
        ("http://u:p@host:1?t=1", "http://host:1/?t=1", "http://host:1/v1?x=1"),
    ] {
        let read = read(url).unwrap();
        assert_eq!(read.uri().unwrap().to_string(), whole);
        assert_eq!(read.below("/v1?x=1").unwrap().to_string(), below);
    }
    let with_path = |url| read(url).unwrap().or_path("/spans").uri().unwrap().to_string();
    assert_eq!(with_path("http://host/?t=1"), "http://host/spans?t=1");
    assert_eq!(with_path("http://host/a/"), "http://host/a/");
    let longest = format!("/{}", "a".repeat(70_000));
    assert_eq!(read("http://host").unwrap().below(&longest).unwrap_err(), InvalidUrl::Malformed);
}
