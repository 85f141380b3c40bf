use std::borrow::Cow;
use std::fmt::Write;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use towerkit_endpoint::Error;

use crate::codec::json::from_slice;

/// One server-sent event.
///
/// ```
/// use std::time::Duration;
/// use towerkit_transport_http::sse::Event;
///
/// let event = Event::data("two\nlines").named("note").with_id("7").with_retry(Duration::from_secs(2));
/// assert_eq!(event.to_bytes(), "event: note\nid: 7\nretry: 2000\ndata: two\ndata: lines\n\n");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    pub(super) comment: Option<Cow<'static, str>>,
    pub(super) name: Option<Cow<'static, str>>,
    pub(super) id: Option<Cow<'static, str>>,
    pub(super) retry: Option<Duration>,
    pub(super) data: Option<Cow<'static, str>>,
}

impl Event {
    /// With text, which may have several lines. A reader sees each end of a line as `\n`.
    #[must_use]
    pub fn data(text: impl Into<Cow<'static, str>>) -> Self {
        Self { data: Some(text.into()), ..Self::default() }
    }

    /// With JSON.
    ///
    /// # Errors
    ///
    /// `Internal` where the value can't be written.
    pub fn json(value: &impl Serialize) -> Result<Self, Error> {
        serde_json::to_string(value).map(Self::data).map_err(Error::internal)
    }

    /// A comment, which no reader sees.
    #[must_use]
    pub fn comment(text: impl Into<Cow<'static, str>>) -> Self {
        Self { comment: Some(text.into()), ..Self::default() }
    }

    /// With a name; without one a browser calls it `message`. Ends of lines in it are left out.
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(on_one_line(name.into()));
        self
    }

    /// With an id, from which a reader goes on when its connection ends. Ends of lines and NUL in it are left out. An empty one
    /// makes the reader forget the last.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<Cow<'static, str>>) -> Self {
        self.id = Some(on_one_line(id.into()));
        self
    }

    /// How long the reader is to wait before it connects again, to the millisecond.
    #[must_use]
    pub const fn with_retry(mut self, wait: Duration) -> Self {
        self.retry = Some(wait);
        self
    }

    /// The text; empty where there is none.
    #[must_use]
    pub fn text(&self) -> &str {
        self.data.as_deref().unwrap_or_default()
    }

    /// Reads the text as JSON.
    ///
    /// # Errors
    ///
    /// `InvalidArgument`, with what is wrong and where.
    pub fn read_json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        from_slice(self.text().as_bytes())
    }

    /// The name, where it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The id. One that was read has the last that came, its own or an earlier one's; none before the first.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// As it goes over the wire.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut text = String::new();
        // Writing into a `String` can't fail.
        if let Some(comment) = &self.comment {
            for line in lines(comment) {
                let _ = writeln!(text, ": {line}");
            }
        }
        if let Some(name) = &self.name {
            let _ = writeln!(text, "event: {name}");
        }
        if let Some(id) = &self.id {
            let _ = writeln!(text, "id: {id}");
        }
        if let Some(retry) = self.retry {
            let _ = writeln!(text, "retry: {}", retry.as_millis());
        }
        if let Some(data) = &self.data {
            for line in lines(data) {
                let _ = writeln!(text, "data: {line}");
            }
        }
        text.push('\n');
        text.into()
    }
}

/// The lines of a text, however they end; one at least.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

fn on_one_line(text: Cow<'static, str>) -> Cow<'static, str> {
    if text.contains(['\n', '\r', '\0']) { text.replace(['\n', '\r', '\0'], "").into() } else { text }
}
