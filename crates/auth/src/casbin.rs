//! Policies in casbin's language.

mod functions;
mod matcher;
mod model;
mod path;
mod policy;
mod rules;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use casbin::rhai::ImmutableString;
use towerkit_lifecycle::WatchFiles;

use self::rules::Rules;
use crate::files::FromFiles;
use crate::{Access, Answer, LoadError, Policy, Principal, Reason};

/// A policy in [casbin's language](https://casbin.org/docs/syntax-for-models): a model says how a request is held against rules, and a second file has the rules, one a
/// line; with roles, domains and patterns, as the model has them.
///
/// The model is asked for who wants to do what: by default the [subject](Principal::subject) of the principal, the
/// [operation](Access::operation), and `call`. A function says otherwise ([`open_asking`](Self::open_asking)). A caller without a principal is refused
/// unasked, with [`Missing`](Reason::Missing), unless a function is asked for [those too](Self::anonymous_too).
///
/// ```
/// use tower::ServiceBuilder;
/// use towerkit_auth::{Access, Authorization, Casbin, Policy, Principal, Scheme, Answer};
/// use towerkit_endpoint::Request;
///
/// // In earnest: Casbin::open("model.conf", "policy.csv")?, and casbin.watch() for the group of what runs.
/// let casbin = Casbin::parse(
///     "
///     [request_definition]
///     r = sub, obj, act
///     [policy_definition]
///     p = sub, obj, act
///     [role_definition]
///     g = _, _
///     [policy_effect]
///     e = some(where (p.eft == allow))
///     [matchers]
///     m = g(r.sub, p.sub) && keyMatch(r.obj, p.obj) && r.act == p.act
///     ",
///     "
///     p, adder, sum*, call
///     g, ada, adder
///     ",
/// )?;
///
/// let mut request = Request::new(());
/// request.context_mut().insert(Principal::new(Scheme::Basic, "ada"));
/// assert!(matches!(casbin.decide(&Access::new("sum", &request)), Answer::Now(Ok(()))));
/// assert!(matches!(casbin.decide(&Access::new("reset", &request)), Answer::Now(Err(_))));
///
/// let authorization = Authorization::new(casbin);
/// let stack = |operation| ServiceBuilder::new().layer(authorization.requests(operation));
/// # let _ = stack("sum");
/// # Ok::<(), towerkit_auth::LoadError>(())
/// ```
///
/// # What is checked when it is loaded
///
/// casbin takes much in silence: an unknown kind of rule, `alow` for `allow`; or finds it out with each request, and panics at some. So a model and its rules
/// are of use only if
///
/// * the model has one definition of each kind, `r`, `p`, `e` and `m` (of roles `g`, `g2` and so on: casbin takes a `p2` too, and never asks its rules), no unknown
///   sections, and one of casbin's four effects;
/// * its matcher has nothing but the names of its definitions, texts, `==`, `!=`, `<`, `>`, `&&`, `||`, `!`, `in` and lists, and the functions `keyMatch`,
///   `keyMatch2`, `keyMatch3`, `keyMatch5`, `regexMatch` and `g`; patterns stand in the rules, never in a request; and it is tried, both sides of each `&&` and
///   `||` of it: what is no expression of texts is found out;
/// * each rule is of a kind that the model has, with as many fields, a pattern where there is to be one, and `allow` or `deny` as its effect;
/// * there is one rule at least: without any casbin compares with empty texts, or allows all.
///
/// What is asked is a constant for the matcher, and never code: `eval` is not among the functions.
///
/// # What it costs
///
/// A decision walks through the rules up to the one that decides, with no lock but one for reading where there are roles. It allocates for each rule; on the machine
/// that this was written on it took, in a release build:
///
/// | matcher | a rule | allocations a rule |
/// | --- | --- | --- |
/// | `r.sub == p.sub && r.obj == p.obj && r.act == p.act` | 0.4 µs | 9 |
/// | with a role, `g(r.sub, p.sub)` | 0.7 µs | 16 |
/// | with a prefix, `keyMatch(r.obj, p.obj)` | 0.7 µs | 12 |
/// | with a path, `keyMatch2(r.obj, p.obj)` | 0.7 µs | 14 |
/// | with `regexMatch(r.act, p.act)`, of the rules that get so far | 20 µs | 270 |
///
/// So it is for some hundred rules. It is made where the request is polled; thousands of rules hold up what else runs on that thread. More than that is better kept by
/// what can look rules up: an [`async_policy_fn`](crate::async_policy_fn) that asks a database.
///
/// # What to look after
///
/// A role is a name among the subjects: who has that name has the role. So roles are best given names that no subject can have, as `role:reader`. And
/// a subject is unique within its [issuer](Principal::issuer) alone: with several issuers the issuer is to be asked for as well.
///
/// A pattern of `regexMatch` fits where any part of the value does: `GET` fits `FORGET`. One for the whole is written `^(GET|POST)$`.
///
/// Clones share the rules.
#[derive(Clone)]
pub struct Casbin<A = SubjectAndOperation> {
    rules: Arc<FromFiles<Rules>>,
    ask: A,
    anonymous_too: bool,
}

/// What [`Casbin`] asks by default: the principal's subject, the operation, and `call`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SubjectAndOperation;

impl Casbin {
    /// Of a file with the model and one with the rules. They are read once; it blocks for a short time, which at start does no harm.
    ///
    /// # Errors
    ///
    /// Where one of them can't be read or is [of no use](Self#what-is-checked-when-it-is-loaded), with its line.
    pub fn open(model: impl Into<PathBuf>, rules: impl Into<PathBuf>) -> Result<Self, LoadError> {
        Self::of_files(model.into(), rules.into(), 3, SubjectAndOperation)
    }

    /// Of texts.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); the files are called `model` and `policy`.
    pub fn parse(model: impl Into<String>, rules: impl Into<String>) -> Result<Self, LoadError> {
        Self::of_texts(model.into(), rules.into(), 3, SubjectAndOperation)
    }
}

impl<A> Casbin<A> {
    /// [`open`](Casbin::open), with a function that says what the model is asked for, in the order of its request definition: for domains, or for objects that
    /// stand in the message. It is asked for callers who are known, and for others only [where that is said](Self::anonymous_too).
    ///
    /// ```no_run
    /// use towerkit_auth::{Access, Casbin, Principal};
    ///
    /// struct Read { tenant: String, document: u64 }
    ///
    /// // r = sub, dom, obj, act
    /// let casbin = Casbin::open_asking("model.conf", "policy.csv", |access: &Access<'_, Read>| {
    ///     let who = access.principal().map(Principal::subject).unwrap_or_default();
    ///     let Read { tenant, document } = access.message();
    ///     [who.to_owned(), tenant.clone(), format!("/documents/{document}"), "read".to_owned()]
    /// })?;
    /// # let _ = casbin;
    /// # Ok::<(), towerkit_auth::LoadError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`open`](Casbin::open), and where the model asks for another number of values.
    pub fn open_asking<T, const N: usize>(
        model: impl Into<PathBuf>,
        rules: impl Into<PathBuf>,
        ask: A,
    ) -> Result<Self, LoadError>
    where
        A: Fn(&Access<'_, T>) -> [String; N],
    {
        Self::of_files(model.into(), rules.into(), N, ask)
    }

    /// [`parse`](Casbin::parse), with such a function.
    ///
    /// # Errors
    ///
    /// As [`open_asking`](Self::open_asking).
    pub fn parse_asking<T, const N: usize>(
        model: impl Into<String>,
        rules: impl Into<String>,
        ask: A,
    ) -> Result<Self, LoadError>
    where
        A: Fn(&Access<'_, T>) -> [String; N],
    {
        Self::of_texts(model.into(), rules.into(), N, ask)
    }

    /// Asks the function for callers without a principal as well, and the rules by what it says of them. At first those are refused unasked.
    #[must_use]
    pub fn anonymous_too<T, const N: usize>(mut self) -> Self
    where
        A: Fn(&Access<'_, T>) -> [String; N],
    {
        self.anonymous_too = true;
        self
    }

    fn of_files(model: PathBuf, rules: PathBuf, values: usize, ask: A) -> Result<Self, LoadError> {
        let paths = vec![model.clone(), rules.clone()];
        let rules = FromFiles::open(paths, move |contents| match contents {
            [of_model, of_rules] => Rules::load((&model, of_model), (&rules, of_rules), values),
            _ => Err(LoadError::new(&model, "it was not read")),
        })?;
        Ok(Self { rules, ask, anonymous_too: false })
    }

    fn of_texts(model: String, rules: String, values: usize, ask: A) -> Result<Self, LoadError> {
        let rules = FromFiles::open(Vec::new(), move |_| {
            let (model, rules) = (model.as_bytes(), rules.as_bytes());
            Rules::load((Path::new("model"), model), (Path::new("policy"), rules), values)
        })?;
        Ok(Self { rules, ask, anonymous_too: false })
    }

    /// Reads the files again when they change; of texts there is nothing to watch. Without [`on_event`](WatchFiles::on_event) nobody hears of a file that is of no
    /// use, after which the rules before go on. Where the one file changes a moment before the other, and does not go with it, that is told too.
    pub fn watch(&self) -> WatchFiles {
        WatchFiles::new(Arc::clone(&self.rules))
    }

    fn judge<T>(&self, access: &Access<'_, T>, values: &[ImmutableString]) -> Answer<()> {
        match self.rules.current().allow(values.to_vec()) {
            Ok(true) => Answer::pass(()),
            Ok(false) => Answer::fail(match access.principal() {
                Some(_) => Reason::NotAllowed(Self::no(values).into()),
                None => Reason::Missing,
            }),
            Err(error) => Answer::fail(Reason::Unavailable(error.into())),
        }
    }

    #[cold]
    fn no(values: &[ImmutableString]) -> String {
        let quoted: Vec<_> = values.iter().map(|value| format!("\"{}\"", Reason::quote(value))).collect();
        format!("the rules do not allow {}", quoted.join(", "))
    }
}

impl<T> Policy<T> for Casbin {
    fn decide(&self, access: &Access<'_, T>) -> Answer<()> {
        match access.principal().map(Principal::subject) {
            Some(who) => self.judge(access, &[who.into(), access.operation().into(), "call".into()]),
            None => Answer::fail(Reason::Missing),
        }
    }
}

impl<T, A, const N: usize> Policy<T> for Casbin<A>
where
    A: Fn(&Access<'_, T>) -> [String; N],
{
    fn decide(&self, access: &Access<'_, T>) -> Answer<()> {
        if access.principal().is_none() && !self.anonymous_too {
            return Answer::fail(Reason::Missing);
        }
        self.judge(access, &(self.ask)(access).map(Into::into))
    }
}

/// The files, not what stands in them.
impl<A> fmt::Debug for Casbin<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Casbin").field("rules", &self.rules).finish_non_exhaustive()
    }
}
