//! What is done to the fleet, one thing after the other.

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::time::Instant;
use towerkit_endpoint::BoxError;
use towerkit_sd::{EndpointerEvent, Outliers};

use crate::clients::Fleet;
use crate::servers::{Programs, REPLICAS, Servers};
use crate::until;

/// Who is told of what happens at a client.
pub type OnEvent = Arc<dyn Fn(&str, &EndpointerEvent<'_>) + Send + Sync>;

/// The settings of a run.
#[derive(Clone)]
pub struct Plan {
    /// Calls a second of each client.
    pub rate: u32,
    /// How long a call may take, with all its attempts.
    pub deadline: Duration,
    /// How long an attempt may take, where there are several.
    pub attempt_timeout: Duration,
    /// Passive health, where there is any.
    pub outliers: Outliers,
    /// How long each phase takes at least.
    pub lengths: [Duration; Phase::ALL.len()],
    /// Who is told of what happens at a client.
    pub on_event: OnEvent,
}

impl Plan {
    /// What the page in `docs` shows: two minutes.
    #[must_use]
    pub fn full() -> Self {
        // Consul takes an instance out after 15 s without a heartbeat: who is killed is seen to go.
        Self::new(Outliers::new(), [10, 20, 15, 10, 10, 10, 10, 15])
    }

    /// Half a minute: the registry has no time to notice anything, and ejections are shorter.
    #[must_use]
    pub fn quick() -> Self {
        let outliers =
            Outliers::new().base_ejection_time(Duration::from_secs(2)).max_ejection_time(Duration::from_secs(8));
        Self::new(outliers, [2, 4, 3, 3, 2, 2, 4, 3])
    }

    fn new(outliers: Outliers, seconds: [u64; Phase::ALL.len()]) -> Self {
        Self {
            rate: 200,
            deadline: Duration::from_millis(500),
            attempt_timeout: Duration::from_millis(150),
            outliers,
            lengths: seconds.map(Duration::from_secs),
            on_event: Arc::new(|_, _| {}),
        }
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("rate", &self.rate).field("lengths", &self.lengths).finish_non_exhaustive()
    }
}

/// A part of the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing is done.
    Well,
    /// One instance is killed.
    Killed,
    /// It is started again.
    Started,
    /// Another one hangs.
    Hung,
    /// It goes on.
    WentOn,
    /// The third one is asked to end, and started again.
    Restarted,
    /// The registry is killed.
    NoRegistry,
    /// It is started again, and knows nobody.
    RegistryBack,
}

impl Phase {
    /// All of them, in their order.
    pub const ALL: [Self; 8] = [
        Self::Well,
        Self::Killed,
        Self::Started,
        Self::Hung,
        Self::WentOn,
        Self::Restarted,
        Self::NoRegistry,
        Self::RegistryBack,
    ];

    /// What is done.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Well => "all is well",
            Self::Killed => "one is killed",
            Self::Started => "it is started again",
            Self::Hung => "another hangs",
            Self::WentOn => "it goes on",
            Self::Restarted => "the third is restarted",
            Self::NoRegistry => "the registry is killed",
            Self::RegistryBack => "it is started again, empty",
        }
    }

    /// Whether all instances are to be there at its end, for the registry and for all clients.
    const fn heals(self) -> bool {
        !matches!(self, Self::Killed | Self::Hung | Self::NoRegistry)
    }
}

/// Goes through all phases; when each began, and at last when all was over.
///
/// # Errors
///
/// When the fleet is not whole again in time, or an instance that is asked to end does not do so well.
pub fn play(
    programs: &Programs,
    servers: &mut Servers,
    fleets: &[Fleet],
    plan: &Plan,
) -> Result<Vec<Instant>, BoxError> {
    let whole = || until("all clients have the whole fleet", || fleets.iter().all(is_whole));
    whole()?;
    let mut begun = Vec::new();
    for (phase, length) in Phase::ALL.into_iter().zip(plan.lengths) {
        begun.push(Instant::now());
        let Servers { consul, replicas: [first, second, third] } = servers;
        match phase {
            Phase::Well => {}
            Phase::Killed => first.kill(),
            Phase::Started => first.start_again(programs),
            Phase::Hung => second.stop(),
            Phase::WentOn => second.go_on(),
            Phase::Restarted => {
                if !third.terminate() {
                    return Err("an instance that was asked to end ended with an error".into());
                }
                third.start_again(programs);
            }
            Phase::NoRegistry => consul.kill(),
            Phase::RegistryBack => consul.start_again(programs),
        }
        if phase.heals() {
            until("all instances are registered", || consul.healthy() == REPLICAS)?;
        }
        thread::sleep(length);
        if phase.heals() {
            whole()?;
        }
    }
    begun.push(Instant::now());
    Ok(begun)
}

fn is_whole(fleet: &Fleet) -> bool {
    let members = fleet.members();
    members.len() == REPLICAS && members.iter().all(|member| !member.ejected)
}
