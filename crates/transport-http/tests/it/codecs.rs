use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use serde::Deserialize;
use towerkit_endpoint::{Endpoint, Error, WithMetadata, endpoint_fn};
use towerkit_transport_http::codec::{Empty, Headers, Json, Path, Query, Raw, Text, decode_fn, encode_fn};
use towerkit_transport_http::{Body, Router, Server};

use crate::support::{Total, ask, get, post};

#[tokio::test]
async fn a_reply_with_metadata_sends_its_status_and_its_headers() {
    // No type is written here: that the reply has metadata is inferred.
    let create = endpoint_fn(|()| async {
        Ok::<_, Error>(
            WithMetadata::new(Total { v: 7 })
                .with_metadata(header::LOCATION, HeaderValue::from_static("/totals/7"))
                .with_trailer(header::ETAG, HeaderValue::from_static("\"7\""))
                .with_extension(StatusCode::CREATED),
        )
    });
    for answer in [
        ask(&Server::new(create, Empty, Json), get("/")).await,
        ask(&Server::new(create.erased(), Empty, Json), get("/")).await,
        ask(&Router::new().get("/", Server::new(create, Empty, Json)), get("/")).await,
    ] {
        assert_eq!(answer.status, StatusCode::CREATED);
        assert_eq!((answer.header("location"), answer.header("etag")), ("/totals/7", "\"7\""));
        assert_eq!(answer.text(), r#"{"v":7}"#);
    }
}

#[tokio::test]
async fn a_status_without_content_has_no_body() {
    let unchanged =
        endpoint_fn(|()| async { Ok::<_, Error>(WithMetadata::new("text").with_extension(StatusCode::NOT_MODIFIED)) });
    let answer = ask(&Server::new(unchanged, Empty, Json), get("/")).await;
    assert_eq!((answer.status, answer.text()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(answer.header("content-type"), "");

    let nothing = endpoint_fn(|()| async { Ok::<_, Error>(()) });
    assert_eq!(ask(&Server::new(nothing, Empty, Empty), get("/")).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_replys_own_content_type_takes_the_place_of_the_writers() {
    let page = endpoint_fn(|()| async {
        let media_type = HeaderValue::from_static("image/svg+xml");
        Ok::<_, Error>(WithMetadata::new("<svg/>").with_metadata(header::CONTENT_TYPE, media_type))
    });
    let answer = ask(&Server::new(page, Empty, Raw::default()), get("/")).await;
    let types: Vec<_> = answer.headers.get_all(header::CONTENT_TYPE).iter().collect();
    assert_eq!((types, answer.text()), (vec![&HeaderValue::from_static("image/svg+xml")], "<svg/>"));
}

#[derive(Deserialize)]
struct Id {
    id: u64,
}

#[derive(Deserialize)]
struct Profile {
    name: String,
}

#[derive(Deserialize)]
struct Dry {
    dry: Option<bool>,
}

#[tokio::test]
async fn path_query_and_body_are_read_side_by_side() {
    let put = endpoint_fn(|(id, dry, profile): (Id, Dry, Profile)| async move {
        Ok::<_, Error>(format!("{} {:?} {}", id.id, dry.dry, profile.name))
    });
    let router = Router::new().put("/profiles/{id}", Server::new(put, (Path, Query, Json), Text));
    let put = |path: &str| {
        Request::put(path).header("content-type", "application/json").body(Body::from(r#"{"name":"Ada"}"#)).unwrap()
    };
    assert_eq!(ask(&router, put("/profiles/7?dry=true")).await.text(), "7 Some(true) Ada");
    assert_eq!(ask(&router, put("/profiles/7")).await.text(), "7 None Ada");
    assert_eq!(ask(&router, put("/profiles/seven")).await.detail(), "id: invalid digit found in string");
}

#[tokio::test]
async fn the_paths_parameters_are_read_by_name_in_their_order_or_as_the_only_one() {
    #[derive(Deserialize)]
    struct Newtype((u8, Option<bool>));
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Colour {
        Red,
    }
    let one = endpoint_fn(|id: u64| async move { Ok::<_, Error>(id) });
    let two = endpoint_fn(|(id, column): (u64, String)| async move { Ok::<_, Error>(format!("{column}{id}")) });
    let new = endpoint_fn(|Newtype((a, b)): Newtype| async move { Ok::<_, Error>(format!("{a} {b:?}")) });
    let colour = endpoint_fn(|colour: Colour| async move { Ok::<_, Error>(format!("{colour:?}")) });
    let list = endpoint_fn(|list: Vec<String>| async move { Ok::<_, Error>(list.join("+")) });
    let none = endpoint_fn(|none: Option<String>| async move { Ok::<_, Error>(format!("{none:?}")) });
    let router = Router::new()
        .get("/one/{id}", Server::new(one, Path, Text))
        .get("/two/{id}/{column}", Server::new(two, Path, Text))
        .get("/new/{a}/{b}", Server::new(new, Path, Text))
        .get("/colour/{colour}", Server::new(colour, Path, Text))
        .get("/list/{a}/{b}/{c}", Server::new(list, Path, Text))
        .get("/none", Server::new(none, Path, Text))
        .get("/some/{text}", Server::new(none, Path, Text));
    for (path, answer) in [
        ("/one/7", "7"),
        ("/two/7/B%2Fb", "B/b7"),
        ("/new/7/true", "7 Some(true)"),
        ("/colour/red", "Red"),
        ("/list/a/b/c", "a+b+c"),
        ("/none", "None"),
        ("/some/a", "Some(\"a\")"),
    ] {
        assert_eq!(ask(&router, get(path)).await.text(), answer, "{path}");
    }
    for (path, field, detail) in [
        ("/one/seven", "id", "id: invalid digit found in string"),
        ("/two/-7/B", "id", "id: invalid digit found in string"),
        ("/new/256/true", "a", "a: number too large to fit in target type"),
        ("/new/7/maybe", "b", "b: provided string was not `true` or `false`"),
        ("/colour/blue", "colour", "colour: unknown variant `blue`, expected `red`"),
    ] {
        let answer = ask(&router, get(path)).await;
        assert_eq!((answer.status, answer.detail().as_str()), (StatusCode::BAD_REQUEST, detail));
        assert_eq!(answer.json()["errors"][0]["field"], field);
    }
}

#[tokio::test]
async fn a_path_with_more_or_fewer_parameters_than_are_read_is_said_to_be_so() {
    let one = endpoint_fn(|id: u64| async move { Ok::<_, Error>(id) });
    let two = endpoint_fn(|(a, b): (u64, u64)| async move { Ok::<_, Error>(a + b) });
    let router = Router::new()
        .get("/one/{a}/{b}", Server::new(one, Path, Text))
        .get("/two/{a}", Server::new(two, Path, Text))
        .get("/three/{a}/{b}/{c}", Server::new(two, Path, Text));
    for (path, detail) in [
        ("/one/1/2", "the path has 2 parameters, and one is read"),
        ("/two/1", "invalid length 1, expected a tuple of size 2"),
        ("/three/1/2/3", "invalid length 3, expected 2 elements in sequence"),
    ] {
        assert_eq!(ask(&router, get(path)).await.detail(), detail);
    }
}

#[tokio::test]
async fn json_under_a_name_is_one_member_of_an_object() {
    let double = endpoint_fn(|n: u32| async move { Ok::<_, Error>(n * 2) });
    let server = Server::new(double, Json.under("n"), Json.under("double"));
    for body in [r#"{"n":7}"#, r#" { "other" : [ {"n":1} ] , "n" : 7 } "#] {
        let answer = ask(&server, post("/", body)).await;
        assert_eq!((answer.header("content-type"), answer.text()), ("application/json", r#"{"double":14}"#));
    }
    for (body, detail) in [
        ("{}", "n: is missing"),
        (r#"{"m":7}"#, "n: is missing"),
        (r#"{"n":"7"}"#, "n: invalid type: string \"7\", expected u32 (at line 1 column 8)"),
        ("{\n  \"n\": 7,\n  \"n\": 8\n}", "duplicate field `n` (at line 4 column 1)"),
        ("7", "invalid type: integer `7`, expected an object with the member `n` (at line 1 column 1)"),
        (r#"{"n":7"#, "malformed JSON at line 1 column 6: EOF while parsing an object"),
        (r#"{"n":7}8"#, "malformed JSON at line 1 column 8: trailing characters"),
    ] {
        let answer = ask(&server, post("/", body)).await;
        assert_eq!((answer.status, answer.detail().as_str()), (StatusCode::BAD_REQUEST, detail), "{body}");
    }
    let text = Request::post("/").header("content-type", "text/plain").body(Body::from(r#"{"n":7}"#)).unwrap();
    assert_eq!(ask(&server, text).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn headers_are_read_by_name() {
    #[derive(Deserialize)]
    struct Tenant {
        #[serde(rename = "x-tenant")]
        tenant: String,
    }
    let who = endpoint_fn(|tenant: Tenant| async move { Ok::<_, Error>(tenant.tenant) });
    let server = Server::new(who, Headers, Text);
    let request = Request::get("/").header("X-Tenant", "blue & green").body(Body::empty()).unwrap();
    assert_eq!(ask(&server, request).await.text(), "blue & green");
    assert_eq!(ask(&server, get("/")).await.detail(), "x-tenant: is missing");
}

#[tokio::test]
async fn bytes_go_through_as_they_are() {
    let echo = endpoint_fn(|bytes: Bytes| async move { Ok::<_, Error>(bytes) });
    let answer = ask(&Server::new(echo, Raw::default(), Raw::new("image/png")), post("/", vec![0, 255, 7])).await;
    assert_eq!((answer.header("content-type"), answer.body.as_ref()), ("image/png", &[0, 255, 7][..]));
}

#[tokio::test]
async fn a_function_reads_and_a_function_writes() {
    let length = endpoint_fn(|text: String| async move { Ok::<_, Error>(text.len()) });
    let read = decode_fn(|parts, _: Body, _| {
        let path = parts.uri.path().to_owned();
        async move { Ok::<_, Error>(path) }
    });
    let write = encode_fn(|length: usize| Ok::<_, Error>(Response::new(Body::from("#".repeat(length)))));
    assert_eq!(ask(&Server::new(length, read, write), get("/four")).await.text(), "#####");
}
