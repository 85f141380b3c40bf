/// How many characters are told.
const TOLD: usize = 300;

/// The beginning of what a server says, for an error or an event: one line, with what can't be seen (line ends and other control characters, marks that turn the
/// direction of writing) escaped. With that it has 300 characters at most; an escape is never cut.
///
/// ```
/// use towerkit_http_client::excerpt;
///
/// assert_eq!(excerpt(b" {\"error\":\r\n\"no such thing\"}\n"), r#"{"error":\r\n"no such thing"}"#);
/// ```
#[must_use]
pub fn excerpt(body: &[u8]) -> String {
    // A character has four bytes at most.
    let body = String::from_utf8_lossy(body.get(..4 * TOLD).unwrap_or(body));
    let mut line = String::new();
    let mut left = TOLD;
    for character in body.trim().chars() {
        let escaped = character.escape_debug();
        // They would be escaped, and can be seen.
        let seen = matches!(character, '"' | '\'' | '\\');
        let Some(rest) = left.checked_sub(if seen { 1 } else { escaped.len() }) else { break };
        left = rest;
        if seen { line.push(character) } else { line.extend(escaped) }
    }
    line
}
