//! Somebody who alters a place in a list or a stream: a token or cursor of which one bit is changed tells and opens nothing, of
//! whatever method.

use std::{collections::BTreeMap, num::NonZeroU32};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rapport::{api::v1::Role, clock::Clock};
use tonic::Code;

use super::oneself::{compete, continued, history};
use crate::support::{
    Server, Test,
    asking::{Method, methods, with_token},
    on_both,
};

pub(super) fn tests() -> Vec<Test> {
    on_both![no_token_of_any_method_opens_after_a_bit_is_changed]
}

/// Bits that are changed in each token, one at a time, spread over it.
const BITS: usize = 24;

async fn no_token_of_any_method_opens_after_a_bit_is_changed(server: Server) {
    let many = NonZeroU32::new(1_000_000).unwrap();
    let unhurried = |config: &mut rapport::config::Config| {
        config.limits.person_calls_per_second = many;
        config.limits.watch_heartbeat = std::time::Duration::from_millis(50);
    };
    let server = Server::start_with(server.backend(), Clock::system(), unhurried).await.unwrap();
    let server = crate::surveys::awake(server).await;
    let mut known = history(&server).await;
    continued(&server, &mut known).await;
    compete(&server, &mut known).await;
    let callers = BTreeMap::from([
        (Role::App as i32, server.app()),
        (Role::Admin as i32, server.admin()),
        (Role::Supervisor as i32, server.supervisor("petra", &["north", "south"])),
        (Role::Staff as i32, server.staff("nora")),
        (Role::Reviewer as i32, server.caller(Role::Reviewer, "rita", &[])),
    ]);
    let mut without = Vec::new();
    for method in methods().into_iter().filter(|method| method.token_field().is_some()) {
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
        for at in 0..BITS {
            let bit = at * bytes.len() * 8 / BITS;
            let mut altered = bytes.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            let altered = URL_SAFE_NO_PAD.encode(&altered);
            let answer = method.ask(caller, &with_token(&request, &method, &altered)).await;
            let code = answer.map(|_| Code::Ok).unwrap_or_else(|status| status.code());
            assert_eq!(code, Code::InvalidArgument, "{} with bit {bit} of {token} changed", method.name());
        }
    }
    assert!(
        without.is_empty(),
        "no token was seen, so none was tried, of {without:?}: let the history have two of each"
    );
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
