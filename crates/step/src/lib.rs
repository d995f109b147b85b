//! What a step is.
