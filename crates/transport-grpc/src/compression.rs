//! The algorithms by which messages are compressed ("gRPC Compression", and `grpc-encoding` in "gRPC over HTTP2").

#[cfg(feature = "compression")]
use std::io::{self, Read};

#[cfg(feature = "compression")]
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use towerkit_endpoint::{Code, Error};

pub(crate) const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
pub(crate) const ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// What this build can decompress, as the header says it.
#[cfg(feature = "compression")]
pub(crate) const ACCEPTED: HeaderValue = HeaderValue::from_static("identity,deflate,gzip");
#[cfg(not(feature = "compression"))]
pub(crate) const ACCEPTED: HeaderValue = HeaderValue::from_static("identity");

/// An algorithm by which messages are compressed: with the feature `compression`.
///
/// What comes compressed is decompressed without being asked to, up to the limit of a message. What goes out is compressed where a
/// [`Server`](crate::Server::compress) or a [`Client`](crate::Client::compress) is told so, and the peer takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// RFC 1952.
    #[cfg(feature = "compression")]
    Gzip,
    /// The zlib format of RFC 1950, which gRPC calls `deflate`.
    #[cfg(feature = "compression")]
    Deflate,
}

/// Keeps a single message from being compressed, one that holds a secret beside what a stranger may choose (CRIME, BREACH): a reply as an
/// [`extension`](towerkit_endpoint::WithMetadata::with_extension) of it, where it is a stream all of it; a request in its
/// [context](towerkit_endpoint::Context::insert).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uncompressed;

impl Compression {
    /// The name that stands in `grpc-encoding`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "compression")]
            Self::Gzip => "gzip",
            #[cfg(feature = "compression")]
            Self::Deflate => "deflate",
        }
    }

    pub(crate) fn header(self) -> HeaderValue {
        HeaderValue::from_static(self.name())
    }

    fn named(name: &[u8]) -> Option<Self> {
        match name {
            #[cfg(feature = "compression")]
            b"gzip" => Some(Self::Gzip),
            #[cfg(feature = "compression")]
            b"deflate" => Some(Self::Deflate),
            _ => None,
        }
    }

    /// By what the messages are compressed whose headers these are; none where they are not.
    ///
    /// # Errors
    ///
    /// `Unimplemented`, with the algorithms that there are.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, Error> {
        let Some(name) = headers.get(&ENCODING) else { return Ok(None) };
        if name.as_bytes() == b"identity" {
            return Ok(None);
        }
        Self::named(name.as_bytes()).map(Some).ok_or_else(|| {
            let name: String = String::from_utf8_lossy(name.as_bytes()).chars().take(40).collect();
            Error::new(Code::Unimplemented, format!("{ENCODING}: {name:?} is not known here"))
                .with_metadata(ACCEPT_ENCODING, ACCEPTED)
        })
    }

    /// Whether the peer whose headers these are takes it.
    pub(crate) fn is_taken(self, headers: &HeaderMap) -> bool {
        let lists = headers.get_all(&ACCEPT_ENCODING).into_iter();
        lists
            .flat_map(|list| list.as_bytes().split(|byte| *byte == b','))
            .any(|name| name.trim_ascii() == self.name().as_bytes())
    }

    /// The bytes compressed.
    #[cfg(feature = "compression")]
    pub(crate) fn compress(self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut compressed = Vec::new();
        match self {
            Self::Gzip => {
                flate2::bufread::GzEncoder::new(bytes, flate2::Compression::fast()).read_to_end(&mut compressed)
            }
            Self::Deflate => {
                flate2::bufread::ZlibEncoder::new(bytes, flate2::Compression::fast()).read_to_end(&mut compressed)
            }
        }?;
        Ok(compressed)
    }

    /// The bytes decompressed; none where they are more than the limit.
    #[cfg(feature = "compression")]
    pub(crate) fn decompress(self, bytes: &[u8], limit: usize) -> io::Result<Option<Bytes>> {
        let mut plain = Vec::new();
        let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        match self {
            Self::Gzip => flate2::bufread::MultiGzDecoder::new(bytes).take(most).read_to_end(&mut plain),
            Self::Deflate => flate2::bufread::ZlibDecoder::new(bytes).take(most).read_to_end(&mut plain),
        }?;
        Ok((plain.len() <= limit).then(|| plain.into()))
    }
}
