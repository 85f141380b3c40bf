use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::Instant;
use tower::{ServiceBuilder, service_fn};
use towerkit_endpoint::{
    BoxEndpoint, BoxStream, Code, Context, DeadlineLayer, Endpoint, Error, NotSent, Request, endpoint_fn,
};

use crate::site::{COUNT, Number, SHOUT, Text, Texts, both};

const SHORT: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_secs(60);

fn within(time: Duration, text: &str) -> Request<Text> {
    let mut context = Context::new();
    context.shorten_deadline_within(time);
    Request::with_context(context, text.into())
}

/// Answers with the time that is left, in whole seconds.
fn told() -> Texts {
    let mut texts = Texts::new();
    texts.shout = service_fn(|request: Request<Text>| async move {
        let left = request.context().remaining().map(|left| left.as_secs());
        Ok::<_, Error>(Text { text: format!("{left:?}") })
    })
    .erased();
    texts
}

#[tokio::test]
async fn the_deadline_travels_as_the_time_that_is_left() {
    for site in both(&told()).await {
        let text = site.texts().shout.invoke(within(Duration::from_millis(20_900), "a")).await.unwrap().text;
        assert_eq!(text, "Some(20)");
    }
}

#[tokio::test]
async fn without_a_deadline_the_clients_own_timeout_travels() {
    for site in both(&told()).await {
        assert_eq!(site.texts().shout.invoke(Text::from("a")).await.unwrap().text, "Some(29)");
        let patient: BoxEndpoint<Text, Text> = site.remote().unary(SHOUT).timeout(Duration::MAX).erased();
        assert_eq!(patient.invoke(Text::from("a")).await.unwrap().text, "None");
    }
}

#[tokio::test]
async fn the_servers_deadline_layer_ends_a_call_by_the_callers_deadline() {
    let mut served = Texts::new();
    served.shout = ServiceBuilder::new()
        .layer(DeadlineLayer::new(LONG))
        .service(endpoint_fn(|_: Text| std::future::pending::<Result<Text, Error>>()))
        .erased();
    for site in both(&served).await {
        // The client itself would wait: the time is told to the server alone.
        let shout: BoxEndpoint<Text, Text> = site
            .remote()
            .unary(SHOUT)
            .before(|_, headers| {
                headers.insert("grpc-timeout", http::HeaderValue::from_static("200m"));
                Ok(())
            })
            .erased();
        let begun = Instant::now();
        let error = shout.invoke(Text::from("a")).await.unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded);
        assert!(error.get::<towerkit_transport_grpc::Status>().is_some(), "it is the server's word");
        assert!(begun.elapsed() >= SHORT && begun.elapsed() < LONG);
    }
}

#[tokio::test]
async fn a_stream_of_the_server_ends_at_the_deadline_behind_what_it_had_sent() {
    let mut served = Texts::new();
    let forever = endpoint_fn(|_: Number| async {
        let numbers = stream::iter([Ok(Number { n: 7 })]).chain(stream::pending());
        Ok::<_, Error>(Box::pin(numbers) as BoxStream<Number>)
    });
    served.count = ServiceBuilder::new().layer(DeadlineLayer::new(SHORT)).service(forever).erased();
    for site in both(&served).await {
        let mut numbers = site.texts().count.invoke(Number { n: 0 }).await.unwrap();
        assert_eq!(numbers.next().await.unwrap().unwrap().n, 7);
        assert_eq!(numbers.next().await.unwrap().unwrap_err().code(), Code::DeadlineExceeded);
        assert!(numbers.next().await.is_none());
    }
}

#[tokio::test]
async fn a_stream_of_the_server_that_is_always_ready_ends_at_the_deadline_too() {
    let mut served = Texts::new();
    let busy = endpoint_fn(|_: Number| async {
        let numbers = stream::repeat_with(|| Ok(Number { n: 7 }));
        Ok::<_, Error>(Box::pin(numbers) as BoxStream<Number>)
    });
    served.count = ServiceBuilder::new().layer(DeadlineLayer::new(SHORT)).service(busy).erased();
    for site in both(&served).await {
        let numbers = site.texts().count.invoke(Number { n: 0 }).await.unwrap();
        let last = numbers.fold(None, |_, number| async { Some(number) }).await;
        assert_eq!(last.unwrap().unwrap_err().code(), Code::DeadlineExceeded);
    }
}

#[tokio::test]
async fn the_client_gives_a_call_up_at_its_deadline() {
    let mut served = Texts::new();
    served.shout = endpoint_fn(|_: Text| std::future::pending::<Result<Text, Error>>()).erased();
    for site in both(&served).await {
        let error = site.texts().shout.invoke(within(SHORT, "a")).await.unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded);
        assert!(error.get::<NotSent>().is_none());
    }
}

#[tokio::test]
async fn the_client_ends_a_stream_at_the_callers_deadline_and_not_at_its_own_timeout() {
    let mut served = Texts::new();
    served.count = endpoint_fn(|_: Number| async {
        let numbers = stream::unfold(0, |n| async move {
            tokio::time::sleep(SHORT / 4).await;
            Some((Ok(Number { n }), n + 1))
        });
        Ok::<_, Error>(Box::pin(numbers) as BoxStream<Number>)
    })
    .erased();
    for site in both(&served).await {
        let count: BoxEndpoint<Number, BoxStream<Number>> =
            site.remote().server_streaming(COUNT).timeout(SHORT).erased();
        let mut context = Context::new();
        context.shorten_deadline_within(SHORT * 3);
        let begun = Instant::now();
        let numbers = count.invoke(Request::with_context(context, Number { n: 0 })).await.unwrap();
        let last = numbers.fold(None, |_, number| async { Some(number) }).await;
        assert_eq!(last.unwrap().unwrap_err().code(), Code::DeadlineExceeded);
        assert!(begun.elapsed() >= SHORT * 3, "{:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn when_the_time_is_over_before_nothing_is_sent() {
    let channel = service_fn(|_: http::Request<tonic::body::Body>| async {
        Err::<http::Response<tonic::body::Body>, _>(std::io::Error::other("it was sent"))
    });
    let shout: BoxEndpoint<Text, Text> = towerkit_transport_grpc::Remote::over(channel).unary(SHOUT).erased();
    let error = shout.invoke(within(Duration::ZERO, "a")).await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert!(error.get::<NotSent>().is_some());
}
