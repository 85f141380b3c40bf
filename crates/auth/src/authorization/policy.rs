use std::sync::Arc;

use crate::{Access, Verdict};

/// Says who may do what.
///
/// Its reasons are mostly [`NotAllowed`](crate::Reason::NotAllowed) and [`InsufficientScope`](crate::Reason::InsufficientScope), and
/// [`Missing`](crate::Reason::Missing) where there is no principal; the reason's [code](crate::Reason::code) is the caller's. It must not block: what has to
/// ask elsewhere takes out of the access what it needs, and answers [`Later`](Verdict::Later).
///
/// It is generic over the message, which it may look at; one that does not is written once for all.
///
/// ```
/// use towerkit_auth::{Access, Policy, Reason, Scheme, Verdict};
///
/// /// Nobody comes in with a password alone.
/// #[derive(Clone, Debug)]
/// struct NoPasswords;
///
/// impl<T> Policy<T> for NoPasswords {
///     fn decide(&self, access: &Access<'_, T>) -> Verdict<()> {
///         match access.principal() {
///             Some(who) if who.scheme() == Scheme::Basic => Verdict::fail(Reason::NotAllowed("it has but a password".into())),
///             Some(_) => Verdict::pass(()),
///             None => Verdict::fail(Reason::Missing),
///         }
///     }
/// }
/// ```
pub trait Policy<T> {
    /// Judges a call.
    fn decide(&self, access: &Access<'_, T>) -> Verdict<()>;
}

/// A policy whose type is hidden, `Arc<dyn Policy<T> + Send + Sync>`, is one too.
impl<T, P: Policy<T> + ?Sized> Policy<T> for Arc<P> {
    fn decide(&self, access: &Access<'_, T>) -> Verdict<()> {
        (**self).decide(access)
    }
}
