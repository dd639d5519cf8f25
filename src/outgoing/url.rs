//! Where a server of others is. Pure.

use std::net::IpAddr;

use http::Uri;

use super::address::is_public;

/// An HTTP URL, taken apart for those who connect to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) is_https: bool,
    /// A name, or an address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// As the header `host` has it.
    pub(crate) authority: String,
    /// With the query.
    pub(crate) path: String,
}

impl Url {
    /// Reads one of either scheme; which of them is good, its reader knows.
    ///
    /// # Errors
    /// The rule that it breaks, never the URL: it may hold a secret.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let url: Uri = text.parse().map_err(|_| "must be a URL such as https://desk.example/events".to_owned())?;
        let is_https = match url.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err("must begin with https://".to_owned()),
        };
        let authority = url.authority().ok_or("must name a host")?;
        if authority.as_str().contains('@') {
            return Err("must not hold a user or a password".to_owned());
        }
        if text.contains('#') {
            return Err("must not have a fragment".to_owned());
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches([']', '.']).to_ascii_lowercase();
        if host.is_empty() {
            return Err("must name a host".to_owned());
        }
        Ok(Self {
            is_https,
            port: authority.port_u16().unwrap_or(if is_https { 443 } else { 80 }),
            authority: authority.as_str().to_owned(),
            path: url.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            host,
        })
    }

    /// Whether it says itself that it leads to this machine or a private network. Other names are looked at when they
    /// have been resolved, each time.
    pub(crate) fn is_private(&self) -> bool {
        self.address().map_or_else(|| self.is_localhost(), |address| !is_public(address))
    }

    /// Whether what it leads to never leaves this machine, so that nobody can listen even without TLS.
    pub(crate) fn is_here(&self) -> bool {
        self.address().map_or_else(|| self.is_localhost(), |address| address.to_canonical().is_loopback())
    }

    /// None: it names its host.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    fn is_localhost(&self) -> bool {
        self.host == "localhost" || self.host.ends_with(".localhost")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_private_networks_are_told_apart() {
        let of = |text: &str| {
            let url = Url::read(text).unwrap();
            (url.is_private(), url.is_here())
        };
        for here in ["http://127.0.0.1:1/", "https://[::1]/", "http://localhost/", "http://desk.LOCALHOST./"] {
            assert_eq!(of(here), (true, true), "{here}");
        }
        for private in ["https://10.0.0.7/", "https://169.254.169.254/latest", "https://[fd00::1]/"] {
            assert_eq!(of(private), (true, false), "{private}");
        }
        for public in ["https://desk.example/", "https://8.8.8.8/", "https://localhost.example/"] {
            assert_eq!(of(public), (false, false), "{public}");
        }
    }
}
