//! BACnet/IP (ANSI/ASHRAE 135, annex J): a present value is read or written, and what is answered.

/// The port.
pub const PORT: u16 = 0xbac0;

const READ: u8 = 12;
const WRITE: u8 = 15;
const CONTROL: u8 = 17;
const REINITIALIZE: u8 = 20;
/// An analogue value (clause 12.4).
const ANALOG_VALUE: u32 = 2;

/// Link layer (clause J.2.11), network layer (clause 6.2; with `asks` an answer is expected) and what they carry.
fn datagram(asks: bool, apdu: &[&[u8]]) -> Vec<u8> {
    let length = 6 + apdu.iter().map(|part| part.len()).sum::<usize>();
    let mut out = vec![0x81, 0x0a, (length >> 8) as u8, length as u8, 1, if asks { 4 } else { 0 }];
    apdu.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// Object and property (clause 21): present value.
fn present_value(instance: u32) -> Vec<u8> {
    let mut out = vec![0x0c];
    out.extend_from_slice(&(ANALOG_VALUE << 22 | instance).to_be_bytes());
    out.extend_from_slice(&[0x19, 85]);
    out
}

fn real(value: f32) -> Vec<u8> {
    let mut out = vec![0x3e, 0x44];
    out.extend_from_slice(&value.to_be_bytes());
    out.push(0x3f);
    out
}

/// The present value of an object is asked for.
pub fn read(invoke: u8, instance: u32) -> Vec<u8> {
    datagram(true, &[&[0, 4, invoke, READ], &present_value(instance)])
}

/// And answered.
pub fn answer(invoke: u8, instance: u32, value: f32) -> Vec<u8> {
    datagram(false, &[&[0x30, invoke, READ], &present_value(instance), &real(value)])
}

/// It is set, with an operator's priority.
pub fn write(invoke: u8, instance: u32, value: f32) -> Vec<u8> {
    datagram(true, &[&[0, 4, invoke, WRITE], &present_value(instance), &real(value), &[0x49, 8]])
}

/// And done.
pub fn done(invoke: u8) -> Vec<u8> {
    datagram(false, &[&[0x20, invoke, WRITE]])
}

/// DeviceCommunicationControl (clause 16.1): a device is to be silent for so many minutes.
pub fn silence(invoke: u8, minutes: u8, password: &str) -> Vec<u8> {
    let length = 1 + password.len() as u8;
    datagram(true, &[&[0, 4, invoke, CONTROL, 0x09, minutes, 0x19, 1, 0x2d, length, 0], password.as_bytes()])
}

/// And will be.
pub fn silenced(invoke: u8) -> Vec<u8> {
    datagram(false, &[&[0x20, invoke, CONTROL]])
}

/// A device (clause 12.11), and properties that tell what there is (clause 21).
pub const DEVICE: u32 = 8;
/// See above.
pub const OBJECT_LIST: u8 = 76;
/// See above.
pub const OBJECT_NAME: u8 = 77;

fn object(kind: u32, instance: u32) -> [u8; 4] {
    (kind << 22 | instance).to_be_bytes()
}

/// Object, property and, of a list, the place in it.
fn place(of: [u32; 2], property: u8, index: Option<u8>) -> Vec<u8> {
    let mut out = vec![0x0c];
    out.extend_from_slice(&object(of[0], of[1]));
    out.extend_from_slice(&[0x19, property]);
    out.extend(index.into_iter().flat_map(|index| [0x29, index]));
    out
}

/// Any property is asked for.
pub fn ask(invoke: u8, of: [u32; 2], property: u8, index: Option<u8>) -> Vec<u8> {
    datagram(true, &[&[0, 4, invoke, READ], &place(of, property, index)])
}

/// And told: a value as [`text`], [`number`] or [`identifier`] write it.
pub fn tell(invoke: u8, of: [u32; 2], property: u8, index: Option<u8>, value: &[u8]) -> Vec<u8> {
    datagram(false, &[&[0x30, invoke, READ], &place(of, property, index), &[0x3e], value, &[0x3f]])
}

/// A character string in UTF-8 (clause 20.2.9).
pub fn text(text: &str) -> Vec<u8> {
    [&[0x75, 1 + text.len() as u8, 0], text.as_bytes()].concat()
}

/// An unsigned number.
pub fn number(number: u8) -> Vec<u8> {
    vec![0x21, number]
}

/// An object's identifier.
pub fn identifier(kind: u32, instance: u32) -> Vec<u8> {
    [&[0xc4][..], &object(kind, instance)].concat()
}

/// Who-Is to all (clause 16.10).
pub fn who_is() -> Vec<u8> {
    vec![0x81, 0x0b, 0, 12, 1, 0x20, 0xff, 0xff, 0, 0xff, 0x10, 8]
}

/// I-Am: a device, how long a message it takes, that it takes it in one piece, and its maker.
pub fn i_am(instance: u32, maker: u8) -> Vec<u8> {
    datagram(false, &[&[0x10, 0], &identifier(DEVICE, instance), &[0x22, 0x05, 0xc4, 0x91, 3, 0x21, maker]])
}

/// ReinitializeDevice (clause 16.4): a device is to start cold.
pub fn restart(invoke: u8, password: &str) -> Vec<u8> {
    let length = 1 + password.len() as u8;
    datagram(true, &[&[0, 4, invoke, REINITIALIZE, 0x09, 0, 0x1d, length, 0], password.as_bytes()])
}

/// And will.
pub fn restarting(invoke: u8) -> Vec<u8> {
    datagram(false, &[&[0x20, invoke, REINITIALIZE]])
}
