use std::fmt;
use std::future::Future;

use super::{Access, Policy};
use crate::{Answer, Reason};

/// A policy of a function that has to ask elsewhere: it takes out of the access what it needs, and returns a future that says why not.
///
/// A caller who is not known is refused with [`Missing`](Reason::Missing), and the function is not asked, unless it is [for nobody too](AsyncPolicyFn::anonymous_too).
///
/// Each call costs an allocation, for the future. Who hangs up meanwhile drops it. What can't be found out is
/// [`Unavailable`](Reason::Unavailable), and so is the answer.
///
/// ```
/// use towerkit_auth::{Access, Authorization, Principal, Reason, async_policy_fn};
///
/// # #[derive(Clone)] struct Orders;
/// # impl Orders { async fn owner(&self, _: u64) -> Result<String, std::io::Error> { Ok("ada".to_owned()) } }
/// # let orders = Orders;
/// struct Cancel { order: u64 }
///
/// let own_orders = async_policy_fn(move |access: &Access<'_, Cancel>| {
///     let (orders, order) = (orders.clone(), access.message().order);
///     let who = access.principal().map(|who| who.subject().to_owned());
///     async move {
///         let who = who.ok_or(Reason::Missing)?;
///         let owner = orders.owner(order).await.map_err(|error| Reason::Unavailable(error.into()))?;
///         if owner == who { Ok(()) } else { Err(Reason::NotAllowed("it is another's order".into())) }
///     }
/// });
/// let authorization = Authorization::new(own_orders);
/// # let _ = authorization;
/// ```
pub const fn async_policy_fn<F, T, A>(function: F) -> AsyncPolicyFn<F>
where
    F: Fn(&Access<'_, T>) -> A,
    A: Future<Output = Result<(), Reason>> + Send + 'static,
{
    AsyncPolicyFn { function, anonymous_too: false }
}

/// The policy that [`async_policy_fn`] makes.
#[derive(Clone, Copy)]
pub struct AsyncPolicyFn<F> {
    function: F,
    anonymous_too: bool,
}

impl<F> AsyncPolicyFn<F> {
    /// Asks the function for callers without a principal as well, where authentication is optional or there is none.
    #[must_use]
    pub const fn anonymous_too(mut self) -> Self {
        self.anonymous_too = true;
        self
    }
}

impl<F, T, A> Policy<T> for AsyncPolicyFn<F>
where
    F: Fn(&Access<'_, T>) -> A,
    A: Future<Output = Result<(), Reason>> + Send + 'static,
{
    fn decide(&self, access: &Access<'_, T>) -> Answer<()> {
        if access.principal().is_none() && !self.anonymous_too {
            return Answer::fail(Reason::Missing);
        }
        Answer::later((self.function)(access))
    }
}

impl<F> fmt::Debug for AsyncPolicyFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AsyncPolicyFn({})", std::any::type_name::<F>())
    }
}
