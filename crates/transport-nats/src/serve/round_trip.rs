use async_nats::{Client, Request, RequestErrorKind};
use bytes::Bytes;

/// Waits until the server has seen all that was sent to it before, and what it sent before its answer is here: whether it is so.
///
/// It asks where nobody listens, which the server answers itself, on the same connection and in order.
pub(crate) async fn round_trip(client: Client) -> bool {
    let nowhere = client.new_inbox();
    let asked = client.send_request(nowhere, Request::new().payload(Bytes::new()).timeout(None)).await;
    asked.is_err_and(|error| error.kind() == RequestErrorKind::NoResponders)
}
