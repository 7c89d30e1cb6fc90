//! Archives that torch wrote: recognised by their members, whatever their file is called.

use std::collections::HashSet;

use super::reading::Reading;
use crate::container::archive::Archive;
use crate::error::{Error, Refused};
use crate::location::Location;
use crate::model::value::Value;

/// Where the members of a torch archive stand.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// What stands before `data.pkl`: nothing, or the name of a folder with its `/`.
    Zip(String),
    /// torch before 0.1.10: a tar of `sys_info`, `pickle`, `tensors`, `storages`.
    Tar,
}

/// Whether an archive is one of torch; the error where it is one that nobody should read.
pub(super) fn recognise(archive: &Archive) -> Option<Result<Found, Error>> {
    if ["pickle", "storages", "tensors"].iter().all(|name| archive.find(name).is_some()) {
        return Some(Ok(Found::Tar));
    }
    let beside: HashSet<&str> = archive.members().iter().filter_map(|member| before_data(&member.name)).collect();
    let mut roots = archive.members().iter().filter_map(|member| {
        let root = member.name.strip_suffix("data.pkl").filter(|root| root.is_empty() || root.ends_with('/'))?;
        let torch = archive.find(&format!("{root}version")).is_some() || beside.contains(root);
        torch.then_some(root)
    });
    let root = roots.next()?;
    if archive.members().iter().any(|member| member.name != format!("{root}data.pkl") && is_root(&member.name)) {
        let what = "expected one `data.pkl` in a torch archive, found two: readers differ in which one they take";
        return Some(Err(Error::malformed(what, Location::default())));
    }
    let code = format!("{root}code/");
    if archive.find(&format!("{root}constants.pkl")).is_some()
        || archive.members().iter().any(|member| member.name.starts_with(&code))
    {
        let what = "refused a TorchScript archive: it is a program with its weights, and only torch runs it".to_owned();
        let hint = "`torch.jit.load(FILE).state_dict()`, saved with `torch.save`, is data";
        return Some(Err(Error::refused(Refused::Opcode(what), Location::default()).with_hint(hint)));
    }
    Some(Ok(Found::Zip(root.to_owned())))
}

/// What stands before the folder `data` of a storage.
fn before_data(name: &str) -> Option<&str> {
    let at = if name.starts_with("data/") { 0 } else { name.find("/data/")? + 1 };
    name.get(..at)
}

fn is_root(name: &str) -> bool {
    name == "data.pkl" || name.ends_with("/data.pkl")
}

/// The roots of a torch archive.
///
/// # Errors
/// Always: this version knows them by sight only.
pub(super) fn read(_: &mut Reading<'_>, _: &Archive, found: &Found) -> Result<Vec<Value>, Error> {
    let which = match found {
        Found::Zip(_) => "a torch archive",
        Found::Tar => "a torch archive of before 0.1.10",
    };
    let what = format!("expected pickles or arrays, found {which}, which this version does not read");
    Err(Error::malformed(what, Location::default()))
}
