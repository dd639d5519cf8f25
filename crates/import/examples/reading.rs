//! How fast a file becomes requests, and how much memory that takes; nothing is sent.
//!
//! ```sh
//! cargo run --release -p rapport-import --example reading -- write 2000000 rows.csv
//! cargo run --release -p rapport-import --example reading -- read rows.csv
//! ```
//!
//! `write` makes a file of calls, CSV or by its extension .xlsx. `read` prints rows, rows a second and the peak of memory.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_macros,
    missing_docs,
    reason = "a program for its authors"
)]

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    time::Instant,
};

use jiff::tz::TimeZone;
use rapport_contract::rules::Violations;
use rapport_import::{
    mapping::MappingFile,
    rows::{self, Judgement},
    seen::Keys,
    table::Table,
};
use zip::{ZipWriter, write::SimpleFileOptions};

const MAPPING: &str = r#"
source = "measured"
key = "call"
[interaction]
channel = { column = "how", values = { call = "inbound_call", mail = "email" } }
direction = { constant = "inbound" }
outcome = { constant = "answered" }
topic = { column = "topic" }
customer_id = { column = "customer" }
requested_time = { from = { column = "asked", format = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"] } }
connected_time = { from = { column = "answered", format = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"] } }
conclusion = { column = "note" }
"#;

const HEADER: [&str; 7] = ["call", "how", "topic", "customer", "asked", "answered", "note"];

fn row(number: u64) -> [String; 7] {
    let (minute, second) = (number / 60 % 60, number % 60);
    let day = 1 + number / 86_400 % 28;
    let at = |second| format!("2026-03-{day:02} {:02}:{minute:02}:{second:02}", 8 + number / 3600 % 12);
    [
        format!("call-{number}"),
        if number.is_multiple_of(5) { "mail" } else { "call" }.to_owned(),
        ["delivery", "refund", "invoice", "退货"][usize::try_from(number % 4).unwrap()].to_owned(),
        format!("customer-{}", number * 7919 % 400_009),
        at(second / 2),
        at(second / 2 + 20),
        format!("order {} was looked at", number * 31 % 1_000_003),
    ]
}

fn write(count: u64, path: &Path) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    if path.extension().is_some_and(|extension| extension == "xlsx") {
        return write_workbook(count, file);
    }
    writeln!(file, "{}", HEADER.join(",")).unwrap();
    (0..count).for_each(|number| writeln!(file, "{}", row(number).join(",")).unwrap());
}

/// Every text is a shared string, as Excel writes them.
fn write_workbook(count: u64, file: BufWriter<File>) {
    let relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let mut zip = ZipWriter::new(file);
    let begin = |zip: &mut ZipWriter<_>, name: &str| zip.start_file(name, SimpleFileOptions::default()).unwrap();
    begin(&mut zip, "xl/workbook.xml");
    write!(zip, "<workbook xmlns=\"{main}\" xmlns:r=\"{relations}\"><sheets><sheet name=\"Calls\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>").unwrap();
    begin(&mut zip, "xl/_rels/workbook.xml.rels");
    write!(zip, "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"r1\" Type=\"{relations}/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>").unwrap();
    begin(&mut zip, "_rels/.rels");
    write!(zip, "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"r\" Type=\"{relations}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>").unwrap();
    let header = || std::iter::once(HEADER.map(str::to_owned));
    begin(&mut zip, "xl/sharedStrings.xml");
    write!(zip, "<sst xmlns=\"{main}\" uniqueCount=\"{}\">", (count + 1) * 7).unwrap();
    let all = header().chain((0..count).map(row)).flatten();
    all.for_each(|text| write!(zip, "<si><t>{text}</t></si>").unwrap());
    write!(zip, "</sst>").unwrap();
    begin(&mut zip, "xl/worksheets/sheet1.xml");
    write!(zip, "<worksheet xmlns=\"{main}\"><sheetData>").unwrap();
    for number in 0..=count {
        write!(zip, "<row r=\"{}\">", number + 1).unwrap();
        (0..7).for_each(|column| write!(zip, "<c t=\"s\"><v>{}</v></c>", number * 7 + column).unwrap());
        write!(zip, "</row>").unwrap();
    }
    write!(zip, "</sheetData></worksheet>").unwrap();
    zip.finish().unwrap();
}

fn read(path: &Path) {
    let begun = Instant::now();
    let file = MappingFile::parse(MAPPING).unwrap();
    let mut table = Table::open(path, &file.shape()).unwrap();
    let header = table.header().to_vec();
    let mapping = file.interactions(&header).unwrap();
    let mut keys = Keys::default();
    let (mut rows, mut requests, mut bytes) = (0_u32, 0, 0);
    while let Some(raw) = table.next_row().unwrap() {
        rows += 1;
        let row = raw.texts(&header).unwrap();
        let judged = rows::interaction(&mapping, &TimeZone::UTC, &row, Violations::of);
        if let Judgement::Send(request, _) = keys.judge(judged, table.unit(), raw.line) {
            bytes += prost::Message::encoded_len(&request);
            requests += 1;
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let memory = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = memory.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM unknown");
    println!(
        "{rows} rows, {requests} requests of {bytes} bytes in {seconds:.1} s: {:.0} rows/s; {peak}",
        f64::from(rows) / seconds
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["write", count, path] => write(count.parse().unwrap(), Path::new(path)),
        ["read", path] => read(Path::new(path)),
        _ => println!("write COUNT FILE, or read FILE"),
    }
}
