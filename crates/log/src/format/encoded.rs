use super::{Format, Value};

/// Fields as they stand in a line, and where each is: a name stands once in a line, and the first that is written wins. So what is
/// innermost is written first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Encoded {
    pub(super) text: Vec<u8>,
    marks: Vec<Mark>,
    /// Whether a field was left out for want of room.
    pub(super) cut: bool,
}

/// A field, with the separator before it.
#[derive(Clone, Copy, Debug)]
struct Mark {
    start: u32,
    name_start: u32,
    name_end: u32,
    end: u32,
}

/// What a line has of its own.
const RESERVED: [&str; 6] = ["ts", "level", "msg", "target", "cut", "left_out"];
/// And that of a request.
const REQUEST: [&str; 10] =
    ["operation", "code", "duration_ms", "peer", "via", "request_id", "trace_id", "span_id", "err", "left_out"];

/// Who gives a field its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// This crate.
    Own,
    /// A user: the line's own are taken.
    Users,
    /// A user, for a request's line.
    Payload,
}

impl Encoded {
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.marks.clear();
        self.cut = false;
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// Whether fields are added by this, or cut.
    pub(crate) fn grows(&mut self, add: impl FnOnce(&mut Self)) -> bool {
        let before = (self.marks.len(), self.cut);
        add(self);
        before != (self.marks.len(), self.cut)
    }

    /// Adds a field, unless there is one of its name.
    pub(crate) fn field(&mut self, format: Format, names: Names, name: &str, value: Value<'_>) {
        // The longest escape is of seven bytes, so that a value is over its limit by less; its name is short.
        if self.text.len() + format.value_limit() + 200 > format.line_limit() {
            self.cut = true;
            return;
        }
        let start = self.text.len();
        self.text.extend_from_slice(match format {
            Format::Json => b",\"".as_slice(),
            Format::Terminal { coloured: true } => b" \x1b[2m",
            Format::Logfmt | Format::Syslog | Format::Terminal { coloured: false } => b" ",
        });
        let name_start = self.text.len();
        self.name(format, names, name);
        let name_end = self.text.len();
        if self.has(name_start, name_end) {
            self.text.truncate(start);
            return;
        }
        self.text.extend_from_slice(match format {
            Format::Json => b"\":".as_slice(),
            Format::Terminal { coloured: true } => b"=\x1b[0m",
            Format::Logfmt | Format::Syslog | Format::Terminal { coloured: false } => b"=",
        });
        value.write(&mut self.text, format);
        self.marks.push(mark(start, name_start, name_end, self.text.len()));
    }

    /// The same, in place of one of its name.
    pub(crate) fn set(&mut self, format: Format, names: Names, name: &str, value: Value<'_>) {
        let mut new = Self::default();
        new.field(format, names, name, value);
        self.replace_by(format, &new);
    }

    /// Adds the fields of another, in place of those of the same names.
    pub(crate) fn replace_by(&mut self, format: Format, new: &Self) {
        let replaced = |mark: &Mark| new.holds(self.slice(mark.name_start, mark.name_end));
        if self.marks.iter().any(replaced) {
            let mut kept = Self { cut: self.cut, ..Self::default() };
            for mark in self.marks.iter().filter(|mark| !replaced(mark)) {
                kept.piece(format, self, *mark);
            }
            *self = kept;
        }
        self.append(format, new);
    }

    /// Adds the fields of another whose names are not there.
    pub(crate) fn append(&mut self, format: Format, other: &Self) {
        self.cut |= other.cut;
        let room = format.line_limit().saturating_sub(self.text.len() + 200);
        let taken = |mark: &Mark| self.holds(other.slice(mark.name_start, mark.name_end));
        if other.text.len() <= room && !other.marks.iter().any(taken) {
            let base = self.text.len();
            self.text.extend_from_slice(&other.text);
            self.marks.extend(other.marks.iter().map(|mark| mark.moved(base)));
            return;
        }
        for mark in &other.marks {
            self.piece(format, other, *mark);
        }
    }

    fn piece(&mut self, format: Format, other: &Self, mark: Mark) {
        let piece = other.slice(mark.start, mark.end);
        if self.holds(other.slice(mark.name_start, mark.name_end)) {
            return;
        }
        if self.text.len() + piece.len() + 200 > format.line_limit() {
            self.cut = true;
            return;
        }
        let base = self.text.len();
        self.text.extend_from_slice(piece);
        let Mark { start, name_start, name_end, end } = mark;
        let at = |place: u32| base + (place - start) as usize;
        self.marks.push(self::mark(base, at(name_start), at(name_end), at(end)));
    }

    fn slice(&self, start: u32, end: u32) -> &[u8] {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    fn holds(&self, name: &[u8]) -> bool {
        self.marks.iter().any(|mark| self.slice(mark.name_start, mark.name_end) == name)
    }

    fn has(&self, start: usize, end: usize) -> bool {
        self.text.get(start..end).is_some_and(|name| self.holds(name))
    }

    /// A name that can stand in every form, and can't be taken for one of the line's own.
    fn name(&mut self, format: Format, names: Names, name: &str) {
        if names == Names::Own {
            self.text.extend_from_slice(name.as_bytes());
            return;
        }
        let name = name.strip_prefix("r#").unwrap_or(name);
        let taken = match names {
            Names::Own => false, // written above
            Names::Users => RESERVED.contains(&name),
            Names::Payload => RESERVED.contains(&name) || REQUEST.contains(&name),
        };
        if taken {
            self.text.extend_from_slice(b"fields.");
        }
        let start = self.text.len();
        if !name.is_empty() && name.len() <= format.name_limit() && name.bytes().all(is_name) {
            self.text.extend_from_slice(name.as_bytes());
            return;
        }
        self.text.extend(name.bytes().take(format.name_limit()).map(|byte| if is_name(byte) { byte } else { b'_' }));
        if self.text.len() == start {
            self.text.push(b'_');
        }
    }
}

impl Mark {
    fn moved(self, base: usize) -> Self {
        let at = |place: u32| base + place as usize;
        mark(at(self.start), at(self.name_start), at(self.name_end), at(self.end))
    }
}

/// Places are below the limit of a line.
#[expect(clippy::cast_possible_truncation, reason = "a line has its limit far below 2^32")]
const fn mark(start: usize, name_start: usize, name_end: usize, end: usize) -> Mark {
    Mark { start: start as u32, name_start: name_start as u32, name_end: name_end as u32, end: end as u32 }
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'/' | b':' | b'@')
}
