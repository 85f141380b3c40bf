//! A browser's own `EventSource`, in headless Chromium.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::stream;
use serde_json::{Value, json};
use towerkit_endpoint::{BoxStream, Error, endpoint_fn};
use towerkit_testing::events::Events as Seen;
use towerkit_testing::tool::find;
use towerkit_transport_http::codec::{Empty, Json, Raw};
use towerkit_transport_http::sse::{Event, Events, LastEventId};
use towerkit_transport_http::{Router, Server};

use crate::site::Site;

/// Reads events until it has seen the one called `end`, and sends what it saw.
const PAGE: &str = r#"<!doctype html><title>events</title><script>
const seen = [];
const source = new EventSource("/events");
const note = (event) => seen.push([event.type, event.lastEventId, event.data]);
source.onmessage = note;
source.addEventListener("price", note);
source.addEventListener("end", (event) => {
  note(event);
  source.close();
  fetch("/seen", {method: "POST", headers: {"content-type": "application/json"}, body: JSON.stringify(seen)});
});
</script>"#;

struct Browser {
    child: Child,
    profile: std::path::PathBuf,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_reads_the_events_and_comes_back_for_more() {
    let Some(chromium) = find("chromium", "a_browser_reads_the_events_and_comes_back_for_more") else { return };
    let asked = Seen::new();
    let last_ids = asked.clone();
    let events = endpoint_fn(move |LastEventId(last): LastEventId| {
        last_ids.push(last.clone());
        let events = match last.as_deref() {
            None => vec![
                Event::comment("to begin with"),
                Event::data("plain").with_retry(Duration::from_millis(50)),
                Event::data("two\nlines").named("price").with_id("7"),
            ],
            Some(_) => vec![Event::data("that is all").named("end").with_id("8")],
        };
        async move { Ok::<BoxStream<Event>, Error>(Box::pin(stream::iter(events.into_iter().map(Ok)))) }
    });
    let page = endpoint_fn(|()| async { Ok::<_, Error>(PAGE) });
    let seen = Seen::new();
    let heard = seen.clone();
    let hear = endpoint_fn(move |what: Value| {
        heard.push(what);
        async { Ok::<_, Error>(()) }
    });
    let routes = Router::new()
        .get("/", Server::new(page, Empty, Raw::new("text/html; charset=utf-8")))
        .get("/events", Server::new(events, Events::new(), Events::new()))
        .post("/seen", Server::new(hear, Json, Empty));
    let site = Site::start(routes).await;

    let profile = std::env::temp_dir().join(format!("towerkit-chromium-{}", std::process::id()));
    let child = Command::new(chromium)
        .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--remote-debugging-address=127.0.0.1", "--remote-debugging-port=0"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(&site.url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let browser = Browser { child, profile };
    let seen = seen.wait_len(1, Duration::from_secs(60)).await;
    drop(browser);
    let expected = json!([["message", "", "plain"], ["price", "7", "two\nlines"], ["end", "8", "that is all"]]);
    assert_eq!(seen, [expected]);
    assert_eq!(asked.snapshot(), [None, Some("7".to_owned())]);
}
