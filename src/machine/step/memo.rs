//! Opcodes of the memo.

use super::malformed;
use crate::error::Error;
use crate::limits::Limit;
use crate::location::Location;
use crate::machine::guess::FROZEN;
use crate::machine::memo::Taken;
use crate::machine::{Globals, Machine, Reject};
use crate::model::value::Value;

impl<G: Globals> Machine<G> {
    #[inline]
    pub(super) fn put(&mut self, index: u64) -> Result<(), Reject> {
        if self.stack.above() == 0 {
            return malformed("expected a value to memoize, found none above the MARK");
        }
        if self.memo.count() >= self.max_memo {
            return Err(Limit::Memo.over(self.memo.count() + 1, self.max_memo).into());
        }
        if !self.memo.is_open(index) {
            return malformed(FROZEN);
        }
        let value = self.stack.peek(0).unwrap_or(Value::Unknown);
        if let Some(slots) = &self.slots {
            if !slots.is_read(index) {
                self.memo.skip();
                return Ok(());
            }
            if let Value::Object(id) = value {
                self.graph.mark_shared(id);
            }
        }
        self.graph.charge(self.memo.cost(index))?;
        match self.memo.put(index, value) {
            Ok(()) => Ok(()),
            Err(Taken) => {
                self.memo.replace(index, value);
                if self.strict.is_empty() {
                    let what = format!("expected each memo slot to be filled once, found {index} filled again");
                    self.strict.push(Error::malformed(what, Location::default()));
                }
                Ok(())
            }
        }
    }

    #[inline]
    pub(super) fn fetch(&mut self, index: u64) -> Result<(), Reject> {
        let Some(value) = self.memo.get(index) else {
            return malformed(format!("expected a memo slot that was filled, found {index} empty"));
        };
        if let Value::Object(id) = value {
            self.graph.mark_shared(id);
        }
        if let Some(guess) = &mut self.guess {
            guess.mark(index);
        }
        self.push(value)
    }
}
