use super::{Access, Policy};
use crate::{Answer, Principal, Reason};
use std::sync::Arc;

/// Lets those through whose [principal](Principal) has scopes (RFC 6749, section 3.3).
///
/// Who lacks them fails with [`InsufficientScope`](Reason::InsufficientScope), `PermissionDenied`, and with a token is told which they are:
/// `www-authenticate: Bearer error="insufficient_scope", scope="add:write"` (RFC 6750, section 3.1). A caller who is not known at all fails with
/// [`Missing`](Reason::Missing), `Unauthenticated`. A decision allocates nothing; clones share the names.
///
/// ```
/// use towerkit_auth::{Access, Policy, Principal, Scheme, Scopes, Answer};
/// use towerkit_endpoint::Request;
///
/// let mut request = Request::new(());
/// request.context_mut().insert(Principal::new(Scheme::Bearer, "ada").with_scopes(["add:read"]));
/// let access = Access::new("sum", &request);
///
/// assert!(matches!(Scopes::any(["add:read", "add:write"]).decide(&access), Answer::Now(Ok(()))));
/// assert!(matches!(Scopes::all(["add:read", "add:write"]).decide(&access), Answer::Now(Err(_))));
/// ```
#[derive(Clone, Debug)]
pub struct Scopes {
    names: Arc<[Box<str>]>,
    needed: Needed,
}

#[derive(Clone, Copy, Debug)]
enum Needed {
    All,
    Any,
}

impl Scopes {
    /// All of these. Of none at all: any caller who is known.
    #[must_use]
    pub fn all<S: Into<Box<str>>>(scopes: impl IntoIterator<Item = S>) -> Self {
        Self { names: scopes.into_iter().map(Into::into).collect(), needed: Needed::All }
    }

    /// One of these at least; the first of them is the one that a caller is told. Of none at all: nobody.
    #[must_use]
    pub fn any<S: Into<Box<str>>>(scopes: impl IntoIterator<Item = S>) -> Self {
        Self { names: scopes.into_iter().map(Into::into).collect(), needed: Needed::Any }
    }

    fn has(&self, principal: &Principal) -> bool {
        let mut names = self.names.iter();
        match self.needed {
            Needed::All => names.all(|name| principal.has_scope(name)),
            Needed::Any => names.any(|name| principal.has_scope(name)),
        }
    }

    /// What a token would have to be asked with.
    fn missing(&self) -> Reason {
        let needed = match self.needed {
            Needed::All => self.names.join(" "),
            Needed::Any => self.names.first().map_or_else(String::new, ToString::to_string),
        };
        Reason::InsufficientScope(needed.into())
    }
}

impl<T> Policy<T> for Scopes {
    fn decide(&self, access: &Access<'_, T>) -> Answer<()> {
        match access.principal() {
            Some(principal) if self.has(principal) => Answer::pass(()),
            Some(_) => Answer::fail(self.missing()),
            None => Answer::fail(Reason::Missing),
        }
    }
}
