//! Foreign clients and a foreign server.

use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use tokio::net::TcpStream;
use towerkit_endpoint::{Endpoint, NotSent};
use towerkit_testing::tool::find;
use towerkit_transport_http::Pool;

use crate::certs::Authority;
use crate::site::{Site, call, soon};

async fn run(mut command: Command) -> Output {
    let running = tokio::task::spawn_blocking(move || command.stdin(Stdio::null()).output().unwrap());
    soon(running).await.unwrap()
}

fn all(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// What `openssl s_client` sees, which sends a request and reads until the server closes.
async fn s_client(test: &str, site: &Site, authority: &Authority, arguments: &[&str]) -> Option<String> {
    let openssl = find("openssl", test)?;
    let mut command = Command::new("sh");
    command.args(["-c", r#"printf 'GET /who HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n' | "$0" "$@""#]);
    command.arg(openssl).args(["s_client", "-ign_eof", "-verify_return_error", "-servername", "localhost"]);
    command.arg("-connect").arg(site.address.to_string()).arg("-CAfile").arg(authority.ca()).args(arguments);
    Some(all(&run(command).await))
}

#[tokio::test]
async fn openssl_with_a_certificate_is_served() {
    let authority = Authority::with_both();
    let site = Site::start(authority.mutual()).await;
    let (cert, key) = (authority.cert("cart"), authority.key("cart"));
    for version in ["-tls1_2", "-tls1_3"] {
        let arguments = ["-cert", cert.to_str().unwrap(), "-key", key.to_str().unwrap(), version];
        let test = "openssl_with_a_certificate_is_served";
        let Some(seen) = s_client(test, &site, &authority, &arguments).await else { return };
        assert!(seen.contains("HTTP/1.1 200 OK") && seen.contains(r#"common_name: Some("cart")"#), "{seen}");
    }
}

#[tokio::test]
async fn openssl_without_a_certificate_gets_the_alert() {
    let authority = Authority::with_both();
    let site = Site::start(authority.mutual()).await;
    let test = "openssl_without_a_certificate_gets_the_alert";
    // TLS 1.2 has no alert of its own for it.
    for (version, alert) in [("-tls1_3", "alert certificate required"), ("-tls1_2", "alert number")] {
        let Some(seen) = s_client(test, &site, &authority, &[version]).await else { return };
        assert!(seen.contains(alert) && !seen.contains("200 OK"), "{seen}");
    }
    site.told("peer sent no certificates").await;
}

#[tokio::test]
async fn openssl_sees_what_alpn_agreed_on() {
    let authority = Authority::with_both();
    let site = Site::start(authority.server()).await;
    let test = "openssl_sees_what_alpn_agreed_on";
    for (offer, says) in [
        ("http/1.1,h2", "ALPN protocol: h2"),
        ("http/1.1", "ALPN protocol: http/1.1"),
        ("smtp", "alert no application protocol"),
    ] {
        let Some(seen) = s_client(test, &site, &authority, &["-alpn", offer]).await else { return };
        assert!(seen.contains(says), "{offer}: {seen}");
    }
    let Some(seen) = s_client(test, &site, &authority, &[]).await else { return };
    assert!(seen.contains("No ALPN negotiated") && seen.contains("HTTP/1.1 200 OK"), "{seen}");
}

#[tokio::test]
async fn openssl_with_tls_1_1_is_refused() {
    let authority = Authority::with_both();
    let site = Site::start(authority.server()).await;
    let test = "openssl_with_tls_1_1_is_refused";
    // Openssl itself has 1.1 off unless the level is 0.
    for (version, served) in [("-tls1_1", false), ("-tls1_2", true)] {
        let arguments = [version, "-cipher", "ALL:@SECLEVEL=0"];
        let Some(seen) = s_client(test, &site, &authority, &arguments).await else { return };
        assert_eq!((seen.contains("SSL alert number"), seen.contains("200 OK")), (!served, served), "{seen}");
    }
    site.told("handshake of 127.0.0.1").await;
}

#[tokio::test]
async fn curl_speaks_both_protocols() {
    let Some(curl) = find("curl", "curl_speaks_both_protocols") else { return };
    let authority = Authority::with_both();
    let site = Site::start(authority.mutual()).await;
    for (flag, version) in [("--http2", "2"), ("--http1.1", "1.1")] {
        let mut command = Command::new(&curl);
        command.args(["--silent", "--show-error", flag, "--write-out", " %{http_version} %{http_code}"]);
        command.arg("--cacert").arg(authority.ca());
        command.arg("--cert").arg(authority.cert("cart")).arg("--key").arg(authority.key("cart"));
        command.arg(format!("{}/who", site.url()));
        let seen = all(&run(command).await);
        assert!(seen.contains("cart.test") && seen.ends_with(&format!(" {version} 200")), "{seen}");
    }
}

struct Kill(Child);

impl Drop for Kill {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn our_client_calls_a_server_of_openssl() {
    let Some(openssl) = find("openssl", "our_client_calls_a_server_of_openssl") else { return };
    let authority = Authority::with_both();
    let port = towerkit_testing::process::free_port();
    let mut command = Command::new(openssl);
    command.args(["s_server", "-www", "-Verify", "1", "-verify_return_error", "-accept", &port.to_string()]);
    command.arg("-cert").arg(authority.cert("server")).arg("-key").arg(authority.key("server"));
    command.arg("-CAfile").arg(authority.ca()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _server = Kill(command.spawn().unwrap());
    soon(async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    let url = format!("https://localhost:{port}");
    let page = soon(call(Pool::builder().tls(authority.cart()), &url, "/").invoke(())).await;
    // It says what it saw; its page is HTML, and has no length.
    let page = page.unwrap_or_else(|error| format!("{error:?}"));
    assert!(page.contains("TLSv1.3") && page.contains("Subject: CN=cart"), "{page}");

    // It has no ALPN, so there is no HTTP/2.
    let http2 = call(Pool::builder().http2().tls(authority.cart()), &url, "/");
    let error = soon(http2.invoke(())).await.unwrap_err();
    assert!(error.get::<NotSent>().is_some() && format!("{error:?}").contains("agree on HTTP/2"), "{error:?}");
}
