use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use towerkit_endpoint::TraceId;

/// Which traces are recorded.
///
/// It decides for a trace that begins here, or whose caller left the decision open. Where the caller has decided, that holds,
/// recorded or not, so that a trace is whole; [`regardless_of_parent`](Self::regardless_of_parent) decides again.
///
/// ```
/// use towerkit_tracing::{Sampler, Tracer};
///
/// let (tracer, _exporter) = Tracer::builder("addsvc").sampler(Sampler::ratio(0.1)).build();
/// let all_sums = tracer.requests("sum").sampler(Sampler::always());
/// # let _ = all_sums;
/// ```
///
/// Clones share what a [rate](Self::per_second) has left.
#[derive(Clone)]
pub struct Sampler {
    rule: Rule,
    regardless_of_parent: bool,
}

#[derive(Clone)]
enum Rule {
    Always,
    Never,
    /// Of the 63 lower bits of the trace's id, those below are recorded.
    Below(u64),
    Rate(Arc<Rate>),
}

impl Sampler {
    /// Every trace. The default.
    #[must_use]
    pub const fn always() -> Self {
        Self::of(Rule::Always)
    }

    /// No trace.
    #[must_use]
    pub const fn never() -> Self {
        Self::of(Rule::Never)
    }

    /// A share of the traces, from 0 to 1; what lies outside is taken as the nearer of the two, and no number as 0.
    ///
    /// It goes by the trace's id, as OpenTelemetry's `TraceIdRatioBased` does: services with the same share choose the same traces, and
    /// those of a smaller share are among those of a larger.
    #[must_use]
    pub const fn ratio(share: f64) -> Self {
        if share >= 1.0 {
            return Self::always();
        }
        // Negative ones and no number come out as 0.
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "it is meant"
        )]
        Self::of(Rule::Below((share * (1_u64 << 63) as f64) as u64))
    }

    /// So many traces a second at most, and as many at once: what a quiet service can afford, and a busy one too. 0 is none.
    #[must_use]
    pub fn per_second(traces: u32) -> Self {
        if traces == 0 {
            return Self::never();
        }
        let rate = Rate { start: Instant::now(), interval: SECOND / u64::from(traces), next: AtomicU64::new(0) };
        Self::of(Rule::Rate(Arc::new(rate)))
    }

    const fn of(rule: Rule) -> Self {
        Self { rule, regardless_of_parent: false }
    }

    /// Decides for traces that have been decided by the caller, too. Traces then have holes, unless it is by the same
    /// [ratio](Self::ratio) everywhere.
    #[must_use]
    pub fn regardless_of_parent(mut self) -> Self {
        self.regardless_of_parent = true;
        self
    }

    /// What is to be done with a trace, given what the parent says.
    pub(crate) fn decide(&self, trace: TraceId, parent: Option<bool>) -> bool {
        match parent {
            Some(decided) if !self.regardless_of_parent => decided,
            _ => match &self.rule {
                Rule::Always => true,
                Rule::Never => false,
                Rule::Below(bound) => lower_63_bits(trace) < *bound,
                Rule::Rate(rate) => rate.take(),
            },
        }
    }
}

impl Default for Sampler {
    fn default() -> Self {
        Self::always()
    }
}

impl fmt::Debug for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rule {
            Rule::Always => f.write_str("always"),
            Rule::Never => f.write_str("never"),
            #[allow(clippy::cast_precision_loss, reason = "it is shown")]
            Rule::Below(bound) => write!(f, "ratio {}", *bound as f64 / (1_u64 << 63) as f64),
            Rule::Rate(rate) => write!(f, "{} per second", SECOND / rate.interval.max(1)),
        }?;
        if self.regardless_of_parent { f.write_str(", regardless of the parent") } else { Ok(()) }
    }
}

const fn lower_63_bits(trace: TraceId) -> u64 {
    let [.., a, b, c, d, e, f, g, h] = trace.to_bytes();
    u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 1
}

const SECOND: u64 = 1_000_000_000;

/// A rate by one number (GCRA): when the next one would be due if all came evenly.
struct Rate {
    start: Instant,
    interval: u64,
    next: AtomicU64,
}

impl Rate {
    fn take(&self) -> bool {
        self.take_at(u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn take_at(&self, now: u64) -> bool {
        let taken = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| {
            let next = next.max(now).saturating_add(self.interval);
            (next <= now.saturating_add(SECOND)).then_some(next)
        });
        taken.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_gives_a_second_s_worth_at_once_and_then_evenly() {
        let rate = Rate { start: Instant::now(), interval: SECOND / 10, next: AtomicU64::new(0) };
        assert_eq!((0..100).filter(|_| rate.take_at(0)).count(), 10);
        assert!(!rate.take_at(SECOND / 10 - 1));
        assert!(rate.take_at(SECOND / 10));
        assert!(!rate.take_at(SECOND / 10));
        assert_eq!((0..100).filter(|_| rate.take_at(60 * SECOND)).count(), 10);
    }
}
