//! addsvc.
fn main() {}
