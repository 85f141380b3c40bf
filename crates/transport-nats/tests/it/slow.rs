use std::sync::Arc;

use async_nats::ConnectOptions;
use bytes::Bytes;
use tokio::sync::Semaphore;
use towerkit_endpoint::{Error, endpoint_fn};
use towerkit_testing::events::Events as Seen;
use towerkit_transport_nats::codec::Empty;
use towerkit_transport_nats::{Events, Routes, Server, WhenFull, serve};

use crate::site::{Nats, Running, SOON, servers, until};

#[tokio::test]
async fn messages_that_a_full_buffer_drops_are_counted() {
    for program in servers("messages_that_a_full_buffer_drops_are_counted") {
        let nats = Nats::start(&program);
        let events = Events::new();
        let client = events.attach(ConnectOptions::new().subscription_capacity(10)).connect(nats.url()).await.unwrap();
        let (open, inside) = (Arc::new(Semaphore::new(0)), Seen::new());
        let (gate, tell) = (open.clone(), inside.clone());
        let slow = endpoint_fn(move |()| {
            let (gate, tell) = (gate.clone(), tell.clone());
            async move {
                tell.push(());
                gate.acquire().await.unwrap().forget();
                Ok::<_, Error>(())
            }
        });
        let routes = Routes::new().subject("slow", Server::new(slow, Empty, Empty));
        let serve = serve(client, routes).max_in_flight(1).when_full(WhenFull::Wait);
        let stats = serve.stats();
        let service = Running::start(serve).await;
        let sender = nats.connect().await;
        sender.publish("slow", Bytes::new()).await.unwrap();
        // One is under way, ten are in the buffer, and nine find it full.
        inside.wait_len(1, SOON).await;
        for _ in 0..19 {
            sender.publish("slow", Bytes::new()).await.unwrap();
        }
        until("they are counted", || events.counts().slow_consumer == 9).await;
        open.add_permits(11);
        service.stop(SOON).await.unwrap();
        assert_eq!(stats.subjects()[0].requests, 11);
    }
}
