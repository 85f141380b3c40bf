//! Asks an authenticator.

use http::{HeaderName, HeaderValue};
use towerkit_auth::{Answer, Authenticator, Principal, Reason};
use towerkit_endpoint::Context;

/// The context of a request with these fields, in their order.
pub(crate) fn context<'a>(fields: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Context {
    let mut context = Context::new();
    for (name, value) in fields {
        let (name, value) = (name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value).unwrap());
        context.metadata_mut().append(name, value);
    }
    context
}

/// What an authenticator makes of a request; none where it has no credentials of its kind.
pub(crate) async fn authenticate(by: &impl Authenticator, context: &Context) -> Option<Result<Principal, Reason>> {
    Some(match by.authenticate(context)? {
        Answer::Now(outcome) => outcome,
        Answer::Later(outcome) => outcome.await,
    })
}

/// The same in a word: the subject, or the name of the reason.
pub(crate) async fn said(by: &impl Authenticator, context: &Context) -> String {
    match authenticate(by, context).await {
        None => "none".to_owned(),
        Some(Ok(principal)) => format!("is {}", principal.subject()),
        Some(Err(reason)) => reason.as_str().to_owned(),
    }
}
