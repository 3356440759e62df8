//! A mail server that is not ours, over TLS and with a login: python3-aiosmtpd of Debian (`scripts/install`).

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use notifications_api::*;
use serde_json::{Value, json};
use testkit::{Stage, for_each_engine, free_port};

use crate::harness::{open_with, received};

/// Debian's, whatever else is in the path.
const PYTHON: &str = "/usr/bin/python3";

/// Prints a line when it listens, and one for each mail.
const SERVER: &str = r#"
import email, json, ssl, sys, threading
from email import policy
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

port, certificate, key = int(sys.argv[1]), sys.argv[2], sys.argv[3]

class Keep:
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=policy.default)
        parts = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
        print(json.dumps({
            "from": envelope.mail_from, "to": envelope.rcpt_tos, "login": session.auth_data.login.decode(),
            "subject": mail["Subject"], "name": mail["To"].addresses[0].display_name, "parts": parts,
            "text": mail.get_body(("plain",)).get_content(),
        }), flush=True)
        return "250 2.0.0 taken"

def login(server, session, envelope, mechanism, data):
    ok = data.login == b"florin" and data.password == b"open sesame"
    return AuthResult(success=ok, auth_data=data) if ok else AuthResult(success=False, handled=False)

tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
tls.load_cert_chain(certificate, key)

class Over(Controller):
    def factory(self):
        return SMTP(self.handler, authenticator=login, auth_required=True, auth_require_tls=False, enable_SMTPUTF8=True)

Over(Keep(), hostname="127.0.0.1", port=port, ssl_context=tls).start()
print("{}", flush=True)
threading.Event().wait()
"#;

struct Server {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Server {
    fn start(port: u16, certificate: &str, key: &str) -> Server {
        let mut child = Command::new(PYTHON)
            .args(["-c", SERVER, &port.to_string(), certificate, key])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut server = Server { child, lines };
        assert_eq!(server.mail(), json!({}), "it listens");
        server
    }

    fn mail(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Prints why not, or fails with `FLORIN_TEST_REQUIRE=smtp`.
fn is_there() -> bool {
    let asked = Command::new(PYTHON).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
    let is_there = asked.is_ok_and(|status| status.success());
    let required = std::env::var("FLORIN_TEST_REQUIRE").is_ok_and(|what| what.contains("smtp"));
    assert!(is_there || !required, "{PYTHON} has no aiosmtpd: apt-get install python3-aiosmtpd");
    if !is_there {
        eprintln!("skipped: {PYTHON} has no aiosmtpd (apt-get install python3-aiosmtpd)");
    }
    is_there
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_server_takes_and_reads_our_mails() {
    if !is_there() {
        return;
    }
    for_each_engine(async |store| {
        let (stage, port) = (Stage::new(store), free_port());
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let write = |name: &str, text: String| {
            let path = store.dir().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let certificate = write("server.pem", made.cert.pem());
        let key = write("server.key", made.signing_key.serialize_pem());
        let passwords = write("passwords", "open sesame\n".to_owned());
        let relay = format!("smtps://florin@localhost:{port}");
        let settings =
            [("mail_relays", relay.as_str()), ("mail_ca_file", &certificate), ("mail_passwords_file", &passwords)];
        let desk = open_with(&stage, false, &settings).await;
        let mut server = Server::start(port, &certificate, &key);
        let contact = PutContact {
            subject: "cust_ann".to_owned(),
            name: Some("Änn, \"the\" Smith".to_owned()),
            email: Some("ann@example.com".to_owned()),
            ..PutContact::default()
        };
        desk.face.put_contact(&desk.ctx(), contact).await.unwrap();
        let data = json!({ "title": "💸 Geld — überall", "text": ". .. ümläuts" });
        let Value::Object(data) = data else { panic!("an object") };
        let to = Recipient::Subject("cust_ann".to_owned());
        let news = SendMessage { kind: "product.news".to_owned(), data, ..received(to) };
        let sent = desk.face.send(&desk.ctx(), news).await.unwrap();
        desk.work().await;
        let mail = &desk.message(sent.id).await.deliveries[1];
        assert_eq!(mail.state, DeliveryState::Sent, "{mail:?}");
        let found = server.mail();
        assert_eq!(found["subject"], "💸 Geld — überall");
        assert_eq!(found["name"], "Änn, \"the\" Smith");
        assert_eq!((&found["login"], &found["to"]), (&json!("florin"), &json!(["ann@example.com"])));
        assert_eq!(found["parts"], json!(["text/plain", "text/html"]));
        assert!(found["text"].as_str().unwrap().contains(". .. ümläuts"), "{found}");
    })
    .await;
}
