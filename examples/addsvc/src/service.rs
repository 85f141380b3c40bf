//! The domain: what the service does, and how it can fail.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;

use towerkit_endpoint::{Classify, Code, Violation};

/// Adds numbers and joins texts.
pub trait AddService: Send + Sync + 'static {
    /// The sum of two numbers.
    fn sum(&self, a: i64, b: i64) -> impl Future<Output = Result<i64, AddError>> + Send;

    /// Two texts, one after the other.
    fn concat(&self, a: String, b: String) -> impl Future<Output = Result<String, AddError>> + Send;
}

/// The only implementation there is.
#[derive(Clone, Copy, Debug, Default)]
pub struct BasicService;

/// The most bytes that [`concat`](AddService::concat) gives.
const MOST_BYTES: usize = 10;

impl AddService for BasicService {
    async fn sum(&self, a: i64, b: i64) -> Result<i64, AddError> {
        if a == 0 && b == 0 {
            return Err(AddError::TwoZeroes);
        }
        // Results are 32 bits wide by contract, whatever the wire carries.
        let sum = a.checked_add(b).and_then(|sum| i32::try_from(sum).ok());
        sum.map(i64::from).ok_or(AddError::IntegerOverflow)
    }

    async fn concat(&self, a: String, b: String) -> Result<String, AddError> {
        if a.len() + b.len() > MOST_BYTES {
            return Err(AddError::MaxSizeExceeded);
        }
        Ok(a + b.as_str())
    }
}

/// What the business rules refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddError {
    /// Two zeroes are not worth adding.
    TwoZeroes,
    /// The sum has more than 32 bits.
    IntegerOverflow,
    /// The joined text has more than ten bytes.
    MaxSizeExceeded,
}

impl fmt::Display for AddError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TwoZeroes => "can't sum two zeroes",
            Self::IntegerOverflow => "integer overflow",
            Self::MaxSizeExceeded => "result exceeds maximum size",
        })
    }
}

impl std::error::Error for AddError {}

impl Classify for AddError {
    fn code(&self) -> Code {
        match self {
            Self::TwoZeroes | Self::MaxSizeExceeded => Code::InvalidArgument,
            Self::IntegerOverflow => Code::OutOfRange,
        }
    }

    fn violations(&self) -> Cow<'_, [Violation]> {
        match self {
            Self::TwoZeroes => {
                vec![Violation::new("a", "is zero, as b is"), Violation::new("b", "is zero, as a is")].into()
            }
            Self::IntegerOverflow | Self::MaxSizeExceeded => Cow::Borrowed(&[]),
        }
    }
}
