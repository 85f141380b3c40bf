//! The limiter against a bucket of tokens that is as plain as can be.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use tokio::time::advance;
use towerkit_ratelimit::{Quota, RateLimiter};

/// Counts in millionths of a token, at a rate in tokens a second, so that a microsecond is worth `rate` of them.
struct Bucket {
    tokens: u64,
    rate: u64,
    burst: u64,
}

const TOKEN: u64 = 1_000_000;

impl Bucket {
    fn later(&mut self, micros: u64) {
        self.tokens = (self.tokens + micros * self.rate).min(self.burst * TOKEN);
    }

    fn take(&mut self) -> bool {
        let enough = self.tokens >= TOKEN;
        self.tokens -= if enough { TOKEN } else { 0 };
        enough
    }
}

async fn compare(rate: u32, burst: u32, steps: Vec<(u64, u8)>) -> Result<(), TestCaseError> {
    let limiter = RateLimiter::on_tokio_time(Quota::per_second(rate).burst(burst));
    let mut bucket = Bucket { tokens: u64::from(burst) * TOKEN, rate: rate.into(), burst: burst.into() };
    for (millis, calls) in steps {
        advance(Duration::from_millis(millis)).await;
        bucket.later(millis * 1000);
        for _ in 0..calls {
            let refused = limiter.try_acquire();
            prop_assert_eq!(refused.is_ok(), bucket.take());
            if let Err(refused) = refused {
                let missing = TOKEN - bucket.tokens;
                prop_assert_eq!(refused.retry_after(), Duration::from_micros(missing.div_ceil(bucket.rate)));
            }
        }
    }
    Ok(())
}

/// So many milliseconds later so many calls, and before them a change to a rate and a burst.
type Step = (u64, u8, Option<(u32, u32)>);

/// The same with quotas that change, which makes parts of a token that no integer holds.
async fn compare_changing(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let limiter = RateLimiter::on_tokio_time(Quota::per_second(10).burst(5));
    let (mut tokens, mut rate, mut burst) = (5.0_f64, 10.0_f64, 5.0_f64);
    for (millis, calls, change) in steps {
        advance(Duration::from_millis(millis)).await;
        tokens = (tokens + rate * millis as f64 / 1000.0).min(burst);
        if let Some((new_rate, new_burst)) = change {
            limiter.set_quota(Quota::per_second(new_rate).burst(new_burst));
            (rate, burst) = (new_rate.into(), new_burst.into());
            tokens = tokens.min(burst);
        }
        for _ in 0..calls {
            let passed = limiter.try_acquire().is_ok();
            // Where it is a matter of a nanosecond either will do.
            if (tokens - 1.0).abs() > 1e-5 {
                prop_assert_eq!(passed, tokens > 1.0, "with {} of {} at {} a second", tokens, burst, rate);
            }
            tokens -= if passed { 1.0 } else { 0.0 };
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn it_lets_through_what_a_bucket_of_tokens_does(
        // Rates whose interval is a whole number of microseconds, so that the model is exact.
        rate in prop::sample::select(vec![1_u32, 2, 5, 8, 10, 50, 100, 250, 1000]),
        burst in 1_u32..50,
        steps in vec((0_u64..3000, 0_u8..20), 0..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(compare(rate, burst, steps))?;
    }
    #[test]
    fn a_change_of_the_quota_takes_over_what_is_left(
        steps in vec((0_u64..800, 0_u8..8, prop::option::weighted(0.4, (prop::sample::select(vec![1_u32, 3, 7, 10, 70, 1000]), 1_u32..12))), 0..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(compare_changing(steps))?;
    }
}
