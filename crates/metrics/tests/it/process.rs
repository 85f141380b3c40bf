use std::fs::File;
use std::hint::black_box;
use std::time::Duration;

use tokio::runtime::Handle;
use towerkit_lifecycle::{Lifeline, Member as _};
use towerkit_metrics::process::Process;
use towerkit_metrics::{Memory, Metrics};

fn process() -> (Memory, Process) {
    let memory = Memory::new();
    let process = Process::new(&Metrics::new(memory.clone()));
    (memory, process)
}

fn gauge(memory: &Memory, name: &str) -> f64 {
    memory.gauge(name, []).unwrap_or_else(|| panic!("{name} is in {:?}", memory.series()))
}

#[test]
#[cfg(target_os = "linux")]
fn what_it_tells_is_plausible() {
    let (memory, _process) = process();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    let started = gauge(&memory, "process_start_time_seconds");
    assert!((now - 3600.0..=now + 2.0).contains(&started), "{started} {now}");
    let (resident, all) =
        (gauge(&memory, "process_resident_memory_bytes"), gauge(&memory, "process_virtual_memory_bytes"));
    assert!((1e6..1e10).contains(&resident) && resident < all, "{resident} {all}");
    assert!((1.0..1000.0).contains(&gauge(&memory, "process_threads")));
    assert!(gauge(&memory, "process_open_fds") >= 3.0);
    assert!(gauge(&memory, "process_max_fds") >= gauge(&memory, "process_open_fds"));
}

#[test]
#[cfg(target_os = "linux")]
fn it_moves_with_what_the_process_does() {
    let (memory, process) = process();
    let [cpu, resident, fds] = ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"];
    let before = [cpu, resident, fds].map(|name| gauge(&memory, name));
    // More than the other tests of this process may close and free meanwhile.
    let files: Vec<_> = (0..300).map(|_| File::open("/dev/null").unwrap()).collect();
    let memory_used = black_box(vec![7_u8; 256 << 20]);
    let start = std::time::Instant::now();
    let moved = loop {
        black_box((0..10_000_u64).map(black_box).sum::<u64>());
        process.sample();
        let after = [cpu, resident, fds].map(|name| gauge(&memory, name));
        let moved = after[0] > before[0] + 0.05 && after[1] > before[1] + 100e6 && after[2] > before[2] + 200.0;
        if moved || start.elapsed() > Duration::from_secs(30) {
            break (moved, before, after);
        }
    };
    assert!(moved.0, "{moved:?}");
    drop((files, memory_used));
}

#[tokio::test]
async fn it_tells_of_the_runtime() {
    let (memory, process) = process();
    let process = process.runtime(Handle::current());
    assert_eq!(gauge(&memory, "tokio_workers"), 1.0);
    let tasks: Vec<_> = (0..5).map(|_| tokio::spawn(std::future::pending::<()>())).collect();
    process.sample();
    assert_eq!(gauge(&memory, "tokio_alive_tasks"), 5.0);
    tokio::task::yield_now().await;
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    tokio::task::yield_now().await;
    process.sample();
    assert_eq!(gauge(&memory, "tokio_alive_tasks"), 0.0);
    assert!(gauge(&memory, "tokio_global_queue_depth") >= 0.0);
    assert!(gauge(&memory, "tokio_workers_busy_seconds_total") >= 0.0);
}

#[tokio::test(start_paused = true)]
async fn its_member_samples_at_its_interval_and_once_more_at_the_stop() {
    let memory = Memory::new();
    let process = Process::new(&Metrics::new(memory.clone())).runtime(Handle::current());
    let (lifeline, stopper) = Lifeline::detached();
    let member = tokio::spawn(process.interval(Duration::from_secs(10)).run(lifeline));
    stopper.ready().await;
    let alive = || gauge(&memory, "tokio_alive_tasks");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(alive(), 1.0);
    let task = tokio::spawn(std::future::pending::<()>());
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert_eq!(alive(), 1.0);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(alive(), 2.0);
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    stopper.stop(Duration::from_secs(5));
    member.await.unwrap().unwrap();
    assert_eq!(alive(), 1.0);
}
