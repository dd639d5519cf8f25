//! The console as a browser is given it, over a real socket; what people see there is tested with the clients.

use rapport::{
    api::v1::{DeliveryOutcome, GetOrganizationRequest, Role},
    clock::Clock,
};

use crate::{
    support::{
        Server, Test,
        competition::{Vote, dealt, enrol},
        http::{self, Answer},
        on_both,
    },
    surveys::{awake, ended, issue, let_pass, record, report},
    voting::invite,
    web::call_from,
};

pub(crate) fn tests() -> Vec<Test> {
    on_both![
        nothing_is_served_unless_configured,
        the_page_and_its_files_are_served_with_their_headers,
        no_path_leads_anywhere_else,
        a_page_of_the_server_itself_calls,
        a_customer_answers_a_survey_without_script,
        survey_links_that_are_used_late_or_wrong_say_so_kindly,
        guesses_at_survey_links_are_counted_by_address,
        an_invited_judge_casts_a_ballot_without_script,
        ballot_links_that_are_wrong_or_late_say_so_kindly,
    ]
}

async fn with_console(server: &Server) -> Server {
    Server::start_with(server.backend(), Clock::system(), |config| config.console = true).await.unwrap()
}

async fn get(server: &Server, path: &str, headers: &[(&str, &str)]) -> Answer {
    http::request(server.address(), "GET", path, headers, b"").await
}

/// What the page names: its files, relative to where it is.
fn named(page: &Answer) -> Vec<String> {
    let page = std::str::from_utf8(&page.body).unwrap();
    let quoted = page.split('"').filter(|text| text.starts_with("assets/"));
    quoted.map(|path| format!("/{path}")).collect()
}

async fn nothing_is_served_unless_configured(server: Server) {
    for path in ["/", "/assets/console.js", "/s/token"] {
        assert_eq!(get(&server, path, &[]).await.status, 405, "{path}");
    }
}

async fn the_page_and_its_files_are_served_with_their_headers(server: Server) {
    let server = with_console(&server).await;
    let page = get(&server, "/", &[]).await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let text = String::from_utf8_lossy(&page.body).into_owned();
    // Nothing inline, nothing from elsewhere, nothing from the root of whatever host it is.
    assert!(!text.contains("<style") && !text.contains("//") && !text.contains("=\"/"), "{text}");
    assert!(!text.contains("<script>") && !text.contains(" on"), "{text}");
    let files = named(&page);
    for kind in [".css", ".js", ".svg"] {
        assert!(files.iter().any(|path| path.ends_with(kind)), "{text}");
    }
    for path in &files {
        let plain = get(&server, path, &[("accept-encoding", "gzip")]).await;
        assert_eq!((plain.status, plain.header("content-encoding")), (200, None), "{path}");
        assert!(plain.header("cache-control").unwrap().contains("immutable"), "{path}");
        assert_eq!(plain.header("vary"), Some("accept-encoding"));
        let packed = get(&server, path, &[("accept-encoding", "gzip, deflate, br")]).await;
        assert_eq!(packed.header("content-encoding"), Some("br"));
        assert!(packed.body.len() < plain.body.len(), "{path}");
        assert_protected(path, &packed);
    }
    assert_protected("/", &page);
    let head = http::request(server.address(), "HEAD", "/", &[], b"").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

fn assert_protected(path: &str, answer: &Answer) {
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"), "{path} {policy}");
    assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("data:"), "{path} {policy}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
    assert_eq!(answer.header("set-cookie"), None, "{path}");
}

async fn no_path_leads_anywhere_else(server: Server) {
    let server = with_console(&server).await;
    for path in [
        "/..%2f",
        "/..%2fsrc%2flib.rs",
        "/../Cargo.toml",
        "/assets/../../Cargo.toml",
        "/assets/..%2f..%2fCargo.toml",
        "/assets/",
        "/assets",
        "/index.html",
        "//",
        "/%2e%2e/",
        "/customers/C-1001",
        "/rapport.v1.DirectoryService/GetOrganization",
    ] {
        let answer = get(&server, path, &[]).await;
        assert_eq!((answer.status, answer.body.as_slice()), (404, b"no such page\n".as_slice()), "{path}");
        assert_protected(path, &answer);
    }
    // A place in the console stands behind #, which no browser sends; what stands behind ? changes nothing.
    assert_eq!(get(&server, "/?from=mail", &[]).await.status, 200);
    // What only looks like a page is no page.
    for method in ["PUT", "DELETE", "OPTIONS", "POST"] {
        let answer = http::request(server.address(), method, "/", &[], b"").await;
        assert_ne!(answer.status, 404, "{method}");
        assert!(answer.body.len() < 100, "{method}");
    }
}

async fn a_page_of_the_server_itself_calls(server: Server) {
    let server = with_console(&server).await;
    let token = server.token(Role::Staff, "nora", &[]);
    let path = "/rapport.v1.DirectoryService/GetOrganization";
    let from = async |origin: String| call_from(&server, &token, Some(&origin), path, &GetOrganizationRequest {}).await;
    // Behind a proxy that speaks TLS the scheme differs, and the host is the one that was asked for.
    for origin in [format!("http://{}", server.address()), format!("https://{}", server.address())] {
        let answer = from(origin).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, None));
    }
    for origin in ["http://127.0.0.1:1", "http://127.0.0.1", "https://elsewhere.example", "null"] {
        assert_eq!(from(origin.to_owned()).await.status, 403, "{origin}");
    }
}

async fn send(server: &Server, path: &str, form: &str) -> Answer {
    let kind = [("content-type", "application/x-www-form-urlencoded"), ("origin", "null")];
    http::request(server.address(), "POST", path, &kind, form.as_bytes()).await
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

/// A server with a page for somebody who was just asked; its path.
async fn asked(server: &Server) -> (Server, String) {
    let server = awake(with_console(server).await).await;
    let sent = issue(&server, &record(&server, ended("carla", 60)).await).await.unwrap();
    let id = sent.invitation.unwrap().invitation_id;
    report(&server, &id, DeliveryOutcome::Delivered, None).await.unwrap();
    (server, format!("/s/{}", sent.token))
}

const RATINGS: &str = "SELECT count(*) FROM rating";

async fn a_customer_answers_a_survey_without_script(server: Server) {
    let (server, path) = asked(&server).await;
    // As a mail scanner does, and the customer after it.
    for method in ["HEAD", "GET", "GET"] {
        let page = http::request(server.address(), method, &path, &[], b"").await;
        assert_eq!((page.status, page.header("cache-control")), (200, Some("no-store")), "{method}");
        assert_protected(&path, &page);
        assert!(page.header("content-security-policy").unwrap().contains("form-action 'self'"));
    }
    assert_eq!(server.number(RATINGS).await, 0, "opening it records nothing");
    let page = get(&server, &path, &[]).await;
    let html = text(&page);
    assert!(
        html.len() < 20_000 && !html.contains("<script") && !html.contains("carla") && !html.contains("nora"),
        "{html}"
    );
    assert_eq!(html.matches("name=\"score\"").count(), 5, "{html}");
    assert!(html.contains("非常满意") && html.contains("lang=\"zh\""), "{html}");
    let style = html.split("href=\"..").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(get(&server, style, &[]).await.status, 200);

    let thanks = send(&server, &path, "score=5&about=1&resolved=1&clarity=4&comment=%3Cb%3E+%E8%B0%A2%E8%B0%A2").await;
    assert_eq!(thanks.status, 200);
    assert!(text(&thanks).contains("感谢您的评价！"), "{}", text(&thanks));
    assert_eq!(server.number(RATINGS).await, 1);
    assert_eq!(server.number("SELECT count(*) FROM rating WHERE comment = '<b> 谢谢' AND level = 5").await, 1);
    // The button pressed twice is one answer; another one comes too late.
    for form in ["score=5&about=1&resolved=1&clarity=4&comment=%3Cb%3E+%E8%B0%A2%E8%B0%A2", "score=1"] {
        assert_eq!(send(&server, &path, form).await.status, 200, "{form}");
    }
    assert!(text(&get(&server, &path, &[]).await).contains("您已经评价过了"));
    assert_eq!(server.number(RATINGS).await, 1);
}

async fn survey_links_that_are_used_late_or_wrong_say_so_kindly(server: Server) {
    let (server, path) = asked(&server).await;
    for (form, status) in [("", 400), ("score=9", 400), ("score=", 400), ("score=3&comment=%00", 400)] {
        let again = send(&server, &path, form).await;
        assert_eq!(again.status, status, "{form}");
        assert!(text(&again).contains("name=\"score\"") && text(&again).contains("role=\"alert\""), "{form}");
    }
    assert_eq!(send(&server, &path, &format!("score=3&comment={}", "x".repeat(70_000))).await.status, 413);
    // JSON is for the methods of the contract, of which the page is none.
    for (kind, status) in [("application/json", 404), ("text/plain", 415)] {
        let other = http::request(server.address(), "POST", &path, &[("content-type", kind)], b"{}").await;
        assert_eq!(other.status, status, "{kind}");
    }
    for unknown in
        ["/s/", "/s/nothing", "/s/..%2f..%2fCargo.toml", &format!("/s/{}", "x".repeat(200)), "/s/a/b", "/s/%00"]
    {
        for (wished, sentence) in [("zh-CN,zh;q=0.9", "没有对应的评价"), ("en", "leads to no survey")] {
            let answer = get(&server, unknown, &[("accept-language", wished)]).await;
            assert_eq!(answer.status, 404, "{unknown}");
            assert!(text(&answer).contains(sentence), "{unknown} {wished}");
        }
        assert_eq!(send(&server, unknown, "score=5").await.status, 404, "{unknown}");
    }
    let_pass(&server, 8 * 86_400).await;
    for answer in [get(&server, &path, &[]).await, send(&server, &path, "score=5").await] {
        assert_eq!(answer.status, 410);
        assert!(text(&answer).contains("时间已过"), "{}", text(&answer));
    }
    assert_eq!(server.number(RATINGS).await, 0);
}

async fn guesses_at_survey_links_are_counted_by_address(server: Server) {
    let server = Server::start_with(server.backend(), Clock::system(), |config| {
        config.console = true;
        config.limits.bad_tokens_per_second = std::num::NonZeroU32::MIN;
    })
    .await
    .unwrap();
    let mut found = Vec::new();
    for guess in 0..4 {
        found.push(get(&server, &format!("/s/guess-{guess}"), &[]).await.status);
    }
    assert_eq!(found[0], 404);
    assert!(found.contains(&429), "{found:?}");
}

/// An open vote, and where two invited judges find their ballots.
async fn invited(server: &Server) -> (Server, Vote, Vec<String>) {
    let server = with_console(server).await;
    enrol(&server, &[3; 6]).await;
    let vote = Vote::announce(&server, 6, dealt()).await;
    let tokens = invite(&server, &vote, &["carla", "dora", "erik"]).await;
    vote.open(&server).await.unwrap();
    let paths = tokens.iter().map(|token| format!("/b/{}/{token}", vote.id)).collect();
    (server, vote, paths)
}

/// A form that gives the entries of a page these places.
fn places(html: &str, places: &[usize], revision: i64) -> String {
    let entries = html.split("<select name=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    let given = entries.zip(places).map(|(entry, place)| format!("&{entry}={place}"));
    format!("revision={revision}{}", given.collect::<String>())
}

async fn an_invited_judge_casts_a_ballot_without_script(server: Server) {
    let (server, vote, paths) = invited(&server).await;
    const BALLOTS: &str = "SELECT count(*) FROM ballot";
    for method in ["HEAD", "GET", "GET"] {
        let page = http::request(server.address(), method, &paths[0], &[], b"").await;
        assert_eq!((page.status, page.header("cache-control")), (200, Some("no-store")), "{method}");
        assert_protected(&paths[0], &page);
    }
    assert_eq!(server.number(BALLOTS).await, 0, "opening it records nothing");
    let html = text(&get(&server, &paths[0], &[("accept-language", "zh")]).await);
    assert!(html.len() < 20_000 && !html.contains("<script") && html.contains("您的选票"), "{html}");
    assert_eq!(html.matches("<select").count(), 6, "{html}");
    let style = html.split("href=\"../..").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(get(&server, style, &[]).await.status, 200);

    // Too few, twice the same: the form again, with what was chosen.
    for form in [places(&html, &[1], 0), places(&html, &[1, 1, 2, 3, 4, 5], 0), String::new()] {
        let again = send(&server, &paths[0], &form).await;
        assert_eq!(again.status, 400, "{form}");
        assert!(text(&again).contains("role=\"alert\""), "{form}");
    }
    let twice = text(&send(&server, &paths[0], &places(&html, &[1, 1, 2, 3, 4, 5], 0)).await);
    assert_eq!(twice.matches("<option selected>").count(), 6, "nothing that was chosen is lost");
    assert_eq!(server.number(BALLOTS).await, 0);

    let cast = send(&server, &paths[0], &places(&html, &[2, 1, 3, 4, 5, 6], 0)).await;
    assert_eq!(cast.status, 200, "{}", text(&cast));
    // The button pressed twice is one ballot.
    assert_eq!(send(&server, &paths[0], &places(&html, &[2, 1, 3, 4, 5, 6], 0)).await.status, 200);
    assert_eq!(server.number("SELECT max(revision) FROM ballot").await, 1);
    let token = paths[0].rsplit('/').next().unwrap();
    let mine = vote.ballot_of(&server.app(), token).await.unwrap();
    let shown: Vec<_> = html.split("<select name=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(mine.entry_ids[..2], [shown[1], shown[0]]);
    // A page that was opened before does not overwrite what it never showed.
    let stale = send(&server, &paths[0], &places(&html, &[6, 5, 4, 3, 2, 1], 0)).await;
    assert_eq!(stale.status, 400);
    assert!(text(&stale).contains("name=\"revision\" value=\"1\""), "{}", text(&stale));
    assert_eq!(send(&server, &paths[0], &places(&html, &[6, 5, 4, 3, 2, 1], 1)).await.status, 200);
    assert_eq!(server.number(BALLOTS).await, 1);
}

async fn ballot_links_that_are_wrong_or_late_say_so_kindly(server: Server) {
    let (server, vote, paths) = invited(&server).await;
    let other = Vote::opened(&server, 6, dealt()).await;
    let token = paths[1].rsplit('/').next().unwrap();
    for unknown in [
        "/b/".to_owned(),
        "/b/x".to_owned(),
        format!("/b/{}", vote.id),
        format!("/b/{}/unknown", vote.id),
        format!("/b/{}/{token}", other.id),
        format!("/b/{}/{token}/x", vote.id),
        format!("/b/{}/{}", vote.id, "x".repeat(200)),
    ] {
        let answer = get(&server, &unknown, &[("accept-language", "en")]).await;
        assert_eq!(answer.status, 404, "{unknown}");
        assert!(text(&answer).contains("leads to no ballot"), "{unknown}");
        assert_eq!(send(&server, &unknown, "revision=0").await.status, 404, "{unknown}");
    }
    let html = text(&get(&server, &paths[1], &[]).await);
    let close = rapport::api::v1::CloseVotingRequest {
        request_id: crate::support::client::request_id(),
        competition_id: vote.id.clone(),
    };
    server.admin().competitions().close_voting(close).await.unwrap();
    let late = send(&server, &paths[1], &places(&html, &[1, 2, 3, 4, 5, 6], 0)).await;
    for answer in [get(&server, &paths[1], &[("accept-language", "zh")]).await, late] {
        assert_eq!(answer.status, 410, "{}", text(&answer));
    }
    assert_eq!(server.number("SELECT count(*) FROM ballot").await, 0);
}
