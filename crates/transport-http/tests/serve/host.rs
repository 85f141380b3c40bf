use crate::site::Site;

#[tokio::test]
async fn a_host_that_breaks_rfc_9112_gets_400_that_says_so_and_the_connection_stays() {
    let site = Site::start().await;
    let mut client = site.connect().await;
    for (headers, says) in [
        ("", "host: is missing"),
        ("host: a\r\nhost: a\r\n", "host: stands more than once"),
        ("host: a\r\nhost: b\r\n", "host: stands more than once"),
        ("host: user@a\r\n", "host: is not a host and a port"),
        ("host: a:port\r\n", "host: is not a host and a port"),
        ("host:\r\n", "host: is not a host and a port"),
    ] {
        client.send(format!("GET / HTTP/1.1\r\n{headers}\r\n")).await;
        let reply = client.reply().await;
        assert_eq!((reply.status, reply.header("content-type")), (400, Some("application/problem+json")), "{headers}");
        assert!(reply.body.contains(says), "{headers}: {}", reply.body);
    }
    assert_eq!(client.get("/").await.status, 200);
}

#[tokio::test]
async fn good_hosts_are_served() {
    let site = Site::start().await;
    let mut client = site.connect().await;
    for host in ["a.test", "a.test:80", "[::1]:8080", "127.0.0.1"] {
        client.send(format!("GET / HTTP/1.1\r\nhost: {host}\r\n\r\n")).await;
        assert_eq!(client.reply().await.status, 200, "{host}");
    }
}

#[tokio::test]
async fn a_request_in_absolute_form_is_served_and_needs_a_host_too() {
    let site = Site::start().await;
    let mut client = site.connect().await;
    client.send("GET http://a.test/ HTTP/1.1\r\nhost: a.test\r\n\r\n").await;
    assert_eq!(client.reply().await.body, "hello");
    client.send("GET http://a.test/ HTTP/1.1\r\n\r\n").await;
    assert_eq!(client.reply().await.status, 400);
}
