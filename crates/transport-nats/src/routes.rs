mod pattern;
mod stats;

use std::fmt;
use std::sync::Arc;

use towerkit_endpoint::Endpoint;

use crate::Server;
use crate::codec::{DecodeRequest, EncodeResponse};
use crate::micro::{EndpointAbout, ServiceAbout, is_name, is_version};
use crate::serve::{Lane, LaneFuture, LaneSettings};
use crate::server::{Call, Scene};

pub use pattern::Matched;
pub(crate) use pattern::Pattern;
pub(crate) use stats::Counters;
pub use stats::{Stats, SubjectStats};

/// Subjects, and what answers them: what [`serve`](crate::serve()) takes.
///
/// A subject may have wildcards: `*` for one token and `>` for the rest; what they matched is [`Matched`]. Each subject is a subscription of
/// its own, and a message that two of them match goes to both.
///
/// # Queue groups
///
/// Of the subscribers of one queue group each message goes to one, chosen by NATS: replicas of a service are of the same group.
/// Without a group every replica gets every message, and of several replies the caller takes the first. A [service](Routes::service) has
/// a group in any case.
///
/// ```
/// use towerkit_endpoint::{Error, endpoint_fn};
/// use towerkit_transport_nats::{Routes, Server};
///
/// let uppercase = endpoint_fn(|text: String| async move { Ok::<_, Error>(text.to_uppercase()) });
/// let count = endpoint_fn(|text: String| async move { Ok::<_, Error>(text.chars().count()) });
/// let routes = Routes::new()
///     .queue_group("stringsvc")
///     .subject("stringsvc.uppercase", Server::json(uppercase))
///     .subject("stringsvc.count", Server::json(count));
/// # let _ = routes;
/// ```
#[derive(Clone, Default)]
#[must_use = "routes do nothing until they are served"]
pub struct Routes {
    queue_group: Option<Arc<str>>,
    /// Without a name where it is no service that can be found.
    service: ServiceAbout,
    entries: Vec<Entry>,
}

/// One subject.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) pattern: Arc<Pattern>,
    /// Set when it is served.
    pub(crate) queue_group: Option<Arc<str>>,
    pub(crate) about: Arc<EndpointAbout>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) route: Arc<dyn Route>,
}

/// An endpoint with its server, whatever its types.
pub(crate) trait Route: Send + Sync {
    /// Answers the messages of a subscription, until it is told to stop.
    fn run(&self, scene: Scene, lane: LaneSettings) -> LaneFuture;
}

impl<E, D, N, T, M> Route for Server<E, D, N, T, M>
where
    T: Send + 'static,
    M: 'static,
    E: Endpoint<T>,
    D: DecodeRequest<T>,
    N: EncodeResponse<E::Reply, M>,
{
    fn run(&self, scene: Scene, lane: LaneSettings) -> LaneFuture {
        let call = Arc::new(Call { server: self.clone(), scene });
        Box::pin(Lane::new(lane, move |message, admitted| call.clone().run(message, admitted)).run())
    }
}

impl Routes {
    /// Without subjects, and without a queue group.
    pub fn new() -> Self {
        Self::default()
    }

    /// The queue group of all subjects, those that were added already too.
    ///
    /// # Panics
    ///
    /// Where the name is empty or has white space: a mistake in the program, found as it starts.
    pub fn queue_group(mut self, name: &str) -> Self {
        let valid = !name.is_empty() && !name.contains(char::is_whitespace);
        assert!(valid, "{name:?} is no queue group: it is empty, or has white space");
        self.queue_group = Some(name.into());
        self
    }

    /// Adds a subject.
    ///
    /// # Panics
    ///
    /// Where the subject is malformed, or is served already: a mistake in the program, found as it starts.
    #[expect(clippy::panic, reason = "subjects are written by the programmer and read at start")]
    pub fn subject<E, D, N, T, M>(mut self, subject: &str, server: Server<E, D, N, T, M>) -> Self
    where
        T: Send + 'static,
        M: 'static,
        E: Endpoint<T>,
        D: DecodeRequest<T>,
        N: EncodeResponse<E::Reply, M>,
    {
        let pattern = match Pattern::parse(subject) {
            Ok(pattern) => Arc::new(pattern),
            Err(reason) => panic!("{subject:?} is no subject: {reason}"),
        };
        let taken = self.entries.iter().any(|entry| **entry.pattern.text() == *subject);
        assert!(!taken, "{subject} is served already");
        let about = server.about().at(subject);
        self.entries.push(Entry {
            pattern,
            queue_group: None,
            about,
            counters: Arc::default(),
            route: Arc::new(server),
        });
        self
    }

    /// Makes the subjects a service that is found by its name: each instance answers the requests of the NATS service protocol (ADR-32), as
    /// long as it serves. So `nats micro list`, `info`, `stats` and `ping` see it, and whatever else speaks the protocol.
    ///
    /// | asked at | of | the answer |
    /// | --- | --- | --- |
    /// | `$SRV.PING` | all | name, id, version and [metadata](Self::metadata) |
    /// | `$SRV.INFO` | all | and the [description](Self::description), and of each endpoint its name, subject, queue group and metadata |
    /// | `$SRV.STATS` | all | and since when it serves, and of each endpoint the [counters](crate::SubjectStats) |
    /// | these with `.NAME` | the instances of a name | the same |
    /// | these with `.NAME.ID` | one instance | the same |
    ///
    /// The types are `io.nats.micro.v1.ping_response`, `info_response` and `stats_response`. There is no `$SRV.SCHEMA`: it was in the drafts of
    /// the protocol, and what describes an endpoint's messages belongs into [its metadata](crate::Server::endpoint_metadata) now. The
    /// instance has an id of its own, which it keeps when the connection moves to another server. It stops to answer when the drain begins.
    ///
    /// A service without a [queue group](Self::queue_group) of its own has the protocol's, `q`.
    ///
    /// Whoever may connect to the account may ask: nothing secret belongs into what is told.
    ///
    /// ```
    /// use towerkit_endpoint::{Error, endpoint_fn};
    /// use towerkit_transport_nats::{Routes, Server};
    ///
    /// let count = endpoint_fn(|text: String| async move { Ok::<_, Error>(text.chars().count()) });
    /// let routes = Routes::new()
    ///     .service("stringsvc", "1.2.3")
    ///     .description("What can be done with strings")
    ///     .metadata("region", "eu")
    ///     .subject("stringsvc.count", Server::json(count).endpoint_name("count"));
    /// # let _ = routes;
    /// ```
    ///
    /// # Panics
    ///
    /// Where the name is not of letters, digits, `-` and `_` alone, or the version is not one of Semantic Versioning: mistakes in the program,
    /// found as it starts.
    pub fn service(mut self, name: &str, version: &str) -> Self {
        assert!(is_name(name), "{name:?} is no name of a service: it is of letters, digits, - and _ alone");
        assert!(is_version(version), "{version:?} is no version as in Semantic Versioning, such as 1.2.3");
        self.service.name = name.to_owned();
        self.service.version = version.to_owned();
        self
    }

    /// What the [service](Self::service) is, for people.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.service.description = text.into();
        self
    }

    /// What else the [service](Self::service) says of itself, by name. It may be called several times.
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.service.metadata.insert(name.into(), value.into());
        self
    }

    /// The subjects, in the order they were added.
    pub fn subjects(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| &**entry.pattern.text())
    }

    /// What the service says of itself, where it is one.
    pub(crate) fn about(&self) -> Option<Arc<ServiceAbout>> {
        (!self.service.name.is_empty()).then(|| Arc::new(self.service.clone()))
    }

    /// What is served from now on.
    pub(crate) fn into_stats(self) -> Stats {
        let Self { queue_group, service, entries } = self;
        let default = || (!service.name.is_empty()).then(|| "q".into());
        let queue_group = queue_group.or_else(default);
        Stats {
            entries: entries.into_iter().map(|entry| Entry { queue_group: queue_group.clone(), ..entry }).collect(),
        }
    }
}

impl Stats {
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routes")
            .field("queue_group", &self.queue_group)
            .field("subjects", &self.subjects().collect::<Vec<_>>())
            .finish()
    }
}
