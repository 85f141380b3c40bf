use std::time::{Duration, SystemTime};

use super::claims::Claims;
use super::{Audience, Issuer};
use crate::Reason;

/// What the claims of a token must be.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) issuer: Issuer,
    pub(super) audience: Audience,
    pub(super) leeway: Duration,
    pub(super) expiry: bool,
    pub(super) max_age: Option<Duration>,
    pub(super) subject: bool,
}

impl Rules {
    /// Judges them, at a time. Whether a token has expired is asked last, as it is what its sender is told.
    pub(super) fn judge(&self, claims: &Claims<'_>, now: SystemTime) -> Result<(), Reason> {
        let issuer = self.issuer.expected();
        match claims.iss.as_deref() {
            None if issuer.is_needed() => return Err(Reason::MissingClaim("iss")),
            Some(iss) if !issuer.has(iss) => return Err(Reason::WrongIssuer),
            _ => {}
        }
        let audience = self.audience.expected();
        match &claims.aud {
            None if audience.is_needed() => return Err(Reason::MissingClaim("aud")),
            Some(aud) if audience.is_needed() && !aud.iter().any(|one| audience.has(one)) => {
                return Err(Reason::WrongAudience);
            }
            _ => {}
        }
        if self.subject && claims.sub.as_deref().is_none_or(str::is_empty) {
            return Err(Reason::MissingClaim("sub"));
        }
        self.judge_times(claims, now)
    }

    fn judge_times(&self, claims: &Claims<'_>, now: SystemTime) -> Result<(), Reason> {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let leeway = self.leeway.as_secs_f64();
        for begin in [claims.nbf, claims.iat].into_iter().flatten() {
            if begin > now + leeway {
                return Err(Reason::NotYetValid(seconds(begin - now)));
            }
        }
        if let Some(max_age) = self.max_age {
            let end = claims.iat.ok_or(Reason::MissingClaim("iat"))? + max_age.as_secs_f64();
            if now >= end + leeway {
                return Err(Reason::Expired(seconds(now - end)));
            }
        }
        match claims.exp {
            None if self.expiry => Err(Reason::MissingClaim("exp")),
            // Section 4.1.4: on or after it.
            Some(exp) if now >= exp + leeway => Err(Reason::Expired(seconds(now - exp))),
            _ => Ok(()),
        }
    }
}

/// A time that can't be had is as long as can be.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
}

/// A time of a claim; none where it is before 1970, or further off than clocks go.
pub(super) fn time(seconds: f64) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?)
}

#[cfg(test)]
mod tests;
