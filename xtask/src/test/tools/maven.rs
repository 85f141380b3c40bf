//! Java's programs: small projects of this repository, in `xtask/tools`, that Maven builds with what they depend on.

use std::path::PathBuf;

use super::once;
use crate::workspace;

/// The jar of a project, which has the project's name.
pub fn jar(project: &str) -> Option<PathBuf> {
    let sources = workspace::root().join("xtask/tools").join(project);
    let folder = once::folder("maven", project, &once::version_of_files(&sources)?);
    let mut mvn = workspace::command("mvn");
    mvn.args(["--quiet", "--batch-mode", "-DskipTests", "package"]);
    mvn.arg("--file").arg(sources.join("pom.xml")).arg(format!("-Dbuilt={}", folder.display()));
    once::install(&format!("mvn package of xtask/tools/{project}"), &folder, &format!("{project}.jar"), [mvn])
}
