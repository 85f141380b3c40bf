use std::collections::BTreeMap;

use serde::Serialize;

use super::ServiceAbout;
use crate::{Stats, SubjectStats};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Ping,
    Info,
    Stats,
}

impl Verb {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ping => "PING",
            Self::Info => "INFO",
            Self::Stats => "STATS",
        }
    }
}

/// What all answers begin with.
#[derive(Serialize)]
struct Head<'a> {
    name: &'a str,
    id: &'a str,
    version: &'a str,
    metadata: &'a BTreeMap<String, String>,
    r#type: &'static str,
}

#[derive(Serialize)]
struct Info<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    description: &'a str,
    endpoints: Vec<EndpointInfo<'a>>,
}

#[derive(Serialize)]
struct EndpointInfo<'a> {
    name: &'a str,
    subject: &'a str,
    queue_group: &'a str,
    metadata: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct Figures<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    started: &'a str,
    endpoints: Vec<EndpointFigures<'a>>,
}

#[derive(Serialize)]
struct EndpointFigures<'a> {
    name: &'a str,
    subject: &'a str,
    queue_group: &'a str,
    num_requests: u64,
    num_errors: u64,
    /// Empty where there was none, as the Go implementation has it.
    last_error: &'a str,
    /// In nanoseconds, as the next one.
    processing_time: u64,
    average_processing_time: u64,
}

pub(super) fn write(
    verb: Verb,
    about: &ServiceAbout,
    id: &str,
    started: &str,
    stats: &Stats,
) -> Result<Vec<u8>, serde_json::Error> {
    let head = |kind| Head { name: &about.name, id, version: &about.version, metadata: &about.metadata, r#type: kind };
    match verb {
        Verb::Ping => serde_json::to_vec(&head("io.nats.micro.v1.ping_response")),
        Verb::Info => {
            let endpoints = stats.entries().iter().map(|entry| EndpointInfo {
                name: &entry.about.name,
                subject: entry.pattern.text(),
                queue_group: entry.queue_group.as_deref().unwrap_or_default(),
                metadata: &entry.about.metadata,
            });
            serde_json::to_vec(&Info {
                head: head("io.nats.micro.v1.info_response"),
                description: &about.description,
                endpoints: endpoints.collect(),
            })
        }
        Verb::Stats => {
            let subjects = stats.subjects();
            let endpoints = stats.entries().iter().zip(&subjects);
            serde_json::to_vec(&Figures {
                head: head("io.nats.micro.v1.stats_response"),
                started,
                endpoints: endpoints.map(|(entry, subject)| figures(&entry.about.name, subject)).collect(),
            })
        }
    }
}

fn figures<'a>(name: &'a str, subject: &'a SubjectStats) -> EndpointFigures<'a> {
    let nanos = u64::try_from(subject.processing_time.as_nanos()).unwrap_or(u64::MAX);
    EndpointFigures {
        name,
        subject: &subject.subject,
        queue_group: subject.queue_group.as_deref().unwrap_or_default(),
        num_requests: subject.requests,
        num_errors: subject.errors,
        last_error: subject.last_error.as_deref().unwrap_or_default(),
        processing_time: nanos,
        average_processing_time: nanos.checked_div(subject.requests).unwrap_or_default(),
    }
}
