//! The mappings that come with the program, each with its sample, through the program into a server.

use serde_json::json;

use crate::{
    cli::{last_line, rapport},
    support::{Server, Test, on_both},
};

pub(super) fn tests() -> Vec<Test> {
    on_both![
        every_shipped_mapping_takes_its_sample,
        a_chat_that_went_on_is_known_again,
        a_suggested_mapping_goes_in_as_it_is,
        a_suggested_mapping_of_a_chat_goes_in,
    ]
}

/// The mapping, what its rows are, rows read, accepted, skipped, and instants of one of its interactions in the database.
pub(super) const SAMPLES: &[(&str, &str, [u64; 3])] = &[
    ("amazon-connect", "interactions", [3, 3, 0]),
    ("asterisk", "interactions", [3, 3, 0]),
    ("chatwoot", "interactions", [3, 3, 0]),
    ("cisco-cucm", "interactions", [4, 3, 1]),
    ("formbricks", "ratings", [3, 2, 1]),
    ("freeswitch", "interactions", [3, 3, 0]),
    ("freshdesk", "interactions", [3, 3, 0]),
    ("genesys-cloud", "interactions", [3, 3, 0]),
    ("jira-service-management", "interactions", [3, 3, 0]),
    ("qualtrics", "ratings", [5, 2, 3]),
    ("servicenow", "interactions", [3, 3, 0]),
    ("surveymonkey", "ratings", [4, 2, 2]),
    ("twilio-calls", "interactions", [3, 3, 0]),
    ("wecom", "interactions", [4, 4, 0]),
    ("whatsapp", "interactions", [3, 3, 0]),
    ("zendesk-tickets", "interactions", [3, 3, 0]),
    ("zendesk-csat", "ratings", [3, 2, 1]),
];

/// The file that shows a mapping.
pub(super) fn sample_of(name: &str) -> String {
    let extension = match name {
        "wecom" => "jsonl",
        "whatsapp" => "txt",
        _ => "csv",
    };
    format!("examples/data/{name}.{extension}")
}

async fn every_shipped_mapping_takes_its_sample(server: Server) {
    let endpoint = server.endpoint();
    for (name, kind, [read, accepted, skipped]) in SAMPLES {
        let file = sample_of(name);
        let output =
            rapport(&server, &["import", kind, &file, "--mapping", name, "--endpoint", &endpoint, "--json"]).await;
        let told = last_line(&output);
        let counts = ["read", "accepted", "skipped", "rejected"].map(|count| told[count].clone());
        assert_eq!(counts, [json!(read), json!(accepted), json!(skipped), json!(0)], "{name}: {output:?}");
    }
    // Calls of which nobody waited for an answer, and scores that were words.
    let abandoned = server.number("SELECT count(*) FROM interaction WHERE outcome = 2 AND connected_at IS NULL").await;
    assert!(abandoned >= 3, "{abandoned}");
    assert_eq!(server.number("SELECT count(*) FROM rating").await, 8);
}

/// A later export of the same chat has the conversations of the earlier one under the same keys.
async fn a_chat_that_went_on_is_known_again(server: Server) {
    let directory = crate::support::private_directory();
    let endpoint = server.endpoint();
    let chat = std::fs::read_to_string("examples/data/whatsapp.txt").unwrap();
    let counts = async |name: &str, text: &str| {
        let file = crate::cli::write(directory.path(), name, text);
        let rejects = directory.path().join("rejects.csv").display().to_string();
        let import = ["import", "interactions", &file, "--mapping", "whatsapp", "--endpoint", &endpoint, "--json"];
        let output = rapport(&server, &[&import[..], &["--rejects", &rejects]].concat()).await;
        let told = last_line(&output);
        let counts = ["accepted", "already_present", "rejected"].map(|count| told[count].as_u64().unwrap());
        (counts, String::from_utf8(output.stderr).unwrap())
    };
    let (earlier, told) = counts("earlier.txt", &chat).await;
    assert_eq!(earlier, [3, 0, 0], "{told}");
    assert!(told.contains("10 messages make 3 conversations; 1 were left out, 0 are rejected rows"), "{told}");
    let staff = server.number("SELECT count(*) FROM interaction WHERE direction = 2 AND connected_at IS NULL").await;
    let counted = server.number("SELECT sum(customer_messages) * 10 + sum(staff_messages) FROM interaction").await;
    assert_eq!((staff, counted), (1, 45));
    // A new conversation is recorded, one that was still open grew and is told.
    let more = "25/11/2025, 10:30 - +44 7700 900123: Yes, thank you!\n28/11/2025, 10:30 - +44 7700 900123: Hello?\n";
    let (later, told) = counts("later.txt", &format!("{chat}{more}")).await;
    assert_eq!(later, [1, 2, 1], "{told}");
    let rejects = std::fs::read_to_string(directory.path().join("rejects.csv")).unwrap();
    assert!(rejects.contains("conversation.lines") && rejects.contains(",11-12,"), "{rejects}");
}

async fn a_suggested_mapping_goes_in_as_it_is(server: Server) {
    let directory = crate::support::private_directory();
    let endpoint = server.endpoint();
    let file = "examples/data/freshdesk.csv";
    let suggested = rapport(&server, &["import", "suggest", file]).await;
    assert!(suggested.status.success(), "{suggested:?}");
    let mapping = crate::cli::write(directory.path(), "suggested.toml", &String::from_utf8(suggested.stdout).unwrap());
    let import = ["import", "interactions", file, "--mapping", &mapping, "--endpoint", &endpoint, "--json"];
    let told = last_line(&rapport(&server, &import).await);
    assert_eq!((&told["accepted"], &told["rejected"]), (&json!(3), &json!(0)), "{told}");
}

async fn a_suggested_mapping_of_a_chat_goes_in(server: Server) {
    let directory = crate::support::private_directory();
    let endpoint = server.endpoint();
    let suggest = async |name: &str, text: &str| {
        let file = crate::cli::write(directory.path(), name, text);
        let suggested = rapport(&server, &["import", "suggest", &file]).await;
        assert!(suggested.status.success(), "{suggested:?}");
        let mapping = String::from_utf8(suggested.stdout).unwrap();
        (file, crate::cli::write(directory.path(), "chat.toml", &mapping), mapping)
    };
    let chat = "[2025/11/21 上午9:05:12] 陈女士: \u{200e}消息和通话已进行端到端加密。\n\
        [2025/11/21 上午9:05:12] 陈女士: 你好\n在吗？\n\
        [2025/11/21 下午1:05:00] 客服小林: 您好\n\
        [2025/11/24 下午1:05:00] 客服小林: 收到了吗？\n";
    let (file, mapping, _) = suggest("与陈女士的 WhatsApp 聊天.txt", chat).await;
    let import = ["import", "interactions", &file, "--mapping", &mapping, "--endpoint", &endpoint, "--json"];
    let told = last_line(&rapport(&server, &import).await);
    assert_eq!((&told["accepted"], &told["rejected"]), (&json!(2), &json!(0)), "{told}");
    let wait = "SELECT count(*) FROM interaction WHERE connected_at - requested_at = 14388000000";
    assert_eq!(server.number(wait).await, 1);

    // Neither the order of its dates nor who is who can be told: both are asked, and nothing goes in before.
    let (file, mapping, text) = suggest("_chat.txt", "3/4/25, 10:00 - Ann: Hi\n3/4/25, 10:01 - Ben: Hi\n").await;
    assert!(text.contains("dates = \"?\"") && text.contains("staff = \"?\""), "{text}");
    let import = async |mapping: &str| {
        let import = ["import", "interactions", &file, "--mapping", mapping, "--endpoint", &endpoint];
        rapport(&server, &import).await
    };
    let refused = import(&mapping).await;
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && told.contains("dates = \"day first\""), "{told}");
    let answered = text.replace("dates = \"?\"", "dates = \"day first\"").replace("staff = \"?\"", "staff = \"Ben\"");
    let mapping = crate::cli::write(directory.path(), "answered.toml", &answered);
    let taken = import(&mapping).await;
    assert!(taken.status.success(), "{taken:?}");
    assert_eq!(server.number("SELECT count(*) FROM interaction").await, 3);
}
