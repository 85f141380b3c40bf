//! Not Consul: a server that answers as a test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

pub(crate) struct Fake {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

pub(crate) enum Answer {
    /// 200 with headers, each with its line end, and a body.
    Ok(String, String),
    Status(u16, &'static str),
    /// None, as long as the client waits.
    Hold,
    /// The connection ends.
    Hangup,
}

impl Answer {
    pub(crate) fn with_index(index: u64, body: &str) -> Self {
        Self::Ok(format!("X-Consul-Index: {index}\r\n"), body.to_owned())
    }
}

impl Fake {
    /// Answers by how many were asked before, and by what is asked for.
    pub(crate) fn start(answer: impl Fn(usize, &str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&asked);
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                thread::spawn(move || serve(&stream, &seen, &*answer));
            }
        });
        Self { port, asked }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What was asked for, and where the client gave up a wait.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("it is not poisoned").clone()
    }
}

fn serve(stream: &TcpStream, seen: &Mutex<Vec<String>>, answer: &dyn Fn(usize, &str) -> Answer) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    if reader.read_line(&mut line).is_err() || line.is_empty() {
        return;
    }
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    let mut header = String::new();
    while reader.read_line(&mut header).is_ok_and(|read| read > 2) {
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        header.clear();
    }
    reader.read_exact(&mut vec![0; length]).expect("a body");
    let before = {
        let mut seen = seen.lock().expect("it is not poisoned");
        seen.push(target.clone());
        seen.len() - 1
    };
    let (status, headers, body) = match answer(before, &target) {
        Answer::Ok(headers, body) => (200, headers, body),
        Answer::Status(status, body) => (status, String::new(), body.to_owned()),
        Answer::Hold => {
            // Ends when the client does.
            let _ = reader.read(&mut [0]);
            seen.lock().expect("it is not poisoned").push("gave up".to_owned());
            return;
        }
        Answer::Hangup => return,
    };
    let length = body.len();
    // A client that has gone is none to be told.
    let _ =
        write!(&*stream, "HTTP/1.1 {status} X\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
}
