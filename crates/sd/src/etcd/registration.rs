use std::fmt;
use std::time::Duration;

use etcd_client::{PutOptions, WatchOptions, WatchStream};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout_at};
use towerkit_endpoint::Code;

use super::REGISTRY;
use super::error::{cancelled, failed, late, timely};
use super::link::{Link, Links};
use crate::{Instance, Register, RegistryError};

/// How an instance is registered in etcd, see [`Etcd::registration`](super::Etcd::registration): at
/// `PREFIX/SERVICE/ID`, bound to a lease of its own that is kept alive. Hand it to a [`Registrar`](crate::Registrar).
///
/// ```no_run
/// use std::time::Duration;
/// use towerkit_sd::Registrar;
/// use towerkit_sd::etcd::Etcd;
///
/// let etcd = Etcd::new(["127.0.0.1:2379"])?;
/// let registration = etcd.registration("addsvc").ttl(Duration::from_secs(5));
/// let registrar = Registrar::new(registration, "10.0.0.7:8081".parse()?);
/// # let _ = registrar;
/// # Ok::<(), towerkit_endpoint::BoxError>(())
/// ```
pub struct Registration {
    links: Links,
    prefix: String,
    ttl: Duration,
    plain: bool,
    key: String,
    lease: Option<Lease>,
}

/// How often it is tried to take a registration back, within the time that the registrar has for it.
const TRIES: usize = 3;

/// The lease that etcd may have of this.
#[derive(Clone, Copy)]
struct Lease {
    id: i64,
    ttl: Duration,
    /// When it has run out, unless it is renewed before.
    expires: Instant,
}

impl Registration {
    pub(super) const fn new(links: Links, prefix: String) -> Self {
        Self { links, prefix, ttl: Duration::from_secs(10), plain: false, key: String::new(), lease: None }
    }

    /// How long after the last sign of life the registration is gone, in place of 10 s. etcd counts in seconds, and may
    /// take it for more: for no less than one and a half times what its members take to elect a leader, which is 2 s by
    /// default. A sign of life is given three times as often.
    #[must_use]
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// Writes `HOST:PORT` as the value, and nothing else that is known of the instance: what clients such as Go kit's
    /// take it for.
    #[must_use]
    pub const fn plain_value(mut self) -> Self {
        self.plain = true;
        self
    }

    /// The lease that is there still, or a new one.
    async fn lease(&mut self, link: &Link) -> Result<i64, RegistryError> {
        let limit = self.links.settings().request_timeout;
        if let Some(lease) = self.lease {
            let begun = Instant::now();
            match timely(&self.prefix, limit, link.leases().keep_alive(lease.id)).await {
                Ok(_) => {
                    self.lease = Some(Lease { expires: begun + lease.ttl, ..lease });
                    return Ok(lease.id);
                }
                // All that it held is gone with it.
                Err(error) if error.code() == Code::NotFound => self.lease = None,
                Err(error) => return Err(error),
            }
        }
        let begun = Instant::now();
        let granted = timely(&self.prefix, limit, link.leases().grant(in_seconds(self.ttl), None)).await?;
        let ttl = Duration::from_secs(u64::try_from(granted.ttl()).unwrap_or_default().max(1));
        self.lease = Some(Lease { id: granted.id(), ttl, expires: begun + ttl });
        Ok(granted.id())
    }

    async fn write(&mut self, link: &Link, instance: &Instance) -> Result<(), RegistryError> {
        let lease = self.lease(link).await?;
        self.key = format!("{}{}", self.prefix, instance.id());
        let value = if self.plain { instance.address().to_owned() } else { instance.to_json() };
        let options = PutOptions::new().with_lease(lease);
        let limit = self.links.settings().request_timeout;
        timely(&self.key, limit, link.kv().put(&*self.key, value, Some(options))).await.map(drop)
    }

    /// Keeps it over one connection, as long as that holds.
    async fn keep_on(&mut self, link: &Link, lease: &mut Lease) -> RegistryError {
        match self.hold(link, lease).await {
            Err(error) => error,
            Ok(never) => match never {},
        }
    }

    async fn hold(&mut self, link: &Link, lease: &mut Lease) -> Result<std::convert::Infallible, RegistryError> {
        let limit = self.links.settings().request_timeout;
        let begun = Instant::now();
        let (mut keeper, mut answers) = timely(&self.key, limit, link.leases().keep_alive(lease.id)).await?;
        self.renewed(lease, begun);
        let mut watch = self.watch(link).await?;

        let every = lease.ttl / 3;
        let mut beats = interval_at(begun + every, every);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // When the beat was sent that is not answered yet.
        let mut sent: Option<Instant> = None;
        loop {
            let due = sent.map_or(lease.expires, |sent| (sent + limit).min(lease.expires));
            tokio::select! {
                _ = beats.tick() => {
                    sent.get_or_insert_with(Instant::now);
                    timely(&self.key, limit, keeper.keep_alive()).await?;
                }
                answer = answers.message() => match answer.map_err(|error| failed(&self.key, error))? {
                    Some(answer) if answer.ttl() > 0 => {
                        if let Some(sent) = sent.take() {
                            self.renewed(lease, sent);
                        }
                    }
                    Some(_) => return Err(self.lost("the lease is gone")),
                    None => return Err(self.ended("keep-alive")),
                },
                message = watch.message() => match message.map_err(|error| failed(&self.key, error))? {
                    None => return Err(self.ended("watch")),
                    Some(message) if message.canceled() => return Err(cancelled(&self.key, message.cancel_reason())),
                    Some(message) => {
                        let last = message.events().last().and_then(etcd_client::Event::kv);
                        self.check(last.map(|kv| (kv.version(), kv.lease())))?;
                    }
                },
                () = sleep_until(due) => return Err(late(&self.key)),
            }
        }
    }

    /// A watch on the key, from where it was found in order.
    async fn watch(&self, link: &Link) -> Result<WatchStream, RegistryError> {
        let limit = self.links.settings().request_timeout;
        let found = timely(&self.key, limit, link.kv().get(&*self.key, None)).await?;
        let kv = found.kvs().first().map_or((0, 0), |kv| (kv.version(), kv.lease()));
        self.check(Some(kv))?;
        let revision = found.header().map(etcd_client::ResponseHeader::revision).unwrap_or_default();
        let options = WatchOptions::new().with_start_revision(revision + 1);
        timely(&self.key, limit, link.watches().watch(&*self.key, Some(options))).await
    }

    /// Whether the key is there, by its version and the lease that it is bound to.
    fn check(&self, kv: Option<(i64, i64)>) -> Result<(), RegistryError> {
        match kv {
            Some((0, _)) => Err(self.lost("the key was deleted")),
            // It would outlive this process.
            Some((_, 0)) => Err(self.lost("the key was taken from its lease")),
            // It is ours, or another's of the same name: two would else take it from each other for ever. When the
            // other goes, the key is deleted.
            Some(_) | None => Ok(()),
        }
    }

    async fn revoke(&mut self, lease: i64) -> Result<(), RegistryError> {
        let link = self.links.link().await?;
        let limit = self.links.settings().request_timeout;
        match link.note(timely(&self.prefix, limit, link.leases().revoke(lease)).await) {
            Err(error) if error.code() != Code::NotFound => Err(error),
            Ok(_) | Err(_) => {
                self.lease = None;
                Ok(())
            }
        }
    }

    fn renewed(&mut self, lease: &mut Lease, at: Instant) {
        lease.expires = at + lease.ttl;
        self.lease = Some(*lease);
    }

    fn ended(&self, what: &str) -> RegistryError {
        RegistryError::unavailable(REGISTRY, format!("{}: the {what} has ended", self.key))
    }

    fn lost(&self, what: &str) -> RegistryError {
        RegistryError::new(REGISTRY, Code::NotFound, format!("{}: {what}", self.key))
    }
}

impl Register for Registration {
    fn registry(&self) -> &'static str {
        REGISTRY
    }

    async fn register(&mut self, instance: &Instance) -> Result<(), RegistryError> {
        let link = self.links.link().await?;
        let written = self.write(&link, instance).await;
        link.note(written)
    }

    async fn keep(&mut self) -> RegistryError {
        let Some(mut lease) = self.lease else { return self.lost("it has no lease") };
        let links = self.links.clone();
        let mut backoff = links.settings().backoff.clone();
        loop {
            let error = match timeout_at(lease.expires, links.link()).await {
                Ok(Ok(link)) => {
                    let error = self.keep_on(&link, &mut lease).await;
                    link.note(Err::<(), _>(error)).err().unwrap_or_else(|| late(&self.key))
                }
                Ok(Err(error)) => error,
                Err(_) => late(&self.key),
            };
            // Nobody knows whether it is there still, or it is known that it is not.
            if error.code() == Code::NotFound || Instant::now() >= lease.expires {
                return error;
            }
            // What is left of the lease is more than a wait, or it is over then.
            let _ = timeout_at(lease.expires, backoff.wait()).await;
        }
    }

    async fn deregister(&mut self) -> Result<(), RegistryError> {
        let Some(lease) = self.lease else { return Ok(()) };
        let mut backoff = self.links.settings().backoff.clone();
        for _ in 1..TRIES {
            if self.revoke(lease.id).await.is_ok() {
                return Ok(());
            }
            // The connection may have been dead for long: that was to be found out.
            backoff.wait().await;
        }
        self.revoke(lease.id).await
    }
}

fn in_seconds(ttl: Duration) -> i64 {
    let up = u64::from(ttl.subsec_nanos() > 0);
    i64::try_from(ttl.as_secs().saturating_add(up)).unwrap_or(i64::MAX).max(1)
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("prefix", &self.prefix)
            .field("ttl", &self.ttl)
            .field("plain_value", &self.plain)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ttl_is_whole_seconds_and_never_less_than_was_asked_for() {
        let seconds = [(0, 1), (1, 1), (999, 1), (1000, 1), (1001, 2), (10_000, 10)];
        for (millis, expected) in seconds {
            assert_eq!(in_seconds(Duration::from_millis(millis)), expected, "{millis}");
        }
        assert_eq!(in_seconds(Duration::MAX), i64::MAX);
    }
}
