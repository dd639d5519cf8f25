//! Files of every format, as they come, through the one door: header, rows with their numbers, notes, refusals.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use encoding_rs::GB18030;
use flate2::{Compression, write::GzEncoder};
use rapport_import::{
    mapping::MappingFile,
    rejects::Rejects,
    table::{Header, Shape, Table},
};
use tempfile::TempDir;
use zip::{ZipWriter, write::SimpleFileOptions};

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

fn gzip(content: impl AsRef<[u8]>) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::default());
    writer.write_all(content.as_ref()).unwrap();
    writer.finish().unwrap()
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A workbook of sheets, each with its rows as XML.
fn xlsx(sheets: &[(&str, &str)], strings: &[&str]) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let mut book = format!("<workbook xmlns=\"{main}\" xmlns:r=\"{relations}\"><sheets>");
    let mut rels = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">".to_owned();
    let mut files = Vec::new();
    for (index, (name, rows)) in sheets.iter().enumerate() {
        let id = index + 1;
        book += &format!("<sheet name=\"{name}\" sheetId=\"{id}\" r:id=\"rId{id}\"/>");
        rels += &format!(
            "<Relationship Id=\"rId{id}\" Type=\"{relations}/worksheet\" Target=\"worksheets/sheet{id}.xml\"/>"
        );
        let sheet = format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>");
        files.push((format!("xl/worksheets/sheet{id}.xml"), sheet));
    }
    let top = format!("<Relationship Id=\"r\" Type=\"{relations}/officeDocument\" Target=\"xl/workbook.xml\"/>");
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    files.push(("_rels/.rels".to_owned(), format!("<Relationships xmlns=\"{package}\">{top}</Relationships>")));
    files.push(("xl/workbook.xml".to_owned(), book + "</sheets></workbook>"));
    files.push(("xl/_rels/workbook.xml.rels".to_owned(), rels + "</Relationships>"));
    let items: String = strings.iter().map(|text| format!("<si><t>{text}</t></si>")).collect();
    let items = format!("<sst xmlns=\"{main}\" uniqueCount=\"{}\">{items}</sst>", strings.len());
    files.push(("xl/sharedStrings.xml".to_owned(), items));
    // 14: a date; 22: date and time; 46: [h]:mm:ss; 21: a time.
    let formats: String = [0, 14, 22, 46, 21].map(|id| format!("<xf numFmtId=\"{id}\" xfId=\"0\"/>")).concat();
    let styles = format!("<styleSheet xmlns=\"{main}\"><cellXfs>{formats}</cellXfs></styleSheet>");
    files.push(("xl/styles.xml".to_owned(), styles));
    let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    zip(&files)
}

fn text_row(number: u32, cells: &[&str]) -> String {
    let cell = |(index, text): (usize, &&str)| {
        let letter = char::from(b'A' + u8::try_from(index).unwrap());
        format!("<c r=\"{letter}{number}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
    };
    format!("<row r=\"{number}\">{}</row>", cells.iter().enumerate().map(cell).collect::<String>())
}

fn ods(rows: &str) -> Vec<u8> {
    let content = format!(
        "<office:document-content xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
         xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" \
         xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\"><office:body><office:spreadsheet>\
         <table:table table:name=\"Calls\">{rows}</table:table></office:spreadsheet></office:body>\
         </office:document-content>"
    );
    let manifest = "<manifest:manifest xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\"/>";
    zip(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", content.as_bytes()),
        ("META-INF/manifest.xml", manifest.as_bytes()),
    ])
}

/// Header and rows, each with its number.
type Content = (Vec<String>, Vec<(u64, Vec<String>)>);

fn read_as(path: &Path, shape: &Shape) -> Result<Content, String> {
    let mut table = Table::open(path, shape).map_err(|error| error.to_string())?;
    let mut rows = Vec::new();
    while let Some(row) = table.next_row().map_err(|error| error.to_string())? {
        rows.push((row.line, row.record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect()));
    }
    Ok((table.header().to_vec(), rows))
}

fn read(path: &Path) -> Content {
    read_as(path, &Shape::default()).unwrap()
}

fn refusal(path: &Path) -> String {
    read_as(path, &Shape::default()).unwrap_err()
}

fn content(header: &[&str], rows: &[(u64, &[&str])]) -> Content {
    let texts = |cells: &[&str]| cells.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>();
    (texts(header), rows.iter().map(|(line, cells)| (*line, texts(cells))).collect())
}

fn notes(path: &Path) -> String {
    Table::open(path, &Shape::default()).unwrap().notes().join("\n")
}

#[test]
fn one_table_in_every_format() {
    let place = Place::new();
    let csv = "编号,主题\n1,退货慢\n2,客服好\n";
    let tsv = csv.replace(',', "\t");
    let utf_16: Vec<u8> = [0xff, 0xfe].into_iter().chain(csv.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let big: Vec<u8> = [0xfe, 0xff].into_iter().chain(tsv.encode_utf16().flat_map(u16::to_be_bytes)).collect();
    let rows = [["编号", "主题"], ["1", "退货慢"], ["2", "客服好"]];
    let sheet: String = (1..).zip(rows).map(|(number, cells)| text_row(number, &cells)).collect();
    let json = r#"[{"编号":1,"主题":"退货慢"},
        {"编号":2,"主题":"客服好"}]"#;
    let lines = "{\"编号\":1,\"主题\":\"退货慢\"}\n{\"编号\":2,\"主题\":\"客服好\"}\n";
    let wrapped = format!("{{\"count\":2,\"data\":{{\"tickets\":{json}}},\"next\":null}}");
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("a.csv", csv.into()),
        ("mark.csv", format!("\u{feff}{csv}").into()),
        ("b.tsv", tsv.into()),
        ("semicolon.csv", format!("sep=;\n{}", csv.replace(',', ";")).into()),
        ("titled.csv", format!("三月报告\n\n{csv}").into()),
        ("le.csv", utf_16),
        ("be.txt", big),
        ("gb.csv", GB18030.encode(csv).0.into_owned()),
        ("c.xlsx", xlsx(&[("Sheet1", &sheet)], &[])),
        ("d.json", json.into()),
        ("e.jsonl", lines.into()),
        ("wrapped.json", wrapped.into()),
    ];
    for (name, bytes) in files {
        for (name, bytes) in [(name.to_owned(), bytes.clone()), (format!("{name}.gz"), gzip(&bytes))] {
            let (header, rows) = read(&place.file(&name, bytes));
            assert_eq!(header, ["编号", "主题"], "{name}");
            let cells: Vec<_> = rows.iter().map(|(_, cells)| cells.concat()).collect();
            assert_eq!(cells, ["1退货慢", "2客服好"], "{name}");
        }
    }
}

#[test]
fn what_was_concluded_is_told() {
    let place = Place::new();
    let gb = GB18030.encode("编号;主题\n1;退货申请没有人处理\n2;物流太慢了\n").0;
    let told = notes(&place.file("gb.csv", gb));
    assert!(told.contains("gbk") && told.contains("编号") && told.contains("separator is ';'"), "{told}");
    let rows = [text_row(1, &["Report"]), text_row(3, &["id", "what", "who"]), text_row(4, &["1", "call", "ann"])];
    let told = notes(&place.file("b.xlsx", xlsx(&[("Empty", ""), ("Calls", &rows.concat())], &[])));
    assert!(told.contains("\"Calls\"") && told.contains("\"Empty\"") && told.contains("row 3"), "{told}");
    let told = notes(&place.file("c.json", r#"{"meta":{"n":1},"tickets":[{"id":1}]}"#));
    assert!(told.contains("\"tickets\""), "{told}");
    assert_eq!(notes(&place.file("d.csv", "a,b\n1,2\n")), "");
}

#[test]
fn what_is_no_table_is_refused_by_what_it_looks_like() {
    let place = Place::new();
    for (name, bytes, what) in [
        ("a.csv", &b"%PDF-1.7\n"[..], "a PDF"),
        ("b.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "an old .xls"),
        ("c.csv", b"<!DOCTYPE html>\n<html><table>", "HTML"),
        ("d.csv", b"<?xml version=\"1.0\"?><rows/>", "XML"),
        ("e.csv", &zip(&[("a.csv", b"x")]), "a zip archive"),
        ("f.csv", &zip(&[("word/document.xml", b"x")]), "a Word document"),
        ("g.csv", &gzip(gzip("a,b\n")), "a gzip file in a gzip file"),
        ("h.csv", b"", "empty"),
        ("i.json", br#"{"a":[{"x":1}],"b":[{"y":1}]}"#, "records = \"a\" or \"b\""),
        ("j.json", b"[{\"a\":1},\n{\"a\":", "line 2"),
    ] {
        let told = refusal(&place.file(name, bytes));
        assert!(told.contains(what), "{name}: {told}");
    }
}

#[test]
fn cells_of_a_sheet_keep_what_they_say() {
    let place = Place::new();
    let header = text_row(1, &["id", "day", "at", "talk", "clock", "rate", "flag", "note"]);
    let cells = "<row r=\"2\"><c r=\"A2\"><v>5</v></c><c r=\"B2\" s=\"1\"><v>46347</v></c>\
                 <c r=\"C2\" s=\"2\"><v>46347.395833333336</v></c><c r=\"D2\" s=\"3\"><v>1.0423611111111111</v></c>\
                 <c r=\"E2\" s=\"4\"><v>0.395833333333333</v></c><c r=\"F2\"><v>0.85</v></c>\
                 <c r=\"G2\" t=\"b\"><v>1</v></c><c r=\"H2\" t=\"s\"><v>0</v></c></row>\
                 <row r=\"5\"><c r=\"A5\"><v>12345678901</v></c><c r=\"C5\" s=\"2\"><v>46346.999999999</v></c></row>";
    let path = place.file("a.xlsx", xlsx(&[("S", &(header + cells))], &["王女士 &amp; co"]));
    let expected = content(
        &["id", "day", "at", "talk", "clock", "rate", "flag", "note"],
        &[
            (2, &["5", "2026-11-21", "2026-11-21T09:30:00", "25:01:00", "09:30:00", "0.85", "true", "王女士 & co"]),
            (5, &["12345678901", "", "2026-11-21", "", "", "", "", ""]),
        ],
    );
    assert_eq!(read(&path), expected);
}

#[test]
fn formulas_give_their_stored_value_or_none() {
    let place = Place::new();
    let header = text_row(1, &["id", "sum", "look"]);
    let cells = "<row r=\"2\"><c r=\"A2\"><v>1</v></c><c r=\"B2\"><f>A2+1</f><v>2</v></c>\
                 <c r=\"C2\" t=\"str\"><f>T()</f><v>ok</v></c></row>\
                 <row r=\"3\"><c r=\"A3\"><v>2</v></c><c r=\"B3\"><f>A3+1</f></c>\
                 <c r=\"C3\" t=\"e\"><f>V()</f><v>#N/A</v></c></row>";
    let path = place.file("a.xlsx", xlsx(&[("S", &(header + cells))], &[]));
    let mut table = Table::open(&path, &Shape::default()).unwrap();
    let header = table.header().to_vec();
    let good = table.next_row().unwrap().unwrap();
    let row = good.texts(&header).unwrap();
    assert_eq!(row.cells().collect::<Vec<_>>(), ["1", "2", "ok"]);
    assert!((0..3).all(|index| row.unread(index).is_none()));
    let bad = table.next_row().unwrap().unwrap();
    let row = bad.texts(&header).unwrap();
    assert!(row.unread(1).unwrap().contains("formula without a stored value"));
    assert!(row.unread(2).unwrap().contains("#N/A"));
}

#[test]
fn an_open_document_sheet_is_read() {
    let place = Place::new();
    let cell = |text: &str| {
        format!("<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>")
    };
    let value = |kind: &str, key: &str, value: &str| {
        format!(
            "<table:table-cell office:value-type=\"{kind}\" office:{key}=\"{value}\"><text:p>x</text:p>\
             </table:table-cell>"
        )
    };
    let header = [cell("id"), cell("when"), cell("talk")].concat();
    let values = [
        value("float", "value", "7"),
        value("date", "date-value", "2026-11-21T09:30:00"),
        value("time", "time-value", "PT00H01M30S"),
    ];
    let row = |cells: &str| format!("<table:table-row>{cells}</table:table-row>");
    let expected = content(&["id", "when", "talk"], &[(2, &["7", "2026-11-21T09:30:00", "00:01:30"])]);
    assert_eq!(read(&place.file("a.ods", ods(&(row(&header) + &row(&values.concat()))))), expected);
    let repeated = "<table:table-cell table:number-columns-repeated=\"16000\"";
    let many = row(&cell("x").replace("<table:table-cell", repeated)).repeat(400);
    let told = refusal(&place.file("b.ods", ods(&many)));
    assert!(told.contains("cells"), "{told}");
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    let place = Place::new();
    let told = refusal(&place.file("a.csv.gz", gzip(vec![b'a'; 40 << 20])));
    assert!(told.contains("bomb"), "{told}");
    let sheet = format!("<row r=\"1\"><c t=\"inlineStr\"><is><t>{}</t></is></c></row>", "a".repeat(8 << 20));
    let told = refusal(&place.file("b.xlsx", xlsx(&[("S", &sheet)], &[])));
    assert!(told.contains("bomb"), "{told}");
    let blown = xlsx(&[("S", &format!("<x{}/>", " ".repeat(60_000)).repeat(700))], &[]);
    let told = refusal(&place.file("c.xlsx", blown));
    assert!(told.contains("bomb"), "{told}");
    let strings = b"<sst uniqueCount=\"99999999999\"></sst>";
    let lying = zip(&[("xl/workbook.xml", b"<workbook/>"), ("xl/sharedStrings.xml", strings)]);
    let told = refusal(&place.file("d.xlsx", lying));
    assert!(told.contains("announces"), "{told}");
    let wide = "<row r=\"1\"><c r=\"AAAA1\"><v>1</v></c></row>";
    let told = refusal(&place.file("e.xlsx", xlsx(&[("S", wide)], &[])));
    assert!(told.contains("columns") || told.contains("damaged"), "{told}");
    let told = refusal(&place.file("f.csv", format!("{}\n", "a,".repeat(1_000_000))));
    assert!(told.contains("16384 columns"), "{told}");
}

#[test]
fn what_is_cut_short_is_said_at_its_end() {
    let place = Place::new();
    let rows: String = (0..200_000).map(|row| format!("{row},{}\n", row * 7919 % 10007)).collect();
    let packed = gzip(format!("id,n\n{rows}"));
    let path = place.file("a.csv.gz", &packed[..packed.len() / 2]);
    let mut table = Table::open(&path, &Shape::default()).unwrap();
    let mut read = 0;
    let told = loop {
        match table.next_row() {
            Ok(Some(_)) => read += 1,
            Ok(None) => panic!("nobody said that it is cut short"),
            Err(error) => break error.to_string(),
        }
    };
    assert!(read > 1000 && told.contains("cut short"), "{read} {told}");
    let book = xlsx(&[("S", &text_row(1, &["a", "b"]))], &[]);
    let told = refusal(&place.file("b.xlsx", &book[..book.len() / 2]));
    assert!(told.contains("damaged"), "{told}");
}

#[test]
fn nul_and_half_a_surrogate_pair_cost_their_own_row() {
    let place = Place::new();
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let half = [&[0xff, 0xfe][..], &utf_16("id,t\n1,x\n2,"), &[0x3d, 0xd8], &utf_16("\n3,y\n")].concat();
    let json = "{\"id\":1,\"t\":\"x\"}\n{\"id\":2,\"t\":\"\\ud83d\"}\n{\"id\":3,\"t\":\"\\ud83d\\ude00\"}\n{\"id\":\n";
    for (name, bytes, expected) in [
        ("a.csv", half, [2, 4]),
        ("b.csv", b"id,t\n1,x\n2,\0\n3,y\n".to_vec(), [2, 4]),
        ("c.jsonl", json.into(), [1, 3]),
    ] {
        let mut table = Table::open(&place.file(name, bytes), &Shape::default()).unwrap();
        let header = table.header().to_vec();
        let rows: Vec<_> = std::iter::from_fn(|| table.next_row().unwrap()).collect();
        let good = rows.iter().filter(|row| row.texts(&header).is_ok_and(|row| row.unread(1).is_none()));
        assert_eq!(good.map(|row| row.line).collect::<Vec<_>>(), expected, "{name}");
    }
}

#[test]
fn json_values_stand_as_they_are_written() {
    let place = Place::new();
    let json = r#"{"id":12345678901234567890,"n":5.0,"by":{"name":"王","tags":["a","b"]},"log":[{"at":1},{"at":2,"ok":true}],"x":null}
{"id":2,"by":{"name":"李"},"more":"y"}
"#;
    let (header, rows) = read(&place.file("a.jsonl", json));
    assert_eq!(header, ["id", "n", "by.name", "by.tags", "log.0.at", "log.1.at", "log.1.ok", "x", "more"]);
    assert_eq!(rows[0].1, ["12345678901234567890", "5.0", "王", "a, b", "1", "2", "true", "", ""]);
    assert_eq!(rows[1].1, ["2", "", "李", "", "", "", "", "", "y"]);
    let shape = Shape { records: Some("b.c".to_owned()), ..Shape::default() };
    let json = r#"{"a":[{"x":1}],"b":{"z":"}","c":[{"y":1},{"y":2}]}}"#;
    let (header, rows) = read_as(&place.file("b.json", json), &shape).unwrap();
    assert_eq!((header, rows.len()), (vec!["y".to_owned()], 2));
}

#[test]
fn columns_without_names_and_twins_can_be_named() {
    let place = Place::new();
    let merged = text_row(1, &["id", "contact"]) + &text_row(2, &["1", "phone", "mail"]);
    assert_eq!(read(&place.file("a.xlsx", xlsx(&[("S", &merged)], &[]))).0, ["id", "contact", "C"]);
    let (header, _) = read(&place.file("b.csv", "id, name,name ,\n1,2,3,4\n"));
    assert_eq!(header, ["id", "name (1)", "name (2)", "D"]);
    let shape = Shape { header: Header::None, ..Shape::default() };
    let (header, rows) = read_as(&place.file("c.csv", "1,2\n3,4\n"), &shape).unwrap();
    assert_eq!((header, rows[0].0, rows.len()), (vec!["A".to_owned(), "B".to_owned()], 1, 2));
    let shape = Shape { header: Header::Line(3), ..Shape::default() };
    let found = read_as(&place.file("d.csv", "x,y\nx,y\na,b\n1,2\n"), &shape).unwrap();
    assert_eq!(found, content(&["a", "b"], &[(4, &["1", "2"])]));
}

/// Mended or not, what was rejected is read again by the same mapping.
#[test]
fn rejects_of_every_format_can_be_imported_again() {
    let place = Place::new();
    let csv = "编号,主题\n1,退\n";
    let sheet = text_row(1, &["Report"]) + &text_row(4, &["编号", "主题"]) + &text_row(5, &["1", "退"]);
    let no_header = "encoding = \"gb18030\"\nheader = false";
    for (name, bytes, mapping, header) in [
        ("a.csv", GB18030.encode(csv).0.into_owned(), "encoding = \"gb18030\"", ["编号", "主题"]),
        ("b.csv", GB18030.encode("1,退\n").0.into_owned(), no_header, ["A", "B"]),
        ("c.xlsx", xlsx(&[("S", &sheet)], &[]), "header_line = 4\nsheet = \"S\"", ["编号", "主题"]),
        ("d.json", "{\"t\":[{\"编号\":1,\"主题\":\"退\"}]}".into(), "records = \"t\"", ["编号", "主题"]),
        ("e.csv", format!("sep=;\n{}", csv.replace(',', ";")).into(), "", ["编号", "主题"]),
    ] {
        let mapping = MappingFile::parse(mapping).unwrap();
        let path = place.file(name, bytes);
        let mut table = Table::open(&path, &mapping.shape()).unwrap();
        assert_eq!(table.header(), header, "{name}");
        let rejects = place.0.path().join("rejects.csv");
        let mut writer = Rejects::create(&rejects, &mapping, table.header(), &path).unwrap();
        while let Some(row) = table.next_row().unwrap() {
            writer.add(&row, &["wrong".to_owned()]).unwrap();
        }
        writer.finish().unwrap();
        let (again, rows) = read_as(&rejects, &mapping.shape()).unwrap();
        assert_eq!(again, ["line", "reasons", header[0], header[1]], "{name}");
        assert_eq!(rows[0].1[1..], ["wrong", "1", "退"].map(str::to_owned), "{name}");
    }
}

#[test]
fn a_mapping_for_another_file_is_told_what_there_is() {
    let header = ["Ticket ID", "Created at", "Channel"].map(str::to_owned);
    let text = "source = \"s\"\nkey = \"ticket_id\"\n[interaction]\nchannel = { column = \"chanel\" }\n\
                requested_time.from = { column = \"created\" }\n";
    let problems = MappingFile::parse(text).unwrap().interactions(&header).unwrap_err().0.join("\n");
    for expected in ["has \"Ticket ID\", ", "has \"Channel\", ", "has \"Created at\", "] {
        assert!(problems.contains(expected), "{problems}");
    }
}

#[test]
fn a_file_is_not_held_in_memory() {
    let place = Place::new();
    let line = |row: u32| format!("{{\"id\":{row},\"text\":\"{}\"}}\n", "x".repeat(200));
    let path = place.file("a.jsonl", (0..20_000).map(line).collect::<String>());
    let mut table = Table::open(&path, &Shape::default()).unwrap();
    table.next_row().unwrap();
    assert!(table.position() < 1 << 20, "{}", table.position());
}
