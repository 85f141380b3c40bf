//! The functions of matchers that hold a value against a pattern, which is their second argument.

use casbin::function_map::{OperatorFunction, dynamic_to_str};
use casbin::rhai::Dynamic;
use casbin::{CoreApi, Enforcer};
use regex::Regex;

use super::path::{self, Named};

/// All of them; `regexMatch` alone is casbin's own.
pub(super) const WITH_PATTERN: [&str; 5] = ["keyMatch", "keyMatch2", "keyMatch3", "keyMatch5", "regexMatch"];

/// Puts ours in the place of casbin's. Its `keyMatch` panics where a character of a request stands across the place of the star, and the others make a regular
/// expression for each rule and request.
pub(super) fn replace(enforcer: &mut Enforcer) {
    enforcer.add_function("keyMatch", OperatorFunction::Arg2(key_match));
    enforcer.add_function("keyMatch2", OperatorFunction::Arg2(|value, pattern| key(&value, &pattern, Named::Colon)));
    enforcer.add_function("keyMatch3", OperatorFunction::Arg2(|value, pattern| key(&value, &pattern, Named::Braces)));
    enforcer.add_function("keyMatch5", OperatorFunction::Arg2(key_match5));
}

#[expect(clippy::needless_pass_by_value, reason = "so casbin calls it")]
fn key_match(value: Dynamic, pattern: Dynamic) -> Dynamic {
    let (value, pattern) = (dynamic_to_str(&value), dynamic_to_str(&pattern));
    match pattern.split_once('*') {
        Some((before, _)) => value.starts_with(before),
        None => value == pattern,
    }
    .into()
}

#[expect(clippy::needless_pass_by_value, reason = "so casbin calls it")]
fn key_match5(value: Dynamic, pattern: Dynamic) -> Dynamic {
    let value = dynamic_to_str(&value);
    let path = value.split('?').next().unwrap_or_default();
    key(&path.into(), &pattern, Named::Braces)
}

fn key(value: &Dynamic, pattern: &Dynamic, named: Named) -> Dynamic {
    match path::pieces(&dynamic_to_str(pattern), named) {
        Some(pieces) => path::fits(&dynamic_to_str(value), &pieces).into(),
        // It was looked at when it was loaded. What is neither yes nor no ends the decision.
        None => Dynamic::UNIT,
    }
}

/// Whether a function takes a pattern.
pub(super) fn takes(function: &str, pattern: &str) -> bool {
    match function {
        "keyMatch2" => path::pieces(pattern, Named::Colon).is_some(),
        "keyMatch3" | "keyMatch5" => path::pieces(pattern, Named::Braces).is_some(),
        // With each request casbin panics at what is none.
        "regexMatch" => Regex::new(pattern).is_ok(),
        _ => true,
    }
}
