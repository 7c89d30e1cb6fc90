//! Huge pages of memory: fewer faults where much of it is touched once, but more of it is taken than is used.
//!
//! The allocator asks for them (`madvise` with `MADV_HUGEPAGE`), which the system grants a process or not (Linux, prctl(2),
//! `PR_SET_THP_DISABLE`). Buffers of column pages grow to what they hold, whatever reads a file piece by piece has few megabytes.

use depickle::Format;

/// Lets the memory of this process lie in huge pages, if a format has use for them; to be asked before much of it is taken.
#[cfg(target_os = "linux")]
pub(super) fn allow_huge(format: Option<Format>) {
    let is_useful = format == Some(Format::Parquet);
    // Where the system does not let a process choose, all works as well.
    let _ = rustix::thread::disable_transparent_huge_pages(!is_useful);
}

/// Elsewhere there is nothing to choose.
#[cfg(not(target_os = "linux"))]
pub(super) fn allow_huge(_format: Option<Format>) {}
