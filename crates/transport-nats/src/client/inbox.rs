use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Write;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, HeaderMap, Message, Statistics, StatusCode, Subject, SubscribeError};
use futures_util::StreamExt;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

/// How long a call waits before it looks whether the connection is still the one it was sent on.
const LOOK: Duration = Duration::from_millis(250);

/// Where the replies to a [`Remote`](super::Remote)'s calls come in: one subscription, of which each call has a subject of its own.
///
/// async-nats has such a thing too, which keeps an entry of each call that was given up or ran out of time, for ever.
pub(super) struct Inbox {
    client: Client,
    live: Mutex<Option<Arc<Live>>>,
}

/// The subscription, as long as there is one.
struct Live {
    prefix: String,
    calls: Calls,
    next: AtomicU64,
    secret: RandomState,
    statistics: Arc<Statistics>,
    task: JoinHandle<()>,
}

/// By number; the token is what a reply has to have beside it.
type Calls = Arc<Mutex<HashMap<u64, Call>>>;

struct Call {
    token: u64,
    sender: oneshot::Sender<Message>,
}

/// Why there is no reply.
#[derive(Clone, Copy, Debug)]
pub(super) enum NoReply {
    Late,
    Lost,
    Closed,
}

impl Inbox {
    pub(super) fn new(client: &Client) -> Arc<Self> {
        Arc::new(Self { client: client.clone(), live: Mutex::new(None) })
    }

    /// A subject for the reply to one call.
    pub(super) async fn open(&self) -> Result<Slot, SubscribeError> {
        let live = match self.live() {
            Some(live) => live,
            None => self.start().await?,
        };
        let id = live.next.fetch_add(1, Relaxed);
        let (sender, receiver) = oneshot::channel();
        // Who has seen the subjects of other calls does not know this one's: the hasher has a key of the operating system's randomness, SipHash is made to be
        // unforeseeable without it, and it neither allocates nor waits. The subject is spent with the first reply.
        let token = live.secret.hash_one(id);
        lock(&live.calls).insert(id, Call { token, sender });
        let connection = live.sent_on(&self.client);
        Ok(Slot { id, token, live, receiver, connection })
    }

    fn live(&self) -> Option<Arc<Live>> {
        // A task ends with the client, and with its runtime, which need not be the last one.
        lock(&self.live).clone().filter(|live| !live.task.is_finished())
    }

    async fn start(&self) -> Result<Arc<Live>, SubscribeError> {
        let prefix = self.client.new_inbox() + ".";
        let mut replies = self.client.subscribe(format!("{prefix}*")).await?;
        // Another call may have been here meanwhile.
        if let Some(live) = self.live() {
            return Ok(live);
        }
        let calls = Calls::default();
        let (waiting, skip) = (calls.clone(), prefix.len());
        let task = tokio::spawn(async move {
            while let Some(message) = replies.next().await {
                let Some((id, token)) = message.subject.get(skip..).and_then(read_place) else { continue };
                // A second reply, or one that comes too late, finds no one; and one of somebody who has guessed leaves the call alone.
                let call = match lock(&waiting).entry(id) {
                    Entry::Occupied(call) if call.get().token == token => call.remove(),
                    _ => continue,
                };
                let _ = call.sender.send(message);
            }
            // The client is closed: nobody is to wait any longer.
            lock(&waiting).clear();
        });
        let live = Arc::new(Live {
            prefix,
            calls,
            next: AtomicU64::new(0),
            secret: RandomState::new(),
            statistics: self.client.statistics(),
            task,
        });
        *lock(&self.live) = Some(live.clone());
        Ok(live)
    }
}

impl Live {
    /// Which connection it is, counted.
    fn connection(&self) -> u64 {
        self.statistics.connects.load(Relaxed)
    }

    /// Which one carries what is sent now: without a connection the next one.
    fn sent_on(&self, client: &Client) -> u64 {
        loop {
            let connection = self.connection();
            let next = u64::from(client.connection_state() != State::Connected);
            // The two belong together where nothing has happened between them.
            if self.connection() == connection {
                return connection + next;
            }
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One call's place in the inbox. Dropped, it is free.
pub(super) struct Slot {
    id: u64,
    token: u64,
    live: Arc<Live>,
    receiver: oneshot::Receiver<Message>,
    /// The one it was sent on.
    connection: u64,
}

impl Slot {
    pub(super) fn subject(&self) -> Subject {
        let mut subject = String::with_capacity(self.live.prefix.len() + 27);
        subject.push_str(&self.live.prefix);
        // A string takes all that is written.
        let _ = write!(subject, "{}-{:016x}", self.id, self.token);
        subject.into()
    }

    /// The reply to what was sent, by a deadline.
    pub(super) async fn reply(&mut self, client: &Client, deadline: Option<Instant>) -> Result<Message, NoReply> {
        loop {
            let look = Instant::now() + LOOK;
            let until = deadline.map_or(look, |deadline| deadline.min(look));
            match timeout_at(until, &mut self.receiver).await {
                Ok(reply) => return reply.map_err(|_| NoReply::Closed),
                Err(_) if deadline.is_some_and(|deadline| deadline <= Instant::now()) => return Err(NoReply::Late),
                Err(_) => {}
            }
            let now = self.live.connection();
            if now > self.connection || now == self.connection && client.connection_state() != State::Connected {
                return Err(NoReply::Lost);
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        lock(&self.live.calls).remove(&self.id);
    }
}

/// The number and the token of a call, in its subject after the prefix.
fn read_place(text: &str) -> Option<(u64, u64)> {
    let (id, token) = text.split_once('-')?;
    Some((id.parse().ok()?, u64::from_str_radix(token, 16).ok()?))
}

/// Whether a reply is the NATS server's word that nobody serves the subject. Others can send that status too, with a payload or headers, as a service does that
/// fails with a number; the server tells the subject at most.
pub(crate) fn is_no_responders(message: &Message) -> bool {
    let only_the_subject = |headers: &HeaderMap| {
        headers.iter().all(|(name, _)| {
            let name: &str = name.as_ref();
            name == "Nats-Subject"
        })
    };
    message.status == Some(StatusCode::NO_RESPONDERS)
        && message.payload.is_empty()
        && message.headers.as_ref().is_none_or(only_the_subject)
}

/// No code of others runs behind these locks, so that what they guard is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bounds what is mostly done at once: then no timer is made.
pub(super) async fn within<F: Future>(deadline: Option<Instant>, future: F) -> Result<F::Output, NoReply> {
    match deadline {
        Some(deadline) => timeout_at(deadline, future).await.map_err(|_| NoReply::Late),
        None => Ok(future.await),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use towerkit_testing::process::{Process, free_port};
    use towerkit_testing::tool;

    use super::*;

    #[tokio::test]
    async fn a_call_that_is_given_up_or_late_leaves_nothing_behind() {
        let Some(nats) = tool::find("nats-server", "a_call_that_is_given_up_or_late_leaves_nothing_behind") else {
            return;
        };
        let port = free_port();
        let nats = Process::start(Command::new(nats).args(["-a", "127.0.0.1", "-p", &port.to_string()]));
        let _nats = nats.listens_on(port, Duration::from_secs(10));
        let client = async_nats::connect(format!("nats://127.0.0.1:{port}")).await.unwrap();
        let inbox = Inbox::new(&client);
        let given_up = inbox.open().await.unwrap();
        let mut late = inbox.open().await.unwrap();
        let live = inbox.live().unwrap();
        assert_eq!(lock(&live.calls).len(), 2);
        drop(given_up);
        assert!(matches!(late.reply(&client, Some(Instant::now())).await, Err(NoReply::Late)));
        let subject = late.subject();
        drop(late);
        assert!(lock(&live.calls).is_empty());

        // A reply that comes too late finds no one, and the next one its own call.
        let mut next = inbox.open().await.unwrap();
        client.publish(subject, "late".into()).await.unwrap();
        client.publish(next.subject(), "next".into()).await.unwrap();
        assert_eq!(next.reply(&client, None).await.unwrap().payload, "next");

        // Nor does one who knows the subjects of other calls reach this one.
        let mut asked = inbox.open().await.unwrap();
        let subject = asked.subject();
        let place = subject.rsplit('.').next().unwrap();
        let (id, token) = read_place(place).unwrap();
        for guess in [id.to_string(), format!("{id}-"), format!("{id}-{:016x}", token ^ 1), format!("{id}-0")] {
            client.publish(subject.replace(place, &guess), "forged".into()).await.unwrap();
        }
        client.publish(subject, "asked".into()).await.unwrap();
        assert_eq!(asked.reply(&client, None).await.unwrap().payload, "asked");
    }
}
