use std::time::Duration;

use super::client::Consul;
use super::target::Target;
use super::watch;
use crate::Instancer;

/// Which instances of a service are looked for, and how: made by [`Consul::service`].
#[derive(Clone, Debug)]
pub struct Discovery {
    pub(super) consul: Consul,
    pub(super) name: String,
    pub(super) tags: Vec<String>,
    any_health: bool,
    datacenter: Option<String>,
    near: Option<String>,
    filter: Option<String>,
    consistency: Consistency,
    pub(super) wait: Duration,
}

/// What Consul's servers are asked for, see "Consistency Modes" in its documentation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Consistency {
    /// The leader answers. In the rare case that it was deposed and does not know yet, the answer is old.
    #[default]
    Default,
    /// The leader answers after it has made sure that it is one.
    Consistent,
    /// Any server answers, with what it has: quickest, and there even without a leader, but it may be old.
    Stale,
}

impl Discovery {
    pub(super) const fn new(consul: Consul, name: String) -> Self {
        Self {
            consul,
            name,
            tags: Vec::new(),
            any_health: false,
            datacenter: None,
            near: None,
            filter: None,
            consistency: Consistency::Default,
            wait: Duration::from_secs(60),
        }
    }

    /// Only instances that have this tag; with several, all of them. Case matters.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// The instances whose checks don't pass as well. The weight of one whose checks don't all pass is that for
    /// `warning`.
    #[must_use]
    pub const fn any_health(mut self) -> Self {
        self.any_health = true;
        self
    }

    /// Those of another data centre than the agent's.
    #[must_use]
    pub fn datacenter(mut self, datacenter: impl Into<String>) -> Self {
        self.datacenter = Some(datacenter.into());
        self
    }

    /// Has Consul sort by the time that the network takes from a node; `_agent` is the agent's. An [`Instancer`] has
    /// its set in an order of its own, so that this tells only where Consul, or a proxy in front of it, cuts the list.
    #[must_use]
    pub fn near(mut self, node: impl Into<String>) -> Self {
        self.near = Some(node.into());
        self
    }

    /// Has Consul choose by an expression, such as `Service.Meta.canary == "yes"`. See "Filtering" in its
    /// documentation.
    #[must_use]
    pub fn filter(mut self, expression: impl Into<String>) -> Self {
        self.filter = Some(expression.into());
        self
    }

    /// How new the answers are.
    #[must_use]
    pub const fn consistency(mut self, consistency: Consistency) -> Self {
        self.consistency = consistency;
        self
    }

    /// For how long Consul may hold a query in which nothing changes, in place of 60 s; from 1 s to 10 min. Changes are
    /// told at once all the same: it is the time after which a connection that has died without a word is found out.
    #[must_use]
    pub fn wait(mut self, time: Duration) -> Self {
        self.wait = time.clamp(Duration::from_secs(1), Duration::from_secs(600));
        self
    }

    /// Begins to watch. It is called within a Tokio runtime.
    #[must_use]
    pub fn instancer(self) -> Instancer {
        Instancer::spawn(super::REGISTRY, |publisher| watch::watch(self, publisher))
    }

    pub(super) fn target(&self) -> Target {
        let mut target = Target::new("/v1/health/service").segment(&self.name);
        if !self.any_health {
            target = target.flag("passing");
        }
        target = match self.consistency {
            Consistency::Default => target,
            Consistency::Consistent => target.flag("consistent"),
            Consistency::Stale => target.flag("stale"),
        };
        let named = [("dc", &self.datacenter), ("near", &self.near), ("filter", &self.filter)];
        for (name, value) in named {
            if let Some(value) = value {
                target = target.with(name, value);
            }
        }
        // Old servers look at the first alone, and none minds case: what comes is looked at once more.
        self.tags.iter().fold(target, |target, tag| target.with("tag", tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service() -> Discovery {
        Consul::new("http://127.0.0.1:8500/").unwrap().service("add svc")
    }

    #[test]
    fn what_is_asked_for_stands_in_the_query() {
        assert_eq!(service().target().to_string(), "/v1/health/service/add%20svc?passing");
        let all = service().any_health().tag("a").tag("b=c").datacenter("dc2").near("_agent").filter("x == \"y\"");
        assert_eq!(
            all.consistency(Consistency::Stale).target().to_string(),
            "/v1/health/service/add%20svc?stale&dc=dc2&near=_agent&filter=x%20%3D%3D%20%22y%22&tag=a&tag=b%3Dc"
        );
    }

    #[test]
    fn the_wait_is_bounded() {
        assert_eq!(service().wait(Duration::ZERO).wait, Duration::from_secs(1));
        assert_eq!(service().wait(Duration::MAX).wait, Duration::from_secs(600));
    }
}
