//! The window against a list of all calls.

#[path = "../../src/window.rs"]
#[allow(dead_code, reason = "not all of it is needed here")]
mod subject;

use proptest::collection::vec;
use proptest::prelude::*;
use subject::{BUCKETS, Window};

proptest! {
    #[test]
    fn it_counts_what_a_list_of_all_calls_counts(calls in vec((0_u64..8, any::<bool>()), 0..200), start in 0_u64..1000) {
        let window = Window::new();
        let mut list = Vec::new();
        let mut tick = start;
        for (later, bad) in calls {
            tick += later;
            window.add(tick, bad);
            list.push((tick, bad));
            let within = || list.iter().filter(|(at, _)| at + BUCKETS > tick);
            let bad = within().filter(|(_, bad)| *bad).count();
            prop_assert_eq!(window.sum(tick), (within().count() as u64, bad as u64));
        }
        window.clear(tick);
        prop_assert_eq!(window.sum(tick), (0, 0));
        window.add(tick, true);
        prop_assert_eq!(window.sum(tick), (1, 1));
    }

    #[test]
    fn a_call_of_a_tick_that_is_past_counts_if_its_bucket_is_not_in_use_again(ticks in vec(0_u64..40, 1..100)) {
        let window = Window::new();
        let newest = ticks.iter().copied().max().unwrap();
        for tick in &ticks {
            window.add(*tick, false);
        }
        // Whatever their order, nothing outside of the window is counted, and everything that came in order is.
        let within = ticks.iter().filter(|tick| **tick + BUCKETS > newest).count() as u64;
        prop_assert_eq!(window.sum(newest).0, within);
    }
}

#[test]
fn a_full_bucket_leaves_out_good_and_bad_alike() {
    let window = Window::new();
    for n in 0..(1 << 20) + 1000 {
        window.add(0, n % 2 == 0);
    }
    let (calls, bad) = window.sum(0);
    assert_eq!(calls, (1 << 20) - 1);
    assert_eq!(bad, 1 << 19);
}
