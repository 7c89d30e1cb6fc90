//! Names known to run code, open files or reach the network. The list gives a message its weight; it never decides.
//!
//! What is not on it is refused all the same. What is on it can't be admitted by the user.

use crate::name::GlobalName;

/// What a name does when it is loaded or called, if it is known to do harm.
pub(super) fn why(name: &GlobalName) -> Option<&'static str> {
    let _ = name;
    None
}
