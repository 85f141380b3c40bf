use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;
use towerkit_endpoint::Code;

use crate::RegistryError;

/// What a registry answers within a time. `failed` makes an error of its client's own.
pub(crate) async fn timely<T, E>(
    registry: &'static str,
    what: &str,
    limit: Duration,
    call: impl Future<Output = Result<T, E>>,
    failed: impl FnOnce(&str, E) -> RegistryError,
) -> Result<T, RegistryError> {
    match timeout(limit, call).await {
        Ok(answer) => answer.map_err(|error| failed(what, error)),
        Err(_) => Err(late(registry, what)),
    }
}

pub(crate) fn late(registry: &'static str, what: &str) -> RegistryError {
    RegistryError::new(registry, Code::DeadlineExceeded, format!("{what}: no answer in time"))
}
