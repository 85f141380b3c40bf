use std::hint::black_box;

use subtle::{Choice, ConstantTimeEq};

/// Whether what was sent is the secret: in a time that depends on the length of what was sent alone.
///
/// It walks over what was sent and stays at the secret's last byte where that is shorter, so no branch shows the secret's end, and nothing is copied.
pub(crate) fn is_secret(sent: &[u8], secret: &[u8]) -> Choice {
    // The compiler is not told how the bytes behind the last one compare, and so has no second loop for them.
    let last = black_box(secret.len().saturating_sub(1));
    let lengths = secret.len().ct_eq(&sent.len());
    sent.iter().enumerate().fold(lengths, |same, (index, sent)| {
        let byte = secret.get(index.min(last)).copied().unwrap_or_default();
        same & sent.ct_eq(&byte)
    })
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn a_secret_is_itself_and_nothing_else() {
        assert!(bool::from(is_secret(b"rosebud", b"rosebud")));
        for other in [
            &b""[..],
            b"r",
            b"rosebu",
            b"rosebuds",
            b"rosebudd",
            b"Rosebud",
            b"rosebuD",
            b"rosebud\0",
            b"rosebud\0\0\0\0\0\0\0\0\0",
            &[b'r'; 40],
        ] {
            assert!(!bool::from(is_secret(other, b"rosebud")), "{other:?}");
            assert!(!bool::from(is_secret(b"rosebud", other)), "{other:?}");
        }
    }

    #[test]
    fn an_empty_secret_is_the_empty_one_alone() {
        assert!(bool::from(is_secret(b"", b"")));
        assert!(!bool::from(is_secret(b"\0", b"")));
    }
}
