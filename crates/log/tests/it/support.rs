//! A writer that remembers, and endpoints to be logged.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value};
use towerkit_log::Logger;

use crate::reader;

/// What was written, a `write` at a time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written(Arc<Mutex<Vec<Vec<u8>>>>);

impl Written {
    pub(crate) fn writes(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|write| String::from_utf8(write.clone()).unwrap()).collect()
    }

    pub(crate) fn take(&self) -> Vec<String> {
        let writes = self.writes();
        self.0.lock().unwrap().clear();
        writes
    }

    /// The only line.
    #[track_caller]
    pub(crate) fn line(&self) -> String {
        let writes = self.writes();
        assert_eq!(writes.len(), 1, "{writes:?}");
        writes[0].clone()
    }

    /// Lines of logfmt, without their times.
    pub(crate) fn logfmt(&self) -> Vec<Vec<(String, String)>> {
        self.writes().iter().map(|line| untimed(reader::logfmt(line))).collect()
    }

    pub(crate) fn json(&self) -> Vec<Map<String, Value>> {
        self.writes().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn untimed(mut fields: Vec<(String, String)>) -> Vec<(String, String)> {
    assert_eq!(fields.remove(0).0, "ts");
    fields
}

/// A logger of logfmt, and what it writes.
pub(crate) fn logfmt() -> (Logger, Written) {
    let written = Written::default();
    (Logger::logfmt(written.clone()), written)
}

pub(crate) fn json() -> (Logger, Written) {
    let written = Written::default();
    (Logger::json(written.clone()), written)
}

pub(crate) fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The value of a field of a line.
pub(crate) fn get<'a>(line: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut found = line.iter().filter(|(found, _)| found == name);
    let value = found.next().map(|(_, value)| value.as_str());
    assert!(found.next().is_none(), "{name} stands twice in {line:?}");
    value
}
