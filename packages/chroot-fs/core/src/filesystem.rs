//! A new file system inside the root: fsopen(2), fsconfig(2), fsmount(2), then attached to a target
//! that was opened beforehand. No path is looked up between the check and the mount.

use crate::attributes::{self, Attribute};
use crate::place::{self, Links, Sort};
use crate::{root::Root, tree};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_flag,
    fsconfig_set_string, fsmount, fsopen,
};
use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Bytes, Failure, Launch, Mark, Step};
use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};

/// File systems that a plan may ask for: none of them reads a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Type {
    Proc,
    Sysfs,
    Tmpfs,
    Devpts,
    Mqueue,
    Cgroup,
    Cgroup2,
}

impl Type {
    const fn name(self) -> &'static str {
        match self {
            Self::Proc => "proc",
            Self::Sysfs => "sysfs",
            Self::Tmpfs => "tmpfs",
            Self::Devpts => "devpts",
            Self::Mqueue => "mqueue",
            Self::Cgroup => "cgroup",
            Self::Cgroup2 => "cgroup2",
        }
    }
}

/// An option of the file system: a word, or a word with a value.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "true, or the option's value as a string")]
enum Value {
    Flag(bool),
    Text(Bytes),
}

/// Mounts a new file system.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Mount {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    #[serde(rename = "type")]
    kind: Type,
    target: Bytes,
    #[serde(default)]
    options: BTreeMap<String, Value>,
    #[serde(default)]
    attributes: Vec<Attribute>,
    #[serde(default)]
    create: bool,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    ordinary: bool,
}

impl Step for Mount {
    fn name(&self) -> &'static str {
        "fs.mount"
    }

    fn marks(&self) -> Vec<Mark> {
        match self.kind {
            Type::Proc => vec![Mark::ChangesMounts, Mark::Proc],
            Type::Sysfs => vec![Mark::ChangesMounts, Mark::Sysfs],
            _ => vec![Mark::ChangesMounts],
        }
    }

    fn validate(&self) -> Result<(), String> {
        check_target(&self.target)?;
        match self
            .options
            .iter()
            .find(|(k, v)| k.is_empty() || matches!(v, Value::Flag(false)))
        {
            Some((key, _)) => Err(format!("options: '{key}' must be true or have a value")),
            None => Ok(()),
        }
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        // proc and sysfs are what others are checked against: a link there is an attack.
        let strict = self.ordinary || matches!(self.kind, Type::Proc | Type::Sysfs);
        let links = if strict { Links::None } else { Links::Inside };
        let root = Root::of(launch)?;
        let found = place::target(
            root.as_fd(),
            &self.target,
            Sort::Directory,
            links,
            self.create,
        );
        let target = match found {
            Err(f) if self.optional && f.errno == Errno::NOENT.raw_os_error() => return Ok(()),
            other => other?,
        };
        let at = |f: Failure| f.at(self.target.to_text());
        let mount = self.make().map_err(at)?;
        tree::put(mount.as_fd(), target.as_fd()).map_err(at)
    }
}

impl Mount {
    fn make(&self) -> Result<OwnedFd, Failure> {
        let name = self.kind.name();
        let context = fsopen(name, FsOpenFlags::FSOPEN_CLOEXEC)
            .map_err(|e| Failure::new("fsopen", e).note(name))?;
        let fail = |e: Errno| Failure::new("fsconfig", e).note(message(&context));
        if !self.options.contains_key("source") {
            fsconfig_set_string(context.as_fd(), "source", name).map_err(fail)?;
        }
        for (key, value) in &self.options {
            match value {
                Value::Flag(_) => fsconfig_set_flag(context.as_fd(), key.as_str()),
                Value::Text(v) => fsconfig_set_string(context.as_fd(), key.as_str(), v.as_c_str()),
            }
            .map_err(|e| with_option(fail(e), key))?;
        }
        fsconfig_create(context.as_fd()).map_err(fail)?;
        let bits = u32::try_from(attributes::bits(&self.attributes)).unwrap_or_default();
        let attributes = MountAttrFlags::from_bits_retain(bits);
        fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)
            .map_err(|e| Failure::new("fsmount", e).note(message(&context)))
    }
}

fn with_option(failure: Failure, key: &str) -> Failure {
    let note = if failure.note.is_empty() {
        format!("option '{key}'")
    } else {
        format!("option '{key}': {}", failure.note)
    };
    failure.note(note)
}

/// What the kernel says beside the error number: the context is a log that can be read.
fn message(context: &OwnedFd) -> String {
    let mut buffer = [0; 256];
    let length = rustix::io::read(context, &mut buffer[..]).unwrap_or(0);
    let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
    // "e tmpfs: Unknown parameter 'x'": the letter is the severity.
    text.get(2..).unwrap_or_default().trim_end().to_owned()
}

/// A target inside the root.
pub fn check_target(target: &Bytes) -> Result<(), String> {
    let path = target.as_bytes();
    if path.first() != Some(&b'/') {
        return Err("target: a path inside the root is absolute".to_owned());
    }
    if path.iter().all(|&b| b == b'/' || b == b'.') {
        return Err("target: nothing can be mounted on the root itself".to_owned());
    }
    Ok(())
}
