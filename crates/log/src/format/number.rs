/// A number in decimal digits, without the machinery of `fmt`.
pub(super) fn unsigned(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

pub(super) fn signed(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    unsigned(out, number.unsigned_abs());
}

/// So many digits, with zeros in front.
pub(super) fn padded<const DIGITS: usize>(out: &mut Vec<u8>, mut number: u32) {
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
    out.extend_from_slice(&digits);
}

/// Microseconds as milliseconds: `1.234`.
pub(super) fn millis(out: &mut Vec<u8>, micros: u64) {
    unsigned(out, micros / 1000);
    out.push(b'.');
    padded::<3>(out, (micros % 1000) as u32);
}
