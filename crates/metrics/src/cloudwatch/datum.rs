//! A datum of `PutMetricData`:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html>.

use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use metrics::Unit;

use super::name;
use super::unit::unit;
use crate::push::{Batch, Encode, Packer, Samples, Series, Snapshot, Value};

/// The most different values of a datum.
const VALUES: usize = 150;

/// The most data of a request.
const DATA: u64 = 1000;

/// Data, one a line, for requests that have room for so many bytes.
#[derive(Debug)]
pub(super) struct Data {
    settings: Settings,
    room: usize,
}

impl Data {
    pub(super) const fn new(settings: Settings, room: usize) -> Self {
        Self { settings, room }
    }
}

impl Encode for Data {
    fn encode(&mut self, snapshot: &Snapshot) -> Batch {
        let mut packer = Packer::new(self.room).max_points(DATA);
        for (place, series) in snapshot.series.iter().enumerate() {
            self.settings.write(place, series, snapshot.time, &mut packer);
        }
        packer.finish()
    }
}

/// What stands in each datum.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// Cleaned already.
    pub(super) dimensions: Vec<(String, String)>,
    pub(super) high_resolution: bool,
    /// How many different values of a histogram are told.
    pub(super) max_values: usize,
}

impl Settings {
    /// Writes the data of a series, the one at this place of the snapshot. What CloudWatch would refuse is left out and counted.
    fn write(&self, place: usize, series: &Series, time: SystemTime, packer: &mut Packer) {
        let name = name::metric(series.key.name());
        let (Some(name), Some(dimensions)) = (name, name::dimensions(&series.key, &self.dimensions)) else {
            return packer.refuse(1);
        };
        let (unit, convert) = described(series.unit);
        let (said, left_out) = match &series.value {
            Value::Counter(grown) => single(convert(*grown as f64)),
            Value::Gauge(value) => single(convert(*value)),
            Value::Histogram(samples) => self.histogram(samples, convert),
        };
        packer.refuse(left_out);
        let head = self.head(&name, &dimensions, unit, time);
        for value in said {
            packer.line(place, 1, |line| {
                let _ = write!(line, "{head}{value}}}");
            });
        }
    }

    /// The beginning of each datum, up to its value.
    fn head(&self, name: &str, dimensions: &[(String, String)], unit: Option<&str>, time: SystemTime) -> String {
        let mut json = String::from("{\"MetricName\":");
        text(name, &mut json);
        for (at, (name, value)) in dimensions.iter().enumerate() {
            json.push_str(if at == 0 { ",\"Dimensions\":[" } else { "," });
            json.push_str("{\"Name\":");
            text(name, &mut json);
            json.push_str(",\"Value\":");
            text(value, &mut json);
            json.push('}');
        }
        if !dimensions.is_empty() {
            json.push(']');
        }
        if let Some(unit) = unit {
            let _ = write!(json, ",\"Unit\":\"{unit}\"");
        }
        if self.high_resolution {
            json.push_str(",\"StorageResolution\":1");
        }
        let time = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let _ = write!(json, ",\"Timestamp\":{}.{:03},", time.as_secs(), time.subsec_millis());
        json
    }

    /// What a histogram was given, in as many pieces as it takes, and how many values can't be said.
    fn histogram(&self, samples: &Samples, convert: fn(f64) -> f64) -> (Vec<String>, u64) {
        let mut values: Vec<_> = samples.values.iter().filter_map(|value| accepted(convert(*value))).collect();
        values.sort_unstable_by(f64::total_cmp);
        // Each value that was kept stands for so many that were given.
        let weight = 1.0 / samples.rate();
        let different: Vec<_> = values.chunk_by(|one, next| one == next).collect();
        if different.len() <= self.max_values {
            let left_out = (samples.values.len() - values.len()) as f64 * weight;
            return (
                different.chunks(VALUES).map(|values| distribution(values, weight)).collect(),
                left_out.round() as u64,
            );
        }
        let [sum, min, max] = [samples.sum, samples.min, samples.max].map(|value| accepted(convert(value)));
        let (Some(sum), Some(min), Some(max)) = (sum, min, max) else { return (Vec::new(), samples.count) };
        let count = samples.count as f64;
        let statistics = format!("\"SampleCount\":{count:?},\"Sum\":{sum:?},\"Minimum\":{min:?},\"Maximum\":{max:?}");
        (vec![format!("\"StatisticValues\":{{{statistics}}}")], 0)
    }
}

fn described(described: Option<Unit>) -> (Option<&'static str>, fn(f64) -> f64) {
    described.map_or((None, |value| value), |described| {
        let (name, convert) = unit(described);
        (Some(name), convert)
    })
}

fn single(value: f64) -> (Vec<String>, u64) {
    accepted(value).map_or((Vec::new(), 1), |value| (vec![format!("\"Value\":{value:?}")], 0))
}

/// Values, and how often there was each.
fn distribution(values: &[&[f64]], weight: f64) -> String {
    let mut json = String::from("\"Values\":[");
    for (at, value) in values.iter().filter_map(|same| same.first()).enumerate() {
        let _ = write!(json, "{}{value:?}", if at == 0 { "" } else { "," });
    }
    json.push_str("],\"Counts\":[");
    for (at, same) in values.iter().enumerate() {
        let _ = write!(json, "{}{:?}", if at == 0 { "" } else { "," }, same.len() as f64 * weight);
    }
    json.push(']');
    json
}

/// A value within -2^360 and 2^360; nearer to nothing than 2^-360 it is nothing. Others are refused.
fn accepted(value: f64) -> Option<f64> {
    let (most, least) = (2f64.powi(360), 2f64.powi(-360));
    if value.abs() < least {
        return Some(0.0);
    }
    (value.abs() <= most).then_some(value)
}

/// Text of printable ASCII as JSON has it.
pub(super) fn text(text: &str, json: &mut String) {
    json.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            json.push('\\');
        }
        json.push(character);
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use metrics::{Key, Label};

    use super::*;

    const TIME: &str = "\"Timestamp\":7.250";

    fn settings() -> Settings {
        Settings { dimensions: Vec::new(), high_resolution: false, max_values: 300 }
    }

    /// The data of a series, and how many values are left out.
    fn data(settings: &Settings, key: Key, unit: Option<Unit>, value: Value) -> (Vec<String>, u64) {
        let mut packer = Packer::new(1_000_000);
        settings.write(0, &Series { key, unit, value }, UNIX_EPOCH + Duration::from_millis(7_250), &mut packer);
        let batch = packer.finish();
        let lines =
            batch.payloads.iter().flat_map(|payload| std::str::from_utf8(&payload.body).unwrap_or_default().lines());
        (lines.map(str::to_owned).collect(), batch.refused)
    }

    /// What stands behind the name.
    fn said(unit: Option<Unit>, value: Value) -> (Vec<String>, u64) {
        let (data, left_out) = data(&settings(), Key::from_name("a"), unit, value);
        let rest = |json: String| json.strip_prefix("{\"MetricName\":\"a\",").map(str::to_owned).unwrap_or_default();
        (data.into_iter().map(rest).collect(), left_out)
    }

    fn samples(values: Vec<f64>) -> Value {
        Value::Histogram(Samples::of(values))
    }

    #[test]
    fn a_datum_has_its_dimensions_its_unit_and_its_time() {
        let settings =
            Settings { dimensions: vec![("host".into(), "h\\1".into())], high_resolution: true, ..settings() };
        let key = Key::from_parts("a\"b", vec![Label::new("code", "ok"), Label::new("gone", "")]);
        let json = "{\"MetricName\":\"a\\\"b\",\"Dimensions\":[{\"Name\":\"code\",\"Value\":\"ok\"},\
                    {\"Name\":\"host\",\"Value\":\"h\\\\1\"}],\
                    \"Unit\":\"Count\",\"StorageResolution\":1,\"Timestamp\":7.250,\"Value\":3.0}";
        assert_eq!(data(&settings, key, Some(Unit::Count), Value::Counter(3)), (vec![json.into()], 0));
    }

    #[test]
    fn values_are_given_in_a_unit_that_cloudwatch_has() {
        let one = |unit, value| said(Some(unit), Value::Gauge(value)).0.concat();
        let expected = |unit, value| format!("\"Unit\":\"{unit}\",{TIME},\"Value\":{value}}}");
        assert_eq!(one(Unit::Seconds, 0.25), expected("Seconds", "0.25"));
        assert_eq!(one(Unit::Nanoseconds, 1500.0), expected("Microseconds", "1.5"));
        assert_eq!(one(Unit::Mebibytes, 1.5), expected("Bytes", "1572864.0"));
        assert_eq!(one(Unit::KilobitsPerSecond, 2.0), expected("Kilobits/Second", "2.0"));
    }

    #[test]
    fn the_values_of_a_histogram_are_said_once_with_their_counts() {
        let json = format!("{TIME},\"Values\":[0.5,1.0,2.0],\"Counts\":[1.0,2.0,1.0]}}");
        assert_eq!(said(None, samples(vec![1.0, 2.0, 0.5, 1.0])), (vec![json], 0));
    }

    #[test]
    fn a_sample_stands_for_all_that_was_measured() {
        let sampled = Value::Histogram(Samples { count: 5, ..Samples::of(vec![1.0, 2.0]) });
        assert_eq!(said(None, sampled), (vec![format!("{TIME},\"Values\":[1.0,2.0],\"Counts\":[2.5,2.5]}}")], 0));
    }

    #[test]
    fn many_values_make_several_data_and_too_many_a_summary() {
        let different = |count: u32| samples((1..=count).map(f64::from).collect());
        let pieces = |count| said(None, different(count)).0.len();
        assert_eq!([pieces(150), pieces(151), pieces(300)], [1, 2, 2]);
        let summary = "\"StatisticValues\":{\"SampleCount\":301.0,\"Sum\":45451.0,\"Minimum\":1.0,\"Maximum\":301.0}";
        assert_eq!(said(None, different(301)), (vec![format!("{TIME},{summary}}}")], 0));
    }

    #[test]
    fn what_cloudwatch_refuses_is_left_out_and_counted() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 2f64.powi(361), -2f64.powi(361)] {
            assert_eq!(said(None, Value::Gauge(value)), (Vec::new(), 1), "{value}");
            assert_eq!(said(None, samples(vec![value])), (Vec::new(), 1), "{value}");
            let expected = (vec![format!("{TIME},\"Values\":[1.0],\"Counts\":[1.0]}}")], 1);
            assert_eq!(said(None, samples(vec![value, 1.0])), expected, "{value}");
        }
        let gauge = |value| said(None, Value::Gauge(value)).0.concat();
        assert_eq!(gauge(1e-200), format!("{TIME},\"Value\":0.0}}"));
        assert_eq!(gauge(-2f64.powi(360)), format!("{TIME},\"Value\":{:?}}}", -2f64.powi(360)));
    }

    #[test]
    fn a_series_that_cloudwatch_refuses_is_counted() {
        let labels: Vec<_> = (0..31).map(|number| Label::new(format!("label {number}"), "x")).collect();
        assert_eq!(data(&settings(), Key::from_parts("a", labels), None, Value::Counter(1)), (Vec::new(), 1));
        assert_eq!(data(&settings(), Key::from_name(" "), None, Value::Counter(1)), (Vec::new(), 1));
    }
}
