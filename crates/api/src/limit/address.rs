//! Where a request comes from. An address is used for counting and then forgotten: it appears in no log and in no metric.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use aws_lc_rs::hmac;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// One IPv4 address, or the /64 of an IPv6 address: a subscriber has at least a /64, and may change addresses within it at will.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(u128);

impl Network {
    /// The unspecified address, from which no request comes.
    pub(super) const NOWHERE: Self = Self(0);

    /// The network as the audit trail records it: a keyed hash, which shows whether two failures came from the same place, but not which
    /// place that is. For IPv4 it is the /24, so that not even a person with the key could identify a household.
    pub(crate) fn keyed(self, key: &hmac::Key) -> String {
        let bits = if self.0 >> 32 == 0xffff { self.0 & !0xff } else { self.0 };
        let tag = hmac::sign(key, &bits.to_be_bytes());
        hex::encode(tag.as_ref().first_chunk::<16>().copied().unwrap_or_default())
    }

    /// The network of a request: that of the peer, or what the trusted proxies report.
    pub(super) fn of(request: &HttpRequest, trusted: &[IpNet]) -> Self {
        request.peer_addr().map_or(Self::NOWHERE, |peer| client(peer.ip(), request.headers(), trusted).into())
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(four) => Self(four.to_ipv6_mapped().to_bits()),
            IpAddr::V6(six) => Self(six.to_bits() & !u128::from(u64::MAX)),
        }
    }
}

/// The first address from the right that is no trusted proxy: what is further left was written by the sender.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let mut nearest = peer.to_canonical();
    let lines: Vec<&str> = headers.get_all("X-Forwarded-For").filter_map(|value| value.to_str().ok()).collect();
    let mut hops = lines.iter().rev().flat_map(|line| line.rsplit(',')).map(str::trim);
    while is_trusted(&nearest) {
        match hops.next().and_then(hop) {
            Some(before) => nearest = before,
            // No further address, or none that can be read: the proxy itself is the nearest that is known.
            None => break,
        }
    }
    nearest
}

/// An address, with or without a port.
fn hop(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).map(|text| text.parse::<Ipv6Addr>().ok());
    let address = match bare {
        Some(six) => six.map(IpAddr::V6),
        None => text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|with_port| with_port.ip())),
    };
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let trusted: Vec<IpNet> = ["10.0.0.0/8", "fd00::/8"].iter().map(|net| net.parse().unwrap()).collect();
        let mut request = TestRequest::get();
        for line in forwarded {
            request = request.append_header(("X-Forwarded-For", *line));
        }
        client(peer.parse().unwrap(), request.to_http_request().headers(), &trusted).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(seen("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(seen("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(seen("::ffff:10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &["203.0.113.9, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &["203.0.113.9, 198.51.100.7,10.0.0.2"]), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &["203.0.113.9", "198.51.100.7", "10.0.0.2"]), "198.51.100.7");
        assert_eq!(seen("fd00::1", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(seen("fd00::1", &["[2001:db8::7]:4711"]), "2001:db8::7");
        assert_eq!(seen("fd00::1", &["[2001:db8::7]"]), "2001:db8::7");
        for unreadable in ["", "unknown", "203.0.113.9, _hidden", "203.0.113.9,"] {
            assert_eq!(seen("10.0.0.1", &[unreadable]), "10.0.0.1", "{unreadable}");
        }
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_network() {
        let network = |text: &str| Network::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }

    #[test]
    fn the_trail_names_a_network_by_a_key_alone() {
        let key = |seed: u8| hmac::Key::new(hmac::HMAC_SHA256, &[seed; 32]);
        let keyed = |text: &str, seed: u8| Network::from(text.parse::<IpAddr>().unwrap()).keyed(&key(seed));
        assert_eq!(keyed("192.0.2.1", 1), keyed("192.0.2.254", 1));
        assert_ne!(keyed("192.0.2.1", 1), keyed("192.0.3.1", 1));
        assert_ne!(keyed("192.0.2.1", 1), keyed("192.0.2.1", 2));
        assert_ne!(keyed("2001:db8:1:2::1", 1), keyed("2001:db8:1:3::1", 1));
        assert_eq!(keyed("192.0.2.1", 1).len(), 32);
    }
}
