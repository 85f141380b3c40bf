use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;
use towerkit_endpoint::Code;
use zookeeper_client::Error;

use super::REGISTRY;
use crate::RegistryError;

/// What ZooKeeper answers within a time.
pub(super) async fn timely<T>(
    what: &str,
    limit: Duration,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, RegistryError> {
    match timeout(limit, call).await {
        Ok(answer) => answer.map_err(|error| failed(what, error)),
        Err(_) => Err(late(what)),
    }
}

/// Like [`timely`], for what may well not be there.
pub(super) async fn timely_if_there<T>(
    what: &str,
    limit: Duration,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<Option<T>, RegistryError> {
    match timeout(limit, call).await {
        Ok(Ok(answer)) => Ok(Some(answer)),
        Ok(Err(Error::NoNode)) => Ok(None),
        Ok(Err(error)) => Err(failed(what, error)),
        Err(_) => Err(late(what)),
    }
}

pub(super) fn late(what: &str) -> RegistryError {
    RegistryError::new(REGISTRY, Code::DeadlineExceeded, format!("{what}: no answer in time"))
}

pub(super) fn failed(what: &str, error: Error) -> RegistryError {
    let code = match &error {
        Error::NoNode => Code::NotFound,
        Error::NoAuth | Error::InvalidAcl => Code::PermissionDenied,
        Error::AuthFailed => Code::Unauthenticated,
        Error::BadArguments(_) => Code::InvalidArgument,
        Error::Unimplemented => Code::Unimplemented,
        Error::QuotaExceeded | Error::Throttled => Code::ResourceExhausted,
        Error::UnmarshalError { .. } => Code::DataLoss,
        _ => Code::Unavailable,
    };
    RegistryError::new(REGISTRY, code, format!("{what}: {error}")).with_source(error)
}
