//! A small pickler: writes what CPython's would (frames of 64 KiB, APPENDS and SETITEMS of 1,000, a memo entry for every object).

use std::collections::HashMap;

/// Bytes from which on a frame is closed, and a payload stands outside of frames.
const FRAME: usize = 64 << 10;
/// Items of one APPENDS or SETITEMS.
const BATCH: usize = 1000;

/// A pickle in the making, protocol 4 or 5.
pub struct Pickle {
    out: Vec<u8>,
    /// Where the length of the open frame stands.
    frame: Option<usize>,
    slots: u32,
    interned: HashMap<String, u32>,
}

impl Pickle {
    pub fn new(protocol: u8) -> Self {
        Pickle { out: vec![0x80, protocol], frame: None, slots: 0, interned: HashMap::new() }
    }

    /// Ends the pickle, and gives its bytes.
    pub fn stop(mut self) -> Vec<u8> {
        self.op(b".", &[]);
        self.close_frame();
        self.out
    }

    /// One opcode: its byte and a small argument, and its payload.
    pub fn op(&mut self, head: &[u8], payload: &[u8]) -> &mut Self {
        if self.frame.is_some_and(|at| self.out.len() - at - 8 >= FRAME) || payload.len() >= FRAME {
            self.close_frame();
        }
        if self.frame.is_none() && payload.len() < FRAME {
            self.out.push(0x95);
            self.frame = Some(self.out.len());
            self.out.extend_from_slice(&[0; 8]);
        }
        self.out.extend_from_slice(head);
        self.out.extend_from_slice(payload);
        self
    }

    fn close_frame(&mut self) {
        if let Some(at) = self.frame.take() {
            let len = (self.out.len() - at - 8) as u64;
            self.out[at..at + 8].copy_from_slice(&len.to_le_bytes());
        }
    }

    /// MEMOIZE; the slot.
    pub fn memoize(&mut self) -> u32 {
        self.op(&[0x94], &[]);
        self.slots += 1;
        self.slots - 1
    }

    pub fn fetch(&mut self, slot: u32) -> &mut Self {
        match u8::try_from(slot) {
            Ok(slot) => self.op(&[b'h', slot], &[]),
            Err(_) => self.op(b"j", &slot.to_le_bytes()),
        }
    }

    pub fn none(&mut self) -> &mut Self {
        self.op(b"N", &[])
    }

    pub fn bool(&mut self, value: bool) -> &mut Self {
        self.op(if value { &[0x88] } else { &[0x89] }, &[])
    }

    pub fn int(&mut self, value: i64) -> &mut Self {
        if let Ok(value) = u8::try_from(value) {
            self.op(&[b'K', value], &[])
        } else if let Ok(value) = u16::try_from(value) {
            self.op(b"M", &value.to_le_bytes())
        } else if let Ok(value) = i32::try_from(value) {
            self.op(b"J", &value.to_le_bytes())
        } else {
            // As many bytes as the sign needs.
            let bytes = value.to_le_bytes();
            let bits = 65 - if value < 0 { (!value).leading_zeros() } else { value.leading_zeros() };
            let len = bits.div_ceil(8) as u8;
            self.op(&[0x8a, len], &bytes[..usize::from(len)])
        }
    }

    pub fn float(&mut self, value: f64) -> &mut Self {
        self.op(b"G", &value.to_be_bytes())
    }

    fn text_alone(&mut self, text: &str) -> &mut Self {
        match u8::try_from(text.len()) {
            Ok(len) => self.op(&[0x8c, len], text.as_bytes()),
            Err(_) => {
                let [a, b, c, d] = (text.len() as u32).to_le_bytes();
                self.op(&[b'X', a, b, c, d], text.as_bytes())
            }
        }
    }

    /// A text that is an object of its own.
    pub fn text(&mut self, text: &str) -> u32 {
        self.text_alone(text);
        self.memoize()
    }

    /// A text that is one object wherever it stands, as names in a program are.
    pub fn name(&mut self, text: &str) -> &mut Self {
        if let Some(slot) = self.interned.get(text) {
            return self.fetch(*slot);
        }
        let slot = self.text(text);
        self.interned.insert(text.to_owned(), slot);
        self
    }

    /// Short bytes, memoized.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        match u8::try_from(bytes.len()) {
            Ok(len) => self.op(&[b'C', len], bytes),
            Err(_) => {
                let [a, b, c, d] = (bytes.len() as u32).to_le_bytes();
                self.op(&[b'B', a, b, c, d], bytes)
            }
        };
        self.memoize();
        self
    }

    /// A bytearray of protocol 5, memoized.
    pub fn bytearray(&mut self, bytes: &[u8]) -> &mut Self {
        let mut head = vec![0x96];
        head.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        self.op(&head, bytes);
        self.memoize();
        self
    }

    /// A global, the first time by name.
    pub fn global(&mut self, module: &str, name: &str) -> &mut Self {
        let key = format!("{module}\n{name}");
        if let Some(slot) = self.interned.get(&key) {
            return self.fetch(*slot);
        }
        self.name(module).name(name).op(&[0x93], &[]);
        let slot = self.memoize();
        self.interned.insert(key, slot);
        self
    }

    /// A tuple of what `items` writes, memoized; `len` is how many that are.
    pub fn tuple(&mut self, len: usize, items: impl FnOnce(&mut Self)) -> u32 {
        if len > 3 {
            self.op(b"(", &[]);
        }
        items(self);
        match len {
            0 => return self.op(b")", &[]).slots,
            1..=3 => self.op(&[0x84 + len as u8], &[]),
            _ => self.op(b"t", &[]),
        };
        self.memoize()
    }

    /// REDUCE, memoized.
    pub fn reduce(&mut self) -> u32 {
        self.op(b"R", &[]);
        self.memoize()
    }

    /// A list, memoized.
    pub fn list<T>(&mut self, items: impl IntoIterator<Item = T>, each: impl FnMut(&mut Self, T)) -> u32 {
        self.op(b"]", &[]);
        let slot = self.memoize();
        self.fill(items, each, b"a", b"e");
        slot
    }

    /// A dict, memoized; `each` writes the key and the value.
    pub fn dict<T>(&mut self, items: impl IntoIterator<Item = T>, each: impl FnMut(&mut Self, T)) -> u32 {
        self.op(b"}", &[]);
        let slot = self.memoize();
        self.fill(items, each, b"s", b"u");
        slot
    }

    fn fill<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut each: impl FnMut(&mut Self, T),
        one: &[u8],
        more: &[u8],
    ) {
        let mut items = items.into_iter().peekable();
        while let Some(first) = items.next() {
            if items.peek().is_none() {
                each(self, first);
                self.op(one, &[]);
                return;
            }
            self.op(b"(", &[]);
            each(self, first);
            for item in items.by_ref().take(BATCH - 1) {
                each(self, item);
            }
            self.op(more, &[]);
        }
    }
}
