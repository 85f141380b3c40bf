use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use towerkit_endpoint::{Code, Endpoint, Error, endpoint_fn};
use towerkit_sd::Endpointer;
use towerkit_sd::balancer::RoundRobin;

use super::peer::Peer;
use super::server::Server;
use super::{eureka, watched};
use crate::support::{LONG, until_addresses};

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_of_the_python_client_is_seen_and_called_until_it_dies() {
    let test = "an_instance_of_the_python_client_is_seen_and_called_until_it_dies";
    let Some(server) = Server::shared(test) else { return };
    let Some(peer) = Peer::find(server.port(), test) else { return };
    let mut seen = watched(&eureka(server.port()), "snake").instancer();
    let process = peer.serve("snake");

    let found = tokio::time::timeout(LONG, async {
        loop {
            if let [one] = seen.changed().await.instances() {
                return one.clone();
            }
        }
    });
    let found = found.await.unwrap_or_else(|_| panic!("it was not seen; it said {}", process.said()));
    assert_eq!((found.host(), found.zone(), found.label("team")), ("127.0.0.1", Some("z1"), Some("snakes")));

    let snake = Endpointer::new(seen.clone(), |instance| Ok(instance.address().to_owned()));
    let name = snake.balance(RoundRobin::new(), |address: &String| {
        let address = address.clone();
        endpoint_fn(move |_: ()| {
            let address = address.clone();
            async move {
                let mut said = String::new();
                let mut stream =
                    TcpStream::connect(address).await.map_err(|_| Error::new(Code::Unavailable, "refused"))?;
                stream.read_to_string(&mut said).await.map_err(|_| Error::new(Code::Unavailable, "broken"))?;
                Ok::<_, Error>(said)
            }
        })
    });
    assert_eq!(name.invoke(()).await.expect("it answers"), "python");
    process.kill();
    until_addresses(&mut seen, &[]).await;
}
