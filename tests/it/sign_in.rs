//! Signing in at the organisation's identity provider, and the ways by which somebody would be signed in who should not
//! be. The whole way through a browser, at a provider of others, is tested in `console/test`.

use std::{
    num::NonZeroU32,
    time::{Duration, Instant},
};

use axum::{
    http::{StatusCode, header::LOCATION},
    response::IntoResponse as _,
};
use rapport::{
    api::v1::{Role, StartSessionRequest},
    auth::Purpose,
    clock::Clock,
    config::{Config, Oidc, RoleRule},
};
use serde_json::{Value, json};
use tonic::Code;

use crate::support::{
    Caller, Server, Test,
    client::Bearer,
    http::{self, Answer},
    on_both, on_postgres,
    provider::{CLIENT, Key, Provider, SECRET, State},
    reason, refused, secret_file,
};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = on_both![
        somebody_signs_in_at_the_provider,
        those_without_a_role_are_refused,
        what_an_id_token_lacks_is_asked_for,
        a_client_proves_itself_as_the_provider_wants,
        a_sign_in_that_another_browser_began_is_refused,
        a_sign_in_becomes_one_session,
        a_code_of_another_sign_in_is_refused,
        an_answer_of_another_provider_is_refused,
        a_forged_id_token_is_refused,
        a_provider_may_begin_to_sign_with_another_key,
        a_provider_that_is_away_is_told_and_comes_back,
        a_provider_that_is_slow_or_talks_too_much_is_given_up,
        a_provider_leads_the_server_nowhere_else,
        guesses_at_codes_are_counted_by_address,
        nothing_is_there_unless_configured,
        what_cannot_work_keeps_the_server_from_starting,
    ];
    tests.extend(on_postgres![a_sign_in_comes_back_to_another_server]);
    tests
}

/// Where browsers are said to find the console: where the tests call is not told to anybody.
const PUBLIC: &str = "https://desk.example/console/";
const COOKIE: &str = "__Host-rapport-signin";

fn oidc(provider: &Provider) -> Oidc {
    let rule = |role: &str, value: &str| RoleRule {
        role: role.to_owned(),
        claim: "groups".to_owned(),
        value: value.to_owned(),
    };
    Oidc {
        issuer: provider.issuer(),
        client_id: CLIENT.to_owned(),
        client_secret_file: None,
        public_url: PUBLIC.to_owned(),
        scopes: "openid groups".to_owned(),
        subject_claim: "sub".to_owned(),
        teams_claim: Some("teams".to_owned()),
        roles: vec![rule("supervisor", "leads"), rule("staff", "desk")],
    }
}

fn at(provider: &Provider) -> impl FnOnce(&mut Config) {
    let oidc = oidc(provider);
    |config| {
        config.console = true;
        config.oidc = Some(oidc);
    }
}

async fn with(server: Server, provider: &Provider) -> Server {
    server.with_organization().await.restart_with(at(provider)).await
}

async fn get(server: &Server, path: &str, cookie: &str) -> Answer {
    let cookies: &[(&str, &str)] = if cookie.is_empty() { &[] } else { &[("cookie", cookie)] };
    let answer = http::request(server.address(), "GET", path, cookies, b"").await;
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    answer
}

/// What a browser keeps of a sign-in that it began, and where it was sent.
async fn begin(server: &Server) -> (String, String) {
    let answer = get(server, "/signin", "").await;
    assert_eq!(answer.status, 303);
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
    (cookie.split(';').next().unwrap().to_owned(), answer.header("location").unwrap().to_owned())
}

/// Comes back from the provider: the token of a link, or why there is none.
async fn finish(server: &Server, cookie: &str, query: &str) -> Result<String, String> {
    let answer = get(server, &format!("/signin/callback?{query}"), cookie).await;
    assert_eq!(answer.status, 303);
    let place = answer.header("location").unwrap();
    match (place.strip_prefix("../#link="), place.strip_prefix("../#refused=")) {
        (Some(link), None) => {
            assert!(answer.header("set-cookie").unwrap().starts_with(&format!("{COOKIE}=; Max-Age=0; ")));
            Ok(link.to_owned())
        }
        (None, Some(why)) => Err(why.to_owned()),
        _ => panic!("leads to {place}"),
    }
}

/// The whole way.
async fn sign_in(server: &Server, provider: &Provider) -> Result<String, String> {
    let (cookie, url) = begin(server).await;
    finish(server, &cookie, &provider.sign_in(&url)).await
}

fn is(outcome: Result<String, String>, refusal: &str, about: &str) {
    assert_eq!(outcome.err().as_deref(), Some(refusal), "{about}");
}

async fn start(server: &Server, link: &str) -> Result<(String, Role), tonic::Status> {
    let caller = Caller::new(server.channel(), Bearer::of(link));
    let session = caller.sessions().start_session(StartSessionRequest {}).await?.into_inner().session.unwrap();
    Ok((session.subject.clone(), session.role()))
}

async fn somebody_signs_in_at_the_provider(server: Server) {
    let provider = Provider::start().await;
    let server = with(server, &provider).await;
    let about: Value = serde_json::from_slice(&get(&server, "/signin/about", "").await.body).unwrap();
    assert_eq!(about, json!({ "url": format!("{PUBLIC}signin") }));

    let before = Clock::system().now_micros();
    let link = sign_in(&server, &provider).await.unwrap();
    let principal = server.authenticator().verify(&link).unwrap();
    assert_eq!((principal.subject.as_str(), principal.role), ("petra", Role::Supervisor));
    assert_eq!(principal.teams, ["north"]);
    assert!(matches!(principal.purpose, Purpose::Link(_)));
    assert!(principal.expires_micros <= before + 90_000_000, "a minute, and however long the test took");
    assert_eq!(start(&server, &link).await.unwrap(), ("petra".to_owned(), Role::Supervisor));
    let (_, form) = provider.state().asked.iter().find(|(path, _)| path == "/token").cloned().unwrap();
    assert_eq!(form["redirect_uri"], format!("{PUBLIC}signin/callback"));

    // The next ones cost the provider no more than their code.
    let all = futures::future::join_all((0..8).map(|_| sign_in(&server, &provider))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!((provider.asked("/.well-known/openid-configuration"), provider.asked("/keys")), (1, 1));
    // A question for the head alone uses nothing up, and no other method is a step.
    for method in ["HEAD", "POST"] {
        let answer = http::request(server.address(), method, "/signin", &[], b"").await;
        assert!(answer.status >= 400 && answer.header("set-cookie").is_none(), "{method} {}", answer.status);
    }
}

async fn those_without_a_role_are_refused(server: Server) {
    let provider = Provider::start().await;
    let server = with(server, &provider).await;
    let as_ = async |claims: Value| {
        provider.state().claims = claims;
        sign_in(&server, &provider).await
    };
    // Where the ID token names no teams, the userinfo endpoint is asked for them.
    provider.state().userinfo = json!({"sub": "nora"});
    // The order of the lines counts, not that of the provider.
    let link = as_(json!({"sub": "nora", "groups": ["guests", "desk"]})).await.unwrap();
    assert_eq!(start(&server, &link).await.unwrap(), ("nora".to_owned(), Role::Staff));
    for (claims, about) in [
        (json!({"sub": "nora", "groups": ["guests"]}), "no group of ours"),
        (json!({"sub": "nora", "groups": "Leads"}), "another spelling"),
        (json!({"sub": "nora"}), "no groups"),
        (json!({"sub": "x".repeat(129), "groups": ["desk"], "teams": []}), "an id that is too long"),
        (json!({"sub": "a\u{202e}b", "groups": ["desk"], "teams": []}), "an id that does not read as it is written"),
        (json!({"sub": "nora", "groups": ["desk"], "teams": vec!["t"; 65]}), "more teams than a token holds"),
    ] {
        is(as_(claims).await, "account", about);
    }
    let (cookie, url) = begin(&server).await;
    let state = provider.sign_in(&url).split('&').find(|pair| pair.starts_with("state=")).unwrap().to_owned();
    let denied = format!("error=access_denied&{state}&iss={}", provider.issuer());
    is(finish(&server, &cookie, &denied).await, "denied", "who said no");
}

async fn what_an_id_token_lacks_is_asked_for(server: Server) {
    let provider = Provider::start().await;
    let server = with(server, &provider).await;
    provider.state().claims = json!({"sub": "nora"});
    provider.state().userinfo = json!({"sub": "nora", "groups": ["desk"], "teams": ["south"], "iss": "elsewhere"});
    let link = sign_in(&server, &provider).await.unwrap();
    let principal = server.authenticator().verify(&link).unwrap();
    assert_eq!((principal.subject.as_str(), principal.role), ("nora", Role::Staff));
    assert_eq!(principal.teams, ["south"]);
    // What was signed counts.
    provider.state().claims = json!({"sub": "nora", "groups": ["guests"]});
    is(sign_in(&server, &provider).await, "account", "the groups of the ID token");
    provider.state().claims = json!({"sub": "nora"});
    for (told, about) in [
        (json!({"sub": "petra", "groups": ["leads"]}), "somebody else"),
        (json!({"groups": ["leads"]}), "nobody"),
        (json!(["leads"]), "no claims"),
    ] {
        provider.state().userinfo = told;
        is(sign_in(&server, &provider).await, "unverified", about);
    }
}

async fn a_client_proves_itself_as_the_provider_wants(server: Server) {
    let provider = Provider::start().await;
    let file = secret_file(server.data_dir(), SECRET);
    let mut confidential = oidc(&provider);
    confidential.client_secret_file = Some(file.into());
    let mut server = server.with_organization().await;
    for (methods, fields, outcome) in [
        (json!(null), 4, Ok(())),
        (json!(["client_secret_post", "client_secret_basic"]), 4, Ok(())),
        (json!(["client_secret_post"]), 6, Ok(())),
        (json!(["private_key_jwt"]), 0, Err("unavailable")),
    ] {
        provider.state().announced["token_endpoint_auth_methods_supported"] = methods.clone();
        let oidc = confidential.clone();
        server = server
            .restart_with(|config| {
                config.console = true;
                config.oidc = Some(oidc);
            })
            .await;
        let answer = get(&server, "/signin", "").await;
        let place = answer.header("location").unwrap();
        match outcome {
            Err(refusal) => assert_eq!(place, format!("./#refused={refusal}"), "{methods}"),
            Ok(()) => {
                let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap();
                finish(&server, cookie, &provider.sign_in(place)).await.unwrap();
                let (_, form) = provider.state().asked.iter().rfind(|(path, _)| path == "/token").cloned().unwrap();
                assert_eq!(form.len(), fields, "{methods}");
            }
        }
    }
}

/// Else somebody could have a colleague work in the session of another, who reads along.
async fn a_sign_in_that_another_browser_began_is_refused(server: Server) {
    let clock = Clock::fixed(Clock::system().now_micros());
    let provider = Provider::start().await;
    let server = Server::start_with(server.backend(), clock.clone(), at(&provider)).await.unwrap();
    let (victim, url) = begin(&server).await;
    let (attacker, prepared) = begin(&server).await;
    let prepared = provider.sign_in(&prepared);
    let twice = format!("{prepared}&{prepared}");
    let (forged, renamed) = (format!("{COOKIE}=bm90IHNlYWxlZA"), attacker.replace(COOKIE, "rapport-signin"));
    for (cookie, query, about) in [
        ("", prepared.as_str(), "no sign-in begun"),
        (victim.as_str(), prepared.as_str(), "another one begun"),
        (attacker.as_str(), "code=code+1&state=", "no state"),
        (attacker.as_str(), "code=code+1", "no state at all"),
        (attacker.as_str(), twice.as_str(), "everything twice"),
        (forged.as_str(), prepared.as_str(), "a cookie of their own"),
        (renamed.as_str(), prepared.as_str(), "a cookie that any host of the domain can set"),
    ] {
        is(finish(&server, cookie, query).await, "expired", about);
    }
    assert_eq!(provider.asked("/token"), 0);
    // What the victim began goes on, though their browser was led here meanwhile.
    let answer = get(&server, &format!("/signin/callback?{prepared}"), &victim).await;
    assert_eq!(answer.header("set-cookie"), None);
    finish(&server, &victim, &provider.sign_in(&url)).await.unwrap();
    // Nobody comes back to what was begun long ago.
    clock.advance(Duration::from_secs(600));
    is(finish(&server, &attacker, &prepared).await, "expired", "ten minutes later");
}

async fn a_sign_in_becomes_one_session(server: Server) {
    let provider = Provider::start().await;
    let server = with(server, &provider).await;
    let (cookie, url) = begin(&server).await;
    let query = provider.sign_in(&url);
    let link = finish(&server, &cookie, &query).await.unwrap();
    // The code is good once.
    is(finish(&server, &cookie, &query).await, "unverified", "the same code");
    // A browser that kept its cookie, and a provider that gives another code for the same nonce: the flow is used up.
    let again = finish(&server, &cookie, &provider.sign_in(&url)).await.unwrap();
    start(&server, &link).await.unwrap();
    let status = refused(start(&server, &again).await);
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "LINK_USED"));
}

async fn a_code_of_another_sign_in_is_refused(server: Server) {
    let provider = Provider::start().await;
    let server = with(server, &provider).await;
    for knows_pkce in [true, false] {
        provider.state().knows_pkce = knows_pkce;
        let ((_, stolen), (cookie, own)) = (begin(&server).await, begin(&server).await);
        let part = |query: &str, name: &str| query.split('&').find(|pair| pair.starts_with(name)).unwrap().to_owned();
        let query = [
            part(&provider.sign_in(&stolen), "code="),
            part(&provider.sign_in(&own), "state="),
            format!("iss={}", provider.issuer()),
        ];
        // By its verifier; where the provider does not look at that, by the nonce.
        is(finish(&server, &cookie, &query.join("&")).await, "unverified", &format!("PKCE: {knows_pkce}"));
    }
}

/// RFC 9207: a code of one provider must not be brought to another.
async fn an_answer_of_another_provider_is_refused(server: Server) {
    let provider = Provider::start().await;
    let server = with(server, &provider).await;
    let come_back = async |change: fn(&str) -> String| {
        let (cookie, url) = begin(&server).await;
        finish(&server, &cookie, &change(&provider.sign_in(&url))).await
    };
    let asked = provider.asked("/token");
    is(come_back(|query| query.replace("iss=http", "iss=https")).await, "unverified", "another issuer");
    is(come_back(|query| query.split("&iss=").next().unwrap().to_owned()).await, "unverified", "no issuer");
    is(come_back(|query| query.replace("code=", "x=")).await, "unverified", "no code");
    is(come_back(|query| query.replace("code=", "error=")).await, "unverified", "an error that is none");
    assert_eq!(provider.asked("/token"), asked);
}

/// What a provider, or somebody in its place, does to its next ID token.
type Forgery = Box<dyn Fn(&mut State)>;

async fn a_forged_id_token_is_refused(server: Server) {
    let provider = Provider::start().await;
    let server = with(server, &provider).await;
    let now = Clock::system().now_micros() / 1_000_000;
    sign_in(&server, &provider).await.unwrap();
    let (header, claims, key) = {
        let state = provider.state();
        (state.header.clone(), state.claims.clone(), state.key.clone())
    };
    let claim =
        |name: &'static str, value: Value| -> Forgery { Box::new(move |state| state.claims[name] = value.clone()) };
    let public = key.public().to_vec();
    let cases: Vec<(&str, Forgery)> = vec![
        ("no signature", Box::new(|state| state.key = Key::None.into())),
        (
            "its public key as a secret",
            Box::new(move |state| {
                state.key = Key::Secret { id: "k-1".to_owned(), secret: public.clone() }.into();
            }),
        ),
        (
            "the client's secret",
            Box::new(|state| {
                state.key = Key::Secret { id: "k-1".to_owned(), secret: SECRET.as_bytes().to_vec() }.into();
            }),
        ),
        ("another key of the same id", Box::new(|state| state.key = Key::new("k-1"))),
        ("a key that nobody announced", Box::new(|state| state.key = Key::new("k-9"))),
        ("an access token", Box::new(|state| state.header["typ"] = json!("at+jwt"))),
        ("something critical", Box::new(|state| state.header["crit"] = json!(["b64"]))),
        ("another client's", claim("aud", json!("another"))),
        ("another client's too", claim("aud", json!([CLIENT, "another"]))),
        ("issued to another client", claim("azp", json!("another"))),
        ("another issuer's", claim("iss", json!("https://login.example"))),
        ("of another sign-in", claim("nonce", json!("another"))),
        ("of no sign-in", claim("nonce", json!(null))),
        ("expired", claim("exp", json!(now - 60))),
        ("not good yet", claim("nbf", json!(now + 600))),
    ];
    for (about, forge) in cases {
        forge(&mut provider.state());
        is(sign_in(&server, &provider).await, "unverified", about);
        let mut state = provider.state();
        (state.header, state.claims, state.key) = (header.clone(), claims.clone(), key.clone());
    }
    sign_in(&server, &provider).await.unwrap();
}

async fn a_provider_may_begin_to_sign_with_another_key(server: Server) {
    let provider = Provider::start().await;
    let server = with(server, &provider).await;
    sign_in(&server, &provider).await.unwrap();
    let fresh = Key::new("k-2");
    provider.state().announced_keys = vec![fresh.clone()];
    // One that is gone is good until another one is looked for.
    sign_in(&server, &provider).await.unwrap();
    let old = std::mem::replace(&mut provider.state().key, fresh);
    sign_in(&server, &provider).await.unwrap();
    assert_eq!(provider.asked("/keys"), 2);
    provider.state().key = old;
    is(sign_in(&server, &provider).await, "unverified", "the key that is gone");
}

async fn a_provider_that_is_away_is_told_and_comes_back(server: Server) {
    let provider = Provider::start().await;
    let away = || async { StatusCode::SERVICE_UNAVAILABLE.into_response() };
    provider.instead("/.well-known/openid-configuration", away);
    // It starts all the same, and says where to sign in.
    let server = with(server, &provider).await;
    assert!(get(&server, "/signin/about", "").await.body.len() > 2);
    let refused = get(&server, "/signin", "").await;
    assert_eq!((refused.status, refused.header("location")), (303, Some("./#refused=unavailable")));
    assert_eq!(refused.header("set-cookie"), None);
    provider.mend();
    let begun = Instant::now();
    while get(&server, "/signin", "").await.header("set-cookie").is_none() {
        assert!(begun.elapsed() < Duration::from_secs(10), "it does not come back");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    for path in ["/token", "/keys"] {
        provider.instead(path, away);
        is(sign_in(&server, &provider).await, "unavailable", path);
        provider.mend();
    }
    // It is left alone for a moment.
    is(sign_in(&server, &provider).await, "unavailable", "at once");
    assert_eq!(provider.asked("/keys"), 1);
    let begun = Instant::now();
    while sign_in(&server, &provider).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(10), "it does not come back");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn a_provider_that_is_slow_or_talks_too_much_is_given_up(server: Server) {
    let provider = Provider::start().await;
    let server = with(server, &provider).await;
    sign_in(&server, &provider).await.unwrap();
    provider.instead("/token", || async { "x".repeat(300 * 1024).into_response() });
    is(sign_in(&server, &provider).await, "unavailable", "an answer without end");
    provider.instead("/token", || async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        StatusCode::OK.into_response()
    });
    let begun = Instant::now();
    // Those who wait take all places; the next one is told at once, and nothing else waits for them.
    let waiting = futures::future::join_all((0..16).map(|_| sign_in(&server, &provider)));
    let others = async {
        while provider.asked("/token") < 18 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let one = get(&server, "/signin", "").await;
        assert_eq!(one.header("location"), Some("./#refused=unavailable"));
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    };
    let (waited, ()) = futures::future::join(waiting, others).await;
    waited.into_iter().for_each(|one| is(one, "unavailable", "no answer"));
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
    provider.mend();
    sign_in(&server, &provider).await.unwrap();
}

async fn a_provider_leads_the_server_nowhere_else(server: Server) {
    let (provider, other) = (Provider::start().await, Provider::start().await);
    let elsewhere = format!("{}/token", other.issuer());
    let server = with(server, &provider).await;
    provider.instead("/token", move || {
        let place = elsewhere.clone();
        async move { (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, place)]).into_response() }
    });
    is(sign_in(&server, &provider).await, "unverified", "a redirect");
    assert_eq!(other.asked("/token"), 0);
    let mut server = server;
    for (name, value) in [
        ("issuer", other.issuer()),
        ("token_endpoint", "http://10.0.0.7/token".to_owned()),
        ("jwks_uri", "http://login.example/keys".to_owned()),
        ("userinfo_endpoint", "file:///etc/passwd".to_owned()),
        ("authorization_endpoint", "javascript:alert(1)".to_owned()),
    ] {
        let was = std::mem::replace(&mut provider.state().announced[name], json!(value));
        server = server.restart_with(at(&provider)).await;
        let answer = get(&server, "/signin", "").await;
        assert_eq!(answer.header("location"), Some("./#refused=unavailable"), "{name}");
        provider.state().announced[name] = was;
    }
}

async fn guesses_at_codes_are_counted_by_address(server: Server) {
    let provider = Provider::start().await;
    let with_limit = |config: &mut Config| {
        at(&provider)(config);
        config.limits.bad_tokens_per_second = NonZeroU32::MIN;
    };
    let server = Server::start_with(server.backend(), Clock::system(), with_limit).await.unwrap();
    let (cookie, url) = begin(&server).await;
    let query = provider.sign_in(&url).replace("code=code", "code=guess");
    let mut found = Vec::new();
    for _ in 0..4 {
        found.push(finish(&server, &cookie, &query).await.unwrap_err());
    }
    assert_eq!(found[0], "unverified");
    assert!(found.contains(&"unavailable".to_owned()), "{found:?}");
    assert!(provider.asked("/token") < 4);
}

async fn nothing_is_there_unless_configured(server: Server) {
    let server = server.restart_with(|config| config.console = true).await;
    assert_eq!(get(&server, "/signin/about", "").await.body, b"{}");
    for path in ["/signin", "/signin/callback?code=a&state=b", "/signin/", "/signin/other"] {
        assert_eq!(get(&server, path, "").await.status, 404, "{path}");
    }
}

async fn what_cannot_work_keeps_the_server_from_starting(server: Server) {
    let provider = Provider::start().await;
    let keys = server.data_dir().join("jwks.json");
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    std::fs::write(&keys, json!({ "keys": [jwk] }).to_string()).unwrap();
    let secret = server.data_dir().join("readable");
    std::fs::write(&secret, SECRET).unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let backend = server.backend();
    let said = async |change: &dyn Fn(&mut Config)| {
        let change = |config: &mut Config| {
            at(&provider)(config);
            change(config);
        };
        let started = Server::start_with(backend, Clock::system(), change).await;
        format!("{:#}", started.err().expect("it started"))
    };
    type Change<'a> = &'a dyn Fn(&mut Config);
    let cases: [(Change<'_>, &str); 5] = [
        (&|config| config.console = false, "console: must be on where oidc.issuer is set"),
        (&|config| config.auth.jwks_file = Some(keys.clone()), "oidc.issuer: a server that has the public keys of"),
        (
            &|config| config.oidc.as_mut().unwrap().roles[0].role = "app".to_owned(),
            "oidc.roles: the console has no pages",
        ),
        (&|config| config.oidc.as_mut().unwrap().roles[0].role = "boss".to_owned(), "oidc.roles: there is no role"),
        (
            &|config| config.oidc.as_mut().unwrap().client_secret_file = Some(secret.clone()),
            "oidc.client_secret_file: cannot read",
        ),
    ];
    for (change, expected) in cases {
        let said = said(change).await;
        assert!(said.contains(expected) && !said.contains(SECRET), "{said}");
    }
    assert_eq!(provider.asked("/token"), 0);
}

async fn a_sign_in_comes_back_to_another_server(server: Server) {
    let provider = Provider::start().await;
    let server = with(server, &provider).await;
    let other = server.sibling_with(at(&provider)).await;
    let (cookie, url) = begin(&server).await;
    let query = provider.sign_in(&url);
    let link = finish(&other, &cookie, &query).await.unwrap();
    // However often and wherever it comes back: one session.
    let again = finish(&server, &cookie, &provider.sign_in(&url)).await.unwrap();
    start(&server, &link).await.unwrap();
    assert_eq!(reason(&refused(start(&other, &again).await)), "LINK_USED");
}
