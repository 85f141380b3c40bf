use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use towerkit_endpoint::{Endpoint, Error, Exchange, Report, WithMetadata, endpoint_fn};
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
async fn what_a_type_makes_of_a_parameter_is_told_with_the_parameters_name() {
    #[derive(Clone, Deserialize)]
    #[serde(try_from = "u8")]
    struct Even(u8);
    impl TryFrom<u8> for Even {
        type Error = &'static str;

        fn try_from(value: u8) -> Result<Self, Self::Error> {
            if value.is_multiple_of(2) { Ok(Self(value)) } else { Err("is odd") }
        }
    }
    fn short<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() < 3 { Ok(text) } else { Err(D::Error::invalid_length(text.len(), &"less than 3")) }
    }
    #[derive(Deserialize)]
    struct Both {
        even: Even,
        #[serde(deserialize_with = "short")]
        word: String,
    }
    let one = endpoint_fn(|Even(it): Even| async move { Ok::<_, Error>(it) });
    let two = endpoint_fn(|(a, Even(b)): (u8, Even)| async move { Ok::<_, Error>(a + b) });
    let both = endpoint_fn(|both: Both| async move { Ok::<_, Error>(format!("{}{}", both.even.0, both.word)) });
    let router = Router::new()
        .get("/one/{n}", Server::new(one, Path, Text))
        .get("/two/{a}/{b}", Server::new(two, Path, Text))
        .get("/both/{even}/{word}", Server::new(both, Path, Text));
    for (path, answer) in [("/one/2", "2"), ("/two/1/2", "3"), ("/both/2/ab", "2ab")] {
        assert_eq!(ask(&router, get(path)).await.text(), answer);
    }
    for (path, field, detail) in [
        ("/one/1", "n", "n: is odd"),
        ("/two/1/1", "b", "b: is odd"),
        ("/both/1/ab", "even", "even: is odd"),
        ("/both/2/abc", "word", "word: invalid length 3, expected less than 3"),
    ] {
        let answer = ask(&router, get(path)).await;
        assert_eq!((answer.status, answer.detail().as_str()), (StatusCode::BAD_REQUEST, detail));
        assert_eq!(answer.json()["errors"][0]["field"], field);
    }
}

#[tokio::test]
async fn parameters_that_the_template_does_not_have_are_no_fault_of_the_caller() {
    let one = endpoint_fn(|id: u64| async move { Ok::<_, Error>(id) });
    let two = endpoint_fn(|(a, b): (u64, u64)| async move { Ok::<_, Error>(a + b) });
    let named = endpoint_fn(|id: Id| async move { Ok::<_, Error>(id.id) });
    let why = Arc::new(Mutex::new(String::new()));
    let told = Arc::clone(&why);
    let note = move |error: &Error, _: &Exchange| *told.lock().unwrap() = Report::new(error).to_string();
    let router = Router::new()
        .get("/one/{a}/{b}", Server::new(one, Path, Text).on_error(note.clone()))
        .get("/two/{a}", Server::new(two, Path, Text).on_error(note.clone()))
        .get("/three/{a}/{b}/{c}", Server::new(two, Path, Text).on_error(note.clone()))
        .get("/named/{a}", Server::new(named, Path, Text).on_error(note.clone()));
    for (path, text) in [
        ("/one/1/2", "the path has 2 parameters, and one is read"),
        ("/two/1", "invalid length 1, expected a tuple of size 2"),
        ("/three/1/2/3", "the path has 3 parameters, and 2 are read"),
        ("/named/1", "the path has no parameter `id`"),
    ] {
        assert_eq!(ask(&router, get(path)).await.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        assert!(why.lock().unwrap().contains(text), "{path}: {why:?}");
    }
    // Where no router has found any.
    assert_eq!(ask(&Server::new(one, Path, Text), get("/1")).await.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(ask(&Server::new(named, Path, Text), get("/1")).await.status, StatusCode::INTERNAL_SERVER_ERROR);
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
async fn an_option_under_a_name_that_is_not_there_is_none() {
    #[derive(Deserialize)]
    struct Wrapped(Option<u32>);
    let show = endpoint_fn(|n: Option<u32>| async move { Ok::<_, Error>(format!("{n:?}")) });
    let server = Server::new(show, Json.under("n"), Text);
    for (body, answer) in [
        ("{}", "None"),
        (r#"{"m":7}"#, "None"),
        (r#"{"n":null}"#, "None"),
        (r#"{"n":7}"#, "Some(7)"),
        (r#"{"\u006e":7}"#, "Some(7)"),
    ] {
        assert_eq!(ask(&server, post("/", body)).await.text(), answer, "{body}");
    }
    // As with a field, only what is an option itself.
    let show = endpoint_fn(|Wrapped(n): Wrapped| async move { Ok::<_, Error>(format!("{n:?}")) });
    assert_eq!(ask(&Server::new(show, Json.under("n"), Text), post("/", "{}")).await.detail(), "n: is missing");
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
