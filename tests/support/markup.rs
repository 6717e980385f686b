//! The tags of a page: they must be balanced, their attributes quoted, and all other text escaped.

/// A tag that opens an element: its name and its attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    pub name: String,
    pub attributes: Vec<(String, String)>,
}

impl Tag {
    /// The value of an attribute, with the escaping as it is.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The elements without an end tag that pages use.
const VOID: [&str; 1] = ["meta"];

/// The opening tags of a page, in order.
///
/// # Errors
/// When the page is not well-formed: the reason.
pub fn tags(page: &str) -> Result<Vec<Tag>, String> {
    let mut rest = page.strip_prefix("<!DOCTYPE html>").ok_or("no document type")?;
    let (mut tags, mut open): (Vec<Tag>, Vec<String>) = (Vec::new(), Vec::new());
    while let Some(start) = rest.find('<') {
        let is_style = open.last().is_some_and(|name| name == "style");
        if !is_style && rest[..start].contains(['>', '"', '\'']) {
            return Err(format!("text is not escaped: {}", &rest[..start]));
        }
        rest = &rest[start + 1..];
        let end = rest.find('>').ok_or("a tag has no end")?;
        let inside = &rest[..end];
        rest = &rest[end + 1..];
        if let Some(name) = inside.strip_prefix('/') {
            let last = open.pop().unwrap_or_default();
            if last != name {
                return Err(format!("</{name}> ends <{last}>"));
            }
            continue;
        }
        let tag = tag(inside)?;
        if !VOID.contains(&tag.name.as_str()) {
            open.push(tag.name.clone());
        }
        tags.push(tag);
    }
    if open.is_empty() { Ok(tags) } else { Err(format!("{open:?} are not closed")) }
}

fn tag(inside: &str) -> Result<Tag, String> {
    let (name, mut rest) = inside.split_once(' ').unwrap_or((inside, ""));
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let mut tag = Tag { name: name.to_owned(), attributes: Vec::new() };
    while !rest.is_empty() {
        let (name, value) = rest.split_once("=\"").ok_or(format!("<{inside}>: {rest}"))?;
        let (value, after) = value.split_once('"').ok_or(format!("<{inside}>: {rest}"))?;
        let is_name = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        if !is_name || tag.attribute(name).is_some() || value.contains('<') {
            return Err(format!("<{inside}>: {name}"));
        }
        tag.attributes.push((name.to_owned(), value.to_owned()));
        rest = after.strip_prefix(' ').unwrap_or(after);
    }
    if is_name { Ok(tag) } else { Err(format!("<{inside}>")) }
}
