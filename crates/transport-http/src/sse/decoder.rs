use std::time::Duration;

use bytes::BytesMut;
use towerkit_endpoint::{Code, Error};

use super::Event;

/// Reads events from bytes as they come, in pieces of any size: the parser of WHATWG HTML, section 9.2.6, without input or output
/// of its own.
///
/// ```
/// use towerkit_transport_http::sse::EventDecoder;
///
/// let mut decoder = EventDecoder::new(1024);
/// decoder.push(b"id: 7\ndata: two\r\nda");
/// assert!(decoder.next_event()?.is_none());
/// decoder.push(b"ta: lines\n\n");
/// let event = decoder.next_event()?.unwrap();
/// assert_eq!((event.id(), event.text()), (Some("7"), "two\nlines"));
/// # Ok::<(), towerkit_endpoint::Error>(())
/// ```
#[derive(Debug)]
pub struct EventDecoder {
    buffer: BytesMut,
    /// So much of the buffer has no end of a line in it.
    searched: usize,
    limit: usize,
    begun: bool,
    /// The last line ended with CR: a LF that follows is of the same end.
    after_cr: bool,
    failed: bool,
    name: String,
    data: String,
    last_id: Option<String>,
    retry: Option<Duration>,
}

impl EventDecoder {
    /// With the most bytes that a line, and the data of an event, may have.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            searched: 0,
            limit,
            begun: false,
            after_cr: false,
            failed: false,
            name: String::new(),
            data: String::new(),
            last_id: None,
            retry: None,
        }
    }

    /// Adds what came.
    pub fn push(&mut self, bytes: &[u8]) {
        if !self.failed {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The next event that is there whole; none until more has come. What is left at the end of the bytes is no event.
    ///
    /// # Errors
    ///
    /// `ResourceExhausted` where a line or an event is longer than the limit; from then on there are no events.
    pub fn next_event(&mut self) -> Result<Option<Event>, Error> {
        while let Some(line) = self.line()? {
            if let Some(event) = self.take(&String::from_utf8_lossy(&line)) {
                return Ok(Some(event));
            }
            if self.data.len() > self.limit {
                return Err(self.fail());
            }
        }
        Ok(None)
    }

    /// The id to go on from; none where none came, or the last one was empty.
    #[must_use]
    pub fn last_event_id(&self) -> Option<&str> {
        self.last_id.as_deref().filter(|id| !id.is_empty())
    }

    /// How long to wait before the next connection, where the server said so.
    #[must_use]
    pub const fn retry(&self) -> Option<Duration> {
        self.retry
    }

    pub(super) const fn had_id(&self) -> bool {
        self.last_id.is_some()
    }

    fn fail(&mut self) -> Error {
        self.failed = true;
        self.buffer.clear();
        self.searched = 0;
        Error::new(Code::ResourceExhausted, format!("an event is longer than {} bytes", self.limit))
    }

    /// The next line that is ended.
    fn line(&mut self) -> Result<Option<BytesMut>, Error> {
        const BOM: &[u8] = b"\xEF\xBB\xBF";
        if !self.begun {
            if self.buffer.len() < BOM.len() && BOM.starts_with(&self.buffer) {
                return Ok(None);
            }
            self.begun = true;
            if self.buffer.starts_with(BOM) {
                let _ = self.buffer.split_to(BOM.len());
            }
        }
        if self.after_cr && !self.buffer.is_empty() {
            self.after_cr = false;
            if self.buffer[0] == b'\n' {
                let _ = self.buffer.split_to(1);
            }
        }
        let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let Some(end) = self.buffer[self.searched..].iter().position(is_end).map(|end| self.searched + end) else {
            self.searched = self.buffer.len();
            return if self.searched > self.limit { Err(self.fail()) } else { Ok(None) };
        };
        if end > self.limit {
            return Err(self.fail());
        }
        self.searched = 0;
        let mut line = self.buffer.split_to(end + 1);
        self.after_cr = line[end] == b'\r';
        line.truncate(end);
        Ok(Some(line))
    }

    /// Takes a line in; an empty one completes an event.
    fn take(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            return self.dispatch();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            "id" if !value.contains('\0') => self.last_id = Some(value.to_owned()),
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.retry = value.parse().map(Duration::from_millis).ok().or(self.retry);
            }
            // Comments, and fields that nobody knows.
            _ => {}
        }
        None
    }

    fn dispatch(&mut self) -> Option<Event> {
        let name = std::mem::take(&mut self.name);
        let mut data = std::mem::take(&mut self.data);
        // A block without data is no event; its id and its time to wait count all the same.
        data.pop()?;
        Some(Event {
            comment: None,
            name: (!name.is_empty()).then(|| name.into()),
            id: self.last_id.clone().map(Into::into),
            retry: self.retry,
            data: Some(data.into()),
        })
    }
}
