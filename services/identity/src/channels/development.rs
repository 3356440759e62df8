//! Channels for development: a file, and the log. Anybody who can read those gets the codes.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use async_trait::async_trait;

use super::{Channel, ChannelError, Message};

/// Adds a line for each message: `email a@example.com: your code is …`.
pub struct FileChannel {
    path: PathBuf,
}

impl FileChannel {
    pub fn new(path: PathBuf) -> FileChannel {
        tracing::warn!(path = %path.display(), "codes for people are written to a file: for development only");
        FileChannel { path }
    }
}

#[async_trait]
impl Channel for FileChannel {
    async fn send(&self, message: &Message) -> Result<(), ChannelError> {
        let line = format!("{} {}: {}\n", message.by.name(), message.to, message.text.expose());
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.path);
        file.and_then(|mut file| file.write_all(line.as_bytes())).map_err(|error| ChannelError(error.to_string()))
    }
}

/// Writes each message to the log.
#[derive(Default)]
pub struct LogChannel;

#[async_trait]
impl Channel for LogChannel {
    async fn send(&self, message: &Message) -> Result<(), ChannelError> {
        tracing::warn!(by = message.by.name(), text = message.text.expose(), "a message, for development only");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use identity_api::FactorKind;
    use kernel::Secret;

    use super::*;

    #[tokio::test]
    async fn a_file_has_a_line_for_each_message_and_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("messages");
        let channel = FileChannel::new(path.clone());
        for text in ["one", "two"] {
            let (by, to, text) = (FactorKind::Email, "a@example.com".to_owned(), Secret::new(text));
            channel.send(&Message { by, to, code: Secret::new("1"), text }).await.unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "email a@example.com: one\nemail a@example.com: two\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(FileChannel::new(dir.path().into()).send(&message()).await.is_err());
        LogChannel.send(&message()).await.unwrap();
    }

    fn message() -> Message {
        let (code, text) = (Secret::new("1"), Secret::new("x"));
        Message { by: FactorKind::Sms, to: "+491".to_owned(), code, text }
    }
}
