//! Checks a receipt without the service: with its keys, and with a status list if there is one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::read::ZlibDecoder;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;
use std::io::Read;

/// The most bytes of an unpacked status list that are read.
const LONGEST_LIST: u64 = 1 << 20;

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Validity {
    /// One of the keys signed it at this time (seconds since 1970); nothing is known about what happened since then.
    AsIssued {
        /// When the receipt was made.
        at: i64,
    },
    /// It had this status when the status list was signed.
    AsOf {
        /// When the list was made.
        at: i64,
        /// 0 valid, 1 withdrawn, 2 expired, 3 superseded.
        status: u8,
    },
    /// The receipt or the list was changed, or was not signed by any of the keys.
    Tampered(&'static str),
    /// One of the files is not what it should be.
    Unusable(&'static str),
}

/// Checks `receipt` with the JWK set `keys` and, if given, the status list token, at `now` (seconds since 1970).
pub fn verify(receipt: &str, keys: &str, status: Option<&str>, now: i64) -> Validity {
    let Ok(keys) = serde_json::from_str::<JwkSet>(keys) else {
        return Validity::Unusable("the keys are no JWK set");
    };
    let claims = match opened(receipt, "consent-receipt+jwt", &keys) {
        Ok(claims) => claims,
        Err(found) => return found,
    };
    let Some(at) = claims.get("iat").and_then(Value::as_i64) else {
        return Validity::Unusable("the receipt does not say when it was made");
    };
    let Some(status) = status else { return Validity::AsIssued { at } };
    match standing(&claims, status, &keys, now) {
        Ok((at, status)) => Validity::AsOf { at, status },
        Err(found) => found,
    }
}

/// The claims of a token, if it is of the type `typ` and one of the keys signed it.
fn opened(token: &str, typ: &str, keys: &JwkSet) -> Result<Value, Validity> {
    let token = token.trim();
    let header = jsonwebtoken::decode_header(token).map_err(|_| Validity::Unusable("not a compact JWS"))?;
    if header.typ.as_deref() != Some(typ) {
        return Err(Validity::Unusable("a token of another kind"));
    }
    let named = header.kid.as_deref().and_then(|kid| keys.find(kid));
    let key = named.ok_or(Validity::Tampered("signed by a key that is not in the key set"))?;
    let key = DecodingKey::from_jwk(key).map_err(|_| Validity::Unusable("the key cannot be used"))?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    // The caller compares the times, with a clock that is an argument. A receipt names its recipient, but anybody may check it.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.set_required_spec_claims(&["iss"]);
    let read = jsonwebtoken::decode::<Value>(token, &key, &validation);
    read.map(|data| data.claims).map_err(|_| Validity::Tampered("the signature does not fit"))
}

/// When the list was made, and the status that it gives the receipt.
fn standing(receipt: &Value, list: &str, keys: &JwkSet, now: i64) -> Result<(i64, u8), Validity> {
    let list = opened(list, "statuslist+jwt", keys)?;
    let named = receipt.pointer("/status/status_list");
    let uri = named.and_then(|named| named.get("uri")).and_then(Value::as_str);
    if uri.is_none() || list.get("sub").and_then(Value::as_str) != uri || list.get("iss") != receipt.get("iss") {
        return Err(Validity::Unusable("the status list is not the one that the receipt names"));
    }
    let instant = |name: &str| list.get(name).and_then(Value::as_i64);
    let (Some(made), Some(until)) = (instant("iat"), instant("exp")) else {
        return Err(Validity::Unusable("the status list does not say when it was made"));
    };
    if now >= until {
        return Err(Validity::Unusable("the status list is too old; fetch it again"));
    }
    let place = named.and_then(|named| named.get("idx")).and_then(Value::as_u64);
    let (Some(place), Some(bytes)) = (place, unpacked(&list)) else {
        return Err(Validity::Unusable("the status list cannot be read"));
    };
    let byte = usize::try_from(place / 4).ok().and_then(|at| bytes.get(at));
    let byte = byte.ok_or(Validity::Unusable("the status list has no such place"))?;
    Ok((made, (byte >> (place % 4 * 2)) & 0b11))
}

fn unpacked(list: &Value) -> Option<Vec<u8>> {
    let packed = URL_SAFE_NO_PAD.decode(list.pointer("/status_list/lst")?.as_str()?).ok()?;
    let mut bytes = Vec::new();
    ZlibDecoder::new(packed.as_slice()).take(LONGEST_LIST).read_to_end(&mut bytes).ok()?;
    (list.pointer("/status_list/bits")?.as_u64()? == 2).then_some(bytes)
}
