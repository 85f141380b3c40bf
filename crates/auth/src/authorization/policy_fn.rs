use std::fmt;

use super::{Access, Policy};
use crate::Verdict;

/// A policy of a function that says yes or no.
///
/// A no is [`NotAllowed`](crate::Reason::NotAllowed) for a caller who is known, and [`Missing`](crate::Reason::Missing) for one who is not. A function that says why
/// is an [`async_policy_fn`](super::async_policy_fn), or a [`Policy`] of one's own.
pub const fn policy_fn<F, T>(function: F) -> PolicyFn<F>
where
    F: Fn(&Access<'_, T>) -> bool,
{
    PolicyFn { function }
}

/// The policy that [`policy_fn`] makes.
#[derive(Clone, Copy)]
pub struct PolicyFn<F> {
    function: F,
}

impl<F, T> Policy<T> for PolicyFn<F>
where
    F: Fn(&Access<'_, T>) -> bool,
{
    fn decide(&self, access: &Access<'_, T>) -> Verdict<()> {
        if (self.function)(access) { Verdict::pass(()) } else { Verdict::fail(access.no("the policy says no")) }
    }
}

impl<F> fmt::Debug for PolicyFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PolicyFn({})", std::any::type_name::<F>())
    }
}
