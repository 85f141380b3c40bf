use std::sync::Arc;

use subtle::Choice;
use towerkit_endpoint::BoxError;

#[cfg(feature = "htpasswd")]
use super::Htpasswd;
use super::Password;
use super::field::Pair;
use crate::constant_time::is_secret;
use crate::{Answer, Principal, Reason, Scheme};

/// Says whose a user and a password are.
pub(super) trait Verifier: Send + Sync + 'static {
    fn verify(&self, pair: Pair) -> Answer<Principal>;
}

/// One user with one password.
pub(super) struct Fixed {
    user: Box<str>,
    password: Box<[u8]>,
    /// Where there is a password at all: one that is not set lets nobody in.
    set: bool,
    principal: Principal,
}

impl Fixed {
    pub(super) fn new(realm: &str, user: String, password: &[u8]) -> Self {
        Self {
            user: user.as_str().into(),
            password: password.into(),
            set: !password.is_empty(),
            principal: Principal::new(Scheme::Basic, user).with_issuer(realm),
        }
    }
}

impl Verifier for Fixed {
    fn verify(&self, pair: Pair) -> Answer<Principal> {
        let user = is_secret(pair.user().as_bytes(), self.user.as_bytes());
        let password = is_secret(pair.password().as_bytes(), &self.password);
        if (user & password & Choice::from(u8::from(self.set))).into() {
            return Answer::pass(self.principal.clone());
        }
        // It is copied whether it is known or not: a wrong user costs what a wrong password does.
        let name = pair.user().to_owned();
        Answer::fail(Reason::WrongCredentials(bool::from(user).then_some(name)))
    }
}

/// A function of the user's own.
pub(super) struct Function<F> {
    pub(super) realm: Arc<str>,
    pub(super) function: F,
}

impl<F, Fut> Verifier for Function<F>
where
    F: Fn(String, Password) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<Principal>, BoxError>> + Send + 'static,
{
    fn verify(&self, pair: Pair) -> Answer<Principal> {
        let (user, password) = pair.into_parts();
        let outcome = (self.function)(user, password);
        let realm = Arc::clone(&self.realm);
        Answer::later(async move {
            match outcome.await {
                Ok(Some(principal)) if principal.issuer().is_none() => Ok(principal.with_issuer(&*realm)),
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
    fn verify(&self, pair: Pair) -> Answer<Principal> {
        let (user, password) = pair.into_parts();
        let checking = self.users.clone().verify(user, password);
        let realm = Arc::clone(&self.realm);
        Answer::later(async move {
            let user = checking.await?;
            Ok(Principal::new(Scheme::Basic, user).with_issuer(&*realm))
        })
    }
}
