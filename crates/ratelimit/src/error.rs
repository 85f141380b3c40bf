use std::fmt;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use towerkit_endpoint::{Classify, Code, Refusal};

use crate::Quota;
use crate::policy::Policy;

const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// A rate limit is exceeded: the call was not made. The leaf error of the layers of this crate.
///
/// It is `ResourceExhausted`, which HTTP sends as 429, and is marked as not sent. Its metadata tell the caller when to try again, in whole
/// seconds (`retry-after`), and of what limit, in the form of the draft *RateLimit header fields for HTTP*
/// (draft-ietf-httpapi-ratelimit-headers-10):
///
/// ```text
/// retry-after: 2
/// ratelimit: "default";r=0;t=2
/// ratelimit-policy: "default";q=100;w=60
/// ```
///
/// It is one word wide.
#[derive(Clone, Debug)]
pub struct RateLimited(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    quota: Quota,
    retry_after: Duration,
    refusal: Refusal,
}

impl RateLimited {
    pub(crate) fn new(policy: &Policy, retry_after: Duration) -> Self {
        let Policy { name, quota } = policy;
        let seconds = |time: Duration| time.as_secs() + u64::from(time.subsec_nanos() > 0);
        // The window is in whole seconds: one that is not is widened, and so is what may be called in it.
        let window = seconds(quota.time());
        let calls = u128::from(quota.calls()) * u128::from(window) * 1_000_000_000 / quota.time().as_nanos().max(1);
        let mut refusal = Refusal::new(Code::ResourceExhausted).with_retry_after(retry_after);
        let told = [
            (RATELIMIT, format!("\"{name}\";r=0;t={}", seconds(retry_after))),
            (RATELIMIT_POLICY, format!("\"{name}\";q={calls};w={window}")),
        ];
        for (name, value) in told {
            if let Ok(value) = HeaderValue::try_from(value) {
                refusal = refusal.with_metadata(name, value);
            }
        }
        Self(Box::new(Inner { quota: *quota, retry_after, refusal }))
    }

    /// How long it is until a call is allowed again, if no other takes it.
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        self.0.retry_after
    }

    /// The quota that is exceeded.
    #[must_use]
    pub fn quota(&self) -> Quota {
        self.0.quota
    }
}

impl fmt::Display for RateLimited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the rate limit of {} is exceeded", self.0.quota)
    }
}

impl std::error::Error for RateLimited {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0.refusal)
    }
}

impl Classify for RateLimited {
    fn code(&self) -> Code {
        self.0.refusal.code()
    }
}
