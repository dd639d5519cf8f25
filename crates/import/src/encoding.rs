//! Text of any encoding as UTF-8. What cannot be read becomes a byte that no UTF-8 has, so that its cell is refused.

use std::io::{self, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::table::TableError;

/// How a text is encoded, and how that is known.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) encoding: &'static Encoding,
    /// Length of the mark at the beginning.
    pub(crate) mark: usize,
    /// What was concluded, where nobody said it.
    pub(crate) note: Option<String>,
}

/// The encoding of a text that begins so. A mark counts for more than what the mapping says: a rejects file has one.
pub(crate) fn find(sample: &[u8], given: Option<&'static Encoding>) -> Result<Found, TableError> {
    let found = |encoding| Ok(Found { encoding, mark: 0, note: None });
    if let Some((encoding, mark)) = Encoding::for_bom(sample) {
        return Ok(Found { encoding, mark, note: None });
    }
    if let Some(encoding) = given {
        return found(encoding);
    }
    if let Some(encoding) = utf_16_without_mark(sample) {
        let note = format!("read as {}, because every other byte of its Latin text is 0", encoding.name());
        return Ok(Found { encoding, mark: 0, note: Some(note) });
    }
    if is_utf_8(sample) {
        return found(UTF_8);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(sample, false);
    let encoding = detector.guess(None, Utf8Detection::Deny);
    match first_words(sample, encoding) {
        Some(words) => {
            let name = encoding.name();
            let note = format!(
                "not UTF-8: read as {name}, by the frequency of its letters, so that it says {words:?}; the mapping can \
                 say encoding = {:?}, or another",
                name.to_ascii_lowercase()
            );
            Ok(Found { encoding, mark: 0, note: Some(note) })
        }
        // Mostly UTF-8 with a few broken bytes: the cells that have them are refused, each with its line.
        None if mostly_utf_8(sample) => found(UTF_8),
        None => Err(TableError::Refused(
            "the encoding is not UTF-8 and cannot be recognised: say it in the mapping, for example encoding = \"gb18030\""
                .to_owned(),
        )),
    }
}

/// Whether a text is UTF-8, but for a character that its end may cut.
fn is_utf_8(sample: &[u8]) -> bool {
    std::str::from_utf8(sample).is_err_and(|error| error.error_len().is_none()) || std::str::from_utf8(sample).is_ok()
}

/// Whether UTF-8 characters of several bytes outnumber what is broken.
fn mostly_utf_8(sample: &[u8]) -> bool {
    let (mut good, mut broken) = (0, 0);
    for chunk in sample.utf8_chunks() {
        good += chunk.valid().chars().filter(|one| !one.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    good > 4 * broken
}

/// UTF-16 shows by zeros at every other place, and by line ends when it is read so.
fn utf_16_without_mark(sample: &[u8]) -> Option<&'static Encoding> {
    let pairs = (sample.len() / 2).max(1);
    let zeros = |place: usize| sample.iter().skip(place).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let encoding = match () {
        () if odd * 20 > pairs && even * 2 < odd => UTF_16LE,
        () if even * 20 > pairs && odd * 2 < even => UTF_16BE,
        () => return None,
    };
    let (text, broken) = encoding.decode_without_bom_handling(&sample[..sample.len() & !1]);
    (text.contains('\n') && (!broken || std::str::from_utf8(sample).is_err())).then_some(encoding)
}

/// The first words that tell encodings apart, if the sample can be read so.
fn first_words(sample: &[u8], encoding: &'static Encoding) -> Option<String> {
    let mut text =
        String::with_capacity(encoding.new_decoder_without_bom_handling().max_utf8_buffer_length(sample.len())?);
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let (result, _) = decoder.decode_to_string_without_replacement(sample, &mut text, false);
    if matches!(result, DecoderResult::Malformed(..)) {
        return None;
    }
    let start = text.find(|one: char| !one.is_ascii())?;
    let word = text[..start].rfind(|one: char| one.is_control() || ",;\t|\"".contains(one)).map_or(0, |at| at + 1);
    Some(text[word..].chars().take_while(|one| !one.is_control() && !",;\t|\"".contains(*one)).take(24).collect())
}

/// No UTF-8 text has it.
const UNREADABLE: u8 = 0xff;

/// Bytes of an encoding as UTF-8.
pub(crate) struct Decoded<R> {
    source: R,
    decoder: Decoder,
    input: Box<[u8]>,
    ready: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: Read> Decoded<R> {
    pub(crate) fn new(source: R, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_without_bom_handling();
        Self { source, decoder, input: vec![0; 64 << 10].into(), ready: Vec::new(), at: 0, ended: false }
    }

    fn fill(&mut self) -> io::Result<()> {
        let read = self.source.read(&mut self.input)?;
        self.ended = read == 0;
        self.at = 0;
        self.ready.clear();
        let mut left = &self.input[..read];
        loop {
            let needed =
                self.decoder.max_utf8_buffer_length_without_replacement(left.len()).unwrap_or(left.len() * 4 + 16);
            let start = self.ready.len();
            self.ready.resize(start + needed, 0);
            let (result, taken, written) =
                self.decoder.decode_to_utf8_without_replacement(left, &mut self.ready[start..], self.ended);
            self.ready.truncate(start + written);
            left = &left[taken..];
            match result {
                DecoderResult::InputEmpty => return Ok(()),
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => self.ready.push(UNREADABLE),
            }
        }
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.ready.len() && !self.ended {
            self.fill()?;
        }
        let count = out.len().min(self.ready.len() - self.at);
        out[..count].copy_from_slice(&self.ready[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{GB18030, SHIFT_JIS, WINDOWS_1252};
    use proptest::prelude::*;

    use super::*;

    fn utf_16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    fn decode(bytes: &[u8], encoding: &'static Encoding) -> Vec<u8> {
        let mut out = Vec::new();
        Decoded::new(bytes, encoding).read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn encodings_are_found_with_their_evidence() {
        let text = "编号,主题\n1,退货申请没有人处理\n2,物流太慢了，客服很耐心\n".repeat(20);
        assert_eq!(find(text.as_bytes(), None).unwrap().encoding, UTF_8);
        for big in [false, true] {
            let found = find(&utf_16(&text, big), None).unwrap();
            assert_eq!((found.encoding, found.note.is_some()), (if big { UTF_16BE } else { UTF_16LE }, true));
        }
        let (bytes, ..) = GB18030.encode(&text);
        let found = find(&bytes, None).unwrap();
        assert!(found.note.unwrap().contains("编号"), "{:?}", found.encoding);
        assert_eq!(decode(&bytes, found.encoding), text.as_bytes());
        let (bytes, ..) = WINDOWS_1252.encode("id,Straße\n1,Münchner Straße\n2,Größe\n");
        assert!(find(&bytes, None).unwrap().note.unwrap().contains("Straße"));
        assert_eq!(find("\u{feff}a".as_bytes(), Some(SHIFT_JIS)).unwrap().encoding, UTF_8);
    }

    #[test]
    fn half_a_surrogate_pair_is_no_text() {
        let mut bytes = utf_16("a,b\n", false);
        bytes.extend_from_slice(&[0x3d, 0xd8, b'x', 0]);
        assert_eq!(decode(&bytes, UTF_16LE), b"a,b\n\xffx");
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_read(text in "\\PC{0,40}") {
            for (encoding, big) in [(UTF_16LE, false), (UTF_16BE, true)] {
                prop_assert_eq!(decode(&utf_16(&text, big), encoding), text.as_bytes());
            }
            prop_assert_eq!(decode(&GB18030.encode(&text).0, GB18030), text.as_bytes());
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(found) = find(&bytes, None) {
                decode(&bytes[found.mark..], found.encoding);
            }
        }
    }
}
