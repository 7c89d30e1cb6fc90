//! The exit status: what it means is part of the interface.

use std::process::ExitCode;

use depickle::error::Category;

/// What the process returns; with several inputs the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    Ok = 0,
    Io = 1,
    Usage = 2,
    Refused = 3,
    Malformed = 4,
    Limit = 5,
    Unrepresentable = 6,
    /// A signal ended it, as shells report SIGINT.
    Interrupted = 130,
}

impl From<Category> for Status {
    fn from(category: Category) -> Self {
        match category {
            Category::Misuse => Status::Usage,
            Category::Refused => Status::Refused,
            Category::Malformed => Status::Malformed,
            Category::Limit => Status::Limit,
            Category::Unrepresentable => Status::Unrepresentable,
            // Also what the library adds later, until this line decides.
            _ => Status::Io,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        ExitCode::from(status as u8)
    }
}
