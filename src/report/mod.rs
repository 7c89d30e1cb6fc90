//! What a conversion did: the ledger of steps that were not exact.

pub(crate) mod ledger;
