//! Harmless classes that have no value of their own here: legal as a type name, or as a record of what the stream says.
//!
//! A class stands under the module that defines it and under those that once did; nothing is admitted by package.

use super::table::{Row, Use, module, python2};

/// Signals of decimal contexts; each is an exception class.
pub(super) const DECIMAL_SIGNALS: &[&str] = &[
    "Clamped",
    "DivisionByZero",
    "FloatOperation",
    "Inexact",
    "InvalidOperation",
    "Overflow",
    "Rounded",
    "Subnormal",
    "Underflow",
];

macro_rules! inert {
    ($($kind:literal: [$($module:expr),+] $names:expr;)*) => {
        &[$(Row { kind: $kind, modules: &[$($module),+], names: $names, uses: Use::Inert, guard: "a record" },)*]
    };
}

pub(super) static ROWS: &[Row] = inert![
    "decimal-signal": [module("decimal")] DECIMAL_SIGNALS;
    "random-state": [module("random")] &["Random", "SystemRandom"];
    "logrecord": [module("logging")] &["LogRecord"];
    "cookie": [module("http.cookiejar"), python2("cookielib")] &["Cookie"];
    "cookie": [module("http.cookies"), python2("Cookie")] &["BaseCookie", "Morsel", "SimpleCookie"];
    "bson": [module("bson.binary"), module("pymongo.binary")] &["Binary"];
    "bson": [module("bson.code"), module("pymongo.code")] &["Code"];
    "bson": [module("bson.dbref"), module("pymongo.dbref")] &["DBRef"];
    "bson": [module("bson.decimal128")] &["Decimal128"];
    "bson": [module("bson.int64")] &["Int64"];
    "bson": [module("bson.max_key"), module("pymongo.max_key")] &["MaxKey"];
    "bson": [module("bson.min_key"), module("pymongo.min_key")] &["MinKey"];
    "bson": [module("bson.regex")] &["Regex"];
    "bson": [module("bson.son"), module("pymongo.son")] &["SON"];
    "bson": [module("bson.timestamp"), module("pymongo.timestamp")] &["Timestamp"];
    "pendulum": [module("pendulum.date"), module("pendulum")] &["Date"];
    "pendulum": [module("pendulum.datetime"), module("pendulum")] &["DateTime"];
    "pendulum": [module("pendulum.duration"), module("pendulum")] &["Duration"];
    "pendulum": [module("pendulum.interval"), module("pendulum")] &["Interval"];
    "pendulum": [module("pendulum.pendulum"), module("pendulum")] &["Pendulum"];
    "pendulum": [module("pendulum.period"), module("pendulum")] &["Period"];
    "pendulum": [module("pendulum.time"), module("pendulum")] &["Time"];
    "pendulum": [module("pendulum.tz.timezone"), module("pendulum")] &[
        "FixedTimezone",
        "FixedTimezone._unpickle",
        "Timezone",
        "Timezone._unpickle",
    ];
    "relativedelta": [module("dateutil.relativedelta")] &["relativedelta"];
    "relativedelta": [module("dateutil._common"), module("dateutil.relativedelta")] &["weekday"];
    "rrule": [module("dateutil.rrule")] &["rrule", "rruleset", "weekday"];
    "protobuf": [module("google.protobuf.any_pb2")] &["Any"];
    "protobuf": [module("google.protobuf.duration_pb2")] &["Duration"];
    "protobuf": [module("google.protobuf.empty_pb2")] &["Empty"];
    "protobuf": [module("google.protobuf.field_mask_pb2")] &["FieldMask"];
    "protobuf": [module("google.protobuf.struct_pb2")] &["ListValue", "Struct", "Value"];
    "protobuf": [module("google.protobuf.timestamp_pb2")] &["Timestamp"];
    "protobuf": [module("google.protobuf.wrappers_pb2")] &[
        "BoolValue",
        "BytesValue",
        "DoubleValue",
        "FloatValue",
        "Int32Value",
        "Int64Value",
        "StringValue",
        "UInt32Value",
        "UInt64Value",
    ];
];
