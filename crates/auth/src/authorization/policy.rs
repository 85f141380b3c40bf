use std::sync::Arc;

use crate::{Access, Answer};

/// Says who may do what.
///
/// Its reasons are mostly [`NotAllowed`](crate::Reason::NotAllowed) and [`InsufficientScope`](crate::Reason::InsufficientScope), and
/// [`Missing`](crate::Reason::Missing) where there is no principal; the reason's [code](crate::Reason::code) is the caller's. It must not block: what has to
/// ask elsewhere takes out of the access what it needs, and answers [`Later`](Answer::Later).
///
/// It is generic over the message, which it may look at; one that does not is written once for all.
///
/// ```
/// use towerkit_auth::{Access, Policy, Reason, Scheme, Answer};
///
/// /// Nobody comes in with a password alone.
/// #[derive(Clone, Debug)]
/// struct NoPasswords;
///
/// impl<T> Policy<T> for NoPasswords {
///     fn decide(&self, access: &Access<'_, T>) -> Answer<()> {
///         match access.principal() {
///             Some(who) if who.scheme() == Scheme::Basic => Answer::fail(Reason::NotAllowed("it has but a password".into())),
///             Some(_) => Answer::pass(()),
///             None => Answer::fail(Reason::Missing),
///         }
///     }
/// }
/// ```
pub trait Policy<T> {
    /// Judges a call.
    fn decide(&self, access: &Access<'_, T>) -> Answer<()>;
}

/// A policy whose type is hidden, `Arc<dyn Policy<T> + Send + Sync>`, is one too.
impl<T, P: Policy<T> + ?Sized> Policy<T> for Arc<P> {
    fn decide(&self, access: &Access<'_, T>) -> Answer<()> {
        (**self).decide(access)
    }
}
