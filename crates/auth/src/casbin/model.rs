//! Reading a model.

use std::path::Path;

use casbin::rhai::Engine;
use casbin::{Assertion, DefaultModel, Model};

use super::matcher::{self, Names, Pattern};
use super::rules::at_once;
use crate::{LoadError, Reason};

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
    let role_definitions = lines(text).map_err(wrong)?;
    let model = at_once(DefaultModel::from_str(text))
        .and_then(Result::ok)
        .ok_or_else(|| LoadError::new(path, "it is no model"))?;
    let patterns = definitions(&model, role_definitions, values).map_err(wrong)?;
    Ok((model, patterns))
}

/// What casbin takes in silence, or tells without its line. Gives the number of definitions of roles.
fn lines(text: &str) -> Result<usize, String> {
    let mut seen = Vec::new();
    let (mut section, mut continued) = ("", false);
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            // casbin takes what is behind it for a line of its own.
            continued = false;
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
            if !is_read(section, key.trim()) {
                return Err(format!("line {number}: there is no `{}` in such a section", Reason::quote(key.trim())));
            }
            if seen.contains(&place) {
                return Err(format!("line {number}: it stands there twice"));
            }
            seen.push(place);
        } else {
            return Err(format!("line {number}: it has no `=`"));
        }
    }
    Ok(seen.iter().filter(|(section, _)| *section == "role_definition").count())
}

/// Whether casbin looks at a definition when it decides. It takes a `p2` and its rules as well, and never asks them: a `deny` among them would be none.
fn is_read(section: &str, key: &str) -> bool {
    match section {
        "request_definition" => key == "r",
        "policy_definition" => key == "p",
        "policy_effect" => key == "e",
        "matchers" => key == "m",
        "role_definition" => key.strip_prefix('g').is_some_and(|n| n.bytes().all(|digit| digit.is_ascii_digit())),
        _ => false,
    }
}

fn definitions(model: &DefaultModel, role_definitions: usize, values: usize) -> Result<Vec<Pattern>, String> {
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
    // casbin reads `g`, `g2` and so on, up to the first that is not there.
    if roles.into_iter().flatten().count() != role_definitions {
        return Err("[role_definition]: its definitions are not `g`, `g2` and so on without a gap".to_owned());
    }
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
