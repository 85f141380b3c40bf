//! Models and rules that can't be used, and what is said of them.

use crate::casbin::{ALLOW, EQUAL, basic, model, with_matcher, wrong};

#[test]
fn a_model_that_would_run_a_request_is_refused() {
    for (matcher, what) in [
        ("eval(r.sub)", "there is no function eval"),
        ("eval(p.sub)", "there is no function eval"),
        ("eval (p.sub)", "there is no function eval"),
        ("r.sub.eval()", "have no fields"),
        ("Fn(r.sub).call()", "there is no function Fn"),
        ("call(r.sub)", "there is no function call"),
        ("`${r.sub}` == p.sub", "has no place"),
        ("{ r.sub == p.sub }", "has no place"),
        ("r.sub == p.sub; true", "has no place"),
        ("r.sub == p.sub // true", "has no place"),
        ("regexMatch(p.sub, r.sub)", "the pattern of regexMatch"),
        ("keyMatch2(r.sub, r.obj)", "the pattern of keyMatch2"),
        ("keyGet(r.sub, p.obj) == r.act", "there is no function keyGet"),
        ("keyMatch(r.sub, \")\", p.sub)", "the pattern of keyMatch"),
        ("regexMatch(\"x, p.sub, y\", r.obj)", "the pattern of regexMatch"),
        ("regexMatch(g(r.sub, p.sub), r.obj)", "the pattern of regexMatch"),
        ("regexMatch((r.sub, p.sub), r.obj)", "the pattern of regexMatch"),
        ("regexMatch([r.sub, p.sub], r.obj)", "the pattern of regexMatch"),
        ("regexMatch(r.sub, p.sub, r.obj)", "the pattern of regexMatch"),
        ("regexMatch(r.sub, p.sub == r.obj)", "the pattern of regexMatch"),
        ("regexMatch(r.sub)", "the pattern of regexMatch"),
    ] {
        let said = wrong(&with_matcher(matcher), "p, alice, data1, read");
        assert!(said.starts_with("model: [matchers] m: ") && said.contains(what), "{matcher}: {said}");
    }
}

#[test]
fn a_model_that_cant_be_used_is_told_with_its_place() {
    let rules = "p, alice, data1, read";
    for (model, what) in [
        (String::new(), "model: [request_definition] has no `r = `"),
        (basic().replace("p = sub, obj, act\n", ""), "model: [policy_definition] has no `p = `"),
        (basic().replace("m = ", "# m = "), "model: [matchers] has no `m = `"),
        (basic().replace("[matchers]", "[matcher]"), "model: line 8: there is no such section"),
        (basic().replace("m = r", "m r").replace("==", "<"), "model: line 9: it has no `=`"),
        (basic() + "m = r.sub == p.sub\n", "model: line 10: it stands there twice"),
        (basic().replace("allow", "deny"), "model: [policy_effect] e: it is none that casbin knows"),
        (
            basic().replace("r = sub, obj, act", "r = sub, obj"),
            "model: [request_definition] r: it has 2 values, and is given 3",
        ),
        (with_matcher("r.user == p.sub"), "model: [matchers] m: there is no r.user"),
        (with_matcher("g2(r.sub, p.sub)"), "model: [matchers] m: there is no function g2"),
        (with_matcher("r.sub == \"x"), "model: [matchers] m: a text has no end"),
        (with_matcher("r.sub == p.sub &&"), "model: [matchers] m: it can't be read"),
        (with_matcher("r.sub == 7"), "model: [matchers] m: there are no numbers in it"),
        (with_matcher("r.sub"), "model: casbin can't use it: "),
        (with_matcher("r.sub == p.sub && r.obj"), "model: casbin can't use it: "),
        (with_matcher("r.sub != p.sub || r.obj"), "model: casbin can't use it: "),
        (
            with_matcher("r.sub == p.sub && r.obj == p.obj && (r.act == p.act || !r.act)"),
            "model: casbin can't use it: ",
        ),
        (with_matcher(r#"r.sub == "\"&& \\" && p.sub"#), "model: casbin can't use it: "),
        (
            basic().replace("[policy_effect]", "[role_definition]\ng = _\n[policy_effect]"),
            "model: [role_definition] g: ",
        ),
    ] {
        let said = wrong(&model, rules);
        assert!(said.starts_with(what), "{said}\n{model}");
    }
}

/// casbin takes them, and looks at none when it decides: a rule of `p2` that denies would deny nothing.
#[test]
fn a_definition_that_casbin_would_not_look_at_is_refused() {
    let with = |after: &str, more: &str| basic().replace(after, &format!("{after}{more}\n"));
    let (policy, effect) = ("p = sub, obj, act\n", "e = some(where (p.eft == allow))\n");
    for (model, what) in [
        (with("r = sub, obj, act\n", "r2 = sub"), "model: line 3: there is no `r2` in such a section"),
        (with(policy, "p2 = sub, obj, act, eft"), "model: line 5: there is no `p2` in such a section"),
        (with(policy, "P = sub"), "model: line 5: there is no `P` in such a section"),
        (with(policy, "p22 = sub"), "model: line 5: there is no `p22` in such a section"),
        (with(effect, "e2 = !some(where (p.eft == deny))"), "model: line 8: there is no `e2` in such a section"),
        (basic() + "m2 = r2.sub == p2.sub\n", "model: line 10: there is no `m2` in such a section"),
        (basic() + "n = r.sub\n", "model: line 10: there is no `n` in such a section"),
        (format!("p2 = sub\n{}", basic()), "model: line 1: there is no `p2` in such a section"),
        // What casbin takes for a line of its own.
        (with(policy, "[policy_definition]\np = sub \\\n# more\np2 = sub"), "model: line 6: it stands there twice"),
        (
            basic().replace(policy, "p = sub, obj, \\\n  act\\\n# more\np2 = sub\n"),
            "model: line 7: there is no `p2` in such a section",
        ),
        (
            basic().replace(policy, &format!("{policy}[role_definition]\ng = _, _\ng3 = _, _\n")),
            "model: [role_definition]: its definitions are not",
        ),
        (
            basic().replace(policy, &format!("{policy}[role_definition]\ng2 = _, _\n")),
            "model: [role_definition]: its definitions are not",
        ),
        (
            basic().replace(policy, &format!("{policy}[role_definition]\nh = _, _\n")),
            "model: line 6: there is no `h` in such a section",
        ),
    ] {
        let said = wrong(&model, "p, alice, data1, read");
        assert!(said.starts_with(what), "{said}\n{model}");
    }
}

#[test]
fn a_rule_that_does_not_fit_is_told_with_its_line() {
    let effects = model("sub, obj, act, eft", "[role_definition]\ng = _, _", ALLOW, EQUAL);
    let paths = with_matcher("r.sub == p.sub && keyMatch3(r.obj, p.obj) && regexMatch(r.act, p.act)");
    for (model, rules, what) in [
        (&basic(), "# who\n\np, alice, data1\n", "line 3: it has 2 fields behind its kind, and the model wants 3"),
        (&basic(), "p, alice, data1, read, allow", "line 1: it has 4 fields"),
        (&basic(), "p, alice, data1, read,", "line 1: it has 4 fields"),
        (&basic(), "p, alice, data1, read\ng, alice, admin", "line 2: the model has no rules of this kind"),
        (&basic(), "P, alice, data1, read", "line 1: the model has no rules of this kind"),
        (&basic(), "é, alice, data1, read", "line 1: the model has no rules of this kind"),
        (&basic(), "p, \"alice, data1, read", "line 1: a quote is missing"),
        (&basic(), "p, \"alice\" x, data1, read", "line 1: there is something behind a quote"),
        (&effects, "p, alice, data1, read, alow", "line 1: its effect is neither"),
        (&effects, "p, alice, data1, read, Deny", "line 1: its effect is neither"),
        (&effects, "p, alice, data1, read, allow\ng, alice", "line 2: it has 1 fields"),
        (&effects, "p, alice, data1, read, allow\ng, alice, a, b", "line 2: it has 3 fields"),
        (&paths, "p, alice, /{id}, GET\np, alice, /{id}, [", "line 2: its field 3 is no pattern for regexMatch"),
        (&paths, "p, alice, /(a)?/{id}, GET", "line 1: its field 2 is no pattern for keyMatch3"),
        (&paths, "p, alice, /{id, GET", "line 1: its field 2 is no pattern for keyMatch3"),
        (&basic(), "", "it has no rule"),
        (&effects, "g, alice, admin", "it has no rule"),
    ] {
        let said = wrong(model, rules);
        assert!(said.starts_with(&format!("policy: {what}")), "{said}\n{rules}");
    }
}
