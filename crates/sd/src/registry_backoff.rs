use std::time::Duration;

/// How long to wait before a registry that failed is asked again: each time twice as long as the last, up to a limit, and by chance
/// up to a half less, so that a fleet does not come all at once.
///
/// ```
/// use std::time::Duration;
/// use towerkit_sd::RegistryBackoff;
///
/// let mut backoff = RegistryBackoff::new(Duration::from_millis(100)).max(Duration::from_secs(1));
/// let (first, second) = (backoff.next(), backoff.next());
/// assert!((50..=100).contains(&first.as_millis()));
/// assert!((100..=200).contains(&second.as_millis()));
/// backoff.reset();
/// assert!(backoff.next() <= Duration::from_millis(100));
/// ```
#[derive(Clone, Debug)]
pub struct RegistryBackoff {
    first: Duration,
    max: Duration,
    next: Duration,
}

impl RegistryBackoff {
    /// With the first wait, which is at least a millisecond. The longest is 10 s, or the first where that is longer.
    #[must_use]
    pub fn new(first: Duration) -> Self {
        let first = first.max(Duration::from_millis(1));
        Self { first, max: first.max(Duration::from_secs(10)), next: first }
    }

    /// The longest wait, in place of 10 s; at least the first.
    #[must_use]
    pub fn max(mut self, max: Duration) -> Self {
        self.max = max.max(self.first);
        self
    }

    /// The next wait.
    #[expect(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> Duration {
        let wait = self.next;
        self.next = self.next.saturating_mul(2).min(self.max);
        wait.mul_f64(1.0 - fastrand::f64() / 2.0)
    }

    /// The registry is well again: the next wait is the first.
    pub const fn reset(&mut self) {
        self.next = self.first;
    }

    /// Waits.
    pub async fn wait(&mut self) {
        tokio::time::sleep(self.next()).await;
    }
}

/// From 100 ms to 10 s.
impl Default for RegistryBackoff {
    fn default() -> Self {
        Self::new(Duration::from_millis(100))
    }
}
