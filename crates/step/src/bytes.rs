//! Strings of the kernel: paths and words are bytes, not text. In JSON they are a string, or, where
//! they are not UTF-8, `{ "base64": "…" }`.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::{ffi::CString, fmt};

/// Bytes without NUL, as the kernel takes them for paths, names and arguments.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bytes(CString);

impl Bytes {
    /// Wraps bytes; `None` if one of them is NUL.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Option<Self> {
        CString::new(bytes).ok().map(Self)
    }

    /// As a C string, for system calls.
    #[must_use]
    pub fn as_c_str(&self) -> &std::ffi::CStr {
        &self.0
    }

    /// The bytes without the final NUL.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// For messages: U+FFFD where it is not UTF-8.
    #[must_use]
    pub fn to_text(&self) -> String {
        String::from_utf8_lossy(self.as_bytes()).into_owned()
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_text())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Encoded {
    base64: String,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a string, or { \"base64\": \"…\" } for bytes that are not UTF-8"
)]
enum Form {
    Text(String),
    Encoded(Encoded),
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = match Form::deserialize(deserializer)? {
            Form::Text(text) => text.into_bytes(),
            Form::Encoded(e) => BASE64_STANDARD
                .decode(e.base64)
                .map_err(|e| D::Error::custom(format!("not base64: {e}")))?,
        };
        Self::new(bytes).ok_or_else(|| D::Error::custom("a NUL byte cannot be in a path or a word"))
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        match std::str::from_utf8(self.as_bytes()) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("base64", &BASE64_STANDARD.encode(self.as_bytes()))?;
                map.end()
            }
        }
    }
}
