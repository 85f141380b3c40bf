use std::time::{Duration, SystemTime};

use subtle::ConstantTimeEq;

use super::Credentials;

/// At most once in this time a token is thrown away because a service has rejected it: one that rejects all of them makes no storm at the issuer.
const BETWEEN_REJECTIONS: Duration = Duration::from_secs(10);

/// A token, and for how long it is good.
#[derive(Debug)]
pub(crate) struct Token {
    credentials: Credentials,
    made: SystemTime,
    renewed: SystemTime,
    ends: SystemTime,
}

impl Token {
    /// One that was made at a time for a lifetime, and is renewed `before` its end: in the last quarter at the earliest.
    ///
    /// It counts as expired 5 s before its end, or a tenth of its lifetime: a call is on its way for a while.
    pub(crate) fn new(credentials: Credentials, made: SystemTime, lifetime: Duration, before: Duration) -> Self {
        let good = lifetime.saturating_sub(Duration::from_secs(5).min(lifetime / 10));
        let fresh = lifetime.saturating_sub(before.min(lifetime / 4)).min(good);
        // A time that the clock can't tell is none that it will reach.
        let after = |time| made.checked_add(time).unwrap_or(made);
        Self { credentials, made, renewed: after(fresh), ends: after(good) }
    }
}

/// What there is of a token.
#[derive(Debug)]
pub(crate) enum Held<'a> {
    /// It is good for a while.
    Fresh(&'a Credentials),
    /// It is good, and to be renewed.
    Old(&'a Credentials),
    /// There is none that is good.
    None,
}

/// A token that is kept until shortly before it expires: what is done with it when. It is given the time.
///
/// The clock is the wall's, since that is what tokens are judged by. Where it has been set back behind the time at which something began, that
/// something is over: so nothing lasts longer than it should.
#[derive(Debug, Default)]
pub(crate) struct KeptToken {
    token: Option<Token>,
    thrown_away: Option<SystemTime>,
}

impl KeptToken {
    /// What there is.
    pub(crate) fn held(&self, now: SystemTime) -> Held<'_> {
        match &self.token {
            Some(Token { credentials, made, renewed, .. }) if is_within(now, *made, *renewed) => {
                Held::Fresh(credentials)
            }
            Some(Token { credentials, made, ends, .. }) if is_within(now, *made, *ends) => Held::Old(credentials),
            _ => Held::None,
        }
    }

    /// Takes a token in, in place of the one that is there.
    pub(crate) fn keep(&mut self, token: Token) -> &Credentials {
        &self.token.insert(token).credentials
    }

    /// A service has rejected credentials: where they are those that are kept, they are thrown away.
    pub(crate) fn rejected(&mut self, credentials: &Credentials, now: SystemTime) {
        let recently = |at: SystemTime| is_within(now, at, at.checked_add(BETWEEN_REJECTIONS).unwrap_or(at));
        // Many calls may have gone out with the one before.
        let is_kept = self
            .token
            .as_ref()
            .is_some_and(|token| token.credentials.value().as_bytes().ct_eq(credentials.value().as_bytes()).into());
        if is_kept && !self.thrown_away.is_some_and(recently) {
            self.token = None;
            self.thrown_away = Some(now);
        }
    }
}

/// Whether it is from a time on, and before another.
pub(crate) fn is_within(now: SystemTime, from: SystemTime, to: SystemTime) -> bool {
    from <= now && now < to
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{Held, KeptToken, Token};
    use crate::Credentials;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
    }

    fn token(name: &str, made: u64, lifetime: u64, before: u64) -> Token {
        let (lifetime, before) = (Duration::from_secs(lifetime), Duration::from_secs(before));
        Token::new(Credentials::bearer(name).unwrap(), at(made), lifetime, before)
    }

    fn kept(token: Token) -> KeptToken {
        let mut kept = KeptToken::default();
        kept.keep(token);
        kept
    }

    /// `fresh`, `old` or `none`.
    fn told(kept: &KeptToken, now: SystemTime) -> &'static str {
        match kept.held(now) {
            Held::Fresh(_) => "fresh",
            Held::Old(_) => "old",
            Held::None => "none",
        }
    }

    #[test]
    fn a_token_is_fresh_then_old_then_gone() {
        assert_eq!(told(&KeptToken::default(), at(0)), "none");
        let kept = kept(token("a", 100, 3600, 60));
        for (now, held) in [
            (100, "fresh"),
            (100 + 3539, "fresh"),
            (100 + 3540, "old"),
            (100 + 3594, "old"),
            (100 + 3595, "none"),
            (9_999_999, "none"),
        ] {
            assert_eq!(told(&kept, at(now)), held, "at {now}");
        }
    }

    #[test]
    fn a_short_lived_token_is_renewed_in_its_last_quarter_and_used_for_nine_tenths() {
        let kept = kept(token("a", 0, 20, 60));
        for (now, held) in [(14, "fresh"), (15, "old"), (17, "old"), (18, "none")] {
            assert_eq!(told(&kept, at(now)), held, "at {now}");
        }
    }

    #[test]
    fn a_token_that_is_to_be_renewed_at_its_end_is_never_used_beyond_it() {
        let kept = kept(token("a", 0, 100, 0));
        for (now, held) in [(94, "fresh"), (95, "none")] {
            assert_eq!(told(&kept, at(now)), held, "at {now}");
        }
    }

    #[test]
    fn a_clock_that_is_set_back_makes_no_token_last_longer() {
        let kept = kept(token("a", 100, 3600, 60));
        assert_eq!(told(&kept, at(99)), "none");
    }

    #[test]
    fn a_lifetime_that_the_clock_cannot_tell_is_none() {
        let endless = Token::new(Credentials::bearer("a").unwrap(), at(0), Duration::MAX, Duration::ZERO);
        assert_eq!(told(&kept(endless), at(0)), "none");
    }

    #[test]
    fn a_rejected_token_is_thrown_away_and_another_one_is_not() {
        let mut kept = kept(token("a", 0, 3600, 60));
        kept.rejected(&Credentials::bearer("b").unwrap(), at(1));
        assert_eq!(told(&kept, at(1)), "fresh");
        kept.rejected(&Credentials::bearer("a").unwrap(), at(1));
        assert_eq!(told(&kept, at(1)), "none");
    }

    #[test]
    fn tokens_are_not_thrown_away_more_often_than_every_ten_seconds() {
        let a = Credentials::bearer("a").unwrap();
        let mut kept = kept(token("a", 0, 3600, 60));
        kept.rejected(&a, at(1));
        kept.keep(token("a", 1, 3600, 60));
        kept.rejected(&a, at(10));
        assert_eq!(told(&kept, at(10)), "fresh");
        kept.rejected(&a, at(11));
        assert_eq!(told(&kept, at(11)), "none");
        // A clock that is set back holds nothing up.
        kept.keep(token("a", 0, 3600, 60));
        kept.rejected(&a, at(3));
        assert_eq!(told(&kept, at(3)), "none");
    }
}
