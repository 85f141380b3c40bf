use subtle::ConstantTimeEq;

use super::entry::Sha256;
use super::{ApiKey, InvalidApiKey};
use crate::{Principal, Scheme};

/// The most keys.
const MOST: usize = 100_000;

/// How much of a hash is searched for, in bytes. The rest is compared in constant time.
const SEARCHED: usize = 8;

/// Keys, in the order of their hashes.
pub(super) struct KeySet(Vec<(Sha256, Principal)>);

impl KeySet {
    pub(super) fn new(mut keys: Vec<ApiKey>) -> Result<Self, InvalidApiKey> {
        if keys.len() > MOST {
            return Err(InvalidApiKey(format!("there are more than {MOST} keys").into()));
        }
        keys.sort_by_key(|key| key.hash);
        for pair in keys.windows(2) {
            if let [first, second] = pair
                && first.hash == second.hash
            {
                let (first, second) = (&first.name, &second.name);
                return Err(InvalidApiKey(format!("the key of {first:?} is that of {second:?} as well").into()));
            }
        }
        let of = |ApiKey { name, hash, scopes }| (hash, Principal::new(Scheme::ApiKey, name).with_scopes(scopes));
        Ok(Self(keys.into_iter().map(of).collect()))
    }

    /// Whose a key is.
    pub(super) fn find(&self, key: &[u8]) -> Option<Principal> {
        let hash = Sha256::of(key);
        let begin = self.0.partition_point(|(other, _)| beginning(other) < beginning(&hash));
        let alike = self.0.iter().skip(begin).take_while(|(other, _)| beginning(other) == beginning(&hash));
        let mut found = None;
        for (other, principal) in alike {
            if other.0.ct_eq(&hash.0).into() {
                found = Some(principal);
            }
        }
        found.cloned()
    }
}

fn beginning(hash: &Sha256) -> &[u8] {
    &hash.0[..SEARCHED]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key by its hash alone, which need not be the hash of anything.
    fn key(name: &str, hash: [u8; 32]) -> ApiKey {
        ApiKey { name: name.to_owned(), hash: Sha256(hash), scopes: Vec::new() }
    }

    #[test]
    fn of_hashes_that_begin_alike_the_one_that_is_the_same_to_its_end_is_found() {
        let Sha256(right) = Sha256::of(b"rosebud");
        let alike = |last: u8| {
            let mut hash = right;
            hash[31] = hash[31].wrapping_add(last);
            hash
        };
        let others = [key("after", alike(1)), key("before", alike(255)), key("other", [7; 32])];
        let find = |keys: &[ApiKey]| {
            let set = KeySet::new(keys.to_vec()).ok()?;
            set.find(b"rosebud").map(|found| found.subject().to_owned())
        };
        assert_eq!(find(&others), None);
        assert_eq!(find(&[others.as_slice(), &[key("right", right)]].concat()).as_deref(), Some("right"));
    }
}
