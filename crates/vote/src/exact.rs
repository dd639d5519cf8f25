//! Fractions without rounding: order and ties must be the same on every machine.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed as _, ToPrimitive as _, Zero as _};

/// Shown figures are whole numbers of billionths.
pub const NANOS: i64 = 1_000_000_000;

/// A fraction of whole numbers; `denominator` is not 0.
pub fn ratio(numerator: i128, denominator: i128) -> BigRational {
    BigRational::new(numerator.into(), denominator.into())
}

/// In units of 1 / `scale`, half to even.
pub fn rounded(value: &BigRational, scale: i64) -> i64 {
    let scaled = value * BigRational::from_integer(BigInt::from(scale));
    let floor = scaled.floor();
    let half = BigRational::new(1.into(), 2.into());
    let rest = (&scaled - &floor) - half;
    let floor = floor.to_integer();
    let odd = !(&floor % BigInt::from(2)).is_zero();
    let up = rest.is_positive() || (rest.is_zero() && odd);
    (if up { floor + 1 } else { floor }).to_i64().unwrap_or(i64::MAX)
}

/// In billionths, half to even.
pub fn nanos(value: &BigRational) -> i64 {
    rounded(value, NANOS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_to_the_even_neighbour() {
        let cases = [(1, 2, 0), (3, 2, 2), (5, 2, 2), (-1, 2, 0), (-3, 2, -2), (7, 4, 2), (5, 4, 1)];
        for (numerator, denominator, expected) in cases {
            assert_eq!(rounded(&ratio(numerator, denominator), 1), expected, "{numerator}/{denominator}");
        }
        assert_eq!(nanos(&ratio(1, 3)), 333_333_333);
        assert_eq!(nanos(&ratio(2, 3)), 666_666_667);
    }
}
