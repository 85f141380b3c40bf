use std::error::Error as _;
use std::future::Future;
use std::time::Duration;

use etcd_client::Error;
use towerkit_endpoint::Code;

use super::REGISTRY;
use crate::RegistryError;

/// What etcd answers within a time.
pub(super) async fn timely<T>(
    what: &str,
    limit: Duration,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, RegistryError> {
    crate::timely::timely(REGISTRY, what, limit, call, failed).await
}

pub(super) fn late(what: &str) -> RegistryError {
    crate::timely::late(REGISTRY, what)
}

/// The error of a request, for operators.
pub(super) fn failed(what: &str, error: Error) -> RegistryError {
    let (code, text) = match &error {
        Error::GRpcStatus(status) => {
            let number = u8::try_from(status.code() as i32).unwrap_or_default();
            let code = Code::from_number(number).unwrap_or(Code::Unknown);
            let mut text = status.message().to_owned();
            // Why a connection fails stands at the bottom: "transport error" says little.
            let mut cause = status.source();
            while let Some(error) = cause {
                text = error.to_string();
                cause = error.source();
            }
            // With a cause it is the transport's; what a member says has none.
            let code = if status.source().is_some() { Code::Unavailable } else { code_of(code, status.message()) };
            (code, text)
        }
        Error::LeaseKeepAliveError(_) => (Code::NotFound, "the lease is gone".to_owned()),
        Error::InvalidArgs(_) | Error::InvalidUri(_) => (Code::InvalidArgument, error.to_string()),
        _ => (Code::Unavailable, error.to_string()),
    };
    RegistryError::new(REGISTRY, code, format!("{what}: {}", brief(&text))).with_source(error)
}

/// A watch that the member has ended.
pub(super) fn cancelled(what: &str, reason: &str) -> RegistryError {
    RegistryError::new(REGISTRY, code_of(Code::Unavailable, reason), format!("{what}: cancelled: {}", brief(reason)))
}

/// etcd tells who may not come in by a text, with a code for arguments, or with none.
fn code_of(code: Code, text: &str) -> Code {
    if text.contains("permission denied") {
        Code::PermissionDenied
    } else if ["authentication failed", "user name is empty", "invalid auth token"].iter().any(|one| text.contains(one))
    {
        Code::Unauthenticated
    } else {
        code
    }
}

/// Whether an error says that another member, or a new connection, would do better. Another member may not do what this
/// one refuses, nor does it know a lease that this one does not.
pub(super) fn breaks(error: &RegistryError) -> bool {
    !matches!(error.code(), Code::PermissionDenied | Code::NotFound | Code::DataLoss | Code::FailedPrecondition)
}

/// A text of a peer, to be told: in one line of bounded length.
fn brief(text: &str) -> String {
    text.chars().take(300).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_known_by_its_text() {
        assert_eq!(cancelled("w", "etcdserver: permission denied").code(), Code::PermissionDenied);
        assert_eq!(cancelled("w", "etcdserver: no leader").code(), Code::Unavailable);
        assert_eq!(code_of(Code::InvalidArgument, "etcdserver: user name is empty"), Code::Unauthenticated);
    }

    #[test]
    fn a_peer_s_text_is_bounded_and_of_one_line() {
        let error = cancelled("w", &format!("a\nb{}", "c".repeat(10_000)));
        assert!(error.to_string().len() < 400);
        assert!(!error.to_string().contains('\n'));
    }
}
