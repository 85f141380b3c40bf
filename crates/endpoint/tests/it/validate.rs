//! Messages that break their rules.

use garde::Validate;
use tower::{Layer, ServiceBuilder};
use towerkit_endpoint::{BoxError, Code, Endpoint, Error, InvalidMessage, Request, ValidateLayer, endpoint_fn};
use towerkit_testing::contract::Contract;
use towerkit_testing::probe::{Probe, ProbeError, ProbeHandle};

#[derive(Clone, Validate)]
struct Order {
    #[garde(length(min = 1, max = 10))]
    customer: String,
    #[garde(dive)]
    items: Vec<Item>,
}

#[derive(Clone, Validate)]
struct Item {
    #[garde(range(min = 1))]
    price: u32,
}

fn order(customer: &str, prices: &[u32]) -> Order {
    Order { customer: customer.to_owned(), items: prices.iter().map(|price| Item { price: *price }).collect() }
}

async fn place(order: Order) -> Result<usize, Error> {
    let endpoint = endpoint_fn(|order: Order| async move { Ok::<_, Error>(order.items.len()) });
    ServiceBuilder::new().layer(ValidateLayer::new()).service(endpoint).invoke(order).await
}

#[tokio::test]
async fn a_good_message_passes() {
    assert_eq!(place(order("ada", &[1, 2])).await.unwrap(), 2);
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once_with_its_place() {
    let error = place(order("", &[0, 1, 0])).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    let fields: Vec<_> = error.violations().iter().map(|violation| &*violation.field).collect();
    assert_eq!(fields, ["customer", "items[0].price", "items[2].price"]);
    assert!(error.message().starts_with("customer: ") && error.message().contains("; items[2].price: "), "{error}");
}

#[tokio::test]
async fn a_long_list_of_faults_is_cut_and_the_rest_is_counted() {
    let error = place(order("ada", &[0; 5000])).await.unwrap_err();
    assert_eq!(error.violations().len(), InvalidMessage::MOST);
    assert!(error.message().ends_with("; and 4997 more"), "{error}");
}

#[tokio::test]
async fn a_foreign_layer_that_boxes_it_takes_the_code_not_away() {
    let endpoint = endpoint_fn(|_: Order| async { Ok::<_, BoxError>(()) });
    let stack = ServiceBuilder::new().layer(ValidateLayer::new()).service(endpoint);
    let error = stack.invoke(order("", &[])).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
}

type Strict = Probe<Request<Order>, (), Error>;

fn probe() -> (Strict, ProbeHandle) {
    Probe::with_errors(|_: Request<Order>| (), |why: ProbeError| Error::from(BoxError::from(why)))
}

#[tokio::test(start_paused = true)]
async fn the_layer_keeps_the_laws() {
    let good = || Request::new(order("ada", &[1]));
    Contract::with_probe(probe, |probe| ValidateLayer::new().layer(probe), good).check().await;
}
