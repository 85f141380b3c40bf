use serde::Serialize;
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint, Error, NotSent};
use towerkit_transport_http::codec::{Empty, Path};
use towerkit_transport_http::{Pool, Remote};

use crate::support::{Origin, answering};

#[derive(Serialize)]
struct Get {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<String>,
}

fn get(id: &str) -> Get {
    Get { id: id.to_owned(), fields: None }
}

async fn origin() -> Origin {
    answering(204, &[], "").await
}

async fn uri_of(prefix: &str, template: &str, message: Get) -> Result<String, Error> {
    let origin = origin().await;
    let remote = Remote::new(&Pool::new(), &format!("{}{prefix}", origin.url)).unwrap();
    let call: BoxEndpoint<Get, ()> = remote.get(template).query().erased();
    call.invoke(message).await?;
    Ok(origin.only().uri.to_string())
}

#[tokio::test]
async fn values_in_the_path_are_percent_encoded() {
    for (value, encoded) in [
        ("7", "/profiles/7"),
        ("a/b", "/profiles/a%2Fb"),
        ("a b?c#d%", "/profiles/a%20b%3Fc%23d%25"),
        ("grüße", "/profiles/gr%C3%BC%C3%9Fe"),
        ("日本", "/profiles/%E6%97%A5%E6%9C%AC"),
        ("-._~", "/profiles/-._~"),
        ("a\r\nb", "/profiles/a%0D%0Ab"),
    ] {
        assert_eq!(uri_of("", "/profiles/{id}", get(value)).await.unwrap(), encoded);
    }
}

#[tokio::test]
async fn a_starred_name_keeps_its_slashes() {
    assert_eq!(uri_of("", "/files/{*id}", get("a/b c/d")).await.unwrap(), "/files/a/b%20c/d");
}

#[tokio::test]
async fn a_value_that_would_make_another_path_is_refused() {
    for (template, value) in [
        ("/profiles/{id}", ""),
        ("/profiles/{id}", "."),
        ("/profiles/{id}/mail", ".."),
        ("/profiles/.{id}", "."),
        ("/files/{*id}", "a/../../secret"),
    ] {
        let error = uri_of("", template, get(value)).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument, "{template} {value:?}");
        assert!(error.get::<NotSent>().is_some());
    }
}

#[tokio::test]
async fn fields_that_are_not_in_the_path_go_into_the_query() {
    let message = Get { id: "7".into(), fields: Some("a&b=ü c".into()) };
    assert_eq!(uri_of("", "/profiles/{id}", message).await.unwrap(), "/profiles/7?fields=a%26b%3D%C3%BC+c");
    assert_eq!(uri_of("", "/profiles", get("7")).await.unwrap(), "/profiles?id=7");
}

#[tokio::test]
async fn the_path_of_the_base_url_stands_before_the_template() {
    for prefix in ["/api/v1", "/api/v1/"] {
        assert_eq!(uri_of(prefix, "/p/{id}", get("7")).await.unwrap(), "/api/v1/p/7");
    }
    assert_eq!(uri_of("/", "/p/{id}", get("7")).await.unwrap(), "/p/7");
}

#[tokio::test]
async fn a_parameter_is_taken_from_the_message_by_a_function() {
    let origin = origin().await;
    let call: BoxEndpoint<(u32, &'static str), ()> = origin
        .remote()
        .delete("/users/{user}/keys/{key}.pem")
        .param("key", |message: &(u32, &'static str)| message.1)
        .param("user", |message: &(u32, &'static str)| message.0)
        .empty()
        .erased();
    call.invoke((7, "a b")).await.unwrap();
    assert_eq!(origin.only().uri, "/users/7/keys/a%20b.pem");
    assert_eq!(origin.only().method, "DELETE");
}

#[tokio::test]
async fn a_parameter_given_by_a_function_goes_before_the_field_and_is_not_sent_twice() {
    let origin = origin().await;
    let call: BoxEndpoint<Get, ()> =
        origin.remote().get("/p/{id}").param("id", |message: &Get| message.id.to_uppercase()).query().erased();
    call.invoke(get("abc")).await.unwrap();
    assert_eq!(origin.only().uri, "/p/ABC");
}

#[tokio::test]
async fn what_is_no_struct_gives_the_names_their_values_in_their_order() {
    let [one, two, given] = [origin().await, origin().await, origin().await];
    let call: BoxEndpoint<String, ()> = one.remote().get("/p/{id}").codecs(Path, Empty).erased();
    call.invoke("a/b".to_owned()).await.unwrap();
    assert_eq!(one.only().uri, "/p/a%2Fb");
    let call: BoxEndpoint<(u64, &str), ()> = two.remote().get("/p/{id}/{*rest}").codecs(Path, Empty).erased();
    call.invoke((7, "a/b")).await.unwrap();
    assert_eq!(two.only().uri, "/p/7/a/b");
    let one_is_given = given.remote().get("/p/{id}/{flag}").param("id", |_: &bool| "given");
    let call: BoxEndpoint<bool, ()> = one_is_given.codecs(Path, Empty).erased();
    call.invoke(true).await.unwrap();
    assert_eq!(given.only().uri, "/p/given/true");
}

#[tokio::test]
async fn more_or_fewer_values_than_names_are_a_fault_of_the_program() {
    let origin = origin().await;
    for template in ["/p", "/p/{a}", "/p/{a}/{b}/{c}"] {
        let call: BoxEndpoint<(u64, u64), ()> = origin.remote().get(template).codecs(Path, Empty).erased();
        assert_eq!(call.invoke((1, 2)).await.unwrap_err().code(), Code::Internal, "{template}");
    }
    let nested: BoxEndpoint<(u64, Option<u64>), ()> = origin.remote().get("/{a}/{b}").codecs(Path, Empty).erased();
    assert_eq!(nested.invoke((1, None)).await.unwrap_err().code(), Code::Internal);
    assert_eq!(origin.connections(), 0);
}

#[tokio::test]
async fn a_name_that_the_message_lacks_is_a_fault_of_the_program() {
    let origin = origin().await;
    for template in ["/p/{id}/{other}", "/p"] {
        let call: BoxEndpoint<Get, ()> = origin.remote().get(template).codecs(Path, Empty).erased();
        let error = call.invoke(get("7")).await.unwrap_err();
        assert_eq!(error.code(), Code::Internal);
    }
    assert_eq!(origin.connections(), 0);
}

#[test]
fn a_bad_base_url_is_refused_with_a_reason_and_without_its_text() {
    for (url, reason) in [
        ("", "malformed"),
        ("127.0.0.1:8081", "no scheme or no host"),
        ("/sum", "no scheme or no host"),
        ("ftp://host", "scheme is not http"),
        ("https://host", "scheme is not http"),
        ("http://", "malformed"),
        ("http://host:99999", "port"),
        ("http://host:", "port"),
        ("http://user:secret@host", "user or a password"),
        ("http://host/?a=b", "query"),
        ("http://host/#top", "fragment"),
        ("http://ho st/", "malformed"),
    ] {
        let error = Remote::new(&Pool::new(), url).unwrap_err().to_string();
        assert!(error.starts_with("not a base URL: ") && error.contains(reason), "{url}: {error}");
        assert!(!error.contains("secret"));
    }
}

#[test]
fn good_base_urls_are_taken() {
    for url in ["http://host", "http://host:80/", "HTTP://host", "http://[::1]:8081/api", "http://10.0.0.1/a%20b"] {
        Remote::new(&Pool::new(), url).unwrap();
    }
    Remote::over((), "https://host").unwrap();
}

fn panics(make: impl FnOnce(Remote<()>) + std::panic::UnwindSafe) -> bool {
    std::panic::catch_unwind(move || make(Remote::over((), "http://host").unwrap())).is_err()
}

#[test]
fn a_bad_template_is_found_when_the_client_is_made() {
    for template in
        ["sum", "", "/{", "/a}", "/{}", "/{*}", "/{a}/{a}", "/a?b", "/a#b", "/a b", "/a/../b", "/{a{b}}", "/{a/b}"]
    {
        assert!(panics(|remote| drop(remote.get::<()>(template))), "{template}");
    }
    assert!(!panics(|remote| drop(remote.get::<()>("/a/{b}/{c}.{d}/{*e}"))));
}

#[test]
fn a_name_without_a_value_is_found_when_the_client_is_made() {
    assert!(panics(|remote| drop(remote.put::<()>("/p/{id}").json::<(), ()>())));
    assert!(panics(|remote| drop(remote.put::<()>("/p/{id}").param("name", |()| 1))));
    assert!(panics(|remote| drop(remote.put::<()>("/p/{id}").param("id", |()| 1).param("id", |()| 2))));
    assert!(!panics(|remote| {
        let client = remote.put::<()>("/p/{id}").param("id", |()| 1).json::<(), ()>();
        drop(client);
    }));
}
