/// Draws numbers in proportion to weights, each in the same time (M. D. Vose, "A Linear Algorithm for Generating Random Numbers with a Given
/// Distribution", 1991).
#[derive(Debug)]
pub(super) struct Alias {
    /// For each column, how likely its own number is against the other one's.
    columns: Vec<(f32, u32)>,
}

impl Alias {
    /// Where all weights are 0, all numbers are drawn alike.
    pub(super) fn new(weights: impl ExactSizeIterator<Item = u32> + Clone) -> Self {
        let count = weights.len();
        let sum: f64 = weights.clone().map(f64::from).sum();
        if sum == 0.0 {
            return Self { columns: vec![(1.0, 0); count] };
        }
        // The mean is 1: columns that have less are filled up by those that have more.
        let mut share: Vec<_> = weights.map(|weight| f64::from(weight) * count as f64 / sum).collect();
        let (mut less, mut more): (Vec<_>, Vec<_>) = (0..count).partition(|number| share[*number] < 1.0);
        let mut columns = vec![(1.0, 0); count];
        while let (Some(small), Some(&large)) = (less.pop(), more.last()) {
            columns[small] = (share[small] as f32, u32::try_from(large).unwrap_or_default());
            share[large] -= 1.0 - share[small];
            if share[large] < 1.0 {
                more.pop();
                less.push(large);
            }
        }
        Self { columns }
    }

    pub(super) fn draw(&self) -> Option<usize> {
        let column = fastrand::usize(..self.columns.len().max(1));
        let (own, other) = *self.columns.get(column)?;
        Some(if own >= 1.0 || fastrand::f32() < own { column } else { other as usize })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(weights: &[u32], times: u32) -> Vec<f64> {
        let alias = Alias::new(weights.iter().copied());
        let mut drawn = vec![0.0; weights.len()];
        (0..times).for_each(|_| drawn[alias.draw().unwrap()] += 1.0 / f64::from(times));
        drawn
    }

    #[test]
    fn numbers_are_drawn_in_proportion_to_their_weights() {
        let drawn = drawn(&[100, 300, 0, 600], 100_000);
        for (drawn, wanted) in drawn.iter().zip([0.1, 0.3, 0.0, 0.6]) {
            assert!((drawn - wanted).abs() < 0.01, "{drawn} in place of {wanted}");
        }
        assert!(drawn[2] == 0.0);
    }

    #[test]
    fn without_weights_all_are_drawn_alike() {
        assert!(drawn(&[0, 0], 10_000).iter().all(|share| (share - 0.5).abs() < 0.05));
        assert_eq!(drawn(&[7], 10), [1.0].map(|one: f64| one).map(|_| drawn(&[7], 10)[0]));
        assert_eq!(Alias::new([].into_iter()).draw(), None);
    }
}
