use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use casbin::rhai::ImmutableString;
use casbin::{CoreApi, DefaultModel, Enforcer, Model, NullAdapter};

use super::{functions, matcher, model, policy};
use crate::LoadError;

/// A model with its rules; nothing changes it any more.
pub(super) struct Rules {
    enforcer: Enforcer,
}

impl Rules {
    /// Of a model's file and a file of rules, for requests of so many values.
    pub(super) fn load(
        (of_model, model): (&Path, &[u8]),
        (of_rules, rules): (&Path, &[u8]),
        values: usize,
    ) -> Result<Self, LoadError> {
        let (mut model, patterns) = model::read(of_model, text(of_model, model)?, values)?;
        policy::read(of_rules, text(of_rules, rules)?, &mut model, &patterns)?;

        let failed = |error: casbin::Error| LoadError::new(of_model, format!("casbin can't use it: {error}"));
        let make = |model: DefaultModel| {
            let made = at_once(Enforcer::new_raw(model, NullAdapter));
            let mut enforcer = made.ok_or_else(|| LoadError::new(of_model, "casbin waits"))?.map_err(failed)?;
            functions::replace(&mut enforcer);
            enforcer.build_role_links().map_err(failed)?;
            Ok::<_, LoadError>(Self { enforcer })
        };
        // What is no expression of texts fails here, and not with each request; also what stands behind an `&&` that most requests don't get past.
        let mut trial = model.clone();
        if let Some(matcher) = trial.get_mut_model().get_mut("m").and_then(|matchers| matchers.get_mut("m")) {
            matcher.value = matcher::without_short_cuts(&matcher.value);
        }
        make(trial)?.allow(vec![ImmutableString::default(); values]).map_err(failed)?;
        make(model)
    }

    pub(super) fn allow(&self, values: Vec<ImmutableString>) -> Result<bool, casbin::Error> {
        self.enforcer.enforce(values)
    }
}

fn text<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str, LoadError> {
    let text = std::str::from_utf8(bytes).map_err(|_| LoadError::new(path, "it is no text in UTF-8"))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// What a future says that waits for nothing: casbin's are asynchronous for what reads files and databases, and are given texts.
pub(super) fn at_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
