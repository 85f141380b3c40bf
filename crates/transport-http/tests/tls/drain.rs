//! Time limits, and the drain.

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use towerkit_endpoint::Endpoint;
use towerkit_transport_http::Pool;

use crate::certs::Authority;
use crate::site::{Site, call, soon};

const LIMIT: Duration = Duration::from_millis(500);

#[tokio::test]
async fn a_handshake_that_does_not_end_is_closed_in_time_and_others_are_served_meanwhile() {
    let authority = Authority::with_both();
    let (tls, limit) = (authority.server(), 4 * LIMIT);
    let site = Site::with(|serve| serve.tls(tls).handshake_timeout(limit)).await;
    let begun = Instant::now();
    let mut silent = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(site.address).await.unwrap();
        // The beginning of a record.
        stream.write_all(b"\x16\x03\x01\x02").await.unwrap();
        silent.push(stream);
    }
    assert_eq!(soon(site.call(authority.trusting(), "/who").invoke(())).await.unwrap(), "nobody");
    assert!(begun.elapsed() < limit, "{:?}", begun.elapsed());
    for mut stream in silent {
        let mut rest = Vec::new();
        let _ = soon(stream.read_to_end(&mut rest)).await;
    }
    assert!(begun.elapsed() < 4 * limit, "{:?}", begun.elapsed());
    assert_eq!(site.events().iter().filter(|event| event.ends_with("not over in time")).count(), 20);
}

#[tokio::test]
async fn a_handshake_counts_as_a_connection() {
    let authority = Authority::with_both();
    let tls = authority.server();
    let site = Site::with(|serve| serve.tls(tls).max_connections(2)).await;
    let _silent = [TcpStream::connect(site.address).await.unwrap(), TcpStream::connect(site.address).await.unwrap()];
    site.told("2 connections are open").await;
}

#[tokio::test]
async fn plain_http_on_the_port_of_tls_is_told_so_and_closed() {
    let authority = Authority::with_both();
    let site = Site::start(authority.server()).await;
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    // More than the server reads before it knows.
    stream.write_all(&[b"POST / HTTP/1.1\r\nhost: a\r\n\r\n", &[b'x'; 200_000][..]].concat()).await.unwrap();
    let mut reply = Vec::new();
    // An alert, and the end; not a reset.
    soon(stream.read_to_end(&mut reply)).await.unwrap();
    assert_eq!((reply[0], reply.len()), (21, 7), "{reply:?}");
    site.told("handshake of 127.0.0.1").await;
}

#[tokio::test]
async fn a_silent_connection_is_closed_once_the_head_is_late() {
    let authority = Authority::with_both();
    let tls = authority.server();
    let site = Site::with(|serve| serve.tls(tls).header_timeout(LIMIT)).await;
    let mut client = tls_stream(&authority, &site).await;
    let _ = soon(client.read_to_end(&mut Vec::new())).await;
    site.told("no head in time").await;
}

#[tokio::test]
async fn a_slow_handshake_takes_nothing_from_the_time_for_the_head() {
    let authority = Authority::with_both();
    let tls = authority.server();
    let site = Site::with(|serve| serve.tls(tls).header_timeout(LIMIT)).await;
    let tcp = TcpStream::connect(site.address).await.unwrap();
    tokio::time::sleep(LIMIT + LIMIT / 2).await;
    let mut client = tls_over(tcp, &authority, b"http/1.1").await;
    tokio::time::sleep(LIMIT / 5).await;
    client.write_all(b"GET /who HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut reply = String::new();
    soon(client.read_to_string(&mut reply)).await.unwrap();
    assert!(reply.ends_with("nobody"), "{reply}");
}

#[tokio::test]
async fn http2_may_be_idle_for_longer_than_a_head_may_take() {
    let authority = Authority::with_both();
    let tls = authority.server();
    let site = Site::with(|serve| serve.tls(tls).header_timeout(LIMIT).idle_timeout(20 * LIMIT)).await;
    let session = site.call(authority.trusting(), "/session");
    assert!(soon(session.invoke(())).await.unwrap().contains("HTTP/2"));
    tokio::time::sleep(3 * LIMIT).await;
    soon(session.invoke(())).await.unwrap();
    assert!(site.events().is_empty(), "{:?}", site.events());
}

#[tokio::test]
async fn a_client_that_does_not_read_is_closed() {
    let authority = Authority::with_both();
    let tls = authority.server();
    let site = Site::with(|serve| serve.tls(tls).write_timeout(LIMIT, 1 << 20)).await;
    let mut client = tls_stream(&authority, &site).await;
    client.write_all(b"GET /big HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    site.told("it takes too little").await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_good_form() {
    let authority = Authority::with_both();
    let tls = authority.server();
    let site = Site::with(|serve| serve.tls(tls).idle_timeout(LIMIT)).await;
    let mut client = tls_stream(&authority, &site).await;
    client.write_all(b"GET /who HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut reply = String::new();
    // Without `close_notify` this would be an error.
    soon(client.read_to_string(&mut reply)).await.unwrap();
    assert!(reply.ends_with("nobody"), "{reply}");
    assert!(site.events().is_empty(), "{:?}", site.events());
}

#[tokio::test]
async fn a_client_that_leaves_without_the_words_of_tls_is_no_failure() {
    let authority = Authority::with_both();
    let site = Site::start(authority.server()).await;
    let http1: &[u8] = b"GET /who HTTP/1.1\r\nhost: a\r\n\r\n";
    let http2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    for (protocol, begins) in [(&b"http/1.1"[..], http1), (b"h2", http2)] {
        let tcp = TcpStream::connect(site.address).await.unwrap();
        let mut client = tls_over(tcp, &authority, protocol).await;
        client.write_all(begins).await.unwrap();
        soon(client.read_exact(&mut [0; 17])).await.unwrap();
        let (mut tcp, _session) = client.into_inner();
        tcp.shutdown().await.unwrap();
        soon(tcp.read_to_end(&mut Vec::new())).await.unwrap();
    }
    // All that there was to tell is told by then.
    site.stopper.stop(Duration::from_secs(10));
    site.told("draining").await;
    assert_eq!(site.events().len(), 1, "{:?}", site.events());
}

#[tokio::test]
async fn in_a_drain_calls_under_way_are_answered_over_both_protocols() {
    let authority = Authority::with_both();
    let site = Site::start(authority.server()).await;
    let http2 = call(Pool::builder().http2().tls(authority.trusting()), &site.url(), "/wait");
    let http2 = tokio::spawn(http2.invoke(()));
    let mut http1 = tls_stream(&authority, &site).await;
    http1.write_all(b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut inside = site.inside.subscribe();
    soon(inside.wait_for(|inside| *inside == 2)).await.unwrap();
    let silent = TcpStream::connect(site.address).await.unwrap();

    site.stopper.stop(Duration::from_secs(10));
    site.told("draining 3").await;
    site.gate.add_permits(2);
    assert_eq!(soon(http2).await.unwrap().unwrap(), "out");
    let mut reply = String::new();
    soon(http1.read_to_string(&mut reply)).await.unwrap();
    assert!(reply.contains("connection: close") && reply.ends_with("out"), "{reply}");
    drop(http1);
    let begun = Instant::now();
    soon(site.running).await.unwrap().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    drop(silent);
}

/// A connection of HTTP/1.1, by hand.
async fn tls_stream(authority: &Authority, site: &Site) -> TlsStream<TcpStream> {
    let tcp = TcpStream::connect(site.address).await.unwrap();
    tls_over(tcp, authority, b"http/1.1").await
}

async fn tls_over(tcp: TcpStream, authority: &Authority, protocol: &[u8]) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority.ca()).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    soon(TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), tcp)).await.unwrap()
}
