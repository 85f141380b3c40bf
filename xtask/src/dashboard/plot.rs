//! The panels drawn, as SVG, where the dashboard has them.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::incident::{END, PHASES};
use super::panels::{Dashboard, Panel, Place, Scale};

/// What a panel shows; its times are in seconds since the incident began.
#[derive(Default)]
pub struct Picture {
    pub lines: Vec<Line>,
    /// Exemplars.
    pub dots: Vec<(f64, f64)>,
}

pub struct Line {
    pub label: String,
    pub colour: usize,
    pub dashes: usize,
    pub points: Vec<(f64, f64)>,
}

const COLOURS: [&str; 8] = ["#0969da", "#bc4c00", "#1a7f37", "#8250df", "#bf8700", "#1b7c83", "#cf222e", "#57606a"];
const DASHES: [&str; 3] = ["", "5 3", "1.5 2.5"];

/// Pixels of a column and of a line of Grafana's grid.
const COLUMN: f64 = 52.0;
const LINE: f64 = 25.0;
/// What is above the panels: what is drawn over the time.
const HEAD: f64 = 26.0;
/// What a panel has around its plot: at its top, its left, its right; below it a line of times and those of its legend.
const TOP: f64 = 30.0;
const LEFT: f64 = 48.0;
const RIGHT: f64 = 14.0;
const LEGEND: f64 = 13.0;
/// What a character is wide, by and large.
const CHARACTER: f64 = 5.4;

/// All panels in one picture.
pub fn svg(dashboard: &Dashboard, pictures: &[Picture]) -> String {
    let places = dashboard.panels.iter().map(|panel| panel.place);
    let height = HEAD + LINE * places.map(|place| place.y + place.height).fold(0.0, f64::max) + 8.0;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0} {height:.0}\" font-family=\"sans-serif\" font-size=\"10\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
        24.0 * COLUMN
    );
    phases(&mut text);
    for row in &dashboard.rows {
        let (_, y) = corner(row.place);
        let _ = writeln!(
            text,
            "<rect x=\"8\" y=\"{:.0}\" width=\"{:.0}\" height=\"18\" fill=\"#eaeef2\"/>\
             <text x=\"16\" y=\"{:.0}\" font-size=\"12\" font-weight=\"bold\">{}</text>",
            y + 4.0,
            24.0 * COLUMN - 16.0,
            y + 17.0,
            escape(&row.title)
        );
    }
    for (panel, picture) in dashboard.panels.iter().zip(pictures) {
        let (x, y) = corner(panel.place);
        let _ = writeln!(text, "<g transform=\"translate({:.0} {:.0})\">", x + LEFT, y + TOP);
        draw(&mut text, panel, picture);
        text.push_str("</g>\n");
    }
    text.push_str("</svg>\n");
    text
}

fn corner(place: Place) -> (f64, f64) {
    (place.x * COLUMN, HEAD + place.y * LINE)
}

fn phases(text: &mut String) {
    let mut x = 16.0;
    for phase in &PHASES {
        let label = format!("{}, {} to {} s", phase.name, phase.from, phase.to);
        let _ = writeln!(
            text,
            "<rect x=\"{x:.0}\" y=\"9\" width=\"12\" height=\"12\" fill=\"{}\" stroke=\"#ccc\"/>\
             <text x=\"{:.0}\" y=\"19\" font-size=\"11\">{label}</text>",
            phase.fill,
            x + 17.0
        );
        x += label.len() as f64 * 6.0 + 40.0;
    }
}

fn draw(text: &mut String, panel: &Panel, picture: &Picture) {
    let (factor, unit) = unit(&panel.unit);
    let width = panel.place.width * COLUMN - LEFT - RIGHT;
    let legend = legend(&picture.lines, width);
    let rows = legend.last().map_or(0.0, |(_, y, _)| *y) + LEGEND;
    let height = panel.place.height * LINE - TOP - LEGEND - rows - 6.0;
    let axis = Axis::new(panel, picture, factor, height);
    let x = |second: f64| second / END as f64 * width;

    for phase in &PHASES {
        let (from, to) = (x(phase.from as f64), x(phase.to as f64));
        let _ = write!(
            text,
            "<rect x=\"{from:.1}\" width=\"{:.1}\" height=\"{height:.0}\" fill=\"{}\"/>",
            to - from,
            phase.fill
        );
    }
    for tick in &axis.ticks {
        let y = axis.y(*tick);
        let _ = write!(
            text,
            "<line x2=\"{width:.0}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>\
             <text x=\"-5\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#555\">{}</text>",
            y + 3.5,
            number(*tick, &panel.unit)
        );
    }
    for second in (0..=END).step_by(20) {
        let unit = if second == END { " s" } else { "" };
        let _ = write!(
            text,
            "<text x=\"{:.1}\" y=\"{:.0}\" text-anchor=\"middle\" fill=\"#555\">{second}{unit}</text>",
            x(second as f64),
            height + 11.0
        );
    }
    let _ = writeln!(
        text,
        "<text x=\"-38\" y=\"-8\" font-size=\"11\"><tspan font-weight=\"bold\">{}</tspan><tspan fill=\"#777\" dx=\"6\">{unit}</tspan></text>",
        escape(&panel.title)
    );
    if let Some(limit) = panel.limit {
        let y = axis.y(limit * factor);
        let _ = writeln!(
            text,
            "<line x2=\"{width:.0}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#cf222e\" stroke-dasharray=\"4 4\"/>\
             <text x=\"3\" y=\"{:.1}\" fill=\"#cf222e\">{limit}</text>",
            y - 3.0
        );
    }
    let place = |(second, value): &(f64, f64)| (x(*second), axis.y(value * factor));
    // Those below the axis are of operations that its quantiles don't speak of.
    dots(text, picture.dots.iter().filter(|(_, value)| value * factor >= axis.ticks[0]).map(place));
    for line in &picture.lines {
        polylines(text, line, &place);
    }
    for ((x, y, label), line) in legend.iter().zip(&picture.lines) {
        let y = height + LEGEND + 12.0 + y;
        let _ = writeln!(
            text,
            "<path d=\"M{x:.0} {:.0}h16\" {}/><text x=\"{:.0}\" y=\"{y:.0}\" fill=\"#333\">{}</text>",
            y - 3.5,
            stroke(line),
            x + 20.0,
            escape(label)
        );
    }
}

/// Where each label stands: side by side, as many as there is room for.
fn legend(lines: &[Line], width: f64) -> Vec<(f64, f64, &str)> {
    let (mut x, mut y) = (-38.0, 0.0);
    let mut place = |line: &Line| {
        let wide = 20.0 + line.label.chars().count() as f64 * CHARACTER + 12.0;
        if x + wide > width + RIGHT && x > 0.0 {
            (x, y) = (-38.0, y + LEGEND);
        }
        let at = (x, y);
        x += wide;
        at
    };
    lines.iter().map(|line| (place(line), line.label.as_str())).map(|((x, y), label)| (x, y, label)).collect()
}

/// Exemplars are many: one of those that would lie over each other will do.
fn dots(text: &mut String, dots: impl Iterator<Item = (f64, f64)>) {
    let mut drawn = HashSet::new();
    for (x, y) in dots {
        if drawn.insert(((x / 4.0) as i64, (y / 4.0) as i64)) {
            let _ = write!(text, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"1.3\" fill=\"#8c959f\"/>");
        }
    }
}

/// A line is broken where a second has no value.
fn polylines(text: &mut String, line: &Line, place: &impl Fn(&(f64, f64)) -> (f64, f64)) {
    for part in line.points.chunk_by(|one, next| next.0 - one.0 < 1.5) {
        let _ = write!(text, "<polyline fill=\"none\" {} points=\"", stroke(line));
        for (x, y) in part.iter().map(place) {
            let _ = write!(text, "{x:.1},{y:.1} ");
        }
        text.push_str("\"/>\n");
    }
}

fn stroke(line: &Line) -> String {
    let (colour, dashes) = (COLOURS[line.colour % COLOURS.len()], DASHES[line.dashes % DASHES.len()]);
    let dashes = if dashes.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dashes}\"") };
    format!("stroke=\"{colour}\" stroke-width=\"1.4\"{dashes}")
}

/// By what a value is multiplied, and what it is then.
fn unit(unit: &str) -> (f64, &str) {
    match unit {
        "percentunit" => (100.0, "%"),
        "reqps" => (1.0, "requests a second"),
        "ops" => (1.0, "calls a second"),
        "bytes" => (1.0 / f64::from(1 << 20), "MiB"),
        "s" | "short" => (1.0, ""),
        other => (1.0, other.trim_start_matches("suffix:").trim()),
    }
}

fn number(value: f64, unit: &str) -> String {
    let round = |value: f64| (value * 1e6).round() / 1e6;
    match unit {
        "s" if value > 0.0 && value < 1.0 => format!("{} ms", round(value * 1e3)),
        "s" => format!("{} s", round(value)),
        _ if value >= 1e6 => format!("{} M", round(value / 1e6)),
        _ => round(value).to_string(),
    }
}

/// From bottom to top.
struct Axis {
    scale: Scale,
    ticks: Vec<f64>,
    height: f64,
}

impl Axis {
    fn new(panel: &Panel, picture: &Picture, factor: f64, height: f64) -> Self {
        let values = picture.lines.iter().flat_map(|line| &line.points).map(|(_, value)| value * factor);
        let values = values.chain(panel.limit.map(|limit| limit * factor));
        let (least, most) = values
            .filter(|value| *value > 0.0)
            .fold((f64::MAX, 0.0), |(least, most), value| (value.min(least), value.max(most)));
        // Where all is 0.
        let (least, most) =
            if most > 0.0 { (least, panel.most.map_or(most, |most| most * factor)) } else { (1.0, 1.0) };
        let decades = |from: f64| {
            let to = most.log10().ceil().max(from + 1.0);
            (from as i32..=to as i32).map(|power| 10_f64.powi(power)).collect()
        };
        let ticks = match panel.scale {
            Scale::Linear => {
                let step = step(most).max(if panel.unit == "short" { 1.0 } else { 0.0 });
                (0..=(most / step - 1e-9).ceil() as u32).map(|tick| f64::from(tick) * step).collect()
            }
            Scale::Logarithmic => decades(least.log10().floor()),
            Scale::Mixed => [vec![0.0], decades(0.0)].concat(),
        };
        Self { scale: panel.scale, ticks, height }
    }

    fn y(&self, value: f64) -> f64 {
        let place = |value: f64| match self.scale {
            Scale::Linear => value,
            Scale::Logarithmic => value.max(self.ticks[0]).log10(),
            Scale::Mixed => (1.0 + value.max(0.0)).log10(),
        };
        let (from, to) = (place(self.ticks[0]), place(self.ticks[self.ticks.len() - 1]));
        self.height * (1.0 - ((place(value) - from) / (to - from)).clamp(0.0, 1.0))
    }
}

/// Three to five steps to the top, each a round number.
fn step(most: f64) -> f64 {
    let decade = 10_f64.powf((most / 5.0).log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * decade).find(|step| most / step <= 5.0).unwrap_or(most)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
