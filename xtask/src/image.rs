//! `cargo xtask image`: the image, written as an OCI layout without Docker, and the list of what is linked into it.
//!
//! The image is one static binary and nothing else. Invariant: the same binary and commit give the same bytes: one entry in
//! the layer, fixed times, sorted keys, no clock.

mod sbom;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const TARGET: &str = "x86_64-unknown-linux-musl";
/// Has no account anywhere; the chart runs it by the same number.
const USER: &str = "10001:10001";
const REPOSITORY: &str = "registry.example.com/florin";

/// `--binary PATH` packs a binary that is there instead of building one; `--out DIR` is where the layout goes.
pub(crate) fn run(words: &[&str]) -> Result<String, String> {
    let (mut binary, mut out) = (None, PathBuf::from("target/image"));
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let value = rest.next().map(PathBuf::from).ok_or_else(|| format!("{word} needs a path"))?;
        match *word {
            "--binary" => binary = Some(value),
            "--out" => out = value,
            other => return Err(format!("unknown: {other}; usage: cargo xtask image [--binary PATH] [--out DIR]")),
        }
    }
    let binary = match binary {
        Some(binary) => binary,
        None => build()?,
    };
    let bytes = std::fs::read(&binary).map_err(|error| format!("{}: {error}", binary.display()))?;
    is_static(&bytes).map_err(|why| format!("{}: {why}", binary.display()))?;
    let digest = Layout::new(&out)?.write(&bytes)?;
    let components = sbom::write(&out.join("florin.cdx.json"), TARGET)?;
    let (size, place) = (bytes.len() as f64 / 1e6, out.display());
    Ok(format!("{digest}\n{place}: an OCI layout with {size:.1} MB, and florin.cdx.json with {components} components"))
}

fn build() -> Result<PathBuf, String> {
    let built = Command::new("cargo")
        .args(["build", "--locked", "--profile", "dist", "--target", TARGET, "--package", "app"])
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    if !built.success() {
        return Err(format!(
            "the static binary was not built; it needs `rustup target add {TARGET}` and, on Debian, the package musl-tools"
        ));
    }
    Ok(Path::new("target").join(TARGET).join("dist/florin"))
}

/// An empty root has no loader and no libraries.
fn is_static(bytes: &[u8]) -> Result<(), String> {
    let magic: &[u8] = b"\x7fELF";
    if !bytes.starts_with(magic) {
        return Err("is no program for Linux".to_owned());
    }
    let loader: &[u8] = b"/lib64/ld-linux";
    if bytes.windows(loader.len()).any(|window| window == loader) {
        return Err(format!("is linked dynamically, and the image has no libraries; build it for {TARGET}"));
    }
    Ok(())
}

struct Layout {
    blobs: PathBuf,
    out: PathBuf,
}

impl Layout {
    fn new(out: &Path) -> Result<Layout, String> {
        let blobs = out.join("blobs/sha256");
        // What an earlier run left would be in the layout, unreferenced.
        let _ = std::fs::remove_dir_all(out);
        std::fs::create_dir_all(&blobs).map_err(|error| format!("{}: {error}", blobs.display()))?;
        Ok(Layout { blobs, out: out.to_owned() })
    }

    /// Returns the digest by which the image is deployed.
    fn write(&self, binary: &[u8]) -> Result<String, String> {
        let layer = layer(binary).map_err(|error| format!("the layer was not written: {error}"))?;
        let layer_digest = self.blob(&layer)?;
        let config = self.blob(&compact(&config(&layer_digest))?)?;
        let size = |digest: &str| std::fs::metadata(self.path(digest)).map(|found| found.len()).unwrap_or_default();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": size(&config)},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": layer_digest, "size": size(&layer_digest)}],
        });
        let digest = self.blob(&compact(&manifest)?)?;
        let index = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [{
                "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": size(&digest),
                "platform": {"architecture": "amd64", "os": "linux"},
                "annotations": {"org.opencontainers.image.ref.name": format!("{REPOSITORY}:{}", env!("CARGO_PKG_VERSION"))},
            }],
        });
        self.put("index.json", &compact(&index)?)?;
        self.put("oci-layout", b"{\"imageLayoutVersion\":\"1.0.0\"}")?;
        Ok(digest)
    }

    fn blob(&self, bytes: &[u8]) -> Result<String, String> {
        let digest = format!("sha256:{}", hex(&Sha256::digest(bytes)));
        let path = self.path(&digest);
        std::fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(digest)
    }

    fn path(&self, digest: &str) -> PathBuf {
        self.blobs.join(digest.trim_start_matches("sha256:"))
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let path = self.out.join(name);
        std::fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// One file, owned by root, that everybody may execute and nobody may write.
fn layer(binary: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut header = tar::Header::new_ustar();
    header.set_size(binary.len() as u64);
    header.set_mode(0o555);
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    let mut tar = tar::Builder::new(Vec::with_capacity(binary.len() + 4_096));
    tar.append_data(&mut header, "florin", binary)?;
    tar.into_inner()
}

fn config(layer: &str) -> Value {
    let revision = Command::new("git").args(["rev-parse", "HEAD"]).output();
    let revision = revision.map(|found| String::from_utf8_lossy(&found.stdout).trim().to_owned()).unwrap_or_default();
    json!({
        "architecture": "amd64",
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {
            "User": USER,
            "Entrypoint": ["/florin"],
            "WorkingDir": "/var/lib/florin",
            "Labels": {
                "org.opencontainers.image.title": "florin",
                "org.opencontainers.image.version": env!("CARGO_PKG_VERSION"),
                "org.opencontainers.image.revision": revision,
                "org.opencontainers.image.licenses": "Apache-2.0",
            },
        },
        "rootfs": {"type": "layers", "diff_ids": [layer]},
    })
}

fn compact(value: &Value) -> Result<Vec<u8>, String> {
    serde_json::to_vec(value).map_err(|error| error.to_string())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_binary_gives_the_same_digest_twice() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, binary: &[u8]| Layout::new(&dir.path().join(name)).unwrap().write(binary).unwrap();
        let first = write("a", b"\x7fELF one");
        assert_eq!(write("b", b"\x7fELF one"), first);
        assert_ne!(write("c", b"\x7fELF two"), first);
        for blob in std::fs::read_dir(dir.path().join("a/blobs/sha256")).unwrap() {
            let path = blob.unwrap().path();
            let named = path.file_name().unwrap().to_str().unwrap().to_owned();
            assert_eq!(hex(&Sha256::digest(std::fs::read(&path).unwrap())), named);
        }
    }

    #[test]
    fn a_dynamic_binary_is_refused() {
        assert!(is_static(b"\x7fELF...").is_ok());
        assert!(is_static(b"\x7fELF../lib64/ld-linux-x86-64.so.2").unwrap_err().contains("linked dynamically"));
        assert!(is_static(b"#!/bin/sh").unwrap_err().contains("no program"));
    }
}
