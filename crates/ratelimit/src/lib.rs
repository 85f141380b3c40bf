//! Rate limits, keyed or not, and an adaptive concurrency limit for any Tower service
