use std::error::Error;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use towerkit_endpoint::Report;

use super::escape::{Escaper, Style, is_plain};
use super::{Format, number};

/// A value of a field.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Text(&'a str),
    /// Visible ASCII that nobody chose: digits, an address, a code. It needs no look.
    Token(&'a str),
    Unsigned(u64),
    Signed(i64),
    Huge(fmt::Arguments<'a>),
    Float(f64),
    Bool(bool),
    Address(SocketAddr),
    /// Microseconds, shown as milliseconds.
    Millis(u64),
    Shown(fmt::Arguments<'a>),
    Error(&'a (dyn Error + 'static)),
}

impl Value<'_> {
    pub(super) fn write(self, out: &mut Vec<u8>, format: Format) {
        let quotes_numbers = format == Format::Syslog;
        let is_text =
            matches!(self, Self::Text(_) | Self::Token(_) | Self::Address(_) | Self::Shown(_) | Self::Error(_));
        if quotes_numbers && !is_text {
            out.push(b'"');
        }
        match self {
            Self::Text(text) => write_text(out, format, text),
            Self::Token(text) => write_token(out, format, text),
            Self::Address(address) => write_address(out, format, address),
            Self::Unsigned(number) => number::unsigned(out, number),
            Self::Signed(number) => number::signed(out, number),
            // Beyond what readers of JSON take for an integer.
            Self::Huge(number) if format == Format::Json => drop(write!(out, "\"{number}\"")),
            Self::Huge(number) => drop(write!(out, "{number}")),
            // JSON has no such numbers.
            Self::Float(number) if format == Format::Json && !number.is_finite() => drop(write!(out, "\"{number}\"")),
            // The shortest digits that read back as the same number.
            Self::Float(number) => drop(write!(out, "{number:?}")),
            Self::Bool(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
            Self::Millis(micros) => number::millis(out, micros),
            Self::Shown(text) => write_shown(out, format, text),
            Self::Error(error) => write_shown(out, format, format_args!("{}", Report::new(error))),
        }
        if quotes_numbers && !is_text {
            out.push(b'"');
        }
    }
}

fn style(format: Format) -> Style {
    if format == Format::Syslog { Style::Parameter } else { Style::Quoted }
}

const fn may_go_without_quotes(format: Format) -> bool {
    matches!(format, Format::Logfmt | Format::Terminal { .. })
}

fn write_text(out: &mut Vec<u8>, format: Format, text: &str) {
    if may_go_without_quotes(format) && text.len() <= format.value_limit() && is_plain(text) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    let mut escaper = Escaper::new(out, style(format), format.value_limit());
    let _ = escaper.text(text);
    escaper.end();
    out.push(b'"');
}

fn write_token(out: &mut Vec<u8>, format: Format, text: &str) {
    if may_go_without_quotes(format) {
        out.extend_from_slice(text.as_bytes());
    } else {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    }
}

fn write_address(out: &mut Vec<u8>, format: Format, address: SocketAddr) {
    let SocketAddr::V4(address) = address else { return write_shown(out, format, format_args!("{address}")) };
    let quote = !may_go_without_quotes(format);
    if quote {
        out.push(b'"');
    }
    for (octet, after) in address.ip().octets().into_iter().zip(b"...:") {
        number::unsigned(out, u64::from(octet));
        out.push(*after);
    }
    number::unsigned(out, u64::from(address.port()));
    if quote {
        out.push(b'"');
    }
}

/// What it will be is not known beforehand: it is written between quotes, and they are taken off where they are not needed.
fn write_shown(out: &mut Vec<u8>, format: Format, text: fmt::Arguments<'_>) {
    let start = out.len();
    out.push(b'"');
    let quotes = show(out, style(format), format.value_limit(), text);
    if may_go_without_quotes(format) && !quotes && out.len() > start + 1 {
        out.copy_within(start + 1.., start);
        out.pop();
    } else {
        out.push(b'"');
    }
}

/// A value's `Display` or `Debug` is a user's code: where it panics, or fails, the line is written all the same.
fn show(out: &mut Vec<u8>, style: Style, limit: usize, text: fmt::Arguments<'_>) -> bool {
    let mut escaper = Escaper::new(out, style, limit);
    if catch_unwind(AssertUnwindSafe(|| escaper.write_fmt(text))).is_err() {
        let _ = escaper.text(" (its Display panicked)");
    }
    escaper.end()
}

/// The message for people, without quotes; with them where it could be taken for something else.
pub(super) fn write_message(out: &mut Vec<u8>, format: Format, text: fmt::Arguments<'_>) {
    let start = out.len();
    show(out, Style::Plain, format.value_limit(), text);
    let ambiguous = out.get(start..).is_some_and(|text| text.is_empty() || text.iter().any(|b| b"=\"\\".contains(b)));
    if matches!(format, Format::Terminal { .. }) && ambiguous {
        out.truncate(start);
        write_shown(out, format, text);
    }
}

/// A text with quotes or without, from what a `Display` gives: for logfmt's and JSON's messages.
pub(super) fn write_any(out: &mut Vec<u8>, format: Format, text: fmt::Arguments<'_>) {
    match text.as_str() {
        Some(text) => write_text(out, format, text),
        None => write_shown(out, format, text),
    }
}
