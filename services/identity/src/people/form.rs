//! Checks of a user's fields. Refusals of form leave nothing.

use identity_api::limits::ROLES_MAX;
use identity_api::{CreateUser, Refusal};

use crate::login::username_key;

const NAME_BYTES_MAX: usize = 200;
/// RFC 5321: what a mail server accepts.
const EMAIL_BYTES_MAX: usize = 254;
const SUBJECT_BYTES_MAX: usize = 128;

/// Roles of users, which are built in. Others are looked up. The strictest comes first: an employee has office hours
/// even if they are also a customer.
pub(super) const KINDS: [&str; 3] = ["employee", "admin", "customer"];

#[derive(Debug, Clone)]
pub(super) struct NewPerson {
    pub(super) username: String,
    pub(super) contact: Contact,
    pub(super) subject: Option<String>,
    pub(super) roles: Roles,
}

#[derive(Debug, Clone)]
pub(super) struct Contact {
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Roles {
    pub(super) kind: String,
    pub(super) names: Vec<String>,
}

impl NewPerson {
    pub(super) fn parse(command: CreateUser) -> Result<NewPerson, Refusal> {
        let username = username_key(&command.username)?;
        if let Some(subject) = &command.subject {
            let shaped = !subject.is_empty() && subject.bytes().all(|byte| byte.is_ascii_graphic());
            if !shaped || subject.len() > SUBJECT_BYTES_MAX {
                return Err(Refusal::field("subject", "expected 1 to 128 visible ASCII characters"));
            }
        }
        let contact = Contact::parse(command.name, command.email, command.phone)?;
        Ok(NewPerson { username, contact, subject: command.subject, roles: Roles::parse(command.roles)? })
    }
}

impl Contact {
    pub(super) fn parse(
        name: Option<String>,
        email: Option<String>,
        phone: Option<String>,
    ) -> Result<Contact, Refusal> {
        if name.as_ref().is_some_and(|name| name.trim().is_empty() || name.len() > NAME_BYTES_MAX || is_odd(name)) {
            return Err(Refusal::field("name", "expected 1 to 200 bytes without control characters"));
        }
        if email.as_ref().is_some_and(|email| !is_email(email)) {
            return Err(Refusal::field("email", "expected an address such as ann@example.com"));
        }
        if phone.as_ref().is_some_and(|phone| !is_phone(phone)) {
            return Err(Refusal::field("phone", "expected a number in international form, such as +4930123456"));
        }
        Ok(Contact { name, email, phone })
    }
}

impl Roles {
    pub(super) fn parse(mut names: Vec<String>) -> Result<Roles, Refusal> {
        if names.len() > ROLES_MAX {
            return Err(Refusal::TooMany { what: "roles".to_owned(), given: names.len(), max: ROLES_MAX });
        }
        // In any order: a list that is read and put back means the same.
        let kind = KINDS.into_iter().find(|kind| names.iter().any(|name| name == kind)).map(str::to_owned);
        let kind = kind.ok_or_else(|| Refusal::field("roles", "expected one of customer, employee and admin"))?;
        if names.iter().any(|name| name == "service") {
            return Err(Refusal::field("roles", "the role service is for programs"));
        }
        names.sort();
        names.dedup();
        Ok(Roles { kind, names })
    }

    pub(super) fn has(&self, role: &str) -> bool {
        self.names.iter().any(|name| name == role)
    }
}

/// Whether a message can be delivered there shows when one is sent; here only what would break a header or a list is
/// refused.
fn is_email(email: &str) -> bool {
    let parts = email.split_once('@').filter(|(name, host)| !name.is_empty() && !host.is_empty());
    let plain =
        email.chars().all(|letter| !letter.is_control() && !letter.is_whitespace() && !",;<>\"".contains(letter));
    parts.is_some_and(|(_, host)| !host.contains('@')) && plain && email.len() <= EMAIL_BYTES_MAX
}

fn is_phone(phone: &str) -> bool {
    let digits = phone.strip_prefix('+').unwrap_or_default();
    (8..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit())
}

fn is_odd(text: &str) -> bool {
    text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut CreateUser)) -> Option<String> {
        let mut command = CreateUser {
            username: "Ann@Example.com".to_owned(),
            name: Some("Ann".to_owned()),
            email: Some("ann@example.com".to_owned()),
            phone: Some("+4930123456".to_owned()),
            subject: Some("cust_ann".to_owned()),
            roles: vec!["customer".to_owned()],
        };
        change(&mut command);
        NewPerson::parse(command).err().map(|refusal| match refusal {
            Refusal::FieldInvalid { field, .. } => field,
            other => IdentityErrorCode(other).code(),
        })
    }

    struct IdentityErrorCode(Refusal);

    impl IdentityErrorCode {
        fn code(self) -> String {
            identity_api::IdentityError::from(self.0).code().to_owned()
        }
    }

    #[test]
    fn invalid_user_fields_are_refused_by_name() {
        assert_eq!(refused(|_| ()), None);
        let field = |name: &str| Some(name.to_owned());
        for username in ["", " ", "two words", "tab\tname", &"x".repeat(129)] {
            assert_eq!(refused(|it| it.username = username.to_owned()), field("username"), "{username}");
        }
        for email in ["ann", "@example.com", "ann@", "a@b@c", "a b@example.com", "a@example.com,b@example.com"] {
            assert_eq!(refused(|it| it.email = Some(email.to_owned())), field("email"), "{email}");
        }
        for phone in ["030123456", "+49", "+49 30 123456", "+1234567890123456", "+49x30123456"] {
            assert_eq!(refused(|it| it.phone = Some(phone.to_owned())), field("phone"), "{phone}");
        }
        for subject in ["", "two words", "ümlaut", &"x".repeat(129)] {
            assert_eq!(refused(|it| it.subject = Some(subject.to_owned())), field("subject"), "{subject}");
        }
        assert_eq!(refused(|it| it.name = Some("\n".to_owned())), field("name"));
        for roles in [vec![], vec!["teller"], vec!["customer", "service"]] {
            assert_eq!(refused(|it| it.roles = roles.iter().map(|role| (*role).to_owned()).collect()), field("roles"));
        }
        assert_eq!(refused(|it| it.roles = vec!["customer".to_owned(); 33]), field("too_many"));
    }

    #[test]
    fn usernames_are_compared_without_case() {
        assert_eq!(username_key(" Ann@Example.COM ").unwrap(), "ann@example.com");
        assert_eq!(username_key("ﬁnn").unwrap(), "finn", "letters that look the same are the same");
    }

    /// Rules use the kind: an employee has office hours, whatever else they are.
    #[test]
    fn the_strictest_kind_wins_in_any_role_order() {
        let kind = |names: &[&str]| Roles::parse(names.iter().map(|name| (*name).to_owned()).collect()).unwrap().kind;
        for (names, expected) in [
            (&["customer"][..], "customer"),
            (&["admin", "teller", "customer"], "admin"),
            (&["customer", "admin"], "admin"),
            (&["customer", "employee"], "employee"),
            (&["employee", "customer"], "employee"),
            (&["admin", "customer", "employee"], "employee"),
            (&["employee", "admin"], "employee"),
        ] {
            assert_eq!(kind(names), expected, "{names:?}");
        }
    }
}
