use crate::Fields;

/// What a request's line tells of its message: nothing, or what a function adds. This crate alone implements it.
pub trait MessageFields<T>: sealed::Sealed<T> {}

/// Nothing of a message is logged, as at first.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFields;

/// What [`message_fields`](crate::LogLayer::message_fields) was given.
#[derive(Clone, Copy, Debug)]
pub struct MessageFn<F>(pub(super) F);

impl<T> MessageFields<T> for NoFields {}

impl<T, F: Fn(&T, &mut Fields)> MessageFields<T> for MessageFn<F> {}

pub(super) mod sealed {
    use super::{Fields, MessageFn, NoFields};

    pub trait Sealed<T> {
        /// Whether there is anything to fill in.
        const ANY: bool;

        fn fill(&self, message: &T, fields: &mut Fields);
    }

    impl<T> Sealed<T> for NoFields {
        const ANY: bool = false;

        fn fill(&self, _: &T, _: &mut Fields) {}
    }

    impl<T, F: Fn(&T, &mut Fields)> Sealed<T> for MessageFn<F> {
        const ANY: bool = true;

        fn fill(&self, message: &T, fields: &mut Fields) {
            (self.0)(message, fields);
        }
    }
}
