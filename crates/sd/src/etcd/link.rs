use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use etcd_client::{Client, ConnectOptions, GetOptions, KvClient, LeaseClient, WatchClient};
use tokio::sync::Mutex;
use tokio::time::Instant;
use towerkit_endpoint::Code;

use super::REGISTRY;
use super::client::Settings;
use super::error::{breaks, timely};
use crate::RegistryError;

/// The longest message that is read. etcd takes no request above 1.5 MB, but puts many values into an answer.
const LONGEST_MESSAGE: usize = 64 * 1024 * 1024;

/// How often a connection is tried by HTTP/2's ping while something is open on it, and how long that may take. A server
/// may refuse a client that pings more often than each 5 s.
const PING: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(5));

/// A connection to one member.
pub(super) struct Link {
    client: Client,
    broken: AtomicBool,
}

impl Link {
    pub(super) fn kv(&self) -> KvClient {
        self.client.kv_client().max_decoding_message_size(LONGEST_MESSAGE)
    }

    pub(super) fn watches(&self) -> WatchClient {
        self.client.watch_client().max_decoding_message_size(LONGEST_MESSAGE)
    }

    pub(super) fn leases(&self) -> LeaseClient {
        self.client.lease_client()
    }

    /// Takes note of an error: where it says so, who asks for a connection after this gets a new one.
    pub(super) fn note<T>(&self, result: Result<T, RegistryError>) -> Result<T, RegistryError> {
        if result.as_ref().is_err_and(breaks) {
            self.broken.store(true, Ordering::Relaxed);
        }
        result
    }
}

/// The one connection that all share who use it at a time.
#[derive(Clone)]
pub(super) struct Links {
    settings: Arc<Settings>,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    next: usize,
    /// It is closed with the last that uses it.
    current: Weak<Link>,
    failed: Option<(Instant, Code, String)>,
}

impl Links {
    pub(super) fn new(settings: Settings) -> Self {
        let next = fastrand::usize(..settings.members.len().max(1));
        let shared = Shared { next, current: Weak::new(), failed: None };
        Self { settings: Arc::new(settings), shared: Arc::new(Mutex::new(shared)) }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The connection, or a new one: to the first member that answers, each tried once. The one that failed last comes
    /// last.
    pub(super) async fn link(&self) -> Result<Arc<Link>, RegistryError> {
        let asked = Instant::now();
        let mut shared = self.shared.lock().await;
        if let Some(link) = shared.current.upgrade().filter(|link| !link.broken.load(Ordering::Relaxed)) {
            return Ok(link);
        }
        // What another found out while this one waited holds for both: they would else wait for each other's tries.
        if let Some((_, code, what)) = shared.failed.as_ref().filter(|(at, ..)| *at >= asked) {
            return Err(RegistryError::new(REGISTRY, *code, what.clone()));
        }
        let members = &self.settings.members;
        let mut last = None;
        for member in members.iter().cycle().skip(shared.next).take(members.len()) {
            shared.next = (shared.next + 1) % members.len();
            match self.dial(member).await {
                Ok(link) => {
                    let link = Arc::new(link);
                    shared.current = Arc::downgrade(&link);
                    return Ok(link);
                }
                Err(error) => last = Some(error),
            }
        }
        let error = last.unwrap_or_else(|| RegistryError::unavailable(REGISTRY, "there is no member"));
        let what = error.to_string();
        let what = what.strip_prefix("etcd: ").unwrap_or(&what).to_owned();
        shared.failed = Some((Instant::now(), error.code(), what));
        Err(error)
    }

    async fn dial(&self, member: &str) -> Result<Link, RegistryError> {
        let Settings { connect_timeout, request_timeout, .. } = *self.settings;
        let options = self.options();
        let client =
            timely(member, connect_timeout + request_timeout, Client::connect([member], Some(options))).await?;
        let link = Link { client, broken: AtomicBool::new(false) };
        // It connects at the first request. One that goes through the leader shows that the member is of the cluster
        // still.
        let count = GetOptions::new().with_count_only();
        let asked =
            timely(member, connect_timeout + request_timeout, link.kv().get(&*self.settings.prefix, Some(count))).await;
        match asked {
            Err(error) if breaks(&error) => Err(error),
            Ok(_) | Err(_) => Ok(link),
        }
    }

    fn options(&self) -> ConnectOptions {
        let mut options = ConnectOptions::new()
            .with_connect_timeout(self.settings.connect_timeout)
            .with_keep_alive(PING.0, PING.1)
            .with_keep_alive_while_idle(false)
            // A member that has lost the cluster ends its watches.
            .with_require_leader(true)
            .with_auto_token_refresh(true);
        if let Some((name, password)) = &self.settings.user {
            options = options.with_user(&**name, &**password);
        }
        if let Some(tls) = &self.settings.tls {
            options = options.with_tls(tls.clone());
        }
        options
    }
}
