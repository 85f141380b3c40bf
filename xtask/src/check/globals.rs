//! Nothing in `crates/` installs or reads a global, and no `static` is mutable or lazily filled.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::Findings;
use super::source::{Source, is_test};

pub fn check(sources: &[Source]) -> Findings {
    let mut findings = Findings::new();
    for source in sources {
        Look { path: &source.path, findings: &mut findings }.visit_file(&source.file);
    }
    findings
}

/// Functions by their last name.
const INSTALLERS: [&str; 5] =
    ["set_global_default", "set_global_recorder", "install_default", "set_boxed_logger", "set_global_subscriber"];

/// Types that change behind a shared reference, wherever in a static they stand.
const CHANGING: [&str; 12] = [
    "OnceLock",
    "LazyLock",
    "OnceCell",
    "LazyCell",
    "Lazy",
    "Once",
    "Mutex",
    "RwLock",
    "Cell",
    "RefCell",
    "UnsafeCell",
    "ArcSwap",
];

struct Look<'a> {
    path: &'a str,
    findings: &'a mut Findings,
}

impl Look<'_> {
    fn found(&mut self, at: &impl Spanned, what: &str) {
        self.findings.push(format!("{}:{}: {what}", self.path, at.span().start().line));
    }
}

impl Look<'_> {
    fn imports(&mut self, tree: &syn::UseTree, from: &str) {
        let (name, hides) = match tree {
            syn::UseTree::Path(path) => return self.imports(&path.tree, &path.ident.to_string()),
            syn::UseTree::Group(group) => return group.items.iter().for_each(|tree| self.imports(tree, from)),
            syn::UseTree::Name(name) => (name.ident.to_string(), false),
            // Under another name its functions are not seen where they are called.
            syn::UseTree::Rename(rename) => (rename.ident.to_string(), rename.ident == "global"),
            syn::UseTree::Glob(_) => ("*".to_owned(), from == "global"),
        };
        if hides || INSTALLERS.contains(&name.as_str()) || (from == "global" && name.starts_with("set_")) {
            self.found(tree, &format!("{from}::{name} sets a global"));
        }
    }
}

impl<'ast> Visit<'ast> for Look<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_test(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        if matches!(item.mutability, syn::StaticMutability::Mut(_)) {
            self.found(item, "a mutable static");
        }
        let mut types = Names(Vec::new());
        types.visit_type(&item.ty);
        if let Some(name) = types.0.iter().find(|name| CHANGING.contains(&name.as_str()) || name.starts_with("Atomic"))
        {
            self.found(item, &format!("a static that changes: {name}"));
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if let Some(name) = call.path.segments.last().map(|last| last.ident.to_string())
            && ["thread_local", "lazy_static", "task_local"].contains(&name.as_str())
        {
            self.found(call, &format!("{name}! holds state that no one handed over"));
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let installs = |name: &String| INSTALLERS.contains(&name.as_str());
        let sets_global = names.windows(2).any(|pair| pair[0] == "global" && pair[1].starts_with("set_"));
        if sets_global || names.last().is_some_and(installs) {
            self.found(path, &format!("{} sets a global", names.join("::")));
        }
        visit::visit_path(self, path);
    }

    /// An import, since what it brings in may be called by any name.
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.imports(&item.tree, "");
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let name = call.method.to_string();
        if INSTALLERS.contains(&name.as_str()) {
            self.found(call, &format!("{name} sets a global"));
        }
        visit::visit_expr_method_call(self, call);
    }
}

/// Every name in a type.
struct Names(Vec<String>);

impl<'ast> Visit<'ast> for Names {
    fn visit_ident(&mut self, ident: &'ast proc_macro2::Ident) {
        self.0.push(ident.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Findings {
        check(&[Source::parse("a.rs", text).unwrap()])
    }

    #[test]
    fn a_static_that_changes_is_found() {
        for text in [
            "static mut A: u8 = 0;",
            "static A: AtomicU64 = AtomicU64::new(0);",
            "static A: std::sync::OnceLock<u8> = std::sync::OnceLock::new();",
            "static A: [Mutex<u8>; 1] = [Mutex::new(0)];",
            "fn f() { static A: LazyLock<u8> = LazyLock::new(|| 1); }",
            "thread_local! { static A: u8 = 0; }",
            "tokio::task_local! { static A: u8; }",
        ] {
            assert_eq!(findings(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn what_installs_a_global_is_found() {
        for text in [
            "fn f() { tracing::subscriber::set_global_default(s); }",
            "fn f() { set_global_recorder(r); }",
            "fn f() { opentelemetry::global::set_tracer_provider(p); }",
            "fn f() { provider.install_default(); }",
            "use metrics::set_global_recorder;",
            "use opentelemetry::{KeyValue, global::set_tracer_provider}; fn f() { set_tracer_provider(p) }",
            "use opentelemetry::global::set_meter_provider as put; fn f() { put(p) }",
            "use opentelemetry::global as g; fn f() { g::set_meter_provider(p) }",
            "use opentelemetry::global::*;",
        ] {
            assert_eq!(findings(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn it_is_told_in_which_line_a_global_is() {
        assert_eq!(findings("\nstatic mut A: u8 = 0;"), ["a.rs:2: a mutable static"]);
    }

    #[test]
    fn a_module_that_is_compiled_for_something_other_than_tests_is_looked_into() {
        assert_eq!(findings("#[cfg(unix)] mod a { static A: AtomicU8 = AtomicU8::new(0); }").len(), 1);
    }

    #[test]
    fn constants_comments_strings_and_tests_pass() {
        assert!(findings("static A: &str = \"set_global_default(x)\"; // static mut").is_empty());
        assert!(findings("#[cfg(test)] mod tests { static A: AtomicU8 = AtomicU8::new(0); }").is_empty());
    }
}
