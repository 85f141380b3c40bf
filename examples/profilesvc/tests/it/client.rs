//! The client before real instances, and before what goes wrong.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use profilesvc::client::connect;
use profilesvc::endpoint::Endpoints;
use profilesvc::service::{Address, Profile};
use towerkit::endpoint::{Code, Endpoint, Error, Request};
use towerkit::sd::{Instance, Instancer};

use crate::running::Profilesvc;

fn profile(id: &str, name: &str) -> Profile {
    Profile { id: id.to_owned(), name: name.to_owned(), addresses: Vec::new() }
}

fn address(id: &str, location: &str) -> Address {
    Address { id: id.to_owned(), location: location.to_owned() }
}

fn client(instances: impl IntoIterator<Item = Instance>) -> Endpoints {
    connect(Instancer::fixed(instances))
}

fn told<R: std::fmt::Debug>(result: Result<R, Error>) -> (Code, String) {
    let error = result.unwrap_err();
    (error.code(), error.message().to_owned())
}

#[tokio::test]
async fn all_methods_do_as_the_service_does() {
    let service = Profilesvc::start(&[]);
    let client = client([service.instance()]);
    let id = || "a/b".to_owned();
    client.post_profile.invoke(profile("a/b", "first")).await.unwrap();
    assert_eq!(client.get_profile.invoke(id()).await.unwrap(), profile("a/b", "first"));
    client.put_profile.invoke((id(), profile("a/b", "second"))).await.unwrap();
    client.patch_profile.invoke((id(), profile("", "third"))).await.unwrap();
    assert_eq!(client.get_addresses.invoke(id()).await.unwrap(), []);
    client.post_address.invoke((id(), address("x", "here"))).await.unwrap();
    client.post_address.invoke((id(), address("y", "there"))).await.unwrap();
    assert_eq!(client.get_address.invoke((id(), "y".to_owned())).await.unwrap(), address("y", "there"));
    client.delete_address.invoke((id(), "x".to_owned())).await.unwrap();
    assert_eq!(client.get_addresses.invoke(id()).await.unwrap(), [address("y", "there")]);
    assert_eq!(client.get_profile.invoke(id()).await.unwrap().name, "third");
    client.delete_profile.invoke(id()).await.unwrap();
    service.bad("GET", "/profiles/a%2Fb", "", 404, "not found");
}

#[tokio::test]
async fn what_the_service_refuses_is_an_error_with_its_code() {
    let service = Profilesvc::start(&[]);
    let client = client([service.instance()]);
    let (id, missing) = (|| "1".to_owned(), (Code::NotFound, "not found".to_owned()));
    assert_eq!(told(client.get_profile.invoke(id()).await), missing);
    assert_eq!(told(client.patch_profile.invoke((id(), profile("1", "a"))).await), missing);
    assert_eq!(told(client.delete_profile.invoke(id()).await), missing);
    assert_eq!(told(client.get_addresses.invoke(id()).await), missing);
    assert_eq!(told(client.get_address.invoke((id(), id())).await), missing);
    assert_eq!(told(client.post_address.invoke((id(), address("x", "here"))).await), missing);
    assert_eq!(told(client.delete_address.invoke((id(), id())).await), missing);
    client.post_profile.invoke(profile("1", "a")).await.unwrap();
    let twice = client.post_profile.invoke(profile("1", "a")).await;
    assert_eq!(told(twice), (Code::AlreadyExists, "already exists".to_owned()));
    let another = client.put_profile.invoke((id(), profile("2", "a"))).await;
    assert_eq!(told(another), (Code::InvalidArgument, "inconsistent IDs".to_owned()));
    let nameless = client.post_profile.invoke(profile("", "a")).await;
    assert_eq!(told(nameless), (Code::InvalidArgument, "an id is empty, . or ..".to_owned()));
}

#[tokio::test]
async fn instances_are_called_one_after_the_other() {
    let services = [Profilesvc::start(&[]), Profilesvc::start(&[])];
    for (service, name) in services.iter().zip(["a", "b"]) {
        service.good("POST", "/profiles/", &format!(r#"{{"id":"1","name":"{name}"}}"#), "{}");
    }
    let client = client(services.each_ref().map(Profilesvc::instance));
    let mut names = String::new();
    for _ in 0..6 {
        names += &client.get_profile.invoke("1".to_owned()).await.unwrap().name;
    }
    assert!(names == "ababab" || names == "bababa", "{names}");
}

#[tokio::test]
async fn no_call_fails_where_one_of_two_instances_is_killed_and_so_nothing_is_sent_to_it() {
    let [left, killed] = [Profilesvc::start(&[]), Profilesvc::start(&[])];
    let client = client([left.instance(), killed.instance()]);
    killed.process.kill();
    // Posts too are sent to the other one: they never arrived.
    for id in 0..10 {
        client.post_profile.invoke(profile(&id.to_string(), "a")).await.unwrap();
        client.get_profile.invoke(id.to_string()).await.unwrap();
    }
}

/// An instance that takes requests and answers none: it hangs up, or says nothing. How many came is counted.
fn mute(hangs_up: bool) -> (Instance, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (instance, requests) = (listener.local_addr().unwrap().into(), Arc::new(AtomicUsize::new(0)));
    let counted = requests.clone();
    thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            if stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {
                counted.fetch_add(1, Ordering::SeqCst);
            }
            if !hangs_up {
                held.push(stream);
            }
        }
    });
    (instance, requests)
}

#[tokio::test]
async fn what_may_have_arrived_is_sent_again_unless_it_is_a_post() {
    let id = || "1".to_owned();
    for (method, sent) in [
        ("get", 3),
        ("put", 3),
        ("patch", 3),
        ("delete", 3),
        ("get addresses", 3),
        ("get address", 3),
        ("delete address", 3),
        ("post", 1),
        ("post address", 1),
    ] {
        let (instance, requests) = mute(true);
        let client = client([instance]);
        let failed = match method {
            "get" => client.get_profile.invoke(id()).await.map(drop),
            "put" => client.put_profile.invoke((id(), profile("1", "a"))).await,
            "patch" => client.patch_profile.invoke((id(), profile("1", "a"))).await,
            "delete" => client.delete_profile.invoke(id()).await,
            "get addresses" => client.get_addresses.invoke(id()).await.map(drop),
            "get address" => client.get_address.invoke((id(), id())).await.map(drop),
            "delete address" => client.delete_address.invoke((id(), id())).await,
            "post" => client.post_profile.invoke(profile("1", "a")).await,
            _ => client.post_address.invoke((id(), address("x", "here"))).await,
        };
        assert_eq!(failed.unwrap_err().code(), Code::Unavailable, "{method}");
        assert_eq!(requests.load(Ordering::SeqCst), sent, "{method}");
    }
}

#[tokio::test]
async fn a_call_takes_half_a_second_at_most() {
    let (instance, requests) = mute(false);
    let client = client([instance]);
    let start = Instant::now();
    assert_eq!(client.get_profile.invoke("1".to_owned()).await.unwrap_err().code(), Code::DeadlineExceeded);
    assert!((Duration::from_millis(490)..Duration::from_secs(5)).contains(&start.elapsed()), "{:?}", start.elapsed());
    assert_eq!(requests.load(Ordering::SeqCst), 1);
}

/// An instance that says the same to all, `{}`, and hands on what it is asked.
fn says(head: &'static str) -> (Instance, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (instance, (hears, heard)) = (listener.local_addr().unwrap().into(), mpsc::channel());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut request) = (stream.unwrap(), [0; 4096]);
            let read = stream.read(&mut request).unwrap_or_default();
            let _ = hears.send(String::from_utf8_lossy(&request[..read]).to_ascii_lowercase());
            let json = "connection: close\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
            let _ = stream.write_all(format!("HTTP/1.1 {head}\r\n{json}").as_bytes());
        }
    });
    (instance, heard)
}

#[tokio::test]
async fn a_call_hands_on_the_half_second_it_has_and_nothing_that_came_with_a_request() {
    let (instance, heard) = says("200 OK");
    let mut request = Request::new("1".to_owned());
    request.context_mut().metadata_mut().insert("x-other".parse().unwrap(), "1".parse().unwrap());
    let _ = client([instance]).get_profile.invoke(request).await;
    let asked = heard.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(!asked.contains("x-other"), "{asked}");
    let left = asked.lines().find_map(|line| line.strip_prefix("towerkit-timeout: ")).unwrap();
    let left: u64 = match left.strip_suffix('m') {
        Some(millis) => millis.parse().unwrap(),
        None => left.strip_suffix('u').unwrap().parse::<u64>().unwrap() / 1000,
    };
    assert!(left <= 500, "{asked}");
}

#[tokio::test]
async fn an_instance_that_asks_for_patience_keeps_no_call_waiting_that_another_can_serve() {
    let service = Profilesvc::start(&[]);
    service.good("POST", "/profiles/", r#"{"id":"1","name":"a"}"#, "{}");
    let (busy, heard) = says("503 Service Unavailable\r\nretry-after: 60");
    let client = client([busy, service.instance()]);
    for _ in 0..2 {
        assert_eq!(client.get_profile.invoke("1".to_owned()).await.unwrap(), profile("1", "a"));
    }
    assert!(heard.try_recv().is_ok());
}

#[tokio::test]
async fn a_reply_that_is_not_the_services_is_an_error() {
    let (instance, _heard) = says("200 OK");
    let found = client([instance]).get_profile.invoke("1".to_owned()).await;
    assert_eq!(told(found), (Code::Internal, "the service's reply can't be read".to_owned()));
}
