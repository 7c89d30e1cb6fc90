//! Opcodes that push text and numbers: arguments decoded, digits bounded.

use super::{BadText, Globals, Machine, Reject, TextInt, Value, arg, malformed};
use crate::limits::Limit;

impl<G: Globals> Machine<G> {
    #[cold]
    pub(super) fn bad_text<T>(&self, bad: BadText) -> Result<T, Reject> {
        match bad {
            BadText::Malformed(what, None) => malformed(what),
            BadText::Malformed(what, Some(hint)) => malformed(format!("{what}; {hint}")),
            BadText::Digits(found) => Err(Limit::Digits.over(found, u64::from(self.max_digits)).into()),
        }
    }

    #[inline]
    pub(super) fn unicode(&mut self, bytes: &[u8]) -> Result<Value, Reject> {
        match simdutf8::basic::from_utf8(bytes) {
            Ok(text) => Ok(self.graph.str(text)?),
            Err(_) => self.surrogates(bytes),
        }
    }

    #[cold]
    pub(super) fn surrogates(&mut self, bytes: &[u8]) -> Result<Value, Reject> {
        match crate::wtf8::error(bytes) {
            None => Ok(self.graph.wtf8(bytes)?),
            Some(at) => malformed(format!("expected UTF-8, found other bytes from byte {at} of the text on")),
        }
    }

    pub(super) fn text_unicode(&mut self, line: &[u8]) -> Result<(), Reject> {
        self.scratch.clear();
        let well_formed = arg::raw_unicode(line, &mut self.scratch).or_else(|bad| self.bad_text(bad))?;
        let value = match std::str::from_utf8(&self.scratch) {
            Ok(text) if well_formed => self.graph.str(text)?,
            Ok(_) | Err(_) => self.graph.wtf8(&self.scratch)?,
        };
        self.push(value)
    }

    pub(super) fn text_int(&mut self, parsed: Result<TextInt, BadText>) -> Result<(), Reject> {
        let value = match parsed.or_else(|bad| self.bad_text(bad))? {
            TextInt::Bool(b) => Value::Bool(b),
            TextInt::Small(n) => Value::Int(n),
            TextInt::Big(n) => self.graph.big(&n)?,
        };
        self.push(value)
    }

    pub(super) fn binary_long(&mut self, bytes: &[u8]) -> Result<(), Reject> {
        let mut word = [0; 8];
        if let Some(low) = word.get_mut(..bytes.len()) {
            low.copy_from_slice(bytes);
            let shift = 64 - 8 * bytes.len() as u32;
            let value = if bytes.is_empty() { 0 } else { i64::from_le_bytes(word) << shift >> shift };
            return self.push(Value::Int(value));
        }
        // 643 digits need 267 bytes; the factor is log10(256).
        let digits = (bytes.len() as u64).saturating_mul(2409) / 1000;
        let allowed = u64::from(self.max_digits);
        if digits > allowed + 3 {
            return Err(Limit::Digits.over(digits, allowed).into());
        }
        let value = num_bigint::BigInt::from_signed_bytes_le(bytes);
        // Near the limit the estimate by bytes does not tell.
        if digits + 3 > allowed {
            let digits = value.magnitude().to_string().len() as u64;
            if digits > allowed {
                return Err(Limit::Digits.over(digits, allowed).into());
            }
        }
        let value = self.graph.big(&value)?;
        self.push(value)
    }
}
