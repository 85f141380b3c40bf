//! What the ways to a backend do where it is not there, goes away and comes back, or does not read.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use metrics::{Counter, Gauge, Key, Level, Metadata, Recorder};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
use tokio::time::{sleep, timeout};
use towerkit_lifecycle::{Member, Running};
use towerkit_metrics::push::{Batch, Encode, Packer, Pusher, Sink, Snapshot, Store, Tcp, Udp, Unix, Value};
use towerkit_testing::process::free_port;

use crate::push_support::{SOON, folder, wait_until};

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);
const EVERY: Duration = Duration::from_millis(50);

struct Lines {
    /// How long a gauge's line is.
    filler: usize,
}

impl Encode for Lines {
    fn encode(&mut self, snapshot: &Snapshot) -> Batch {
        let mut packer = Packer::new(60_000).end_lines();
        for (place, series) in snapshot.series.iter().enumerate() {
            match series.value {
                Value::Counter(growth) => packer.line(place, 1, |line| *line = format!("hits {growth}")),
                Value::Gauge(level) => {
                    packer.line(place, 1, |line| *line = format!("level {level}{}", ".".repeat(self.filler)));
                }
                Value::Histogram(_) => panic!("there is none"),
            }
        }
        packer.finish()
    }
}

fn pusher(sink: impl Sink, filler: usize) -> (Counter, Store, Pusher) {
    let store = Store::default();
    let hits = store.register_counter(&Key::from_name("hits"), &METADATA);
    let pusher = Pusher::new("test", store.clone(), Lines { filler }, sink).interval(EVERY);
    (hits, store, pusher)
}

async fn failed(store: &Store) -> String {
    wait_until("a flush fails", || store.stats().last_error.map(|error| error.to_string())).await
}

async fn stop(running: Running) {
    running.stop(Duration::from_secs(10)).await;
}

async fn datagram(socket: &UdpSocket) -> String {
    let mut bytes = [0; 65_536];
    let length = timeout(SOON, socket.recv(&mut bytes)).await.expect("a datagram").unwrap();
    String::from_utf8(bytes[..length].to_vec()).unwrap()
}

#[tokio::test]
async fn what_nobody_takes_by_udp_is_held_until_somebody_does() {
    let port = free_port();
    let (hits, _, pusher) = pusher(Udp::new(format!("127.0.0.1:{port}")), 0);
    let store = pusher.store().clone();
    let running = pusher.spawn();
    hits.increment(5);
    assert!(failed(&store).await.contains("refused"), "{store:?}");
    hits.increment(2);
    let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    assert_eq!(datagram(&server).await, "hits 7\n");
    wait_until("it counts", || (store.stats().sent == 1).then_some(())).await;
    assert_eq!(store.stats().lost(), 0);

    drop(server);
    hits.increment(3);
    sleep(EVERY * 4).await;
    let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    assert_eq!(datagram(&server).await, "hits 3\n");
    stop(running).await;
    assert_eq!((store.stats().sent, store.stats().lost()), (2, 0));
}

#[tokio::test]
async fn a_name_is_resolved_and_tried_again_after_a_failure() {
    let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let (hits, _, pusher) = pusher(Udp::new(format!("localhost:{}", server.local_addr().unwrap().port())), 0);
    let running = pusher.spawn();
    hits.increment(5);
    assert_eq!(datagram(&server).await, "hits 5\n");
    stop(running).await;

    let (hits, _, pusher) = self::pusher(Udp::new("nowhere.invalid:1"), 0);
    let store = pusher.store().clone();
    let running = pusher.spawn();
    hits.increment(5);
    failed(&store).await;
    stop(running).await;
    assert_eq!((store.stats().sent, store.stats().lost()), (0, 1), "at the stop it is lost");
}

#[tokio::test]
async fn a_datagram_that_the_system_does_not_take_is_lost_and_the_rest_is_sent() {
    struct TooLong;
    impl Encode for TooLong {
        fn encode(&mut self, _: &Snapshot) -> Batch {
            let mut packer = Packer::new(100_000).max_points(1);
            packer.line(0, 1, |line| *line = "x".repeat(70_000));
            packer.line(0, 1, |line| *line = "short".to_owned());
            packer.finish()
        }
    }
    let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let sink = Udp::new(server.local_addr().unwrap().to_string());
    let mut pusher = Pusher::new("test", Store::default(), TooLong, sink);
    pusher.flush().await;
    assert_eq!(datagram(&server).await, "short");
    assert_eq!((pusher.stats().sent, pusher.stats().lost()), (1, 1));
}

#[tokio::test]
async fn a_unix_socket_that_is_made_anew_is_found_again() {
    let path = folder("unix_anew").join("socket");
    let (hits, _, pusher) = pusher(Unix::new(&path), 0);
    let store = pusher.store().clone();
    let running = pusher.spawn();
    hits.increment(5);
    failed(&store).await;
    let expect = |server: &UnixDatagram| {
        server.set_read_timeout(Some(SOON)).unwrap();
        let mut bytes = [0; 100];
        let length = server.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    };
    for growth in [5, 6] {
        let server = UnixDatagram::bind(&path).unwrap();
        let (line, server) = tokio::task::spawn_blocking(move || (expect(&server), server)).await.unwrap();
        assert_eq!(line, format!("hits {growth}\n"));
        drop(server);
        std::fs::remove_file(&path).unwrap();
        hits.increment(growth + 1);
        sleep(EVERY * 4).await;
    }
    stop(running).await;
    assert_eq!((store.stats().sent, store.stats().lost()), (2, 1), "the last seven had nobody");
}

#[tokio::test]
async fn a_unix_socket_that_nobody_reads_costs_a_time_limit_and_is_counted() {
    let path = folder("unix_full").join("socket");
    let _server = UnixDatagram::bind(&path).unwrap();
    let (hits, _, pusher) = pusher(Unix::new(&path), 0);
    let mut pusher = pusher.timeout(EVERY).hold(Duration::ZERO);
    let store = pusher.store().clone();
    // Linux has room for ten (net.unix.max_dgram_qlen), more elsewhere.
    for _ in 0..3000 {
        hits.increment(1);
        pusher.flush().await;
        if store.stats().lost() > 0 {
            break;
        }
    }
    assert_eq!(store.stats().last_error.as_deref(), Some("it took too long"));
    assert_eq!(store.stats().lost(), 1);
}

async fn lines(stream: &mut TcpStream, length: usize) -> String {
    let mut bytes = vec![0; length];
    timeout(SOON, stream.read_exact(&mut bytes)).await.expect("lines").unwrap();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_stream_is_connected_again_where_it_ended() {
    let port = free_port();
    let (hits, _, pusher) = pusher(Tcp::new(format!("127.0.0.1:{port}")), 0);
    let store = pusher.store().clone();
    let running = pusher.spawn();
    hits.increment(5);
    assert!(failed(&store).await.contains("refused"), "{store:?}");
    for growth in [5, 6, 7] {
        let listener = listen(port).await;
        let (mut stream, _) = timeout(SOON, listener.accept()).await.expect("a connection").unwrap();
        assert_eq!(lines(&mut stream, 7).await, format!("hits {growth}\n"));
        drop((stream, listener));
        sleep(EVERY).await; // the end arrives
        hits.increment(growth + 1);
        sleep(EVERY * 4).await;
    }
    stop(running).await;
    assert_eq!((store.stats().sent, store.stats().lost()), (3, 1), "the last eight had nobody");
}

async fn listen(port: u16) -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).unwrap();
    socket.listen(16).unwrap()
}

#[tokio::test]
async fn a_stream_that_nobody_reads_costs_a_time_limit_and_is_counted_and_connected_again() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let (_, store, pusher) = pusher(Tcp::new(listener.local_addr().unwrap().to_string()), 50_000);
    let gauge: Gauge = store.register_gauge(&Key::from_name("level"), &METADATA);
    gauge.set(1.0);
    let mut pusher = pusher.timeout(EVERY).hold(Duration::ZERO);
    let store = pusher.store().clone();
    let (mut stalled, _) = {
        pusher.flush().await;
        listener.accept().await.unwrap()
    };
    while store.stats().lost() == 0 {
        pusher.flush().await; // until the buffers of the two systems are full
    }
    assert_eq!(store.stats().last_error.as_deref(), Some("it took too long"));
    let taken = store.stats().sent;
    sleep(Duration::from_millis(600)).await; // the pause after a failure
    pusher.flush().await;
    let (mut stream, _) = timeout(SOON, listener.accept()).await.expect("another connection").unwrap();
    assert_eq!(lines(&mut stream, 50_008).await.len(), 50_008);
    assert_eq!((store.stats().sent, store.stats().lost()), (taken + 1, 1));

    // What was counted as sent had arrived, and the half line at the end has no other behind it.
    let mut all = Vec::new();
    timeout(SOON, stalled.read_to_end(&mut all)).await.expect("the end").unwrap();
    let text = String::from_utf8(all).unwrap();
    assert_eq!(text.lines().filter(|line| line.len() == 50_007).count() as u64, taken);
    assert!(!text.ends_with('\n'));
}

#[tokio::test]
async fn whatever_the_backend_does_those_who_record_do_not_wait() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let (hits, store, pusher) = pusher(Tcp::new(listener.local_addr().unwrap().to_string()), 59_000);
    store.register_gauge(&Key::from_name("level"), &METADATA).set(1.0);
    let store = pusher.store().clone();
    let running = pusher.interval(Duration::from_millis(1)).spawn();
    // Nobody reads: in the end a flush is stuck, for its five seconds.
    let mut sent = 0;
    loop {
        sleep(Duration::from_secs(1)).await;
        if store.stats().sent == sent && sent > 0 {
            break;
        }
        sent = store.stats().sent;
    }
    let allocations = allocation_counter::measure(|| (0..100_000).for_each(|_| hits.increment(1)));
    assert_eq!(allocations.count_total, 0);
    assert_eq!((store.stats().sent, store.stats().lost()), (sent, 0), "the flush is still stuck");
    running.stop(Duration::from_millis(200)).await;
    assert!(store.stats().lost() > 0);
}
