//! Lines of many threads at once.

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::thread;

use towerkit_log::{Logger, NonBlocking};
use tracing::{info, info_span};

use crate::reader;
use crate::support::get;

const THREADS: usize = 8;
const LINES: usize = 500;

fn work(log: &Logger) {
    thread::scope(|threads| {
        for thread in 0..THREADS {
            let log = log.with("thread", thread);
            threads.spawn(move || {
                for n in 0..LINES {
                    log.with("bound", n).scope(|| {
                        info_span!("span", span = n).in_scope(|| info!(n, text = "x".repeat(n % 300), "line {n}"));
                    });
                }
            });
        }
    });
}

fn whole(text: &str) {
    let lines: Vec<_> = text.split_inclusive('\n').map(reader::logfmt).collect();
    assert_eq!(lines.len(), THREADS * LINES);
    let mut next = [0; THREADS];
    for line in &lines {
        let n = get(line, "n").unwrap();
        assert_eq!((get(line, "bound"), get(line, "span")), (Some(n), Some(n)));
        assert_eq!(get(line, "text").unwrap().len(), n.parse::<usize>().unwrap() % 300);
        let thread: usize = get(line, "thread").unwrap().parse().unwrap();
        assert_eq!(next[thread], n.parse::<usize>().unwrap());
        next[thread] += 1;
    }
}

/// A writer that takes a little at a time, as a pipe may.
struct Bites(Arc<Mutex<Vec<u8>>>);

impl Write for Bites {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bite = bytes.len().min(7);
        self.0.lock().unwrap().extend_from_slice(&bytes[..bite]);
        thread::yield_now();
        Ok(bite)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn none_is_torn_though_the_writer_takes_a_little_at_a_time() {
    let written = Arc::new(Mutex::new(Vec::new()));
    work(&Logger::logfmt(Bites(Arc::clone(&written))));
    whole(str::from_utf8(&written.lock().unwrap()).unwrap());
}

#[test]
fn none_is_torn_in_a_file_that_two_loggers_append_to() {
    let path = std::env::temp_dir().join(format!("towerkit-log-{}.log", std::process::id()));
    let open = || File::options().append(true).create(true).open(&path).unwrap();
    let logs = [Logger::logfmt(open()), Logger::logfmt(open())];
    thread::scope(|threads| {
        for log in &logs {
            threads.spawn(|| log.scope(|| (0..1000).for_each(|n| info!(n, "line"))));
        }
    });
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(text.split_inclusive('\n').map(reader::logfmt).count(), 2000);
}

#[test]
fn none_is_torn_or_lost_on_its_way_through_a_buffer() {
    let written = Arc::new(Mutex::new(Vec::new()));
    let (writer, flusher) = NonBlocking::with_capacity(Bites(Arc::clone(&written)), 64 * 1024 * 1024);
    work(&Logger::logfmt(writer));
    assert!(flusher.flush_within(std::time::Duration::from_secs(30)));
    assert_eq!(flusher.stats().lost(), 0);
    whole(str::from_utf8(&written.lock().unwrap()).unwrap());
}
