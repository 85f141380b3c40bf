use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::Stats;

/// Lines on their way from all threads to one.
pub(crate) struct Queue {
    state: Mutex<State>,
    /// There is something to write, or nobody left who writes.
    filled: Condvar,
    /// A batch was written.
    written: Condvar,
    pub(super) notify_written: Notify,
    capacity: usize,
    /// For how long lines come together before they are written.
    gather: Duration,
}

#[derive(Default)]
struct State {
    waiting: Lines,
    /// Lines that the thread has taken and not written.
    writing: usize,
    /// How many of these are not known to be lost, beside those that tell.
    open: u64,
    /// Whether these are counted as lost, since a stop could wait no longer.
    doubted: bool,
    /// Lines that ever got in.
    pushed: u64,
    /// Whether the thread sleeps until there is a line.
    idle: bool,
    /// Whether the thread lets lines come together.
    gathers: bool,
    /// So many of the lines that ever got in are waited for.
    awaited: u64,
    closed: bool,
    /// There is no thread.
    refuses: bool,
    /// A stop has waited long enough.
    given_up: bool,
    /// How many were lost since it was last told.
    untold: u64,
    /// But for what waits. Lines that tell of lost ones are in none of it.
    stats: Stats,
}

/// Lines one after the other, and where each ends.
#[derive(Default)]
pub(crate) struct Lines {
    pub(crate) bytes: Vec<u8>,
    pub(crate) ends: Vec<End>,
}

#[derive(Clone, Copy)]
pub(crate) struct End {
    /// The place after it.
    pub(crate) at: usize,
    /// Of how many lost lines it tells: none for all but those that are made for that.
    tells: u64,
}

/// To wake a thread costs more than a line does: so that is done some hundred times a second at most, and not for each line.
const GATHER: Duration = Duration::from_millis(5);

/// What a line costs beside its bytes: where it ends.
const BESIDE: usize = size_of::<End>();

impl Lines {
    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// The lines one by one, from one on.
    pub(crate) fn from(&self, first: usize) -> impl Iterator<Item = &[u8]> {
        (first..self.ends.len()).map(|line| {
            let start = line.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| end.at);
            let end = self.ends.get(line).map_or(0, |end| end.at);
            self.bytes.get(start..end).unwrap_or_default()
        })
    }
}

impl State {
    fn is_out(&self, lines: u64) -> bool {
        let left = self.waiting.ends.len() + self.writing;
        self.pushed.saturating_sub(u64::try_from(left).unwrap_or(u64::MAX)) >= lines
    }

    fn taken(&self) -> usize {
        self.waiting.bytes.len() + self.waiting.ends.len() * BESIDE
    }
}

impl Queue {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            state: Mutex::default(),
            filled: Condvar::new(),
            written: Condvar::new(),
            notify_written: Notify::new(),
            capacity,
            gather: GATHER,
        }
    }

    /// No code of others runs behind the lock, so that what it guards is whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line; none where there is no room, and it is lost. With how many were lost before, of which nothing was said.
    pub(super) fn push(&self, line: &[u8]) -> Option<u64> {
        let mut state = self.lock();
        if !self.has_room(&state, line) {
            state.untold += 1;
            if state.refuses {
                state.stats.lost_failed += 1;
            } else {
                state.stats.lost_full += 1;
            }
            return None;
        }
        let untold = mem::take(&mut state.untold);
        self.add(state, line, 0);
        Some(untold)
    }

    /// Adds a line that tells of so many lost ones. Where there is no room, they are told of later.
    pub(super) fn tell(&self, line: &[u8], lost: u64) {
        let mut state = self.lock();
        if self.has_room(&state, line) {
            self.add(state, line, lost);
        } else {
            state.untold += lost;
        }
    }

    fn has_room(&self, state: &State, line: &[u8]) -> bool {
        !state.refuses && state.taken() + line.len() + BESIDE <= self.capacity
    }

    fn add(&self, mut state: MutexGuard<'_, State>, line: &[u8], tells: u64) {
        state.waiting.bytes.extend_from_slice(line);
        let at = state.waiting.bytes.len();
        state.waiting.ends.push(End { at, tells });
        state.pushed += 1;
        // A thread that is at work, or gathers, looks again by itself.
        let wake = mem::take(&mut state.idle) || (state.gathers && !self.may_gather(&state));
        drop(state);
        if wake {
            self.filled.notify_one();
        }
    }

    /// Whether nobody waits for lines, and there is room for more.
    fn may_gather(&self, state: &State) -> bool {
        !state.closed && !state.given_up && state.is_out(state.awaited) && state.taken() < self.capacity / 2
    }

    pub(super) fn tell_later(&self, lost: u64) {
        self.lock().untold += lost;
    }

    /// The thread: waits for lines, and takes all. False where none will come any more.
    pub(super) fn take(&self, lines: &mut Lines) -> bool {
        lines.clear();
        let mut state = self.lock();
        state.writing = 0;
        let out = mem::take(&mut state.open);
        state.stats.sent += out;
        if mem::take(&mut state.doubted) {
            state.stats.lost_stopped = state.stats.lost_stopped.saturating_sub(out);
        }
        self.written.notify_all();
        self.notify_written.notify_waiters();
        let gathers = |state: &mut State| self.may_gather(state);
        loop {
            // Also before there is a line: where they keep coming nobody has to wake the thread.
            state.gathers = true;
            (state, _) =
                self.filled.wait_timeout_while(state, self.gather, gathers).unwrap_or_else(PoisonError::into_inner);
            state.gathers = false;
            if !state.waiting.ends.is_empty() {
                break;
            }
            if state.closed {
                return false;
            }
            state.idle = true;
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle = false;
        }
        mem::swap(&mut state.waiting, lines);
        state.writing = lines.ends.len();
        state.open = own(&lines.ends);
        true
    }

    /// The thread: waits before it tries again. Whether there is nobody left who writes.
    pub(crate) fn pause(&self, time: Duration) -> bool {
        let state = self.lock();
        let (state, _) =
            self.filled.wait_timeout_while(state, time, |state| !state.closed).unwrap_or_else(PoisonError::into_inner);
        state.closed
    }

    /// The thread: lines that it took are lost. Of what a line was to tell, a later one tells.
    pub(crate) fn lose(&self, lines: &[End]) {
        let mut state = self.lock();
        let own = own(lines);
        state.open = state.open.saturating_sub(own);
        state.stats.lost_failed += own;
        if state.doubted {
            state.stats.lost_stopped = state.stats.lost_stopped.saturating_sub(own);
        }
        state.untold += own + told(lines);
    }

    /// A line is lost that was taken to be out.
    pub(crate) fn lose_one(&self) {
        let mut state = self.lock();
        if state.stats.sent > 0 {
            state.stats.sent -= 1;
        } else if state.open > 0 {
            // It is of the lines that are being written.
            state.open -= 1;
            state.stats.lost_stopped = state.stats.lost_stopped.saturating_sub(u64::from(state.doubted));
        }
        state.stats.lost_failed += 1;
        state.untold += 1;
    }

    /// What waits is lost: how many.
    fn discard(state: &mut State) -> u64 {
        let lines = mem::take(&mut state.waiting).ends;
        state.untold += own(&lines) + told(&lines);
        own(&lines)
    }

    /// There is no thread any more: all is lost.
    pub(super) fn refuse(&self) {
        let mut state = self.lock();
        state.refuses = true;
        state.writing = 0;
        // Where the thread ended in the middle of them, nobody knows which are out.
        let open = mem::take(&mut state.open);
        if mem::take(&mut state.doubted) {
            state.stats.lost_stopped = state.stats.lost_stopped.saturating_sub(open);
        }
        state.stats.lost_failed += open + Self::discard(&mut state);
        drop(state);
        self.written.notify_all();
        self.notify_written.notify_waiters();
    }

    /// A stop can wait no longer: what waits is lost. What the thread has taken is counted as lost, until it is known to be out after all.
    pub(super) fn give_up(&self) {
        let mut state = self.lock();
        state.given_up = true;
        let mut lost = Self::discard(&mut state);
        if !state.doubted {
            lost += state.open;
            state.doubted = state.open > 0;
        }
        state.stats.lost_stopped += lost;
    }

    pub(super) fn has_given_up(&self) -> bool {
        self.lock().given_up
    }

    pub(crate) fn failed(&self) {
        self.lock().stats.errors += 1;
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
    }

    /// Has all written that got in so far, without more ado: how many lines ever did.
    pub(super) fn hurry(&self) -> u64 {
        let mut state = self.lock();
        state.awaited = state.pushed;
        self.filled.notify_all();
        state.pushed
    }

    /// Whether the first so many lines are out, or lost.
    pub(super) fn is_out(&self, lines: u64) -> bool {
        self.lock().is_out(lines)
    }

    /// Waits until all that got in so far is out.
    pub(super) fn wait_out(&self, time: Duration) -> bool {
        let start = Instant::now();
        let lines = self.hurry();
        let mut state = self.lock();
        while !state.is_out(lines) {
            let Some(left) = time.checked_sub(start.elapsed()).filter(|left| !left.is_zero()) else { return false };
            (state, _) = self.written.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
        }
        true
    }

    pub(super) fn stats(&self) -> Stats {
        let state = self.lock();
        let taken = if state.doubted { 0 } else { state.open };
        Stats { waiting: own(&state.waiting.ends) + taken, ..state.stats }
    }
}

/// How many lines there are but those that tell of lost ones.
fn own(lines: &[End]) -> u64 {
    lines.iter().filter(|line| line.tells == 0).map(|_| 1).sum()
}

/// Of how many lost lines these tell.
fn told(lines: &[End]) -> u64 {
    lines.iter().map(|line| line.tells).sum()
}

#[cfg(test)]
mod tests;
