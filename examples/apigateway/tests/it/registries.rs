use std::sync::Arc;

use towerkit_testing::wait;

use crate::consul::Consul;
use crate::load::Load;
use crate::programs::{Program, SOON, addcli};

#[test]
fn services_meet_their_gateway_in_consul_whoever_comes_first() {
    let test = "services_meet_their_gateway_in_consul_whoever_comes_first";
    let Some(consul) = Consul::start(test) else { return };
    let flag = consul.flag();
    let flag = flag.each_ref().map(String::as_str);
    let mut gateway = Program::gateway(&flag);
    gateway.told("addsvc is where the registry says, stringsvc is where the registry says", 1);
    let (status, told) = gateway.post("/addsvc/sum", r#"{"a":1,"b":2}"#);
    assert!(status == 503 && told.contains("no instance of the service is available"), "{status} {told}");

    let mut addsvc = Program::addsvc(&flag);
    addsvc.told("addsvc in the registry: registered", 1);
    let mut stringsvc = Program::stringsvc(&flag);
    stringsvc.told("stringsvc in the registry: registered", 1);
    wait::until_blocking("both are found", SOON, || {
        gateway.post("/addsvc/sum", r#"{"a":1,"b":2}"#).0 == 200
            && gateway.post("/stringsvc/count", r#"{"s":"foo"}"#).0 == 200
    });
}

#[test]
fn an_instance_is_registered_at_its_grpc_address_with_the_others_as_labels() {
    let test = "an_instance_is_registered_at_its_grpc_address_with_the_others_as_labels";
    let Some(consul) = Consul::start(test) else { return };
    let flag = consul.flag();
    let flag = flag.each_ref().map(String::as_str);
    let mut addsvc = Program::addsvc(&[&flag[..], &["--advertise", "localhost"]].concat());
    addsvc.told("addsvc in the registry: registered", 1);
    let [(address, labels)] = &*consul.instances("addsvc") else { panic!("it is not registered, or twice") };
    assert_eq!(*address, format!("localhost:{}", addsvc.port));
    let at = |label: &str| labels[label].as_str().unwrap().strip_prefix("localhost:").unwrap().to_owned();
    let said = addsvc.process.said();
    assert!(said.contains(&format!("for HTTP on 127.0.0.1:{},", at("http"))), "{said}");
    assert!(said.contains(&format!("for JSON-RPC on 127.0.0.1:{},", at("jsonrpc"))), "{said}");
}

#[test]
fn no_call_fails_when_an_instance_is_stopped_and_it_is_gone_from_consul() {
    let test = "no_call_fails_when_an_instance_is_stopped_and_it_is_gone_from_consul";
    let Some(consul) = Consul::start(test) else { return };
    let flag = consul.flag();
    let flag = [&*flag[0], &*flag[1], "--linger", "1"];
    let [mut left, mut stopped] = [Program::addsvc(&flag), Program::addsvc(&flag)];
    left.told("addsvc in the registry: registered", 1);
    stopped.told("addsvc in the registry: registered", 1);
    // With one attempt a call: nothing is made good.
    let mut gateway = Program::gateway(&[flag[0], flag[1], "--retry-max", "1"]);
    gateway.told("2 instances: ", 1);
    let gateway = Arc::new(gateway);
    let load = Load::start(&gateway);
    load.goes_on(200);
    let status = stopped.process.terminate(SOON);
    load.goes_on(200);
    assert_eq!(load.failed(), []);
    assert!(status.success(), "{status}");
    let addresses: Vec<_> = consul.instances("addsvc").into_iter().map(|(address, _)| address).collect();
    assert_eq!(addresses, [left.address()]);
    assert!(gateway.process.said().contains("1 instances: 0 came, 1 went"), "{}", gateway.process.said());
}

#[test]
fn addcli_finds_the_instances_in_consul_and_calls_each_where_it_has_the_transport() {
    let test = "addcli_finds_the_instances_in_consul_and_calls_each_where_it_has_the_transport";
    let Some(consul) = Consul::start(test) else { return };
    let flag = consul.flag();
    let flag = flag.each_ref().map(String::as_str);
    let mut addsvcs = [Program::addsvc(&flag), Program::addsvc(&flag)];
    addsvcs.iter_mut().for_each(|one| one.told("addsvc in the registry: registered", 1));
    let mut lines = addsvcs.each_ref().map(|one| format!("{}: 2 answered, 0 failed\n", one.address()));
    lines.sort();
    for transport in ["grpc", "http", "jsonrpc"] {
        let said = addcli(&["--instancer", &format!("consul:{}", flag[1]), "--transport", transport, "--times", "4"]);
        assert_eq!(said, format!("1 + 2 = 3\n{}", lines.concat()), "{transport}");
    }
}

#[test]
fn stringsvc_is_gone_from_consul_after_it_was_stopped() {
    let Some(consul) = Consul::start("stringsvc_is_gone_from_consul_after_it_was_stopped") else { return };
    let flag = consul.flag();
    let mut stringsvc = Program::stringsvc(&[&flag[0], &flag[1], "--linger", "0"]);
    stringsvc.told("stringsvc in the registry: registered", 1);
    assert_eq!(consul.instances("stringsvc").len(), 1);
    assert!(stringsvc.process.terminate(SOON).success());
    assert_eq!(consul.instances("stringsvc"), []);
}

#[test]
fn an_instance_that_was_taken_out_still_serves_while_it_lingers() {
    let test = "an_instance_that_was_taken_out_still_serves_while_it_lingers";
    let Some(consul) = Consul::start(test) else { return };
    let flag = consul.flag();
    let mut addsvc = Program::addsvc_by_http(&[&flag[0], &flag[1], "--linger", "60"]);
    addsvc.told("addsvc in the registry: registered", 1);
    addsvc.process.signal("TERM");
    wait::until_blocking("it is taken out", SOON, || consul.instances("addsvc").is_empty());
    for _ in 0..100 {
        assert_eq!(addsvc.post("/sum", r#"{"a":1,"b":2}"#), (200, r#"{"v":3}"#.to_owned()));
    }
}
