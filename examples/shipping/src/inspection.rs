//! Inspection: looks at a cargo whenever something was done to it, and says what somebody should know.

use crate::domain::cargo::Cargo;
use crate::domain::delivery::Delivery;

/// Who is to know what an inspection finds.
pub(crate) trait Findings: Send + Sync {
    /// It is not where it should be.
    fn misdirected(&self, cargo: &Cargo);

    /// It was unloaded where it is to go.
    fn arrived(&self, cargo: &Cargo);
}

/// Tells what an event has changed, so that one that is told twice, or late, is heard of once. What another route or
/// another destination makes of a cargo is known to whoever asked for that.
pub(crate) fn inspect(before: &Delivery, cargo: &Cargo, findings: &dyn Findings) {
    let after = cargo.delivery();
    if after.is_misdirected && !before.is_misdirected {
        findings.misdirected(cargo);
    }
    if after.has_arrived && !before.has_arrived {
        findings.arrived(cargo);
    }
}
