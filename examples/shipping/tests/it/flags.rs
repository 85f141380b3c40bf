use crate::programs::{Program, address, refused};

#[test]
fn it_says_where_it_listens_and_whom_it_asks_for_routes() {
    let mut shipping = Program::shipping(7878);
    let told = format!(
        "shipping listens for HTTP on {}, and asks http://127.0.0.1:7878 for routes; try:",
        address(shipping.port)
    );
    shipping.told(&told);
}

#[test]
fn a_port_that_is_taken_is_reported_with_its_flag() {
    let first = Program::alone();
    let told = refused(&["--http-addr", &address(first.port)]);
    assert!(told.starts_with(&format!("error: --http-addr {}: ", address(first.port))), "{told}");
}

#[test]
fn a_routing_url_that_is_none_is_reported_with_its_flag_and_without_what_it_holds() {
    let told = refused(&["--routing-url", "http://user:secret@127.0.0.1:7878"]);
    assert!(told.starts_with("error: --routing-url: ") && !told.contains("secret"), "{told}");
}
