use towerkit_testing::consul::Consul;
use towerkit_testing::wait;

use crate::greeter::{Greeter, SOON, greet, refused};

#[test]
fn its_client_finds_it_in_consul_and_it_is_gone_from_there_before_it_stops() {
    let test = "its_client_finds_it_in_consul_and_it_is_gone_from_there_before_it_stops";
    let Some(consul) = Consul::start(test) else { return };
    let flags = ["--consul-addr", &consul.address()];
    let mut greeter = Greeter::start(&flags);
    let registered = format!("\"Port\":{}", greeter.grpc);
    // Consul writes JSON with spaces in some modes.
    let known = || consul.passing("greeter").split_whitespace().collect::<String>();
    // The service is ready though a first try to register it should fail.
    wait::until_blocking("it is registered", SOON, || known().contains(&registered));
    assert_eq!(greet("Ada", &flags), "Hello Ada\n");

    greeter.process.signal("TERM");
    wait::until_blocking("it is gone from Consul", SOON, || known() == "[]");
    let (status, said) = greeter.process.ended(SOON);
    assert!(status.success(), "{said}");
    // Callers that have not heard of it yet are served: it serves until the registration has stopped.
    let end = |member: &str| said.rfind(member).unwrap_or_else(|| panic!("no {member}: {said}"));
    assert!(end("registration") < end("msg=\"http: "), "{said}");
}

#[test]
fn an_address_that_cant_be_registered_is_refused_with_its_flag_and_what_to_do() {
    let flags = ["--http-addr", "127.0.0.1:0", "--grpc-addr", "0.0.0.0:0", "--consul-addr", "127.0.0.1:1"];
    let told = refused(&flags);
    assert!(told.contains("--grpc-addr: 0.0.0.0:") && told.contains("listen on one address"), "{told}");
}
