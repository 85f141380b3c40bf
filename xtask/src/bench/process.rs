//! A server that is measured: a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// A program that runs, and is stopped by its id when this is dropped.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
}

impl Process {
    /// A program of another make, of which it is known where it listens.
    pub const fn foreign(child: Child, address: SocketAddr) -> Self {
        Self { child, address }
    }

    /// Starts a program that is told where to listen, and waits until it does.
    pub fn told(command: &mut Command, address: SocketAddr) -> Result<Self> {
        let child = command.spawn().with_context(|| format!("{command:?} can't be run"))?;
        let mut process = Self::foreign(child, address);
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = process.child.try_wait()? {
                bail!("{command:?} has ended, {status}, before it listened at {address}");
            }
            ensure!(start.elapsed() < Duration::from_secs(10), "{command:?} does not listen at {address}");
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(process)
    }

    /// Starts a program that prints where it listens as its first line.
    pub fn listen(command: &mut Command, name: &str) -> Result<Self> {
        let mut child = command.stdout(Stdio::piped()).stdin(Stdio::piped()).spawn().context(name.to_owned())?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let address = line.trim().parse().with_context(|| format!("{name} said {line:?}"))?;
        Ok(Self { child, address })
    }

    /// User and system time so far, in microseconds: of all threads (`/proc/PID/task/TID/schedstat`, in nanoseconds).
    pub fn cpu_micros(&self) -> Result<f64> {
        let mut nanos = 0.0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let stat = std::fs::read_to_string(task?.path().join("schedstat"))?;
            nanos += stat.split_whitespace().next().context("schedstat")?.parse::<f64>()?;
        }
        Ok(nanos / 1000.0)
    }

    /// Resident memory, in bytes.
    pub fn resident(&self) -> Result<f64> {
        self.memory("VmRSS:")
    }

    /// The most that it has been so far.
    pub fn most_resident(&self) -> Result<f64> {
        self.memory("VmHWM:")
    }

    /// What is resident of memory that no other process shares, as pages of programs and libraries are.
    pub fn own(&self) -> Result<f64> {
        self.memory("RssAnon:")
    }

    /// proc(5), `status`: `VmRSS:  1234 kB`.
    fn memory(&self, field: &'static str) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field)).context(field)?;
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? * 1024.0)
    }

    /// Ends it by closing its input, and returns what it printed for the operator.
    pub fn end(mut self) -> Result<String> {
        drop(self.child.stdin.take());
        let mut text = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_string(&mut text)?;
        }
        self.child.wait()?;
        Ok(text)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
