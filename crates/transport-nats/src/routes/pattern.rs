use std::fmt;
use std::sync::Arc;

/// The subject of a route, with its wildcards.
#[derive(Debug)]
pub(crate) struct Pattern {
    text: Arc<str>,
    wildcards: bool,
}

impl Pattern {
    /// Checks a subject ("Subject-Based Messaging" in NATS' documentation): tokens with dots between them, none empty; `*` stands for one token and
    /// `>` for the rest, each a token of its own.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
            return Err("it has white space or control characters");
        }
        let mut tokens = text.split('.').peekable();
        let mut wildcards = false;
        while let Some(token) = tokens.next() {
            match token {
                "" => return Err("a token is empty"),
                ">" if tokens.peek().is_some() => return Err("something follows >"),
                "*" | ">" => wildcards = true,
                // NATS takes these for letters, which nobody means.
                _ if token.contains(['*', '>']) => return Err("a * or > is not a token of its own"),
                _ => {}
            }
        }
        Ok(Self { text: text.into(), wildcards })
    }

    pub(crate) const fn has_wildcards(&self) -> bool {
        self.wildcards
    }

    pub(crate) const fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The subject of a message that came; without wildcards there is only one, which is made once.
    pub(crate) fn subject(&self, subject: &str) -> Arc<str> {
        if self.wildcards { subject.into() } else { self.text.clone() }
    }
}

/// What the wildcards of a route matched: a value in the [`Context`](towerkit_endpoint::Context) of each request whose route has any.
///
/// ```
/// use towerkit_endpoint::{Error, Request, service_fn};
/// use towerkit_transport_nats::codec::{Json, Raw};
/// use towerkit_transport_nats::{Matched, Routes, Server};
///
/// let created = service_fn(|request: Request<bytes::Bytes>| async move {
///     let order = request.context().get::<Matched>().and_then(|matched| matched.get(0)).unwrap_or_default();
///     Ok::<_, Error>(format!("order {order} was created"))
/// });
/// let routes = Routes::new().subject("orders.*.created", Server::new(created, Raw, Json));
/// # let _ = routes;
/// ```
#[derive(Clone)]
pub struct Matched {
    pattern: Arc<Pattern>,
    subject: Arc<str>,
}

impl Matched {
    pub(crate) const fn new(pattern: Arc<Pattern>, subject: Arc<str>) -> Self {
        Self { pattern, subject }
    }

    /// The subject the message was sent to.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// What the wildcards matched, in their order: a token for each `*`, and for `>` all that is left, with its dots.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let mut rest = Some(&*self.subject);
        self.pattern.text.split('.').filter_map(move |wanted| {
            let left = rest?;
            if wanted == ">" {
                rest = None;
                return Some(left);
            }
            let (token, after) = left.split_once('.').map_or((left, None), |(token, after)| (token, Some(after)));
            rest = after;
            (wanted == "*").then_some(token)
        })
    }

    /// What one of the wildcards matched, counted from zero.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&str> {
        self.iter().nth(index)
    }
}

impl fmt::Debug for Matched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(pattern: &str, subject: &str) -> Vec<String> {
        let pattern = Arc::new(Pattern::parse(pattern).unwrap());
        Matched::new(pattern, subject.into()).iter().map(str::to_owned).collect()
    }

    #[test]
    fn wildcards_match_tokens_in_their_order() {
        assert_eq!(matched("orders.*.created.*", "orders.7.created.eu"), ["7", "eu"]);
        assert_eq!(matched("logs.*.>", "logs.eu.a.b.c"), ["eu", "a.b.c"]);
        assert_eq!(matched(">", "a.b"), ["a.b"]);
        assert!(matched("a.b", "a.b").is_empty());
    }

    #[test]
    fn what_is_no_subject_is_refused() {
        for bad in ["", ".a", "a.", "a..b", "a b", "a.>.b", "a*.b", "a.b>", "a\r\nb"] {
            assert!(Pattern::parse(bad).is_err(), "{bad:?}");
        }
        for good in ["a", "a.*", "a.>", "*.*", ">", "$SRV.PING", "zähler.eins"] {
            assert!(Pattern::parse(good).is_ok(), "{good:?}");
        }
    }
}
