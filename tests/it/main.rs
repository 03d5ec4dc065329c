//! The integration tests: one file for each promise.

#[cfg(test)]
mod layers;
#[cfg(test)]
mod php;
