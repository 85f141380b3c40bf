use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Version;
use tokio::io::AsyncWriteExt;
use tokio::sync::{Barrier, mpsc};
use tokio::time::timeout;
use towerkit_endpoint::{BoxEndpoint, Endpoint};
use towerkit_transport_http::{Pool, Remote};

use crate::support::{BOUND, Origin, Sum, Total, raw, read_request, sum_of, total};

const SUM: Sum = Sum { a: 1, b: 2 };

#[tokio::test]
async fn calls_one_after_another_use_one_connection() {
    let origin = Origin::start(|_| async { total() }).await;
    let remote = origin.remote();
    // Two endpoints of one remote, and clones, share it.
    for call in [sum_of(&remote), sum_of(&remote), sum_of(&remote).clone()] {
        for _ in 0..5 {
            call.invoke(SUM).await.unwrap();
        }
    }
    assert_eq!(origin.connections(), 1);
}

#[tokio::test]
async fn failed_replies_leave_the_connection_in_use() {
    let origin = crate::support::answering(400, &[], r#"{"error":"no"}"#).await;
    let call = sum_of(&origin.remote());
    for _ in 0..5 {
        call.invoke(SUM).await.unwrap_err();
    }
    assert_eq!(origin.connections(), 1);
}

#[tokio::test]
async fn sixty_four_calls_at_once_share_the_pool() {
    let all_there = Arc::new(Barrier::new(64));
    let origin = Origin::start(move |_| {
        let all_there = all_there.clone();
        async move {
            all_there.wait().await;
            total()
        }
    })
    .await;
    let sum = sum_of(&origin.remote());
    for _ in 0..3 {
        let calls: Vec<_> = (0..64).map(|_| tokio::spawn(sum.invoke(SUM))).collect();
        for call in calls {
            assert_eq!(timeout(BOUND, call).await.unwrap().unwrap().unwrap(), Total { v: 3 });
        }
    }
    // The second and third round found the connections of the first.
    assert_eq!(origin.connections(), 64);
}

#[tokio::test]
async fn over_http2_calls_at_once_share_one_connection() {
    let all_there = Arc::new(Barrier::new(16));
    let origin = Origin::start(move |_| {
        let all_there = all_there.clone();
        async move {
            all_there.wait().await;
            total()
        }
    })
    .await;
    let sum = sum_of(&Remote::new(&Pool::builder().http2().build(), &origin.url).unwrap());
    let calls: Vec<_> = (0..16).map(|_| tokio::spawn(sum.invoke(SUM))).collect();
    for call in calls {
        assert_eq!(timeout(BOUND, call).await.unwrap().unwrap().unwrap(), Total { v: 3 });
    }
    assert_eq!(origin.connections(), 1);
    assert!(origin.seen.snapshot().iter().all(|seen| seen.version == Version::HTTP_2));
    assert!(origin.seen.snapshot().iter().all(|seen| seen.headers["content-length"] == "13"));
}

#[tokio::test]
async fn over_http2_a_call_that_is_given_up_resets_its_stream_and_not_the_connection() {
    struct Tell(mpsc::UnboundedSender<&'static str>);
    impl Drop for Tell {
        fn drop(&mut self) {
            let _ = self.0.send("reset");
        }
    }
    let (tell, mut told) = mpsc::unbounded_channel();
    let first = Arc::new(AtomicUsize::new(0));
    let origin = Origin::start(move |_| {
        let (tell, first) = (tell.clone(), first.clone());
        async move {
            if first.fetch_add(1, Ordering::SeqCst) == 0 {
                tell.send("asked").unwrap();
                let _guard = Tell(tell);
                std::future::pending::<()>().await;
            }
            total()
        }
    })
    .await;
    let sum = sum_of(&Remote::new(&Pool::builder().http2().build(), &origin.url).unwrap());
    let call = tokio::spawn(sum.invoke(SUM));
    assert_eq!(timeout(BOUND, told.recv()).await.unwrap(), Some("asked"));
    call.abort();
    assert_eq!(timeout(BOUND, told.recv()).await.unwrap(), Some("reset"));
    sum.invoke(SUM).await.unwrap();
    assert_eq!(origin.connections(), 1);
}

#[tokio::test]
async fn a_pooled_connection_that_the_server_closed_is_not_used_again() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let remote = raw(move |mut stream| {
        let tell = tell.clone();
        async move {
            read_request(&mut stream).await;
            let reply = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 7\r\n\r\n{\"v\":3}";
            stream.write_all(reply.as_bytes()).await.unwrap();
            drop(stream);
            tell.send(()).unwrap();
        }
    })
    .await;
    let sum = sum_of(&remote);
    for _ in 0..5 {
        assert_eq!(sum.invoke(SUM).await.unwrap(), Total { v: 3 });
        timeout(BOUND, told.recv()).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_reply_that_is_not_wanted_leaves_the_connection_in_use() {
    let long: &'static str = String::leak("x".repeat(1 << 20));
    let origin = crate::support::answering(200, &[], long).await;
    let poke: BoxEndpoint<(), ()> = origin.remote().post("/poke").empty().erased();
    for _ in 0..3 {
        poke.invoke(()).await.unwrap();
    }
    assert_eq!(origin.connections(), 1);
}
