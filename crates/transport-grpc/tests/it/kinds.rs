use futures_util::StreamExt;
use towerkit_endpoint::Endpoint;

use crate::site::{Number, Texts, both, texts};

#[tokio::test]
async fn one_message_is_answered_by_one() {
    for site in both(&Texts::new()).await {
        assert_eq!(site.texts().shout.invoke(Text("a")).await.unwrap().text, "A");
    }
}

#[tokio::test]
async fn one_message_is_answered_by_a_stream() {
    for site in both(&Texts::new()).await {
        for n in [0, 1, 5000] {
            let numbers = site.texts().count.invoke(Number { n }).await.unwrap();
            let numbers: Vec<_> = numbers.map(|number| number.unwrap().n).collect().await;
            assert_eq!(numbers, (0..n).collect::<Vec<_>>());
        }
    }
}

#[tokio::test]
async fn a_stream_is_answered_by_one_message() {
    for site in both(&Texts::new()).await {
        assert_eq!(site.texts().join.invoke(texts(["a", "b", "c"])).await.unwrap().text, "a b c");
        assert_eq!(site.texts().join.invoke(texts([])).await.unwrap().text, "");
    }
}

#[tokio::test]
async fn a_stream_is_answered_by_a_stream_while_it_comes() {
    for site in both(&Texts::new()).await {
        let (send, receive) = tokio::sync::mpsc::channel(1);
        let questions = futures_util::stream::unfold(receive, |mut receive| async {
            let text: &str = receive.recv().await?;
            Some((Ok(text.into()), receive))
        });
        let mut answers = site.texts().shout_each.invoke(boxed(questions)).await.unwrap();
        for (question, answer) in [("a", "A"), ("b", "B"), ("c", "C")] {
            // Each is answered before the next is asked.
            send.send(question).await.unwrap();
            assert_eq!(answers.next().await.unwrap().unwrap().text, answer);
        }
        drop(send);
        assert!(answers.next().await.is_none());
    }
}

#[tokio::test]
async fn messages_of_a_megabyte_pass_both_ways() {
    for site in both(&Texts::new()).await {
        let big = "a".repeat(1 << 20);
        let endpoints = site.texts();
        assert_eq!(endpoints.shout.invoke(Text(&big)).await.unwrap().text, big.to_uppercase());
        let answers = endpoints.shout_each.invoke(texts([&big, "b", &big])).await.unwrap();
        let lengths: Vec<_> = answers.map(|answer| answer.unwrap().text.len()).collect().await;
        assert_eq!(lengths, [1 << 20, 1, 1 << 20]);
    }
}

#[expect(non_snake_case, reason = "it reads as the message")]
fn Text(text: &str) -> crate::site::Text {
    text.into()
}

fn boxed<S>(stream: S) -> towerkit_endpoint::BoxStream<crate::site::Text>
where
    S: futures_util::Stream<Item = Result<crate::site::Text, towerkit_endpoint::Error>> + Send + 'static,
{
    Box::pin(stream)
}
