use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use async_nats::ConnectOptions;
use futures_util::{StreamExt, stream};
use towerkit_endpoint::{BoxEndpoint, BoxStream, Code, Context, Endpoint, Error, WithMetadata, endpoint_fn};
use towerkit_testing::events::Events;
use towerkit_transport_nats::codec::{Items, Json, Raw};
use towerkit_transport_nats::{Operation, Remote, Routes, Server, ServiceErrorCode};

use crate::site::{Nats, SOON, servers, sum_of, sum_routes, until, within};

pub(crate) type Count = BoxEndpoint<u64, BoxStream<u64>>;

/// Told when it is dropped.
pub(crate) struct Dropped(pub(crate) Events<&'static str>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.push("dropped");
    }
}

/// Counts up to a number, and then waits for ever where it is asked for more than a million.
pub(crate) fn counting(dropped: &Events<&'static str>) -> impl Endpoint<u64, Reply = BoxStream<u64>, Failure = Error> {
    let dropped = dropped.clone();
    endpoint_fn(move |to: u64| {
        let held = Dropped(dropped.clone());
        async move {
            let items = stream::iter(0..to.min(1_000_000)).map(Ok::<_, Error>);
            let rest = stream::pending().take(usize::from(to > 1_000_000));
            Ok::<_, Error>(Box::pin(items.chain(rest).inspect(move |_| _ = &held)) as BoxStream<u64>)
        }
    })
}

/// Says some numbers, and then nothing more.
pub(crate) fn stuck(items: u64, dropped: &Events<&'static str>) -> BoxEndpoint<(), BoxStream<u64>> {
    let dropped = dropped.clone();
    endpoint_fn(move |()| {
        let held = Dropped(dropped.clone());
        async move {
            let items = stream::iter(0..items).map(Ok::<_, Error>).chain(stream::pending());
            Ok::<_, Error>(Box::pin(items.inspect(move |_| _ = &held)) as BoxStream<u64>)
        }
    })
    .erased()
}

pub(crate) fn counter(dropped: &Events<&'static str>) -> Routes {
    Routes::new().queue_group("c").subject("count", Server::json_stream(counting(dropped)))
}

pub(crate) fn count_of(remote: &Remote) -> Count {
    remote.subject("count").json_stream().erased()
}

/// All items, and the error that ended them.
pub(crate) async fn all<R>(mut items: BoxStream<R>) -> (Vec<R>, Option<Error>) {
    let mut read = Vec::new();
    while let Some(item) = within(items.next()).await {
        match item {
            Ok(item) => read.push(item),
            Err(error) => {
                assert!(within(items.next()).await.is_none(), "an error is the last item");
                return (read, Some(error));
            }
        }
    }
    assert!(within(items.next()).await.is_none(), "the end stays");
    (read, None)
}

#[tokio::test]
async fn items_come_in_their_order_and_then_the_end() {
    for program in servers("items_come_in_their_order_and_then_the_end") {
        let nats = Nats::start(&program);
        let dropped = Events::new();
        let _service = nats.serve(counter(&dropped)).await;
        let count = count_of(&nats.remote().await);
        for to in [0, 1, 127, 128, 129, 10_000] {
            let (items, error) = all(within(count.invoke(to)).await.unwrap()).await;
            assert!(error.is_none(), "{error:?}");
            assert_eq!(items, (0..to).collect::<Vec<_>>());
        }
        dropped.wait_len(6, SOON).await;
    }
}

#[tokio::test]
async fn streams_side_by_side_do_not_mix() {
    for program in servers("streams_side_by_side_do_not_mix") {
        let nats = Nats::start(&program);
        let _service = nats.serve(counter(&Events::new())).await;
        let count = count_of(&nats.remote().await);
        let streams = (0..50).map(|n| {
            let count = count.clone();
            async move {
                let (items, error) = all(count.invoke(n * 10).await.unwrap()).await;
                assert_eq!((items, error.is_none()), ((0..n * 10).collect(), true));
            }
        });
        futures_util::future::join_all(streams).await;
    }
}

#[tokio::test]
async fn an_error_after_items_is_the_last_item_and_comes_as_it_does_without_a_stream() {
    for program in servers("an_error_after_items_is_the_last_item_and_comes_as_it_does_without_a_stream") {
        let nats = Nats::start(&program);
        let told = Events::new();
        let fail = endpoint_fn(|items: u64| async move {
            let error = Error::invalid("b", "is bad").with_extension(ServiceErrorCode(4711));
            let items = stream::iter(0..items).map(Ok).chain(stream::iter([Err(error), Ok(99)]));
            Ok::<_, Error>(Box::pin(items) as BoxStream<u64>)
        });
        let tell = told.clone();
        let server = Server::json_stream(fail).on_error(move |error, exchange| {
            tell.push(format!("{exchange}: {}", error.code().as_str()));
        });
        let _service = nats.serve(Routes::new().subject("fail", server)).await;
        let fail: Count = nats.remote().await.subject("fail").json_stream().erased();
        for items in [0, 3, 1000] {
            let (read, error) = all(within(fail.invoke(items)).await.unwrap()).await;
            let error = error.unwrap();
            assert_eq!(read.len() as u64, items);
            assert_eq!((error.code(), error.message()), (Code::InvalidArgument, "b: is bad"));
            assert_eq!((&*error.violations()[0].field, error.get()), ("b", Some(&ServiceErrorCode(4711))));
        }
        assert_eq!(told.wait_len(3, SOON).await[0], "nats fail: invalid_argument");
    }
}

#[tokio::test]
async fn an_error_before_the_stream_is_the_calls() {
    for program in servers("an_error_before_the_stream_is_the_calls") {
        let nats = Nats::start(&program);
        let _service = nats.serve(counter(&Events::new())).await;
        let remote = nats.remote().await;
        let bad: BoxEndpoint<&'static str, BoxStream<u64>> = remote.subject("count").json_stream().erased();
        let error = within(bad.invoke("no number")).await.err().unwrap();
        assert_eq!(error.code(), Code::InvalidArgument);
        let nobody: Count = remote.subject("nobody").json_stream().erased();
        let error = within(nobody.invoke(1)).await.err().unwrap();
        assert_eq!((error.code(), error.message()), (Code::Unavailable, "nobody serves the subject"));
        assert!(error.get::<towerkit_endpoint::NotSent>().is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_is_never_more_than_the_window_ahead_of_a_reader_that_dawdles() {
    for program in servers("a_service_is_never_more_than_the_window_ahead_of_a_reader_that_dawdles") {
        const ITEMS: u64 = 100_000;
        let nats = Nats::start(&program);
        let made = Arc::new(AtomicU64::new(0));
        let maker = made.clone();
        let make = endpoint_fn(move |()| {
            let made = maker.clone();
            let items = stream::iter(0..ITEMS).map(move |n| {
                made.store(n + 1, SeqCst);
                Ok::<_, Error>(n)
            });
            async move { Ok::<_, Error>(Box::pin(items) as BoxStream<u64>) }
        });
        let _service = nats.serve(Routes::new().subject("make", Server::json_stream(make))).await;
        let events = towerkit_transport_nats::Events::new();
        // No more than this may ever be there to read.
        let options = events.attach(ConnectOptions::new()).subscription_capacity(130);
        let remote = Remote::new(options.connect(nats.url()).await.unwrap());
        for window in [1, 100] {
            let make: BoxEndpoint<(), BoxStream<u64>> =
                remote.subject("make").json_stream().stream_window(window).erased();
            let mut items = within(make.invoke(())).await.unwrap();
            let most = if window == 1 { 2_000 } else { ITEMS };
            let (mut read, mut ahead) = (0, 0);
            while read < most {
                let item = within(items.next()).await.unwrap().unwrap();
                assert_eq!(item, read);
                // This one was on its way until now.
                ahead = ahead.max(made.load(SeqCst) - read);
                read += 1;
                if read % (most / 20) == 0 {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            assert!(ahead <= u64::from(window), "{ahead} ahead");
            assert!(window == 1 || ahead >= 50, "it was not slowed down at all: {ahead}");
        }
        assert_eq!(events.counts().slow_consumer, 0);
    }
}

#[tokio::test]
async fn headers_go_before_the_items_and_hooks_see_them() {
    for program in servers("headers_go_before_the_items_and_hooks_see_them") {
        let nats = Nats::start(&program);
        let named = endpoint_fn(|name: bytes::Bytes| async move {
            let name = http::HeaderValue::try_from(&name[..]).unwrap();
            let items = stream::iter([bytes::Bytes::from("a"), bytes::Bytes::from("b")]).map(Ok::<_, Error>);
            Ok::<_, Error>(WithMetadata::new(items).with_metadata("x-name".parse().unwrap(), name))
        });
        let server = Server::new(named, Raw, Items(Raw)).after(|_: &Context, headers| {
            headers.set("x-after", "1").unwrap();
        });
        let _service = nats.serve(Routes::new().subject("named", server)).await;
        let operation: Operation<&'static str> = nats.remote().await.subject("named");
        let named: BoxEndpoint<&'static str, WithMetadata<BoxStream<bytes::Bytes>>> = operation
            .codecs(Raw, Items(Raw))
            .after(|headers| assert_eq!(headers.iter().count(), 2, "{headers:?}"))
            .erased();
        let (items, metadata, ..) = within(named.invoke("eve")).await.unwrap().into_parts();
        assert_eq!((metadata.get("x-name"), metadata.get("x-after")), (Some("eve"), Some("1")));
        assert_eq!(all(items).await.0, ["a", "b"]);
    }
}

#[tokio::test]
async fn who_asks_for_no_stream_is_refused_before_the_endpoint_is_called() {
    for program in servers("who_asks_for_no_stream_is_refused_before_the_endpoint_is_called") {
        let nats = Nats::start(&program);
        let (calls, failed) = (Arc::new(AtomicUsize::new(0)), Events::new());
        let (count, tell) = (calls.clone(), failed.clone());
        let endpoint = endpoint_fn(move |_: u64| {
            count.fetch_add(1, SeqCst);
            async { Ok::<_, Error>(stream::iter([Ok::<_, Error>(1_u64)])) }
        });
        let server = Server::json_stream(endpoint).on_error(move |error, exchange| {
            tell.push((error.code(), exchange.reached_endpoint));
        });
        let _service = nats.serve(Routes::new().subject("count", server)).await;
        let plain: BoxEndpoint<u64, u64> = nats.remote().await.subject("count").json().erased();
        let error = within(plain.invoke(3)).await.unwrap_err();
        assert_eq!(error.code(), Code::FailedPrecondition);
        assert!(error.message().contains("towerkit-stream-credit"), "{error}");
        let client = nats.connect().await;
        let reply = within(client.request("count", "3".into())).await.unwrap();
        assert_eq!(reply.headers.unwrap().get("Nats-Service-Error-Code").unwrap().as_str(), "400");
        client.publish("count", "3".into()).await.unwrap();
        assert_eq!(failed.wait_len(3, SOON).await[2], (Code::FailedPrecondition, false));
        let mut headers = async_nats::HeaderMap::new();
        headers.insert("towerkit-stream-credit", "many");
        let reply = within(client.request_with_headers("count", headers, "3".into())).await.unwrap();
        assert_eq!(reply.headers.unwrap().get("towerkit-code").unwrap().as_str(), "invalid_argument");
        assert_eq!(calls.load(SeqCst), 0);
    }
}

#[tokio::test]
async fn a_subject_that_answers_with_one_message_is_a_stream_of_one() {
    for program in servers("a_subject_that_answers_with_one_message_is_a_stream_of_one") {
        let nats = Nats::start(&program);
        let _service = nats.serve(sum_routes()).await;
        let remote = nats.remote().await;
        let sums: BoxEndpoint<crate::site::Sum, BoxStream<crate::site::Total>> =
            remote.subject("add.sum").json_stream().erased();
        let (items, error) = all(within(sums.invoke(crate::site::ONE_TWO)).await.unwrap()).await;
        assert_eq!((items[0].v, items.len(), error.is_none()), (3, 1, true));
        let bad: BoxEndpoint<&'static str, BoxStream<u64>> = remote.subject("add.sum").json_stream().erased();
        assert_eq!(within(bad.invoke("no sum")).await.err().unwrap().code(), Code::InvalidArgument);
        assert_eq!(sum_of(&remote).invoke(crate::site::ONE_TWO).await.unwrap().v, 3);
    }
}

#[tokio::test]
async fn what_breaks_in_a_stream_is_its_last_item() {
    for program in servers("what_breaks_in_a_stream_is_its_last_item") {
        let nats = Nats::start(&program);
        let dropped = Events::new();
        let panics = endpoint_fn(|()| async {
            let items = stream::iter(0..3_u64).map(|n| if n == 2 { panic!("secret") } else { Ok::<_, Error>(n) });
            Ok::<_, Error>(Box::pin(items) as BoxStream<u64>)
        });
        let large = endpoint_fn(|()| async {
            let items = stream::iter([1_usize, 2 << 20, 3]).map(|size| Ok::<_, Error>("x".repeat(size)));
            Ok::<_, Error>(items)
        });
        let routes = Routes::new()
            .subject("panics", Server::json_stream(panics))
            .subject("large", Server::json_stream(large))
            .subject("stuck", Server::json_stream(stuck(3, &dropped)));
        let _service = nats.serve(routes).await;
        let remote = nats.remote().await;
        let panics: BoxEndpoint<(), BoxStream<u64>> = remote.subject("panics").json_stream().erased();
        let (items, error) = all(within(panics.invoke(())).await.unwrap()).await;
        let error = error.unwrap();
        assert_eq!((items.len(), error.code()), (2, Code::Internal));
        assert!(!error.to_string().contains("secret"));
        let large: BoxEndpoint<(), BoxStream<String>> = remote.subject("large").json_stream().erased();
        let (items, error) = all(within(large.invoke(())).await.unwrap()).await;
        assert_eq!((items.len(), error.unwrap().code()), (1, Code::ResourceExhausted));
        // One that the caller can't read is cancelled.
        let words: BoxEndpoint<(), BoxStream<String>> = remote.subject("stuck").json_stream().erased();
        let (items, error) = all(within(words.invoke(())).await.unwrap()).await;
        assert_eq!((items.len(), error.unwrap().message()), (0, "the service's reply can't be read"));
        dropped.wait_len(1, SOON).await;
    }
}

#[tokio::test]
async fn a_codec_of_ones_own_streams_where_it_says_so() {
    #[derive(Clone)]
    struct Twice;
    impl towerkit_transport_nats::codec::EncodeResponse<u64> for Twice {
        const STREAMS: bool = true;

        fn encode(&self, reply: u64) -> Result<towerkit_transport_nats::Reply, Error> {
            let item = move |_| Ok(towerkit_transport_nats::Reply::new(reply.to_string()));
            Ok(towerkit_transport_nats::Reply::stream(stream::iter(0..2).map(item)))
        }
    }
    for program in servers("a_codec_of_ones_own_streams_where_it_says_so") {
        let nats = Nats::start(&program);
        let same = endpoint_fn(|n: u64| async move { Ok::<_, Error>(n) });
        let _service = nats.serve(Routes::new().subject("count", Server::new(same, Json, Twice))).await;
        assert_eq!(all(within(count_of(&nats.remote().await).invoke(7)).await.unwrap()).await.0, [7, 7]);
    }
}

#[tokio::test]
async fn a_thousand_streams_leave_nothing_behind() {
    for program in servers("a_thousand_streams_leave_nothing_behind") {
        let nats = Nats::start_with(&program, &["-m", "0"]);
        let dropped = Events::new();
        let _service = nats.serve(counter(&dropped)).await;
        let count = count_of(&nats.remote().await);
        for n in 0..500 {
            let mut items = within(count.invoke(200)).await.unwrap();
            if n % 2 == 0 {
                within(items.next()).await.unwrap().unwrap();
            } else {
                all(items).await;
            }
        }
        until("all are dropped", || dropped.len() == 500).await;
    }
}
