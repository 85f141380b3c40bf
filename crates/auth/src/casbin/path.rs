//! Patterns of paths.

/// How a pattern names a segment of a path.
#[derive(Clone, Copy)]
pub(super) enum Named {
    /// `/orders/:id`
    Colon,
    /// `/orders/{id}`
    Braces,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Piece {
    Is(char),
    /// One character or more, and no slash.
    Segment,
    /// Anything: the star behind a slash.
    Rest,
}

/// What a pattern is made of; none where it is more than a path with names and stars. casbin takes it for a regular expression, of which none but the dot is
/// common in paths; it is a dot here.
pub(super) fn pieces(pattern: &str, named: Named) -> Option<Vec<Piece>> {
    let mut pieces = Vec::with_capacity(pattern.len());
    let mut rest = pattern.chars();
    let mut before = None;
    while let Some(character) = rest.next() {
        pieces.push(match (character, named) {
            ('*', _) if before == Some('/') => Piece::Rest,
            (':', Named::Colon) => {
                let name = rest.as_str();
                rest = name.get(name.find('/').unwrap_or(name.len())..)?.chars();
                Piece::Segment
            }
            ('{', Named::Braces) => {
                let (name, behind) = rest.as_str().split_once('}')?;
                if name.is_empty() || name.contains('/') {
                    return None;
                }
                rest = behind.chars();
                Piece::Segment
            }
            ('*' | '^' | '$' | '|' | '(' | ')' | '[' | ']' | '{' | '}' | '\\' | '+' | '?', _) => return None,
            (character, _) => Piece::Is(character),
        });
        before = Some(character);
    }
    Some(pieces)
}

/// Whether a path is made of these. It goes through the path once, whatever the pattern.
pub(super) fn fits(path: &str, pieces: &[Piece]) -> bool {
    // Which numbers of pieces what was seen can be made of.
    let mut made = vec![false; pieces.len() + 1];
    if let Some(none) = made.first_mut() {
        *none = true;
    }
    skip(&mut made, pieces);
    for character in path.chars() {
        let mut one_less = false;
        for (count, made) in made.iter_mut().enumerate() {
            let now = std::mem::take(made);
            let (last, next) = (count.checked_sub(1).and_then(|last| pieces.get(last)), pieces.get(count));
            let by_last = match last {
                Some(Piece::Is(expected)) => one_less && *expected == character,
                Some(Piece::Segment) => (one_less || now) && character != '/',
                Some(Piece::Rest) | None => false,
            };
            *made = by_last || now && next == Some(&Piece::Rest) && character != '\n';
            one_less = now;
        }
        skip(&mut made, pieces);
    }
    made.last() == Some(&true)
}

/// A rest may be nothing.
fn skip(made: &mut [bool], pieces: &[Piece]) {
    for (count, piece) in pieces.iter().enumerate() {
        if *piece == Piece::Rest
            && made.get(count) == Some(&true)
            && let Some(one_more) = made.get_mut(count + 1)
        {
            *one_more = true;
        }
    }
}
