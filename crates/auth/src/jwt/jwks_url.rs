//! The keys of an issuer, from a URL.

mod address;
mod event;
mod fetch;
mod freshness;
mod member;
mod schedule;
mod shared;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use towerkit_http_client::{HttpClient, InvalidUrl};

pub use event::{JwksError, JwksEvent};

use self::address::Address;
use self::fetch::Fetcher;
use self::schedule::Limits;
use self::shared::Shared;
use super::{JwksRules, Keys};

/// The keys that an issuer publishes at a URL, as a JSON Web Key Set (RFC 7517, section 5): fetched, kept, and fetched
/// again.
///
/// It is a [`Member`](towerkit_lifecycle::Member) of a group, which fetches, and gives the keys, which a
/// [`JwtVerifier`](crate::JwtVerifier) asks. In a group it stands before the servers, so that it runs until they have
/// stopped.
///
/// ```no_run
/// use towerkit_auth::{Audience, Authentication, HttpClient, Issuer, JwksEvent, JwksUrl, JwtVerifier};
/// use towerkit_endpoint::BoxError;
/// use towerkit_lifecycle::Group;
///
/// # async fn run(client_with_tls: HttpClient) -> Result<(), BoxError> {
/// let issuer = JwksUrl::new("https://issuer.example/jwks.json", client_with_tls)?
///     .on_event(|event: &JwksEvent| eprintln!("{event}"));
/// let verifier = JwtVerifier::new(&issuer, Issuer::is("https://issuer.example"), Audience::is("greeter"));
/// let authentication = Authentication::new(verifier);
/// Group::new().with(issuer).run().await?;
/// # drop(authentication);
/// # Ok(())
/// # }
/// ```
///
/// # When it fetches
///
/// | | default | |
/// | --- | --- | --- |
/// | at start | | at once; [ready](Self::required) when that has ended, well or not |
/// | at an [interval](Self::interval) | 5 min | or earlier, where the reply's `cache-control: max-age`, less its `age`, says so (RFC 9111); never below 1 min. Up to a tenth earlier, by chance |
/// | on demand | | when a token names a key that is not known, and the last fetch on demand has ended a [cool-down](Self::cool_down), 10 s, ago; caches on the way are told to ask (`cache-control: no-cache`) |
/// | after a failure | 1 s | twice as long each time, up to 1 min or the interval; up to half of it earlier, by chance |
///
/// There is one fetch at a time, and whoever needs it waits for it. It is cut off after a [time
/// limit](Self::timeout), 5 s, and where the reply has more than [`KeySet::MAX_BYTES`](crate::KeySet::MAX_BYTES) or
/// [`MAX_KEYS`](crate::KeySet::MAX_KEYS). Redirects are not followed: where keys come from is for the user to say. A
/// client that is passed in must not follow them either.
///
/// # What callers get
///
/// | the token's key is | callers |
/// | --- | --- |
/// | known | are verified at once, whatever the issuer does |
/// | not known | wait for a fetch, for [5 s](Self::max_wait) at most, and with [1024](Self::max_waiting) others at most |
/// | not known then either, or during the cool-down, or the fetch failed, or too many wait | are refused as [`UnknownKey`](crate::Reason::UnknownKey): `Unauthenticated` |
/// | not known, and there never were keys, or they are [too old](Self::stale_for) | are refused as [`Unavailable`](crate::Reason::Unavailable); where too many wait as [`Overloaded`](crate::Reason::Overloaded) |
/// | not known, and the member doesn't run | the same, at once |
///
/// With keys at hand it is never `Unavailable` that the issuer is down: anybody can name a key that is not known, and
/// what looks like a fault of the service opens the breakers of those who call it for others. Operators see it by
/// [`on_event`](Self::on_event).
///
/// A key that was published just after a fetch on demand has looked is unknown for the rest of that fetch, the cool-down and the next fetch: with the
/// defaults, and while the issuer answers, for 20 s at the most. An issuer that publishes a key some minutes before it signs by it spares its callers that.
///
/// # While the issuer is down
///
/// The last keys are used on, [for ever](Self::stale_for) unless said otherwise. A reply that is no key set, or has no
/// key that can be used, counts as a failure, and never takes the place of a good one. One that is good does so as a
/// whole: a key that is no more in it is no more believed.
#[must_use = "it does nothing until it is run"]
pub struct JwksUrl {
    shared: Arc<Shared>,
    fetcher: Fetcher,
    required: bool,
    on_event: Arc<OnEvent>,
}

type OnEvent = dyn Fn(&JwksEvent) + Send + Sync;

impl JwksUrl {
    /// By the URL of the key set: `https`, or `http` to this machine itself (`localhost`, 127.0.0.0/8, `[::1]`).
    ///
    /// # Errors
    ///
    /// Where it is none, has credentials in it, is plain `http` to another machine, or is `https` and the client is
    /// [plain](HttpClient::plain).
    pub fn new(url: &str, client: HttpClient) -> Result<Self, InvalidUrl> {
        Ok(Self::at(Address::Keys(address::protected(url, &client)?), client))
    }

    /// As [`new`](Self::new), but plain `http` to any machine. Whoever is on the way to it can replace the keys by
    /// their own, and so be anybody: it is for a network that keeps them out by itself, such as a mesh with mutual TLS.
    ///
    /// # Errors
    ///
    /// Else the same.
    pub fn over_plain_http(url: &str, client: HttpClient) -> Result<Self, InvalidUrl> {
        Ok(Self::at(Address::Keys(address::over_plain_http(url, &client)?), client))
    }

    /// By the name of an issuer, whose configuration says where the keys are (OpenID Connect Discovery 1.0, section 4):
    /// `jwks_uri` in what is at `/.well-known/openid-configuration` behind the issuer's URL.
    ///
    /// The configuration must name just this issuer (section 4.3), letter by letter, and what it says is held to the
    /// same rules as [a URL](Self::new); where the issuer is `https`, so must be the keys. It is fetched with the keys, each time but on
    /// demand, where it is only after a failure.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new), and where it has a query.
    pub fn discover(issuer: &str, client: HttpClient) -> Result<Self, InvalidUrl> {
        Ok(Self::at(Address::issuer(issuer, &client)?, client))
    }

    fn at(address: Address, client: HttpClient) -> Self {
        let limits = Limits {
            interval: Duration::from_secs(5 * 60),
            cool_down: Duration::from_secs(10),
            stale_for: None,
            waiters: 1024,
            wait: Duration::from_secs(5),
        };
        let shared = Arc::new(Shared::new(address.to_string().into(), limits));
        let fetcher = Fetcher { address, client, found: None, within: Duration::from_secs(5), rules: JwksRules::new() };
        Self { shared, fetcher, required: false, on_event: Arc::new(|_| {}) }
    }

    fn limited(self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.shared.schedule().limits);
        self
    }

    /// The time between two fetches at most, and so for how long at most a key is believed that the issuer has taken
    /// back, while it is up. 100 ms at least.
    pub fn interval(self, time: Duration) -> Self {
        self.limited(|limits| limits.interval = time.max(Duration::from_millis(100)))
    }

    /// The time between a fetch on demand and the next one. It bounds what those can do to the issuer who make keys up;
    /// and it is how long a caller may be refused whose key is new, if somebody has just made one up.
    pub fn cool_down(self, time: Duration) -> Self {
        self.limited(|limits| limits.cool_down = time)
    }

    /// How long a fetch may take, from the connection to the last byte, with that of the configuration where there is
    /// one.
    pub const fn timeout(mut self, time: Duration) -> Self {
        self.fetcher.within = time;
        self
    }

    /// How long a caller waits for a fetch.
    pub fn max_wait(self, time: Duration) -> Self {
        self.limited(|limits| limits.wait = time)
    }

    /// How many callers wait for a fetch at a time.
    pub fn max_waiting(self, most: usize) -> Self {
        self.limited(|limits| limits.waiters = most)
    }

    /// For how long keys are used on after a fetch was due that has failed, and each after it. Then there are none, as
    /// if there never were any, until a fetch goes well. An issuer that is down then takes the service down, but one
    /// whose keys were stolen, and that can't be reached to learn so, is not believed for ever.
    ///
    /// The member sees to it: once it has stopped, keys don't age.
    pub fn stale_for(self, time: Duration) -> Self {
        self.limited(|limits| limits.stale_for = Some(time))
    }

    /// Is ready only when there are keys, so that the start of the group waits for them, and fails at its
    /// [limit](towerkit_lifecycle::Group::start_timeout).
    ///
    /// Without it the member is ready when it has tried: an issuer that is down does not keep services from starting,
    /// which in an outage would make it a longer one. In the usual case there are keys by then, and the first caller
    /// finds them.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// What a key of RSA without an `alg` is for, in place of RS256 alone.
    pub fn rsa_without_alg(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.fetcher.rules = self.fetcher.rules.rsa_without_alg(algorithms);
        self
    }

    /// Tells of each fetch, and where keys are dropped. The function must not block.
    pub fn on_event(mut self, tell: impl Fn(&JwksEvent) + Send + Sync + 'static) -> Self {
        self.on_event = Arc::new(tell);
        self
    }
}

/// Its keys, as they are at any time. They outlive the member, and then stay as they are.
impl From<&JwksUrl> for Keys {
    fn from(url: &JwksUrl) -> Self {
        Self::new(shared::Source(Arc::clone(&url.shared)))
    }
}

/// The URL, without its query.
impl fmt::Debug for JwksUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksUrl")
            .field("url", &self.shared.url())
            .field("limits", &self.shared.schedule().limits)
            .field("required", &self.required)
            .finish_non_exhaustive()
    }
}
