//! A tree that `fs.open` has copied, put inside the root. Its attributes are set before it is
//! attached: there is no moment at which it could be written.

use crate::attributes::{self, Attribute};
use crate::filesystem::check_target;
use crate::namespace::Propagation;
use crate::place::{self, Links, Sort};
use crate::root::{self, Root};
use crate::tree;
use serde::{Deserialize, de::IgnoredAny};
use srcon_step::{Bytes, Failure, Launch, Mark, Step, sys};
use std::os::fd::AsFd;

/// Puts a copied tree on a target.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Bind {
    #[serde(rename = "do")]
    _do: IgnoredAny,
    tree: String,
    target: Bytes,
    #[serde(default)]
    attributes: Vec<Attribute>,
    #[serde(default)]
    recursive_attributes: Vec<Attribute>,
    #[serde(default)]
    propagation: Propagation,
    #[serde(default)]
    create: bool,
    #[serde(default)]
    ordinary: bool,
}

impl Step for Bind {
    fn name(&self) -> &'static str {
        "fs.bind"
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::ChangesMounts]
    }

    fn validate(&self) -> Result<(), String> {
        root::check_name(&self.tree)?;
        check_target(&self.target)
    }

    fn act(&self, launch: &mut dyn Launch) -> Result<(), Failure> {
        let at = |f: Failure| f.at(self.target.to_text());
        let copy = root::take_tree(launch, &self.tree)?;
        let pass_on = sys::MountAttr {
            propagation: self.propagation.bits(),
            ..sys::MountAttr::default()
        };
        attributes::set(copy.as_fd(), &pass_on, true).map_err(at)?;
        attributes::add(copy.as_fd(), &self.recursive_attributes, true).map_err(at)?;
        attributes::add(copy.as_fd(), &self.attributes, false).map_err(at)?;
        let sort = if place::is_directory(&copy)? {
            Sort::Directory
        } else {
            Sort::File
        };
        let links = if self.ordinary {
            Links::None
        } else {
            Links::Inside
        };
        let root = Root::of(launch)?;
        let target = place::target(root.as_fd(), &self.target, sort, links, self.create)?;
        tree::put(copy.as_fd(), target.as_fd()).map_err(at)
    }
}
