use std::fmt;

use super::{Access, Policy};
use crate::{Answer, Reason};

/// A policy of a function that says yes or no.
///
/// A caller who is not known is refused with [`Missing`](Reason::Missing), and the function is not asked, unless it is [for nobody too](PolicyFn::anonymous_too). A no is
/// [`NotAllowed`](Reason::NotAllowed). A function that says why is an [`async_policy_fn`](super::async_policy_fn), or a [`Policy`] of one's own.
///
/// ```
/// use towerkit_auth::{Access, Policy, Answer, policy_fn};
/// use towerkit_endpoint::Request;
///
/// let (nobody, small) = (Request::new(7), policy_fn(|access: &Access<'_, u64>| *access.message() < 100));
/// assert!(matches!(small.decide(&Access::new("spend", &nobody)), Answer::Now(Err(_))));
/// assert!(matches!(small.anonymous_too().decide(&Access::new("spend", &nobody)), Answer::Now(Ok(()))));
/// ```
pub const fn policy_fn<F, T>(function: F) -> PolicyFn<F>
where
    F: Fn(&Access<'_, T>) -> bool,
{
    PolicyFn { function, anonymous_too: false }
}

/// The policy that [`policy_fn`] makes.
#[derive(Clone, Copy)]
pub struct PolicyFn<F> {
    function: F,
    anonymous_too: bool,
}

impl<F> PolicyFn<F> {
    /// Asks the function for callers without a principal as well, where authentication is optional or there is none. Its no is [`Missing`](Reason::Missing) for them.
    #[must_use]
    pub const fn anonymous_too(mut self) -> Self {
        self.anonymous_too = true;
        self
    }
}

impl<F, T> Policy<T> for PolicyFn<F>
where
    F: Fn(&Access<'_, T>) -> bool,
{
    fn decide(&self, access: &Access<'_, T>) -> Answer<()> {
        if access.principal().is_none() && !self.anonymous_too {
            return Answer::fail(Reason::Missing);
        }
        if (self.function)(access) { Answer::pass(()) } else { Answer::fail(access.no("the policy says no")) }
    }
}

impl<F> fmt::Debug for PolicyFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PolicyFn({})", std::any::type_name::<F>())
    }
}
