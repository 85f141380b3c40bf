use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::Serialize;
use tokio::time::{Instant, sleep};
use towerkit_endpoint::Code;

use super::check::{Check, Definition};
use super::client::Consul;
use super::target::Target;
use super::{REGISTRY, VERSION, WEIGHT, ZONE};
use crate::exchange::Reply;
use crate::{Instance, Register, RegistryBackoff, RegistryError};

/// The registration of an instance at an agent: made by [`Consul::registration`], driven by a
/// [`Registrar`](crate::Registrar).
pub struct Registration {
    consul: Consul,
    name: String,
    check: Check,
    deregister_after: Option<Duration>,
    /// The id under which the agent may have it.
    id: Option<String>,
}

/// As Consul's API wants it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Service<'a> {
    #[serde(rename = "ID")]
    id: &'a str,
    name: &'a str,
    tags: &'a [String],
    address: &'a str,
    port: u16,
    meta: BTreeMap<&'a str, String>,
    weights: Weights,
    /// What its user says of it holds, whatever else is written into the catalogue.
    enable_tag_override: bool,
    checks: [Definition; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Weights {
    passing: u32,
    warning: u32,
}

/// What Consul takes.
const HIGHEST_WEIGHT: u32 = 65535;

impl Registration {
    pub(super) const fn new(consul: Consul, name: String) -> Self {
        Self { consul, name, check: Check::Ttl(Duration::from_secs(15)), deregister_after: None, id: None }
    }

    /// Has Consul wait this long for a heartbeat before it takes the instance for dead, in place of 15 s; no less than
    /// 1 s. A heartbeat is sent each third of it.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.check = Check::Ttl(at_least_a_second(ttl));
        self
    }

    /// Has Consul ask for its health by HTTP, in place of heartbeats: a path at the instance, such as `/health`, or a
    /// whole URL; no more often than each second. A status of 2xx passes, 429 warns, all else is critical. An answer is
    /// waited for as long as the time between, and 10 s at most.
    #[must_use]
    pub fn http_check(mut self, at: impl Into<String>, interval: Duration) -> Self {
        self.check = Check::Http { at: at.into(), every: at_least_a_second(interval) };
        self
    }

    /// Has Consul connect to the instance by TCP, in place of heartbeats, no more often than each second.
    #[must_use]
    pub fn tcp_check(mut self, interval: Duration) -> Self {
        self.check = Check::Tcp { every: at_least_a_second(interval) };
        self
    }

    /// After how long in a critical state Consul takes the registration out for good
    /// (`DeregisterCriticalServiceAfter`), in place of ten times the TTL, or of 10 min where Consul does the check;
    /// never, where it is 0. Consul takes no less than 1 min.
    #[must_use]
    pub const fn deregister_after(mut self, time: Duration) -> Self {
        self.deregister_after = Some(time);
        self
    }

    fn id_of(&self, instance: &Instance) -> String {
        if instance.has_name() {
            instance.id().to_owned()
        } else {
            format!("{}-{}-{}", self.name, instance.host(), instance.port())
        }
    }

    fn body(&self, id: &str, instance: &Instance) -> Result<Bytes, RegistryError> {
        let mut meta: BTreeMap<_, _> = instance.labels().iter().map(|(name, value)| (&**name, value.clone())).collect();
        let known = [(ZONE, instance.zone()), (VERSION, instance.version())];
        meta.extend(known.into_iter().filter_map(|(name, value)| Some((name, value?.to_owned()))));
        let weight = (instance.weight() / Instance::DEFAULT_WEIGHT).clamp(1, HIGHEST_WEIGHT);
        if weight * Instance::DEFAULT_WEIGHT != instance.weight() {
            meta.insert(WEIGHT, instance.weight().to_string());
        }
        let service = Service {
            id,
            name: &self.name,
            tags: instance.tags(),
            address: instance.host(),
            port: instance.port(),
            meta,
            weights: Weights { passing: weight, warning: 1 },
            enable_tag_override: false,
            checks: [self.check.definition(check_id(id), instance, self.deregister_after)],
        };
        let unwritable = |error: serde_json::Error| {
            RegistryError::new(REGISTRY, Code::Internal, "it can't be written as JSON").with_source(error)
        };
        Ok(serde_json::to_vec(&service).map_err(unwritable)?.into())
    }

    async fn put(&self, target: &Target, body: Bytes, within: Duration) -> Result<Reply, RegistryError> {
        self.consul.ask(Method::PUT, target, body, within).await
    }

    /// Says that it is well.
    async fn beat(&self, id: &str, within: Duration) -> Result<(), RegistryError> {
        let target = Target::new("/v1/agent/check/update").segment(&check_id(id));
        let reply = self.put(&target, Bytes::from_static(br#"{"Status":"passing"}"#), within).await?;
        // Agents up to 1.10 say 500.
        if reply.status() == StatusCode::INTERNAL_SERVER_ERROR && says(&reply, "does not have associated TTL") {
            return Err(RegistryError::new(
                REGISTRY,
                Code::NotFound,
                format!("{target}: the agent does not know of it"),
            ));
        }
        reply.accepted().map(drop)
    }

    /// Looks whether it is still there.
    async fn look(&self, id: &str, within: Duration) -> Result<(), RegistryError> {
        let target = Target::new("/v1/agent/service").segment(id);
        self.consul.ask(Method::GET, &target, Bytes::new(), within).await?.accepted().map(drop)
    }

    async fn ask(&self, id: &str, within: Duration) -> Result<(), RegistryError> {
        match self.check {
            Check::Ttl(_) => self.beat(id, within).await,
            Check::Http { .. } | Check::Tcp { .. } => self.look(id, within).await,
        }
    }
}

impl Register for Registration {
    fn registry(&self) -> &'static str {
        REGISTRY
    }

    async fn register(&mut self, instance: &Instance) -> Result<(), RegistryError> {
        let id = self.id_of(instance);
        let body = self.body(&id, instance)?;
        self.id = Some(id.clone());
        let target = Target::new("/v1/agent/service/register").flag("replace-existing-checks");
        self.put(&target, body, self.consul.within()).await?.accepted()?;
        // A check that was there already has kept its state, which may be critical.
        if matches!(self.check, Check::Ttl(_)) { self.beat(&id, self.consul.within()).await } else { Ok(()) }
    }

    async fn keep(&mut self) -> RegistryError {
        let Some(id) = &self.id else {
            return RegistryError::new(REGISTRY, Code::NotFound, "it was not registered");
        };
        let (every, lost_after) = (self.check.every(), self.check.lost_after());
        // One that hangs leaves time for the next.
        let within = self.consul.within().min(every);
        let mut backoff = RegistryBackoff::new(Duration::from_millis(100)).max(every);
        let mut alive = Instant::now();
        let mut wait = every;
        loop {
            sleep(wait).await;
            let asked = Instant::now();
            match self.ask(id, within).await {
                Ok(()) => {
                    // It counts from when it was sent: when it came is not known.
                    alive = asked;
                    backoff.reset();
                    wait = every;
                }
                Err(error) if error.code() == Code::NotFound || alive.elapsed() >= lost_after => return error,
                Err(_) => wait = backoff.next(),
            }
        }
    }

    async fn deregister(&mut self) -> Result<(), RegistryError> {
        let Some(id) = &self.id else { return Ok(()) };
        let target = Target::new("/v1/agent/service/deregister").segment(id);
        let reply = self.put(&target, Bytes::new(), self.consul.within()).await?;
        // Agents up to 1.10 say 500.
        if reply.status() != StatusCode::NOT_FOUND && !says(&reply, "Unknown service") {
            reply.accepted()?;
        }
        self.id = None;
        Ok(())
    }
}

fn check_id(id: &str) -> String {
    format!("service:{id}")
}

fn at_least_a_second(time: Duration) -> Duration {
    time.max(Duration::from_secs(1))
}

fn says(reply: &Reply, what: &str) -> bool {
    String::from_utf8_lossy(&reply.body).contains(what)
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").field("consul", &self.consul).field("name", &self.name).finish_non_exhaustive()
    }
}
