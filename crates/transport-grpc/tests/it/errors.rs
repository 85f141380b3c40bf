use std::collections::HashMap;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use http::HeaderValue;
use http::header::{HeaderName, WWW_AUTHENTICATE};
use towerkit_endpoint::{BoxStream, Code, Endpoint, Error, RetryAfter, endpoint_fn};
use towerkit_transport_grpc::{ErrorDetails, Status};

use crate::site::{Number, Text, Texts, both, texts};

fn refused() -> Error {
    Error::invalid("items[2].price", "is negative")
        .with_extension(RetryAfter(Duration::from_millis(250)))
        .with_extension(ErrorDetails::with_error_info("NEGATIVE", "shop.example", HashMap::new()))
        .with_metadata(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
        .with_metadata(HeaderName::from_static("x-shard-bin"), HeaderValue::from_static("AAE"))
        .with_source(std::io::Error::other("/dev/sdb is on fire"))
}

fn check(error: &Error) {
    assert_eq!(error.code(), Code::InvalidArgument);
    assert_eq!(error.message(), "items[2].price: is negative");
    assert_eq!(error.violations()[0].field, "items[2].price");
    assert_eq!(error.retry_after(), Some(Duration::from_millis(250)));
    assert_eq!(error.get::<ErrorDetails>().unwrap().error_info().unwrap().reason, "NEGATIVE");
    assert_eq!(error.metadata().get(WWW_AUTHENTICATE), Some("Bearer"));
    let trailers = error.get::<Status>().unwrap().metadata();
    assert_eq!(trailers.get_bin("x-shard-bin").unwrap().to_bytes().unwrap(), &b"\0\x01"[..]);
    assert!(!format!("{error:?} {trailers:?}").contains("fire"));
}

#[tokio::test]
async fn an_error_of_the_domain_is_the_same_on_the_other_side() {
    let mut served = Texts::new();
    served.shout = endpoint_fn(|_: Text| async { Err::<Text, _>(refused()) }).erased();
    served.join = endpoint_fn(|_: BoxStream<Text>| async { Err::<Text, _>(refused()) }).erased();
    for site in both(&served).await {
        check(&site.texts().shout.invoke(Text::from("a")).await.unwrap_err());
        check(&site.texts().join.invoke(texts(["a"])).await.unwrap_err());
    }
}

#[tokio::test]
async fn an_error_in_place_of_a_stream_is_the_same_on_the_other_side() {
    let mut served = Texts::new();
    served.count = endpoint_fn(|_: Number| async { Err::<BoxStream<Number>, _>(refused()) }).erased();
    for site in both(&served).await {
        check(&site.texts().count.invoke(Number { n: 1 }).await.err().unwrap());
    }
}

#[tokio::test]
async fn an_error_within_a_stream_comes_behind_what_was_good_and_ends_it() {
    let mut served = Texts::new();
    served.count = endpoint_fn(|_: Number| async {
        let numbers = stream::iter([Ok(Number { n: 7 }), Err(refused()), Ok(Number { n: 8 })]);
        Ok::<_, Error>(Box::pin(numbers) as BoxStream<Number>)
    })
    .erased();
    for site in both(&served).await {
        let mut numbers = site.texts().count.invoke(Number { n: 1 }).await.unwrap();
        assert_eq!(numbers.next().await.unwrap().unwrap().n, 7);
        check(&numbers.next().await.unwrap().unwrap_err());
        assert!(numbers.next().await.is_none());
    }
}

#[tokio::test]
async fn what_broke_inside_is_not_told() {
    let mut served = Texts::new();
    served.shout = endpoint_fn(|_: Text| async { Err::<Text, _>(Error::internal("/dev/sdb is on fire")) }).erased();
    for site in both(&served).await {
        let error = site.texts().shout.invoke(Text::from("a")).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::Internal, "internal error"));
        assert!(!format!("{error:?}").contains("fire"));
    }
}

#[tokio::test]
async fn a_message_that_does_not_convert_is_refused_by_its_field() {
    for site in both(&Texts::new()).await {
        let mut answers = site.texts().shout_each.invoke(texts(["a", "", "b"])).await.unwrap();
        assert_eq!(answers.next().await.unwrap().unwrap().text, "A");
        assert_eq!(answers.next().await.unwrap().unwrap_err().violations()[0].field, "text");
        assert!(answers.next().await.is_none());
    }
}
