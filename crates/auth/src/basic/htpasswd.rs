//! Users and their passwords in a file, as Apache's `htpasswd` writes it.

mod hash;
mod limits;
mod users;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::Handle;
use towerkit_endpoint::BoxError;
use towerkit_lifecycle::WatchFiles;

use super::Password;
use crate::files::{Contents, FromFiles};
use crate::{LoadError, Reason};
use hash::{Hash, Match};
use limits::Limits;
use users::Users;

/// Users and the hashes of their passwords: of a file as Apache's `htpasswd -B` writes it, for [`Basic::htpasswd`](crate::Basic::htpasswd).
///
/// A line is `USER:HASH`; empty lines, and those that begin with `#`, say nothing. A hash is bcrypt (`$2y$`, `$2b$`, `$2a$`) or
/// Argon2 (`$argon2id$`, `$argon2i$`, `$argon2d$`, as a PHC string). All else that such files may hold, MD5, SHA-1, crypt and
/// plain passwords, is an error, as is a user who stands there twice. So is what takes a server down: a bcrypt cost above 15,
/// an Argon2 memory above 1 GiB or of more than 4 GiB over all passes, more than 100,000 users.
///
/// A hash takes its time, so it is computed on a thread that may block, [four at once](Self::max_running) at most. [64
/// calls](Self::max_waiting) may wait for their turn; further ones are refused with [`Reason::Overloaded`]. One whose caller goes
/// away is computed to its end. A user who is not known costs a hash too, of the kind and cost that most users have; in a file
/// of several kinds, its time tells who has another one.
///
/// Each call costs a hash, also when its caller was known a moment ago: this is for people and for few calls; programs have
/// keys and tokens.
///
/// bcrypt reads 72 bytes of a password: a longer one is refused, also where it was cut when the hash was made.
///
/// Clones share the users, and the limits where those were set before: a clone whose limits are set has ones of its own. It needs
/// Tokio's runtime.
///
/// ```
/// use towerkit_auth::{Authentication, Basic, Htpasswd};
///
/// let users = Htpasswd::parse("ada:$2y$05$oKMo9vfyA6NKZjtR4N6byOE0zUqKW0PlDMsm4TNswd2FwgEquPl1C")?;
/// let authentication = Authentication::new(Basic::htpasswd("greeter", users));
/// # let _ = authentication;
/// # Ok::<(), towerkit_auth::LoadError>(())
/// ```
#[derive(Clone)]
pub struct Htpasswd {
    users: Arc<FromFiles<Users>>,
    limits: Limits,
}

impl Htpasswd {
    /// Reads a file. It blocks for a short time: at start that does no harm.
    ///
    /// # Errors
    ///
    /// Where it can't be read, or has a line that is of no use: its number is told, never what stands there.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, LoadError> {
        let path = path.into();
        let users = FromFiles::open(vec![path.clone()], move |contents: &Contents| {
            Users::parse(&path, contents.first().map_or(&[], |content| &**content))
        })?;
        Ok(Self { users, limits: Limits::default() })
    }

    /// Reads what would stand in a file.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn parse(text: &str) -> Result<Self, LoadError> {
        let users = Users::parse(Path::new("htpasswd"), text.as_bytes())?;
        Ok(Self { users: FromFiles::fixed(users), limits: Limits::default() })
    }

    /// How many hashes are computed at once, at least 1; 4 at first. Each takes a processor, and Argon2 its memory. It is set before
    /// it is cloned.
    #[must_use]
    pub fn max_running(mut self, count: usize) -> Self {
        self.limits = self.limits.with_at_once(count);
        self
    }

    /// How many calls may wait for their turn; 64 at first. A call of a deadline waits no longer than that. It is set before it is
    /// cloned.
    #[must_use]
    pub fn max_waiting(mut self, count: usize) -> Self {
        self.limits = self.limits.with_waiting(count);
        self
    }

    /// Reads the file again when it changes, for as long as it is run. Without [`on_event`](WatchFiles::on_event) nobody hears of
    /// a file that is of no use.
    ///
    /// ```no_run
    /// use towerkit_auth::Htpasswd;
    /// use towerkit_lifecycle::Group;
    ///
    /// let users = Htpasswd::open("/etc/greeter/users")?;
    /// let group = Group::new().with(users.watch().on_event(|event| eprintln!("{event}")));
    /// # let _ = group;
    /// # Ok::<(), towerkit_auth::LoadError>(())
    /// ```
    pub fn watch(&self) -> WatchFiles {
        WatchFiles::new(self.users.clone())
    }

    /// Whether it is the password of the user.
    pub(super) async fn verify(self, user: String, password: Password) -> Result<String, Reason> {
        let place = self.limits.enter().await?;
        let runtime = Handle::try_current().map_err(|error| Reason::Unavailable(error.into()))?;
        let users = self.users.current().clone();
        let checked = runtime.spawn_blocking(move || {
            let _place = place;
            judge(&users, user, |hash| hash.verify(password.as_str()))
        });
        checked.await.unwrap_or_else(|error| Err(Reason::Unavailable(error.into())))
    }
}

/// Whose the password is that is compared with a hash: with one, whether the user is known or not.
fn judge<F>(users: &Users, user: String, verify: F) -> Result<String, Reason>
where
    F: FnOnce(&Hash) -> Result<Match, BoxError>,
{
    let known = users.get(&user);
    // Whoever is not known is compared with another's hash, and whatever comes of that does not count.
    let Some(hash) = known.or_else(|| users.usual()) else { return Err(Reason::WrongCredentials(None)) };
    let matches = verify(hash);
    if known.is_none() {
        return Err(Reason::WrongCredentials(None));
    }
    match matches {
        Ok(Match::Yes) => Ok(user),
        Ok(Match::No) => Err(Reason::WrongCredentials(Some(user))),
        Ok(Match::TooLong) => {
            Err(Reason::Malformed("the password has more than the 72 bytes that bcrypt reads".into()))
        }
        Err(error) => Err(Reason::Unavailable(error)),
    }
}

impl fmt::Debug for Htpasswd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Htpasswd").field("users", &self.users).field("limits", &self.limits).finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::hash::Kind;
    use super::*;

    #[test]
    fn a_user_who_is_not_known_costs_one_hash_as_most_have_it_and_is_not_let_in_by_it() {
        let dear = "$2y$05$oKMo9vfyA6NKZjtR4N6byOE0zUqKW0PlDMsm4TNswd2FwgEquPl1C";
        let cheap = "$2y$04$Zg3mRXyiN9bt6K/yvkBYyOMUGE5x70rcgkIqMT/68ayA8mSzMYFGu";
        let text = format!("ada:{dear}\neve:{dear}\nbob:{cheap}");
        let users = Users::parse(Path::new("users"), text.as_bytes()).unwrap();
        for (user, cost, passes) in [("ada", 5, true), ("bob", 4, true), ("nobody", 5, false)] {
            let mut computed = Vec::new();
            let outcome = judge(&users, user.to_owned(), |hash| {
                computed.push(hash.kind());
                Ok(Match::Yes)
            });
            assert_eq!(computed, [Kind::Bcrypt { cost }], "{user}");
            assert_eq!(outcome.is_ok(), passes, "{user}");
            assert!(passes || matches!(outcome, Err(Reason::WrongCredentials(None))));
        }
    }

    #[test]
    fn a_user_who_is_not_known_is_told_alike_whatever_the_other_hash_says() {
        let text = "ada:$2y$04$Zg3mRXyiN9bt6K/yvkBYyOMUGE5x70rcgkIqMT/68ayA8mSzMYFGu";
        let users = Users::parse(Path::new("users"), text.as_bytes()).unwrap();
        for said in [Ok(Match::Yes), Ok(Match::No), Ok(Match::TooLong), Err("it broke".into())] {
            let outcome = judge(&users, "nobody".to_owned(), |_| said);
            assert!(matches!(outcome, Err(Reason::WrongCredentials(None))), "{outcome:?}");
        }
    }
}
