//! The integration tests: one file for each promise.

#[cfg(test)]
mod php;
