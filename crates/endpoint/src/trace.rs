use std::fmt;

/// Which trace a call belongs to, and which of its spans is under way: what logs, metrics and other services need of a trace.
///
/// The layers of `towerkit-tracing` set it in the [`Context`](crate::Context::trace), and it goes along with
/// [`outgoing`](crate::Context::outgoing) calls. Shapes and names are those of W3C Trace Context, section 3.2.2.
///
/// ```
/// use towerkit_endpoint::{Context, SpanId, TraceContext, TraceId};
///
/// let trace = TraceId::new(0x4bf92f3577b34da6a3ce929d0e0e4736).unwrap();
/// let span = SpanId::new(0x00f067aa0ba902b7).unwrap();
/// let mut context = Context::new();
/// context.set_trace(Some(TraceContext::new(trace, span, true)));
///
/// let trace = context.outgoing().trace().unwrap();
/// assert_eq!(trace.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
/// assert_eq!(trace.span_id().to_string(), "00f067aa0ba902b7");
/// assert!(trace.is_sampled());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace_id: TraceId,
    span_id: SpanId,
    sampled: bool,
}

impl TraceContext {
    /// A span of a trace, and whether the trace is recorded.
    #[must_use]
    pub const fn new(trace_id: TraceId, span_id: SpanId, sampled: bool) -> Self {
        Self { trace_id, span_id, sampled }
    }

    /// The trace.
    #[must_use]
    pub const fn trace_id(self) -> TraceId {
        self.trace_id
    }

    /// The span under way.
    #[must_use]
    pub const fn span_id(self) -> SpanId {
        self.span_id
    }

    /// Whether the trace is recorded somewhere: an id that nobody can look up is worth little.
    #[must_use]
    pub const fn is_sampled(self) -> bool {
        self.sampled
    }
}

/// A trace: 16 bytes, not all of them zero. `Display` is 32 digits of lower-case hex.
// Bytes, since a `u128` would align every `Context` to 16.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId([u8; 16]);

/// A span of a trace: 8 bytes, not all of them zero. `Display` is 16 digits of lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId([u8; 8]);

macro_rules! id {
    ($name:ident, $number:ty, $bytes:literal, $digits:literal) => {
        impl $name {
            /// From a number; none from zero, which the standards call invalid.
            #[must_use]
            pub const fn new(number: $number) -> Option<Self> {
                Self::from_bytes(number.to_be_bytes())
            }

            /// From bytes, the most significant first; none where all are zero.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $bytes]) -> Option<Self> {
                if <$number>::from_be_bytes(bytes) == 0 { None } else { Some(Self(bytes)) }
            }

            /// The bytes, the most significant first.
            #[must_use]
            pub const fn to_bytes(self) -> [u8; $bytes] {
                self.0
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> $number {
                <$number>::from_be_bytes(self.0)
            }

            /// Its digits, lower-case hex: as `Display` has them, without its cost.
            #[must_use]
            pub fn to_hex(self) -> [u8; $digits] {
                let mut digits = [0; $digits];
                for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
                    pair.copy_from_slice(&[hex(byte >> 4), hex(byte & 15)]);
                }
                digits
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // Its digits are ASCII.
                f.write_str(str::from_utf8(&self.to_hex()).unwrap_or_default())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

id!(TraceId, u128, 16, 32);
id!(SpanId, u64, 8, 16);

const fn hex(nibble: u8) -> u8 {
    match nibble {
        0..=9 => b'0' + nibble,
        _ => b'a' + nibble - 10,
    }
}
