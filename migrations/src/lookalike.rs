//! What ids look like, so that none passes for another (Unicode Technical Standard 39).

use unicode_security::confusable_detection::skeleton as prototypes;

/// Whose ids are compared with one another. The numbers are kept in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names say it")]
pub enum Kind {
    Team = 1,
    StaffMember = 2,
    Customer = 3,
    SurveyTemplate = 4,
}

/// The skeleton of UTS 39: two ids that look alike have the same.
pub fn skeleton(id: &str) -> String {
    prototypes(id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_alike_has_one_skeleton() {
        // Cyrillic es, full-width digits, decomposed accents.
        for (one, other) in
            [("s1", "\u{455}1"), ("team-1", "team-l"), ("caf\u{e9}", "cafe\u{301}"), ("李\u{ff11}", "李1")]
        {
            assert_eq!(skeleton(one), skeleton(other), "{one} and {other}");
        }
        for (one, other) in [("s1", "s2"), ("s1", "S1"), ("李娜", "李那")] {
            assert_ne!(skeleton(one), skeleton(other), "{one} and {other}");
        }
    }
}
