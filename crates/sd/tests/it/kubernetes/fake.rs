//! An API server that knows EndpointSlices: lists in pages, watches with bookmarks, versions that get too old; and
//! faults.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout};

/// How often a watch is told the version.
const BOOKMARKS: Duration = Duration::from_millis(50);

/// The server. Dropped, it is gone with all its connections.
pub(super) struct ApiServer {
    port: u16,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    store: Mutex<Store>,
    /// Counts what watches must look at.
    changes: watch::Sender<u64>,
}

/// What it knows, and how it behaves.
#[derive(Default)]
pub(super) struct Store {
    version: u64,
    /// The oldest version from which a watch may go on.
    oldest: u64,
    slices: BTreeMap<String, Value>,
    /// All changes, by version.
    log: Vec<(u64, &'static str, Value)>,
    /// The lists that are read in pages, by version.
    lists: BTreeMap<u64, Vec<Value>>,
    /// Raw text that watches send, after the changes before it.
    injected: Vec<(u64, Vec<u8>)>,
    /// Which connections stand.
    epoch: u64,

    /// What was asked: `list`, `page`, `watch`.
    pub(super) requests: Vec<&'static str>,
    /// How many watches run.
    pub(super) watching: usize,
    /// The token that is asked for.
    pub(super) token: Option<String>,
    /// The status that all requests get.
    pub(super) refuse: Option<u16>,
    /// The body that all lists get.
    pub(super) list: Option<String>,
    /// Whether a version that is too old is told by the status, and not by an event.
    pub(super) gone_is_a_status: bool,
    /// Whether watches end at once.
    pub(super) ends_at_once: bool,
    pub(super) no_bookmarks: bool,
}

impl ApiServer {
    pub(super) async fn start() -> Self {
        Self::start_on(0).await
    }

    /// An empty one, on a port.
    pub(super) async fn start_on(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let store = Store { version: 100, oldest: 100, ..Store::default() };
        let shared = Arc::new(Shared { store: Mutex::new(store), changes: watch::Sender::new(0) });
        let task = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Self { port, shared, task }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        self.shared.store()
    }

    /// Writes a slice.
    pub(super) fn put(&self, slice: Value) {
        self.change(|store| store.put(slice));
    }

    pub(super) fn delete(&self, name: &str) {
        self.change(|store| {
            if let Some(slice) = store.slices.remove(name) {
                store.log("DELETED", slice);
            }
        });
    }

    /// Forgets the changes up to now, and the lists that are read in pages.
    pub(super) fn compact(&self) {
        self.change(|store| {
            store.oldest = store.version;
            store.lists.clear();
        });
    }

    /// Ends all connections.
    pub(super) fn cut(&self) {
        self.change(|store| store.epoch += 1);
    }

    /// Has the watches that run now send this.
    pub(super) fn inject(&self, text: impl Into<Vec<u8>>) {
        self.change(|store| {
            let version = store.version;
            store.injected.push((version, text.into()));
        });
    }

    /// How often something was asked.
    pub(super) fn count(&self, what: &str) -> usize {
        self.store().requests.iter().filter(|request| **request == what).count()
    }

    fn change(&self, change: impl FnOnce(&mut Store)) {
        change(&mut self.store());
        self.shared.changes.send_modify(|count| *count += 1);
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    fn put(&mut self, slice: Value) {
        let name = slice["metadata"]["name"].as_str().expect("a name").to_owned();
        let kind = if self.slices.contains_key(&name) { "MODIFIED" } else { "ADDED" };
        let slice = self.log(kind, slice);
        self.slices.insert(name, slice);
    }

    fn log(&mut self, kind: &'static str, mut slice: Value) -> Value {
        self.version += 1;
        slice["metadata"]["resourceVersion"] = json!(self.version.to_string());
        slice["apiVersion"] = json!("discovery.k8s.io/v1");
        slice["kind"] = json!("EndpointSlice");
        self.log.push((self.version, kind, slice.clone()));
        slice
    }

    fn page(&mut self, query: &Query) -> (u16, Value) {
        let limit = query.number("limit").unwrap_or(usize::MAX);
        let (version, from) = match query.get("continue").and_then(|token| token.split_once('.')) {
            Some((version, from)) => (version.parse().expect("our token"), from.parse().expect("our token")),
            None => {
                let selected = self.slices.values().filter(|slice| query.selects(slice)).cloned().collect();
                self.lists.insert(self.version, selected);
                (self.version, 0)
            }
        };
        self.requests.push(if from == 0 { "list" } else { "page" });
        let Some(all) = self.lists.get(&version) else {
            return (410, status(410, "Expired", "the provided continue parameter is too old"));
        };
        let items: Vec<_> = all.iter().skip(from).take(limit).collect();
        let next =
            if from + items.len() < all.len() { format!("{version}.{}", from + items.len()) } else { String::new() };
        let metadata = json!({ "resourceVersion": version.to_string(), "continue": next });
        (
            200,
            json!({ "kind": "EndpointSliceList", "apiVersion": "discovery.k8s.io/v1", "metadata": metadata,
                "items": items }),
        )
    }
}

/// The query of a request, and of which namespace.
struct Query {
    namespace: String,
    parameters: BTreeMap<String, String>,
}

impl Query {
    fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        self.get(name)?.parse().ok()
    }

    /// Whether a slice is in the namespace, and has the one label.
    fn selects(&self, slice: &Value) -> bool {
        let (label, value) =
            self.get("labelSelector").and_then(|selector| selector.split_once('=')).expect("a selector");
        slice["metadata"]["namespace"] == self.namespace && slice["metadata"]["labels"][label] == value
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    // They end with this.
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let epoch = shared.store().epoch;
            let mut changes = shared.changes.subscribe();
            tokio::select! {
                _ = converse(stream, &shared) => {}
                _ = changes.wait_for(|_| shared.store().epoch != epoch) => {}
            }
        });
    }
}

/// One request after the other.
async fn converse(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    while let Some(head) = head(&mut stream).await? {
        let query = query(&head);
        let (refuse, token, list) = {
            let store = shared.store();
            (store.refuse, store.token.clone(), store.list.clone())
        };
        let is_watch = query.get("watch") == Some("true");
        let authorized =
            token.is_none_or(|token| head.to_lowercase().contains(&format!("authorization: bearer {token}\r\n")));
        if !authorized || refuse.is_some() {
            let code = refuse.unwrap_or(401);
            shared.store().requests.push(if is_watch { "watch" } else { "list" });
            answer(&mut stream, code, &status(code, "Refused", "no").to_string()).await?;
        } else if is_watch {
            shared.store().requests.push("watch");
            watch(&mut stream, shared, &query).await?;
        } else if let Some(body) = list {
            shared.store().requests.push("list");
            answer(&mut stream, 200, &body).await?;
        } else {
            let (code, page) = shared.store().page(&query);
            answer(&mut stream, code, &page.to_string()).await?;
        }
    }
    Ok(())
}

async fn head(stream: &mut TcpStream) -> std::io::Result<Option<String>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).await? == 0 {
            return Ok(None);
        }
        head.extend(byte);
    }
    Ok(Some(String::from_utf8(head).expect("text")))
}

fn query(head: &str) -> Query {
    let target = head.strip_prefix("GET ").and_then(|rest| rest.split(' ').next()).expect("a GET");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let namespace = path
        .strip_prefix("/apis/discovery.k8s.io/v1/namespaces/")
        .and_then(|rest| rest.strip_suffix("/endpointslices"));
    let parameters =
        query.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (decoded(name), decoded(value)));
    Query { namespace: namespace.expect("the path of slices").to_owned(), parameters: parameters.collect() }
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8().expect("text").into_owned()
}

fn status(code: u16, reason: &str, message: &str) -> Value {
    json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code, "reason": reason,
        "message": message })
}

async fn answer(stream: &mut TcpStream, code: u16, body: &str) -> std::io::Result<()> {
    let length = body.len();
    let head = format!("HTTP/1.1 {code} Said\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await
}

async fn watch(stream: &mut TcpStream, shared: &Shared, query: &Query) -> std::io::Result<()> {
    let mut from: u64 = query.number("resourceVersion").expect("a version");
    let (oldest, newest, by_status, ends_at_once, mut injected) = {
        let store = shared.store();
        (store.oldest, store.version, store.gone_is_a_status, store.ends_at_once, store.injected.len())
    };
    if from > newest {
        return answer(stream, 504, &status(504, "Timeout", "Too large resource version").to_string()).await;
    }
    let gone = status(410, "Expired", "too old resource version");
    if from < oldest && by_status {
        return answer(stream, 410, &gone.to_string()).await;
    }
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await?;
    let mut changes = shared.changes.subscribe();
    let end = Instant::now() + Duration::from_secs(query.number("timeoutSeconds").expect("a time"));
    let bookmarks = query.get("allowWatchBookmarks") == Some("true");
    if from < oldest {
        event(stream, "ERROR", &gone).await?;
    } else if !ends_at_once {
        let _watching = Watching::new(shared);
        loop {
            let (events, raw) = {
                let store = shared.store();
                let events: Vec<_> = store.log.iter().filter(|(version, ..)| *version > from).cloned().collect();
                let raw: Vec<_> = store.injected.iter().skip(injected).cloned().collect();
                (events, raw)
            };
            injected += raw.len();
            from = events.last().map_or(from, |(version, ..)| *version);
            for (_, kind, slice) in events.iter().filter(|(_, _, slice)| query.selects(slice)) {
                event(stream, kind, slice).await?;
            }
            for (_, text) in raw {
                chunk(stream, &text).await?;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let changed = timeout(left.min(BOOKMARKS), changes.changed()).await;
            if changed.is_err() && bookmarks && !shared.store().no_bookmarks {
                let object = json!({ "kind": "EndpointSlice", "apiVersion": "discovery.k8s.io/v1",
                    "metadata": { "resourceVersion": from.to_string(), "creationTimestamp": null },
                    "endpoints": null, "ports": null });
                event(stream, "BOOKMARK", &object).await?;
            }
        }
    }
    stream.write_all(b"0\r\n\r\n").await
}

async fn event(stream: &mut TcpStream, kind: &str, object: &Value) -> std::io::Result<()> {
    chunk(stream, format!("{}\n", json!({ "type": kind, "object": object })).as_bytes()).await
}

async fn chunk(stream: &mut TcpStream, data: &[u8]) -> std::io::Result<()> {
    stream.write_all(&[format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat()).await
}

/// Counts the watches that run.
struct Watching<'a>(&'a Shared);

impl<'a> Watching<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.store().watching += 1;
        Self(shared)
    }
}

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        self.0.store().watching -= 1;
    }
}
