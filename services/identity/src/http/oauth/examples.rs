//! The endpoints' examples: Ann authorizes her budget planner, and a program gets its own token.

use access::PublicKey;
use identity_api::Discovery;
use serde_json::{Value, json};

use super::discovery::{key_set, metadata};

const BACK: &str = "https://budget.example.com/callback";
const TOKEN: &str =
    "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSIsImtpZCI6IjIwMjYtMDEifQ.eyJzdWIiOiJjdXN0X2FubiJ9.c2lnbmF0dXJl";
const ID_TOKEN: &str =
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJFZERTQSIsImtpZCI6IjIwMjYtMDEifQ.eyJzdWIiOiJjdXN0X2FubiJ9.c2lnbmF0dXJl";
const REFRESH: &str = "cmVmcmVzaGVkIG9uY2UgYW5kIG5ldmVyIGFnYWluIQ";
const SCOPE: &str = "openid profile offline_access read:accounts";

/// The installation-independent part of the reply.
fn told() -> Discovery {
    let key = |kid: &str, x: &str| PublicKey { kid: kid.to_owned(), alg: "EdDSA".to_owned(), x: x.to_owned(), y: None };
    let keys = vec![
        key("2026-01", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"),
        key("2026-02", "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik"),
    ];
    let scopes = ["openid", "profile", "email", "phone", "offline_access"].map(str::to_owned).to_vec();
    Discovery { issuer: "https://id.example.com".to_owned(), keys, scopes }
}

pub(super) fn metadata_example() -> Value {
    metadata(&told())
}

pub(super) fn keys() -> Value {
    key_set(&told().keys)
}

pub(super) fn authorize() -> Value {
    json!({
        "response_type": "code", "client_id": "budget", "redirect_uri": BACK, "scope": SCOPE, "state": "af0ifjsldkj",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"
    })
}

pub(super) fn by_code() -> Value {
    json!({
        "grant_type": "authorization_code", "code": "SplxlOBeZQQYbYS6WxSbIA", "redirect_uri": BACK,
        "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    })
}

pub(super) fn by_refresh_token() -> Value {
    json!({ "grant_type": "refresh_token", "refresh_token": REFRESH })
}

pub(super) fn for_itself() -> Value {
    json!({ "grant_type": "client_credentials", "scope": "read:accounts" })
}

pub(super) fn tokens() -> Value {
    json!({
        "access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600, "scope": SCOPE, "refresh_token": REFRESH,
        "id_token": ID_TOKEN
    })
}

pub(super) fn about_token() -> Value {
    json!({ "token": TOKEN })
}

pub(super) fn introspection() -> Value {
    json!({
        "active": true, "scope": SCOPE, "client_id": "budget", "username": "ann@example.com", "token_type": "Bearer",
        "exp": 1_769_864_400, "iat": 1_769_860_800, "nbf": 1_769_860_800, "sub": "cust_ann", "aud": "florin",
        "iss": "https://id.example.com", "jti": "Zm9yIHRoZSBkb2N1bWVudA"
    })
}

pub(super) fn given_back() -> Value {
    json!({ "token": REFRESH, "token_type_hint": "refresh_token" })
}

pub(super) fn user_info() -> Value {
    json!({ "sub": "cust_ann", "name": "Ann Miller", "preferred_username": "ann@example.com" })
}

pub(super) fn logout() -> Value {
    json!({
        "id_token_hint": ID_TOKEN, "post_logout_redirect_uri": "https://budget.example.com/", "state": "af0ifjsldkj"
    })
}
