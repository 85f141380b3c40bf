use std::fmt;

/// What is escaped, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Between quotes, by the escapes of JSON, which readers of logfmt know too.
    Quoted,
    /// Between the quotes of a parameter of syslog (RFC 5424, section 6.3.3): `"`, `\` and `]` with a backslash.
    Parameter,
    /// Text for people: control characters alone.
    Plain,
}

/// Writes text with its escapes, up to a limit.
pub(super) struct Escaper<'a> {
    out: &'a mut Vec<u8>,
    style: Style,
    end: usize,
    /// Whether there was something that can't stand without quotes.
    pub(super) quotes: bool,
    cut: bool,
}

impl<'a> Escaper<'a> {
    /// `limit` is how much may be written.
    pub(super) const fn new(out: &'a mut Vec<u8>, style: Style, limit: usize) -> Self {
        let end = out.len().saturating_add(limit);
        Self { out, style, end, quotes: false, cut: false }
    }

    /// Marks what was cut, and tells whether quotes are needed.
    pub(super) fn end(mut self) -> bool {
        if self.cut {
            self.out.extend_from_slice("…".as_bytes());
            self.quotes = true;
        }
        self.quotes
    }

    pub(super) fn text(&mut self, text: &str) -> fmt::Result {
        if self.cut {
            return Err(fmt::Error);
        }
        let bytes = text.as_bytes();
        let mut plain_from = 0;
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let class = CLASSES[usize::from(*byte)];
            if class == PLAIN {
                at += 1;
                continue;
            }
            self.quotes = true;
            let (escaped, length) = match class {
                QUOTE => (None, 1),
                CLOSER => closer(bytes.get(at..).unwrap_or_default()),
                _ => (Some(u32::from(*byte)), 1),
            };
            if let Some(escaped) = escaped.filter(|code| self.escapes(*code)) {
                self.run(text.get(plain_from..at).unwrap_or_default())?;
                self.escape(escaped)?;
                plain_from = at + length;
            }
            at += length;
        }
        self.run(text.get(plain_from..).unwrap_or_default())
    }

    fn escapes(&self, code: u32) -> bool {
        !matches!(
            (self.style, char::from_u32(code)),
            (Style::Quoted, Some(']')) | (Style::Plain, Some('"' | '\\' | ']'))
        )
    }

    fn run(&mut self, text: &str) -> fmt::Result {
        let room = self.end.saturating_sub(self.out.len());
        if text.len() <= room {
            self.out.extend_from_slice(text.as_bytes());
            return Ok(());
        }
        let whole = (0..=room).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        self.out.extend_from_slice(text.as_bytes().get(..whole).unwrap_or_default());
        self.cut = true;
        Err(fmt::Error)
    }

    fn escape(&mut self, code: u32) -> fmt::Result {
        if self.end.saturating_sub(self.out.len()) < 7 {
            self.cut = true;
            return Err(fmt::Error);
        }
        let short = match char::from_u32(code) {
            Some(c @ ('"' | '\\' | ']')) => {
                self.out.extend_from_slice(&[b'\\', c as u8]);
                return Ok(());
            }
            Some('\n') => b'n',
            Some('\r') => b'r',
            Some('\t') => b't',
            _ => b'u',
        };
        // Syslog knows no escapes of control characters; its backslash is escaped, so that a reader finds `\n`.
        self.out.extend_from_slice(if self.style == Style::Parameter { br"\\" } else { br"\" });
        self.out.push(short);
        if short == b'u' {
            let digit = |shift: u32| HEX[((code >> shift) & 15) as usize];
            self.out.extend_from_slice(&[digit(12), digit(8), digit(4), digit(0)]);
        }
        Ok(())
    }
}

impl fmt::Write for Escaper<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text(text)
    }
}

/// Whether text can stand in logfmt as it is.
pub(super) fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| CLASSES[usize::from(byte)] == PLAIN)
}

const HEX: &[u8; 16] = b"0123456789abcdef";

const PLAIN: u8 = 0;
/// Stands between quotes.
const QUOTE: u8 = 1;
/// Is escaped, in one style at least.
const ESCAPE: u8 = 2;
/// Begins a character that may have to be.
const CLOSER: u8 = 3;

const CLASSES: [u8; 256] = {
    let mut classes = [PLAIN; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            0..b' ' | b'"' | b'\\' | b']' | 0x7f => ESCAPE,
            b' ' | b'=' => QUOTE,
            0xc2 | 0xd8 | 0xe2 | 0xef => CLOSER,
            0x80.. => QUOTE,
            _ => PLAIN,
        };
        byte += 1;
    }
    classes
};

/// Characters beyond ASCII that move the cursor, end a line or turn the direction of the text: a terminal or an editor would show
/// another line than was written. With the length of the character.
fn closer(bytes: &[u8]) -> (Option<u32>, usize) {
    match *bytes {
        [0xc2, second @ 0x80..=0x9f, ..] => (Some(u32::from(second)), 2),
        [0xd8, 0x9c, ..] => (Some(0x61c), 2),
        [0xc2 | 0xd8, ..] => (None, 2),
        [0xe2, 0x80, third @ (0x8e | 0x8f | 0xa8..=0xae), ..] => (Some(0x2000 | u32::from(third & 0x3f)), 3),
        [0xe2, 0x81, third @ 0xa6..=0xa9, ..] => (Some(0x2040 | u32::from(third & 0x3f)), 3),
        [0xef, 0xbb, 0xbf, ..] => (Some(0xfeff), 3),
        _ => (None, 3),
    }
}
