//! stub
use super::error::{Fault, Foreign, InputErrorKind};
use super::relay::Source;
use std::path::Path;
#[derive(Debug)]
pub(super) struct Workbook;
impl Workbook {
    pub(super) fn open(_: &Path, _: Option<&str>) -> Result<Self, Fault> {
        Err(InputErrorKind::Foreign(Foreign::Zip).into())
    }
    pub(super) fn sheet(&self) -> &str {
        ""
    }
    pub(super) fn read(
        &self,
        _: &Path,
        _: &mut dyn FnMut(&mut dyn Source) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        Ok(())
    }
}
pub(super) fn ole(_: &Path) -> Result<InputErrorKind, Fault> {
    Ok(InputErrorKind::Foreign(Foreign::Xls))
}
