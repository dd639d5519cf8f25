//! What browsers are given: the pages of the console, embedded as `console/build` made them.
//!
//! Holds files and the headers that go with them. It must not know who asks: a page is the same for everybody, and all that it
//! shows comes through the contract. Pages find their place behind `#`, so that a proxy may serve them under any path.

mod assets;
pub(crate) mod html;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode,
    header::{
        ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION,
        REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
};

/// A file of the console.
struct Asset {
    path: &'static str,
    kind: &'static str,
    plain: &'static [u8],
    brotli: &'static [u8],
}

/// The one file that keeps its name when its content changes.
const INDEX: &str = "/";
/// Scripts, styles and answers of this very origin, nothing inline, and no page around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const FORM_POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const PROTECTION: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Whether a request is one for a page: no call of the contract is a GET.
pub(crate) fn is_asked(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// The answer to such a request.
pub(crate) fn answer(path: &str, headers: &HeaderMap) -> Response<Bytes> {
    // Names are compared as they are: no path is ever put together, so that none can lead elsewhere.
    let Some(asset) = assets::ASSETS.iter().find(|asset| asset.path == path) else { return not_found() };
    let caching = if asset.path == INDEX { "no-cache" } else { "public, max-age=31536000, immutable" };
    let takes_brotli = takes_brotli(headers);
    let body = Bytes::from_static(if takes_brotli { asset.brotli } else { asset.plain });
    let mut response = protected(StatusCode::OK, asset.kind, caching, body);
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
    if takes_brotli {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}

/// The answer to a request for a page that there is not.
pub(crate) fn not_found() -> Response<Bytes> {
    text(StatusCode::NOT_FOUND, "no such page\n")
}

/// An answer for the script of the console.
pub(crate) fn json(body: String) -> Response<Bytes> {
    protected(StatusCode::OK, "application/json", "no-store", Bytes::from(body))
}

/// Leads a browser to a URL, which must not be of its own choice.
pub(crate) fn redirect(url: &str) -> Response<Bytes> {
    let mut response = text(StatusCode::SEE_OTHER, "");
    match HeaderValue::from_str(url) {
        Ok(url) => _ = response.headers_mut().insert(LOCATION, url),
        Err(_) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    response
}

fn text(status: StatusCode, text: &'static str) -> Response<Bytes> {
    protected(status, "text/plain; charset=utf-8", "no-store", Bytes::from_static(text.as_bytes()))
}

/// A page without script, whose form goes back to where it came from.
fn page(status: StatusCode, html: String) -> Response<Bytes> {
    let mut response = protected(status, "text/html; charset=utf-8", "no-store", Bytes::from(html));
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(FORM_POLICY));
    response
}

/// The path of the style of those pages.
fn form_style() -> &'static str {
    let named = assets::ASSETS.iter().map(|asset| asset.path).find(|path| path.starts_with("/assets/form-"));
    named.unwrap_or_default()
}

fn protected(status: StatusCode, kind: &'static str, caching: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in PROTECTION {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    response
}

fn takes_brotli(headers: &HeaderMap) -> bool {
    let named = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut codings = named.flat_map(|value| value.split(','));
    codings.any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_brotli = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("br"));
        is_brotli && !parts.any(|weight| weight.strip_prefix("q=").and_then(|q| q.parse().ok()) == Some(0.0_f32))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(accepted: &'static str) -> HeaderMap {
        [(ACCEPT_ENCODING, HeaderValue::from_static(accepted))].into_iter().collect()
    }

    #[test]
    fn brotli_is_for_those_who_take_it() {
        for (accepted, takes) in [
            ("gzip, deflate, br, zstd", true),
            ("BR", true),
            ("br;q=0.5", true),
            ("br;q=0", false),
            ("br; q=0.0", false),
            ("gzip", false),
            ("brotli", false),
            ("", false),
        ] {
            assert_eq!(takes_brotli(&with(accepted)), takes, "{accepted}");
        }
        let (plain, packed) = (answer("/", &HeaderMap::new()), answer("/", &with("br")));
        assert!(packed.body().len() < plain.body().len());
    }

    #[test]
    fn all_but_the_first_page_bear_a_hash() {
        assert_eq!(assets::ASSETS.iter().filter(|asset| asset.path == INDEX).count(), 1);
        for asset in assets::ASSETS.iter().filter(|asset| asset.path != INDEX) {
            let name = asset.path.strip_prefix("/assets/").unwrap();
            let (stem, _) = name.rsplit_once('.').unwrap();
            assert_eq!(stem.rsplit_once('-').map(|(_, hash)| hash.len()), Some(8), "{name}");
        }
    }

    #[test]
    fn forms_have_their_style() {
        assert!(answer(form_style(), &HeaderMap::new()).status().is_success());
    }

    #[test]
    fn the_first_screen_is_small() {
        // The page names all that it fetches before it shows anything.
        let index = assets::ASSETS.iter().find(|asset| asset.path == INDEX).unwrap();
        let text = std::str::from_utf8(index.plain).unwrap();
        let is_named = |asset: &&Asset| asset.path == INDEX || text.contains(&format!("\"{}\"", &asset.path[1..]));
        let first: Vec<_> = assets::ASSETS.iter().filter(is_named).collect();
        for kind in [".js", ".css", ".svg"] {
            assert!(first.iter().any(|asset| asset.path.ends_with(kind)), "{kind}");
        }
        let bytes: usize = first.iter().map(|asset| asset.brotli.len()).sum();
        assert!(bytes <= 150_000, "{bytes}");
    }
}
