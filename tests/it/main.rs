//! The integration tests: one file for each promise.

#[cfg(test)]
mod docs;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod php;
