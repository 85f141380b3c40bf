//! Hashes that are the same in every process and every version of Rust, since clients must agree by them.

use std::hash::Hasher;

/// FNV-1a, 64 bits (draft-eastlake-fnv), of bytes, for what is hashed through [`std::hash::Hash`].
pub(crate) struct Fnv(u64);

impl Fnv {
    pub(crate) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    // A number in one step, which is the same on every machine: byte by byte it would take as long as the rest of a choice.
    fn write_u16(&mut self, number: u16) {
        self.write_u64(number.into());
    }
    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }
    fn write_u64(&mut self, number: u64) {
        self.0 = mix(self.0 ^ number);
    }
    fn write_u128(&mut self, number: u128) {
        self.write_u64((number >> 64) as u64);
        self.write_u64(number as u64);
    }
    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    /// Mixed, since FNV leaves the high bits of short keys alike.
    fn finish(&self) -> u64 {
        mix(self.0)
    }
}

pub(crate) fn hash_of(bytes: &[u8]) -> u64 {
    let mut hasher = Fnv::new();
    hasher.write(bytes);
    hasher.finish()
}

/// The finalizer of MurmurHash3: each bit of the input changes half of the output's.
pub(crate) const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    bits = (bits ^ (bits >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    bits ^ (bits >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_stays_what_it_is() {
        // Another value here is another owner for every key, in a fleet that is half updated.
        let mut plain = Fnv::new();
        plain.write(b"foobar");
        assert_eq!(plain.0, 0x8594_4171_f739_67e8);
        assert_eq!(mix(1), 0xb456_bcfc_34c2_cb2c);
    }
}
