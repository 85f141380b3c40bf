//! Servers that only count, or lie.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// A UDP port of 127.0.0.1 that counts what comes, and answers as it is told.
pub(crate) struct Wire {
    pub(crate) port: u16,
    datagrams: Arc<AtomicUsize>,
    ended: Arc<AtomicBool>,
}

impl Wire {
    /// The answer is made of the question; none is silence.
    pub(crate) fn start(answer: impl Fn(&[u8]) -> Option<Vec<u8>> + Send + 'static) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let wire = Self { port: socket.local_addr().unwrap().port(), datagrams: Arc::default(), ended: Arc::default() };
        let (datagrams, ended) = (Arc::clone(&wire.datagrams), Arc::clone(&wire.ended));
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while !ended.load(Ordering::Relaxed) {
                let Ok((length, from)) = socket.recv_from(&mut bytes) else { continue };
                datagrams.fetch_add(1, Ordering::Relaxed);
                if let Some(answer) = answer(&bytes[..length]) {
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        wire
    }

    /// How many came so far.
    pub(crate) fn datagrams(&self) -> usize {
        self.datagrams.load(Ordering::Relaxed)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

/// The question once more, as an answer with a code and without records (RFC 1035, section 4.1.1).
pub(crate) fn with_code(question: &[u8], code: u8) -> Vec<u8> {
    let mut answer = without_extra(question);
    answer[2] |= 0x80;
    answer[3] = 0x80 | code;
    answer
}

/// The type that is asked for (RFC 1035, section 3.2.2).
pub(crate) fn kind(question: &[u8]) -> u16 {
    let bare = without_extra(question);
    u16::from_be_bytes([bare[bare.len() - 4], bare[bare.len() - 3]])
}

/// The question, and one record of the type that is asked for, with a TTL of a second.
pub(crate) fn with_record(question: &[u8], data: &[u8]) -> Vec<u8> {
    let mut answer = with_code(question, 0);
    answer[7] = 1;
    // Its name is where the question has it.
    answer.extend([0xc0, 12]);
    answer.extend(kind(question).to_be_bytes());
    answer.extend([0, 1, 0, 0, 0, 1, 0, u8::try_from(data.len()).unwrap()]);
    answer.extend(data);
    answer
}

/// Header and question, without the record of EDNS behind them.
fn without_extra(question: &[u8]) -> Vec<u8> {
    let mut end = 12;
    while question[end] != 0 {
        end += usize::from(question[end]) + 1;
    }
    let mut bare = question[..end + 5].to_vec();
    bare[10..12].fill(0);
    bare
}
