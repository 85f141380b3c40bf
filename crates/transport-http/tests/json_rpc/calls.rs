//! Single calls: identifiers, parameters, errors.

use ::http::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use towerkit_endpoint::{Code, Error, Exchange, WithMetadata, endpoint_fn};
use towerkit_testing::events::Events;
use towerkit_transport_http::json_rpc::{ErrorObject, Methods};

use crate::site::Site;

#[tokio::test]
async fn an_identifier_comes_back_as_it_was_written() {
    let site = Site::start().await;
    for id in ["0", "-7", "12345.60", "1E2", "123456789012345678901234567890", r#""\u0041 \"x\"""#, "\"\"", "null"] {
        let answer = site.ask(format!(r#"{{"jsonrpc":"2.0","method":"sum","params":[1],"id":{id}}}"#)).await;
        assert_eq!(answer.text, format!(r#"{{"jsonrpc":"2.0","result":1,"id":{id}}}"#));
        let answer = site.ask(format!(r#"{{"jsonrpc":"2.0","method":"none","id":{id}}}"#)).await;
        assert!(answer.text.ends_with(&format!(r#","id":{id}}}"#)), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_malformed_call_has_its_identifier_where_there_is_one() {
    let site = Site::start().await;
    let answer = site.ask(r#"{"jsonrpc":"1.0","method":"sum","id":7}"#).await.json();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(7), &json!(-32600)));
    assert_eq!(answer["error"]["data"]["detail"], "jsonrpc: must be \"2.0\"");
    let answer = site.ask(r#"{"jsonrpc":"2.0","method":"sum","params":"x","id":7}"#).await.json();
    assert_eq!(answer["error"]["data"]["detail"], "params: must be an object or an array");
    let answer = site.ask(r#"{"jsonrpc":"2.0","method":"sum","id":{}}"#).await.json();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&Value::Null, &json!(-32600)));
}

#[tokio::test]
async fn members_that_nobody_knows_are_passed_over() {
    let site = Site::start().await;
    let answer = site.ask(r#"{"x":[{}],"jsonrpc":"2.0","method":"sum","params":[1,2],"id":1,"trace":"y"}"#).await;
    assert_eq!(answer.json()["result"], 3);
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let site = Site::start().await;
    let answer = site.ask(r#"{"jsonrpc":"2.0","method":"subtract","params":{"minuend":1},"id":1}"#).await.json();
    assert_eq!(answer["error"]["code"], -32602);
    assert_eq!(answer["error"]["message"], "subtrahend: is missing");
    let data = json!({"code":"invalid_argument","errors":[{"field":"subtrahend","detail":"is missing"}]});
    assert_eq!(answer["error"]["data"], data);
    let answer = site.ask(r#"{"jsonrpc":"2.0","method":"sum","params":[1,"x"],"id":1}"#).await.json();
    assert_eq!(answer["error"]["data"]["errors"][0]["field"], "[1]");
}

fn failing(error: impl Fn() -> Error + Clone + Send + Sync + 'static) -> impl FnOnce(Methods) -> Methods {
    move |methods| {
        methods.with(
            "fail",
            endpoint_fn(move |()| {
                let error = error();
                async move { Err::<(), _>(error) }
            }),
        )
    }
}

const FAIL: &str = r#"{"jsonrpc":"2.0","method":"fail","id":1}"#;

#[tokio::test]
async fn a_code_has_its_number() {
    let site = Site::with(failing(|| Error::new(Code::NotFound, "no profile 7"))).await;
    let error = json!({"code": -32005, "message": "no profile 7", "data": {"code": "not_found"}});
    assert_eq!(site.ask(FAIL).await.json()["error"], error);
}

#[tokio::test]
async fn what_broke_inside_is_told_to_the_handler_and_not_to_the_caller() {
    let told = Events::new();
    let hear = told.clone();
    let fail = failing(|| Error::internal(std::io::Error::other("/dev/sdb is on fire")));
    let handler = move |error: &Error, exchange: &Exchange| {
        let method = exchange.via.as_ref().unwrap().to_string();
        hear.push((method, std::error::Error::source(error).unwrap().to_string(), exchange.reached_endpoint));
    };
    let site = Site::with(|methods| fail(methods).on_error(handler)).await;
    let answer = site.ask(FAIL).await;
    assert_eq!(answer.json()["error"]["code"], -32603);
    assert!(!answer.text.contains("fire"), "{}", answer.text);
    assert_eq!(told.snapshot(), [("jsonrpc fail".to_owned(), "/dev/sdb is on fire".to_owned(), true)]);
}

#[tokio::test]
async fn an_endpoint_may_have_numbers_and_data_of_its_own() {
    let own = || ErrorObject::new(7001, "sold out").with_data(&json!({"left": 0}));
    let site = Site::with(failing(move || Error::from(Code::FailedPrecondition).with_extension(own()))).await;
    assert_eq!(site.ask(FAIL).await.json()["error"], json!({"code":7001,"message":"sold out","data":{"left":0}}));
}

#[tokio::test]
async fn metadata_of_a_single_call_becomes_headers() {
    let name = HeaderName::from_static("retry-after");
    let value = HeaderValue::from_static("7");
    let fail = failing({
        let (name, value) = (name.clone(), value.clone());
        move || Error::from(Code::Unavailable).with_metadata(name.clone(), value.clone())
    });
    let good = endpoint_fn(move |()| {
        let reply = WithMetadata::new(5).with_metadata(name.clone(), value.clone());
        async move { Ok::<_, Error>(reply) }
    });
    let site = Site::with(|methods| fail(methods).with("good", good)).await;
    assert_eq!(site.ask(FAIL).await.headers["retry-after"], "7");
    let answer = site.ask(r#"{"jsonrpc":"2.0","method":"good","id":1}"#).await;
    assert_eq!(
        (answer.headers["retry-after"].as_bytes(), &*answer.text),
        (&b"7"[..], r#"{"jsonrpc":"2.0","result":5,"id":1}"#)
    );
    assert_eq!(answer.headers["content-type"], "application/json");
}

#[test]
fn a_name_is_given_once_and_is_not_reserved() {
    let one = || endpoint_fn(|()| async { Ok::<_, Error>(1) });
    assert!(std::panic::catch_unwind(|| Methods::new().with("rpc.one", one())).is_err());
    assert!(std::panic::catch_unwind(|| Methods::new().with("one", one()).with("one", one())).is_err());
}
