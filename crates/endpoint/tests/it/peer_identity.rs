use towerkit_endpoint::{Context, PeerIdentity};

fn cart() -> PeerIdentity {
    PeerIdentity::new()
        .with_chain([vec![1, 2, 3], vec![4]])
        .with_common_name("cart")
        .with_dns_names(["cart.test", "cart.internal"])
        .with_uris(["spiffe://shop.test/cart"])
        .with_emails(["cart@shop.test"])
        .with_addresses(["192.0.2.7".parse().unwrap()])
}

#[test]
fn an_identity_has_the_names_that_it_was_given() {
    let cart = cart();
    assert_eq!(cart.chain().collect::<Vec<_>>(), [&[1, 2, 3][..], &[4]]);
    assert_eq!(cart.common_name(), Some("cart"));
    assert_eq!(cart.dns_names(), ["cart.test", "cart.internal"]);
    assert_eq!(cart.uris(), ["spiffe://shop.test/cart"]);
    assert_eq!(cart.emails(), ["cart@shop.test"]);
    assert_eq!(cart.addresses(), ["192.0.2.7".parse::<std::net::IpAddr>().unwrap()]);
}

#[test]
fn one_without_names_has_none() {
    let nobody = PeerIdentity::new();
    assert_eq!((nobody.chain().len(), nobody.common_name()), (0, None));
    assert!(nobody.dns_names().is_empty() && nobody.uris().is_empty());
    assert!(nobody.emails().is_empty() && nobody.addresses().is_empty());
}

#[test]
fn a_change_of_a_clone_does_not_change_what_it_was_cloned_from() {
    let cart = cart();
    let other = cart.clone().with_common_name("other").with_dns_names(["other.test"]);
    assert_eq!((cart.common_name(), cart.dns_names().len()), (Some("cart"), 2));
    assert_eq!((other.common_name(), other.dns_names().len()), (Some("other"), 1));
    assert_eq!(other.uris(), cart.uris());
}

#[test]
fn it_stays_with_the_request_and_does_not_go_along_with_outgoing_calls() {
    let mut context = Context::new();
    context.insert(cart());
    assert_eq!(context.get::<PeerIdentity>().unwrap().common_name(), Some("cart"));
    assert!(context.outgoing().get::<PeerIdentity>().is_none());
}

#[test]
fn debug_shows_the_names_and_not_the_certificates() {
    let text = format!("{:?}", cart());
    assert!(text.contains("cart.test") && text.contains("spiffe://shop.test/cart"));
    assert!(!text.contains("[1, 2, 3]") && !text.contains("chain"), "{text}");
}
