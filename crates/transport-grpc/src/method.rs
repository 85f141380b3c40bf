use std::fmt;
use std::marker::PhantomData;

use towerkit_endpoint::Via;

use crate::codec::Proto;

/// One method of a gRPC service: its path, the messages that go over the wire, and how they are written.
///
/// It is the one place in which a method's name stands: [`Routes`](crate::Routes) serve it, and a [`Remote`](crate::Remote) calls
/// it. Whether it is unary or streams is said there, as a `.proto` file says it with the word `stream`.
///
/// ```
/// # mod pb {
/// #     #[derive(Clone, PartialEq, prost::Message)]
/// #     pub struct SumRequest { #[prost(int64, tag = "1")] pub a: i64, #[prost(int64, tag = "2")] pub b: i64 }
/// #     #[derive(Clone, PartialEq, prost::Message)]
/// #     pub struct SumReply { #[prost(int64, tag = "1")] pub v: i64 }
/// # }
/// use towerkit_transport_grpc::Method;
///
/// // rpc Sum (SumRequest) returns (SumReply), of the service Add in the package pb
/// const SUM: Method<pb::SumRequest, pb::SumReply> = Method::new("/pb.Add/Sum");
/// assert_eq!((SUM.service(), SUM.name()), ("pb.Add", "Sum"));
/// ```
pub struct Method<Q, P, C = Proto> {
    path: &'static str,
    codec: C,
    types: PhantomData<fn(Q) -> P>,
}

impl<Q, P> Method<Q, P> {
    /// A method with protobuf messages, by its path: `/package.Service/Method`.
    ///
    /// # Panics
    ///
    /// Where the text is no such path: a mistake in the program, found when it is compiled if the method is a constant.
    #[must_use]
    pub const fn new(path: &'static str) -> Self {
        Self::with_codec(path, Proto)
    }
}

impl<Q, P, C> Method<Q, P, C> {
    /// A method whose messages are written by another [codec](crate::codec::Codec).
    ///
    /// # Panics
    ///
    /// As [`new`](Method::new) does.
    #[must_use]
    pub const fn with_codec(path: &'static str, codec: C) -> Self {
        assert!(is_path(path), "the path of a gRPC method is /package.Service/Method");
        Self { path, codec, types: PhantomData }
    }

    /// The path, `/package.Service/Method`.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// How its calls come, and go: what a span of a call says of it.
    ///
    /// ```
    /// # mod pb { pub struct SumRequest; pub struct SumReply; }
    /// use towerkit_transport_grpc::Method;
    ///
    /// const SUM: Method<pb::SumRequest, pb::SumReply> = Method::new("/pb.Add/Sum");
    /// // tracer.calls("sum").via(SUM.via())
    /// assert_eq!(SUM.via().to_string(), "grpc /pb.Add/Sum");
    /// ```
    #[must_use]
    pub fn via(&self) -> Via {
        Via::grpc(self.path)
    }

    /// The full name of the service, `package.Service`.
    #[must_use]
    pub fn service(&self) -> &'static str {
        self.split().0
    }

    /// The name within the service.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.split().1
    }

    fn split(&self) -> (&'static str, &'static str) {
        split(self.path).unwrap_or_default()
    }

    pub(crate) fn into_codec(self) -> C {
        self.codec
    }
}

/// Service and method of a path.
pub(crate) fn split(path: &str) -> Option<(&str, &str)> {
    let path = path.strip_prefix('/')?;
    // What searches a text for a character is made for long ones.
    let slash = path.bytes().position(|byte| byte == b'/')?;
    Some((&path[..slash], &path[slash + 1..]))
}

/// A slash, a name, a slash, and a name without one.
const fn is_path(path: &str) -> bool {
    let bytes = path.as_bytes();
    let (mut index, mut slashes, mut before) = (0, 0, b'/');
    if bytes.is_empty() || bytes[0] != b'/' {
        return false;
    }
    while index < bytes.len() {
        let byte = bytes[index];
        if byte == b'/' {
            if index > 0 && before == b'/' {
                return false;
            }
            slashes += 1;
        } else if !byte.is_ascii_graphic() {
            return false;
        }
        before = byte;
        index += 1;
    }
    slashes == 2 && before != b'/'
}

impl<Q, P, C: Clone> Clone for Method<Q, P, C> {
    fn clone(&self) -> Self {
        Self { path: self.path, codec: self.codec.clone(), types: PhantomData }
    }
}

impl<Q, P, C: Copy> Copy for Method<Q, P, C> {}

impl<Q, P, C> fmt::Debug for Method<Q, P, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Method({})", self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_a_service_and_a_method() {
        assert!(is_path("/pb.Add/Sum"));
        for wrong in ["", "/", "pb.Add/Sum", "/pb.Add", "/pb.Add/", "//Sum", "/pb.Add/Sum/", "/a/b/c", "/pb Add/Sum"] {
            assert!(!is_path(wrong), "{wrong:?}");
        }
    }
}
