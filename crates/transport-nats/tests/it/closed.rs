use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use async_nats::ConnectOptions;
use towerkit_endpoint::{BoxEndpoint, Code, Endpoint, NotSent};
use towerkit_lifecycle::{Lifeline, Member};
use towerkit_testing::process::free_port;
use towerkit_transport_nats::{Events, Remote, Routes, serve};

use crate::site::{Nats, ONE_TWO, Running, SOON, Sum, Total, servers, sum_of, sum_routes, until, within};

/// Sends a message with headers as they are.
fn send_raw(nats: &Nats, headers: &[u8]) {
    let mut socket = TcpStream::connect(("127.0.0.1", nats.port)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket.write_all(b"CONNECT {\"verbose\":false,\"headers\":true}\r\n").unwrap();
    let head = [b"NATS/1.0\r\n", headers, b"\r\n\r\n"].concat();
    socket.write_all(format!("HPUB add.sum {0} {0}\r\n", head.len()).as_bytes()).unwrap();
    socket.write_all(&head).unwrap();
    socket.write_all(b"\r\nPING\r\n").unwrap();
    let (mut said, mut buffer) = (String::new(), [0; 4096]);
    while !said.contains("PONG") {
        let read = socket.read(&mut buffer).unwrap();
        assert!(read > 0, "{said}");
        said.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
}

#[tokio::test]
async fn headers_that_are_none_cost_the_connection_and_the_service_comes_back() {
    for program in servers("headers_that_are_none_cost_the_connection_and_the_service_comes_back") {
        let nats = Nats::start(&program);
        let events = Events::new();
        let options = ConnectOptions::new().reconnect_delay_callback(|_| Duration::from_millis(10));
        let client = events.attach(options).connect(nats.url()).await.unwrap();
        let _service = Running::start(serve(client, sum_routes())).await;
        // What the server still gives to the connection that is gone is lost.
        let sum: BoxEndpoint<Sum, Total> =
            nats.remote().await.subject("add.sum").json().timeout(Duration::from_millis(300)).erased();
        for (times, bad) in [&b"\xff: 1"[..], b"a b: 1", b"no colon"].into_iter().enumerate() {
            send_raw(&nats, bad);
            until("it is back", || events.counts().connected == times as u64 + 2).await;
            // It is connected a moment before it has subscribed anew.
            let start = std::time::Instant::now();
            while let Err(error) = sum.invoke(ONE_TWO).await {
                assert!(start.elapsed() < SOON, "the service is not back after {bad:?}: {error:?}, {events:?}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

/// async-nats 0.51 panics over a bare carriage return in a value, in the task of its connection, which is then gone for good.
#[tokio::test]
async fn a_client_that_is_closed_ends_the_service_with_an_error() {
    for program in servers("a_client_that_is_closed_ends_the_service_with_an_error") {
        let nats = Nats::start(&program);
        let client = nats.connect().await;
        let remote = Remote::new(client.clone());
        let service = Running::start(serve(client.clone(), sum_routes())).await;
        assert!(!remote.is_closed());
        send_raw(&nats, b"a: b\rc");
        let ended = within(service.task).await.unwrap().unwrap_err();
        assert_eq!(ended.to_string(), "the client of NATS is closed");
        // Nor can one begin with it, nor a call go through, now or later.
        let (lifeline, _stopper) = Lifeline::detached();
        within(serve(client, sum_routes()).run(lifeline)).await.unwrap_err();
        assert!(remote.is_closed());
        let error = sum_of(&remote).invoke(ONE_TWO).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::Unavailable, "the connection to NATS is closed"));
        assert!(error.get::<NotSent>().is_none(), "it is no use to try again");
    }
}

#[tokio::test]
async fn a_service_whose_client_gives_up_to_connect_ends_with_an_error() {
    // Nothing listens there.
    let url = format!("nats://127.0.0.1:{}", free_port());
    let options = ConnectOptions::new().retry_on_initial_connect().max_reconnects(3);
    let client = options.reconnect_delay_callback(|_| Duration::from_millis(50)).connect(url).await.unwrap();
    let remote = Remote::new(client.clone());
    let (lifeline, _stopper) = Lifeline::detached();
    let ended = within(serve(client, sum_routes()).run(lifeline)).await.unwrap_err();
    assert_eq!(ended.to_string(), "the client of NATS is closed");
    assert!(remote.is_closed());
    let error = sum_of(&remote).invoke(ONE_TWO).await.unwrap_err();
    assert_eq!(error.message(), "the connection to NATS is closed");
    assert!(error.get::<NotSent>().is_none(), "it is no use to try again");
}

/// Where there are no subjects there is no subscription to tell of it.
#[tokio::test]
async fn a_service_without_subjects_whose_client_gives_up_ends_too() {
    let url = format!("nats://127.0.0.1:{}", free_port());
    let options = ConnectOptions::new().retry_on_initial_connect().max_reconnects(1);
    let client = options.reconnect_delay_callback(|_| Duration::from_millis(50)).connect(url).await.unwrap();
    let (lifeline, _stopper) = Lifeline::detached();
    within(serve(client, Routes::new()).run(lifeline)).await.unwrap_err();
}

#[tokio::test]
async fn a_service_whose_client_gives_up_while_it_moves_ends_with_an_error() {
    for program in servers("a_service_whose_client_gives_up_while_it_moves_ends_with_an_error") {
        let text = "lame_duck_grace_period: \"2s\"\nlame_duck_duration: \"30s\"\n";
        let nats = Nats::configured(&program, &format!("leaving-{}", free_port()), text);
        let events = Events::new();
        let options = events.attach(ConnectOptions::new().retain_servers_order().max_reconnects(2));
        let nowhere = format!("nats://127.0.0.1:{}", free_port());
        let client = options.connect(vec![nats.url(), nowhere]).await.unwrap();
        let service = Running::start(serve(client, sum_routes()).events(&events)).await;
        nats.process.as_ref().unwrap().signal("USR2");
        let ended = within(service.task).await.unwrap().unwrap_err();
        assert_eq!(ended.to_string(), "the client of NATS is closed");
    }
}
