//! XML on its way out: elements in order, values escaped.

use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesPI, BytesStart, BytesText, Event};

pub(crate) struct Out<W: Write> {
    writer: Writer<W>,
    open: Vec<&'static str>,
}

impl<W: Write> Out<W> {
    /// Begins a document of ISO 20022.
    pub(crate) fn document(out: W, version: &str) -> io::Result<Out<W>> {
        let mut out = Out::bare(out)?;
        out.open_in("Document", version)?;
        Ok(out)
    }

    /// Opens an element in a namespace of ISO 20022.
    pub(crate) fn open_in(&mut self, name: &'static str, version: &str) -> io::Result<()> {
        self.open_with(name, "xmlns", &format!("urn:iso:std:iso:20022:tech:xsd:{version}"))
    }

    pub(crate) fn bare(out: W) -> io::Result<Out<W>> {
        let mut writer = Writer::new(out);
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        writer.get_mut().write_all(b"\n")?;
        Ok(Out { writer, open: Vec::new() })
    }

    pub(crate) fn instruction(&mut self, content: &str) -> io::Result<()> {
        self.writer.write_event(Event::PI(BytesPI::new(content)))
    }

    pub(crate) fn open(&mut self, name: &'static str) -> io::Result<()> {
        self.open.push(name);
        self.writer.write_event(Event::Start(BytesStart::new(name)))
    }

    pub(crate) fn open_with(&mut self, name: &'static str, key: &str, value: &str) -> io::Result<()> {
        self.open.push(name);
        self.writer.write_event(Event::Start(BytesStart::new(name).with_attributes([(key, value)])))
    }

    /// Opens elements within one another; `close` ends them one by one, `close_to` together.
    pub(crate) fn open_all(&mut self, path: &'static str) -> io::Result<()> {
        path.split('/').try_for_each(|name| self.open(name))
    }

    pub(crate) fn close(&mut self) -> io::Result<()> {
        match self.open.pop() {
            Some(name) => self.writer.write_event(Event::End(BytesEnd::new(name))),
            None => Ok(()),
        }
    }

    pub(crate) fn depth(&self) -> usize {
        self.open.len()
    }

    pub(crate) fn close_to(&mut self, depth: usize) -> io::Result<()> {
        while self.open.len() > depth {
            self.close()?;
        }
        Ok(())
    }

    /// A value below a path of elements of its own: `Id/IBAN`.
    pub(crate) fn leaf(&mut self, path: &'static str, value: &str) -> io::Result<()> {
        let depth = self.depth();
        self.open_all(path)?;
        self.text(value)?;
        self.close_to(depth)
    }

    /// Characters that XML cannot hold are refused.
    fn text(&mut self, value: &str) -> io::Result<()> {
        let forbidden =
            |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r') || matches!(c, '\u{fffe}' | '\u{ffff}');
        if value.contains(forbidden) {
            let field = self.open.last().copied().unwrap_or_default();
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{field} has a character that XML cannot hold"),
            ));
        }
        self.writer.write_event(Event::Text(BytesText::new(value)))
    }

    pub(crate) fn maybe(&mut self, path: &'static str, value: Option<&str>) -> io::Result<()> {
        value.map_or(Ok(()), |value| self.leaf(path, value))
    }

    pub(crate) fn amount(&mut self, name: &'static str, amount: &str, currency: &str) -> io::Result<()> {
        self.open_with(name, "Ccy", currency)?;
        self.text(amount)?;
        self.close()
    }

    /// A line break between records, for people.
    pub(crate) fn line(&mut self) -> io::Result<()> {
        self.writer.get_mut().write_all(b"\n")
    }

    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.close_to(0)?;
        self.line()?;
        self.writer.get_mut().flush()?;
        Ok(self.writer.into_inner())
    }
}
