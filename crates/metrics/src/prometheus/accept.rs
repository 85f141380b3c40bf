//! Which format a scraper wants: its `accept` header (RFC 9110, section 12.5.1).

/// What a page is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    OpenMetrics,
    Protobuf,
}

impl Format {
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Protobuf => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
        }
    }

    /// The format that is wanted most; of several the first. Text where none of them is, as Prometheus's own clients have it.
    pub(super) fn wanted<'a>(accept: impl Iterator<Item = &'a str>) -> Self {
        let mut wanted = (Self::Text, 0);
        for range in accept.flat_map(|header| header.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
            let parameters: Vec<_> = parts.filter_map(|part| part.split_once('=')).collect();
            let weight = parameter(&parameters, "q").map_or(1000, thousandths);
            if let Some(format) = Self::named(&media_type, &parameters)
                && weight > wanted.1
            {
                wanted = (format, weight);
            }
        }
        wanted.0
    }

    fn named(media_type: &str, parameters: &[(&str, &str)]) -> Option<Self> {
        let is = |name, accepted: &[&str]| parameter(parameters, name).is_none_or(|value| accepted.contains(&value));
        match media_type {
            "application/vnd.google.protobuf" => {
                let delimited = is("proto", &["io.prometheus.client.MetricFamily"]) && is("encoding", &["delimited"]);
                delimited.then_some(Self::Protobuf)
            }
            "application/openmetrics-text" => is("version", &["1.0.0", "0.0.1"]).then_some(Self::OpenMetrics),
            "text/plain" => is("version", &["0.0.4"]).then_some(Self::Text),
            "text/*" | "*/*" => Some(Self::Text),
            _ => None,
        }
    }
}

fn parameter<'a>(parameters: &[(&'a str, &'a str)], name: &str) -> Option<&'a str> {
    let found = parameters.iter().find(|(had, _)| had.trim_end().eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim().trim_matches('"'))
}

/// A weight between 0 and 1; nothing where it is none.
fn thousandths(weight: &str) -> u32 {
    match weight.parse::<f64>() {
        Ok(weight) if (0.0..=1.0).contains(&weight) => (weight * 1000.0) as u32,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::Format::{self, OpenMetrics, Protobuf, Text};

    #[test]
    fn a_scraper_gets_what_it_wants_most() {
        let prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                          text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let with_native = format!(
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,{prometheus}"
        )
        .replace("version=1.0.0", "version=1.0.0;q=0.8");
        let cases = [
            ("", Text),
            ("*/*", Text),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Text),
            (prometheus, OpenMetrics),
            (&with_native, Protobuf),
            ("application/openmetrics-text; version=1.0.0; q=0.2, text/plain; q=0.9", Text),
            ("text/plain;q=0.1,application/openmetrics-text", OpenMetrics),
            ("text/plain,application/openmetrics-text", Text),
            ("application/openmetrics-text;q=0", Text),
            ("application/openmetrics-text;version=2.0.0", Text),
            ("application/openmetrics-text;q=NaN", Text),
            ("application/openmetrics-text;q=7", Text),
            ("Application/OpenMetrics-Text;Version=\"1.0.0\"", OpenMetrics),
            ("application/vnd.google.protobuf;encoding=text", Text),
            ("image/png", Text),
            (";;q=,=,;", Text),
        ];
        for (accept, format) in cases {
            assert_eq!(Format::wanted([accept].into_iter()), format, "{accept}");
        }
    }
}
