//! A policy in whatever form: JSON is OCI's, Docker's or podman's; a file that ends in `.bpf` is a program
//! and is taken as it is; anything else is the terse form, which may extend another policy.

use crate::{
    Arch, PolicyError,
    bpf::{self, Insn, MAX_INSNS},
    oci::{self, Context, MAX_BYTES, Profile},
    terse::{self, hint},
};
use std::path::{Path, PathBuf};

/// Most policies that extend one another.
const MAX_DEPTH: usize = 8;

/// The policies that come with the tool, in the terse form.
pub const PRESETS: [(&str, &str); 4] = [
    ("default", include_str!("../presets/default.policy")),
    ("strict", include_str!("../presets/strict.policy")),
    ("srcontainer", include_str!("../presets/srcontainer.policy")),
    (
        "srcontainer-hardened",
        include_str!("../presets/srcontainer-hardened.policy"),
    ),
];

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A policy, to be compiled.
    Policy(Box<Profile>),
    /// A program, to be loaded as it is. What it means here is its author's affair.
    Program(Vec<Insn>),
}

/// Which form a policy has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// JSON.
    Oci,
    /// Our own.
    Terse,
    /// A program.
    Bpf,
}

/// By the name and the first character.
#[must_use]
pub fn form(bytes: &[u8], name: &str) -> Form {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if Path::new(name).extension().is_some_and(|end| end == "bpf") {
        Form::Bpf
    } else if first == Some(&b'{') || first == Some(&b'[') {
        Form::Oci
    } else {
        Form::Terse
    }
}

/// Reads a policy. `name` is the file's, for the form and for what it extends, else a preset's.
///
/// # Errors
/// Where and why it is refused.
pub fn read(bytes: &[u8], name: &str, context: &Context) -> Result<Source, PolicyError> {
    if bytes.len() > MAX_BYTES {
        let message = format!("the policy is larger than {MAX_BYTES} bytes");
        return Err(PolicyError::whole(message));
    }
    let profile = match form(bytes, name) {
        Form::Bpf => return program(bytes).map(Source::Program),
        Form::Oci => oci::read(text(bytes)?, context)?,
        Form::Terse => chain(bytes, name, context)?,
    };
    Ok(Source::Policy(Box::new(profile)))
}

/// The text of a preset.
#[must_use]
pub fn preset(name: &str) -> Option<&'static str> {
    let found = PRESETS.iter().find(|(known, _)| *known == name);
    found.map(|(_, text)| *text)
}

/// A line of the n-th text of a chain; of the first it is the line itself.
pub(crate) fn mark(file: usize, line: u32) -> u32 {
    u32::try_from(file).unwrap_or(0) << FILE_SHIFT | line
}

const FILE_SHIFT: u32 = 24;

/// The reverse: which text of [`Profile::files`], and which line of it.
#[must_use]
pub fn place(line: u32) -> (usize, u32) {
    (
        (line >> FILE_SHIFT) as usize,
        line & ((1 << FILE_SHIFT) - 1),
    )
}

/// The same with the text's name, where it is another than the first of `files`.
#[must_use]
pub fn placed(files: &[String], line: u32) -> (Option<&str>, u32) {
    let (file, line) = place(line);
    let other = files.get(file).filter(|_| file > 0);
    (other.map(String::as_str), line)
}

fn text(bytes: &[u8]) -> Result<&str, PolicyError> {
    std::str::from_utf8(bytes).map_err(|_| PolicyError::whole("the policy is not UTF-8"))
}

fn program(bytes: &[u8]) -> Result<Vec<Insn>, PolicyError> {
    let refuse = |why: String| PolicyError::whole(format!("no program of BPF: {why}"));
    let insns = bpf::decode(bytes)
        .ok_or_else(|| refuse(format!("{} bytes are no multiple of 8", bytes.len())))?;
    match insns.last() {
        None => Err(refuse("it is empty".to_owned())),
        Some(_) if insns.len() > MAX_INSNS => Err(refuse(format!(
            "{} instructions, the kernel takes {MAX_INSNS}",
            insns.len()
        ))),
        Some(last) if last.code & 7 != bpf::RETURN => {
            Err(refuse("the last instruction is no return".to_owned()))
        }
        Some(_) => Ok(insns),
    }
}

/// A text of the chain.
struct Link {
    name: String,
    bytes: Vec<u8>,
    /// Where the one before says that it extends this one.
    at: (u32, u32),
}

/// Reads a text of the terse form and all that it extends.
fn chain(bytes: &[u8], name: &str, context: &Context) -> Result<Profile, PolicyError> {
    let mut links = vec![Link {
        name: name.to_owned(),
        bytes: bytes.to_vec(),
        at: (0, 0),
    }];
    while let Some(next) = extended(&links)? {
        links.push(next);
    }
    let whole = links.iter().enumerate();
    let terse = whole.filter(|(_, link)| form(&link.bytes, &link.name) == Form::Terse);
    let texts: Result<Vec<terse::Text<'_>>, PolicyError> = terse
        .map(|(file, link)| {
            text(&link.bytes)
                .and_then(terse::parse)
                .map_err(|e| e.in_file(file))
        })
        .collect();
    let last = links
        .last()
        .filter(|l| form(&l.bytes, &l.name) == Form::Oci);
    let resolved = texts.and_then(|texts| {
        let read = |arches: Option<&[Arch]>, default| {
            let file = texts.len();
            let bytes = last.map_or(&[][..], |link| &link.bytes);
            oci::read_as(text(bytes)?, context, arches, default).map_err(|e| e.in_file(file))
        };
        terse::resolve(&texts, last.map(|_| &read as terse::Base<'_>), context)
    });
    let mut profile = resolved.map_err(|error| told(&links, error))?;
    profile.files = links.into_iter().map(|link| link.name).collect();
    Ok(profile)
}

/// What the last text extends, if it does.
fn extended(links: &[Link]) -> Result<Option<Link>, PolicyError> {
    let Some(link) = links.last() else {
        return Ok(None);
    };
    let file = links.len() - 1;
    if form(&link.bytes, &link.name) == Form::Oci {
        return Ok(None);
    }
    let parsed = text(&link.bytes).and_then(terse::parse);
    let parsed = parsed.map_err(|error| told(links, error.in_file(file)))?;
    let Some(token) = parsed.extends else {
        return Ok(None);
    };
    let refuse = |message: String| told(links, token.refuse(message).in_file(file));
    if links.len() > MAX_DEPTH {
        return Err(refuse(format!(
            "more than {MAX_DEPTH} policies extend one another"
        )));
    }
    let (name, bytes) = load(token.text, &link.name).map_err(refuse)?;
    if links.iter().any(|before| before.name == name) {
        return Err(refuse(format!("{name} extends itself by this")));
    }
    if form(&bytes, &name) == Form::Bpf {
        return Err(refuse(format!(
            "{name} is a program; only a policy can be extended"
        )));
    }
    let at = (token.line, token.column);
    Ok(Some(Link { name, bytes, at }))
}

/// A preset, or a file by its path from where the extending one is.
fn load(word: &str, from: &str) -> Result<(String, Vec<u8>), String> {
    if !word.contains(['/', '.']) {
        let names = PRESETS.map(|(name, _)| name);
        return match preset(word) {
            Some(text) => Ok((word.to_owned(), text.as_bytes().to_vec())),
            None => Err(format!(
                "there is no preset {word}{}; there are {}, and a file is written with a slash",
                hint(word, names),
                names.join(", ")
            )),
        };
    }
    let path: PathBuf = match Path::new(from).parent() {
        Some(folder) if from.contains(['/', '.']) => folder.join(word),
        _ => PathBuf::from(word),
    };
    let size =
        std::fs::metadata(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    if !size.is_file() || size.len() > MAX_BYTES as u64 {
        return Err(format!(
            "{} is no file of at most {MAX_BYTES} bytes",
            path.display()
        ));
    }
    let bytes = std::fs::read(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    // One name for one file, so that a circle is seen.
    let name = path.components().collect::<PathBuf>();
    Ok((name.to_string_lossy().into_owned(), bytes))
}

/// An error in an extended text, told where the own text extends it.
fn told(links: &[Link], error: PolicyError) -> PolicyError {
    let (file, line) = place(error.line);
    let (Some(link), Some(first)) = (links.get(file), links.get(1)) else {
        return error;
    };
    if file == 0 {
        return error;
    }
    let own = PolicyError { line, ..error };
    let message = match (own.line, own.column) {
        (0, _) => format!("{}: {}", link.name, own.message),
        (line, 0) => format!("{}:{line}: {}", link.name, own.message),
        (line, column) => format!("{}:{line}:{column}: {}", link.name, own.message),
    };
    PolicyError {
        line: first.at.0,
        column: first.at.1,
        message,
    }
}
