use tower::{ServiceBuilder, ServiceExt as _};
use towerkit_circuitbreaker::policy::ConsecutiveFailures;
use towerkit_circuitbreaker::{Breaker, CircuitBreakerLayer, FallbackLayer};
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint, Error, Request, endpoint_fn};

fn fails(code: Code) -> BoxEndpoint<u32, String> {
    endpoint_fn(move |_: u32| async move { Err::<String, _>(Error::from(code)) }).erased()
}

#[tokio::test]
async fn a_fault_is_answered_from_elsewhere_and_a_refusal_of_the_domain_is_not() {
    let instead = |request: Request<u32>, error: Error| async move {
        Ok::<_, Error>(format!("{} instead of {}", request.message(), error.code()))
    };
    let answered = ServiceBuilder::new().layer(FallbackLayer::new(instead)).service(fails(Code::Internal));
    assert_eq!(answered.invoke(7).await.unwrap(), "7 instead of internal error");
    let refused = ServiceBuilder::new().layer(FallbackLayer::new(instead)).service(fails(Code::NotFound));
    assert_eq!(refused.invoke(7).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn which_errors_are_replaced_can_be_said() {
    let empty = |_: Request<u32>, _: Error| async { Ok::<_, Error>(String::new()) };
    let layer = FallbackLayer::new(empty).when(|error: &Error| error.code() == Code::NotFound);
    assert!(ServiceBuilder::new().layer(layer).service(fails(Code::NotFound)).invoke(7).await.is_ok());
    assert!(ServiceBuilder::new().layer(layer).service(fails(Code::Internal)).invoke(7).await.is_err());
}

#[tokio::test]
async fn another_service_answers_when_the_circuit_is_open() {
    let breaker = Breaker::new(ConsecutiveFailures::new(1));
    breaker.force_open();
    let other = endpoint_fn(|n: u32| async move { Ok::<_, Error>(format!("the other says {n}")) });
    let service = ServiceBuilder::new()
        .layer(FallbackLayer::new(move |request: Request<u32>, _| other.oneshot(request)))
        .layer(CircuitBreakerLayer::new(breaker))
        .service(fails(Code::Internal));
    assert_eq!(service.invoke(7).await.unwrap(), "the other says 7");
}

#[tokio::test]
async fn what_fails_in_the_fallback_is_the_result() {
    let worse = |_: Request<u32>, _: Error| async { Err::<String, _>(Error::from(Code::DataLoss)) };
    let service = ServiceBuilder::new().layer(FallbackLayer::new(worse)).service(fails(Code::Internal));
    assert_eq!(service.invoke(7).await.unwrap_err().code(), Code::DataLoss);
}
