//! What real files hold: records, columns, trees.

use super::pickle::Pickle;
use super::random::Random;

const WORDS: [&str; 24] = [
    "anchor", "bramble", "cobalt", "drift", "easel", "fennel", "gravel", "hollow", "iris", "juniper", "kelp",
    "lantern", "marble", "nettle", "oak", "pebble", "quartz", "reed", "saffron", "thistle", "umber", "violet",
    "willow", "yarrow",
];
/// What is no ASCII, or has to be escaped.
const RARE: [&str; 8] = ["crème", "Ærø", "Łódka", "дом", "山", "🌧", "a \"quote\"", "tab\tnew\nline"];
const TOWNS: [&str; 6] = ["Aarhus", "Genève", "Kraków", "Osaka", "Quito", "Tromsø"];
const STATES: [&str; 4] = ["open", "packed", "sent", "returned"];

/// Some words; one text in four has a rare one.
fn words(r: &mut Random, least: u64, most: u64) -> String {
    let count = least + r.below(most - least + 1);
    let rare = if r.below(4) == 0 { r.below(count) } else { u64::MAX };
    let mut text = String::new();
    for n in 0..count {
        if n > 0 {
            text.push(' ');
        }
        text.push_str(if n == rare { r.pick(&RARE) } else { r.pick(&WORDS) });
    }
    text
}

fn datetime(p: &mut Pickle, r: &mut Random) {
    let [year, more] = (2000 + r.below(25) as u16).to_be_bytes();
    let micros = (r.below(1_000_000) as u32).to_be_bytes();
    let day = [year, more, 1 + r.below(12) as u8, 1 + r.below(28) as u8];
    let time = [r.below(24) as u8, r.below(60) as u8, r.below(60) as u8];
    let mut state = [0; 10];
    state[..4].copy_from_slice(&day);
    state[4..7].copy_from_slice(&time);
    state[7..].copy_from_slice(&micros[1..]);
    p.global("datetime", "datetime");
    p.tuple(1, |p| {
        p.bytes(&state);
    });
    p.reduce();
}

/// One record of twelve fields.
fn record(p: &mut Pickle, r: &mut Random, n: usize, dated: bool) {
    p.dict(0..12, |p, field| match field {
        0 => {
            p.name("id").int(20_000_000 + n as i64);
        }
        1 => {
            p.name("code").text(&format!("{:08x}-{:03}", r.next() as u32, n % 1000));
        }
        2 => {
            p.name("title").text(&words(r, 1, 4));
        }
        3 => {
            p.name("mail").text(&format!("{}{}@example.net", r.pick(&WORDS), n % 7919));
        }
        4 => {
            p.name("count").int(r.below(300) as i64);
        }
        5 => {
            p.name("rate").float(r.unit() * 100.0);
        }
        6 => {
            p.name("open").bool(r.below(3) > 0);
        }
        7 => {
            p.name("parent");
            if r.below(2) == 0 {
                p.none()
            } else {
                p.int(20_000_000 + r.below(n as u64 + 1) as i64)
            };
        }
        8 => {
            p.name("at");
            if dated {
                datetime(p, r);
            } else {
                p.text(&format!(
                    "20{:02}-{:02}-{:02}T08:{:02}:30",
                    r.below(25),
                    1 + r.below(12),
                    1 + r.below(28),
                    r.below(60)
                ));
            }
        }
        9 => {
            p.name("labels");
            let count = r.below(5);
            p.list(0..count, |p, _| {
                p.name(r.pick(&WORDS));
            });
        }
        10 => {
            p.name("place");
            let street = format!("{} {} lane", 1 + r.below(400), r.pick(&WORDS));
            p.dict(0..4, |p, field| match field {
                0 => {
                    p.name("street").text(&street);
                }
                1 => {
                    p.name("town").name(r.pick(&TOWNS));
                }
                2 => {
                    p.name("state").name(r.pick(&STATES));
                }
                _ => {
                    p.name("point");
                    p.list(0..2, |p, _| {
                        p.float((r.unit() * 90e6).round() / 1e6);
                    });
                }
            });
        }
        _ => {
            p.name("text").text(&words(r, 3, 20));
        }
    });
}

pub fn records(count: usize, dated: bool) -> Vec<u8> {
    let (mut p, mut r) = (Pickle::new(5), Random::new(1));
    p.list(0..count, |p, n| record(p, &mut r, n, dated));
    p.stop()
}

pub fn many(count: usize) -> Vec<u8> {
    let (mut out, mut r) = (Vec::new(), Random::new(2));
    for n in 0..count {
        let mut p = Pickle::new(5);
        record(&mut p, &mut r, n, false);
        out.extend_from_slice(&p.stop());
    }
    out
}

pub fn strings(count: usize) -> Vec<u8> {
    let (mut p, mut r) = (Pickle::new(5), Random::new(3));
    p.list(0..count, |p, _| {
        p.text(&format!("{}_{:x}", r.pick(&WORDS), r.next() as u32));
    });
    p.stop()
}

/// Of 1 to 8 bytes, one in five negative.
fn int(r: &mut Random) -> i64 {
    let bits = [7, 15, 30, 31, 62][r.below(5) as usize];
    let value = (r.next() >> (64 - bits)) as i64;
    if r.below(5) == 0 { -value } else { value }
}

pub fn ints(count: usize) -> Vec<u8> {
    let (mut p, mut r) = (Pickle::new(5), Random::new(4));
    p.list(0..count, |p, _| {
        p.int(int(&mut r));
    });
    p.stop()
}

/// Half of full precision, half prices.
fn float(r: &mut Random, n: usize) -> f64 {
    if n.is_multiple_of(2) { r.unit() * 1e3 } else { r.below(1_000_000) as f64 / 100.0 }
}

pub fn floats(count: usize) -> Vec<u8> {
    let (mut p, mut r) = (Pickle::new(5), Random::new(5));
    p.list(0..count, |p, n| {
        p.float(float(&mut r, n));
    });
    p.stop()
}

fn tree(p: &mut Pickle, r: &mut Random, depth: usize, leaves: u64) {
    if depth == 0 || leaves <= 1 {
        match r.below(5) {
            0 => p.int(int(r)),
            1 => p.float(r.unit()),
            2 => p.none(),
            3 => p.bool(true),
            _ => {
                p.text(&words(r, 1, 5));
                p
            }
        };
        return;
    }
    let width = leaves.min(2 + r.below(10));
    // One node in four gives nearly all to its last child: long branches beside wide ones.
    let long = r.below(4) == 0;
    let share = |child: u64| match (long, child + 1 == width) {
        (true, true) => leaves.saturating_sub(width).max(1),
        (true, false) => 1,
        (false, _) => (leaves / width).max(1),
    };
    if r.below(2) == 0 {
        p.list(0..width, |p, child| tree(p, r, depth - 1, share(child)));
    } else {
        p.dict(0..width, |p, child| {
            p.text(&format!("{}_{child}", r.pick(&WORDS)));
            tree(p, r, depth - 1, share(child));
        });
    }
}

pub fn nested(count: usize) -> Vec<u8> {
    let (mut p, mut r) = (Pickle::new(5), Random::new(6));
    p.list(0..count, |p, _| tree(p, &mut r, 60, 400));
    p.stop()
}

pub fn columns(rows: usize) -> Vec<u8> {
    let (mut p, mut r) = (Pickle::new(5), Random::new(7));
    p.dict(["id", "price", "signal", "town", "title", "flag", "maybe"], |p, column| {
        p.name(column);
        p.list(0..rows, |p, n| {
            match column {
                "id" => p.int(n as i64),
                "price" => p.float(float(&mut r, 1)),
                "signal" => p.float(float(&mut r, 0)),
                "town" => p.name(r.pick(&TOWNS)),
                "title" => {
                    p.text(&words(&mut r, 2, 2));
                    p
                }
                "flag" => p.bool(r.below(2) == 0),
                _ if r.below(3) == 0 => p.none(),
                _ => p.int(r.below(1_000_000) as i64),
            };
        });
    });
    p.stop()
}

pub fn shared(rows: usize) -> Vec<u8> {
    let (mut p, mut r) = (Pickle::new(5), Random::new(8));
    let (mut people, mut goods): (Vec<Option<u32>>, Vec<Option<u32>>) = (vec![None; 2_000], vec![None; 500]);
    p.list(0..rows, |p, n| {
        let (who, what) = (r.below(people.len() as u64) as usize, r.below(goods.len() as u64) as usize);
        let count = (n % 128) as i64;
        p.tuple(3, |p| {
            match people[who] {
                Some(slot) => {
                    p.fetch(slot);
                }
                None => {
                    people[who] = Some(p.dict([0, 1], |p, field| match field {
                        0 => {
                            p.name("user").text(&format!("{}-{who}", WORDS[who % WORDS.len()]));
                        }
                        _ => {
                            p.name("town").name(TOWNS[who % TOWNS.len()]);
                        }
                    }));
                }
            }
            match goods[what] {
                Some(slot) => {
                    p.fetch(slot);
                }
                None => {
                    goods[what] = Some(p.dict([0, 1], |p, field| match field {
                        0 => {
                            p.name("code").text(&format!("{what:06x}"));
                        }
                        _ => {
                            p.name("price").float(what as f64 / 4.0);
                        }
                    }));
                }
            }
            p.int(count);
        });
    });
    p.stop()
}
