//! jayson, another implementation, on the other side.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use towerkit_endpoint::{Code, Context, Endpoint};
use towerkit_testing::tool::find;
use towerkit_transport_http::Pool;
use towerkit_transport_http::json_rpc::{ErrorObject, Remote};

use crate::site::Site;

/// Makes single calls, a batch and a notification, and prints what it got for each as a line.
const CLIENT: &str = r"
const jayson = require('jayson/promise');
const client = jayson.Client.http(process.argv[1]);
(async () => {
  const say = (reply) => console.log(JSON.stringify(reply === undefined ? null : reply));
  say(await client.request('subtract', [42, 23], 1));
  say(await client.request('subtract', {minuend: 42, subtrahend: 23}, 'two'));
  say(await client.request('nothing', [], 3));
  say(await client.request('update', [1, 2], null));
  say(await client.request([
    client.request('sum', [1, 2, 4], 'a', false),
    client.request('update', [7], null, false),
    client.request('get_data', [], 'b', false),
  ]));
})().catch((error) => { console.error(error); process.exit(1); });
";

const SERVER: &str = r"
const jayson = require('jayson');
const server = new jayson.Server({
  sum: (args, done) => done(null, args.reduce((a, b) => a + b, 0)),
  named: ({a, b}, done) => done(null, a - b),
  fail: (args, done) => done({code: 7001, message: 'sold out', data: {left: 0}}),
  hear: (args, done) => { heard = args; done(); },
  heard: (args, done) => done(null, heard),
});
let heard = null;
const http = server.http();
http.listen(0, '127.0.0.1', () => console.log(http.address().port));
";

fn node(node: &Path, jayson: &Path, script: &str) -> Command {
    let mut command = Command::new(node);
    command.env("NODE_PATH", jayson.parent().unwrap()).arg("-e").arg(script).stdin(Stdio::null());
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_of_another_make_calls_our_methods() {
    const TEST: &str = "a_client_of_another_make_calls_our_methods";
    let (Some(program), Some(jayson)) = (find("node", TEST), find("jayson", TEST)) else { return };
    let site = Site::start().await;
    let mut command = node(&program, &jayson, CLIENT);
    command.arg(site.url());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines[2]["error"].as_object_mut().unwrap().remove("data");
    let expected = [
        json!({"jsonrpc":"2.0","result":19,"id":1}),
        json!({"jsonrpc":"2.0","result":19,"id":"two"}),
        json!({"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":3}),
        json!(null),
        json!([{"jsonrpc":"2.0","result":7,"id":"a"},{"jsonrpc":"2.0","result":["hello",5],"id":"b"}]),
    ];
    assert_eq!(lines, expected);
    assert_eq!(site.told.snapshot(), [json!([1, 2]), json!([7])]);
}

#[tokio::test]
async fn our_client_calls_a_server_of_another_make() {
    const TEST: &str = "our_client_calls_a_server_of_another_make";
    let (Some(program), Some(jayson)) = (find("node", TEST), find("jayson", TEST)) else { return };
    let mut command = tokio::process::Command::from(node(&program, &jayson, SERVER));
    let mut server = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let port = lines.next_line().await.unwrap().expect("the server says its port");

    let remote = Remote::new(&Pool::new(), &format!("http://127.0.0.1:{port}")).unwrap();
    assert_eq!(remote.method::<_, i64>("sum").invoke([1, 2, 4]).await.unwrap(), 7);
    assert_eq!(remote.method::<_, i64>("named").invoke(json!({"a": 5, "b": 3})).await.unwrap(), 2);
    let error = remote.method::<_, i64>("fail").invoke(()).await.unwrap_err();
    let object = error.find::<ErrorObject>().unwrap();
    assert_eq!((error.code(), object.code(), object.data()), (Code::Unknown, 7001, Some(r#"{"left":0}"#)));
    assert_eq!(remote.method::<_, i64>("none").invoke(()).await.unwrap_err().code(), Code::Unimplemented);

    remote.notification("hear").invoke(("it",)).await.unwrap();
    let mut batch = remote.batch();
    let heard = batch.call::<(String,)>("heard", &()).unwrap();
    let sum = batch.call::<i64>("sum", &[1]).unwrap();
    let none = batch.call::<i64>("none", &()).unwrap();
    let mut replies = batch.send(Context::new()).await.unwrap();
    assert_eq!(replies.take(heard).unwrap(), ("it".to_owned(),));
    assert_eq!(replies.take(sum).unwrap(), 1);
    assert_eq!(replies.take(none).unwrap_err().code(), Code::Unimplemented);
    server.kill().await.unwrap();
}
