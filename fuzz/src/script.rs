//! The form of an input that is a list of things: options, then records.
//!
//! ```text
//! options     8 octets
//! records     control (2 octets), length (2 octets, little-endian), as many octets of bytes
//! ```
//!
//! Any bytes are a script: what is missing is zero, a length beyond the end means the rest. Mutation goes through the
//! records, so that a changed length does not turn all that follows into noise.

/// Octets of options.
pub const OPTIONS: usize = 8;

/// The most records that are looked at.
const RECORDS_MAX: usize = 4096;

/// One record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// What it means is the target's matter.
    pub control: [u8; 2],
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// An input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// What they mean is the target's matter.
    pub options: [u8; OPTIONS],
    /// The records, in order.
    pub records: Vec<Record>,
}

impl Script {
    /// Reads any bytes.
    #[must_use]
    pub fn decode(input: &[u8]) -> Self {
        let (head, mut rest) = input.split_at(OPTIONS.min(input.len()));
        let mut script = Self::default();
        script.options[..head.len()].copy_from_slice(head);
        while let [c0, c1, l0, l1, after @ ..] = rest {
            if script.records.len() >= RECORDS_MAX {
                break;
            }
            let length = usize::from(u16::from_le_bytes([*l0, *l1])).min(after.len());
            let (bytes, following) = after.split_at(length);
            script.records.push(Record { control: [*c0, *c1], bytes: bytes.to_vec() });
            rest = following;
        }
        script
    }

    /// The bytes that [`Script::decode`] reads so; records beyond `limit` octets are left out.
    #[must_use]
    pub fn encode(&self, limit: usize) -> Vec<u8> {
        let mut out = self.options.to_vec();
        for record in &self.records {
            let Ok(length) = u16::try_from(record.bytes.len()) else { continue };
            if out.len() + 4 + record.bytes.len() > limit {
                break;
            }
            out.extend_from_slice(&record.control);
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(&record.bytes);
        }
        out
    }
}

/// Small numbers that depend on nothing but where they started (xorshift64*).
pub struct Numbers(u64);

impl Numbers {
    /// From a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next, below `bound` (0 for a bound of 0).
    pub const fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as usize;
        if bound == 0 { 0 } else { number % bound }
    }
}

/// Changes a script in one way; `bytes` changes the bytes of one record (and may lengthen them).
///
/// Gives back the new length; `data` beyond it means nothing.
pub fn mutate(data: &mut [u8], size: usize, seed: u32, mut bytes: impl FnMut(&mut Vec<u8>, &mut Numbers)) -> usize {
    let mut numbers = Numbers::new(u64::from(seed));
    let mut script = Script::decode(&data[..size.min(data.len())]);
    let count = script.records.len();
    let at = numbers.below(count);
    match numbers.below(20) {
        _ if count == 0 => script.records.push(Record { control: [0, 0], bytes: vec![0; 4] }),
        0 => script.options[numbers.below(OPTIONS)] = numbers.below(256) as u8,
        1 => script.records[at].control[numbers.below(2)] = numbers.below(256) as u8,
        2 => script.records[at].control[numbers.below(2)] ^= 1 << numbers.below(8),
        3 => drop(script.records.remove(at)),
        4 => {
            let copy = script.records[at].clone();
            script.records.insert(numbers.below(count + 1), copy);
        }
        5 => {
            let taken = script.records.remove(at);
            script.records.insert(numbers.below(count), taken);
        }
        6 => {
            let record = &mut script.records[at];
            let rest = record.bytes.split_off(numbers.below(record.bytes.len() + 1));
            let control = record.control;
            script.records.insert(at + 1, Record { control, bytes: rest });
        }
        7 if at + 1 < count => {
            let next = script.records.remove(at + 1);
            script.records[at].bytes.extend_from_slice(&next.bytes);
        }
        8 => {
            let control = [numbers.below(256) as u8, numbers.below(256) as u8];
            script.records.insert(at, Record { control, bytes: Vec::new() });
        }
        9 => {
            // A piece of one record into another.
            let from = script.records[numbers.below(count)].bytes.clone();
            let begin = numbers.below(from.len());
            let end = begin + numbers.below(from.len() - begin + usize::from(from.is_empty()));
            let into = &mut script.records[at].bytes;
            let place = numbers.below(into.len() + 1);
            into.splice(place..place, from[begin..end].iter().copied());
        }
        _ => {
            let into = &mut script.records[at].bytes;
            bytes(into, &mut numbers);
            into.truncate(usize::from(u16::MAX));
        }
    }
    let out = script.encode(data.len());
    data[..out.len()].copy_from_slice(&out);
    out.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        let record = |a, bytes: &[u8]| Record { control: [a, 9], bytes: bytes.to_vec() };
        let script = Script { options: *b"options!", records: vec![record(1, b"one"), record(2, b"")] };
        assert_eq!(Script::decode(&script.encode(1000)), script);
        assert_eq!(Script::decode(b""), Script::default());
        assert_eq!(
            Script::decode(b"options!12\xff\xffrest").records,
            [Record { control: *b"12", bytes: b"rest".to_vec() }]
        );
    }

    #[test]
    fn mutation_keeps_to_its_room() {
        let mut data = vec![7; 300];
        let mut size = 200;
        for seed in 0..5000 {
            size = mutate(&mut data, size, seed, |bytes, numbers| bytes.push(numbers.below(256) as u8));
            assert!(size <= data.len() && size >= OPTIONS);
        }
    }
}
