//! No name and no value of a tag breaks a line, or the next one.

use std::collections::{BTreeMap, BTreeSet};

use towerkit_metrics::influxdb::InfluxDb;

use super::server::Server;
use super::{counter, gauge};

const ALPHABET: [char; 10] = [',', ' ', '=', '\\', '"', '\n', '\r', '#', 'a', 'ü'];

/// All texts of one to three of these characters.
fn texts() -> Vec<String> {
    let mut texts = vec![String::new()];
    let mut all = Vec::new();
    for _ in 0..3 {
        texts = texts.iter().flat_map(|text| ALPHABET.map(|next| format!("{text}{next}"))).collect();
        all.extend(texts.clone());
    }
    all
}

/// What becomes of a text, told once more.
fn becomes(text: &str) -> String {
    let characters: Vec<_> = text.chars().collect();
    let after = |at: usize| characters.get(at + 1).is_none_or(|next| "\\, =\"".contains(*next));
    let become_ = |(at, character): (usize, &char)| match character {
        '\n' | '\r' => '_',
        '\\' if after(at) => '_',
        other => *other,
    };
    characters.iter().enumerate().map(become_).collect()
}

#[tokio::test]
async fn texts_of_all_special_characters_are_read_back() {
    let Some(server) = Server::start("texts_of_all_special_characters_are_read_back") else { return };
    let (influx, mut pusher) = InfluxDb::v1(server.url(), "db").build().unwrap();
    for text in texts() {
        counter(&influx, &text, &[]).increment(1);
        counter(&influx, "key", &[(&text, "x")]).increment(1);
        counter(&influx, "value", &[("k", &text)]).increment(1);
        counter(&influx, "both", &[(&text, &text), ("z", &text)]).increment(1);
    }
    pusher.flush().await;
    let store = pusher.store().clone();
    assert_eq!((store.stats().sent, store.stats().lost()), (4 * 1110, 0), "{:?}", store.stats().last_error);

    let read = server.series(".*");
    let of = |name: &str| {
        read.iter().filter(|series| series.name == name).map(|series| series.tags.clone()).collect::<BTreeSet<_>>()
    };
    let tags = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect::<BTreeMap<_, _>>()
    };
    let tag = |text: &String| becomes(text);
    assert_eq!(of("key"), texts().iter().map(|text| tags(&[(&tag(text), "x")])).collect());
    assert_eq!(of("value"), texts().iter().map(|text| tags(&[("k", &tag(text))])).collect());
    assert_eq!(of("both"), texts().iter().map(|text| tags(&[(&tag(text), &tag(text)), ("z", &tag(text))])).collect());

    let named: BTreeSet<_> = read.iter().map(|series| series.name.clone()).collect();
    let name = |text: String| {
        let name = becomes(&text);
        name.strip_prefix('#').map(|rest| format!("_{rest}")).unwrap_or(name)
    };
    let others = ["key", "value", "both"].map(str::to_owned);
    assert_eq!(named, texts().into_iter().map(name).chain(others).collect());
}

#[tokio::test]
async fn names_of_tags_that_the_server_keeps_for_itself_are_written_otherwise() {
    let test = "names_of_tags_that_the_server_keeps_for_itself_are_written_otherwise";
    let Some(server) = Server::start(test) else { return };
    let (influx, mut pusher) = InfluxDb::v1(server.url(), "db").build().unwrap();
    counter(&influx, "a", &[("time", "1"), ("_field", "2"), ("_measurement", "3"), ("count", "4"), ("gone", "")])
        .increment(1);
    pusher.flush().await;
    assert_eq!(pusher.stats().lost(), 0);
    let read = server.series("^a$").remove(0);
    let tags: Vec<_> = read.tags.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(tags, [("_field_", "2"), ("_measurement_", "3"), ("count", "4"), ("time_", "1")]);
    assert_eq!(read.points[0]["count"], 1);
}

#[tokio::test]
async fn what_has_no_form_is_counted_and_harms_no_other() {
    let Some(server) = Server::start("what_has_no_form_is_counted_and_harms_no_other") else { return };
    let (influx, mut pusher) = InfluxDb::v1(server.url(), "db").build().unwrap();
    gauge(&influx, "").set(1.0);
    gauge(&influx, &"x".repeat(70_000)).set(1.0);
    gauge(&influx, "nan").set(f64::NAN);
    gauge(&influx, &"y".repeat(65_526)).set(1.0);
    gauge(&influx, "good").set(1.0);
    pusher.flush().await;
    let store = pusher.store().clone();
    assert_eq!((store.stats().sent, store.stats().lost()), (2, 3), "{:?}", store.stats().last_error);
    assert_eq!(server.series(".*").len(), 2);
}
