use std::fmt;
use std::str::FromStr;

/// What kind of failure an [`Error`](crate::Error) is: the 16 canonical codes of gRPC, without `OK`.
///
/// The numbers and meanings are those of `google.rpc.Code`; the choice between neighbours follows its comments. Each
/// transport maps a code to its own terms in one `match`; that of HTTP's statuses is here, since others have it too.
///
/// `Code` is itself a [`std::error::Error`], for one purpose: a leaf error that returns its code from
/// [`source`](std::error::Error::source) is still classified when a foreign layer has boxed it.
/// [`Classify`](crate::Classify) shows how.
///
/// ```
/// use towerkit_endpoint::Code;
///
/// assert_eq!(Code::NotFound.as_str(), "not_found");
/// assert_eq!("not_found".parse(), Ok(Code::NotFound));
/// assert_eq!(Code::from_number(5), Some(Code::NotFound));
/// assert_eq!((Code::NotFound.http_status(), Code::from_http_status(410)), (404, Code::NotFound));
/// assert!(Code::Unavailable.is_fault() && !Code::NotFound.is_fault());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Code {
    /// The caller gave the call up.
    Cancelled = 1,
    /// A failure of which no more is known.
    Unknown = 2,
    /// The request is wrong whatever the state of the system: a malformed, missing or impossible field.
    InvalidArgument = 3,
    /// The time for the call ran out; it may have taken effect all the same.
    DeadlineExceeded = 4,
    /// What was asked for is not there.
    NotFound = 5,
    /// What was to be created is there already.
    AlreadyExists = 6,
    /// The caller is known, and may not do this.
    PermissionDenied = 7,
    /// A limit was reached: a rate, a quota, a size.
    ResourceExhausted = 8,
    /// The system is not in the state this call needs; repeating it without changing that state fails again.
    FailedPrecondition = 9,
    /// A conflict with another call; repeating the whole transaction may succeed.
    Aborted = 10,
    /// Past the end of a valid range; it may be valid later.
    OutOfRange = 11,
    /// There is no such operation here.
    Unimplemented = 12,
    /// An invariant is broken: a bug.
    Internal = 13,
    /// Not able to serve at present; repeating the call after a while may succeed.
    Unavailable = 14,
    /// Data is lost or damaged, beyond repair.
    DataLoss = 15,
    /// The caller is not known: credentials are missing or not valid.
    Unauthenticated = 16,
}

impl Code {
    /// Every code, in the order of their numbers.
    pub const ALL: [Self; 16] = [
        Self::Cancelled,
        Self::Unknown,
        Self::InvalidArgument,
        Self::DeadlineExceeded,
        Self::NotFound,
        Self::AlreadyExists,
        Self::PermissionDenied,
        Self::ResourceExhausted,
        Self::FailedPrecondition,
        Self::Aborted,
        Self::OutOfRange,
        Self::Unimplemented,
        Self::Internal,
        Self::Unavailable,
        Self::DataLoss,
        Self::Unauthenticated,
    ];

    /// Whether the service failed, as against refusing what it was asked: `Unknown`, `DeadlineExceeded`, `Internal`,
    /// `Unavailable` and `DataLoss`.
    ///
    /// Breakers and retries count faults. A refusal by the domain (not found, not allowed, not valid) is an answer.
    #[must_use]
    pub const fn is_fault(self) -> bool {
        matches!(self, Self::Unknown | Self::DeadlineExceeded | Self::Internal | Self::Unavailable | Self::DataLoss)
    }

    /// The number of `google.rpc.Code`, 1 to 16.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The code with a number of `google.rpc.Code`; none for 0, which is `OK`, and for numbers above 16.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// The status that HTTP has for it, after the table in the comments of `google.rpc.Code`. Other protocols say a failure by it as well: NATS' service
    /// errors do.
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            // nginx's "client closed request": no one is there to read it, but logs and finalizers do.
            Self::Cancelled => 499,
            Self::InvalidArgument | Self::FailedPrecondition | Self::OutOfRange => 400,
            Self::Unauthenticated => 401,
            Self::PermissionDenied => 403,
            Self::NotFound => 404,
            Self::AlreadyExists | Self::Aborted => 409,
            Self::ResourceExhausted => 429,
            Self::Unknown | Self::Internal | Self::DataLoss => 500,
            Self::Unimplemented => 501,
            Self::Unavailable => 503,
            Self::DeadlineExceeded => 504,
        }
    }

    /// The code of a failure that says no more than a status of HTTP.
    ///
    /// Others from 400 to 499 are `InvalidArgument`; anything else is `Unknown`.
    #[must_use]
    pub const fn from_http_status(status: u16) -> Self {
        match status {
            401 | 407 => Self::Unauthenticated,
            403 => Self::PermissionDenied,
            404 | 410 => Self::NotFound,
            405 | 501 => Self::Unimplemented,
            408 | 504 => Self::DeadlineExceeded,
            409 => Self::Aborted,
            412 | 428 => Self::FailedPrecondition,
            413 | 429 => Self::ResourceExhausted,
            416 => Self::OutOfRange,
            499 => Self::Cancelled,
            400..=499 => Self::InvalidArgument,
            500 => Self::Internal,
            502 | 503 => Self::Unavailable,
            _ => Self::Unknown,
        }
    }

    /// The name in lower case with underscores, as it stands in logs, labels and replies: `invalid_argument`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
            Self::InvalidArgument => "invalid_argument",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::PermissionDenied => "permission_denied",
            Self::ResourceExhausted => "resource_exhausted",
            Self::FailedPrecondition => "failed_precondition",
            Self::Aborted => "aborted",
            Self::OutOfRange => "out_of_range",
            Self::Unimplemented => "unimplemented",
            Self::Internal => "internal",
            Self::Unavailable => "unavailable",
            Self::DataLoss => "data_loss",
            Self::Unauthenticated => "unauthenticated",
        }
    }

    /// The message a caller gets where none was set on purpose: `invalid argument`.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown error",
            Self::InvalidArgument => "invalid argument",
            Self::DeadlineExceeded => "deadline exceeded",
            Self::NotFound => "not found",
            Self::AlreadyExists => "already exists",
            Self::PermissionDenied => "permission denied",
            Self::ResourceExhausted => "resource exhausted",
            Self::FailedPrecondition => "failed precondition",
            Self::Aborted => "aborted",
            Self::OutOfRange => "out of range",
            Self::Unimplemented => "unimplemented",
            Self::Internal => "internal error",
            Self::Unavailable => "unavailable",
            Self::DataLoss => "data loss",
            Self::Unauthenticated => "unauthenticated",
        }
    }

    /// Whether the text of an error of this code may tell of the inside of the process, so that callers get the fixed
    /// [`message`](Self::message) unless one was set on purpose.
    pub(crate) const fn hides_text(self) -> bool {
        matches!(self, Self::Internal | Self::Unknown)
    }
}

/// The [`message`](Code::message) of the code.
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for Code {}

/// Reads what [`as_str`](Code::as_str) writes; the canonical upper-case form (`NOT_FOUND`) is read too.
impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(name: &str) -> Result<Self, UnknownCode> {
        Self::ALL.into_iter().find(|code| code.as_str().eq_ignore_ascii_case(name)).ok_or(UnknownCode(()))
    }
}

/// A name that no [`Code`] has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownCode(());

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the name of a canonical code, such as not_found")
    }
}

impl std::error::Error for UnknownCode {}
