//! Reading the rules.

use std::path::Path;

use casbin::{Assertion, DefaultModel, Model};

use super::functions;
use super::matcher::Pattern;
use super::model::fields_of_role;
use crate::LoadError;

/// Puts the rules into the model.
pub(super) fn read(path: &Path, text: &str, model: &mut DefaultModel, patterns: &[Pattern]) -> Result<(), LoadError> {
    for (number, line) in (1..).zip(text.lines()) {
        let wrong = |what: &str| LoadError::new(path, format!("line {number}: {what}"));
        let mut fields = fields(line).map_err(wrong)?;
        if fields.is_empty() {
            continue;
        }
        let kind = fields.remove(0);
        let section = kind.get(..1).unwrap_or_default().to_owned();
        let definition = model.get_model().get(&section).and_then(|section| section.get(&kind));
        match (section.as_str(), definition) {
            ("p", Some(definition)) => rule(definition, &fields, patterns).map_err(|what| wrong(&what))?,
            ("g", Some(definition)) => counted(&fields, fields_of_role(definition)).map_err(|what| wrong(&what))?,
            _ => return Err(wrong("the model has no rules of this kind")),
        }
        model.add_policy(&section, &kind, fields);
    }
    if model.get_policy("p", "p").is_empty() {
        return Err(LoadError::new(path, "it has no rule"));
    }
    Ok(())
}

fn counted(fields: &[String], expected: usize) -> Result<(), String> {
    match fields.len() {
        found if found == expected => Ok(()),
        found => Err(format!("it has {found} fields behind its kind, and the model wants {expected}")),
    }
}

fn rule(definition: &Assertion, fields: &[String], patterns: &[Pattern]) -> Result<(), String> {
    counted(fields, definition.tokens.len())?;
    for (name, field) in definition.tokens.iter().zip(fields) {
        if name == "p_eft" && !matches!(field.as_str(), "allow" | "deny") {
            return Err("its effect is neither `allow` nor `deny`".to_owned());
        }
    }
    for (function, at) in patterns {
        if !fields.get(*at).is_some_and(|pattern| functions::takes(function, pattern)) {
            return Err(format!("its field {} is no pattern for {function}", at + 1));
        }
    }
    Ok(())
}

/// The fields of a line; none of an empty one, and of a comment. A field in quotes may have commas in it, and two quotes for one.
fn fields(line: &str) -> Result<Vec<String>, &'static str> {
    let mut fields = Vec::new();
    let mut rest = line.trim();
    if rest.is_empty() || rest.starts_with('#') {
        return Ok(fields);
    }
    loop {
        let (field, behind) = match rest.strip_prefix('"') {
            Some(quoted) => in_quotes(quoted).ok_or("a quote is missing")?,
            None => {
                let (field, behind) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
                (field.trim_end().to_owned(), behind)
            }
        };
        fields.push(field);
        let behind = behind.trim_start();
        if behind.is_empty() {
            return Ok(fields);
        }
        rest = behind.strip_prefix(',').ok_or("there is something behind a quote")?.trim_start();
    }
}

/// What stands before the last quote, and what behind it.
fn in_quotes(quoted: &str) -> Option<(String, &str)> {
    let (mut field, mut rest) = (String::new(), quoted);
    loop {
        let (text, behind) = rest.split_once('"')?;
        field.push_str(text);
        match behind.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None => return Some((field, behind)),
        }
    }
}
