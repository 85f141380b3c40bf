/// How many characters are told.
const TOLD: usize = 300;

/// The beginning of what a server says, for an error or an event: one line of 300 characters at most, with what can't be seen (line ends and other control
/// characters, marks that turn the direction of writing) escaped.
///
/// ```
/// use towerkit_http_client::said;
///
/// assert_eq!(said(b" {\"error\":\r\n\"no such thing\"}\n"), r#"{"error":\r\n"no such thing"}"#);
/// ```
#[must_use]
pub fn said(body: &[u8]) -> String {
    // A character has four bytes at most.
    let body = String::from_utf8_lossy(body.get(..4 * TOLD).unwrap_or(body));
    let mut line = String::new();
    for character in body.trim().chars().take(TOLD) {
        match character {
            // They would be escaped, and can be seen.
            '"' | '\'' | '\\' => line.push(character),
            _ => line.extend(character.escape_debug()),
        }
    }
    line
}
