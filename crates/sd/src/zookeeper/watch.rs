use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{Instant, timeout};
use zookeeper_client::{AddWatchMode, Client, EventType, PersistentWatcher, SessionState, WatchedEvent};

use super::error::timely;
use super::nodes::Nodes;
use super::session::{Sessions, lost};
use crate::{Publisher, RegistryError};

/// What was well for so long is no part of the trouble before it.
const WELL: Duration = Duration::from_secs(10);

/// How many events that have come already are taken together.
const TOGETHER: usize = 4096;

/// Watches all that stands below a folder, and reads it, for as long as the session lasts; then again in a new one.
pub(super) async fn follow(sessions: &Sessions, folder: &str, publisher: &Publisher) {
    let mut backoff = sessions.settings().backoff.clone();
    loop {
        let begun = Instant::now();
        let Err(error) = round(sessions, folder, publisher).await;
        publisher.fail(error);
        // A session that ends as soon as it stands is no sign of health.
        if begun.elapsed() >= WELL + sessions.settings().connect_timeout + sessions.settings().request_timeout {
            backoff.reset();
        }
        backoff.wait().await;
    }
}

enum Never {}

async fn round(sessions: &Sessions, folder: &str, publisher: &Publisher) -> Result<Never, RegistryError> {
    let limit = sessions.settings().request_timeout;
    let client = sessions.session().await?;
    loop {
        // Before anything is read, so that no change falls between. For each connection anew: zookeeper-client 0.11.2
        // means to set a watch of this kind again, but does not, and the server would not tell what it missed.
        let mut watch = timely(folder, limit, client.watch(folder, AddWatchMode::PersistentRecursive)).await?;
        let mut nodes = Nodes::read(&client, folder, limit).await?;
        publisher.publish(nodes.instances());
        while let Some(dirty) = changes(sessions, &client, folder, &nodes, &mut watch).await? {
            if !dirty.is_empty() {
                nodes.update(&client, dirty, limit).await?;
                publisher.publish(nodes.instances());
            }
        }
        publisher.fail(lost(folder, SessionState::Disconnected));
        connected(sessions, folder, &mut watch).await?;
    }
}

/// The names of the nodes that changed; none when the connection was lost.
async fn changes(
    sessions: &Sessions,
    client: &Client,
    folder: &str,
    nodes: &Nodes,
    watch: &mut PersistentWatcher,
) -> Result<Option<BTreeSet<String>>, RegistryError> {
    let settings = sessions.settings();
    let Ok(first) = timeout(settings.check_interval, watch.changed()).await else {
        // Silence is what a session that hangs says too.
        timely(folder, settings.request_timeout, client.check_stat(folder)).await?;
        return Ok(Some(BTreeSet::new()));
    };
    let mut dirty = BTreeSet::new();
    let mut event = first;
    for taken in 1.. {
        match event.event_type {
            // The watch is not to be asked again after the last.
            EventType::Session if event.session_state.is_terminated() => return Err(lost(folder, event.session_state)),
            EventType::Session if event.session_state == SessionState::Disconnected => return Ok(None),
            EventType::Session => {}
            _ => dirty.extend(nodes.name_of(&event.path).map(str::to_owned)),
        }
        // One that is taken may not be dropped.
        let next = if taken < TOGETHER { watch.changed().now_or_never() } else { None };
        let Some(next) = next else { break };
        event = next;
    }
    Ok(Some(dirty))
}

/// Waits until the session has a connection again. It is over before long, or has one.
async fn connected(sessions: &Sessions, folder: &str, watch: &mut PersistentWatcher) -> Result<(), RegistryError> {
    let waiting = async {
        loop {
            let WatchedEvent { event_type, session_state, .. } = watch.changed().await;
            match (event_type, session_state) {
                (EventType::Session, SessionState::SyncConnected) => return Ok(()),
                (EventType::Session, state) if state.is_terminated() => return Err(lost(folder, state)),
                _ => {}
            }
        }
    };
    // The library ends it after seven fifths of its timeout. The server may have chosen a longer one than was asked
    // for.
    let limit = sessions.settings().session_timeout.max(Duration::from_secs(60)) * 2;
    timeout(limit, waiting).await.unwrap_or_else(|_| Err(lost(folder, SessionState::Disconnected)))
}
