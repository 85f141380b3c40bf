//! HTTP/2 by hand (RFC 9113): frames as they are given, and what comes back.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::raw::soon;
use crate::site::Site;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const ACK: u8 = 1;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
pub(crate) const PADDED: u8 = 8;

pub(crate) const PROTOCOL_ERROR: u32 = 1;
pub(crate) const FLOW_CONTROL_ERROR: u32 = 3;
pub(crate) const FRAME_SIZE_ERROR: u32 = 6;
pub(crate) const REFUSED_STREAM: u32 = 7;
pub(crate) const CANCEL: u32 = 8;
pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// An integer of HPACK (RFC 7541, section 5.1) after a prefix of so many bits, whose other bits are given.
pub(crate) fn integer(first: u8, bits: u8, mut value: usize) -> Vec<u8> {
    let most = (1 << bits) - 1;
    if value < most {
        return vec![first | u8::try_from(value).unwrap()];
    }
    let mut bytes = vec![first | u8::try_from(most).unwrap()];
    value -= most;
    while value >= 128 {
        bytes.push(u8::try_from(value % 128).unwrap() | 128);
        value /= 128;
    }
    bytes.push(u8::try_from(value).unwrap());
    bytes
}

/// A header as two literals, its first byte saying whether it is kept in the table: 0x40, or not: 0.
pub(crate) fn literal(first: u8, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Vec<u8> {
    let (name, value) = (name.as_ref(), value.as_ref());
    [&[first], &*integer(0, 7, name.len()), name, &integer(0, 7, value.len()), value].concat()
}

/// The head of a request.
pub(crate) fn head(method: &str, path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let own = [(":method", method), (":scheme", "http"), (":authority", "a"), (":path", path)];
    own.iter().chain(more).flat_map(|(name, value)| literal(0, name, value)).collect()
}

/// A whole request without a body.
pub(crate) fn get(stream: u32, path: &str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, stream, &head("GET", path, &[]))
}

/// The head of a request whose body follows.
pub(crate) fn post(stream: u32, path: &str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &head("POST", path, &[]))
}

pub(crate) fn reset(stream: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes())
}

pub(crate) fn open_window(stream: u32, by: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &by.to_be_bytes())
}

/// The streams that a client may open, in their order.
pub(crate) fn streams(count: u32) -> impl Iterator<Item = u32> {
    (0..count).map(|n| 2 * n + 1)
}

#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    fn number(&self, at: usize) -> u32 {
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }

    /// The error that a stream is reset with.
    pub(crate) fn reset(&self, stream: u32) -> Option<u32> {
        (self.kind == RST_STREAM && self.stream == stream).then(|| self.number(0))
    }

    /// The error that the connection ends with.
    pub(crate) fn goaway(&self) -> Option<u32> {
        (self.kind == GOAWAY).then(|| self.number(4)).filter(|error| *error != 0)
    }

    /// Whether this is a reply's head, and of this status. hpack of the server: the static table's index, or literal digits.
    pub(crate) fn has_status(&self, stream: u32, status: u16) -> bool {
        self.kind == HEADERS
            && self.stream == stream
            && match status {
                200 => self.payload[0] == 0x88,
                400 => self.payload[0] == 0x8c,
                _ => {
                    self.payload.starts_with(&[0x48]) && digits(&self.payload).as_deref() == Some(&*status.to_string())
                }
            }
    }
}

/// The literal value at the head's begin: plain, or by the Huffman code, where a digit is 5 or 6 bits long.
fn digits(payload: &[u8]) -> Option<String> {
    let len = usize::from(payload[1] & 0x7f);
    let value = payload.get(2..2 + len)?;
    if payload[1] & 0x80 == 0 {
        return String::from_utf8(value.to_vec()).ok();
    }
    let bits: Vec<u8> = value.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let (mut at, mut text) = (0, String::new());
    while text.len() < 3 {
        let five = bits.get(at..at + 5)?.iter().fold(0, |all, bit| all * 2 + bit);
        if five < 3 {
            text.push(char::from(b'0' + five));
            at += 5;
        } else {
            let six = bits.get(at..at + 6)?.iter().fold(0, |all, bit| all * 2 + bit);
            text.push(char::from(b'3' + six.checked_sub(0x19)?));
            at += 6;
        }
    }
    Some(text)
}

pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
}

impl Peer {
    /// With the preface and settings that change nothing.
    pub(crate) async fn connect(site: &Site) -> Self {
        Self::with_settings(site, &[]).await
    }

    pub(crate) async fn with_settings(site: &Site, settings: &[u8]) -> Self {
        let mut peer = Self { stream: site.connect().await.stream };
        peer.send([PREFACE, &frame(SETTINGS, 0, 0, settings)].concat()).await;
        peer
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        soon(self.stream.write_all(bytes.as_ref())).await.unwrap();
    }

    /// Sends what the server may not wait for the end of.
    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        soon(self.stream.write_all(bytes.as_ref())).await.is_ok()
    }

    /// The next frame; none where the connection has ended.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        soon(async {
            let mut head = [0; 9];
            self.stream.read_exact(&mut head).await.ok()?;
            let len = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; usize::try_from(len).unwrap()];
            self.stream.read_exact(&mut payload).await.ok()?;
            let stream = u32::from_be_bytes(head[5..].try_into().unwrap());
            Some(Frame { kind: head[3], flags: head[4], stream, payload })
        })
        .await
    }

    /// Waits for a frame, and passes the ones before over.
    pub(crate) async fn until<T>(&mut self, what: &str, is_it: impl Fn(&Frame) -> Option<T>) -> T {
        let mut before = Vec::new();
        while let Some(frame) = self.next().await {
            if let Some(it) = is_it(&frame) {
                return it;
            }
            before.push((frame.kind, frame.stream));
        }
        panic!("{what}: the connection has ended after {before:?}");
    }

    /// Waits for the error that the connection ends with, and for its end.
    pub(crate) async fn ends_with(&mut self, what: &str) -> u32 {
        let error = self.until(what, Frame::goaway).await;
        while self.next().await.is_some() {}
        error
    }

    pub(crate) async fn reset_of(&mut self, stream: u32, what: &str) -> u32 {
        self.until(what, |frame| {
            assert!(frame.goaway().is_none(), "{what}: {frame:?}");
            frame.reset(stream)
        })
        .await
    }

    pub(crate) async fn has_status(&mut self, stream: u32, status: u16, what: &str) {
        self.until(what, |frame| {
            assert!(frame.goaway().is_none(), "{what}: {frame:?}");
            if frame.kind == HEADERS && frame.stream == stream {
                assert!(frame.has_status(stream, status), "{what}: {frame:?}");
            }
            frame.has_status(stream, status).then_some(())
        })
        .await;
    }

    /// The connection still serves.
    pub(crate) async fn is_served(&mut self, stream: u32) {
        self.send(get(stream, "/")).await;
        self.has_status(stream, 200, "a request afterwards").await;
    }

    /// Whether the server ends the connection within a time, whatever it sends before.
    pub(crate) async fn ends_within(&mut self, time: Duration) -> bool {
        timeout(time, async { while self.next().await.is_some() {} }).await.is_ok()
    }
}
