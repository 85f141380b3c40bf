use std::path::PathBuf;
use std::time::Duration;

use towerkit_auth::{Access, Answer, Casbin, Policy, Principal, Scheme};
use towerkit_lifecycle::{FileEvent, Lifeline, Member};
use towerkit_testing::events::Events;

use crate::authentication_support::of;
use crate::casbin::basic;

/// Two files of their own.
fn files(name: &str, rules: &str) -> (PathBuf, PathBuf) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("casbin-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (model, policy) = (folder.join("model.conf"), folder.join("policy.csv"));
    std::fs::write(&model, basic()).unwrap();
    std::fs::write(&policy, rules).unwrap();
    (model, policy)
}

#[test]
fn a_file_that_cant_be_used_is_told_by_its_name() {
    let (model, policy) = files("errors", "p, ada, sum\n");
    let error = Casbin::open(&model, &policy).err().unwrap();
    assert_eq!(error.path(), policy);
    assert!(error.to_string().ends_with("policy.csv: line 1: it has 2 fields behind its kind, and the model wants 3"));
    std::fs::write(&policy, [0xff, 0xfe]).unwrap();
    assert!(Casbin::open(&model, &policy).err().unwrap().to_string().ends_with("it is no text in UTF-8"));
    assert_eq!(Casbin::open(policy.join("x"), &policy).err().unwrap().path(), policy.join("x"));
}

#[tokio::test]
async fn files_that_change_are_read_again_and_bad_ones_are_told_and_not_used() {
    const SOON: Duration = Duration::from_secs(20);
    let (model, policy) = files("watch", "p, ada, sum, call\n");
    let casbin = Casbin::open(&model, &policy).unwrap();
    let may = |operation: &str| {
        let request = of(Principal::new(Scheme::Basic, "ada"), ());
        matches!(casbin.decide(&Access::new(operation, &request)), Answer::Now(Ok(())))
    };
    let events = Events::new();
    let told = events.clone();
    let (lifeline, stopper) = Lifeline::detached();
    let watch = casbin.watch().interval(Duration::from_millis(5)).on_event(move |event| {
        told.push(format!("{} {event}", matches!(event, FileEvent::Reloaded(_))));
    });
    let running = tokio::spawn(watch.run(lifeline));

    std::fs::write(&policy, "p, ada, reset, call\n").unwrap();
    events.wait_len(1, SOON).await;
    assert!(events.take()[0].starts_with("true "));
    assert!(may("reset") && !may("sum"));

    std::fs::write(&policy, "p, ada, sum, call\np, ada, erase\n").unwrap();
    events.wait_len(1, SOON).await;
    let failed = events.take();
    assert!(failed[0].starts_with("false ") && failed[0].contains("policy.csv: line 2: "), "{failed:?}");
    assert!(may("reset") && !may("sum"), "the one before is kept, whole");

    // An empty file is half a file.
    std::fs::write(&policy, "").unwrap();
    events.wait_len(1, SOON).await;
    assert!(events.take()[0].contains("it has no rule"));
    assert!(may("reset"));

    std::fs::write(&model, basic().replace(" && r.act == p.act", "")).unwrap();
    std::fs::write(&policy, "p, ada, sum, whatever\n").unwrap();
    events.wait_for(|events| events.iter().any(|event| event.starts_with("true ")), SOON).await;
    assert!(may("sum") && !may("reset"));

    stopper.stop(SOON);
    running.await.unwrap().unwrap();
}
