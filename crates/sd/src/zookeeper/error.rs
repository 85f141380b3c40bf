use std::future::Future;
use std::time::Duration;

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
    crate::timely::timely(REGISTRY, what, limit, call, failed).await
}

/// Like [`timely`], for what may well not be there.
pub(super) async fn timely_if_there<T>(
    what: &str,
    limit: Duration,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<Option<T>, RegistryError> {
    let answer = async {
        match call.await {
            Err(Error::NoNode) => Ok(None),
            answer => answer.map(Some),
        }
    };
    timely(what, limit, answer).await
}

fn failed(what: &str, error: Error) -> RegistryError {
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
