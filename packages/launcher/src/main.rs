//! The launcher: carries out a plan, then becomes the command.
fn main() {}
