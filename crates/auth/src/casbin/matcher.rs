//! What may stand in a matcher: so that nothing of a request is ever code, and what is misspelt is found out when it is loaded.

use super::functions::WITH_PATTERN;

/// Which field of a rule is the pattern of which function.
pub(super) type Pattern = (&'static str, usize);

/// The names that a model defines, as casbin writes them: `r_sub`, `p_obj`, `g`.
pub(super) struct Names<'a> {
    pub(super) request: &'a [String],
    pub(super) rule: &'a [String],
    pub(super) roles: Vec<&'a str>,
}

/// Looks a matcher through, and finds the patterns.
pub(super) fn check(matcher: &str, names: &Names<'_>) -> Result<Vec<Pattern>, String> {
    let mut patterns = Vec::new();
    let mut rest = matcher;
    while let Some(first) = rest.chars().next() {
        let after = |length: usize| rest.get(length..).unwrap_or_default();
        rest = match first {
            '"' => after(text(rest).ok_or("a text has no end")?),
            '0'..='9' => return Err("there are no numbers in it, since all values are texts".to_owned()),
            _ if first.is_ascii_alphabetic() || first == '_' => {
                let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                let (word, behind) = rest.split_at(length);
                match behind.trim_start().strip_prefix('(') {
                    Some(arguments) => patterns.extend(called(word, arguments, names)?),
                    None if matches!(word, "in" | "true" | "false") => {}
                    None if names.request.iter().chain(names.rule).any(|name| name == word) => {}
                    None => return Err(format!("there is no {}", written(word))),
                }
                behind
            }
            _ if first.is_ascii_whitespace() || "=!<>&|(),[]".contains(first) => after(1),
            '.' => return Err("the values are texts, which have no fields".to_owned()),
            _ => return Err(format!("{first:?} has no place in it")),
        };
    }
    Ok(patterns)
}

/// The length of a text with its quotes.
fn text(rest: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn called(function: &str, arguments: &str, names: &Names<'_>) -> Result<Option<Pattern>, String> {
    if names.roles.contains(&function) || function == "in" {
        return Ok(None);
    }
    let Some(function) = WITH_PATTERN.into_iter().find(|name| *name == function) else {
        return Err(format!("there is no function {}", written(function)));
    };
    // Names and nothing else: within a text or a call a comma would shift what is looked at here from what is called.
    let arguments = arguments.split_once(')').and_then(|(arguments, _)| arguments.split_once(','));
    let field = arguments.and_then(|(value, pattern)| {
        names.request.iter().chain(names.rule).find(|name| *name == value.trim())?;
        names.rule.iter().position(|name| name == pattern.trim())
    });
    match field {
        Some(field) => Ok(Some((function, field))),
        None => Err(format!(
            "the pattern of {function}, its second argument, must be a field of the rules, and the first a name as well"
        )),
    }
}

/// A matcher that looks at both sides of each `&&` and `||`, whatever the first says. To the language of the matchers `&` and `|` bind as these do.
pub(super) fn without_short_cuts(matcher: &str) -> String {
    let mut parts: Vec<_> = matcher.split('"').map(str::to_owned).collect();
    let mut in_text = false;
    for part in &mut parts {
        if !in_text {
            *part = part.replace("&&", "&").replace("||", "|");
        }
        // A quote that is escaped ends no text.
        in_text = !in_text || part.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
    }
    parts.join("\"")
}

/// As it stands in the file.
fn written(word: &str) -> String {
    let name = word.split_once('_').filter(|(kind, _)| {
        let mut kind = kind.chars();
        matches!(kind.next(), Some('r' | 'p')) && kind.all(|c| c.is_ascii_digit())
    });
    name.map_or_else(|| word.to_owned(), |(kind, name)| format!("{kind}.{name}"))
}
