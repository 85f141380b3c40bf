//! InfluxDB: points in its line protocol, over HTTP.
//!
//! ```no_run
//! use towerkit_lifecycle::Group;
//! use towerkit_metrics::Metrics;
//! use towerkit_metrics::influxdb::InfluxDb;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (influx, pusher) = InfluxDb::v1("http://127.0.0.1:8086", "services").tag("host", "a1").build()?;
//! let metrics = Metrics::new(influx);
//! let group = Group::new().with(pusher); // first, so that it stops last
//! # let _ = (metrics, group);
//! # Ok(())
//! # }
//! ```
//!
//! # What is written
//!
//! The measurement is the metric's name, its tags are the labels and the [constant tags](InfluxDb::tag), and the time is that of the flush.
//!
//! | metric | fields | written |
//! | --- | --- | --- |
//! | counter | `count`, an integer: how much it grew since the last flush | where it grew |
//! | gauge | `value` | each time |
//! | histogram | `count`, an integer, and `sum`, `min`, `max`, `p50`, `p90`, `p95`, `p99` of what was recorded since the last flush | where there was something |
//!
//! Sums over time are sums of `count`: `SELECT sum("count") FROM "requests" WHERE time > now() - 1h GROUP BY "code"`. An integer of InfluxDB has a
//! sign; one that is greater than 2^63 - 1 is written as that. Percentiles are by nearest rank, of a sample where there was more than a
//! [`Store`] keeps.
//!
//! Names and values keep all that the line protocol can say. What it can't becomes `_`: control characters, a `#` at the beginning of a name, and
//! a backslash at the end or before a comma, a space, an equals sign, a double quote or another backslash. A tag whose value is empty is left out; a tag named
//! `time`, `_field` or `_measurement` has a `_` behind that. No line is written of a name that is empty, or of a name that is longer than 64 KiB
//! with its tags; both count as lost.
//!
//! # When the server is away
//!
//! Before each flush it is asked for `/ping`, and where it does not answer, or with a status from 500 on, nothing is taken: all waits for the next
//! flush, for as long as the pusher [holds](crate::push::Pusher::hold) it. Anything below 500 will do, for what stands before a server may not know
//! that path.
//!
//! | a write is answered | its points |
//! | --- | --- |
//! | 2xx | are written |
//! | 400, and other 4xx | are lost, as many as the server says, or all; the server's text is in the event |
//! | 3xx, 401, 403, 404 (no such database), 429, 503 | were not written: counters are sent with the next flush |
//! | no answer, or another 5xx | are sent up to three times; a point that is written twice is the same point. After that they count as lost |
//!
//! A request has at most 5000 lines, and 1 MiB.

mod encoder;
mod line;
mod writer;

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use towerkit_http_client::{HttpClient, percent_encoded};

use crate::push::{Pusher, Store};
use crate::settings::{InvalidSettings, server_url};
use encoder::Lines;
pub use line::Precision;
use writer::Writer;

/// Sends to a server of InfluxDB, in the way of version 1 or of version 2.
pub struct InfluxDb {
    url: String,
    destination: Destination,
    authorization: Authorization,
    tags: Vec<(String, String)>,
    precision: Precision,
    store: Store,
    client: HttpClient,
}

#[derive(Clone, Debug)]
enum Destination {
    Database { name: String, retention_policy: Option<String> },
    Bucket { organization: String, name: String },
}

enum Authorization {
    None,
    User { name: String, password: String },
    Token(String),
}

impl InfluxDb {
    /// To `/write` of the server at a URL, and there to a database: InfluxDB 1.x, and what takes the place of it.
    pub fn v1(url: impl Into<String>, database: impl Into<String>) -> Self {
        Self::new(
            url.into(),
            Destination::Database { name: database.into(), retention_policy: None },
            Authorization::None,
        )
    }

    /// To `/api/v2/write` of the server at a URL, and there to a bucket of an organization: InfluxDB 2.x and 3.x, and InfluxDB Cloud.
    pub fn v2(
        url: impl Into<String>,
        organization: impl Into<String>,
        bucket: impl Into<String>,
        token: impl Into<String>,
    ) -> Self {
        let destination = Destination::Bucket { organization: organization.into(), name: bucket.into() };
        Self::new(url.into(), destination, Authorization::Token(token.into()))
    }

    fn new(url: String, destination: Destination, authorization: Authorization) -> Self {
        Self {
            url,
            destination,
            authorization,
            tags: Vec::new(),
            precision: Precision::default(),
            store: Store::default(),
            client: HttpClient::plain(),
        }
    }

    /// Who writes, where the server asks for it, in place of nobody or of the token.
    #[must_use]
    pub fn user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.authorization = Authorization::User { name: name.into(), password: password.into() };
        self
    }

    /// The retention policy of the database that is written to, in place of its default one. A bucket has none.
    #[must_use]
    pub fn retention_policy(mut self, name: impl Into<String>) -> Self {
        if let Destination::Database { retention_policy, .. } = &mut self.destination {
            *retention_policy = Some(name.into());
        }
        self
    }

    /// A tag of all points: the host, the service. A label of the same name takes its place.
    #[must_use]
    pub fn tag(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push((name.into(), value.into()));
        self
    }

    /// How exact times are: nanoseconds by default. It should be finer than the interval of the pusher.
    #[must_use]
    pub const fn precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// How many values of a histogram are kept between two flushes, in place of 1024, as [`Store::with_sample`] has it.
    #[must_use]
    pub fn sample(mut self, values: usize) -> Self {
        self.store = Store::with_sample(values);
        self
    }

    /// What sends, in place of a [plain client](HttpClient::plain): for `https`.
    #[must_use]
    pub fn http_client(mut self, client: HttpClient) -> Self {
        self.client = client;
        self
    }

    /// The recorder, and what sends what it has recorded.
    ///
    /// # Errors
    ///
    /// The URL is none, or `https` without a client for it; a name is empty; a user's name has a colon in it, or a token a control character.
    pub fn build(self) -> Result<(Store, Pusher), InvalidSettings> {
        let invalid = |what| InvalidSettings::new("InfluxDB", what);
        let server = server_url("InfluxDB", &self.url, &self.client)?;
        let uri = |path: &str| server.below(path).map_err(|_| invalid("the URL of the server is too long"));
        let (ping, write) = (uri("/ping")?, uri(&self.write_path().map_err(invalid)?)?);
        let authorization = self.authorization.header().map_err(invalid)?;
        let encoder = Lines::new(&self.tags, self.precision);
        let writer = Writer::new(self.client, server.to_string(), ping, write, authorization);
        Ok((self.store.clone(), Pusher::new("InfluxDB", self.store, encoder, writer)))
    }

    fn write_path(&self) -> Result<String, &'static str> {
        let (path, parameters) = match &self.destination {
            Destination::Database { name, retention_policy } => {
                let rp = retention_policy.as_deref();
                ("/write", [Some(("db", name.as_str())), rp.map(|name| ("rp", name)), self.precision.v1()])
            }
            Destination::Bucket { organization, name } => {
                ("/api/v2/write", [Some(("org", organization.as_str())), Some(("bucket", name)), self.precision.v2()])
            }
        };
        let mut whole = path.to_owned();
        for (at, (name, value)) in parameters.into_iter().flatten().enumerate() {
            if value.is_empty() {
                return Err("the database, the retention policy, the organization or the bucket has an empty name");
            }
            whole.push(if at == 0 { '?' } else { '&' });
            whole.push_str(name);
            whole.push('=');
            whole.extend(percent_encoded(value));
        }
        Ok(whole)
    }
}

impl Authorization {
    fn header(&self) -> Result<Option<HeaderValue>, &'static str> {
        let said = match self {
            Self::None => return Ok(None),
            Self::User { name, .. } if name.contains(':') => return Err("the name of the user has a colon in it"),
            Self::User { name, password } => format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{password}"))),
            Self::Token(token) => format!("Token {token}"),
        };
        let mut header =
            HeaderValue::try_from(said).map_err(|_| "the token is none: a character of it can't be sent")?;
        header.set_sensitive(true);
        Ok(Some(header))
    }
}

/// Without the password and the token.
impl fmt::Debug for InfluxDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InfluxDb")
            .field("destination", &self.destination)
            .field("tags", &self.tags)
            .finish_non_exhaustive()
    }
}
