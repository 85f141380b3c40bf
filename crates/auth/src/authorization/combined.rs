use super::{Access, Policy};
use crate::{Answer, Reason};

/// What both of two policies allow. The second is not asked where the first says no at once; two that answer later are waited for one after the other.
///
/// ```
/// use towerkit_auth::{Access, Scopes, both, policy_fn};
///
/// let small_sums = both(Scopes::all(["add:write"]), policy_fn(|access: &Access<'_, u64>| *access.message() < 100));
/// # let _ = small_sums;
/// ```
pub const fn both<A, B>(first: A, second: B) -> Both<A, B> {
    Both { first, second }
}

/// What either of two policies allows. The second is not asked where the first says yes at once; where both say no, the reason is the first's, unless the second
/// [could not find out](Reason::Unavailable).
///
/// ```
/// use towerkit_auth::{Access, Scopes, either, policy_fn};
///
/// struct Cancel { by: String }
///
/// let own = policy_fn(|access: &Access<'_, Cancel>| access.principal().is_some_and(|who| who.subject() == access.message().by));
/// let own_or_admin = either(Scopes::all(["orders:admin"]), own);
/// # let _ = own_or_admin;
/// ```
pub const fn either<A, B>(first: A, second: B) -> Either<A, B> {
    Either { first, second }
}

/// The policy that [`both`] makes.
#[derive(Clone, Copy, Debug)]
pub struct Both<A, B> {
    first: A,
    second: B,
}

impl<T, A: Policy<T>, B: Policy<T>> Policy<T> for Both<A, B> {
    fn decide(&self, access: &Access<'_, T>) -> Answer<()> {
        match self.first.decide(access) {
            Answer::Now(Ok(())) => self.second.decide(access),
            Answer::Now(Err(reason)) => Answer::fail(reason),
            Answer::Later(first) => {
                let second = self.second.decide(access);
                Answer::later(async move {
                    // One that is known already spares the wait.
                    match second {
                        Answer::Now(Ok(())) => first.await,
                        Answer::Now(Err(reason)) => Err(reason),
                        Answer::Later(second) => {
                            first.await?;
                            second.await
                        }
                    }
                })
            }
        }
    }
}

/// The policy that [`either`] makes.
#[derive(Clone, Copy, Debug)]
pub struct Either<A, B> {
    first: A,
    second: B,
}

impl<T, A: Policy<T>, B: Policy<T>> Policy<T> for Either<A, B> {
    fn decide(&self, access: &Access<'_, T>) -> Answer<()> {
        match self.first.decide(access) {
            Answer::Now(Ok(())) => Answer::pass(()),
            Answer::Now(Err(first)) => match self.second.decide(access) {
                Answer::Now(second) => Answer::Now(second.map_err(|second| worse(first, second))),
                Answer::Later(second) => {
                    Answer::later(async move { second.await.map_err(|second| worse(first, second)) })
                }
            },
            Answer::Later(first) => match self.second.decide(access) {
                Answer::Now(Ok(())) => Answer::pass(()),
                Answer::Now(Err(second)) => {
                    Answer::later(async move { first.await.map_err(|first| worse(first, second)) })
                }
                Answer::Later(second) => Answer::later(async move {
                    match first.await {
                        Ok(()) => Ok(()),
                        Err(first) => second.await.map_err(|second| worse(first, second)),
                    }
                }),
            },
        }
    }
}

/// Of two that said no: one that does not know may still have said yes.
fn worse(first: Reason, second: Reason) -> Reason {
    if second.code().is_fault() { second } else { first }
}
