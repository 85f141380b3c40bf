/// What is cut out of a text that an issuer has written.
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    pub(super) fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut secrets: Vec<_> = secrets.into_iter().filter(|secret| !secret.is_empty()).collect();
        // Where one is the beginning of another, the rest of that would be left.
        secrets.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(secrets)
    }

    /// A text with `[secret]` in the place of each.
    pub(super) fn cut_out_of(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(behind) = self.0.iter().find_map(|secret| rest.strip_prefix(secret.as_str())) {
                shown.push_str("[secret]");
                rest = behind;
            } else {
                let mut characters = rest.chars();
                shown.extend(characters.next());
                rest = characters.as_str();
            }
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::Secrets;

    #[test]
    fn each_secret_is_cut_out_and_the_longest_where_several_begin() {
        let secrets = Secrets::new(["hush", "hush hush", "", "é"].map(str::to_owned));
        for (text, shown) in [
            ("", ""),
            ("hus", "hus"),
            ("a hush b", "a [secret] b"),
            ("hush hush", "[secret]"),
            ("hushhush hush.", "[secret][secret]."),
            ("ê é", "ê [secret]"),
            ("secret", "secret"),
        ] {
            assert_eq!(secrets.cut_out_of(text), shown, "{text}");
        }
    }
}
