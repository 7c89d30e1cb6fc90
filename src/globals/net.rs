//! `ipaddress`: addresses, networks and interfaces. The value is the text that `str()` prints.
//!
//! Source: CPython `Lib/ipaddress.py` (3.13). An IPv4-mapped IPv6 address prints as `::ffff:1.2.3.4`, as from 3.13 on. What some
//! versions accept and others refuse (leading zeros in an octet) is refused. No name is looked up.

use std::fmt::Write as _;

use super::args;
use super::table::{Module, Row, Use, module};
use super::{Class, Ctx, Forms};
use crate::machine::Reject;
use crate::model::value::{IpClass, Value};

const IPADDRESS: &[Module] = &[module("ipaddress")];

/// A text longer than this is no address, whatever its scope is called.
const MAX_TEXT: usize = 1_000;

macro_rules! rows {
    ($($name:literal, $class:ident, $guard:literal;)*) => {
        &[$(Row { kind: "ip", modules: IPADDRESS, names: &[$name], uses: Use::Data(&$class), guard: $guard },)*]
    };
}

pub(super) static ROWS: &[Row] = rows![
    "IPv4Address", V4_ADDRESS, "(int of 32 bits), (text)";
    "IPv6Address", V6_ADDRESS, "(int of 128 bits), (text)";
    "IPv4Network", V4_NETWORK, "(int of 32 bits), (text); no host bits set";
    "IPv6Network", V6_NETWORK, "(int of 128 bits), (text); no host bits set";
    "IPv4Interface", V4_INTERFACE, "(int of 32 bits), (text)";
    "IPv6Interface", V6_INTERFACE, "(int of 128 bits), (text)";
];

const fn class(call: fn(&mut Ctx<'_>) -> Result<Value, Reject>) -> Class {
    Class { forms: Forms::REDUCE, call, build: None, bare: true }
}

static V4_ADDRESS: Class = class(|ctx| ip(ctx, IpClass::V4Address));
static V6_ADDRESS: Class = class(|ctx| ip(ctx, IpClass::V6Address));
static V4_NETWORK: Class = class(|ctx| ip(ctx, IpClass::V4Network));
static V6_NETWORK: Class = class(|ctx| ip(ctx, IpClass::V6Network));
static V4_INTERFACE: Class = class(|ctx| ip(ctx, IpClass::V4Interface));
static V6_INTERFACE: Class = class(|ctx| ip(ctx, IpClass::V6Interface));

fn ip(ctx: &mut Ctx<'_>, class: IpClass) -> Result<Value, Reject> {
    let [one] = *ctx.args else {
        return ctx.reject(format!("expected an int or a text, found {} arguments", ctx.args.len()));
    };
    let text = if args::is_int(one) {
        args::big_int(ctx.graph, one).and_then(|n| u128::try_from(n).ok()).and_then(|n| from_int(n, class))
    } else {
        args::text(ctx.graph, one).filter(|text| text.len() <= MAX_TEXT).and_then(|text| from_text(text, class))
    };
    let Some(text) = text else {
        return ctx.reject(format!("expected the int or text of an {}", class.name()));
    };
    let (len, at) = ctx.graph.store_text(&text)?;
    Ok(Value::Ip { class, len, at })
}

fn is_v4(class: IpClass) -> bool {
    match class {
        IpClass::V4Address | IpClass::V4Network | IpClass::V4Interface => true,
        IpClass::V6Address | IpClass::V6Network | IpClass::V6Interface => false,
    }
}

/// An address by its number; as network or interface it stands alone.
fn from_int(number: u128, class: IpClass) -> Option<String> {
    let v4 = is_v4(class);
    let bits = if v4 { 32 } else { 128 };
    if v4 && number > u128::from(u32::MAX) {
        return None;
    }
    Some(render(number, None, class, bits))
}

fn render(number: u128, scope: Option<&str>, class: IpClass, prefix: u32) -> String {
    let mut text = if is_v4(class) { v4_text(number as u32) } else { v6_text(number) };
    if let Some(scope) = scope {
        text.push('%');
        text.push_str(scope);
    }
    match class {
        IpClass::V4Address | IpClass::V6Address => {}
        IpClass::V4Network | IpClass::V6Network | IpClass::V4Interface | IpClass::V6Interface => {
            // Writing to a String cannot fail.
            let _ = write!(text, "/{prefix}");
        }
    }
    text
}

fn v4_text(number: u32) -> String {
    let [a, b, c, d] = number.to_be_bytes();
    format!("{a}.{b}.{c}.{d}")
}

/// Hexadecimal groups; the first of the longest runs of two or more zero groups becomes `::`.
fn v6_text(number: u128) -> String {
    if number >> 32 == 0xffff {
        return format!("::ffff:{}", v4_text(number as u32));
    }
    let groups: [u16; 8] = std::array::from_fn(|i| (number >> (112 - 16 * i)) as u16);
    let (mut best, mut best_len, mut run) = (0, 1, 0);
    for (i, group) in groups.iter().enumerate() {
        run = if *group == 0 { run + 1 } else { 0 };
        if run > best_len {
            (best, best_len) = (i + 1 - run, run);
        }
    }
    let hex = |groups: &[u16]| groups.iter().map(|g| format!("{g:x}")).collect::<Vec<_>>().join(":");
    if best_len < 2 {
        return hex(&groups);
    }
    let (head, tail) = (groups.get(..best).unwrap_or(&[]), groups.get(best + best_len..).unwrap_or(&[]));
    format!("{}::{}", hex(head), hex(tail))
}

/// The canonical text of a text, where it is one of that class.
pub(crate) fn from_text(text: &str, class: IpClass) -> Option<String> {
    let v4 = is_v4(class);
    let bits = if v4 { 32 } else { 128 };
    let (address, mask) = match class {
        IpClass::V4Address | IpClass::V6Address if text.contains('/') => return None,
        IpClass::V4Address | IpClass::V6Address => (text, None),
        IpClass::V4Network | IpClass::V6Network | IpClass::V4Interface | IpClass::V6Interface => {
            match text.split_once('/') {
                Some((_, mask)) if mask.contains('/') => return None,
                Some((address, mask)) => (address, Some(mask)),
                None => (text, None),
            }
        }
    };
    let (number, scope) = if v4 {
        (u128::from(v4_number(address)?), None)
    } else {
        let (address, scope) = match address.split_once('%') {
            Some((_, scope)) if scope.is_empty() || scope.contains('%') => return None,
            Some((address, scope)) => (address, Some(scope)),
            None => (address, None),
        };
        (v6_number(address)?, scope)
    };
    let prefix = match mask {
        None => bits,
        Some(mask) => prefix_length(mask, bits).or_else(|| if v4 { netmask(mask) } else { None })?,
    };
    let host = match bits - prefix {
        0 => 0,
        128 => u128::MAX,
        host => (1 << host) - 1,
    };
    if matches!(class, IpClass::V4Network | IpClass::V6Network) && number & host != 0 {
        return None;
    }
    Some(render(number, scope, class, prefix))
}

/// Four decimal octets without leading zeros.
fn v4_number(text: &str) -> Option<u32> {
    let mut number = 0_u32;
    let mut count = 0;
    for octet in text.split('.') {
        let digits = octet.bytes().all(|b| b.is_ascii_digit());
        if !digits || octet.len() > 3 || (octet.len() > 1 && octet.starts_with('0')) {
            return None;
        }
        number = number.wrapping_shl(8) | u32::from(octet.parse::<u8>().ok()?);
        count += 1;
    }
    (count == 4).then_some(number)
}

/// Eight groups of up to four hexadecimal digits, the last two perhaps as IPv4, one run of zeros perhaps as `::`.
fn v6_number(text: &str) -> Option<u128> {
    let mut groups: Vec<&str> = text.split(':').take(10).collect();
    if groups.len() < 3 {
        return None;
    }
    let v4 = match groups.last() {
        Some(last) if last.contains('.') => Some(v4_number(last)?),
        _ => None,
    };
    let (high, low) = (format!("{:x}", v4.unwrap_or(0) >> 16), format!("{:x}", v4.unwrap_or(0) & 0xffff));
    if v4.is_some() {
        groups.pop();
        groups.extend([high.as_str(), low.as_str()]);
    }
    if groups.len() > 9 {
        return None;
    }
    let (first, last) = (groups.first()?.is_empty(), groups.last()?.is_empty());
    let mut inner = (1..groups.len() - 1).filter(|&i| groups.get(i).is_some_and(|g| g.is_empty()));
    let (head, tail): (&[&str], &[&str]) = match (inner.next(), inner.next()) {
        (Some(_), Some(_)) => return None,
        (Some(skip), None) => {
            let (mut head, mut tail) = (groups.get(..skip)?, groups.get(skip + 1..)?);
            // An empty group at an end is legal only as part of the `::`.
            if first {
                head = head.get(1..).filter(|rest| rest.is_empty())?;
            }
            if last {
                tail = tail.get(..tail.len().checked_sub(1)?).filter(|rest| rest.is_empty())?;
            }
            if head.len() + tail.len() > 7 {
                return None;
            }
            (head, tail)
        }
        (None, _) if groups.len() != 8 || first || last => return None,
        (None, _) => (&groups, &[]),
    };
    let mut number = 0_u128;
    for (i, group) in head.iter().enumerate() {
        number |= u128::from(hextet(group)?) << (112 - 16 * i);
    }
    for (i, group) in tail.iter().rev().enumerate() {
        number |= u128::from(hextet(group)?) << (16 * i);
    }
    Some(number)
}

fn hextet(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_hexdigit());
    digits.then(|| u16::from_str_radix(text, 16).ok()).flatten()
}

/// A prefix length in decimal digits.
fn prefix_length(text: &str, bits: u32) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse::<u32>().ok()).flatten().filter(|&n| n <= bits)
}

/// The prefix length of an IPv4 netmask or hostmask.
fn netmask(text: &str) -> Option<u32> {
    let mask = v4_number(text)?;
    [mask, !mask].into_iter().find(|m| m.leading_ones() + m.trailing_zeros() == 32).map(u32::leading_ones)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_what_python_prints() {
        use IpClass::*;
        for (class, text, printed) in [
            (V4Address, "1.2.3.4", Some("1.2.3.4")),
            (V4Address, "1.2.3.04", None),
            (V4Address, "1.2.3.256", None),
            (V4Address, "1.2.3", None),
            (V4Address, "1.2.3.4/32", None),
            (V4Network, "10.0.0.0/8", Some("10.0.0.0/8")),
            (V4Network, "10.0.0.0/255.0.0.0", Some("10.0.0.0/8")),
            (V4Network, "10.0.0.0/0.255.255.255", Some("10.0.0.0/8")),
            (V4Network, "10.0.0.1/8", None),
            (V4Network, "0.0.0.0/0.0.0.0", Some("0.0.0.0/0")),
            (V4Network, "10.0.0.0", Some("10.0.0.0/32")),
            (V4Network, "10.0.0.0/33", None),
            (V4Network, "10.0.0.0/255.0.255.0", None),
            (V4Interface, "10.0.0.1/8", Some("10.0.0.1/8")),
            (V6Address, "::", Some("::")),
            (V6Address, "2001:DB8:0:0:0:0:0:1", Some("2001:db8::1")),
            (V6Address, "1:0:0:2:0:0:0:3", Some("1:0:0:2::3")),
            (V6Address, "1:0:0:2:2:0:0:3", Some("1::2:2:0:0:3")),
            (V6Address, "1:0:2:3:4:5:6:7", Some("1:0:2:3:4:5:6:7")),
            (V6Address, "::ffff:1.2.3.4", Some("::ffff:1.2.3.4")),
            (V6Address, "::1.2.3.4", Some("::102:304")),
            (V6Address, "fe80::1%eth0", Some("fe80::1%eth0")),
            (V6Address, "fe80::1%", None),
            (V6Address, "fe80::1%a%b", None),
            (V6Address, ":::", None),
            (V6Address, "1::2::3", None),
            (V6Address, "12345::", None),
            (V6Address, ":1:2:3:4:5:6:7", None),
            (V6Address, "1:2:3:4:5:6:7:8:9", None),
            (V6Address, "1:2:3:4::5:6:7:8", None),
            (V6Address, "", None),
            (V6Network, "2001:db8::/32", Some("2001:db8::/32")),
            (V6Network, "2001:db8::1/32", None),
            (V6Network, "::/0", Some("::/0")),
            (V6Network, "::/ffff::", None),
            (V6Interface, "2001:db8::1/64", Some("2001:db8::1/64")),
        ] {
            assert_eq!(from_text(text, class).as_deref(), printed, "{text}");
        }
        assert_eq!(from_int(16_909_060, V4Address).as_deref(), Some("1.2.3.4"));
        assert_eq!(from_int(1 << 32, V4Address), None);
        assert_eq!(from_int(1, V6Network).as_deref(), Some("::1/128"));
    }
}
