//! The layout of records and exceptions in the arena.
//!
//! Items: class (global), how, args (tuple), kwargs (dict or None), then pairs of what was done and its value.

/// How an instance was asked for, as the second item of a record.
pub(crate) mod how {
    /// NEWOBJ, NEWOBJ_EX, `copyreg._reconstructor`, `copyreg.__newobj__`.
    pub const NEW: i64 = 0;
    /// REDUCE on the name.
    pub const CALL: i64 = 1;
    /// INST or OBJ.
    pub const INSTANCE: i64 = 2;

    /// The word for it in the tagged mapping.
    pub fn word(how: i64) -> &'static str {
        match how {
            NEW => "new",
            CALL => "call",
            _ => "instance",
        }
    }
}

/// What was done to a record afterwards: the first of each pair of items from the fifth on.
pub(crate) mod then {
    /// BUILD: the state.
    pub const STATE: i64 = 0;
    /// APPEND(S), ADDITEMS: a list.
    pub const ITEMS: i64 = 1;
    /// SETITEM(S): a tuple of keys and values in turn.
    pub const DICT_ITEMS: i64 = 2;
    /// A state setter that was called on it: a tuple of the function and its arguments without the object.
    pub const CALL: i64 = 3;

    /// The word for it in the tagged mapping.
    pub fn word(what: i64) -> &'static str {
        match what {
            STATE => "state",
            ITEMS => "items",
            DICT_ITEMS => "dictitems",
            _ => "call",
        }
    }
}

/// Items that every record has: class, how, args, kwargs.
pub(crate) const FIXED: usize = 4;
