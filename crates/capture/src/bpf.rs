//! Runs classic BPF programs (McCanne and Jacobson, "The BSD Packet Filter", 1993), in safe Rust.
//!
//! libpcap's own interpreter would do, but the `pcap` crate hands it the captured length as the length on the wire, so
//! that `len`, `greater` and `less` would go wrong on every frame that was cut. Here both lengths are given, as tcpdump
//! gives them.
//!
//! A program is checked once, when it is made: only known instructions, jumps (which only ever go forward) within it,
//! and an answer at its end. What a packet can then do is end it early, which is a refusal, as the standard has it.

/// Scratch cells a program has.
const CELLS: usize = 16;
/// The most instructions, far above what libpcap makes of a screen of expression.
const MOST_INSTRUCTIONS: usize = 65_536;

/// One instruction as libpcap shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instruction {
    code: u16,
    jump_true: u8,
    jump_false: u8,
    k: u32,
}

impl Instruction {
    /// From four numbers in decimal: code, the two jumps, the operand.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split_ascii_whitespace();
        let instruction = Self {
            code: numbers.next()?.parse().ok()?,
            jump_true: numbers.next()?.parse().ok()?,
            jump_false: numbers.next()?.parse().ok()?,
            k: numbers.next()?.parse().ok()?,
        };
        numbers.next().is_none().then_some(instruction)
    }

    /// As the kernel takes it.
    pub(crate) const fn for_kernel(self) -> libc::sock_filter {
        libc::sock_filter { code: self.code, jt: self.jump_true, jf: self.jump_false, k: self.k }
    }
}

/// Where a load gets its value.
#[derive(Clone, Copy, Debug)]
enum From {
    Constant(u32),
    /// So many octets at an offset of the packet.
    Packet(Width, u32),
    /// So many octets at an offset beyond X.
    Indexed(Width, u32),
    /// The length on the wire.
    Length,
    Cell(usize),
    /// Four times the low nibble at an offset: the length of an IPv4 header.
    HeaderLength(u32),
}

#[derive(Clone, Copy, Debug)]
enum Width {
    Word,
    Half,
    Octet,
}

#[derive(Clone, Copy, Debug)]
enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Or,
    And,
    Xor,
    ShiftLeft,
    ShiftRight,
}

#[derive(Clone, Copy, Debug)]
enum Comparison {
    Equal,
    Greater,
    AtLeast,
    AnyBit,
}

/// The other side of a calculation or comparison.
#[derive(Clone, Copy, Debug)]
enum Operand {
    Constant(u32),
    X,
}

/// A checked instruction. Jumps count from the instruction after it.
#[derive(Clone, Copy, Debug)]
enum Step {
    LoadA(From),
    LoadX(From),
    StoreA(usize),
    StoreX(usize),
    Calculate(Arithmetic, Operand),
    Negate,
    Jump(usize),
    Compare { how: Comparison, with: Operand, when_true: usize, when_false: usize },
    Answer(u32),
    AnswerA,
    AToX,
    XToA,
}

/// A checked program.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    steps: Vec<Step>,
}

impl Program {
    /// Checks a program; None when it is not one.
    pub(crate) fn new(instructions: &[Instruction]) -> Option<Self> {
        if instructions.len() > MOST_INSTRUCTIONS {
            return None;
        }
        let steps: Vec<Step> = instructions.iter().map(|instruction| step(*instruction)).collect::<Option<_>>()?;
        matches!(steps.last(), Some(Step::Answer(_) | Step::AnswerA)).then_some(())?;
        for (index, step) in steps.iter().enumerate() {
            let left = steps.len().checked_sub(index)?.checked_sub(1)?;
            let inside = match *step {
                Step::Jump(by) => by < left,
                Step::Compare { when_true, when_false, .. } => when_true < left && when_false < left,
                _ => true,
            };
            inside.then_some(())?;
        }
        Some(Self { steps })
    }

    /// Whether it lets a packet pass: `bytes` are what was captured of `sent` on the wire.
    pub(crate) fn passes(&self, bytes: &[u8], sent: u32) -> bool {
        self.run(bytes, sent).unwrap_or(0) != 0
    }

    /// The program's answer; None where it reaches beyond the packet or divides by zero.
    fn run(&self, bytes: &[u8], sent: u32) -> Option<u32> {
        let (mut a, mut x) = (0_u32, 0_u32);
        let mut cells = [0_u32; CELLS];
        let mut rest = self.steps.as_slice();
        loop {
            let (step, after) = rest.split_first()?;
            rest = after;
            match *step {
                Step::LoadA(from) => a = load(from, bytes, sent, x, &cells)?,
                Step::LoadX(from) => x = load(from, bytes, sent, x, &cells)?,
                Step::StoreA(cell) => *cells.get_mut(cell)? = a,
                Step::StoreX(cell) => *cells.get_mut(cell)? = x,
                Step::Calculate(how, with) => a = calculate(how, a, with.value(x))?,
                Step::Negate => a = a.wrapping_neg(),
                Step::Jump(by) => rest = after.get(by..)?,
                Step::Compare { how, with, when_true, when_false } => {
                    let with = with.value(x);
                    let holds = match how {
                        Comparison::Equal => a == with,
                        Comparison::Greater => a > with,
                        Comparison::AtLeast => a >= with,
                        Comparison::AnyBit => a & with != 0,
                    };
                    rest = after.get(if holds { when_true } else { when_false }..)?;
                }
                Step::Answer(answer) => return Some(answer),
                Step::AnswerA => return Some(a),
                Step::AToX => x = a,
                Step::XToA => a = x,
            }
        }
    }
}

impl Operand {
    const fn value(self, x: u32) -> u32 {
        match self {
            Self::Constant(value) => value,
            Self::X => x,
        }
    }
}

/// Octets of the packet, most significant first; None beyond its end.
fn octets(width: Width, bytes: &[u8], at: u32) -> Option<u32> {
    let rest = bytes.get(usize::try_from(at).ok()?..)?;
    match width {
        Width::Word => rest.first_chunk().map(|octets| u32::from_be_bytes(*octets)),
        Width::Half => rest.first_chunk().map(|octets| u32::from(u16::from_be_bytes(*octets))),
        Width::Octet => rest.first().map(|octet| u32::from(*octet)),
    }
}

fn load(from: From, bytes: &[u8], sent: u32, x: u32, cells: &[u32; CELLS]) -> Option<u32> {
    match from {
        From::Constant(value) => Some(value),
        From::Packet(width, at) => octets(width, bytes, at),
        From::Indexed(width, at) => octets(width, bytes, at.checked_add(x)?),
        From::Length => Some(sent),
        From::Cell(cell) => cells.get(cell).copied(),
        From::HeaderLength(at) => octets(Width::Octet, bytes, at).map(|octet| (octet & 0x0f).wrapping_mul(4)),
    }
}

/// None for a division by zero. Shifts beyond the word leave nothing.
fn calculate(how: Arithmetic, a: u32, with: u32) -> Option<u32> {
    match how {
        Arithmetic::Add => Some(a.wrapping_add(with)),
        Arithmetic::Subtract => Some(a.wrapping_sub(with)),
        Arithmetic::Multiply => Some(a.wrapping_mul(with)),
        Arithmetic::Divide => a.checked_div(with),
        Arithmetic::Remainder => a.checked_rem(with),
        Arithmetic::Or => Some(a | with),
        Arithmetic::And => Some(a & with),
        Arithmetic::Xor => Some(a ^ with),
        Arithmetic::ShiftLeft => Some(a.checked_shl(with).unwrap_or(0)),
        Arithmetic::ShiftRight => Some(a.checked_shr(with).unwrap_or(0)),
    }
}

/// One instruction by its code: class in the low three bits, then size, mode, operation or source.
fn step(Instruction { code, jump_true, jump_false, k }: Instruction) -> Option<Step> {
    let operand = if code & 0x08 == 0 { Operand::Constant(k) } else { Operand::X };
    let cell = usize::try_from(k).ok().filter(|cell| *cell < CELLS);
    let width = match code & 0x18 {
        0x00 => Some(Width::Word),
        0x08 => Some(Width::Half),
        0x10 => Some(Width::Octet),
        _ => None,
    };
    let from = |x: bool| match (code & 0xe0, x) {
        (0x00, _) => Some(From::Constant(k)),
        (0x20, false) => Some(From::Packet(width?, k)),
        (0x40, false) => Some(From::Indexed(width?, k)),
        (0x60, _) => cell.map(From::Cell),
        (0x80, _) => Some(From::Length),
        (0xa0, true) => Some(From::HeaderLength(k)),
        _ => None,
    };
    let (when_true, when_false) = (usize::from(jump_true), usize::from(jump_false));
    let compare = |how| Some(Step::Compare { how, with: operand, when_true, when_false });
    let calculate = |how| Some(Step::Calculate(how, operand));
    match (code & 0x07, code & 0xf0) {
        (0, _) => from(false).map(Step::LoadA),
        (1, _) => from(true).map(Step::LoadX),
        (2, _) => cell.map(Step::StoreA),
        (3, _) => cell.map(Step::StoreX),
        (4, 0x00) => calculate(Arithmetic::Add),
        (4, 0x10) => calculate(Arithmetic::Subtract),
        (4, 0x20) => calculate(Arithmetic::Multiply),
        (4, 0x30) => calculate(Arithmetic::Divide),
        (4, 0x40) => calculate(Arithmetic::Or),
        (4, 0x50) => calculate(Arithmetic::And),
        (4, 0x60) => calculate(Arithmetic::ShiftLeft),
        (4, 0x70) => calculate(Arithmetic::ShiftRight),
        (4, 0x80) => Some(Step::Negate),
        (4, 0x90) => calculate(Arithmetic::Remainder),
        (4, 0xa0) => calculate(Arithmetic::Xor),
        (5, 0x00) => usize::try_from(k).ok().map(Step::Jump),
        (5, 0x10) => compare(Comparison::Equal),
        (5, 0x20) => compare(Comparison::Greater),
        (5, 0x30) => compare(Comparison::AtLeast),
        (5, 0x40) => compare(Comparison::AnyBit),
        (6, _) if code & 0x18 == 0x00 => Some(Step::Answer(k)),
        (6, _) if code & 0x18 == 0x10 => Some(Step::AnswerA),
        (7, 0x00) => Some(Step::AToX),
        (7, 0x80) => Some(Step::XToA),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(lines: &[&str]) -> Option<Program> {
        Program::new(&lines.iter().map(|line| Instruction::parse(line).unwrap()).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_no_program_is_refused() {
        for lines in [
            &[][..],
            &["0 0 0 1"],                     // no answer
            &["21 1 0 5", "6 0 0 1"],         // jumps beyond the end
            &["5 0 0 4294967295", "6 0 0 1"], // the same, far
            &["2 0 0 16", "6 0 0 1"],         // no such cell
            &["255 0 0 0", "6 0 0 1"],        // no such instruction
        ] {
            assert!(program(lines).is_none(), "{lines:?}");
        }
        assert_eq!(Instruction::parse("1 2 3"), None);
        assert_eq!(Instruction::parse("1 2 3 4 5"), None);
        assert_eq!(Instruction::parse("1 2 300 4"), None);
    }

    #[test]
    fn a_packet_that_is_too_short_is_refused_and_lengths_are_the_wires() {
        let reach = program(&["40 0 0 12", "6 0 0 65535"]).unwrap();
        assert!(!reach.passes(&[0; 13], 1500));
        assert!(reach.passes(&[0; 14], 1500));
        let long = program(&["128 0 0 0", "53 0 1 1000", "6 0 0 65535", "6 0 0 0"]).unwrap();
        assert!(long.passes(&[0; 60], 1000));
        assert!(!long.passes(&[0; 60], 999));
    }

    #[test]
    fn division_by_zero_refuses_and_wide_shifts_leave_nothing() {
        let divide = program(&["0 0 0 8", "1 0 0 0", "60 0 0 0", "6 0 0 1"]).unwrap();
        assert!(!divide.passes(&[], 0));
        let shift = program(&["0 0 0 8", "100 0 0 32", "22 0 0 0"]).unwrap();
        assert_eq!(shift.run(&[], 0), Some(0));
    }
}
