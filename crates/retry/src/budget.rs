mod tokens;
mod sync {
    pub(super) use std::sync::atomic::{AtomicU64, Ordering};
}

use std::fmt;
use std::sync::Arc;

use self::tokens::{ONE, Tokens};

/// Holds extra attempts to a share of the traffic.
///
/// # Why a budget, and not only a number of attempts?
///
/// When a service fails all its calls, three attempts a call are three times the load, at the moment when it can bear
/// the least. A budget of 0.2 makes that 1.2 times, however many attempts a call may have.
///
/// # How it counts
///
/// Each call deposits its share of a token; each extra attempt withdraws a whole one, and is not made where there is
/// none. At most `burst` tokens are saved up, and it starts with so many. So in any run, from any point on,
/// `extra attempts <= burst + share * calls`. No clock is read: a service that gets no calls is owed no retries. gRPC
/// throttles retries so (proposal A6), and Finagle's `RetryBudget` is near to it.
///
/// An attempt that was waited for and then not made gives its token back.
///
/// ```
/// use towerkit_endpoint::Request;
/// use towerkit_retry::{Budget, HedgeLayer, RetryLayer};
///
/// let budget = Budget::new(0.1).burst(20);
/// let reads = RetryLayer::new().budget(budget.clone()); // one budget for all calls to a server
/// let writes = RetryLayer::new().budget(budget.clone());
/// assert_eq!(budget.balance(), 20.0);
/// # let _ = (reads, writes);
/// ```
///
/// Clones are the same budget. Its state is one word, without a lock; while it is full, a call only reads it. Where a call
/// passes two layers that share a budget it deposits twice.
#[derive(Clone)]
pub struct Budget(Arc<Shared>);

struct Shared {
    tokens: Tokens,
    share: u64,
}

impl Budget {
    /// With a share of extra attempts among calls, of which up to 10 are [saved up](Self::burst).
    ///
    /// The share is rounded to a thousandth; 0.2 is one for five calls, 1.0 is one for each. Below 0, or not a number,
    /// it is 0.
    #[must_use]
    pub fn new(share: f64) -> Self {
        // A cast from float to integer stays within the bounds of the integer, and NaN is 0.
        Self::with((share * ONE as f64).round() as u64, 10)
    }

    /// How many extra attempts are saved up, in place of 10. It is another budget than its clones, and begins with so many. What does
    /// not fit into the burst is lost, so that a burst of 0 is no extra attempt ever.
    #[must_use]
    pub fn burst(self, burst: u32) -> Self {
        Self::with(self.0.share, burst)
    }

    fn with(share: u64, burst: u32) -> Self {
        Self(Arc::new(Shared { tokens: Tokens::new(u64::from(burst) * ONE), share }))
    }

    /// How many extra attempts there are at this moment, in parts too.
    #[must_use]
    pub fn balance(&self) -> f64 {
        self.0.tokens.balance() as f64 / ONE as f64
    }

    /// A call was made.
    #[inline]
    pub(crate) fn deposit(&self) {
        self.0.tokens.deposit(self.0.share);
    }

    pub(crate) fn withdraw(&self) -> Option<Token> {
        self.0.tokens.withdraw().then(|| Token { from: Some(self.clone()) })
    }
}

/// A share of 0.2, with up to 10 saved up.
impl Default for Budget {
    fn default() -> Self {
        Self::new(0.2)
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = self.0.share as f64 / ONE as f64;
        f.debug_struct("Budget").field("balance", &self.balance()).field("share", &share).finish_non_exhaustive()
    }
}

/// Leave for one extra attempt. Dropped unspent it goes back.
pub(crate) struct Token {
    from: Option<Budget>,
}

impl Token {
    /// Where there is no budget to ask.
    pub(crate) const fn free() -> Self {
        Self { from: None }
    }

    /// The attempt is made.
    pub(crate) fn spend(mut self) {
        self.from = None;
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        if let Some(budget) = &self.from {
            budget.0.tokens.deposit(ONE);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Call,
        Retry,
        GiveBack,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![Just(Step::Call), Just(Step::Retry), Just(Step::GiveBack)];
        prop::collection::vec(step, 0..400)
    }

    proptest! {
        #[test]
        fn it_counts_as_plain_integers_do(share in 0_u64..3000, burst in 0_u32..6, steps in steps()) {
            let budget = Budget::new(share as f64 / 1000.0).burst(burst);
            let (capacity, mut model) = (u64::from(burst) * ONE, u64::from(burst) * ONE);
            let mut held = Vec::new();
            let (mut calls, mut given) = (0_u64, 0_u64);
            for step in steps {
                match step {
                    Step::Call => {
                        budget.deposit();
                        calls += 1;
                        model = (model + share).min(capacity);
                    }
                    Step::Retry => {
                        let token = budget.withdraw();
                        prop_assert_eq!(token.is_some(), model >= ONE);
                        if let Some(token) = token {
                            model -= ONE;
                            given += 1;
                            held.push(token);
                        }
                    }
                    Step::GiveBack => if held.pop().is_some() {
                        given -= 1;
                        model = (model + ONE).min(capacity);
                    }
                }
                prop_assert_eq!(budget.0.tokens.balance(), model);
                prop_assert!(given * ONE <= capacity + share * calls);
            }
            for token in held {
                token.spend();
            }
            prop_assert_eq!(budget.0.tokens.balance(), model);
        }
    }

    #[test]
    fn a_share_that_makes_no_sense_is_none() {
        for share in [f64::NAN, -1.0, f64::NEG_INFINITY] {
            assert_eq!(Budget::new(share).burst(1).0.share, 0);
        }
        let endless = Budget::new(f64::INFINITY).burst(1);
        endless.withdraw().unwrap().spend();
        endless.deposit();
        assert_eq!(endless.balance(), 1.0);
    }
}
