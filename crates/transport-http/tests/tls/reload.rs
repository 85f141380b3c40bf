//! Certificates that change while the server runs.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use towerkit_endpoint::Endpoint;
use towerkit_lifecycle::{Lifeline, Member};

use crate::certs::Authority;
use crate::site::{Site, soon};

fn copy(from: &Authority, to: &Authority, name: &str) {
    std::fs::copy(from.cert(name), to.cert(name)).unwrap();
    std::fs::copy(from.key(name), to.key(name)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_under_load_loses_no_call_and_new_connections_see_the_new_certificate() {
    let (authority, next) = (Authority::with_both(), Authority::with_both());
    let tls = authority.server();
    let reloader = tls.reloader();
    let site = Site::start(tls).await;
    let done = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicUsize::new(0));
    let old = site.call(authority.trusting(), "/who");
    let load: Vec<_> = (0..4)
        .map(|number| {
            let (old, done, answered) = (old.clone(), done.clone(), answered.clone());
            // Two keep their connection, two make new ones and trust both authorities.
            let roots = [authority.ca(), next.ca()].map(|ca| std::fs::read_to_string(ca).unwrap()).concat();
            let both = towerkit_transport_http::tls::ClientTls::roots_pem(roots).unwrap();
            let url = site.url();
            tokio::spawn(async move {
                while !done.load(Ordering::Relaxed) {
                    let call = if number < 2 {
                        old.clone()
                    } else {
                        crate::site::call(towerkit_transport_http::Pool::builder().tls(both.clone()), &url, "/who")
                    };
                    soon(call.invoke(())).await.unwrap();
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let more = |than: usize| {
        let answered = answered.clone();
        async move {
            while answered.load(Ordering::Relaxed) < than {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    };
    soon(more(100)).await;
    copy(&next, &authority, "server");
    reloader.reload().unwrap();
    soon(more(answered.load(Ordering::Relaxed) + 100)).await;
    // The old one is trusted no more where the connection is new, and the connection that is open goes on.
    soon(site.call(authority.trusting(), "/who").invoke(())).await.unwrap_err();
    soon(site.call(next.trusting(), "/who").invoke(())).await.unwrap();
    soon(old.invoke(())).await.unwrap();
    done.store(true, Ordering::Relaxed);
    for load in load {
        load.await.unwrap();
    }
}

#[tokio::test]
async fn the_authorities_for_clients_are_read_again_too() {
    let (authority, next) = (Authority::with_both(), Authority::with_both());
    let tls = authority.mutual();
    let reloader = tls.reloader();
    let site = Site::start(tls).await;
    let stranger = || authority.trusting().identity_pem_files(next.cert("cart"), next.key("cart")).unwrap();
    let cart = authority.cart();
    let known = site.call(cart.clone(), "/who");
    soon(known.invoke(())).await.unwrap();
    soon(site.call(stranger(), "/who").invoke(())).await.unwrap_err();
    let strange = stranger();
    std::fs::copy(next.ca(), authority.ca()).unwrap();
    reloader.reload().unwrap();
    soon(site.call(strange, "/who").invoke(())).await.unwrap();
    // Also one that has a session to resume is checked anew.
    soon(site.call(cart, "/who").invoke(())).await.unwrap_err();
    soon(known.invoke(())).await.unwrap();
}

#[tokio::test]
async fn a_clients_certificate_is_read_again() {
    let (authority, next) = (Authority::with_both(), Authority::with_both());
    let tls = next.server().client_ca_pem_file(next.ca()).unwrap();
    let site = Site::start(tls).await;
    std::fs::copy(next.ca(), authority.ca()).unwrap();
    let client = authority.cart();
    soon(site.call(client.clone(), "/who").invoke(())).await.unwrap_err();
    copy(&next, &authority, "cart");
    client.reloader().reload().unwrap();
    soon(site.call(client, "/who").invoke(())).await.unwrap();
}

#[tokio::test]
async fn a_bad_file_keeps_what_was_there_and_says_which_it_is() {
    let authority = Authority::with_both();
    let tls = authority.server();
    let reloader = tls.reloader();
    let site = Site::start(tls).await;
    std::fs::copy(authority.key("cart"), authority.key("server")).unwrap();
    let error = reloader.reload().unwrap_err();
    assert!(error.to_string().contains("server.key: the key does not belong to the certificate"), "{error}");
    std::fs::write(authority.cert("server"), "nothing").unwrap();
    let error = reloader.reload().unwrap_err();
    assert!(error.to_string().contains("server.pem: holds no certificate"), "{error}");
    soon(site.call(authority.trusting(), "/who").invoke(())).await.unwrap();
}

#[tokio::test]
async fn files_that_are_watched_are_read_when_they_change_and_a_failure_is_told_once() {
    let (authority, next) = (Authority::with_both(), Authority::with_both());
    let tls = authority.server();
    let events = watch::Sender::new(Vec::<String>::new());
    let telling = events.clone();
    let watching = tls
        .watch()
        .interval(Duration::from_millis(5))
        .on_event(move |event| telling.send_modify(|events| events.push(event.to_string())));
    let site = Site::start(tls).await;
    let (lifeline, stopper) = Lifeline::detached();
    let running = tokio::spawn(watching.run(lifeline));
    soon(stopper.ready()).await;
    let count = |count: usize| {
        let mut events = events.subscribe();
        async move { soon(events.wait_for(|events| events.len() >= count)).await.unwrap().clone() }
    };

    replace(&authority.cert("server"), "nothing");
    assert!(count(1).await[0].contains("server.pem: holds no certificate"), "{:?}", count(1).await);
    soon(site.call(authority.trusting(), "/who").invoke(())).await.unwrap();

    // It looks on some ten times more.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(events.borrow().len(), 1, "{:?}", events.borrow());
    copy(&next, &authority, "server");
    let mut last = events.subscribe();
    let read = format!("{}, {}: read again", authority.cert("server").display(), authority.key("server").display());
    let good = last.wait_for(|events| events.last() == Some(&read));
    drop(soon(good).await.unwrap());
    soon(site.call(next.trusting(), "/who").invoke(())).await.unwrap();

    stopper.stop(Duration::from_secs(1));
    soon(running).await.unwrap().unwrap();
}

fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, path).unwrap();
}
