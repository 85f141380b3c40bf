//! A secret is not logged by accident.

use towerkit_log::Redacted;
use tracing::info;

use crate::support::logfmt;

#[test]
fn it_is_not_shown_in_any_way() {
    let secret = Redacted::new("rosebud".to_owned());
    let (log, written) = logfmt();
    let log = log.with("bound", tracing::field::display(&secret));
    log.scope(|| info!(shown = %secret, debugged = ?secret, nested = ?Some(&secret), "{secret} {secret:?} {secret:#?} {secret:>20}"));
    let line = written.line();
    assert!(!line.contains("rosebud") && line.matches("[redacted]").count() == 8, "{line}");
    assert_eq!((secret.expose().as_str(), secret.clone().into_exposed()), ("rosebud", "rosebud".to_owned()));
}
