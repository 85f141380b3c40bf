/// How far what is known has come: the index of the last answer.
///
/// The rules are those of Consul's documentation, "Blocking Queries", "Implementation Details".
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Index(u64);

impl Index {
    /// The index past which Consul is to wait; none where it is to answer at once.
    pub(super) const fn waits_for(self) -> Option<u64> {
        if self.0 == 0 { None } else { Some(self.0) }
    }

    /// Takes the index of an answer.
    pub(super) fn answered(&mut self, index: u64) {
        // One that went back is of servers that began anew, and tells nothing of what was between. One that is 0 would
        // be no wait at all.
        self.0 = if index < self.0 { 0 } else { index.max(1) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(answers: &[u64]) -> Option<u64> {
        let mut index = Index::default();
        for answer in answers {
            index.answered(*answer);
        }
        index.waits_for()
    }

    #[test]
    fn the_first_query_does_not_wait_and_the_next_waits_for_more_than_the_answer() {
        assert_eq!(after(&[]), None);
        assert_eq!(after(&[7]), Some(7));
        assert_eq!(after(&[7, 7, 9]), Some(9));
    }

    #[test]
    fn one_that_goes_back_is_forgotten() {
        assert_eq!(after(&[7, 6]), None);
        assert_eq!(after(&[7, 6, 6]), Some(6));
        assert_eq!(after(&[7, 0]), None);
    }

    #[test]
    fn it_is_never_less_than_one() {
        assert_eq!(after(&[0]), Some(1));
        assert_eq!(after(&[0, 1]), Some(1));
    }

    #[test]
    fn the_highest_there_is_is_taken() {
        assert_eq!(after(&[u64::MAX]), Some(u64::MAX));
    }
}
