//! Every interleaving of the budget's lock-free part, by loom: the very file that the library is built of.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod sync {
    pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};
}
#[path = "../../src/budget/tokens.rs"]
mod tokens;

use loom::sync::Arc;
use loom::thread;

use self::tokens::{ONE, Tokens};

/// Runs each task on a thread of its own, and sums what they return.
fn sum<const N: usize>(tokens: &Arc<Tokens>, tasks: [fn(&Tokens) -> u64; N]) -> u64 {
    let threads: Vec<_> = tasks
        .into_iter()
        .map(|task| {
            let tokens = Arc::clone(tokens);
            thread::spawn(move || task(&tokens))
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).sum()
}

fn withdraw(tokens: &Tokens) -> u64 {
    u64::from(tokens.withdraw())
}

fn deposit_half(tokens: &Tokens) -> u64 {
    tokens.deposit(ONE / 2);
    0
}

fn deposit_most(tokens: &Tokens) -> u64 {
    tokens.deposit(ONE * 3 / 4);
    0
}

fn withdraw_and_give_back(tokens: &Tokens) -> u64 {
    if tokens.withdraw() {
        tokens.deposit(ONE);
    }
    0
}

#[test]
fn one_token_is_given_to_one_only() {
    loom::model(|| {
        let tokens = Arc::new(Tokens::new(ONE));
        assert_eq!(sum(&tokens, [withdraw, withdraw]), 1);
        assert_eq!(tokens.balance(), 0);
    });
}

#[test]
fn no_deposit_is_lost_and_none_counts_twice() {
    loom::model(|| {
        let tokens = Arc::new(Tokens::new(2 * ONE));
        assert!(tokens.withdraw() && tokens.withdraw());
        let given = sum(&tokens, [deposit_half, deposit_half, withdraw]);
        assert_eq!(tokens.balance(), ONE - given * ONE);
    });
}

#[test]
fn the_bucket_never_holds_more_than_fits_in() {
    loom::model(|| {
        let tokens = Arc::new(Tokens::new(ONE));
        let given = sum(&tokens, [withdraw, deposit_most, deposit_most]);
        assert_eq!(given, 1, "it was full, and nobody else withdrew");
        assert!(tokens.balance() <= ONE);
    });
}

#[test]
fn what_is_given_back_can_be_withdrawn_again_and_is_not_doubled() {
    loom::model(|| {
        let tokens = Arc::new(Tokens::new(ONE));
        let given = sum(&tokens, [withdraw_and_give_back, withdraw]);
        assert!(given <= 1);
        assert_eq!(given * ONE + tokens.balance(), ONE);
    });
}
