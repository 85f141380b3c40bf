//! A writer that never blocks loses lines countably, and flushes at the end.

use std::io::{self, BufRead, BufReader, Write};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use towerkit_lifecycle::{Group, Lifeline, Member, MemberEnding, member_fn};
use towerkit_log::{Logger, NonBlocking};
use tracing::info;

use crate::reader;
use crate::support::{Written, get};

const SECOND: Duration = Duration::from_secs(1);

/// A writer that waits for leave before each write.
struct Gate(mpsc::Receiver<()>, Written);

fn gate() -> (mpsc::Sender<()>, Written, Gate) {
    let (leave, wait) = mpsc::channel();
    let written = Written::default();
    (leave, written.clone(), Gate(wait, written))
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Without anyone to give leave, it may write on.
        let _ = self.0.recv();
        self.1.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How many lines there are but those that tell of lost ones, and of how many those tell.
fn told(lines: &[Vec<(String, String)>]) -> (u64, u64) {
    let counts: Vec<u64> =
        lines.iter().filter_map(|line| get(line, "count")).map(|count| count.parse().unwrap()).collect();
    ((lines.len() - counts.len()) as u64, counts.iter().sum())
}

fn lines(text: &[String]) -> Vec<Vec<(String, String)>> {
    text.concat().split_inclusive('\n').map(reader::logfmt).collect()
}

#[test]
fn a_pipe_that_nobody_reads_blocks_no_one_and_what_is_lost_is_counted_and_told() {
    let (read, write) = io::pipe().unwrap();
    let (writer, flusher) = NonBlocking::with_capacity(write, 16 * 1024);
    let log = Logger::logfmt(writer.clone());
    let start = Instant::now();
    log.scope(|| (0..20_000).for_each(|n| info!(n, "line")));
    assert!(start.elapsed() < 20 * SECOND, "{:?}", start.elapsed());
    assert!(!flusher.flush_within(Duration::from_millis(50)));
    let lost = log.stats().lost();
    assert!(lost > 10_000 && lost == writer.stats().lost() && lost == flusher.stats().lost(), "{lost}");

    // It is read again: there is room, and the next line is followed by one that tells.
    let reading =
        thread::spawn(move || BufReader::new(read).lines().map(|line| line.unwrap() + "\n").collect::<Vec<_>>());
    assert!(flusher.flush_within(20 * SECOND));
    log.scope(|| info!(n = 20_000, "line"));
    drop((log, writer));
    drop(flusher);
    let lines: Vec<_> = reading.join().unwrap().iter().map(|line| reader::logfmt(line)).collect();
    let last = lines.last().unwrap();
    assert_eq!((get(last, "msg"), get(last, "level")), (Some("log lines were lost"), Some("warn")));
    assert_eq!(told(&lines), (20_001 - lost, lost));
}

#[test]
fn a_line_that_tells_and_is_lost_itself_is_made_up_for() {
    let (leave, written, gate) = gate();
    // Room for two lines or so.
    let (writer, flusher) = NonBlocking::with_capacity(gate, 220);
    let log = Logger::logfmt(writer);
    let mut total = 0;
    let mut tell = |count: usize| {
        log.scope(|| (0..count).for_each(|_| info!("a line of some length")));
        total += count as u64;
    };
    tell(20);
    for _ in 0..10 {
        let _ = leave.send(());
        thread::sleep(Duration::from_millis(2));
        tell(3);
    }
    drop(leave);
    assert!(flusher.flush_within(10 * SECOND));
    tell(1);
    assert!(flusher.flush_within(10 * SECOND));
    let stats = log.stats();
    assert!(stats.lost() > 15);
    assert_eq!((stats.lost(), stats.sent + stats.lost(), stats.waiting), (stats.lost_full, total, 0));
    assert_eq!(told(&lines(&written.writes())), (total - log.stats().lost(), log.stats().lost()));
}

#[test]
fn a_writer_that_fails_is_counted_and_tried_again() {
    struct Fails(u32, Written);
    impl Write for Fails {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += 1;
            if self.0 <= 2 { Err(io::ErrorKind::BrokenPipe.into()) } else { self.1.write(bytes) }
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let written = Written::default();
    let (writer, flusher) = NonBlocking::new(Fails(0, written.clone()));
    let log = Logger::logfmt(writer.clone());
    for _ in 0..4 {
        log.scope(|| info!("line"));
        assert!(flusher.flush_within(10 * SECOND));
    }
    let stats = log.stats();
    assert_eq!((stats, stats.errors, stats.sent, stats.lost_failed, stats.lost()), (writer.stats(), 2, 2, 2, 2));
    assert_eq!(told(&lines(&written.writes())), (2, 2));

    let log = Logger::logfmt(Fails(0, written));
    (0..3).for_each(|_| log.scope(|| info!("line")));
    let stats = log.stats();
    assert_eq!((stats.sent, stats.lost_failed, stats.lost()), (1, 2, 2));
}

#[test]
fn a_writer_that_panics_loses_the_lines_and_keeps_no_one_waiting() {
    struct Panics;
    impl Write for Panics {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            panic!("on purpose")
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (writer, flusher) = NonBlocking::new(Panics);
    let log = Logger::logfmt(writer);
    (0..5).for_each(|_| log.scope(|| info!("line")));
    assert!(flusher.flush_within(10 * SECOND));
    log.scope(|| info!("line"));
    assert_eq!(log.stats().lost(), 6);
}

#[test]
fn dropping_the_flusher_flushes() {
    struct Slow(Written);
    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            thread::sleep(Duration::from_millis(50));
            self.0.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let written = Written::default();
    let (writer, flusher) = NonBlocking::new(Slow(written.clone()));
    let log = Logger::logfmt(writer);
    log.scope(|| info!("line"));
    drop(flusher);
    assert_eq!(lines(&written.writes()).len(), 1);
}

#[tokio::test]
async fn a_group_stops_when_all_is_written_that_others_logged_while_they_stopped() {
    let (leave, written, gate) = gate();
    let (writer, flusher) = NonBlocking::new(gate);
    let log = Logger::logfmt(writer);
    let member = member_fn("worker", move |lifeline: Lifeline| async move {
        lifeline.ready();
        log.scope(|| info!("at work"));
        lifeline.stop_group();
        lifeline.stopping().await;
        log.scope(|| info!("stopped"));
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            drop(leave);
        });
        Ok(())
    });
    let report = Group::new().with(flusher).with(member).run().await.unwrap();
    assert!(report.members().iter().all(|member| matches!(member.ending, MemberEnding::Stopped)), "{report}");
    let messages: Vec<_> = lines(&written.writes()).iter().map(|line| get(line, "msg").unwrap().to_owned()).collect();
    assert_eq!(messages, ["at work", "stopped"]);
}

/// How a writer goes on that was stuck.
#[derive(Clone, Copy, Debug)]
enum Then {
    Writes,
    Fails,
    Panics,
}

/// A writer that is stuck with its first line, and says that it is.
struct Stuck(Option<Then>, mpsc::Sender<()>, Gate);

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.1.send(());
        let _ = self.2.0.recv();
        match self.0.take() {
            Some(Then::Panics) => panic!("on purpose"),
            Some(Then::Fails) => Err(io::ErrorKind::BrokenPipe.into()),
            Some(Then::Writes) | None => self.2.1.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_stop_waits_no_longer_than_it_may_and_counts_what_is_lost() {
    // What is lost in the end, and what the lines tell: how many there are, and of how many lost ones they tell.
    for (then, lost, told_of) in [(Then::Writes, 1, (3, 1)), (Then::Fails, 2, (2, 2)), (Then::Panics, 4, (0, 0))] {
        let (leave, written, gate) = gate();
        let (at_it, is_at_it) = mpsc::channel();
        let (writer, flusher) = NonBlocking::new(Stuck(Some(then), at_it, gate));
        let log = Logger::logfmt(writer.clone());
        log.scope(|| info!("the thread is stuck with this one"));
        is_at_it.recv_timeout(10 * SECOND).unwrap();
        log.scope(|| info!("and this one waits"));
        let (lifeline, stopper) = Lifeline::detached();
        let running = tokio::spawn(flusher.run(lifeline));
        stopper.ready().await;
        let start = Instant::now();
        stopper.stop(Duration::from_millis(300));
        running.await.unwrap().unwrap();
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        let stats = log.stats();
        assert_eq!((stats.lost(), stats.lost_stopped, stats.waiting), (2, 2, 0), "{then:?}");

        log.scope(|| info!("later ones are taken all the same"));
        drop(leave);
        assert!(writer.flush_within(10 * SECOND));
        log.scope(|| info!("and one more"));
        assert!(writer.flush_within(10 * SECOND));
        let stats = log.stats();
        assert_eq!((stats.lost(), told(&lines(&written.writes()))), (lost, told_of), "{then:?}");
        assert_eq!((stats.sent + stats.lost(), stats.waiting), (4, 0), "{then:?}");
    }
}

#[tokio::test]
async fn a_stop_waits_no_longer_than_it_takes_to_write_or_to_lose_all() {
    for then in [Then::Writes, Then::Panics] {
        let (leave, _, gate) = gate();
        let (at_it, is_at_it) = mpsc::channel();
        let (writer, flusher) = NonBlocking::new(Stuck(Some(then), at_it, gate));
        let log = Logger::logfmt(writer);
        log.scope(|| info!("the thread is stuck with this one"));
        is_at_it.recv_timeout(10 * SECOND).unwrap();
        let running = flusher.spawn();
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            drop(leave);
        });
        let report = running.stop(20 * SECOND).await;
        assert!(report.stop_took.unwrap() < 10 * SECOND, "{then:?}: {report}");
    }
}

#[test]
fn it_is_a_writer_for_anything() {
    let written = Arc::new(Mutex::new(Vec::new()));
    struct To(Arc<Mutex<Vec<u8>>>);
    impl Write for To {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (mut writer, flusher) = NonBlocking::new(To(Arc::clone(&written)));
    writeln!(writer, "plain text").unwrap();
    assert!(flusher.flush_within(10 * SECOND));
    assert_eq!(*written.lock().unwrap(), b"plain text\n");
}
