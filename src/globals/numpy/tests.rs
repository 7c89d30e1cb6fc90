//! Tests of the numpy family: arguments that must be refused, and values that must come out.
