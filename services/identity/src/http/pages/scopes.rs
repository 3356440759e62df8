//! A client's requested scopes, in plain words.

/// Continues the sentence "It wants to …".
pub(super) fn said(scope: &str) -> String {
    let text = match scope {
        "openid" => "know who you are on Florin",
        "profile" => "see your name",
        "email" => "see your e-mail address",
        "phone" => "see your phone number",
        "offline_access" => "stay connected when you are away, until you withdraw access",
        other => return permission(other),
    };
    text.to_owned()
}

fn permission(scope: &str) -> String {
    let Some((act, things)) = scope.split_once(':') else { return format!("use “{scope}”") };
    let things = match things {
        "accounts" | "transactions" | "payments" | "cards" => format!("your {things}"),
        "*" => "everything that you can".to_owned(),
        "users" => "other people’s access".to_owned(),
        other => other.replace(['_', '-'], " "),
    };
    match act {
        "read" => format!("see {things}"),
        "write" => format!("see and change {things}"),
        "admin" => format!("administer {things}"),
        other => format!("{other} {things}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_described_without_jargon() {
        assert_eq!(said("read:accounts"), "see your accounts");
        assert_eq!(said("write:transactions"), "see and change your transactions");
        assert_eq!(said("admin:users"), "administer other people’s access");
        assert_eq!(said("strange"), "use “strange”");
        assert!(["openid", "profile", "email", "offline_access"].iter().all(|scope| !said(scope).contains('“')));
    }
}
