//! Which plan a unit gets: a hash of the trial's seed and the unit. The seed's own hash is published when the trial
//! starts and the seed when it ends, so that anybody can recompute every assignment, and nobody could have chosen it.

use sha2::{Digest as _, Sha256};

/// The two plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Arm {
    /// What is done today.
    A,
    /// What is tried.
    B,
}

/// What is hashed here is hashed for nothing else.
const PURPOSE: &[u8] = b"rapport trial 1";

/// The chance of a trial.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed(pub [u8; 32]);

impl std::fmt::Debug for Seed {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Seed")
    }
}

impl Seed {
    /// Of 64 hexadecimal digits.
    pub fn read(text: &str) -> Option<Self> {
        let digits: Option<Vec<u8>> =
            text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
        let bytes: Vec<u8> =
            digits?.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| 16 * byte + digit)).collect();
        // An odd number of digits is no whole number of bytes.
        (text.len() == 64).then_some(())?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// As hexadecimal digits.
    pub fn write(&self) -> String {
        hex(&self.0)
    }

    /// What is published of it at the start: SHA-256 of the purpose, the trial's id and the seed, as hexadecimal
    /// digits.
    pub fn commitment(&self, trial: &str) -> String {
        hex(&self.hash(trial, None))
    }

    /// The plan of a unit; `share_of_b` in percent, 1 to 99.
    ///
    /// The first eight bytes of the hash, as a fraction of their range, lie below the share with its probability.
    pub fn arm(&self, trial: &str, unit: &str, share_of_b: u8) -> Arm {
        let hash = self.hash(trial, Some(unit));
        let number = hash.iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        let limit = (u128::from(share_of_b) << 64) / 100;
        if u128::from(number) < limit { Arm::B } else { Arm::A }
    }

    fn hash(&self, trial: &str, unit: Option<&str>) -> [u8; 32] {
        // Lengths stand before the parts, so that no two lists of parts are hashed alike.
        let mut hash = Sha256::new();
        for part in [PURPOSE, trial.as_bytes(), &self.0].into_iter().chain(unit.map(str::as_bytes)) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_is_that_of_the_seed_the_trial_and_the_unit() {
        let seed = Seed([7; 32]);
        let arms =
            |seed: &Seed, trial: &str| (0..200).map(|unit| seed.arm(trial, &unit.to_string(), 50)).collect::<Vec<_>>();
        assert_eq!(arms(&seed, "one"), arms(&seed, "one"));
        assert_ne!(arms(&seed, "one"), arms(&seed, "other"));
        assert_ne!(arms(&seed, "one"), arms(&Seed([8; 32]), "one"));
        assert_ne!(seed.commitment("one"), seed.commitment("other"));
        assert_ne!(seed.commitment("one"), hex(&seed.hash("one", Some(""))));
        let letters: String = arms(&seed, "one").iter().take(16).map(|arm| format!("{arm:?}")).collect();
        assert_eq!(letters, "ABBBBABBBBABABAA");
        // Held to for ever: a verifier of another program computes the same.
        assert_eq!(seed.commitment("one"), "5e162a76a5032dbd1d8d0a137c393490691cbf37a3a64225de700d5e3b79c8b4");
    }

    #[test]
    fn the_share_is_what_was_asked_for() {
        for percent in [1u8, 10, 50, 90, 99] {
            let seed = Seed([percent; 32]);
            let count = (0..20_000).filter(|unit| seed.arm("trial", &unit.to_string(), percent) == Arm::B).count();
            let expected = 200.0 * f64::from(percent);
            let deviation = (expected * (1.0 - f64::from(percent) / 100.0)).sqrt();
            assert!((count as f64 - expected).abs() < 4.0 * deviation, "{percent}: {count}");
        }
    }

    #[test]
    fn a_seed_comes_back_as_it_was_written() {
        let seed = Seed(std::array::from_fn(|at| u8::try_from(at * 7).unwrap()));
        assert_eq!(Seed::read(&seed.write()), Some(seed.clone()));
        let written = seed.write();
        for wrong in ["", &written[1..], &format!("{written}0"), &written.replace('0', "x")] {
            assert_eq!(Seed::read(wrong), None, "{wrong}");
        }
    }
}
