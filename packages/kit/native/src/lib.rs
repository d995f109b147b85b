//! The thin napi-rs layer of kit: starts and becomes the launcher.
