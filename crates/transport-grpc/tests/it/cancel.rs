use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use towerkit_endpoint::{BoxStream, Code, Endpoint, Error, endpoint_fn};
use towerkit_testing::events::Events;
use towerkit_transport_grpc::Remote;
use towerkit_transport_http::Pool;

use crate::site::{Number, Site, Text, Texts, both, soon, texts};

/// Tells when it is dropped.
struct Guard(Events<&'static str>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.push("dropped");
    }
}

const SOON: Duration = Duration::from_secs(20);

/// Notes that it has begun, and holds a guard for ever.
async fn hang<T>(events: Events<&'static str>) -> T {
    let _guard = Guard(events.clone());
    events.push("begun");
    std::future::pending().await
}

#[tokio::test]
async fn a_call_that_is_given_up_is_dropped_on_the_server() {
    let events = Events::new();
    let inside = events.clone();
    let mut served = Texts::new();
    served.shout = endpoint_fn(move |_: Text| {
        let events = inside.clone();
        async move { Ok::<Text, Error>(hang(events).await) }
    })
    .erased();
    for site in both(&served).await {
        let call = tokio::spawn(site.texts().shout.invoke(Text::from("a")));
        events.wait_len(1, SOON).await;
        call.abort();
        assert_eq!(events.wait_len(2, SOON).await, ["begun", "dropped"]);
        let _ = events.take();
    }
}

/// Numbers, and then silence, with a guard in it.
fn then_silence(events: Events<&'static str>) -> BoxStream<Number> {
    let silence = stream::once(async move { Ok::<Number, Error>(hang(events).await) });
    Box::pin(stream::iter([Ok(Number { n: 7 })]).chain(silence))
}

#[tokio::test]
async fn a_stream_that_is_no_longer_read_is_dropped_on_the_server() {
    let events = Events::new();
    let inside = events.clone();
    let mut served = Texts::new();
    served.count = endpoint_fn(move |_: Number| {
        let numbers = then_silence(inside.clone());
        async move { Ok::<_, Error>(numbers) }
    })
    .erased();
    for site in both(&served).await {
        let mut numbers = site.texts().count.invoke(Number { n: 0 }).await.unwrap();
        numbers.next().await.unwrap().unwrap();
        events.wait_len(1, SOON).await;
        drop(numbers);
        assert_eq!(events.wait_len(2, SOON).await, ["begun", "dropped"]);
        let _ = events.take();
    }
}

/// Texts, and then an error.
fn failing() -> impl Stream<Item = Result<Text, Error>> + Send {
    stream::iter([Ok(Text::from("a")), Err(Error::new(Code::DataLoss, "the file is torn"))])
}

#[tokio::test]
async fn a_request_whose_stream_fails_is_cancelled_and_ends_with_that_error() {
    let events = Events::new();
    let inside = events.clone();
    let mut served = Texts::new();
    served.join = endpoint_fn(move |mut texts: BoxStream<Text>| {
        let guard = Guard(inside.clone());
        async move {
            while texts.next().await.transpose()?.is_some() {}
            drop(guard);
            Ok::<_, Error>(Text::from("all of it"))
        }
    })
    .erased();
    for site in both(&served).await {
        let error = site.texts().join.invoke(Box::pin(failing()) as BoxStream<Text>).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::DataLoss, "the file is torn"));
        events.wait_len(1, SOON).await;
        let _ = events.take();
    }
}

#[tokio::test]
async fn a_stream_that_fails_behind_the_first_answers_ends_the_answers_with_that_error() {
    for site in both(&Texts::new()).await {
        let go_on = Arc::new(tokio::sync::Notify::new());
        let told = go_on.clone();
        let waiting = stream::once(async move {
            told.notified().await;
            Err(Error::new(Code::DataLoss, "the file is torn"))
        });
        let questions: BoxStream<Text> = Box::pin(texts(["a"]).chain(waiting));
        let mut answers = site.texts().shout_each.invoke(questions).await.unwrap();
        assert_eq!(answers.next().await.unwrap().unwrap().text, "A");
        go_on.notify_one();
        let error = soon(answers.next()).await.unwrap().unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::DataLoss, "the file is torn"));
    }
}

#[tokio::test]
async fn an_endpoint_that_does_not_read_to_the_end_answers_all_the_same() {
    let mut served = Texts::new();
    served.join = endpoint_fn(|mut texts: BoxStream<Text>| async move {
        Ok::<_, Error>(texts.next().await.transpose()?.unwrap_or_default())
    })
    .erased();
    for site in both(&served).await {
        let endless: BoxStream<Text> = Box::pin(texts(["first"]).chain(stream::pending()));
        assert_eq!(soon(site.texts().join.invoke(endless)).await.unwrap().text, "first");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_unavailable_and_the_handler_is_dropped() {
    let events = Events::new();
    let inside = events.clone();
    let mut served = Texts::new();
    served.count = endpoint_fn(move |_: Number| {
        let numbers = then_silence(inside.clone());
        async move { Ok::<_, Error>(numbers) }
    })
    .erased();
    for site in both(&served).await {
        let mut numbers = site.texts().count.invoke(Number { n: 0 }).await.unwrap();
        numbers.next().await.unwrap().unwrap();
        events.wait_len(1, SOON).await;
        // A drain without time: the connection is cut.
        site.stopper.stop(Duration::ZERO);
        let error = soon(numbers.next()).await.unwrap().unwrap_err();
        assert_eq!(error.code(), Code::Unavailable);
        events.wait_len(2, SOON).await;
        let _ = events.take();
        let _ = site.ended().await;
    }
}

#[tokio::test]
async fn answers_that_are_no_longer_read_end_the_call_though_its_questions_go_on() {
    let events = Events::new();
    let inside = events.clone();
    let mut served = Texts::new();
    served.shout_each = endpoint_fn(move |texts: BoxStream<Text>| {
        let guard = Guard(inside.clone());
        let shouted = texts.map(move |text| {
            let _ = &guard;
            text
        });
        async move { Ok::<_, Error>(Box::pin(shouted) as BoxStream<Text>) }
    })
    .erased();
    for site in both(&served).await {
        let endless: BoxStream<Text> = Box::pin(texts(["a"]).chain(stream::pending()));
        let mut answers = site.texts().shout_each.invoke(endless).await.unwrap();
        answers.next().await.unwrap().unwrap();
        drop(answers);
        events.wait_len(1, SOON).await;
        let _ = events.take();
    }
}

#[tokio::test]
async fn a_call_that_is_given_up_ends_though_its_questions_go_on() {
    let events = Events::new();
    let inside = events.clone();
    let mut served = Texts::new();
    served.join = endpoint_fn(move |mut texts: BoxStream<Text>| {
        let (guard, events) = (Guard(inside.clone()), inside.clone());
        async move {
            while texts.next().await.transpose()?.is_some() {
                events.push("read");
            }
            drop(guard);
            Ok::<_, Error>(Text::from("all of it"))
        }
    })
    .erased();
    for site in both(&served).await {
        let endless: BoxStream<Text> = Box::pin(texts(["a"]).chain(stream::pending()));
        let call = tokio::spawn(site.texts().join.invoke(endless));
        events.wait_len(1, SOON).await;
        call.abort();
        assert_eq!(events.wait_len(2, SOON).await, ["read", "dropped"]);
        let _ = events.take();
    }
}

/// Passes bytes on between a client and a server until it is told; then it holds both connections, and nothing comes through.
async fn passing(to: std::net::SocketAddr, cut: Arc<tokio::sync::Notify>) -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut server = tokio::net::TcpStream::connect(to).await.unwrap();
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
            () = cut.notified() => {}
        }
        std::future::pending::<()>().await;
        drop((client, server));
    });
    address
}

#[tokio::test]
async fn a_peer_that_is_gone_without_a_word_is_noticed_by_a_ping_and_its_calls_are_dropped() {
    let events = Events::new();
    let inside = events.clone();
    let mut served = Texts::new();
    served.shout_each = endpoint_fn(move |_: BoxStream<Text>| {
        let events = inside.clone();
        let silence = stream::once(async move { Ok::<Text, Error>(hang(events).await) });
        async move { Ok::<_, Error>(Box::pin(silence) as BoxStream<Text>) }
    })
    .erased();
    let ping = Duration::from_millis(200);
    let site = Site::with(served.routes(), |serve| serve.keep_alive(ping, ping)).await;
    let cut = Arc::new(tokio::sync::Notify::new());
    let url = format!("http://{}", passing(site.address, cut.clone()).await);
    let remote = Remote::new(&Pool::builder().http2().build(), &url).unwrap();
    let silent: BoxStream<Text> = Box::pin(stream::pending());
    let answers = Texts::of(&remote).shout_each.invoke(silent).await.unwrap();
    events.wait_len(1, SOON).await;
    // While the peer answers the pings its call goes on.
    tokio::time::sleep(ping * 5).await;
    assert_eq!(events.len(), 1);
    cut.notify_one();
    assert_eq!(events.wait_len(2, SOON).await, ["begun", "dropped"]);
    drop(answers);
}
