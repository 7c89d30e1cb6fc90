//! What an input may refer to: the registry of data, and what the user admits beside it.
//!
//! Every name is refused that is neither. Admitting a class reads its instances as records; nothing is imported or called.

use crate::error::Error;
use crate::name::{Escaped, GlobalName};

/// Which names are admitted beside those that are known to be data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    patterns: Vec<String>,
}

impl Policy {
    /// Only what is known to be data.
    pub fn new() -> Self {
        Policy::default()
    }

    /// Admits names that match `pattern`, in which `*` stands for any characters, dots too (`shop.models.*`).
    ///
    /// Names on the list of names that run code stay refused.
    ///
    /// # Errors
    /// `Misuse` for an empty pattern.
    pub fn allow(mut self, pattern: &str) -> Result<Self, Error> {
        if pattern.is_empty() {
            return Err(Error::misuse(
                "expected a name or pattern such as `shop.models.*` to allow, found an empty one",
            ));
        }
        if pattern != "*" && !pattern.contains('.') {
            return Err(Error::misuse(format!(
                "expected a qualified name or pattern such as `shop.models.*` to allow, found `{}`",
                Escaped(pattern)
            )));
        }
        self.patterns.push(pattern.to_owned());
        Ok(self)
    }

    /// Whether the user admits a name.
    pub fn admits(&self, name: &GlobalName) -> bool {
        if self.patterns.is_empty() {
            return false;
        }
        let full = format!("{}.{}", name.module, name.name);
        self.patterns.iter().any(|pattern| matches(pattern.as_bytes(), full.as_bytes()))
    }
}

/// Glob matching with `*` only, in linear space and without recursion.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p) == text.get(t) {
            p += 1;
            t += 1;
        } else if let Some((after, tried)) = star {
            p = after + 1;
            t = tried + 1;
            star = Some((after, tried + 1));
        } else {
            return false;
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|&b| b == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_exact_but_for_stars() {
        let policy = Policy::new().allow("shop.models.*").and_then(|p| p.allow("a.B")).expect("patterns");
        let admits = |module: &str, name: &str| policy.admits(&GlobalName::new(module, name));
        assert!(admits("shop.models", "Order") && admits("shop.models.v2", "Order.Line") && admits("a", "B"));
        assert!(!admits("shop.modelsx", "Order") && !admits("a", "BC") && !admits("xa", "B") && !admits("A", "B"));
        assert!(Policy::new().allow("").is_err() && Policy::new().allow("Order").is_err());
    }
}
