use std::time::Duration;

use serde::Serialize;

use crate::Instance;

/// How Consul learns whether the instance is well.
#[derive(Clone, Debug)]
pub(super) enum Check {
    /// We say so, each time before this time is over.
    Ttl(Duration),
    /// Consul asks by HTTP: a whole URL, or a path at the instance.
    Http { at: String, every: Duration },
    /// Consul connects to the instance.
    Tcp { every: Duration },
}

/// As Consul's API wants it.
#[derive(Debug, Default, Serialize)]
pub(super) struct Definition {
    #[serde(rename = "CheckID")]
    id: String,
    #[serde(rename = "Name")]
    name: &'static str,
    #[serde(rename = "TTL", skip_serializing_if = "Option::is_none")]
    ttl: Option<String>,
    #[serde(rename = "HTTP", skip_serializing_if = "Option::is_none")]
    http: Option<String>,
    #[serde(rename = "TCP", skip_serializing_if = "Option::is_none")]
    tcp: Option<String>,
    #[serde(rename = "Interval", skip_serializing_if = "Option::is_none")]
    interval: Option<String>,
    #[serde(rename = "Timeout", skip_serializing_if = "Option::is_none")]
    timeout: Option<String>,
    #[serde(rename = "Status", skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(rename = "DeregisterCriticalServiceAfter", skip_serializing_if = "Option::is_none")]
    deregister_after: Option<String>,
}

/// Consul does not take less.
const SOONEST: Duration = Duration::from_secs(60);

impl Check {
    /// How often something is asked: the heartbeat, or whether the registration is still there.
    pub(super) fn every(&self) -> Duration {
        match self {
            Self::Ttl(ttl) => *ttl / 3,
            Self::Http { .. } | Self::Tcp { .. } => Duration::from_secs(5),
        }
    }

    /// For how long that may go without an answer, until the registration counts as lost.
    pub(super) fn lost_after(&self) -> Duration {
        match self {
            Self::Ttl(ttl) => *ttl,
            Self::Http { .. } | Self::Tcp { .. } => self.every() * 3,
        }
    }

    /// After how long in a critical state Consul takes the registration out, where nothing else is said.
    fn deregistered_after(&self) -> Duration {
        match self {
            Self::Ttl(ttl) => (*ttl * 10).max(SOONEST),
            Self::Http { .. } | Self::Tcp { .. } => Duration::from_secs(600),
        }
    }

    pub(super) fn definition(&self, id: String, instance: &Instance, deregister_after: Option<Duration>) -> Definition {
        let after = deregister_after.unwrap_or_else(|| self.deregistered_after());
        let deregister_after = Some(after).filter(|after| !after.is_zero()).map(|after| millis(after.max(SOONEST)));
        let common = Definition { id, deregister_after, ..Definition::default() };
        let polled = |every: Duration| (Some(millis(every)), Some(millis(every.min(Duration::from_secs(10)))));
        match self {
            // It is well from the start, since it could say so.
            Self::Ttl(ttl) => {
                Definition { name: "heartbeat", ttl: Some(millis(*ttl)), status: Some("passing"), ..common }
            }
            Self::Http { at, every } => {
                let url = if at.starts_with('/') { format!("http://{}{at}", instance.address()) } else { at.clone() };
                let (interval, timeout) = polled(*every);
                Definition { name: "HTTP", http: Some(url), interval, timeout, ..common }
            }
            Self::Tcp { every } => {
                let (interval, timeout) = polled(*every);
                Definition { name: "TCP", tcp: Some(instance.address().to_owned()), interval, timeout, ..common }
            }
        }
    }
}

/// A time as Go reads it.
fn millis(time: Duration) -> String {
    format!("{}ms", time.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(check: &Check, deregister_after: Option<Duration>) -> String {
        let instance = Instance::new("::1", 80);
        serde_json::to_string(&check.definition("id".to_owned(), &instance, deregister_after)).unwrap()
    }

    #[test]
    fn each_kind_is_defined_as_consul_wants_it() {
        let second = Duration::from_secs(1);
        let ttl = r#"{"CheckID":"id","Name":"heartbeat","TTL":"15000ms","Status":"passing","#;
        assert_eq!(
            json(&Check::Ttl(second * 15), None),
            format!(r#"{ttl}"DeregisterCriticalServiceAfter":"150000ms"}}"#)
        );
        assert_eq!(
            json(&Check::Http { at: "/health".to_owned(), every: second }, Some(Duration::ZERO)),
            r#"{"CheckID":"id","Name":"HTTP","HTTP":"http://[::1]:80/health","Interval":"1000ms","Timeout":"1000ms"}"#
        );
        let tcp = r#"{"CheckID":"id","Name":"TCP","TCP":"[::1]:80","Interval":"30000ms","Timeout":"10000ms","#;
        assert_eq!(
            json(&Check::Tcp { every: second * 30 }, Some(second)),
            format!(r#"{tcp}"DeregisterCriticalServiceAfter":"60000ms"}}"#)
        );
    }
}
