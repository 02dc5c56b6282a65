//! The two URLs of the configuration. The errors never contain them, because a mail URL may hold a password.

use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::str::FromStr;

/// The mail URL is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the mail URL must be smtp://[user:password@]host[:port][?tls=starttls], smtps://[user:password@]host[:port] or file:DIRECTORY \
     (reserved characters of user and password percent-encoded)"
)]
pub struct BadMailUrl;

/// The public URL is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the public URL must be http://host[:port][/path] or https://host[:port][/path]")]
pub struct BadPublicUrl;

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protection {
    /// Not at all.
    Plain,
    /// TLS by STARTTLS; without it, no mail is sent.
    StartTls,
    /// TLS from the start.
    Tls,
}

/// Where mail goes. It has no `Debug`, because it may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum MailUrl {
    File(PathBuf),
    Smtp { protection: Protection, host: String, port: u16, credentials: Option<(String, String)> },
}

impl FromStr for MailUrl {
    type Err = BadMailUrl;

    fn from_str(url: &str) -> Result<Self, BadMailUrl> {
        if let Some(path) = url.strip_prefix("file:") {
            // `file:///x` is how other programs spell the path /x; `file://x` would mean the host x.
            let path = if path.starts_with("///") { path.trim_start_matches("//") } else { path };
            let refused = path.is_empty() || path.starts_with("//") || path.contains('\0');
            return if refused { Err(BadMailUrl) } else { Ok(Self::File(PathBuf::from(path))) };
        }
        let (scheme, rest) = url.split_once("://").ok_or(BadMailUrl)?;
        let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
        let (protection, usual_port) = match (scheme, query) {
            ("smtp", None) => (Protection::Plain, 25),
            ("smtp", Some("tls=starttls")) => (Protection::StartTls, 587),
            ("smtps", None) => (Protection::Tls, 465),
            _ => return Err(BadMailUrl),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (credentials, server) = match rest.rsplit_once('@') {
            None => (None, rest),
            Some((credentials, server)) => {
                let (user, password) = credentials.split_once(':').ok_or(BadMailUrl)?;
                (Some((decoded(user).ok_or(BadMailUrl)?, decoded(password).ok_or(BadMailUrl)?)), server)
            }
        };
        let (host, port) = host_and_port(server).ok_or(BadMailUrl)?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        Ok(Self::Smtp { protection, host: host.to_owned(), port: port.unwrap_or(usual_port), credentials })
    }
}

/// Where the links in mails lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicUrl {
    /// The URL without a slash at the end.
    pub(crate) base: String,
    /// A name, an IPv4 address, or an IPv6 address in brackets: each is allowed in a Message-ID.
    pub(crate) host: String,
}

impl FromStr for PublicUrl {
    type Err = BadPublicUrl;

    fn from_str(url: &str) -> Result<Self, BadPublicUrl> {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).ok_or(BadPublicUrl)?;
        let (server, path) = rest.split_once('/').unwrap_or((rest, ""));
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/%".contains(c);
        let (host, _) = host_and_port(server).ok_or(BadPublicUrl)?;
        if !path.chars().all(plain) {
            return Err(BadPublicUrl);
        }
        Ok(Self { base: url.trim_end_matches('/').to_owned(), host: host.to_owned() })
    }
}

/// The host (an IPv6 address keeps its brackets), and the port if there is one.
fn host_and_port(server: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match server.split_once(']') {
        Some((host, port)) => (server.get(..=host.len())?, port),
        None => server.split_once(':').map_or((server, ""), |(host, _)| (host, server.get(host.len()..).unwrap_or(""))),
    };
    let port = match port.strip_prefix(':') {
        Some(port) => Some(port.parse().ok().filter(|port| *port != 0)?),
        None if port.is_empty() => None,
        None => return None,
    };
    let named = |host: &str| {
        let label = |label: &str| {
            !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        host.split('.').all(label)
    };
    let sound = match host.strip_prefix('[') {
        Some(address) => address.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok()),
        None => named(host),
    };
    sound.then_some((host, port))
}

/// Decodes percent signs.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let code = part.get(..2).filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(code, 16).ok()?);
        bytes.extend_from_slice(part.get(2..)?.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smtp(url: &str) -> (Protection, String, u16, Option<(String, String)>) {
        match url.parse() {
            Ok(MailUrl::Smtp { protection, host, port, credentials }) => (protection, host, port, credentials),
            _ => panic!("{url}"),
        }
    }

    #[test]
    fn mail_urls_say_how_to_connect() {
        assert_eq!(smtp("smtp://mail.example.jp"), (Protection::Plain, "mail.example.jp".into(), 25, None));
        assert_eq!(smtp("smtp://[::1]:2525/"), (Protection::Plain, "::1".into(), 2525, None));
        assert_eq!(smtp("smtp://h?tls=starttls"), (Protection::StartTls, "h".into(), 587, None));
        assert_eq!(
            smtp("smtps://a%40b.jp:p%3Aw%2F%E3%81%82:@192.0.2.1:465"),
            (Protection::Tls, "192.0.2.1".into(), 465, Some(("a@b.jp".into(), "p:w/あ:".into())))
        );
        assert!("file:./var/mail".parse() == Ok(MailUrl::File("./var/mail".into())));
        assert!("file:///var/mail".parse() == Ok(MailUrl::File("/var/mail".into())));
    }

    #[test]
    fn mail_urls_that_ask_for_something_else_are_refused() {
        for url in [
            "",
            "file:",
            "file://host/x",
            "smtp:",
            "smtp://",
            "smtp://:25",
            "smtp://h:",
            "smtp://h:0",
            "smtp://h:65536",
            "smtp://h:x",
            "smtp://user@h",
            "smtp://u:%zz@h",
            "smtp://u:%+1@h",
            "smtp://u:%ff@h",
            "smtp://h?tls=required",
            "smtp://h?tls=starttls&x",
            "smtps://h?tls=starttls",
            "smtp://h/path",
            "smtp://h h",
            "smtp://h\r\n",
            "smtp://[::1",
            "smtp://[x]",
            "http://h",
            "smtp://h..jp",
        ] {
            assert!(url.parse::<MailUrl>().is_err(), "{url:?}");
        }
    }

    #[test]
    fn public_urls_have_a_base_and_a_host() {
        let parsed = |url: &str| url.parse::<PublicUrl>().map(|url| (url.base, url.host)).ok();
        let expect = |base: &str, host: &str| Some((base.to_owned(), host.to_owned()));
        assert_eq!(parsed("http://127.0.0.1:8080"), expect("http://127.0.0.1:8080", "127.0.0.1"));
        assert_eq!(
            parsed("https://tsunagu.example.jp/a/"),
            expect("https://tsunagu.example.jp/a", "tsunagu.example.jp")
        );
        assert_eq!(parsed("http://[::1]:1/"), expect("http://[::1]:1", "[::1]"));
        for url in [
            "",
            "tsunagu.jp",
            "ftp://h",
            "http://",
            "http://u:p@h",
            "http://h/?a",
            "http://h/a b",
            "http://h\r\nX:",
            "http://h/<",
        ] {
            assert_eq!(parsed(url), None, "{url:?}");
        }
    }
}
