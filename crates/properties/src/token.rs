//! Tokens and `Authorization: Basic`: a token that was not signed here identifies nobody.

use crate::{Fixed, forged, text};
use api::token::{CLIENT_TOKEN_SECONDS, Token, Tokens, basic};
use domain::agency::Scope;
use domain::ids::{ClientId, SessionId};
use domain::time::Instant;
use std::collections::BTreeSet;

/// A text, or a forgery of one of our tokens, is read only if it equals that token, and only while that is valid.
pub(crate) fn token(data: &[u8]) {
    let issuer = "https://tsunagu.example";
    let tokens = Tokens::new(&[7; 32], issuer).expect("a seed");
    let now = Instant::from_micros(1_795_000_000_000_000);
    let session = SessionId::new(now, &Fixed(1));
    let client = ClientId::new(now, &Fixed(2));
    let scopes: BTreeSet<Scope> = Scope::ALL.iter().copied().collect();
    let of_session = tokens.session(session, now, now.plus_seconds(60)).expect("a token");
    let of_client = tokens.client(client, &scopes, now).expect("a token");
    assert_eq!(tokens.read(&of_session, now), Some(Token::Session(session)));
    assert_eq!(tokens.read(&of_client, now), Some(Token::Client(client, scopes)));
    assert_eq!(tokens.read(&of_session, now.plus_seconds(60)), None);
    assert_eq!(tokens.read(&of_client, now.plus_seconds(CLIENT_TOKEN_SECONDS)), None);
    let of_another = Tokens::new(&[8; 32], issuer).and_then(|t| t.session(session, now, now.plus_seconds(60)));
    assert_eq!(tokens.read(&of_another.expect("a token"), now), None);
    for forgery in [forged(of_session.as_bytes(), data), forged(of_client.as_bytes(), data), data.to_vec()] {
        if let Some(sent) = text(&forgery).filter(|sent| *sent != of_session && *sent != of_client) {
            assert_eq!(tokens.read(sent, now), None, "a token that was not made here was read");
        }
    }
    if let Some(header) = text(data)
        && let Some((id, _)) = basic(header)
    {
        assert!(!id.contains(':'), "the id of a client ends at the first colon (RFC 7617)");
    }
}
