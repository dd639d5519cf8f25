//! The contract holds itself to its rules: what the server could not enforce stops the build, and every reason for an
//! error is explained where it is declared.

#[allow(clippy::wildcard_enum_match_arm, reason = "as in build.rs, whose module this is")]
#[path = "../../build/contract.rs"]
mod generator;

use libtest_mimic::Trial;
use prost::Message as _;
use prost_types::FileDescriptorSet;
use rapport::api::{DESCRIPTOR_SET, v1::ErrorReason};

use self::generator::Contract;

pub(crate) fn trials() -> Vec<Trial> {
    let tests: [(&str, fn()); 4] = [
        ("what_can_be_enforced_is_accepted", what_can_be_enforced_is_accepted),
        ("what_cannot_be_enforced_is_refused", what_cannot_be_enforced_is_refused),
        ("a_method_without_good_grants_is_refused", a_method_without_good_grants_is_refused),
        ("every_reason_names_its_code_and_an_example", every_reason_names_its_code_and_an_example),
    ];
    tests
        .into_iter()
        .map(|(name, test)| {
            Trial::test(format!("contract::{name}"), move || {
                test();
                Ok(())
            })
        })
        .collect()
}

/// What the generator says to a contract of one method, with this access rule and these fields in its request.
fn generate(access: &str, fields: &str) -> Result<String, String> {
    let proto = format!(
        r#"
        syntax = "proto3";
        package sample.v1;
        import "buf/validate/validate.proto";
        import "google/protobuf/duration.proto";
        import "google/protobuf/timestamp.proto";
        import "rapport/v1/access.proto";
        service Sample {{
            rpc Ask(Request) returns (Answer) {{ {access} }}
        }}
        enum Shade {{ SHADE_UNSPECIFIED = 0; SHADE_DARK = 1; }}
        message Inner {{ string text = 1 [(buf.validate.field).string.max_len = 9]; }}
        message Request {{ {fields} }}
        // Answers need no limits.
        message Answer {{ string text = 1; }}
        "#
    );
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("sample.proto"), proto).unwrap();
    let contract = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
    let mut compiler = protox::Compiler::new([directory.path(), contract.as_ref()]).unwrap();
    compiler.include_imports(true).open_file("sample.proto").map_err(|error| format!("{error:?}"))?;
    let contract = Contract::read(&compiler.encode_file_descriptor_set(), "sample.v1")?;
    Ok(contract.access_table()? + &contract.checks()? + &contract.names()?)
}

const ACCESS: &str = "option (rapport.v1.access) = {grants: {role: ROLE_APP reach: REACH_ALL}};";

fn what_can_be_enforced_is_accepted() {
    let fields = r#"
        string id = 1 [(buf.validate.field) = {required: true string: {uuid: true}}];
        string text = 2 [(buf.validate.field).string = {min_len: 3 max_len: 9}];
        int32 size = 3 [(buf.validate.field).int32 = {gte: 0 lte: 9}];
        repeated Inner inner = 4 [(buf.validate.field) = {required: true repeated: {max_items: 9}}];
        repeated string names = 5 [(buf.validate.field).repeated = {max_items: 9 items: {string: {max_len: 9}}}];
        map<string, string> more = 6 [(buf.validate.field).map =
            {max_pairs: 9 keys: {string: {max_len: 9}} values: {string: {max_len: 9}}}];
        Shade shade = 7 [(buf.validate.field).required = true];
        google.protobuf.Timestamp time = 8 [(buf.validate.field).required = true];
        google.protobuf.Duration span = 9 [(buf.validate.field).duration = {gte: {seconds: 0} lte: {seconds: 9}}];
        bool yes = 10;
        bytes blob = 11 [(buf.validate.field).bytes.max_len = 9];
        string output = 12 [(rapport.v1.use) = FIELD_USE_OUTPUT_ONLY];
        double share = 13 [(buf.validate.field).double = {gte: 0 lte: 1}];
        string words = 14 [(buf.validate.field).string.max_len = 9, (rapport.v1.use) = FIELD_USE_FREE_TEXT];
    "#;
    let code = generate(ACCESS, fields).unwrap();
    assert!(code.contains(r#"("/sample.v1.Sample/Ask", &[(Role::App, Reach::All), ])"#), "{code}");
    for field in ["id", "text", "size", "inner", "names", "more", "shade", "time", "span", "blob", "share", "words"] {
        assert!(code.contains(&format!("at.field({field:?})")), "{field} is not checked: {code}");
    }
    assert!(code.contains("rules::count(self.inner.len(), 1, 9"), "a required list is not empty: {code}");
    assert!(!code.contains(r#"at.field("output")"#), "{code}");
    assert!(code.contains(r#"Self::Dark => "dark""#), "{code}");
    assert!(code.contains("const VALUES: &'static [Self] = &[Self::Dark,]"), "what says nothing is no value: {code}");
    for (field, form) in [("text", "Line"), ("item", "Line"), ("words", "Free")] {
        let check = code.lines().find(|line| line.contains("rules::text(") && line.contains(field)).unwrap();
        assert!(check.contains(&format!("rules::Form::{form}")), "{check}");
    }
}

fn what_cannot_be_enforced_is_refused() {
    let cases = [
        // No limit.
        ("string a = 1;", "max_len"),
        ("string a = 1 [(buf.validate.field).required = true];", "max_len"),
        ("string a = 1 [(buf.validate.field).string.min_len = 1];", "max_len"),
        ("bytes a = 1;", "max_len"),
        ("repeated Inner a = 1;", "max_items"),
        ("repeated string a = 1 [(buf.validate.field).repeated.max_items = 9];", "max_len"),
        ("map<string, string> a = 1;", "max_pairs"),
        ("map<string, string> a = 1 [(buf.validate.field).map.max_pairs = 9];", "max_len"),
        ("int32 a = 1;", "int32"),
        ("int64 a = 1 [(buf.validate.field).int64 = {gte: 1}];", "int64.lte"),
        ("int64 a = 1 [(buf.validate.field).int64 = {lte: 0}];", "int64.lte"),
        ("double a = 1;", "double"),
        ("google.protobuf.Duration a = 1;", "duration"),
        (
            "int32 a = 1 [(buf.validate.field).int32 = {gte: 0 lte: 9}, (rapport.v1.use) = FIELD_USE_FREE_TEXT];",
            "free text",
        ),
        (
            "string a = 1 [(buf.validate.field).string.uuid = true, (rapport.v1.use) = FIELD_USE_FREE_TEXT];",
            "free text",
        ),
        // A rule of another type than the field's.
        ("int32 a = 1 [(buf.validate.field).string.max_len = 9];", "rule string"),
        ("string a = 1 [(buf.validate.field).int32 = {gte: 0 lte: 9}];", "rule int32"),
        ("Shade a = 1 [(buf.validate.field).string.max_len = 9];", "rule string"),
        ("Inner a = 1 [(buf.validate.field).repeated.max_items = 9];", "rule repeated"),
        ("bool a = 1 [(buf.validate.field).int32.lte = 9];", "rule int32"),
        ("google.protobuf.Timestamp a = 1 [(buf.validate.field).string.max_len = 9];", "rule string"),
        ("string a = 1 [(buf.validate.field).repeated.max_items = 9];", "rule repeated"),
        // A rule that no check exists for.
        ("string a = 1 [(buf.validate.field).string = {max_len: 9 pattern: \"x\"}];", "buf.validate.StringRules"),
        ("int32 a = 1 [(buf.validate.field) = {required: true int32: {gte: 0 lte: 9}}];", "required"),
        ("bool a = 1 [(buf.validate.field).required = true];", "required"),
        ("repeated Inner a = 1 [(buf.validate.field).repeated = {max_items: 9 items: {required: true}}];", "required"),
        (
            "map<string, string> a = 1 [(buf.validate.field) = {required: true map: \
            {max_pairs: 9 keys: {string: {max_len: 9}} values: {string: {max_len: 9}}}}];",
            "required",
        ),
        // A field that no check exists for.
        ("float a = 1;", "float"),
        ("uint64 a = 1;", "uint64"),
        ("map<string, int32> a = 1 [(buf.validate.field).map = {max_pairs: 9 keys: {string: {max_len: 9}}}];", "int32"),
        ("oneof a { string b = 1 [(buf.validate.field).string.max_len = 9]; }", "oneof"),
    ];
    for (field, why) in cases {
        let error = generate(ACCESS, field).expect_err(field);
        assert!(error.contains(why), "{field}\n{error}");
    }
}

fn a_method_without_good_grants_is_refused() {
    let cases = [
        ("", "no access rule"),
        ("option (rapport.v1.access) = {};", "no access rule"),
        ("option (rapport.v1.access) = {grants: {role: ROLE_APP}};", "a role and a reach"),
        ("option (rapport.v1.access) = {grants: {reach: REACH_ALL}};", "a role and a reach"),
        ("option (rapport.v1.access) = {grants: {role: ROLE_UNSPECIFIED reach: REACH_ALL}};", "a role and a reach"),
        (
            "option (rapport.v1.access) = {
                grants: {role: ROLE_APP reach: REACH_OWN} grants: {role: ROLE_APP reach: REACH_ALL}
            };",
            "twice",
        ),
        ("option (rapport.v1.access) = {grants: {role: ROLE_CLEANER reach: REACH_ALL}};", "rapport.v1.AccessRule"),
    ];
    for (access, why) in cases {
        let error = generate(access, "").expect_err(access);
        assert!(error.contains(why), "{access}\n{error}");
    }
}

/// A client's author reads the enum, not the server.
fn every_reason_names_its_code_and_an_example() {
    const CODES: [&str; 11] = [
        "UNAUTHENTICATED",
        "PERMISSION_DENIED",
        "NOT_FOUND",
        "INVALID_ARGUMENT",
        "ALREADY_EXISTS",
        "ABORTED",
        "FAILED_PRECONDITION",
        "RESOURCE_EXHAUSTED",
        "DEADLINE_EXCEEDED",
        "UNAVAILABLE",
        "INTERNAL",
    ];
    let files = FileDescriptorSet::decode(DESCRIPTOR_SET).unwrap().file;
    let file = files.iter().find(|file| file.name() == "rapport/v1/error_reason.proto").unwrap();
    let reasons = &file.enum_type[0];
    assert_eq!(reasons.name(), "ErrorReason");
    for (index, value) in (0i32..).zip(&reasons.value).skip(1) {
        // Enum 0 of the file, value `index` of the enum: descriptor.proto, SourceCodeInfo.Location.
        let path = [5, 0, 2, index];
        let locations = &file.source_code_info.as_ref().unwrap().location;
        let comment = locations.iter().find(|one| one.path == path).map_or("", |one| one.leading_comments()).trim();
        assert!(ErrorReason::from_str_name(value.name()).is_some(), "{}", value.name());
        let code = comment.split(['.', ',']).next().unwrap();
        assert!(CODES.contains(&code), "{}: the comment begins with the code, not {code:?}", value.name());
        assert!(comment.contains("\n Example: "), "{}: no example", value.name());
    }
}
