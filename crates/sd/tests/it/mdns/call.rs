//! From what a peer announces to a call on a real socket.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

use towerkit_endpoint::{Code, Endpoint, Error, endpoint_fn};
use towerkit_sd::balancer::RoundRobin;
use towerkit_sd::{Endpointer, Instancer};

use super::peer::Peer;
use super::{there_is_multicast, until, with_all};

/// A server that says one word to whoever comes, and its port.
fn greeter(word: &'static str) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.incoming().flatten().for_each(|mut stream| drop(stream.write_all(word.as_bytes()))));
    port
}

/// What an instance says when it is called.
async fn called(instancer: Instancer) -> String {
    let greeters = Endpointer::new(instancer, |instance| Ok(instance.address().to_owned()));
    let greet = greeters.balance(RoundRobin::new(), |address: &String| {
        let address = address.clone();
        endpoint_fn(move |(): ()| {
            let address = address.clone();
            async move {
                let mut word = String::new();
                TcpStream::connect(address)
                    .and_then(|mut stream| stream.read_to_string(&mut word))
                    .map_err(|error| Error::new(Code::Unavailable, error.to_string()))?;
                Ok::<_, Error>(word)
            }
        })
    });
    greet.invoke(()).await.unwrap()
}

#[tokio::test]
async fn an_instance_of_the_neutral_peer_is_called_over_a_real_socket() {
    let test = "an_instance_of_the_neutral_peer_is_called_over_a_real_socket";
    let Some(peer) = Peer::find(test) else { return };
    if !there_is_multicast(test) {
        return;
    }
    let _peer = peer.register("_towerkit-e._tcp.local.", "greeter", greeter("hello"), 120, &[]).await;
    let mut instancer = with_all().service("towerkit-e").unwrap().instancer();
    until(&mut instancer, "it is there", |state| state.instances().len() == 1).await;
    assert_eq!(called(instancer).await, "hello");
}
