use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use towerkit_endpoint::BoxError;

use super::{Connected, EndpointerEvent, Inner, Member, Node, Standing};
use crate::{Instance, Instancer, InstancerState, RegistryBackoff};

/// Makes the connection to an instance.
pub(super) type Connect<C> = Arc<dyn Fn(&Instance) -> BoxFuture<'static, Result<C, BoxError>> + Send + Sync>;

/// Leaves instances out.
pub(super) type Select = Box<dyn Fn(&mut Vec<Instance>) + Send + Sync>;

pub(super) struct Settings {
    pub(super) selects: Vec<Select>,
    pub(super) invalidate_after: Option<Duration>,
    pub(super) hold_missing: Duration,
    pub(super) connect_timeout: Duration,
}

/// Follows an instancer, for as long as anybody is left who calls.
pub(super) struct Follower<C> {
    inner: Arc<Inner<C>>,
    instancer: Instancer,
    connect: Connect<C>,
    settings: Settings,
    /// The instances that are to be connected to, by address.
    wanted: Vec<Wanted<C>>,
    /// The tries under way, by address.
    pending: HashMap<String, Pending>,
    tries: JoinSet<(String, Result<C, BoxError>)>,
    /// There was a set before.
    begun: bool,
    failing: bool,
    /// It has failed, and not answered since.
    doubted: bool,
    /// When a registry that fails is not believed any more.
    invalid_at: Option<Instant>,
}

struct Wanted<C> {
    instance: Instance,
    connected: Option<(Arc<Node>, C)>,
    /// The registry does not have it any more, and is believed from then on.
    held_until: Option<Instant>,
}

struct Pending {
    abort: AbortHandle,
    backoff: RegistryBackoff,
    /// It has failed once: nobody waits for it any more.
    failed: bool,
}

impl<C: Clone + Send + Sync + 'static> Follower<C> {
    pub(super) fn new(inner: Arc<Inner<C>>, instancer: Instancer, connect: Connect<C>, settings: Settings) -> Self {
        let mut follower = Self {
            inner,
            instancer,
            connect,
            settings,
            wanted: Vec::new(),
            pending: HashMap::new(),
            tries: JoinSet::new(),
            begun: false,
            failing: false,
            doubted: false,
            invalid_at: None,
        };
        // What is known already can be called at once.
        let state = follower.instancer.see();
        follower.hear(&state);
        follower
    }

    pub(super) async fn run(mut self) {
        loop {
            let held_until = self.wanted.iter().filter_map(|wanted| wanted.held_until).min();
            let (invalid, believed) = (until(self.invalid_at), until(held_until));
            tokio::select! {
                state = self.instancer.changed() => self.hear(&state),
                () = invalid => self.invalidate(),
                () = believed => {
                    let state = self.instancer.state();
                    self.take(&state);
                }
                Some(tried) = self.tries.join_next(), if !self.tries.is_empty() => {
                    // An error is that of a try that was given up.
                    if let Ok((address, tried)) = tried {
                        self.tried(&address, tried);
                    }
                }
            }
        }
    }

    fn hear(&mut self, state: &InstancerState) {
        if let Some(failure) = state.failure() {
            if !std::mem::replace(&mut self.failing, true) {
                self.tell(&EndpointerEvent::Failing { error: failure.error() });
            }
            self.doubted = true;
            self.invalid_at = self.settings.invalidate_after.and_then(|after| failure.since().checked_add(after));
            // Of a registry that fails from the start nothing is known, and nothing will be soon.
            if !state.is_known() {
                self.inner.standing.send_replace(Standing::Invalid(failure.shared()));
            }
            if self.invalid_at.is_some_and(|at| at <= Instant::now()) {
                return;
            }
        } else {
            self.invalid_at = None;
            if std::mem::take(&mut self.failing) {
                self.tell(&EndpointerEvent::Recovered);
            }
        }
        if state.is_known() {
            self.take(state);
        }
    }

    fn tell(&self, event: &EndpointerEvent<'_>) {
        self.inner.fleet.tell(event);
    }

    /// Takes the newest set: those that stay keep their connection.
    fn take(&mut self, state: &InstancerState) {
        let mut instances = state.instances().to_vec();
        for select in &self.settings.selects {
            select(&mut instances);
        }
        // One that was down, or has none at all, may have lost what it had: until the instances have registered again.
        let doubted = instances.is_empty() || (state.failure().is_none() && std::mem::take(&mut self.doubted));
        let held_until = doubted.then(|| Instant::now().checked_add(self.settings.hold_missing)).flatten();
        let held = self.apply(instances, held_until);
        if held > 0 {
            self.tell(&EndpointerEvent::Held { held, time: self.settings.hold_missing });
        }
    }

    /// Those that are missing are kept until a time, where there is one; how many were not held before.
    fn apply(&mut self, instances: Vec<Instance>, held_until: Option<Instant>) -> usize {
        let now = Instant::now();
        let mut last = std::mem::take(&mut self.wanted).into_iter().peekable();
        let (mut added, mut removed, mut held) = (0, 0, 0);
        let mut missing = |this: &mut Self, mut wanted: Wanted<C>| {
            if wanted.held_until.is_none() {
                wanted.held_until = held_until;
                held += usize::from(held_until.is_some());
            }
            if wanted.held_until.is_some_and(|until| now < until) {
                this.wanted.push(wanted);
            } else {
                removed += 1;
                this.leave(wanted);
            }
        };
        // Both are by address.
        for instance in instances {
            while let Some(gone) = last.next_if(|wanted| wanted.instance.address() < instance.address()) {
                missing(self, gone);
            }
            let stayed = last.next_if(|wanted| wanted.instance.address() == instance.address());
            let connected = match stayed {
                Some(stayed) => stayed.connected,
                None => {
                    added += 1;
                    self.join(&instance)
                }
            };
            self.wanted.push(Wanted { instance, connected, held_until: None });
        }
        for gone in last {
            missing(self, gone);
        }
        self.begun = true;
        self.publish();
        if added > 0 || removed > 0 {
            self.tell(&EndpointerEvent::Changed { added, removed, total: self.wanted.len() });
        }
        held
    }

    fn leave(&mut self, gone: Wanted<C>) {
        if let Some(pending) = self.pending.remove(gone.instance.address()) {
            pending.abort.abort();
        }
        if let Some((node, _)) = gone.connected {
            node.leave();
        }
    }

    /// Connects: most do so at once, and the others in a task of their own.
    fn join(&mut self, instance: &Instance) -> Option<(Arc<Node>, C)> {
        let mut connecting = (self.connect)(instance);
        match connecting.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(connection)) => Some((self.node(instance), connection)),
            Poll::Ready(Err(error)) => {
                self.try_again(instance, &error);
                None
            }
            Poll::Pending => {
                let connecting = within(self.settings.connect_timeout, connecting);
                self.try_apart(instance, connecting, RegistryBackoff::default(), false);
                None
            }
        }
    }

    fn node(&self, instance: &Instance) -> Arc<Node> {
        let joined_at = if self.begun { self.inner.fleet.now() } else { 0 };
        Arc::new(Node::new(instance.clone(), self.inner.fleet.clone(), joined_at))
    }

    /// Goes on in a task of its own, which is known by the address.
    fn try_apart(
        &mut self,
        instance: &Instance,
        connecting: impl Future<Output = Result<C, BoxError>> + Send + 'static,
        backoff: RegistryBackoff,
        failed: bool,
    ) {
        let address = instance.address().to_owned();
        let abort = self.tries.spawn(async move { (address, connecting.await) });
        self.pending.insert(instance.address().to_owned(), Pending { abort, backoff, failed });
    }

    fn try_again(&mut self, instance: &Instance, error: &BoxError) {
        let mut backoff =
            self.pending.remove(instance.address()).map_or_else(RegistryBackoff::default, |pending| pending.backoff);
        let retry_in = backoff.next();
        self.tell(&EndpointerEvent::ConnectFailed { instance, error, retry_in });
        let (connect, time, again) = (self.connect.clone(), self.settings.connect_timeout, instance.clone());
        let connecting = async move {
            sleep(retry_in).await;
            within(time, connect(&again)).await
        };
        self.try_apart(instance, connecting, backoff, true);
    }

    fn tried(&mut self, address: &str, tried: Result<C, BoxError>) {
        let Ok(at) = self.wanted.binary_search_by(|wanted| wanted.instance.address().cmp(address)) else { return };
        let Some(instance) = self.wanted.get(at).map(|wanted| wanted.instance.clone()) else { return };
        match tried {
            Ok(connection) => {
                self.pending.remove(address);
                let node = self.node(&instance);
                if let Some(wanted) = self.wanted.get_mut(at) {
                    wanted.connected = Some((node, connection));
                }
            }
            Err(error) => self.try_again(&instance, &error),
        }
        self.publish();
    }

    fn publish(&self) {
        let connected = || self.wanted.iter().filter_map(|wanted| Some((&wanted.instance, wanted.connected.as_ref()?)));
        let members =
            connected().map(|(instance, (node, _))| Member { instance: instance.clone(), node: node.clone() });
        let connections = connected().map(|(_, (_, connection))| connection.clone()).collect();
        let members: Arc<[Member]> = members.collect();
        let waits = members.is_empty() && self.pending.values().any(|pending| !pending.failed);
        let standing = if waits { Standing::Unknown } else { Standing::Known };
        self.inner.publish(Connected { members, connections }, standing);
    }

    /// Nothing is known any more: neither set nor connections are worth keeping.
    fn invalidate(&mut self) {
        self.invalid_at = None;
        let state = self.instancer.state();
        let Some(failure) = state.failure() else { return };
        self.tell(&EndpointerEvent::Invalidated { error: failure.error() });
        for gone in std::mem::take(&mut self.wanted) {
            self.leave(gone);
        }
        self.inner.publish(Connected::default(), Standing::Invalid(failure.shared()));
    }
}

/// For ever, where there is no time.
async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

async fn within<C>(time: Duration, connecting: BoxFuture<'static, Result<C, BoxError>>) -> Result<C, BoxError> {
    timeout(time, connecting).await.unwrap_or_else(|_| Err(format!("no connection within {time:?}").into()))
}
