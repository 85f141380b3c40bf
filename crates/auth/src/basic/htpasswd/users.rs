use std::collections::HashMap;
use std::path::Path;

use super::hash::{Hash, Kind};
use crate::LoadError;

/// The most users that a file may have.
const MOST: usize = 100_000;

/// The longest name of a user, in bytes: that of Apache's tool.
const LONGEST_NAME: usize = 255;

/// The users of a file.
pub(super) struct Users {
    hashes: HashMap<Box<str>, Hash>,
    /// Who has a hash as most have it.
    usual: Option<Box<str>>,
}

impl Users {
    pub(super) fn parse(path: &Path, content: &[u8]) -> Result<Self, LoadError> {
        let mut hashes = HashMap::new();
        let mut lines = HashMap::new();
        for (index, line) in content.split(|byte| *byte == b'\n').enumerate() {
            let number = index + 1;
            let wrong = |what: &str| LoadError::new(path, format!("line {number}: {what}"));
            let line = std::str::from_utf8(line).map_err(|_| wrong("it is no UTF-8"))?.trim_ascii();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (user, hash) = line.split_once(':').ok_or_else(|| wrong("no colon ends the user"))?;
            if user.is_empty() || user.len() > LONGEST_NAME || user.bytes().any(|byte| byte.is_ascii_control()) {
                return Err(wrong("the user is empty, has more than 255 bytes, or control characters"));
            }
            let hash = Hash::parse(hash).map_err(|what| wrong(&what))?;
            if let Some(first) = lines.insert(user, number) {
                return Err(wrong(&format!("the user stands in line {first} already")));
            }
            hashes.insert(user.into(), hash);
            if hashes.len() > MOST {
                return Err(LoadError::new(path, format!("it has more than {MOST} users")));
            }
        }
        let usual = usual(&hashes);
        Ok(Self { hashes, usual })
    }

    pub(super) fn get(&self, user: &str) -> Option<&Hash> {
        self.hashes.get(user)
    }

    /// A hash that costs what most do; none where there are no users.
    pub(super) fn usual(&self) -> Option<&Hash> {
        self.hashes.get(self.usual.as_ref()?)
    }
}

fn usual(hashes: &HashMap<Box<str>, Hash>) -> Option<Box<str>> {
    let mut kinds: HashMap<Kind, (usize, &str)> = HashMap::new();
    for (user, hash) in hashes {
        kinds.entry(hash.kind()).or_insert((0, user)).0 += 1;
    }
    kinds.into_values().max_by_key(|(count, _)| *count).map(|(_, user)| user.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: &str = "$2y$04$Zg3mRXyiN9bt6K/yvkBYyOMUGE5x70rcgkIqMT/68ayA8mSzMYFGu";
    const DEAR: &str = "$2y$05$oKMo9vfyA6NKZjtR4N6byOE0zUqKW0PlDMsm4TNswd2FwgEquPl1C";

    #[test]
    fn the_usual_hash_is_of_the_kind_and_cost_that_most_have() {
        let text = format!("a:{DEAR}\nb:{CHEAP}\nc:{DEAR}\nd:{CHEAP}\ne:{DEAR}");
        let Ok(users) = Users::parse(Path::new("users"), text.as_bytes()) else { unreachable!("it is right") };
        assert_eq!(users.usual().map(Hash::kind), Some(Kind::Bcrypt { cost: 5 }));
    }

    #[test]
    fn there_is_no_usual_hash_among_none() {
        assert!(Users::parse(Path::new("users"), b"# nobody\n\n").is_ok_and(|users| users.usual().is_none()));
    }
}
