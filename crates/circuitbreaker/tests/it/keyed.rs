use tower::{Service as _, ServiceExt as _};
use tower_layer::Layer as _;
use towerkit_circuitbreaker::policy::ConsecutiveFailures;
use towerkit_circuitbreaker::{KeyedBreaker, KeyedCircuitBreakerLayer};
use towerkit_endpoint::{BoxEndpoint, BoxError, Code, Endpoint, Error, Request, service_fn};

fn service(breakers: &KeyedBreaker<u32>) -> BoxEndpoint<Option<u32>, ()> {
    let key = |request: &Request<Option<u32>>| *request.message();
    KeyedCircuitBreakerLayer::new(breakers.clone(), key)
        .layer(service_fn(|_: Request<Option<u32>>| async { Err::<(), _>(Error::from(Code::Unavailable)) }))
        .erased()
}

#[tokio::test]
async fn each_key_has_a_circuit_of_its_own() {
    let breakers = KeyedBreaker::new(ConsecutiveFailures::new(2), 10);
    let service = service(&breakers);
    for _ in 0..2 {
        let _ = service.invoke(Some(1)).await;
    }
    let _ = service.invoke(Some(2)).await;
    assert_eq!(breakers.peek(&1).unwrap().state().as_str(), "open");
    assert_eq!(breakers.peek(&2).unwrap().state().as_str(), "closed");
}

#[tokio::test]
async fn a_request_without_a_key_is_let_through() {
    let breakers = KeyedBreaker::new(ConsecutiveFailures::new(1), 10);
    let service = service(&breakers);
    for _ in 0..10 {
        assert_eq!(service.invoke(None).await.unwrap_err().message(), "unavailable");
    }
    assert!(breakers.is_empty());
}

#[tokio::test]
async fn there_are_never_more_circuits_than_its_capacity() {
    let breakers = KeyedBreaker::new(ConsecutiveFailures::new(1), 3);
    let service = service(&breakers);
    for key in 0..100 {
        let _ = service.invoke(Some(key)).await;
        assert!(breakers.len() <= 3);
    }
    let keys: Vec<_> = breakers.all().into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, [99, 98, 97], "the last used first");
    let _ = service.invoke(Some(97)).await;
    let _ = service.invoke(Some(100)).await;
    assert!(breakers.peek(&97).is_some() && breakers.peek(&98).is_none(), "the one unused for the longest time goes");
}

#[tokio::test]
async fn it_stands_on_any_tower_service() {
    let breakers = KeyedBreaker::new(ConsecutiveFailures::new(1), 3);
    let mut service = KeyedCircuitBreakerLayer::new(breakers, |host: &&'static str| Some(*host))
        .layer(service_fn(|_: &'static str| async { Err::<(), BoxError>("no".into()) }));
    let _ = service.ready().await.unwrap().call("a").await;
    let refused = service.ready().await.unwrap().call("a").await.unwrap_err();
    assert!(refused.is::<towerkit_circuitbreaker::CircuitOpen>());
}
