use subtle::{Choice, ConstantTimeEq};

/// A secret of whose content and length the time of a comparison tells nothing.
///
/// It is kept padded to the longest that can be sent: so a comparison walks over what was sent, and has no branch for the secret's end.
pub(crate) struct Secret {
    padded: Box<[u8]>,
    length: usize,
}

impl Secret {
    /// To be compared with what has up to so many bytes.
    pub(crate) fn new(secret: &[u8], longest_sent: usize) -> Self {
        let mut padded = secret.to_vec();
        padded.resize(longest_sent, 0);
        Self { padded: padded.into(), length: secret.len() }
    }

    /// Whether it was sent: in a time that depends on the length of what was sent alone.
    pub(crate) fn is(&self, sent: &[u8]) -> Choice {
        // What is longer than the padding has another length than any secret that is not cut; one that is cut never fits.
        let fits = Choice::from(u8::from(sent.len() <= self.padded.len()));
        let same = sent.iter().zip(&self.padded).fold(fits, |same, (sent, secret)| same & sent.ct_eq(secret));
        same & self.length.ct_eq(&sent.len())
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn a_secret_is_itself_and_nothing_else() {
        let secret = Secret::new(b"rosebud", 16);
        assert!(bool::from(secret.is(b"rosebud")));
        for other in [
            &b""[..],
            b"r",
            b"rosebu",
            b"rosebuds",
            b"Rosebud",
            b"rosebud\0",
            b"rosebud\0\0\0\0\0\0\0\0\0",
            &[b'r'; 40],
        ] {
            assert!(!bool::from(secret.is(other)), "{other:?}");
        }
    }

    #[test]
    fn an_empty_secret_is_the_empty_one_alone() {
        assert!(bool::from(Secret::new(b"", 16).is(b"")));
        assert!(!bool::from(Secret::new(b"", 16).is(b"\0")));
    }

    #[test]
    fn a_secret_that_is_longer_than_what_can_be_sent_never_fits() {
        let secret = Secret::new(b"rosebud", 4);
        for sent in [&b"rose"[..], b"rosebud", b""] {
            assert!(!bool::from(secret.is(sent)), "{sent:?}");
        }
    }
}
