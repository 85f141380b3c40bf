use std::time::Duration;

use etcd_client::{GetOptions, WatchOptions, WatchResponse, WatchStream};
use futures_util::FutureExt;
use tokio::time::{Instant, timeout};

use super::REGISTRY;
use super::entries::{Entries, MOST};
use super::error::{cancelled, failed, late, timely};
use super::link::{Link, Links};
use crate::{Publisher, RegistryError};

/// How many keys are asked for at once.
const PAGE: i64 = 1000;

/// What was well for so long is no part of the trouble before it.
const WELL: Duration = Duration::from_secs(10);

/// How many messages that have come already are taken together.
const TOGETHER: usize = 256;

/// Reads all that stands below a prefix, watches it from that revision, and does so again whenever the watch ends. So
/// an etcd that comes back without its data, or has compacted what was missed, needs no thought of its own.
pub(super) async fn follow(links: &Links, prefix: &str, publisher: &Publisher) {
    let mut backoff = links.settings().backoff.clone();
    loop {
        let begun = Instant::now();
        match round(links, prefix, publisher).await {
            Ok(Compacted) => {}
            Err(error) => publisher.fail(error),
        }
        // A watch that ends as soon as it stands is no sign of health.
        if begun.elapsed() >= WELL + links.settings().connect_timeout + links.settings().request_timeout {
            backoff.reset();
        }
        backoff.wait().await;
    }
}

/// The revision to be watched from is not there any more: no failure, but there is more to be read.
struct Compacted;

async fn round(links: &Links, prefix: &str, publisher: &Publisher) -> Result<Compacted, RegistryError> {
    let link = links.link().await?;
    let (mut entries, revision) = link.note(read(links, &link, prefix).await)?;
    publisher.publish(entries.instances());
    link.note(watch(links, &link, prefix, revision, &mut entries, publisher).await)
}

/// What stands below a prefix at one revision.
async fn read(links: &Links, link: &Link, prefix: &str) -> Result<(Entries, i64), RegistryError> {
    let mut entries = Entries::new(prefix);
    let (mut revision, mut count) = (0, 0);
    let mut from = prefix.as_bytes().to_vec();
    loop {
        let options = GetOptions::new().with_range(end_of(prefix)).with_limit(PAGE).with_revision(revision);
        let page = timely(prefix, links.settings().request_timeout, link.kv().get(from, Some(options))).await?;
        if revision == 0 {
            revision = page.header().map(etcd_client::ResponseHeader::revision).unwrap_or_default();
        }
        count += page.kvs().len();
        for kv in page.kvs() {
            if !entries.put(kv.key(), kv.value()) {
                return Err(too_many(prefix));
            }
        }
        match page.kvs().last() {
            Some(_) if page.more() && count >= MOST => return Err(too_many(prefix)),
            Some(last) if page.more() => from = [last.key(), &[0]].concat(),
            _ => return Ok((entries, revision)),
        }
    }
}

async fn watch(
    links: &Links,
    link: &Link,
    prefix: &str,
    revision: i64,
    entries: &mut Entries,
    publisher: &Publisher,
) -> Result<Compacted, RegistryError> {
    let settings = links.settings();
    let options = WatchOptions::new().with_range(end_of(prefix)).with_start_revision(revision + 1);
    let mut stream = timely(prefix, settings.request_timeout, link.watches().watch(prefix, Some(options))).await?;
    // Its first message says that it stands.
    let mut owes_answer = true;
    loop {
        let patience = if owes_answer { settings.request_timeout } else { settings.check_interval };
        match timeout(patience, stream.message()).await {
            Ok(message) => {
                owes_answer = false;
                let first = message.map_err(|error| failed(prefix, error))?;
                if take(first, &mut stream, prefix, entries, publisher)? {
                    return Ok(Compacted);
                }
            }
            Err(_) if owes_answer => return Err(late(prefix)),
            // Silence is what a dead connection, and a member that hangs, say too.
            Err(_) => {
                owes_answer = true;
                timely(prefix, settings.request_timeout, stream.request_progress()).await?;
            }
        }
    }
}

/// Takes a message, and those that have come with it, into the entries; whether etcd has compacted what was to be
/// watched.
fn take(
    first: Option<WatchResponse>,
    stream: &mut WatchStream,
    prefix: &str,
    entries: &mut Entries,
    publisher: &Publisher,
) -> Result<bool, RegistryError> {
    let mut message = first;
    let mut changed = false;
    let mut ended = Ok(false);
    for taken in 1.. {
        ended = match message {
            None => Err(RegistryError::unavailable(REGISTRY, format!("{prefix}: the watch has ended"))),
            Some(message) if message.compact_revision() != 0 => Ok(true),
            Some(message) if message.canceled() => Err(cancelled(prefix, message.cancel_reason())),
            Some(message) => {
                changed |= !message.events().is_empty();
                apply(&message, prefix, entries).map(|()| false)
            }
        };
        if taken == TOGETHER || !matches!(ended, Ok(false)) {
            break;
        }
        message = match stream.message().now_or_never() {
            Some(Ok(next)) => next,
            Some(Err(error)) => {
                ended = Err(failed(prefix, error));
                break;
            }
            None => break,
        };
    }
    // What was told before the end is true.
    if changed {
        publisher.publish(entries.instances());
    }
    ended
}

fn apply(message: &WatchResponse, prefix: &str, entries: &mut Entries) -> Result<(), RegistryError> {
    for kv in message.events().iter().filter_map(etcd_client::Event::kv) {
        // A key that is deleted has no version. The type of the event would tell too, but panics where it is a new one.
        if kv.version() == 0 {
            entries.remove(kv.key());
        } else if !entries.put(kv.key(), kv.value()) {
            return Err(too_many(prefix));
        }
    }
    Ok(())
}

fn too_many(prefix: &str) -> RegistryError {
    RegistryError::malformed(REGISTRY, format!("{prefix}: there are more than {MOST} keys"))
}

/// The first key behind all that begin so.
fn end_of(prefix: &str) -> Vec<u8> {
    let mut end = prefix.as_bytes().to_vec();
    // It is a slash.
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    end
}
