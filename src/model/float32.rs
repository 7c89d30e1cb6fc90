//! 32-bit floats among 64-bit ones, bit for bit: a processor's conversion would set the quiet bit of a signalling NaN.

/// Bits by which a significand of 64-bit floats is longer.
const SHIFT: u32 = 29;

/// The same number as a 64-bit float, a NaN with the same payload.
pub(crate) fn widen(narrow: f32) -> f64 {
    if !narrow.is_nan() {
        return f64::from(narrow);
    }
    let bits = u64::from(narrow.to_bits());
    f64::from_bits((bits & 0x8000_0000) << 32 | 0x7ff << 52 | (bits & 0x007f_ffff) << SHIFT)
}

/// The same number as a 32-bit float, if there is one.
pub(crate) fn narrow(wide: f64) -> Option<f32> {
    if !wide.is_nan() {
        let narrow = wide as f32;
        return (f64::from(narrow).to_bits() == wide.to_bits()).then_some(narrow);
    }
    let bits = wide.to_bits();
    let high = u32::try_from(bits >> 32 & 0x8000_0000 | bits >> SHIFT & 0x007f_ffff).ok()?;
    let narrow = f32::from_bits(high | 0x7f80_0000);
    (widen(narrow).to_bits() == bits).then_some(narrow)
}
