//! From the record to a call on a real socket.

use towerkit_endpoint::Endpoint;

use super::servers::Dnsmasq;
use super::{dns, first};
use crate::support::{greet, greeter};

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
        assert_eq!(greet(instancer).invoke(()).await.unwrap(), "hello");
    }
}
