//! Which characters can be seen. Others steer a terminal, turn a line round or hide, so they neither leave the program as they
//! are (`cli::out`) nor get into a sentence of ours (`preference::brief`).

/// Neither control characters nor those that nobody sees: joiners, marks of direction, separators of lines, tags.
pub fn is_printable(one: char) -> bool {
    !one.is_control()
        && !matches!(
            one,
            '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}
