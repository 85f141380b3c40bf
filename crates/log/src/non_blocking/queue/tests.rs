use std::sync::{Arc, mpsc};
use std::thread;

use towerkit_testing::wait;

use super::*;

const SOON: Duration = Duration::from_secs(10);

/// A queue whose lines come together for so long, and a thread that takes them once and says how many.
fn taking(gather: Duration) -> (Arc<Queue>, mpsc::Receiver<usize>) {
    let queue = Arc::new(Queue { gather, ..Queue::new(1000) });
    let taker = Arc::clone(&queue);
    let (says, taken) = mpsc::channel();
    thread::spawn(move || {
        let mut lines = Lines::default();
        taker.take(&mut lines);
        let _ = says.send(lines.ends.len());
    });
    (queue, taken)
}

/// A queue that somebody reads who waits for nothing.
fn queue() -> Queue {
    Queue { gather: Duration::ZERO, ..Queue::new(1000) }
}

fn take(queue: &Queue) -> Vec<End> {
    let mut lines = Lines::default();
    queue.take(&mut lines);
    lines.ends
}

/// The thread comes back, and ends.
fn end(queue: &Queue) -> Stats {
    queue.close();
    assert!(take(queue).is_empty());
    queue.stats()
}

fn until_it_gathers(queue: &Queue) {
    wait::until_blocking("it gathers", SOON, || queue.lock().gathers);
}

#[test]
fn lines_come_together_until_somebody_waits_for_them() {
    let (queue, taken) = taking(Duration::MAX);
    queue.push(b"one");
    until_it_gathers(&queue);
    queue.push(b"two");
    queue.hurry();
    assert_eq!(taken.recv_timeout(SOON), Ok(2));
}

#[test]
fn lines_are_written_when_the_buffer_is_half_full() {
    let (queue, taken) = taking(Duration::MAX);
    queue.push(b"one");
    until_it_gathers(&queue);
    queue.push(&[b'x'; 500]);
    assert_eq!(taken.recv_timeout(SOON), Ok(2));
}

#[test]
fn lines_are_written_when_nobody_is_left_who_writes() {
    let (queue, taken) = taking(Duration::MAX);
    queue.push(b"one");
    until_it_gathers(&queue);
    queue.close();
    assert_eq!(taken.recv_timeout(SOON), Ok(1));
}

#[test]
fn lines_are_written_at_once_after_a_stop_has_waited_long_enough() {
    let (queue, taken) = taking(Duration::MAX);
    queue.give_up();
    queue.hurry();
    wait::until_blocking("it sleeps", SOON, || queue.lock().idle);
    queue.push(b"one");
    assert_eq!(taken.recv_timeout(SOON), Ok(1));
}

#[test]
fn a_line_is_written_though_nobody_waits_for_it() {
    let (queue, taken) = taking(Duration::ZERO);
    wait::until_blocking("it sleeps", SOON, || queue.lock().idle);
    queue.push(b"one");
    assert_eq!(taken.recv_timeout(SOON), Ok(1));
}

/// A line, and whether somebody who waits for it hears that it is out.
fn awaited() -> (Arc<Queue>, mpsc::Receiver<bool>) {
    let queue = Arc::new(queue());
    queue.push(b"one");
    let waiter = Arc::clone(&queue);
    let (says, out) = mpsc::channel();
    thread::spawn(move || says.send(waiter.wait_out(SOON * 6)));
    wait::until_blocking("it waits", SOON, || queue.lock().awaited == 1);
    (queue, out)
}

#[test]
fn who_waits_for_lines_hears_that_they_are_out() {
    let (queue, out) = awaited();
    take(&queue);
    assert_eq!(out.try_recv(), Err(mpsc::TryRecvError::Empty));
    end(&queue);
    assert_eq!(out.recv_timeout(SOON), Ok(true));
}

#[test]
fn who_waits_for_lines_hears_that_there_is_no_thread_any_more() {
    let (queue, out) = awaited();
    queue.refuse();
    assert_eq!(out.recv_timeout(SOON), Ok(true));
}

#[test]
fn a_line_takes_the_place_of_its_end_too() {
    let queue = Queue::new(2 * BESIDE);
    assert_eq!([(); 3].map(|()| queue.push(b"")), [Some(0), Some(0), None]);
}

#[test]
fn lost_lines_that_could_not_be_told_of_are_told_of_later() {
    let queue = queue();
    queue.tell(&[b'x'; 1000], 3);
    assert_eq!(queue.push(b"one"), Some(3));
    // Of these neither the line itself nor what it tells of is forgotten where it is lost with the stop.
    queue.tell(b"3 were lost", 3);
    queue.give_up();
    assert_eq!(queue.push(b"two"), Some(4));
    assert_eq!(queue.stats().lost_stopped, 1);
}

#[test]
fn a_line_waits_until_the_thread_comes_back_from_writing_it() {
    let queue = queue();
    queue.push(b"one");
    take(&queue);
    assert_eq!(queue.stats(), Stats { waiting: 1, ..Stats::default() });
    assert_eq!(end(&queue), Stats { sent: 1, ..Stats::default() });
}

#[test]
fn a_line_that_was_taken_to_be_out_and_is_lost_is_counted_as_lost_alone() {
    // It is of the lines before.
    let queue = queue();
    queue.push(b"one");
    take(&queue);
    queue.push(b"two");
    take(&queue);
    queue.lose_one();
    assert_eq!(queue.stats(), Stats { waiting: 1, lost_failed: 1, ..Stats::default() });
    assert_eq!(end(&queue), Stats { sent: 1, lost_failed: 1, ..Stats::default() });
}

#[test]
fn a_line_that_is_lost_while_others_of_its_batch_are_written_is_counted_as_lost_alone() {
    let queue = queue();
    queue.push(b"one");
    queue.push(b"two");
    take(&queue);
    queue.lose_one();
    assert_eq!(queue.push(b"three"), Some(1));
    assert_eq!(queue.stats(), Stats { waiting: 2, lost_failed: 1, ..Stats::default() });
    take(&queue);
    assert_eq!(end(&queue), Stats { sent: 2, lost_failed: 1, ..Stats::default() });
}

#[test]
fn a_line_that_was_given_up_and_is_lost_is_lost_once() {
    let queue = queue();
    queue.push(b"one");
    take(&queue);
    queue.give_up();
    queue.give_up();
    assert_eq!(queue.stats(), Stats { lost_stopped: 1, ..Stats::default() });
    queue.lose_one();
    assert_eq!(end(&queue), Stats { lost_failed: 1, ..Stats::default() });
}
