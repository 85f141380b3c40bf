//! Amazon CloudWatch, by `PutMetricData`.
//!
//! ```no_run
//! use towerkit_lifecycle::Group;
//! use towerkit_metrics::cloudwatch::{CloudWatch, Credentials};
//! use towerkit_metrics::{HttpClient, Metrics};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let pool = tower::service_fn(async |_: http::Request<http_body_util::Full<bytes::Bytes>>| {
//! #     Ok::<_, std::io::Error>(http::Response::new(http_body_util::Full::new(bytes::Bytes::new())))
//! # });
//! let credentials = Credentials::new(std::env::var("AWS_ACCESS_KEY_ID")?, std::env::var("AWS_SECRET_ACCESS_KEY")?);
//! let (cloudwatch, pusher) = CloudWatch::new("eu-central-1", "Shop/Addsvc", credentials)
//!     .http_client(HttpClient::new(pool)) // one with TLS, such as towerkit-transport-http's
//!     .build()?;
//! let metrics = Metrics::new(cloudwatch);
//! let group = Group::new().with(pusher); // first, so that it stops last
//! # let _ = (metrics, group);
//! # Ok(())
//! # }
//! ```
//!
//! Nothing is read from the environment, from files or from an instance's metadata: credentials are [given](ProvideCredentials).
//!
//! # What is sent
//!
//! | metric | datum |
//! | --- | --- |
//! | counter that grew | `Value`: how much, since the last flush |
//! | gauge | `Value`: what it stands at, each time |
//! | histogram that was given something | `Values` and `Counts`, 150 different values a datum, so that percentiles are there; `StatisticValues` where there are more than [it may have](CloudWatch::max_values) |
//!
//! Labels are dimensions, beside the [constant ones](CloudWatch::dimension). The unit is the one that the metric was described with. CloudWatch has no
//! nanoseconds and no kibibytes: those become microseconds and bytes.
//!
//! # What CloudWatch refuses
//!
//! It refuses a whole request for one datum that breaks a rule, so none does.
//!
//! | rule | here |
//! | --- | --- |
//! | a request has at most 1000 data and 1 MB | it is split |
//! | names are of at most 255 characters, values of dimensions of 1024; both printable ASCII | other characters become `_`, and what is too long is cut |
//! | a dimension has a value, and its name does not begin with `:` | it is left out; the colon becomes `_` |
//! | a metric has at most 30 dimensions | it counts as lost, for with fewer it would be another |
//! | values are between -2^360 and 2^360 | those beyond count as lost; nearer to zero than 2^-360 is zero |
//!
//! # When it does not answer, or says no
//!
//! | a request is answered | its data |
//! | --- | --- |
//! | 2xx | are taken |
//! | throttled (429, 503, or by name), credentials that are wrong or have lapsed (401, 403, or by name), 3xx, 404 | were not taken: counters are sent with the next flush |
//! | any other 4xx | are lost; what CloudWatch says is in the event |
//! | no answer, or another 5xx | may have been taken: they count as lost, and are not sent twice |
//!
//! After one that failed, the next flush begins with a look whether there is any answer at the URL, and takes nothing until there is. So does one for which
//! there are no credentials.
//!
//! Requests are paid for, and CloudWatch keeps a value a minute. So the pusher flushes once a minute, or each ten seconds where
//! the resolution is [high](CloudWatch::high_resolution), and holds for five minutes what it can't deliver.

mod credentials;
mod datum;
mod name;
mod sender;
mod signature;
mod unit;

use std::fmt;
use std::time::Duration;

use towerkit_http_client::HttpClient;

use crate::push::{Pusher, Store};
use crate::settings::{InvalidSettings, server_url};
pub use credentials::{Credentials, ProvideCredentials};
use datum::{Data, Settings};
use sender::Sender;

/// Sends to CloudWatch, or to what speaks like it.
pub struct CloudWatch<P> {
    region: String,
    namespace: String,
    credentials: P,
    endpoint: Option<String>,
    settings: Settings,
    store: Store,
    client: HttpClient,
}

/// The different values that a histogram may have: as many as a [`Store`] keeps of it, in seven data.
const MAX_VALUES: usize = 1050;

impl<P: ProvideCredentials> CloudWatch<P> {
    /// To a namespace in a region, such as `eu-central-1`.
    pub fn new(region: impl Into<String>, namespace: impl Into<String>, credentials: P) -> Self {
        Self {
            region: region.into(),
            namespace: namespace.into(),
            credentials,
            endpoint: None,
            settings: Settings { dimensions: Vec::new(), high_resolution: false, max_values: MAX_VALUES },
            store: Store::default(),
            client: HttpClient::plain(),
        }
    }

    /// The URL that is sent to, in place of `https://monitoring.REGION.amazonaws.com`: that of a VPC's endpoint, of another partition, or of a stand-in
    /// in tests.
    #[must_use]
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// A dimension of all metrics: the host, the service. A label of the same name takes its place.
    #[must_use]
    pub fn dimension(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.settings.dimensions.extend(name::dimension(name.as_ref(), value.as_ref()));
        self
    }

    /// Metrics are stored by the second (`StorageResolution` 1), in place of by the minute. It costs more.
    #[must_use]
    pub const fn high_resolution(mut self) -> Self {
        self.settings.high_resolution = true;
        self
    }

    /// How many different values of a histogram are told, in place of 1050: as many as are kept of it, in seven data. Of one that has more, and of all
    /// where it is zero, the count, the sum and the extremes are sent, in a single datum; then CloudWatch knows no percentiles of it.
    #[must_use]
    pub const fn max_values(mut self, values: usize) -> Self {
        self.settings.max_values = values;
        self
    }

    /// How many values of a histogram are kept between two flushes, in place of 1024, as [`Store::with_sample`] has it.
    #[must_use]
    pub fn sample(mut self, values: usize) -> Self {
        self.store = Store::with_sample(values);
        self
    }

    /// What sends, in place of a [plain client](HttpClient::plain). CloudWatch itself is `https`, and so asks for one with TLS.
    #[must_use]
    pub fn http_client(mut self, client: HttpClient) -> Self {
        self.client = client;
        self
    }

    /// The recorder, and what sends what it has recorded.
    ///
    /// # Errors
    ///
    /// The region or the URL is none, or the URL is `https` without a client for it; the namespace is none that one may write to: 1 to 255 characters of
    /// printable ASCII that begin neither with `:` nor with `AWS/`.
    pub fn build(self) -> Result<(Store, Pusher), InvalidSettings> {
        let invalid = |what| InvalidSettings::new("CloudWatch", what);
        let in_region = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if self.region.is_empty() || !self.region.bytes().all(in_region) {
            return Err(invalid("the region is none, such as eu-central-1"));
        }
        if !name::is_namespace(&self.namespace) {
            return Err(invalid("the namespace is none that one may write to"));
        }
        let url = self.endpoint.unwrap_or_else(|| format!("https://monitoring.{}.amazonaws.com", self.region));
        let server = server_url("CloudWatch", &url, &self.client)?;
        let sender = Sender::new(self.client, &server, self.region, &self.namespace, self.credentials);
        let sender = sender.ok_or_else(|| invalid("the URL of the server is too long"))?;
        let interval = Duration::from_secs(if self.settings.high_resolution { 10 } else { 60 });
        let data = Data::new(self.settings, sender.room());
        let pusher = Pusher::new("CloudWatch", self.store.clone(), data, sender);
        Ok((self.store, pusher.interval(interval).hold(Duration::from_secs(5 * 60))))
    }
}

/// Without the credentials.
impl<P> fmt::Debug for CloudWatch<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudWatch")
            .field("region", &self.region)
            .field("namespace", &self.namespace)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}
