//! BACnet/IP (ANSI/ASHRAE 135, annex J): a present value is read or written, and what is answered.

/// The port.
pub const PORT: u16 = 0xbac0;

const READ: u8 = 12;
const WRITE: u8 = 15;
const CONTROL: u8 = 17;
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
