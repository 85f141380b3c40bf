mod erased;
mod event;
mod member;
mod queue;
mod worker;

pub(crate) use erased::{Erased, Unexported};
pub use event::{ExportEvent, Loss};
pub use member::Exporter;
pub(crate) use queue::Queue;
pub use queue::Stats;
