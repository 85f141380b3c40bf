use std::sync::{Arc, Mutex};

use towerkit_lifecycle::{Group, GroupError, Lifeline, Member, member_fn};

/// What happened, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// A member that is up at once and stops when asked, and says both.
pub(crate) fn good(name: &'static str, log: &Log) -> impl Member {
    let log = log.clone();
    member_fn(name, move |lifeline| async move {
        log.add(format!("{name} up"));
        lifeline.ready();
        lifeline.stopping().await;
        log.add(format!("{name} down"));
        Ok(())
    })
}

/// A member that is up at once and ends the group.
pub(crate) fn ends() -> impl Member {
    member_fn("ends", |lifeline: Lifeline| async move {
        lifeline.ready();
        // Once everyone is up.
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        Ok(())
    })
}

/// The error of a group that must not end well.
pub(crate) async fn fails(group: Group) -> GroupError {
    group.run().await.expect_err("it ended well")
}

/// The endings by name, as text without times.
pub(crate) fn endings(report: &towerkit_lifecycle::GroupReport) -> Vec<String> {
    report.members().iter().map(|member| format!("{}: {}", member.name, member.ending)).collect()
}
