//! Somebody who alters a place in a list or a stream: a token or cursor that is altered, if only in one bit, tells and
//! opens nothing, of whatever method.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rapport::{api::v1::Role, clock::Clock};
use tonic::Code;

use super::oneself::{compete, continued, history};
use crate::support::{
    Server, Test,
    asking::{Method, methods, with_token},
    on_both, private_directory, secret_file,
};

pub(super) fn tests() -> Vec<Test> {
    on_both![no_token_of_any_method_opens_after_a_bit_is_changed, no_token_of_any_method_opens_with_nothing_in_it,]
}

/// Bits that are changed in each token, one at a time, spread over it.
const BITS: usize = 24;

/// Bytes at the end of each token that are replaced by NUL, which PostgreSQL takes in no text.
const ENDS: [usize; 4] = [1, 4, 16, 64];

async fn no_token_of_any_method_opens_after_a_bit_is_changed(server: Server) {
    let alter = |bytes: &[u8]| {
        let changed = |at: usize| {
            let bit = at * bytes.len() * 8 / BITS;
            let mut altered = bytes.to_vec();
            altered[bit / 8] ^= 1 << (bit % 8);
            altered
        };
        (0..BITS).map(changed).collect()
    };
    try_altered(&server, alter).await;
}

async fn no_token_of_any_method_opens_with_nothing_in_it(server: Server) {
    let alter = |bytes: &[u8]| {
        let emptied = |end: &usize| {
            let mut altered = bytes.to_vec();
            let kept = altered.len().saturating_sub(*end);
            altered[kept..].fill(0);
            altered
        };
        ENDS.iter().map(emptied).chain([vec![0], Vec::from(*b"a\0b")]).collect()
    };
    try_altered(&server, alter).await;
}

/// Asks every method that gives tokens with one of its own, and then with what is made of that.
async fn try_altered(server: &Server, alter: impl Fn(&[u8]) -> Vec<Vec<u8>>) {
    let directory = private_directory();
    let webhooks = unreachable(directory.path());
    let lively = |config: &mut rapport::config::Config| {
        config.limits.watch_heartbeat = std::time::Duration::from_millis(50);
        config.events.webhooks_file = Some(webhooks);
    };
    let server = Server::start_with(server.backend(), Clock::system(), lively).await.unwrap();
    let server = crate::surveys::awake(server).await;
    let mut known = history(&server).await;
    continued(&server, &mut known).await;
    compete(&server, &mut known).await;
    known.texts.insert("webhook", vec!["desk".to_owned()]);
    while server.number("SELECT count(*) FROM webhook_delivery WHERE state = 2 AND webhook = 'desk'").await < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let callers = BTreeMap::from([
        (Role::App as i32, server.app()),
        (Role::Admin as i32, server.admin()),
        (Role::Supervisor as i32, server.supervisor("petra", &["north", "south"])),
        (Role::Staff as i32, server.staff("nora")),
        (Role::Reviewer as i32, server.caller(Role::Reviewer, "rita", &[])),
    ]);
    let (mut without, mut opened) = (Vec::new(), Vec::new());
    // What a change takes comes from the answer of another method: `webhooks` forges that of ReplayEvents.
    for method in methods().into_iter().filter(|method| method.token_field().is_some() && !method.writes()) {
        let mut seen = None;
        for role in [Role::App, Role::Admin, Role::Supervisor, Role::Reviewer, Role::Staff] {
            if seen.is_none() && method.is_granted(role) {
                let caller = &callers[&(role as i32)];
                seen = token_of(&method, caller, &known).await.map(|found| (caller, found));
            }
        }
        let Some((caller, (request, token))) = seen else {
            without.push(method.name());
            continue;
        };
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        method.ask(caller, &with_token(&request, &method, &token)).await.unwrap();
        for altered in alter(&bytes).into_iter().filter(|altered| *altered != bytes) {
            let altered = URL_SAFE_NO_PAD.encode(&altered);
            let answer = method.ask(caller, &with_token(&request, &method, &altered)).await;
            let code = answer.map(|_| Code::Ok).unwrap_or_else(|status| status.code());
            if code != Code::InvalidArgument {
                opened.push(format!("{} answers {code:?} to {altered}, made of {token}", method.name()));
            }
        }
    }
    assert!(opened.is_empty(), "{}", opened.join("\n"));
    assert!(
        without.is_empty(),
        "no token was seen, so none was tried, of {without:?}: let the history have two of each"
    );
}

/// A file with two webhooks whose receivers are not there, so that every event is a dead letter.
fn unreachable(directory: &std::path::Path) -> std::path::PathBuf {
    secret_file(directory, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let target = |name: &str| {
        format!(
            "[[webhook]]\nname = '{name}'\nurl = 'http://127.0.0.1:9/'\nsecret_file = 'secret'\nattempts = 1\n\
             allow_private = true\nallow_http = true\n"
        )
    };
    let path = directory.join("webhooks.toml");
    std::fs::write(&path, target("crm") + &target("desk")).unwrap();
    path
}

/// A request that is answered with a token, and the token.
async fn token_of(
    method: &Method,
    caller: &crate::support::Caller,
    known: &crate::support::asking::Known,
) -> Option<(prost_reflect::DynamicMessage, String)> {
    for mut request in method.requests(known) {
        if request.get_field_by_name("page_size").is_some() {
            request.set_field_by_name("page_size", prost_reflect::Value::I32(1));
        }
        if let Ok(answer) = method.ask(caller, &request).await
            && let Some(token) = method.token_in(&answer)
        {
            return Some((request, token));
        }
    }
    None
}
