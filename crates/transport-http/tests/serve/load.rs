use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::sleep;

use crate::http2;
use crate::raw::soon;
use crate::site::Site;

/// Each client sends until it is told that the connection closes. A request that was written on an open connection has to be
/// answered; the clients that pause are idle when the drain begins.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_under_load_loses_no_request() {
    for _ in 0..5 {
        let site = Site::start().await;
        let answered = Arc::new(AtomicUsize::new(0));
        let mut clients = Vec::new();
        for number in 0..60_u64 {
            let mut client = site.connect().await;
            let answered = answered.clone();
            clients.push(tokio::spawn(async move {
                loop {
                    let reply = client.get("/").await;
                    assert_eq!(reply.status, 200);
                    answered.fetch_add(1, Ordering::Relaxed);
                    if reply.closes() {
                        client.closed().await;
                        return;
                    }
                    // Twenty without a pause, the others up to two thirds of the grace.
                    sleep(Duration::from_millis(number.saturating_sub(20) * 17)).await;
                }
            }));
        }
        while answered.load(Ordering::Relaxed) < 1000 {
            sleep(Duration::from_millis(1)).await;
        }
        site.stopper.stop(Duration::from_secs(20));
        for client in clients {
            soon(client).await.unwrap();
        }
        site.ended().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_under_load_of_http2_loses_no_request_it_has_taken() {
    let site = Site::start().await;
    let answered = Arc::new(AtomicUsize::new(0));
    let mut clients = Vec::new();
    for _ in 0..10 {
        let client = http2::connect(site.address).await;
        for _ in 0..5 {
            let (mut client, answered) = (client.clone(), answered.clone());
            clients.push(tokio::spawn(async move {
                while client.ready().await.is_ok() {
                    match client.send_request(http2::get("/")).await {
                        Ok(reply) => assert_eq!(reply.status(), 200),
                        // The client had not sent it, or the server said by GOAWAY that it did not take it.
                        Err(error) => {
                            assert!(error.is_canceled() || is_refused(&error), "{error:?}");
                            return;
                        }
                    }
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            }));
        }
    }
    while answered.load(Ordering::Relaxed) < 1000 {
        sleep(Duration::from_millis(1)).await;
    }
    site.stopper.stop(Duration::from_secs(20));
    for client in clients {
        soon(client).await.unwrap();
    }
    site.ended().await.unwrap();
}

/// GOAWAY without an error.
fn is_refused(error: &hyper::Error) -> bool {
    format!("{error:?}").contains("GoAway(b\"\", NO_ERROR")
}
