//! Rounds of what is compared, in turn: a machine that drifts does so for all.

use anyhow::Result;

/// Measures each of them once a round. What was measured of one stands where that one does.
pub fn in_turn<S, M>(subjects: &[S], rounds: u32, measure: impl Fn(&S) -> Result<M>) -> Result<Vec<Vec<M>>> {
    let mut all: Vec<Vec<M>> = subjects.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (subject, measured) in subjects.iter().zip(&mut all) {
            measured.push(measure(subject)?);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn each_has_its_turn_in_each_round() {
        let turn = Cell::new(0);
        let next = |subject: &char| Ok((*subject, turn.replace(turn.get() + 1)));
        assert_eq!(in_turn(&['a', 'b'], 2, next).unwrap(), [[('a', 0), ('a', 2)], [('b', 1), ('b', 3)]]);
    }
}
