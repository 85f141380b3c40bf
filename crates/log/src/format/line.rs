use std::fmt;
use std::time::SystemTime;

use tracing::Level;

use super::encoded::Names;
use super::time::Clock;
use super::value::{write_any, write_message};
use super::{Encoded, Format, Value, level_name, number};
use crate::syslog::Head;

/// A line while it is written: the buffer of a thread.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) fields: Encoded,
    /// Syslog has the message at the end.
    message: Vec<u8>,
    clock: Clock,
}

impl Line {
    pub(crate) fn begin(&mut self, format: Format, head: &Head, now: SystemTime, level: Level, target: &str) {
        self.fields.clear();
        self.message.clear();
        let out = &mut self.fields.text;
        let clock = &mut self.clock;
        match format {
            Format::Logfmt => {
                out.extend_from_slice(b"ts=");
                clock.whole(out, now);
                out.extend_from_slice(b" level=");
                out.extend_from_slice(level_name(level).as_bytes());
            }
            Format::Json => {
                out.extend_from_slice(b"{\"ts\":\"");
                clock.whole(out, now);
                out.extend_from_slice(b"\",\"level\":\"");
                out.extend_from_slice(level_name(level).as_bytes());
                out.push(b'"');
            }
            Format::Terminal { coloured } => {
                clock.short(out, now);
                out.push(b' ');
                terminal_level(out, level, coloured);
            }
            Format::Syslog => {
                out.push(b'<');
                number::unsigned(out, u64::from(head.priority(level)));
                out.extend_from_slice(b">1 ");
                clock.whole(out, now);
                out.extend_from_slice(&head.text);
                syslog_name(out, target, 32);
                out.extend_from_slice(b" [towerkit@32473");
            }
        }
    }

    pub(crate) fn message(&mut self, format: Format, text: fmt::Arguments<'_>) {
        match format {
            Format::Logfmt => {
                self.fields.text.extend_from_slice(b" msg=");
                write_any(&mut self.fields.text, format, text);
            }
            Format::Json => {
                self.fields.text.extend_from_slice(b",\"msg\":");
                write_any(&mut self.fields.text, format, text);
            }
            Format::Terminal { .. } => {
                self.fields.text.push(b' ');
                write_message(&mut self.fields.text, format, text);
            }
            Format::Syslog => write_message(&mut self.message, format, text),
        }
    }

    pub(crate) fn end(&mut self, format: Format) -> &[u8] {
        if self.fields.cut {
            // There is always room for this one.
            let mut cut = Encoded::default();
            cut.field(format, Names::Own, "cut", Value::Bool(true));
            self.fields.text.extend_from_slice(&cut.text);
        }
        let out = &mut self.fields.text;
        match format {
            Format::Logfmt | Format::Terminal { .. } => out.push(b'\n'),
            Format::Json => out.extend_from_slice(b"}\n"),
            Format::Syslog => {
                out.push(b']');
                if !self.message.is_empty() {
                    out.push(b' ');
                    out.extend_from_slice(&self.message);
                }
            }
        }
        out
    }
}

fn terminal_level(out: &mut Vec<u8>, level: Level, coloured: bool) {
    let (text, colour) = match level {
        Level::ERROR => ("ERROR", "\x1b[1;31m"),
        Level::WARN => ("WARN ", "\x1b[33m"),
        Level::INFO => ("INFO ", "\x1b[32m"),
        Level::DEBUG => ("DEBUG", "\x1b[34m"),
        Level::TRACE => ("TRACE", "\x1b[35m"),
    };
    if coloured {
        out.extend_from_slice(colour.as_bytes());
        out.extend_from_slice(text.as_bytes());
        out.extend_from_slice(b"\x1b[0m");
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

/// A word of syslog's header: visible ASCII of a length (RFC 5424, section 6).
pub(crate) fn syslog_name(out: &mut Vec<u8>, name: &str, limit: usize) {
    let start = out.len();
    out.extend(name.bytes().take(limit).map(|byte| if byte.is_ascii_graphic() { byte } else { b'_' }));
    if out.len() == start {
        out.push(b'-');
    }
}
