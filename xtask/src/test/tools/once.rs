//! What is installed under `target/tools`: each thing once, in a folder of its own.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::find;
use crate::workspace;

/// The folder for one version of something.
pub fn folder(source: &str, what: &str, version: &str) -> PathBuf {
    root().join(source).join(format!("{what}-{version}"))
}

/// The version of something that has none of its own: another one where what it is made of is another.
pub fn version(of: impl Hash) -> String {
    // Where the hash is another in a later Rust, it is made once more.
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    format!("{:08x}", hasher.finish() as u32)
}

/// The version of what is built of a folder of the repository: another one where a file of it is. Where they can't be read that is said.
pub fn version_of_files(folder: &Path) -> Option<String> {
    match read(folder) {
        Ok(files) => Some(version(&files)),
        Err(error) => {
            println!("could not be built: {error:#}");
            None
        }
    }
}

/// All files of a folder, in order.
fn read(path: &Path) -> Result<Vec<Vec<u8>>> {
    let context = || path.display().to_string();
    if path.is_file() {
        return Ok(vec![fs::read(path).with_context(context)?]);
    }
    let mut entries = fs::read_dir(path).with_context(context)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::path);
    let files = entries.iter().map(|entry| read(&entry.path())).collect::<Result<Vec<_>>>()?;
    Ok(files.into_iter().flatten().collect())
}

/// Keeps other runs from installing until it is dropped.
pub fn lock() -> Result<File> {
    fs::create_dir_all(root())?;
    let file = File::create(root().join("lock"))?;
    file.lock()?;
    Ok(file)
}

/// What is in the folder by the name of `has`, after the commands have put it there if it was not.
///
/// `line` says what is done, and starts with the program that does it.
pub fn install(line: &str, folder: &Path, has: &str, steps: impl IntoIterator<Item = Command>) -> Option<PathBuf> {
    let path = folder.join(has);
    // Written last, lest what a run that was stopped has left is taken for the whole.
    let whole = folder.join("installed");
    if whole.is_file() && path.exists() {
        return Some(path);
    }
    let program = line.split(' ').next()?;
    if find(program).is_none() {
        println!("missing: {program}. The tests that want this are skipped: {line}");
        return None;
    }
    println!("{line}");
    let done = empty(folder).and_then(|()| {
        for mut step in steps {
            workspace::output(&mut step)?;
        }
        ensure!(path.exists(), "there is no {has}");
        Ok(fs::write(&whole, line)?)
    });
    if let Err(error) = done {
        println!("could not be installed: {line}: {error:#}");
        // The error that matters is told.
        let _ = fs::remove_dir_all(folder);
        return None;
    }
    Some(path)
}

fn root() -> PathBuf {
    workspace::target().join("tools")
}

fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(fs::create_dir_all(folder)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(file: &Path) -> [Command; 1] {
        let mut touch = Command::new("touch");
        touch.arg(file);
        [touch]
    }

    #[test]
    fn it_is_installed_once_and_a_half_of_it_is_not_the_whole() {
        let folder = std::env::temp_dir().join(format!("towerkit-once-{}", std::process::id()));
        let file = folder.join("it");

        assert_eq!(install("false", &folder, "it", [Command::new("false")]), None, "it can't be installed");
        assert!(!folder.exists());
        assert_eq!(install("touch other", &folder, "it", touch(&folder.join("other"))), None, "it is not in there");
        assert!(!folder.exists());
        fs::create_dir_all(&folder).unwrap();
        fs::write(&file, "a half").unwrap();
        assert_eq!(install("touch it", &folder, "it", touch(&file)), Some(file.clone()));
        assert_eq!(fs::read(&file).unwrap(), b"", "the half is gone");
        assert_eq!(install("false", &folder, "it", [Command::new("false")]), Some(file), "nothing is left to do");

        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_is_made_of_something_else_is_another_version() {
        assert_eq!(version(["grpcio==1.85.1"]), version(["grpcio==1.85.1"]));
        assert_ne!(version(["grpcio==1.85.1"]), version(["grpcio==1.85.2"]));
        assert_eq!(version(["grpcio==1.85.1"]).len(), 8);
    }

    #[test]
    fn what_is_built_of_a_folder_is_built_anew_when_a_file_of_it_changes() {
        let folder = std::env::temp_dir().join(format!("towerkit-files-{}", std::process::id()));
        assert_eq!(version_of_files(&folder), None, "there is no such folder");
        fs::create_dir_all(folder.join("deep")).unwrap();
        fs::write(folder.join("deep/main.go"), "package main").unwrap();
        let first = version_of_files(&folder);
        assert_eq!(first, version_of_files(&folder));
        fs::write(folder.join("deep/main.go"), "package other").unwrap();
        assert_ne!(first, version_of_files(&folder));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn without_its_program_nothing_is_tried() {
        let folder = std::env::temp_dir().join(format!("towerkit-none-{}", std::process::id()));
        assert_eq!(install("towerkit-no-such install", &folder, "it", touch(&folder)), None);
        assert!(!folder.exists());
    }
}
