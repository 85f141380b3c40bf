//! A program with one logger and no other user of `tracing`: a binary of its own, since what `tracing` does with one dispatch it does
//! not do where other tests have theirs.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use towerkit_log::Logger;

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_place_that_is_first_reached_outside_of_a_scope_is_heard_inside_of_one() {
    let written = Written::default();
    let log = Logger::logfmt(written.clone());
    let place = || tracing::info!("reached");
    place();
    log.scope(place);
    let debug = || tracing::debug!("in detail");
    log.scope(debug);
    log.set_filter("debug").unwrap(); // outside of a scope as well
    log.scope(debug);
    log.set_filter("off").unwrap();
    log.scope(place);
    let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    assert_eq!((text.matches("reached").count(), text.matches("in detail").count()), (1, 1), "{text}");
}
