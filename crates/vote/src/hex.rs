//! Bytes as hexadecimal digits, as hashes and seeds stand in a record.

/// Lower case.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What [`hex`] wrote, in either case.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let byte = |pair: &[u8]| {
        let [high, low] = pair else { return None };
        let digit = |one: &u8| char::from(*one).to_digit(16);
        u8::try_from(16 * digit(high)? + digit(low)?).ok()
    };
    text.as_bytes().chunks(2).map(byte).collect()
}
