//! Rules and sizes that tables compare.

use rapport_vote::{
    Form, Method,
    dealing::{Directions, OneWay, Terms},
    rules::TRIM_BP,
    simulation::{Rules, Size},
};

pub(crate) const TRIMMED: Method = Method::TrimmedTeamMean { trim_bp: TRIM_BP, fewest_judges: 1 };
/// As it was until teams were found to win by not voting.
pub(crate) const FORMERLY: Method = Method::TrimmedTeamMean { trim_bp: TRIM_BP, fewest_judges: 3 };

pub(crate) fn panel(method: Method, panel_size: usize, one_way: OneWay) -> Rules {
    let terms = Terms { form: Form::RankedPanel, panel_size, one_way, earlier: Directions::new() };
    Rules { terms, method, ranked: panel_size }
}

pub(crate) fn open(method: Method) -> Rules {
    let terms = Terms { form: Form::OpenChoice, panel_size: 8, one_way: OneWay::Never, earlier: Directions::new() };
    Rules { terms, method, ranked: 1 }
}

/// A size by name: `8x6+4` are 8 teams of 6 voters and 4 neutral judge teams of as many.
pub(crate) struct Named {
    pub(crate) name: &'static str,
    pub(crate) size: Size,
    pub(crate) one_way: OneWay,
}

const fn named(name: &'static str, teams: usize, voters: usize, neutral: usize, one_way: OneWay) -> Named {
    Named { name, size: Size { teams, voters, neutral }, one_way }
}

/// From the smallest on.
pub(crate) const SIZES: [Named; 8] = [
    named("5x6", 5, 6, 0, OneWay::Never),
    named("6x6", 6, 6, 0, OneWay::Never),
    named("8x6", 8, 6, 0, OneWay::Never),
    named("8x6+4", 8, 6, 4, OneWay::Never),
    named("12x8", 12, 8, 0, OneWay::Never),
    named("20x10", 20, 10, 0, OneWay::Never),
    named("20x10 one-way", 20, 10, 0, OneWay::Always),
    named("60x30 one-way", 60, 30, 0, OneWay::Always),
];

impl Named {
    /// Panels as a server deals them: of eight, or of all others.
    pub(crate) fn panel(&self, method: Method) -> Rules {
        panel(method, 8, self.one_way)
    }
}
