//! Users of a file, as Apache's tool and others write it.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{Command, Stdio};
use std::task::{Context as Task, Poll, Waker};

use towerkit_auth::{Answer, Authenticator, Basic, Credentials, Htpasswd, Principal, Reason};
use towerkit_endpoint::Context;
use towerkit_testing::tool;

use crate::authenticate::{authenticate, said};
use crate::basic::field;
use crate::files::{Watched, folder};

/// By `htpasswd -nbB`: its passwords are `rosebud`.
const BCRYPT: [&str; 2] = [
    "$2y$05$oKMo9vfyA6NKZjtR4N6byOE0zUqKW0PlDMsm4TNswd2FwgEquPl1C",
    "$2y$04$Zg3mRXyiN9bt6K/yvkBYyOMUGE5x70rcgkIqMT/68ayA8mSzMYFGu",
];

/// By the reference implementation's `argon2 somesalt -e`, of the password `rosebud`.
const ARGON2: [&str; 5] = [
    "$argon2id$v=19$m=4096,t=2,p=1$c29tZXNhbHQ$w8hhZhIbA0/kkBOEDMvziSlbtXcJpGRa3HbvbsX3Sek",
    "$argon2i$v=19$m=64,t=3,p=2$c29tZXNhbHQ$LTXUt3Q8/78dldQtxrReJd5JaIpZM8Ri//fCBAFuMB4",
    "$argon2d$v=19$m=256,t=1,p=1$c29tZXNhbHQ$S1YZ2UgaZibHRei337Vcj//sZRTIzxuFm243kHttxz7guiBgAx2zOvzzVgXoaGud3gecA+dRJrHty8bzqJ6pAA",
    "$argon2i$v=16$m=256,t=1,p=1$c29tZXNhbHQ$gJZuZsfXnBmXBL6GiOq8yqzBpACAAU3IdHQPp9gIB10",
    // As it was written when there was no version.
    "$argon2i$m=256,t=1,p=1$c29tZXNhbHQ$gJZuZsfXnBmXBL6GiOq8yqzBpACAAU3IdHQPp9gIB10",
];

fn users(text: &str) -> Htpasswd {
    Htpasswd::parse(text).unwrap()
}

fn wrong(text: &str) -> String {
    Htpasswd::parse(text).unwrap_err().to_string()
}

fn basic(users: &Htpasswd) -> Basic {
    Basic::htpasswd("greeter", users.clone())
}

fn sent(user: &str, password: &str) -> Context {
    field(Credentials::basic(user, password).unwrap().value().as_bytes())
}

async fn check(users: &Htpasswd, user: &str, password: &str) -> String {
    said(&basic(users), &sent(user, password)).await
}

#[tokio::test]
async fn every_hash_that_is_taken_knows_its_password_and_no_other() {
    let [y, ..] = BCRYPT;
    let (b, a) = (y.replacen("$2y$", "$2b$", 1), y.replacen("$2y$", "$2a$", 1));
    for hash in BCRYPT.into_iter().chain(ARGON2).chain([&*b, &*a]) {
        let users = users(&format!("ada:{hash}\n"));
        assert_eq!(check(&users, "ada", "rosebud").await, "is ada", "{hash}");
        for password in ["Rosebud", "rosebu", "rosebuds", "", hash] {
            assert_eq!(check(&users, "ada", password).await, "wrong_credentials", "{hash}: {password}");
        }
    }
}

#[tokio::test]
async fn comments_blank_lines_and_line_ends_of_any_kind_are_read() {
    let [one, two] = BCRYPT;
    let users = users(&format!("# people\r\n\r\n  \nada:{one}\r\n# eve:{two}\n\tgrüße, welt:{two}"));
    assert_eq!(check(&users, "ada", "rosebud").await, "is ada");
    assert_eq!(check(&users, "grüße, welt", "rosebud").await, "is grüße, welt");
    assert_eq!(check(&users, "eve", "rosebud").await, "wrong_credentials");
}

#[tokio::test]
async fn a_file_without_users_lets_nobody_in() {
    for text in ["", "\n", "# nobody\n"] {
        assert_eq!(check(&users(text), "ada", "rosebud").await, "wrong_credentials");
    }
}

#[tokio::test]
async fn the_user_is_told_where_it_is_known_alone() {
    let users = users(&format!("ada:{}", BCRYPT[1]));
    for (user, known) in [("ada", Some("ada")), ("rosebud", None)] {
        let reason = authenticate(&basic(&users), &sent(user, "wrong")).await.unwrap().unwrap_err();
        assert!(matches!(&reason, Reason::WrongCredentials(name) if name.as_deref() == known), "{reason}");
    }
}

#[test]
fn a_hash_of_another_kind_is_an_error_that_names_the_line_and_the_kind_and_nothing_else() {
    for (hash, kind) in [
        ("$apr1$NqQorEz7$jQOkIGlBgCWy6WkPMGW/T0", "MD5 as of Apache"),
        ("$1$NqQorEz7$jQOkIGlBgCWy6WkPMGW/T0", "MD5 of crypt"),
        ("{SHA}5+pPlMtK91xmQ1ZsptldlDO4pvI=", "SHA-1"),
        ("{SSHA}5+pPlMtK91xmQ1ZsptldlDO4pvI=", "SHA-1 with a salt"),
        ("41z05KU9sS6FI", "crypt or a plain password"),
        ("rosebud", "crypt or a plain password"),
        ("", "crypt or a plain password"),
        ("$5$ZPOyCvbHtXIzQU1O$yth9/w.c/Qh9GWcJb1MY7s6dSLILhBIfRZfaqQzZaAC", "SHA-256 of crypt"),
        ("$6$gaYsa2qij8xjWkzd$b5OVSsaTsENQb57BDVpSU3W2Lhfr0wKDI9", "SHA-512 of crypt"),
        ("$y$j9T$F5Jx5fExrKuPp53xLKQ..1$tnSYvahCwPBHKZUspmcxMfb0.WiB9W.zEaKlOBL35rC", "yescrypt"),
        ("$2x$05$oKMo9vfyA6NKZjtR4N6byOE0zUqKW0PlDMsm4TNswd2FwgEquPl1C", "bcrypt with a defect"),
        ("$pbkdf2-sha256$29000$8f4fIyQEQGjN+d/bmzNGyA$a", "PBKDF2"),
        ("$rosebud$", "unknown"),
    ] {
        let error = wrong(&format!("# people\nada:{}\neve:{hash}\n", BCRYPT[0]));
        let said = format!(
            "htpasswd: line 3: the hash is of a kind that is not taken, {kind}; bcrypt is, which htpasswd -B makes, and Argon2"
        );
        assert_eq!(error, said);
    }
}

#[test]
fn a_line_that_can_not_be_read_is_an_error_without_its_content() {
    let good = format!("ada:{}\n", BCRYPT[0]);
    for (line, what) in [
        ("rosebud", "no colon ends the user"),
        (":$2y$", "the user is empty, has more than 255 bytes, or control characters"),
        ("a\u{1}da:$2y$", "the user is empty, has more than 255 bytes, or control characters"),
        ("ada:rosebud", "the hash is of a kind"),
        ("eve:$2y$05$oKMo9vfyA6NKZjtR4N6byOE0zUqKW0PlDMsm4TNswd2FwgEquPl1", "the bcrypt hash can't be read"),
        ("eve:$2y$xx$oKMo9vfyA6NKZjtR4N6byOE0zUqKW0PlDMsm4TNswd2FwgEquPl1C", "the bcrypt hash can't be read"),
        ("eve:$2y$05$oKMo9vfyA6NKZjtR4N6byOE0zUqKW0PlDMsm4TNswd2FwgEquPl1C:", "the bcrypt hash can't be read"),
        ("eve:$argon2", "the Argon2 hash can't be read"),
        ("eve:$argon2id$v=19$m=64,t=3,p=2$c29tZXNhbHQ", "the Argon2 hash can't be read"),
        (
            "eve:$argon2id$v=19$m=64,t=3$c29tZXNhbHQ$LTXUt3Q8/78dldQtxrReJd5JaIpZM8Ri//fCBAFuMB4",
            "the Argon2 hash can't be read",
        ),
        (
            "eve:$argon2ix$v=19$m=64,t=3,p=2$c29tZXNhbHQ$LTXUt3Q8/78dldQtxrReJd5JaIpZM8Ri//fCBAFuMB4",
            "the Argon2 hash can't be read",
        ),
        (
            "eve:$argon2id$v=18$m=64,t=3,p=2$c29tZXNhbHQ$LTXUt3Q8/78dldQtxrReJd5JaIpZM8Ri//fCBAFuMB4",
            "the Argon2 hash can't be read",
        ),
        (
            "eve:$argon2id$v=19$m=4,t=3,p=2$c29tZXNhbHQ$LTXUt3Q8/78dldQtxrReJd5JaIpZM8Ri//fCBAFuMB4",
            "the Argon2 hash can't be read",
        ),
    ] {
        let error = wrong(&format!("{good}{line}\n"));
        assert!(error.starts_with(&format!("htpasswd: line 2: {what}")), "{line}: {error}");
        assert!(!error.contains("rosebud") && !error.contains("LTXU") && !error.contains("oKMo"), "{error}");
    }
    let path = folder().join("no-text");
    std::fs::write(&path, [good.as_bytes(), b"\xff:x"].concat()).unwrap();
    assert!(Htpasswd::open(&path).unwrap_err().to_string().ends_with("no-text: line 2: it is no UTF-8"));
}

#[test]
fn a_user_who_stands_there_twice_is_an_error() {
    let [one, two] = BCRYPT;
    let error = wrong(&format!("ada:{one}\neve:{one}\nada:{two}\n"));
    assert_eq!(error, "htpasswd: line 3: the user stands in line 1 already");
}

#[test]
fn a_hash_that_would_take_the_server_down_is_an_error() {
    let bcrypt = |cost: &str| format!("ada:{}", BCRYPT[0].replacen("$05$", &format!("${cost}$"), 1));
    for (cost, taken) in [("03", false), ("04", true), ("15", true), ("16", false), ("31", false), ("99", false)] {
        assert_eq!(Htpasswd::parse(&bcrypt(cost)).is_ok(), taken, "{cost}");
    }
    assert_eq!(wrong(&bcrypt("16")), "htpasswd: line 1: the cost of the bcrypt hash, 16, is not one of 4 to 15");
    let argon2 = |params: &str| format!("ada:{}", ARGON2[0].replacen("m=4096,t=2,p=1", params, 1));
    for (params, taken) in [
        ("m=1048576,t=4,p=1", true),
        ("m=1048576,t=5,p=1", false),
        ("m=1048577,t=1,p=1", false),
        ("m=8,t=524288,p=1", true),
        ("m=8,t=524289,p=1", false),
        ("m=4294967295,t=4294967295,p=16777215", false),
        ("m=4294967296,t=1,p=1", false),
    ] {
        assert_eq!(Htpasswd::parse(&argon2(params)).is_ok(), taken, "{params}");
    }
}

#[test]
fn a_file_of_too_many_users_is_an_error() {
    let lines: String = (0..=100_000).map(|number| format!("{number}:{}\n", BCRYPT[0])).collect();
    assert_eq!(wrong(&lines), "htpasswd: it has more than 100000 users");
}

#[tokio::test]
async fn a_password_that_bcrypt_would_cut_is_refused() {
    // By `htpasswd -nbB ada`, of 80 times an a: it has cut it.
    let users = users("ada:$2y$05$lWQQsPgUH1zfUYxeBF.OF.hsdJpZQdZUG4yztpLHJimJ6QxyaH/gu");
    assert_eq!(check(&users, "ada", &"a".repeat(72)).await, "is ada");
    for length in [73, 80, 1000] {
        let reason = authenticate(&basic(&users), &sent("ada", &"a".repeat(length))).await.unwrap().unwrap_err();
        assert_eq!(
            reason.to_string(),
            "the credentials can't be read: the password has more than the 72 bytes that bcrypt reads"
        );
    }
}

#[tokio::test]
async fn argon2_reads_a_password_to_its_end() {
    let users = users(&format!("ada:{}", ARGON2[0]));
    assert_eq!(check(&users, "ada", &format!("rosebud{}", "a".repeat(1000))).await, "wrong_credentials");
}

type Outcome = Pin<Box<dyn Future<Output = Result<Principal, Reason>> + Send>>;

/// A future that an authenticator made, polled once; and whether it waits.
fn begin(by: &Basic, context: &Context) -> (Outcome, bool) {
    let Some(Answer::Later(mut outcome)) = by.authenticate(context) else { panic!("it is not later") };
    let pending = match outcome.as_mut().poll(&mut Task::from_waker(Waker::noop())) {
        Poll::Pending => true,
        Poll::Ready(outcome) => {
            assert!(matches!(outcome, Err(Reason::Overloaded)), "{outcome:?}");
            false
        }
    };
    (outcome, pending)
}

#[tokio::test]
async fn whoever_comes_when_too_many_wait_is_refused_at_once() {
    let basic = basic(&users(&format!("ada:{}", BCRYPT[0])).max_running(1).max_waiting(1));
    let ada = sent("ada", "rosebud");
    let (first, pending) = begin(&basic, &ada);
    assert!(pending);
    let (second, pending) = begin(&basic, &ada);
    assert!(pending);
    let (_, pending) = begin(&basic, &ada);
    assert!(!pending, "a third one waits");
    // One that waits gives its place back.
    drop(second);
    let (second, pending) = begin(&basic, &ada);
    assert!(pending);
    assert_eq!(first.await.unwrap().subject(), "ada");
    assert_eq!(second.await.unwrap().subject(), "ada");
    let (third, _) = begin(&basic, &ada);
    assert_eq!(third.await.unwrap().subject(), "ada");
}

#[tokio::test]
async fn the_limits_are_shared_by_clones() {
    let users = users(&format!("ada:{}", BCRYPT[0])).max_running(1).max_waiting(0);
    let (one, two, ada) = (basic(&users), basic(&users), sent("ada", "rosebud"));
    let (first, _) = begin(&one, &ada);
    assert!(!begin(&two, &ada).1);
    assert_eq!(first.await.unwrap().subject(), "ada");
}

#[tokio::test]
async fn a_clone_whose_limits_are_set_has_ones_of_its_own() {
    let users = users(&format!("ada:{}", BCRYPT[0])).max_running(1).max_waiting(0);
    let (one, two, ada) = (basic(&users), basic(&users.clone().max_waiting(0)), sent("ada", "rosebud"));
    let (first, _) = begin(&one, &ada);
    let (second, pending) = begin(&two, &ada);
    assert!(pending);
    assert_eq!(first.await.unwrap().subject(), "ada");
    assert_eq!(second.await.unwrap().subject(), "ada");
}

#[tokio::test(flavor = "current_thread")]
async fn other_tasks_of_the_thread_go_on_while_a_hash_is_computed() {
    let basic = basic(&users(&format!("ada:{}", BCRYPT[0])));
    let checking = tokio::spawn(async move { said(&basic, &sent("ada", "rosebud")).await });
    let mut turns = 0;
    while !checking.is_finished() {
        tokio::task::yield_now().await;
        turns += 1;
    }
    assert_eq!(checking.await.unwrap(), "is ada");
    assert!(turns > 10, "{turns}");
}

#[test]
fn without_a_runtime_it_can_not_be_said() {
    let basic = basic(&users(&format!("ada:{}", BCRYPT[0])));
    let Some(Answer::Later(mut outcome)) = basic.authenticate(&sent("ada", "rosebud")) else {
        panic!("it is not later")
    };
    let outcome = outcome.as_mut().poll(&mut Task::from_waker(Waker::noop()));
    assert!(matches!(outcome, Poll::Ready(Err(Reason::Unavailable(_)))), "{outcome:?}");
}

#[test]
fn secrets_are_not_in_what_debug_shows() {
    let users = users(&format!("ada:{}", BCRYPT[0]));
    let shown = format!("{users:?} {:?}", basic(&users));
    assert!(!shown.contains("oKMo") && !shown.contains("ada"), "{shown}");
}

fn htpasswd(program: &Path, arguments: &[&str], file: &Path, user: &str, password: &str) {
    let mut command = Command::new(program);
    command.args(arguments).arg("-b").arg(file).args([user, password]).stderr(Stdio::null());
    assert!(command.status().unwrap().success());
}

#[tokio::test]
async fn a_file_of_the_real_tool_is_read_and_read_again_when_the_tool_has_changed_it() {
    let test = "a_file_of_the_real_tool_is_read_and_read_again_when_the_tool_has_changed_it";
    let Some(program) = tool::find("htpasswd", test) else { return };
    let file: PathBuf = folder().join("users");
    htpasswd(&program, &["-c", "-B"], &file, "ada", "rosebud");
    htpasswd(&program, &["-B", "-C", "4"], &file, "eve", "pässwort: mit Leerzeichen");

    let users = Htpasswd::open(&file).unwrap();
    assert_eq!(check(&users, "ada", "rosebud").await, "is ada");
    assert_eq!(check(&users, "eve", "pässwort: mit Leerzeichen").await, "is eve");
    assert_eq!(check(&users, "eve", "rosebud").await, "wrong_credentials");

    let mut watched = Watched::start(users.watch());
    htpasswd(&program, &["-B"], &file, "ada", "sled");
    assert!(watched.told().await.ends_with("users: read again"));
    assert_eq!(check(&users, "ada", "rosebud").await, "wrong_credentials");
    assert_eq!(check(&users, "ada", "sled").await, "is ada");

    // What the tool makes without -B is not taken, and what was there before is kept.
    for (arguments, kind) in
        [("-m", "MD5 as of Apache"), ("-s", "SHA-1"), ("-d", "crypt"), ("-p", "plain"), ("-5", "SHA-512")]
    {
        htpasswd(&program, &[arguments], &file, "eve", "sled1");
        let told = watched.told().await;
        assert!(told.contains(kind) && told.contains("line 2") && told.ends_with("is kept"), "{told}");
        assert!(!told.contains("sled"), "{told}");
        assert_eq!(check(&users, "eve", "pässwort: mit Leerzeichen").await, "is eve");
    }
    let mut deleted = Command::new(&program);
    assert!(deleted.arg("-D").arg(&file).arg("eve").stderr(Stdio::null()).status().unwrap().success());
    assert!(watched.told().await.ends_with("users: read again"));
    assert_eq!(check(&users, "eve", "pässwort: mit Leerzeichen").await, "wrong_credentials");
    watched.stop().await;
}

#[tokio::test]
async fn hashes_of_the_reference_implementation_of_argon2_are_known() {
    let Some(program) = tool::find("argon2", "hashes_of_the_reference_implementation_of_argon2_are_known") else {
        return;
    };
    for kind in ["-id", "-i", "-d"] {
        for version in ["10", "13"] {
            for (memory, passes, lanes, length) in
                [("10", "1", "1", "32"), ("6", "3", "4", "64"), ("8", "2", "2", "16")]
            {
                let mut command = Command::new(&program);
                command.args(["another salt", kind, "-e", "-v", version]);
                command.args(["-m", memory, "-t", passes, "-p", lanes, "-l", length]);
                let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
                std::io::Write::write_all(&mut child.stdin.take().unwrap(), "pässwort".as_bytes()).unwrap();
                let hash = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
                let users = users(&format!("ada:{hash}"));
                assert_eq!(check(&users, "ada", "pässwort").await, "is ada", "{hash}");
                assert_eq!(check(&users, "ada", "passwort").await, "wrong_credentials", "{hash}");
            }
        }
    }
}
