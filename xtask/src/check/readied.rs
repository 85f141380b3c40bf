//! Law 1: in `fn call`, a clone of an inner service is never the one that is called. The idiom is `mem::replace`; or the clone is
//! driven to readiness by `oneshot`.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::Findings;
use super::source::{Source, is_test};

pub fn check(sources: &[Source]) -> Findings {
    let mut findings = Findings::new();
    for source in sources {
        Functions { path: &source.path, findings: &mut findings }.visit_file(&source.file);
    }
    findings
}

struct Functions<'a> {
    path: &'a str,
    findings: &'a mut Findings,
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_test(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if function.sig.ident != "call" {
            return;
        }
        let mut body = Body { unready: Vec::new(), called: Vec::new() };
        body.visit_block(&function.block);
        for (name, line) in body.called {
            self.findings.push(format!("{}:{line}: `{name}` is a clone, and nobody has readied it", self.path));
        }
    }
}

/// A body, read in its order. It does not see into macros, and takes a name for one thing wherever it stands.
struct Body {
    /// The names that stand for a clone that has not been readied so far.
    unready: Vec<String>,
    called: Vec<(String, usize)>,
}

impl Body {
    /// A name stands for something new.
    fn bind(&mut self, pattern: &syn::Pat, value: &syn::Expr) {
        match (pattern, value) {
            (syn::Pat::Type(typed), _) => self.bind(&typed.pat, value),
            (syn::Pat::Tuple(patterns), syn::Expr::Tuple(values)) => {
                patterns.elems.iter().zip(&values.elems).for_each(|(pattern, value)| self.bind(pattern, value));
            }
            (syn::Pat::Ident(pattern), _) => {
                let name = pattern.ident.to_string();
                self.unready.retain(|unready| *unready != name);
                if is_clone_of_self(value) {
                    self.unready.push(name);
                }
            }
            _ => {}
        }
    }

    fn call(&mut self, service: &syn::Expr, line: usize) {
        if is_clone_of_self(service) {
            self.called.push(("the receiver".to_owned(), line));
        } else if let Some(name) = root(service).filter(|name| self.unready.contains(name)) {
            self.called.push((name, line));
        }
    }

    fn readied(&mut self, service: &syn::Expr) {
        if let Some(name) = root(service) {
            self.unready.retain(|unready| *unready != name);
        }
    }

    fn act(&mut self, function: &str, service: &syn::Expr, line: usize) {
        match function {
            "call" => self.call(service, line),
            "ready" | "poll_ready" | "ready_oneshot" => self.readied(service),
            _ => {}
        }
    }
}

impl<'ast> Visit<'ast> for Body {
    fn visit_local(&mut self, local: &'ast syn::Local) {
        visit::visit_local(self, local);
        if let Some(init) = &local.init {
            self.bind(&local.pat, &init.expr);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        visit::visit_expr_method_call(self, call);
        self.act(&call.method.to_string(), &call.receiver, call.span().start().line);
    }

    /// `Service::call(&mut service, request)`.
    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        visit::visit_expr_call(self, call);
        if let (Some(function), Some(service)) = (last_name(&call.func), call.args.first()) {
            self.act(&function, service, call.span().start().line);
        }
    }
}

/// `self.inner.clone()`, `self.clone()`, `Clone::clone(&self.inner)`; an `Arc` that says it is one is no service.
fn is_clone_of_self(expression: &syn::Expr) -> bool {
    let of_self = |expression| root(expression).is_some_and(|name| name == "self");
    match expression {
        syn::Expr::MethodCall(call) => call.method == "clone" && of_self(&call.receiver),
        syn::Expr::Call(call) => {
            let counts = matches!(&*call.func, syn::Expr::Path(path)
                if path.path.segments.iter().any(|segment| segment.ident == "Arc" || segment.ident == "Rc"));
            !counts
                && last_name(&call.func).is_some_and(|name| name == "clone")
                && call.args.first().is_some_and(of_self)
        }
        _ => false,
    }
}

/// The name at the left end of `name`, `name.a.b` and references to them.
fn root(expression: &syn::Expr) -> Option<String> {
    match expression {
        syn::Expr::Path(path) => path.path.get_ident().map(ToString::to_string),
        syn::Expr::Field(field) => root(&field.base),
        syn::Expr::Reference(reference) => root(&reference.expr),
        syn::Expr::Paren(paren) => root(&paren.expr),
        _ => None,
    }
}

fn last_name(function: &syn::Expr) -> Option<String> {
    match function {
        syn::Expr::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(body: &str) -> usize {
        let text = format!("impl Service<R> for S {{ fn call(&mut self, r: R) -> F {{ {body} }} }}");
        check(&[Source::parse("a.rs", &text).unwrap()]).len()
    }

    #[test]
    fn a_clone_that_is_called_is_found_under_any_name() {
        assert_eq!(findings("let mut svc = self.inner.clone(); async move { svc.call(r).await }"), 1);
        assert_eq!(findings("let mut x = self.a.b.clone(); x.call(r)"), 1);
        assert_eq!(findings("self.inner.clone().call(r)"), 1);
        assert_eq!(findings("let mut x: S = self.inner.clone(); x.call(r)"), 1);
        assert_eq!(findings("let (mut x, y) = (self.inner.clone(), 1); x.call(r)"), 1);
    }

    #[test]
    fn a_clone_is_found_however_it_is_made_and_called() {
        assert_eq!(findings("let mut this = self.clone(); async move { this.inner.call(r).await }"), 1);
        assert_eq!(findings("let mut x = Clone::clone(&self.inner); x.call(r)"), 1);
        assert_eq!(findings("let mut x = self.inner.clone(); Service::call(&mut x, r)"), 1);
        assert_eq!(findings("let mut x = self.inner.clone(); (&mut x).call(r)"), 1);
    }

    #[test]
    fn readying_another_service_or_too_late_does_not_count() {
        let other =
            "let mut x = self.a.clone(); let mut y = self.b.clone(); async move { y.ready().await?; x.call(r).await }";
        assert_eq!(findings(other), 1);
        assert_eq!(findings("let mut x = self.a.clone(); let f = x.call(r); x.ready(); f"), 1);
    }

    #[test]
    fn it_is_told_which_one_is_called_and_where() {
        let text =
            "impl Service<R> for S {\nfn call(&mut self, r: R) -> F {\nlet mut x = self.inner.clone();\nx.call(r)\n}}";
        let found = check(&[Source::parse("a.rs", text).unwrap()]);
        assert_eq!(found, ["a.rs:4: `x` is a clone, and nobody has readied it"]);
    }

    #[test]
    fn what_is_counted_is_no_clone_of_a_service() {
        for counted in ["Arc", "Rc"] {
            assert_eq!(findings(&format!("let f = {counted}::clone(&self.f); f.call(r)")), 0, "{counted}");
        }
    }

    #[test]
    fn however_it_is_readied_it_passes() {
        for ready in ["x.ready().await?;", "poll_fn(|cx| x.poll_ready(cx)).await?;", "x.ready_oneshot().await?;"] {
            let body = format!("let mut x = self.inner.clone(); async move {{ {ready} x.call(r).await }}");
            assert_eq!(findings(&body), 0, "{ready}");
        }
    }

    #[test]
    fn other_functions_and_tests_may_call_a_clone() {
        let found = |text: &str| check(&[Source::parse("a.rs", text).unwrap()]).len();
        let body = "(&mut self, r: R) -> F { let mut x = self.inner.clone(); x.call(r) }";
        assert_eq!(found(&format!("impl S {{ fn other{body} }}")), 0);
        assert_eq!(found(&format!("#[cfg(test)] mod tests {{ impl Service<R> for S {{ fn call{body} }} }}")), 0);
    }

    #[test]
    fn the_readied_instance_passes() {
        assert_eq!(
            findings(
                "let fresh = self.inner.clone(); let mut ready = std::mem::replace(&mut self.inner, fresh); ready.call(r)"
            ),
            0
        );
        // The same under one name.
        assert_eq!(
            findings(
                "let inner = self.inner.clone(); let mut inner = std::mem::replace(&mut self.inner, inner); inner.call(r)"
            ),
            0
        );
        assert_eq!(findings("self.inner.call(r)"), 0);
        assert_eq!(findings("let inner = self.inner.clone(); inner.oneshot(r)"), 0);
        assert_eq!(findings("let mut x = self.inner.clone(); async move { x.ready().await?; x.call(r).await }"), 0);
    }
}
