//! A reply as it arrived, made comparable: one width, one case, one script, and only the customer's own words.

use unicode_normalization::UnicodeNormalization as _;

/// Traditional characters of the words a reply is read by, and the simplified ones. Not a converter: what else a customer
/// writes is kept as it is.
const SIMPLIFIED: &str = "滿满員员問问題题統统係系質质貨货對对錯错應应該该說说給给選选為为謝谢務务還还點点顆颗兩两貳贰參叁陸陆\
沒没嗎吗這这總总體体覺觉們们遞递樣样態态網网絡络產产壞坏價价會会個个時时間间鐘钟過过來来後后評评級级關关於于規规則则責责單单電电\
話话機机號号錢钱塊块項项認认訴诉讚赞難难極极較较幾几點点罵骂無无與与話话當当別别開开騙骗假假夢梦夠够惡恶慢慢發发變变復复壹壹訂订閱阅擾扰聯联絕绝";

/// From here to the end of its line, the telephone wrote it.
const SIGNATURES: [&str; 4] = ["发自我的", "来自我的", "sent from my", "sent via"];
/// From here to the end, others wrote it.
const QUOTES: [&str; 5] = ["-----", "original message", "原始邮件", "原短信", "写道"];

/// The reply in one form, and the customer's words only.
pub(crate) fn normalise(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    for char in raw.nfkc().flat_map(char::to_lowercase) {
        match char {
            // Joiners and marks that decorate the character before them, a keycap around a digit for instance.
            '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}' | '\u{20e3}' => {}
            '\u{1f3fb}'..='\u{1f3ff}' => {}
            '’' | '‘' | '`' => text.push('\''),
            '\r' => text.push('\n'),
            _ => text.push(simplified(char)),
        }
    }
    without_brackets(own_lines(&text).trim())
}

fn simplified(char: char) -> char {
    if !('\u{4e00}'..='\u{9fff}').contains(&char) {
        return char;
    }
    let mut pairs = SIMPLIFIED.chars();
    while let (Some(from), Some(to)) = (pairs.next(), pairs.next()) {
        if from == char {
            return to;
        }
    }
    char
}

fn own_lines(text: &str) -> String {
    let mut own = String::with_capacity(text.len());
    for line in text.split('\n') {
        if line.trim_start().starts_with('>') {
            continue;
        }
        let wrote = line.trim_end().ends_with("wrote:");
        let end = QUOTES.iter().filter_map(|mark| line.find(mark)).min();
        if wrote || end.is_some() {
            // The line that introduces a quotation names its author and date before the mark.
            own.push_str(end.filter(|_| line.contains("--") || !line.contains("写道")).map_or("", |end| &line[..end]));
            break;
        }
        if line.trim_end() == "--" {
            break;
        }
        let end = SIGNATURES.iter().filter_map(|mark| line.find(mark)).min().unwrap_or(line.len());
        own.push_str(&line[..end]);
        own.push('\n');
    }
    own
}

/// Gateways and companies sign with `【name】` before or behind the text.
fn without_brackets(text: &str) -> String {
    let mut rest = text;
    loop {
        let cut = if rest.starts_with('【') {
            rest.find('】').map(|end| &rest[end + '】'.len_utf8()..])
        } else if rest.ends_with('】') {
            rest.rfind('【').map(|start| &rest[..start])
        } else {
            None
        };
        match cut.map(str::trim) {
            Some(cut) if !cut.is_empty() => rest = cut,
            _ => return rest.to_owned(),
        }
    }
}
