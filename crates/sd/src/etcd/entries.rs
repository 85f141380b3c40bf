use std::collections::HashMap;

use crate::Instance;

/// The most keys that are kept of one service.
pub(super) const MOST: usize = 100_000;

/// What stands below a prefix, by key. What can't be understood is left out.
#[derive(Debug)]
pub(super) struct Entries {
    prefix: String,
    instances: HashMap<Vec<u8>, Instance>,
}

impl Entries {
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), instances: HashMap::new() }
    }

    /// Whether there was room for it.
    #[must_use]
    pub(super) fn put(&mut self, key: &[u8], value: &[u8]) -> bool {
        let Some(name) = key.strip_prefix(self.prefix.as_bytes()) else { return true };
        match Instance::from_value(value, std::str::from_utf8(name).unwrap_or_default()) {
            Some(_) if self.instances.len() >= MOST && !self.instances.contains_key(key) => return false,
            Some(instance) => drop(self.instances.insert(key.to_vec(), instance)),
            // The last that was understood is gone from there all the same.
            None => self.remove(key),
        }
        true
    }

    pub(super) fn remove(&mut self, key: &[u8]) {
        self.instances.remove(key);
    }

    pub(super) fn instances(&self) -> impl Iterator<Item = Instance> {
        self.instances.values().cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(entries: &Entries) -> Vec<String> {
        let mut all: Vec<_> = entries.instances().map(|instance| instance.address().to_owned()).collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn an_entry_that_can_t_be_understood_is_left_out_and_takes_the_place_of_one_that_was() {
        let mut entries = Entries::new("/s/");
        assert!(entries.put(b"/s/a", b"h:1"));
        assert!(entries.put(b"/s/b", b"h:2"));
        assert!(entries.put(b"/s/\xff", b"h:3"));
        assert!(entries.put(b"/other/c", b"h:4"));
        assert_eq!(addresses(&entries), ["h:1", "h:2", "h:3"]);
        assert!(entries.put(b"/s/a", b"\x00"));
        entries.remove(b"/s/b");
        entries.remove(b"/s/never");
        assert_eq!(addresses(&entries), ["h:3"]);
    }

    #[test]
    fn it_takes_no_more_than_it_has_room_for() {
        let mut entries = Entries::new("/s/");
        for n in 0..MOST {
            assert!(entries.put(format!("/s/{n}").as_bytes(), b"h:1"));
        }
        assert!(!entries.put(b"/s/more", b"h:1"));
        assert!(entries.put(b"/s/1", b"h:2"));
        entries.remove(b"/s/1");
        assert!(entries.put(b"/s/more", b"h:1"));
    }
}
