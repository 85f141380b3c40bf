#[cfg(feature = "htpasswd")]
use std::sync::Arc;

use towerkit_endpoint::BoxError;

#[cfg(feature = "htpasswd")]
use super::Htpasswd;
use super::Password;
use super::field::{LONGEST_TEXT, Pair};
use crate::constant_time::Secret;
use crate::{Principal, Reason, Scheme, Verdict};

/// Says whose a user and a password are.
pub(super) trait Verifier: Send + Sync + 'static {
    fn verify(&self, pair: Pair) -> Verdict<Principal>;
}

/// One user with one password.
pub(super) struct Fixed {
    user: Secret,
    password: Secret,
    principal: Principal,
}

impl Fixed {
    pub(super) fn new(realm: &str, user: String, password: &[u8]) -> Self {
        Self {
            user: Secret::new(user.as_bytes(), LONGEST_TEXT),
            password: Secret::new(password, LONGEST_TEXT),
            principal: Principal::new(Scheme::Basic, user).with_issuer(realm),
        }
    }
}

impl Verifier for Fixed {
    fn verify(&self, pair: Pair) -> Verdict<Principal> {
        let user = self.user.is(pair.user().as_bytes());
        let password = self.password.is(pair.password().as_bytes());
        if (user & password).into() {
            return Verdict::pass(self.principal.clone());
        }
        // It is copied whether it is known or not: a wrong user costs what a wrong password does.
        let name = pair.user().to_owned();
        Verdict::fail(Reason::WrongCredentials(bool::from(user).then_some(name)))
    }
}

/// A function of the user's own.
pub(super) struct Function<F>(pub(super) F);

impl<F, Fut> Verifier for Function<F>
where
    F: Fn(String, Password) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<Principal>, BoxError>> + Send + 'static,
{
    fn verify(&self, pair: Pair) -> Verdict<Principal> {
        let (user, password) = pair.into_parts();
        let outcome = (self.0)(user, password);
        Verdict::later(async move {
            match outcome.await {
                Ok(Some(principal)) => Ok(principal),
                Ok(None) => Err(Reason::WrongCredentials(None)),
                Err(error) => Err(Reason::Unavailable(error)),
            }
        })
    }
}

/// The users of a file.
#[cfg(feature = "htpasswd")]
pub(super) struct OfFile {
    pub(super) realm: Arc<str>,
    pub(super) users: Htpasswd,
}

#[cfg(feature = "htpasswd")]
impl Verifier for OfFile {
    fn verify(&self, pair: Pair) -> Verdict<Principal> {
        let (user, password) = pair.into_parts();
        let checking = self.users.clone().verify(user, password);
        let realm = Arc::clone(&self.realm);
        Verdict::later(async move {
            let user = checking.await?;
            Ok(Principal::new(Scheme::Basic, user).with_issuer(&*realm))
        })
    }
}
