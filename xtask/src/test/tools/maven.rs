//! Java's programs: small projects of this repository, in `xtask/tools`, that Maven builds with what they depend on.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::once;
use crate::workspace;

/// The jar of a project, which has the project's name.
pub fn jar(project: &str) -> Option<PathBuf> {
    let sources = workspace::root().join("xtask/tools").join(project);
    let version = match read(&sources) {
        Ok(files) => once::version(&files),
        Err(error) => {
            println!("could not be built: {project}: {error:#}");
            return None;
        }
    };
    let folder = once::folder("maven", project, &version);
    let mut mvn = workspace::command("mvn");
    mvn.args(["--quiet", "--batch-mode", "-DskipTests", "package"]);
    mvn.arg("--file").arg(sources.join("pom.xml")).arg(format!("-Dbuilt={}", folder.display()));
    once::install(&format!("mvn package of xtask/tools/{project}"), &folder, &format!("{project}.jar"), [mvn])
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
