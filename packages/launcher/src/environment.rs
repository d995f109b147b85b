//! The environment and the argument vector of the command, as the kernel wants them.

use std::ffi::{CStr, CString, c_char};

/// `NAME=VALUE` strings in the order given; edits keep the place of a name.
#[derive(Clone)]
pub struct Environment(Vec<CString>);

impl Environment {
    /// A copy of the environment we were started with.
    pub fn new(from: &[&CStr]) -> Self {
        Self(from.iter().map(|&s| s.to_owned()).collect())
    }

    /// Sets or removes a variable.
    pub fn set(&mut self, name: &[u8], value: Option<&[u8]>) {
        let entry = value.and_then(|v| CString::new([name, b"=", v].concat()).ok());
        let at = self.0.iter().position(|e| is_named(e, name));
        match (at, entry) {
            (Some(at), Some(entry)) => self.0[at] = entry,
            (Some(at), None) => drop(self.0.remove(at)),
            (None, Some(entry)) => self.0.push(entry),
            (None, None) => {}
        }
    }

    /// Removes all variables.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The value of a variable.
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        let entry = self.0.iter().find(|e| is_named(e, name))?;
        Some(&entry.as_bytes()[name.len() + 1..])
    }

    /// Pointers for execve, null at the end; valid as long as `self`.
    pub fn pointers(&self) -> Vec<*const c_char> {
        pointers(&self.0)
    }
}

fn is_named(entry: &CString, name: &[u8]) -> bool {
    entry
        .as_bytes()
        .strip_prefix(name)
        .is_some_and(|rest| rest.first() == Some(&b'='))
}

/// Pointers to C strings with a null at the end; valid as long as the strings.
pub fn pointers(strings: &[CString]) -> Vec<*const c_char> {
    strings
        .iter()
        .map(|s| s.as_ptr())
        .chain([std::ptr::null()])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Environment;

    #[test]
    fn edits_keep_the_place_of_a_name() {
        let mut environment = Environment::new(&[c"A=1", c"AB=2", c"odd", c"C="]);
        assert_eq!(environment.get(b"A"), Some(&b"1"[..]));
        assert_eq!(environment.get(b"C"), Some(&b""[..]));
        assert_eq!(environment.get(b"odd"), None);
        environment.set(b"A", Some(b"\xff"));
        environment.set(b"C", None);
        environment.set(b"never", None);
        environment.set(b"D", Some(b"x=y"));
        let all: Vec<&[u8]> = environment.0.iter().map(|e| e.as_bytes()).collect();
        assert_eq!(all, [&b"A=\xff"[..], b"AB=2", b"odd", b"D=x=y"]);
        assert_eq!(environment.pointers().len(), 5);
        assert!(environment.pointers()[4].is_null());
    }
}
