use towerkit_testing::consul::Consul;
use towerkit_testing::http::get;

use crate::greeter::{Greeter, SOON, greet};

#[test]
fn its_client_finds_it_in_consul_and_it_is_gone_from_there_before_it_stops() {
    let test = "its_client_finds_it_in_consul_and_it_is_gone_from_there_before_it_stops";
    let Some(consul) = Consul::start(test) else { return };
    let flags = ["--consul-addr", &consul.address()];
    let mut greeter = Greeter::start(&flags);
    assert!(consul.passing("greeter").contains(&format!("\"Port\":{}", greeter.grpc)), "{}", consul.passing("greeter"));
    assert_eq!(greet("Ada", &flags), "Hello Ada\n");

    greeter.process.signal("TERM");
    let start = std::time::Instant::now();
    while consul.passing("greeter") != "[]" {
        assert!(start.elapsed() < SOON, "it is still there: {}", consul.passing("greeter"));
    }
    // Callers that have not heard of it yet are served.
    assert_eq!(get(greeter.http, "/greeting?name=Ada").status, 200);
    let (status, said) = greeter.process.ended(SOON);
    assert!(status.success(), "{said}");
}
