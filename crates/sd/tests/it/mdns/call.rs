//! From what a peer announces to a call on a real socket.

use towerkit_endpoint::Endpoint;

use super::peer::Peer;
use super::{there_is_multicast, with_all};
use crate::support::{greet, greeter, until};

#[tokio::test]
async fn an_instance_of_the_neutral_peer_is_called_over_a_real_socket() {
    let test = "an_instance_of_the_neutral_peer_is_called_over_a_real_socket";
    let Some(peer) = Peer::find(test) else { return };
    if !there_is_multicast(test) {
        return;
    }
    let _peer = peer.register("_towerkit-e._tcp.local.", "greeter", greeter("hello"), 120, &[]).await;
    let mut instancer = with_all().service("towerkit-e").unwrap().instancer();
    until(&mut instancer, "it is there", |state| state.instances().len() == 1).await;
    assert_eq!(greet(instancer).invoke(()).await.unwrap(), "hello");
}
