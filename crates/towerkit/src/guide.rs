//! The pages of the guide (`docs/SUMMARY.md`), whose Rust blocks are tests of this crate.

macro_rules! pages {
    ($($name:ident = $file:literal,)*) => {
        $(
            #[doc = include_str!(concat!("../../../docs/", $file))]
            struct $name;
        )*
    };
}

pages! {
    Introduction = "introduction.md",
    GettingStarted = "getting-started.md",
    Onion = "onion.md",
    Errors = "errors.md",
    WritingALayer = "writing-a-layer.md",
    TestingAService = "testing-a-service.md",
    Operating = "operating.md",
}
