use std::sync::{Arc, Weak};

use tokio::sync::Mutex;
use tokio::time::Instant;
use towerkit_endpoint::Code;
use zookeeper_client::{Client, SessionState};

use super::REGISTRY;
use super::client::Settings;
use super::error::timely;
use crate::RegistryError;

/// The one session that all share who use it at a time.
#[derive(Clone)]
pub(super) struct Sessions {
    settings: Arc<Settings>,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    /// It is closed with the last that uses it.
    current: Weak<Client>,
    failed: Option<(Instant, Code, String)>,
}

impl Sessions {
    pub(super) fn new(settings: Settings) -> Self {
        let shared = Shared { current: Weak::new(), failed: None };
        Self { settings: Arc::new(settings), shared: Arc::new(Mutex::new(shared)) }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The session, which may be without a connection just now, or a new one.
    pub(super) async fn session(&self) -> Result<Arc<Client>, RegistryError> {
        let asked = Instant::now();
        let mut shared = self.shared.lock().await;
        if let Some(client) = shared.current.upgrade().filter(|client| !client.state().is_terminated()) {
            return Ok(client);
        }
        // What another found out while this one waited holds for both: they would else wait for each other's tries.
        if let Some((_, code, what)) = shared.failed.as_ref().filter(|(at, ..)| *at >= asked) {
            return Err(RegistryError::new(REGISTRY, *code, what.clone()));
        }
        match self.open().await {
            Ok(client) => {
                let client = Arc::new(client);
                shared.current = Arc::downgrade(&client);
                Ok(client)
            }
            Err(error) => {
                let what = error.to_string();
                let what = what.strip_prefix("zookeeper: ").unwrap_or(&what).to_owned();
                shared.failed = Some((Instant::now(), error.code(), what));
                Err(error)
            }
        }
    }

    async fn open(&self) -> Result<Client, RegistryError> {
        let settings = &*self.settings;
        // What waits between tries is here, where the failure is told.
        let mut connector = Client::connector().with_session_timeout(settings.session_timeout).with_fail_eagerly();
        if let Some((user, password)) = &settings.digest {
            connector = connector.with_auth("digest", format!("{user}:{password}").as_bytes());
        }
        timely(&settings.servers, settings.connect_timeout, connector.connect(&settings.servers)).await
    }
}

/// The error of a session that has no connection, or is over.
pub(super) fn lost(path: &str, state: SessionState) -> RegistryError {
    let (code, what) = match state {
        SessionState::Expired => (Code::Unavailable, "the session has expired"),
        SessionState::AuthFailed => (Code::Unauthenticated, "authentication failed"),
        _ => (Code::Unavailable, "the connection is lost"),
    };
    RegistryError::new(REGISTRY, code, format!("{path}: {what}"))
}
