use std::fmt;

use towerkit_endpoint::{BoxError, Code, Error};

/// What is wrong with a message as it came.
#[derive(Debug)]
pub(crate) enum FrameError {
    /// It is longer than is allowed, compressed or not.
    TooLarge { limit: usize },
    /// Its flag is neither 0 nor 1.
    Flag(u8),
    /// It is compressed, and no header says by what.
    NoEncoding,
    /// It can't be decompressed.
    #[cfg(feature = "compression")]
    Compressed(BoxError),
    /// The body ended within it.
    Truncated,
    /// The codec can't read it.
    Malformed(BoxError),
}

impl FrameError {
    /// To a caller: what it sent is wrong.
    pub(crate) fn of_request(self) -> Error {
        let code = match self {
            Self::TooLarge { .. } => Code::ResourceExhausted,
            // "gRPC Compression": the compressed flag without an encoding is INTERNAL.
            Self::NoEncoding => Code::Internal,
            _ => Code::InvalidArgument,
        };
        Error::new(code, format!("the request {self}")).with_source(self)
    }

    /// To whoever called: the service's reply is not to be used.
    pub(crate) fn of_reply(self) -> Error {
        let code = match self {
            Self::TooLarge { .. } => Code::ResourceExhausted,
            _ => Code::Internal,
        };
        Error::new(code, format!("the service's reply {self}")).with_source(self)
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(f, "has a message longer than the limit of {limit} bytes"),
            Self::Flag(flag) => write!(f, "has a message with the flag {flag}, which is neither 0 nor 1"),
            Self::NoEncoding => f.write_str("has a compressed message, and no `grpc-encoding` that says how"),
            #[cfg(feature = "compression")]
            Self::Compressed(_) => f.write_str("has a message that can't be decompressed"),
            Self::Truncated => f.write_str("ended within a message"),
            Self::Malformed(error) => write!(f, "has a message that can't be read: {error}"),
        }
    }
}

impl std::error::Error for FrameError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            #[cfg(feature = "compression")]
            Self::Compressed(error) => Some(&**error),
            Self::Malformed(error) => Some(&**error),
            _ => None,
        }
    }
}
