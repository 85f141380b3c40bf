//! The outcomes drawn, as SVG: a panel for each stack, answers and the server's load over time.

use std::fmt::Write as _;
use std::time::Duration;

use crate::report::Outcome;
use crate::{END, FAILS, HANGS, WELL};

const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 130.0;
const LEFT: f64 = 44.0;
const TOP: f64 = 30.0;
const COLUMNS: usize = 3;
/// Calls a second at the upper edge of a panel; what is above is cut off.
const MOST: f64 = 3200.0;
const STEP: Duration = Duration::from_millis(250);

/// All of them in one picture.
#[must_use]
pub fn svg(outcomes: &[Outcome]) -> String {
    let rows = outcomes.len().div_ceil(COLUMNS);
    let (panel_width, panel_height) = (WIDTH + LEFT + 16.0, HEIGHT + TOP + 30.0);
    let (width, height) = (panel_width * COLUMNS as f64, panel_height * rows as f64 + 26.0);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (index, outcome) in outcomes.iter().enumerate() {
        let (column, row) = (index % COLUMNS, index / COLUMNS);
        let (x, y) = (panel_width * column as f64 + LEFT, panel_height * row as f64 + TOP);
        let _ = writeln!(text, "<g transform=\"translate({x:.0} {y:.0})\">");
        panel(&mut text, outcome);
        text.push_str("</g>\n");
    }
    let y = height - 10.0;
    let _ = writeln!(
        text,
        "<text x=\"{LEFT}\" y=\"{y:.0}\"><tspan fill=\"#1a7f37\">answered</tspan> and \
         <tspan fill=\"#cf222e\">reaching the server</tspan>, calls a second over seconds; \
         1000 calls a second are made, the server bears 2000</text>\n</svg>"
    );
    text
}

fn panel(text: &mut String, outcome: &Outcome) {
    for (from, to, fill, name) in [(FAILS, HANGS, "#fff3cd", "half fails"), (HANGS, WELL, "#f8d7da", "hangs")] {
        let (from, to) = (x(from), x(to));
        let _ = writeln!(
            text,
            "<rect x=\"{from:.1}\" width=\"{:.1}\" height=\"{HEIGHT}\" fill=\"{fill}\"/>\
             <text x=\"{:.1}\" y=\"11\" fill=\"#777\" text-anchor=\"middle\">{name}</text>",
            to - from,
            f64::midpoint(from, to),
        );
    }
    for calls in [0.0, 1000.0, 2000.0, 3000.0] {
        let y = y(calls);
        let _ = writeln!(
            text,
            "<line x2=\"{WIDTH}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>\
             <text x=\"-5\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#555\">{calls}</text>",
            y + 4.0
        );
    }
    for second in [0, 5, 10, 15, 20, 25, 30] {
        let at = x(Duration::from_secs(second));
        let _ = writeln!(
            text,
            "<text x=\"{at:.1}\" y=\"{:.0}\" text-anchor=\"middle\" fill=\"#555\">{second}</text>",
            HEIGHT + 14.0
        );
    }
    let _ = writeln!(text, "<text y=\"-8\" font-weight=\"bold\">{}</text>", outcome.name);
    line(text, "#cf222e", |from, to| outcome.load(from, to));
    line(text, "#1a7f37", |from, to| outcome.answered(from, to));
}

fn line(text: &mut String, stroke: &str, value: impl Fn(Duration, Duration) -> f64) {
    let _ = write!(text, "<polyline fill=\"none\" stroke=\"{stroke}\" stroke-width=\"1.4\" points=\"");
    let mut at = Duration::ZERO;
    while at + STEP <= END {
        let _ = write!(text, "{:.1},{:.1} ", x(at + STEP / 2), y(value(at, at + STEP)));
        at += STEP;
    }
    text.push_str("\"/>\n");
}

fn x(at: Duration) -> f64 {
    at.as_secs_f64() / END.as_secs_f64() * WIDTH
}

fn y(calls: f64) -> f64 {
    HEIGHT * (1.0 - calls.min(MOST) / MOST)
}
