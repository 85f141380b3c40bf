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
        let mut body = Body { clones: Vec::new(), readied: false, called: Vec::new() };
        body.visit_block(&function.block);
        // One that is polled ready here is readied here.
        for (name, line) in body.called {
            if body.clones.contains(&name) && !body.readied {
                self.findings.push(format!("{}:{line}: `{name}` is a clone, and nobody has readied it", self.path));
            }
        }
    }
}

struct Body {
    clones: Vec<String>,
    readied: bool,
    called: Vec<(String, usize)>,
}

impl<'ast> Visit<'ast> for Body {
    fn visit_local(&mut self, local: &'ast syn::Local) {
        let ident = match &local.pat {
            syn::Pat::Ident(pattern) => Some(pattern.ident.to_string()),
            _ => None,
        };
        if let (Some(ident), Some(init)) = (ident, &local.init)
            && let syn::Expr::MethodCall(call) = &*init.expr
            && call.method == "clone"
            && is_field_of_self(&call.receiver)
        {
            self.clones.push(ident);
        }
        visit::visit_local(self, local);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if call.method == "call" {
            match &*call.receiver {
                syn::Expr::Path(path) => {
                    if let Some(ident) = path.path.get_ident() {
                        self.called.push((ident.to_string(), call.span().start().line));
                    }
                }
                syn::Expr::MethodCall(inner) if inner.method == "clone" && is_field_of_self(&inner.receiver) => {
                    self.clones.push("the receiver".to_owned());
                    self.called.push(("the receiver".to_owned(), call.span().start().line));
                }
                _ => {}
            }
        }
        self.readied |= ["ready", "poll_ready", "ready_oneshot"].iter().any(|name| call.method == name);
        visit::visit_expr_method_call(self, call);
    }
}

fn is_field_of_self(expression: &syn::Expr) -> bool {
    match expression {
        syn::Expr::Field(field) => match &*field.base {
            syn::Expr::Path(path) => path.path.is_ident("self"),
            base => is_field_of_self(base),
        },
        _ => false,
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
    }

    #[test]
    fn the_readied_instance_passes() {
        assert_eq!(
            findings(
                "let fresh = self.inner.clone(); let mut ready = std::mem::replace(&mut self.inner, fresh); ready.call(r)"
            ),
            0
        );
        assert_eq!(findings("self.inner.call(r)"), 0);
        assert_eq!(findings("let inner = self.inner.clone(); inner.oneshot(r)"), 0);
        assert_eq!(findings("let mut x = self.inner.clone(); async move { x.ready().await?; x.call(r).await }"), 0);
    }
}
