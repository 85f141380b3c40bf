use crate::running::Addsvc;

#[test]
fn sum_and_concat_answer_as_go_kits_do_at_any_path() {
    let addsvc = Addsvc::start(&[]);
    for path in ["/", "/rpc", "/a/b"] {
        let sum = r#"{"jsonrpc":"2.0","id":1,"method":"sum","params":{"A":1,"B":2}}"#;
        let answer = r#"{"jsonrpc":"2.0","result":{"v":3},"id":1}"#;
        assert_eq!(Addsvc::post_to(addsvc.json_rpc, path, sum), (200, answer.to_owned()));
    }
    let concat = r#"{"jsonrpc":"2.0","id":"x","method":"concat","params":["a","b"]}"#;
    let answer = r#"{"jsonrpc":"2.0","result":{"v":"ab"},"id":"x"}"#;
    assert_eq!(Addsvc::post_to(addsvc.json_rpc, "/", concat), (200, answer.to_owned()));
}

#[test]
fn a_business_error_says_why() {
    let addsvc = Addsvc::start(&[]);
    let sum = r#"{"jsonrpc":"2.0","id":1,"method":"sum","params":[0,0]}"#;
    let (status, answer) = Addsvc::post_to(addsvc.json_rpc, "/", sum);
    assert_eq!(status, 200);
    assert!(answer.contains(r#""message":"can't sum two zeroes""#), "{answer}");
}
