//! Labels typed with a slip. A slip may change a letter, never a meaning: what negates is never added, dropped or replaced.

use crate::lexicon::is_han;

/// Characters typed for one another, since they sound or look alike; the meant one first. None of them negates. A character
/// outside the list may make another word: 非常介意, 经常不满意.
const ALIKE: [(char, &str); 6] =
    [('非', "菲飞匪肥灰"), ('常', "长尝场"), ('满', "瞒漫馒"), ('意', "易亿义议益艺"), ('般', "班搬斑"), ('十', "石")];

/// The one score whose labels are a slip away from `text`.
pub(crate) fn nearest(text: &str, labels: &[(String, i32)]) -> Option<i32> {
    let mut found = labels.iter().filter(|(label, _)| is_slip(text, label)).map(|(_, score)| *score);
    let score = found.next()?;
    found.all(|other| other == score).then_some(score)
}

fn is_slip(text: &str, label: &str) -> bool {
    if label.chars().all(is_han) { is_han_slip(text, label) } else { is_latin_slip(text, label) }
}

/// One character typed for its like.
fn is_han_slip(text: &str, label: &str) -> bool {
    let mut different = text.chars().zip(label.chars()).filter(|(typed, meant)| typed != meant);
    let alike = |(typed, meant)| ALIKE.iter().any(|(of, like)| *of == meant && like.contains(typed));
    // The characters of labels are of one length.
    text.len() == label.len() && different.next().is_none_or(alike) && different.next().is_none()
}

/// The same words, each beginning with the same letter (so that "dis" and "un" stay), a letter or two wrong in the long ones;
/// or the spaces forgotten.
fn is_latin_slip(text: &str, label: &str) -> bool {
    if text.len() > 2 * label.len() || text.contains(is_han) {
        return false;
    }
    let (typed, meant): (Vec<_>, Vec<_>) = (text.split_whitespace().collect(), label.split_whitespace().collect());
    if typed.concat() == meant.concat() {
        return true;
    }
    // A short word alone is one slip from other words: good, gold.
    let shortest = if meant.len() == 1 { 6 } else { 4 };
    typed.len() == meant.len()
        && typed.iter().zip(&meant).all(|(typed, meant)| {
            let slips = match meant.chars().count() {
                9.. => 2,
                length if length >= shortest => 1,
                _ => 0,
            };
            typed.chars().next() == meant.chars().next() && strsim::osa_distance(typed, meant) <= slips
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::{Direction, Wording};

    #[test]
    fn a_slip_never_turns_a_label_round() {
        let wording = Wording::satisfaction(Direction::HighBest);
        let labels: Vec<_> = wording
            .choices
            .iter()
            .flat_map(|choice| choice.labels.values().chain(&choice.synonyms).map(|word| (word.clone(), choice.score)))
            .collect();
        // Every label with each of its characters left out or replaced, by nothing in particular or by what negates.
        for (label, score) in &labels {
            let chars: Vec<char> = label.chars().collect();
            for at in 0..chars.len() {
                let begins_word = at == 0 || chars[at - 1] == ' ';
                let negations: &[&str] =
                    if label.contains(is_han) { &["不", "没", "未", "非", "无"] } else { &["dis", "un", "in"] };
                for change in ["", "x", "哈", "介"].iter().chain(negations) {
                    let negates = negations.contains(change);
                    let prefix = negates && !label.contains(is_han);
                    let typed: String =
                        chars[..at].iter().collect::<String>() + change + &chars[at + 1..].iter().collect::<String>();
                    let same = |label: &str| label.replace(' ', "") == typed.replace(' ', "");
                    if labels.iter().any(|(label, _)| same(label)) || (prefix && !begins_word) {
                        continue;
                    }
                    let read = nearest(&typed, &labels);
                    let kept = |read: i32| (read - 3).signum() == (score - 3).signum();
                    let safe = read
                        .is_none_or(|read| if negates { read < 3 || (*score <= 3 && kept(read)) } else { kept(read) });
                    assert!(safe, "{label} as {typed}: {read:?}");
                }
            }
        }
    }
}
