//! DHCP for IPv6 (RFC 8415): what a message is for, and what a server tells of the network.

use crate::address::Address;
use crate::reader::Reader;

/// The port of servers and relays (RFC 8415 section 7.2), and of clients.
pub const SERVER: u16 = 547;
/// See [`SERVER`].
pub const CLIENT: u16 = 546;

/// Messages between relays (RFC 8415 section 9), which carry one of a client or server.
const RELAY_FORWARD: u8 = 12;
const RELAY_REPLY: u8 = 13;

/// The kinds of messages end here (RFC 8415 section 7.3).
const KIND_MAX: u8 = 13;

/// Relays on the way of a message that are gone through (RFC 8415 section 7.6: HOP_COUNT_LIMIT).
const RELAYS_MAX: u8 = 8;

/// Options (RFC 8415 section 21, RFC 3646, RFC 4075, RFC 5908).
const OPTION_REQUEST: u16 = 6;
const RELAYED: u16 = 9;
const STATUS: u16 = 13;
const VENDOR_CLASS: u16 = 16;
const NAME_SERVERS: u16 = 23;
const SNTP_SERVERS: u16 = 31;

/// What is read of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Message<'a> {
    /// What it is for: of a relayed one what is inside.
    pub kind: u8,
    /// What the answers to a request return.
    pub transaction: u32,
    /// It goes through a relay.
    pub is_relayed: bool,
    /// The first name server that a client is told of.
    pub name_server: Option<Address>,
    /// The first time server.
    pub time_server: Option<Address>,
    /// Codes of options that a client asks for: two octets each.
    pub requested: &'a [u8],
    /// What a client says that it is: the first of such texts.
    pub vendor_class: &'a [u8],
    /// How it went (RFC 8415 section 21.13).
    pub status: Option<u16>,
}

impl<'a> Message<'a> {
    /// Reads one; None where it is none: options fill it to its end.
    #[must_use]
    pub fn read(mut bytes: Reader<'a>) -> Option<Self> {
        let mut is_relayed = false;
        for _ in 0..=RELAYS_MAX {
            let kind = bytes.u8().filter(|kind| (1..=KIND_MAX).contains(kind))?;
            if !matches!(kind, RELAY_FORWARD | RELAY_REPLY) {
                let high = bytes.u8()?;
                let transaction = u32::from(high) << 16 | u32::from(bytes.be16()?);
                let mut message = Self { kind, transaction, is_relayed, ..Self::default() };
                message.options(bytes)?;
                return Some(message);
            }
            // The hop count, the link's address and that of who sent it.
            bytes.skip(33)?;
            is_relayed = true;
            bytes = Reader::new(relayed(bytes)?);
        }
        None
    }

    fn options(&mut self, mut rest: Reader<'a>) -> Option<()> {
        while !rest.is_empty() {
            let (code, value) = option(&mut rest)?;
            match code {
                OPTION_REQUEST => self.requested = value,
                STATUS => self.status = Reader::new(value).be16(),
                NAME_SERVERS => self.name_server = first(value),
                SNTP_SERVERS => self.time_server = first(value),
                VENDOR_CLASS => {
                    let mut value = Reader::new(value);
                    value.skip(4)?;
                    let length = value.be16()?;
                    self.vendor_class = value.take(length.into())?;
                }
                _ => {}
            }
        }
        Some(())
    }
}

/// The message that a relay passes on.
fn relayed(mut rest: Reader<'_>) -> Option<&[u8]> {
    let mut found = None;
    while !rest.is_empty() {
        let (code, value) = option(&mut rest)?;
        if code == RELAYED {
            found = Some(value);
        }
    }
    found
}

fn option<'a>(rest: &mut Reader<'a>) -> Option<(u16, &'a [u8])> {
    let (code, length) = (rest.be16()?, rest.be16()?);
    Some((code, rest.take(length.into())?))
}

fn first(value: &[u8]) -> Option<Address> {
    value.first_chunk().copied().map(Address::v6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(code: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(value.len()).unwrap();
        [&code.to_be_bytes()[..], &length.to_be_bytes(), value].concat()
    }

    #[test]
    fn what_a_server_tells() {
        let server = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
        let reply =
            [vec![7, 1, 2, 3], option(1, &[1]), option(23, &[server, [7; 16]].concat()), option(13, &[0, 2])].concat();
        let message = Message::read(Reader::new(&reply)).unwrap();
        assert_eq!((message.kind, message.transaction, message.status), (7, 0x0001_0203, Some(2)));
        assert_eq!(message.name_server, Some(Address::v6(server)));
        for cut in 0..reply.len() {
            let whole = [4, 9, 45].contains(&cut);
            assert_eq!(Message::read(Reader::new(&reply[..cut])).is_some(), whole, "{cut}");
        }
        // As relays pass it on, and as no relays do.
        let mut relayed = reply.clone();
        for hops in 1..=9 {
            relayed = [vec![13, 0], vec![0; 32], option(9, &relayed), option(18, b"x")].concat();
            let found = Message::read(Reader::new(&relayed));
            assert_eq!(found, (hops <= 8).then_some(Message { is_relayed: true, ..message }), "{hops}");
        }
    }

    #[test]
    fn what_a_client_says() {
        let class = [&[0, 0, 1, 0x37, 0, 8][..], b"MSFT 5.0"].concat();
        let solicit = [vec![1, 0, 0, 1], option(16, &class), option(6, &[0, 23, 0, 24])].concat();
        let message = Message::read(Reader::new(&solicit)).unwrap();
        assert_eq!((message.vendor_class, message.requested), (&b"MSFT 5.0"[..], &[0, 23, 0, 24][..]));
        for none in [&[][..], &[0, 0, 0, 1], &[14, 0, 0, 1], &[1, 0, 0, 1, 0], &[12, 0]] {
            assert_eq!(Message::read(Reader::new(none)), None, "{none:?}");
        }
    }
}
