use std::io::IsTerminal;

/// Whether lines for people are in colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// By the escapes of ANSI terminals (ECMA-48).
    Always,
    /// As plain text.
    Never,
}

impl Colour {
    /// As people expect of a writer: in colour where it is a terminal, and the environment has no `NO_COLOR` that is not empty
    /// (<https://no-color.org>).
    #[must_use]
    pub fn of(writer: &impl IsTerminal) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if writer.is_terminal() && !refused { Self::Always } else { Self::Never }
    }
}
