//! Reading a model.

use std::path::Path;

use casbin::rhai::Engine;
use casbin::{Assertion, DefaultModel, Model};

use super::matcher::{self, Names, Pattern};
use super::rules::at_once;
use crate::LoadError;

const SECTIONS: [&str; 5] = ["request_definition", "policy_definition", "role_definition", "policy_effect", "matchers"];

/// Those that casbin knows, as it writes them; at another one it panics.
const EFFECTS: [&str; 4] = [
    "some(where (p_eft == allow))",
    "!some(where (p_eft == deny))",
    "some(where (p_eft == allow)) && !some(where (p_eft == deny))",
    "priority(p_eft) || deny",
];

/// A model that can be used, and where its rules have patterns.
pub(super) fn read(path: &Path, text: &str, values: usize) -> Result<(DefaultModel, Vec<Pattern>), LoadError> {
    let wrong = |what: String| LoadError::new(path, what);
    lines(text).map_err(wrong)?;
    let model = at_once(DefaultModel::from_str(text))
        .and_then(Result::ok)
        .ok_or_else(|| LoadError::new(path, "it is no model"))?;
    let patterns = definitions(&model, values).map_err(wrong)?;
    Ok((model, patterns))
}

/// What casbin takes in silence, or tells without its line.
fn lines(text: &str) -> Result<(), String> {
    let mut seen = Vec::new();
    let (mut section, mut continued) = ("", false);
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            if !SECTIONS.contains(&name) {
                return Err(format!("line {number}: there is no such section"));
            }
            (section, continued) = (name, false);
        } else if std::mem::replace(&mut continued, line.ends_with('\\')) {
            // It belongs to the line before.
        } else if let Some((key, _)) = line.split_once('=') {
            let place = (section, key.trim());
            if seen.contains(&place) {
                return Err(format!("line {number}: it stands there twice"));
            }
            seen.push(place);
        } else {
            return Err(format!("line {number}: it has no `=`"));
        }
    }
    Ok(())
}

fn definitions(model: &DefaultModel, values: usize) -> Result<Vec<Pattern>, String> {
    let find = |kind: &str, section: &str| {
        let found = model.get_model().get(kind).and_then(|section| section.get(kind));
        found.ok_or_else(|| format!("[{section}] has no `{kind} = `"))
    };
    let request: &Assertion = find("r", "request_definition")?;
    let rule = find("p", "policy_definition")?;
    let effect = find("e", "policy_effect")?;
    let matcher = find("m", "matchers")?;

    let asked = request.tokens.len();
    if asked != values {
        return Err(format!("[request_definition] r: it has {asked} values, and is given {values}"));
    }
    if !EFFECTS.contains(&effect.value.as_str()) {
        return Err("[policy_effect] e: it is none that casbin knows".to_owned());
    }
    let roles = model.get_model().get("g");
    for (name, role) in roles.into_iter().flatten() {
        if !matches!(fields_of_role(role), 2 | 3) {
            return Err(format!("[role_definition] {name}: it has two or three `_`, the third for a domain"));
        }
    }
    let roles = roles.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let names = Names { request: &request.tokens, rule: &rule.tokens, roles };
    let in_matcher = |what: String| format!("[matchers] m: {what}");
    let patterns = matcher::check(&matcher.value, &names).map_err(in_matcher)?;
    if let Err(error) = Engine::new_raw().compile_expression(&matcher.value) {
        let at = error.position().position().map_or_else(String::new, |at| format!(" at its character {at}"));
        return Err(in_matcher(format!("it can't be read{at}")));
    }
    Ok(patterns)
}

/// How many fields a rule of a role has.
pub(super) fn fields_of_role(role: &Assertion) -> usize {
    role.value.matches('_').count()
}
