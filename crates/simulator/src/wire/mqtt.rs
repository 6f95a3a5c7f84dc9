//! MQTT 3.1.1 control packets.

fn packet(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut left: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = vec![kind];
    loop {
        let low = (left % 128) as u8;
        left /= 128;
        out.push(if left > 0 { low | 0x80 } else { low });
        if left == 0 {
            break;
        }
    }
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat()
}

/// CONNECT, with a user's name and password.
pub fn connect(client: &str, user: &str) -> Vec<u8> {
    packet(0x10, &[&text("MQTT"), &[4, 0xc2, 0, 60], &text(client), &text(user), &text("secret-of-it")])
}

/// CONNACK: welcome.
pub const WELCOME: &[u8] = &[0x20, 2, 0, 0];

/// SUBSCRIBE to one filter.
pub fn subscribe(filter: &str) -> Vec<u8> {
    packet(0x82, &[&[0, 1], &text(filter), &[0]])
}

/// SUBACK: granted.
pub const GRANTED: &[u8] = &[0x90, 3, 0, 1, 0];

/// PUBLISH.
pub fn publish(topic: &str, payload: &str) -> Vec<u8> {
    packet(0x30, &[&text(topic), payload.as_bytes()])
}

/// PINGREQ.
pub const PING: &[u8] = &[0xc0, 0];

/// PINGRESP.
pub const ALIVE: &[u8] = &[0xd0, 0];

/// DISCONNECT.
pub const GOODBYE: &[u8] = &[0xe0, 0];
