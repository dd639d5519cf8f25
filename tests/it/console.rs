//! The console as a browser is given it, over a real socket; what people see there is tested with the clients.

use rapport::{
    api::v1::{GetOrganizationRequest, Role},
    clock::Clock,
};

use crate::{
    support::{
        Server, Test,
        http::{self, Answer},
        on_both,
    },
    web::call_from,
};

pub(crate) fn tests() -> Vec<Test> {
    on_both![
        nothing_is_served_unless_configured,
        the_page_and_its_files_are_served_with_their_headers,
        no_path_leads_anywhere_else,
        a_page_of_the_server_itself_calls,
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
    assert_eq!(files.len(), 3, "{text}");
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
