use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::json;
use tokio::time::{Instant, sleep};
use towerkit_endpoint::Code;

use super::entry::metadata;
use super::{Eureka, REGISTRY, Status, api};
use crate::{Instance, Register, RegistryBackoff, RegistryError};

/// A registration as an instance of an application, for a [`Registrar`](crate::Registrar). It is made by
/// [`Eureka::registration`].
#[derive(Debug)]
pub struct Registration {
    eureka: Eureka,
    name: String,
    renewal: Duration,
    ttl: Duration,
    status: Status,
    secure_port: bool,
    /// Where the registration is, or may be.
    path: Option<String>,
}

impl Registration {
    pub(super) const fn new(eureka: Eureka, name: String) -> Self {
        Self {
            eureka,
            name,
            renewal: Duration::from_secs(30),
            ttl: Duration::from_secs(90),
            status: Status::Up,
            secure_port: false,
            path: None,
        }
    }

    /// After how long without a renewal it runs out, in place of 90 s. Eureka knows whole seconds: what it is told is rounded up. It is
    /// at least two [renewals](Self::renewal): one that is lost is no loss.
    #[must_use]
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// How often the registration is renewed, in place of every 30 s; 1 s at least. Eureka knows whole seconds: what it is told is
    /// rounded up.
    #[must_use]
    pub fn renewal(mut self, time: Duration) -> Self {
        self.renewal = time.max(Duration::from_secs(1));
        self
    }

    fn ttl_of_two_renewals(&self) -> Duration {
        self.ttl.max(self.renewal.saturating_mul(2))
    }

    /// The status it is registered with, in place of UP: one that is registered OUT_OF_SERVICE gets no traffic until an
    /// operator overrides that.
    #[must_use]
    pub const fn status(mut self, status: Status) -> Self {
        self.status = status;
        self
    }

    /// The port of the instance speaks TLS: it is registered as the secure port, and no plain port is.
    #[must_use]
    pub const fn secure_port(mut self) -> Self {
        self.secure_port = true;
        self
    }

    fn document(&self, instance: &Instance, id: &str) -> Result<Bytes, RegistryError> {
        let metadata = metadata(instance);
        // The server would take it, and from then on tell clients that ask for XML what none of them can read.
        if let Some((name, value)) =
            metadata.iter().find(|(name, value)| name.is_empty() || !is_xml(name) || !is_xml(value))
        {
            let what = format!("{name:?} = {value:?} can't stand in the registry's XML");
            return Err(RegistryError::new(REGISTRY, Code::InvalidArgument, what));
        }
        let port = |enabled: bool| {
            let number = if enabled { instance.port() } else { 0 };
            json!({ "$": number, "@enabled": enabled.to_string() })
        };
        // Which of two peers has the newer one.
        let written = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let document = json!({ "instance": {
            "instanceId": id,
            "app": self.name.to_uppercase(),
            "hostName": instance.host(),
            "ipAddr": instance.host(),
            "status": self.status.as_str(),
            "overriddenStatus": Status::Unknown.as_str(),
            "port": port(!self.secure_port),
            "securePort": port(self.secure_port),
            "vipAddress": self.name,
            "secureVipAddress": self.name,
            "dataCenterInfo": {
                "@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo",
                "name": "MyOwn",
            },
            "leaseInfo": {
                "renewalIntervalInSecs": whole_seconds(self.renewal),
                "durationInSecs": whole_seconds(self.ttl_of_two_renewals()),
            },
            "metadata": metadata,
            "lastDirtyTimestamp": written.to_string(),
        }});
        Ok(document.to_string().into())
    }
}

/// Whether XML 1.0 has all its characters (Char, production 2).
fn is_xml(text: &str) -> bool {
    text.chars()
        .all(|char| !matches!(char, '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\u{FFFE}' | '\u{FFFF}'))
}

/// Rounded up. Eureka's are 32 bits wide, with a sign.
fn whole_seconds(time: Duration) -> u32 {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    u32::try_from(seconds).unwrap_or(u32::MAX).min(i32::MAX as u32)
}

impl Register for Registration {
    fn registry(&self) -> &'static str {
        REGISTRY
    }

    async fn register(&mut self, instance: &Instance) -> Result<(), RegistryError> {
        let id = if instance.has_name() {
            instance.id().to_owned()
        } else {
            format!("{}:{}:{}", instance.host(), self.name, instance.port())
        };
        let document = self.document(instance, &id)?;
        // Before it is sent: a try whose answer is lost may have been carried out.
        self.path = Some(api::instance(&self.name, &id));
        let reply = self.eureka.ask(Method::POST, &api::application(&self.name), document).await?;
        reply.accepted().map(drop)
    }

    async fn keep(&mut self) -> RegistryError {
        let lost = |what| RegistryError::new(REGISTRY, Code::NotFound, what);
        let Some(path) = &self.path else { return lost("it was not registered") };
        let mut backoff =
            RegistryBackoff::new(Duration::from_millis(100)).max(self.renewal.min(Duration::from_secs(10)));
        let mut renewed = Instant::now();
        let mut wait = self.renewal;
        loop {
            sleep(wait).await;
            match self.eureka.ask(Method::PUT, path, Bytes::new()).await {
                Ok(reply) if reply.status() == StatusCode::NOT_FOUND => {
                    return lost("the registration is not known any more");
                }
                Ok(_) => {
                    renewed = Instant::now();
                    backoff.reset();
                    wait = self.renewal;
                }
                Err(error) if renewed.elapsed() >= self.ttl_of_two_renewals() => {
                    let what = format!("the registration could not be renewed for {:?}", self.ttl_of_two_renewals());
                    return RegistryError::unavailable(REGISTRY, what).with_source(error);
                }
                Err(_) => wait = backoff.next(),
            }
        }
    }

    async fn deregister(&mut self) -> Result<(), RegistryError> {
        if let Some(path) = &self.path {
            self.eureka.ask(Method::DELETE, path, Bytes::new()).await?;
            self.path = None;
        }
        Ok(())
    }
}
