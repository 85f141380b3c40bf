//! On real files.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use towerkit_endpoint::Code;
use towerkit_sd::file::InstanceFile;
use towerkit_sd::{Instancer, InstancerState};

use crate::support::{ports, until, until_ports};

/// A folder of the test's own.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("file-{}-{test}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("instances")
    }

    fn write(&self, text: &str) {
        fs::write(self.file(), text).expect("it is written");
    }

    /// As editors do it.
    fn replace(&self, text: &str) {
        let beside = self.0.join("instances.new");
        fs::write(&beside, text).expect("it is written");
        fs::rename(beside, self.file()).expect("it is renamed");
    }

    fn instancer(&self) -> Instancer {
        InstanceFile::new(self.file()).interval(Duration::from_millis(50)).instancer()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn until_code(instancer: &mut Instancer, code: Code) -> InstancerState {
    let is_so = |state: &InstancerState| state.failure().is_some_and(|failure| failure.error().code() == code);
    until(instancer, &format!("it fails by {code:?}"), is_so).await
}

#[tokio::test]
async fn what_stands_in_the_file_is_there_and_what_is_renamed_over_it_after() {
    let folder = Folder::new("rename");
    folder.write("h:1 zone=a\n# two\nh:2\n");
    let mut instancer = folder.instancer();
    let state = until_ports(&mut instancer, &[1, 2]).await;
    assert_eq!(state.instances()[0].zone(), Some("a"));
    for _ in 0..3 {
        folder.replace("h:3\n");
        until_ports(&mut instancer, &[3]).await;
        folder.replace("h:4\nh:5\n");
        until_ports(&mut instancer, &[4, 5]).await;
    }
    folder.replace("# none\n");
    until_ports(&mut instancer, &[]).await;
}

#[tokio::test]
async fn a_file_that_is_written_to_where_it_is_is_read_again() {
    let folder = Folder::new("in-place");
    folder.write("h:1\n");
    let mut instancer = folder.instancer();
    until_ports(&mut instancer, &[1]).await;
    // The length is the same, and on a coarse clock so may be the time.
    for port in [2, 3, 4] {
        folder.write(&format!("h:{port}\n"));
        until_ports(&mut instancer, &[port]).await;
    }
    let mut file = File::options().append(true).open(folder.file()).unwrap();
    writeln!(file, "h:9").unwrap();
    until_ports(&mut instancer, &[4, 9]).await;
}

#[tokio::test]
async fn a_time_of_writing_that_is_set_back_hides_nothing() {
    let folder = Folder::new("set-back");
    folder.write("h:1\n");
    let mut instancer = folder.instancer();
    until_ports(&mut instancer, &[1]).await;
    let time = fs::metadata(folder.file()).unwrap().modified().unwrap();
    // Later than it is read in any case.
    sleep(Duration::from_millis(2500)).await;
    folder.write("h:2\n");
    File::options().append(true).open(folder.file()).unwrap().set_modified(time).unwrap();
    until_ports(&mut instancer, &[2]).await;
}

#[tokio::test]
async fn a_link_that_points_elsewhere_is_followed_as_kubernetes_swaps_a_config_map() {
    let folder = Folder::new("links");
    for (version, text) in [("..v1", "h:1\n"), ("..v2", "h:2\n")] {
        fs::create_dir(folder.0.join(version)).unwrap();
        fs::write(folder.0.join(version).join("instances"), text).unwrap();
    }
    symlink("..v1", folder.0.join("..data")).unwrap();
    symlink("..data/instances", folder.file()).unwrap();
    let mut instancer = folder.instancer();
    until_ports(&mut instancer, &[1]).await;

    symlink("..v2", folder.0.join("..data_tmp")).unwrap();
    fs::rename(folder.0.join("..data_tmp"), folder.0.join("..data")).unwrap();
    fs::remove_dir_all(folder.0.join("..v1")).unwrap();
    until_ports(&mut instancer, &[2]).await;
}

#[tokio::test]
async fn a_file_is_not_read_while_it_is_written() {
    let folder = Folder::new("slow");
    folder.write("h:1\nh:2\nh:3\n");
    let mut instancer = folder.instancer();
    until_ports(&mut instancer, &[1, 2, 3]).await;
    // On a machine that stops now and then, a writer may pause for so long that it counts as done.
    for _ in 0..20 {
        if is_written_without_a_pause(&folder, &instancer).await {
            until_ports(&mut instancer, &[1, 2, 3, 4, 5]).await;
            return;
        }
        folder.replace("h:1\nh:2\nh:3\n");
        until_ports(&mut instancer, &[1, 2, 3]).await;
    }
    panic!("this machine is too slow");
}

/// At first nothing is there, then whole lines, then a part of one.
async fn is_written_without_a_pause(folder: &Folder, instancer: &Instancer) -> bool {
    let mut file = File::create(folder.file()).unwrap();
    let mut written = Instant::now();
    let mut dropped = false;
    for part in ["h:1\n", "h:2\n", "h:3\n", "h:4\n", "h:", "5\n"] {
        sleep(Duration::from_millis(40)).await;
        dropped |= ports(&instancer.state()) != [1, 2, 3];
        file.write_all(part.as_bytes()).unwrap();
        if written.elapsed() > Duration::from_millis(80) {
            return false;
        }
        written = Instant::now();
    }
    assert!(!dropped, "half of it was read");
    true
}

#[tokio::test]
async fn half_a_file_drops_no_instances() {
    let folder = Folder::new("half");
    folder.write("h:1\nh:2\nh:3\n");
    let mut instancer = folder.instancer();
    until_ports(&mut instancer, &[1, 2, 3]).await;
    // One that has given up half way.
    folder.write("h:1\nh:2\nh:");
    let state = until_code(&mut instancer, Code::DataLoss).await;
    assert_eq!(ports(&state), [1, 2, 3], "the last good set stands");
    let error = state.failure().unwrap().error().to_string();
    assert!(error.contains("line 3") && error.contains("instances"), "{error}");
    folder.write("");
    until(&mut instancer, "it is found empty", |state| {
        state.failure().is_some_and(|failure| failure.error().to_string().contains("empty"))
    })
    .await;
    assert_eq!(ports(&instancer.state()), [1, 2, 3]);
    folder.write("h:6\n");
    until_ports(&mut instancer, &[6]).await;
}

#[tokio::test]
async fn a_file_that_is_deleted_is_a_failure_until_it_is_back() {
    let folder = Folder::new("deleted");
    let mut instancer = folder.instancer();
    let state = until_code(&mut instancer, Code::NotFound).await;
    assert!(!state.is_known());
    folder.write("h:1\n");
    until_ports(&mut instancer, &[1]).await;
    // Past the time in which it is read again in any case.
    sleep(Duration::from_millis(2500)).await;

    // The very same file, whose folder was away: nothing in it tells of that.
    let away = folder.0.with_extension("away");
    fs::rename(&folder.0, &away).unwrap();
    let state = until_code(&mut instancer, Code::NotFound).await;
    assert_eq!(ports(&state), [1]);
    fs::rename(&away, &folder.0).unwrap();
    until_ports(&mut instancer, &[1]).await;
    fs::remove_dir_all(&folder.0).unwrap();
    until_code(&mut instancer, Code::NotFound).await;
    fs::create_dir(&folder.0).unwrap();
    folder.write("h:2\n");
    until_ports(&mut instancer, &[2]).await;
}

#[tokio::test]
async fn what_is_no_readable_file_is_a_failure() {
    let folder = Folder::new("no-file");
    fs::create_dir(folder.file()).unwrap();
    let mut instancer = folder.instancer();
    until_code(&mut instancer, Code::Unavailable).await;
    fs::remove_dir(folder.file()).unwrap();
    // To open it would be to wait for ever.
    assert!(std::process::Command::new("mkfifo").arg(folder.file()).status().unwrap().success());
    let no_file =
        |state: &InstancerState| state.failure().is_some_and(|failure| failure.error().to_string().contains("regular"));
    until(&mut instancer, "it is no file", no_file).await;
    fs::remove_file(folder.file()).unwrap();
    folder.write("h:1\n");
    until_ports(&mut instancer, &[1]).await;
    symlink("/dev/zero", folder.0.join("zero")).unwrap();
    fs::rename(folder.0.join("zero"), folder.file()).unwrap();
    let state = until(&mut instancer, "it is no file", no_file).await;
    assert_eq!(ports(&state), [1]);

    folder.replace("h:2\n");
    until_ports(&mut instancer, &[2]).await;
    fs::set_permissions(folder.file(), fs::Permissions::from_mode(0o000)).unwrap();
    if File::open(folder.file()).is_err() {
        until_code(&mut instancer, Code::PermissionDenied).await;
    } // else this is root, who may read it all the same
}

#[tokio::test]
async fn a_file_that_is_too_long_is_a_failure() {
    let folder = Folder::new("long");
    folder.write("h:1\n");
    let mut instancer = folder.instancer();
    until_ports(&mut instancer, &[1]).await;
    let file = File::create(folder.0.join("long")).unwrap();
    file.set_len(1 << 40).unwrap();
    fs::rename(folder.0.join("long"), folder.file()).unwrap();
    let state = until_code(&mut instancer, Code::Unavailable).await;
    assert_eq!(ports(&state), [1]);
    folder.replace("h:2\n");
    until_ports(&mut instancer, &[2]).await;
}

#[tokio::test]
async fn a_failure_that_lasts_is_told_once() {
    let folder = Folder::new("once");
    let mut instancer = folder.instancer();
    until_code(&mut instancer, Code::NotFound).await;
    instancer.known().await;
    // It is looked for ten times in this.
    let again = timeout(Duration::from_millis(500), instancer.changed()).await;
    assert!(again.is_err(), "{again:?}");
    folder.write("h:0\n");
    until_code(&mut instancer, Code::DataLoss).await;
    instancer.known().await;
    let again = timeout(Duration::from_millis(500), instancer.changed()).await;
    assert!(again.is_err(), "{again:?}");
}
