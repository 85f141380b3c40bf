use std::fmt;

/// The status of an instance, as Eureka has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// Ready for traffic.
    #[default]
    Up,
    /// Not ready for traffic: its own health check failed.
    Down,
    /// It initialises itself.
    Starting,
    /// Taken out of the traffic on purpose.
    OutOfService,
    /// Anything else.
    Unknown,
}

impl Status {
    /// As it is written in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "UP",
            Self::Down => "DOWN",
            Self::Starting => "STARTING",
            Self::OutOfService => "OUT_OF_SERVICE",
            Self::Unknown => "UNKNOWN",
        }
    }

    pub(super) fn read(text: &str) -> Self {
        [Self::Up, Self::Down, Self::Starting, Self::OutOfService]
            .into_iter()
            .find(|status| status.as_str().eq_ignore_ascii_case(text))
            .unwrap_or(Self::Unknown)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
