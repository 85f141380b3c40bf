use core::fmt;

/// One of the nine laws of a Tower layer. The [crate documentation](crate#the-laws) explains each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Law {
    /// 1. It calls the instance that was made ready.
    CallsTheReadied,
    /// 2. `poll_ready` reserves or passes through; it never only compares.
    ReservesReadiness,
    /// 3. `Err` from `poll_ready` is terminal; a refusal is an error of the call's future.
    RefusesInTheFuture,
    /// 4. It awaits nothing else while it holds readiness.
    HoldsReadinessBriefly,
    /// 5. It makes the service ready again before each attempt.
    ReadiesEachAttempt,
    /// 6. What chooses is always ready, and drives readiness inside the future.
    ChoosesInTheFuture,
    /// 7. Dropping the future is cancellation, and gives back what the call held.
    GivesBackOnDrop,
    /// 8. Work starts at the first poll.
    StartsAtFirstPoll,
    /// 9. Its documentation says whether clones share state, and they do what it says.
    SharesAsDeclared,
}

impl Law {
    /// All laws, in order.
    pub const ALL: [Self; 9] = [
        Self::CallsTheReadied,
        Self::ReservesReadiness,
        Self::RefusesInTheFuture,
        Self::HoldsReadinessBriefly,
        Self::ReadiesEachAttempt,
        Self::ChoosesInTheFuture,
        Self::GivesBackOnDrop,
        Self::StartsAtFirstPoll,
        Self::SharesAsDeclared,
    ];

    /// The number of the law, from 1 to 9.
    #[must_use]
    pub fn number(self) -> usize {
        self as usize + 1
    }

    /// The law in words.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::CallsTheReadied => "it calls the instance that was made ready",
            Self::ReservesReadiness => "`poll_ready` reserves or passes through, it never only compares",
            Self::RefusesInTheFuture => "`Err` from `poll_ready` is terminal, a refusal comes from the future",
            Self::HoldsReadinessBriefly => "it awaits nothing else while it holds readiness",
            Self::ReadiesEachAttempt => "it makes the service ready again before each attempt",
            Self::ChoosesInTheFuture => "what chooses is always ready and drives readiness in the future",
            Self::GivesBackOnDrop => "dropping the future gives back what the call held",
            Self::StartsAtFirstPoll => "work starts at the first poll",
            Self::SharesAsDeclared => "clones share state as the documentation says",
        }
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "law {}: {}", self.number(), self.text())
    }
}
