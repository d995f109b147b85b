//! Who answers the calls that a profile has notified, and what runc refuses of it: a default that
//! notifies (the launcher's own calls would wait for an answer), `write` (the hand-over itself may
//! need it), and what the runtime-spec forbids. See its config-linux.md and seccomp_unotify(2).

use super::{Listener, shape::Form};
use crate::{Action, PolicyError};

/// The listener of a profile; `None` where it notifies of nothing.
pub(super) fn of<'n>(
    form: &Form<'_>,
    default: Action,
    notified: impl Iterator<Item = (u32, &'n str)>,
) -> Result<Option<Listener>, PolicyError> {
    let path = form
        .listener_path
        .as_deref()
        .filter(|path| !path.is_empty());
    let metadata = form.listener_metadata.clone().filter(|m| !m.is_empty());
    if path.is_none() && metadata.is_some() {
        return Err(PolicyError::whole(
            "listenerMetadata without listenerPath: there is nobody to tell it to",
        ));
    }
    if default == Action::Notify {
        return Err(PolicyError::whole(
            "defaultAction: SCMP_ACT_NOTIFY cannot be the default",
        ));
    }
    let mut any = None;
    for (line, name) in notified {
        if name == "write" {
            return Err(PolicyError {
                line,
                column: 0,
                message: "SCMP_ACT_NOTIFY: write cannot be notified".to_owned(),
            });
        }
        any = any.or(Some(line));
    }
    match (any, path) {
        (None, _) => Ok(None),
        (Some(line), None) => Err(PolicyError {
            line,
            column: 0,
            message: "SCMP_ACT_NOTIFY without listenerPath: nobody would answer".to_owned(),
        }),
        (Some(_), Some(path)) if !path.starts_with('/') => Err(PolicyError::whole(format!(
            "listenerPath: {path:?} is not absolute"
        ))),
        (Some(_), Some(path)) => Ok(Some(Listener {
            path: path.to_owned(),
            metadata,
        })),
    }
}
