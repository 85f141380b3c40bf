//! From the record to a call on a real socket.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

use towerkit_endpoint::{Code, Endpoint, Error, endpoint_fn};
use towerkit_sd::balancer::RoundRobin;
use towerkit_sd::{Endpointer, Instancer};

use super::servers::Dnsmasq;
use super::{dns, first};

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

#[tokio::test(flavor = "multi_thread")]
async fn a_target_is_called_by_its_name_and_by_its_address() {
    let test = "a_target_is_called_by_its_name_and_by_its_address";
    let port = greeter("hello");
    let (by_name, by_address) = (
        format!("--srv-host=_name._tcp.svc.test,localhost,{port}"),
        format!("--srv-host=_address._tcp.svc.test,i1.svc.test,{port}"),
    );
    let Some(server) = Dnsmasq::start(test, 60, &[&by_name, &by_address, "--host-record=i1.svc.test,127.0.0.1"]) else {
        return;
    };
    let query = |name| dns(server.port).service(name).unwrap();
    for instancer in [
        query("_name._tcp.svc.test").instancer(),
        query("_address._tcp.svc.test").resolve_targets().instancer(),
        dns(server.port).hosts("i1.svc.test", port).unwrap().instancer(),
    ] {
        assert_eq!(first(instancer.clone()).await.instances().len(), 1);
        assert_eq!(called(instancer).await, "hello");
    }
}
