//! DHCP for IPv4 (RFC 2131): which address a server gave to whom, and what it told of the network.
//!
//! What a server acknowledged or offers is a [`Lease`]; [`Options`] is what any message says. Names of hosts (option 12) are free text,
//! and are not read: only that there is one.

use crate::address::{Address, Mac};
use crate::packet::Packet;
use crate::peel::{Layout, protocol};
use crate::reader::{Reader, be32_at};

/// The port of servers (RFC 2131 section 4.1), and of clients.
pub const SERVER: u16 = 67;
/// See [`SERVER`].
pub const CLIENT: u16 = 68;

/// Addresses read of one option; a list has the preferred ones first (RFC 2132 section 3.5).
pub const LISTED_MAX: usize = 4;

/// Kinds of messages: of a client, and of a server (RFC 2131 section 2, `op`).
pub const REQUEST: u8 = 1;
/// See [`REQUEST`].
pub const REPLY: u8 = 2;
const ETHERNET: [u8; 2] = [1, 6];
const COOKIE: u32 = 0x6382_5363;
const OFFERED: u8 = 2;
const ACKNOWLEDGED: u8 = 5;

/// Options (RFC 2132).
const PAD: u8 = 0;
const ROUTERS: u8 = 3;
const NAME_SERVERS: u8 = 6;
const HOST_NAME: u8 = 12;
const TIME_SERVERS: u8 = 42;
const REQUESTED_ADDRESS: u8 = 50;
const LEASE_TIME: u8 = 51;
const MESSAGE_TYPE: u8 = 53;
const SERVER_IDENTIFIER: u8 = 54;
const PARAMETERS: u8 = 55;
const VENDOR_CLASS: u8 = 60;
const CLIENT_IDENTIFIER: u8 = 61;
const BOOT_SERVER: u8 = 66;
const BOOT_FILE: u8 = 67;
/// RFC 3046.
const RELAY_INFORMATION: u8 = 82;
const END: u8 = 255;

/// A lease that a server acknowledged (DHCPACK), or offers (DHCPOFFER).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The client's own hardware address (`chaddr`).
    pub client: Mac,
    /// The address that it may use (`yiaddr`).
    pub address: Address,
    /// The server by its own word (option 54), else the sender.
    pub server: Address,
    /// Who sent the packet: the server, or a relay.
    pub sender: Address,
    /// The hardware address that the packet came from.
    pub sender_mac: Option<Mac>,
    /// The relay between them (`giaddr`).
    pub relay: Option<Address>,
    /// It is on its way to a relay: the frame is not of the client's network.
    pub to_relay: bool,
    /// It is offered: the client may take it, or another one.
    pub is_offer: bool,
    /// Routers that the client is told of, the first [`LISTED_MAX`].
    pub routers: Vec<Address>,
    /// Name servers that the client is told of, the first [`LISTED_MAX`].
    pub name_servers: Vec<Address>,
}

/// True for a UDP packet between DHCP's ports. All of a conversation or none: either end may be a relay.
#[inline]
#[must_use]
pub fn is_dhcp(packet: &Packet<'_>, layout: &Layout) -> bool {
    layout.protocol() == protocol::UDP
        && be32_at(packet.bytes, usize::from(layout.transport)).is_some_and(|ports| {
            let known = |port| port == u32::from(SERVER) || port == u32::from(CLIENT);
            known(ports >> 16) && known(ports & 0xffff)
        })
}

/// The lease in a packet, where it holds one.
#[must_use]
pub fn read(packet: &Packet<'_>, layout: &Layout) -> Option<Lease> {
    let mut ip = Reader::new(packet.bytes.get(usize::from(layout.network)..)?);
    if ip.u8()? >> 4 != 4 {
        return None;
    }
    ip.skip(11)?;
    let sender = Address::v4(ip.be32()?);
    let end = layout.end().min(packet.bytes.len());
    let mut udp = Reader::new(packet.bytes.get(usize::from(layout.transport)..end)?);
    let (from, to) = (udp.be16()?, udp.be16()?);
    udp.skip(4)?;
    if from != SERVER {
        return None;
    }
    let mut lease = lease(udp)?;
    if !lease.server.is_host() {
        lease.server = sender;
    }
    (lease.sender, lease.sender_mac) = (sender, layout.source_mac(packet.bytes));
    lease.to_relay = to == SERVER;
    Some(lease)
}

/// A message by or for a client: the fixed part of RFC 2131 section 2 as far as it is read here.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// [`REQUEST`] or [`REPLY`].
    pub operation: u8,
    /// What the answers to a request return (`xid`).
    pub transaction: u32,
    /// The client's own hardware address (`chaddr`), where it is one of Ethernet.
    pub client: Option<Mac>,
    /// The address that it may use (`yiaddr`).
    pub address: Address,
    /// The relay between client and server (`giaddr`).
    pub relay: Address,
    options: Reader<'a>,
}

impl<'a> Message<'a> {
    /// Reads one; None where it is none, or is cut in front of the options.
    #[must_use]
    pub fn read(mut message: Reader<'a>) -> Option<Self> {
        let operation = message.u8().filter(|operation| matches!(*operation, REQUEST | REPLY))?;
        let is_ethernet = message.take(2)? == ETHERNET;
        message.skip(1)?;
        let transaction = message.be32()?;
        // secs, flags, ciaddr; later siaddr, and behind chaddr sname and file.
        message.skip(8)?;
        let address = Address::v4(message.be32()?);
        message.skip(4)?;
        let relay = Address::v4(message.be32()?);
        let client = message.take(16)?.first_chunk().copied().map(Mac);
        message.skip(192)?;
        if message.be32()? != COOKIE {
            return None;
        }
        let client = client.filter(|client| is_ethernet && client.is_host());
        Some(Self { operation, transaction, client, address, relay, options: message })
    }

    /// The options, each with its code (RFC 2132 section 2), up to the end or a cut.
    pub fn options(&self) -> impl Iterator<Item = (u8, &'a [u8])> {
        let mut rest = self.options;
        std::iter::from_fn(move || {
            loop {
                match rest.u8()? {
                    PAD => {}
                    END => return None,
                    code => return Some((code, rest.u8().and_then(|length| rest.take(usize::from(length)))?)),
                }
            }
        })
    }
}

/// What a message says in its options, as far as it is read here.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// What it is for (RFC 2132 section 9.6).
    pub kind: Option<u8>,
    /// The server by its own word.
    pub server: Option<Address>,
    /// The address that a client asks for.
    pub requested: Option<Address>,
    /// Seconds for which an address is given.
    pub lease_seconds: Option<u32>,
    /// The first router that a client is told of.
    pub router: Option<Address>,
    /// The first name server.
    pub name_server: Option<Address>,
    /// The first time server.
    pub time_server: Option<Address>,
    /// What a client asks to be told, in its order.
    pub parameters: &'a [u8],
    /// What a client says that it is.
    pub vendor_class: &'a [u8],
    /// The type of a client's identifier: that of a hardware address, 0, or 255 (RFC 4361).
    pub identifier_type: Option<u8>,
    /// It names a host.
    pub has_host_name: bool,
    /// It names a server or a file to start from.
    pub has_boot: bool,
    /// A relay has said where the client is.
    pub has_relay_information: bool,
}

impl<'a> Message<'a> {
    /// Reads the options.
    #[must_use]
    pub fn said(&self) -> Options<'a> {
        let mut said = Options::default();
        for (code, value) in self.options() {
            match code {
                MESSAGE_TYPE => said.kind = value.first().copied().filter(|_| value.len() == 1),
                SERVER_IDENTIFIER => said.server = first(value),
                REQUESTED_ADDRESS => said.requested = first(value),
                LEASE_TIME => said.lease_seconds = value.first_chunk().map(|seconds| u32::from_be_bytes(*seconds)),
                ROUTERS => said.router = first(value),
                NAME_SERVERS => said.name_server = first(value),
                TIME_SERVERS => said.time_server = first(value),
                PARAMETERS => said.parameters = value,
                VENDOR_CLASS => said.vendor_class = value,
                CLIENT_IDENTIFIER => said.identifier_type = value.first().copied(),
                HOST_NAME => said.has_host_name = true,
                BOOT_SERVER | BOOT_FILE => said.has_boot = true,
                RELAY_INFORMATION => said.has_relay_information = true,
                _ => {}
            }
        }
        said
    }
}

/// The lease of a reply, where it acknowledges one.
fn lease(message: Reader<'_>) -> Option<Lease> {
    let message = Message::read(message).filter(|message| message.operation == REPLY && message.address.is_host())?;
    let mut lease = Lease {
        client: message.client?,
        address: message.address,
        server: Address::default(),
        sender: Address::default(),
        sender_mac: None,
        relay: Some(message.relay).filter(|relay| relay.is_host()),
        to_relay: false,
        is_offer: false,
        routers: Vec::new(),
        name_servers: Vec::new(),
    };
    let mut kind = None;
    for (code, value) in message.options() {
        match code {
            MESSAGE_TYPE => kind = value.first().copied().filter(|_| value.len() == 1),
            SERVER_IDENTIFIER => lease.server = listed(value).first().copied().unwrap_or_default(),
            ROUTERS => lease.routers = listed(value),
            NAME_SERVERS => lease.name_servers = listed(value),
            _ => {}
        }
    }
    lease.is_offer = kind == Some(OFFERED);
    (lease.is_offer || kind == Some(ACKNOWLEDGED)).then_some(lease)
}

/// The first address of a list.
fn first(value: &[u8]) -> Option<Address> {
    value.first_chunk().map(|octets| Address::v4(u32::from_be_bytes(*octets)))
}

fn listed(value: &[u8]) -> Vec<Address> {
    let (addresses, _) = value.as_chunks::<4>();
    addresses.iter().take(LISTED_MAX).map(|octets| Address::v4(u32::from_be_bytes(*octets))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{LinkType, Timestamp};
    use crate::peel::{Peeled, peel};

    const MAC: [u8; 6] = [0, 9, 0xfb, 1, 2, 3];

    fn body(kind: u8, gets: [u8; 4], options: &[u8]) -> Vec<u8> {
        let mut body = vec![0; 236];
        body[..4].copy_from_slice(&[2, 1, 6, 0]);
        body[16..20].copy_from_slice(&gets);
        body[28..34].copy_from_slice(&MAC);
        body.extend_from_slice(&[99, 130, 83, 99, 53, 1, kind]);
        body.extend_from_slice(options);
        body.push(END);
        body
    }

    fn packet(bytes: &[u8], sent: usize) -> Packet<'_> {
        Packet { time: Timestamp::default(), link: LinkType::ETHERNET, bytes, sent: u32::try_from(sent).unwrap() }
    }

    /// The lease of a message from 10.0.0.9; cuts and every octet that is another one give a lease or none, and no panic.
    fn read_frame(ports: [u16; 2], body: &[u8]) -> Option<Lease> {
        let length = |more: usize| u16::try_from(body.len() + more).unwrap().to_be_bytes();
        let mut frame = [[0x33; 6], [2; 6]].concat();
        frame.extend([8, 0, 0x45, 0]);
        frame.extend(length(28));
        frame.extend([0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 9, 255, 255, 255, 255]);
        ports.iter().for_each(|port| frame.extend(port.to_be_bytes()));
        frame.extend(length(8));
        frame.extend([0, 0]);
        frame.extend(body);
        let sent = frame.len();
        let Peeled::Ip(layout) = peel(&packet(&frame, sent)) else { panic!("an IP packet") };
        assert!(is_dhcp(&packet(&frame, sent), &layout));
        for cut in 0..sent {
            let known = read(&packet(&frame[..cut], sent), &layout).is_some();
            // Headers, the fixed part, the cookie, and the type of the message.
            assert!(!known || cut >= 42 + 236 + 4 + 3, "cut at {cut}");
        }
        for at in 42..sent {
            let mut other = frame.clone();
            other[at] = 0xfe;
            assert!(read(&packet(&other, sent), &layout).is_none_or(|lease| lease.routers.len() <= LISTED_MAX));
        }
        read(&packet(&frame, sent), &layout)
    }

    #[test]
    fn what_a_server_acknowledged() {
        let options = [
            &[0, 12, 4, b'n', b'a', b'm', b'e', 54, 4, 10, 0, 0, 8, 3, 4, 10, 0, 0, 1][..],
            &[6, 22, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6],
        ]
        .concat();
        let lease = read_frame([67, 68], &body(5, [10, 0, 0, 7], &options)).unwrap();
        let v4 = |last: u32| Address::v4(0x0a00_0000 + last);
        assert_eq!((lease.client, lease.address), (Mac(MAC), v4(7)));
        assert_eq!((lease.server, lease.sender, lease.sender_mac), (v4(8), v4(9), Some(Mac([2; 6]))));
        assert_eq!((lease.relay, lease.to_relay, lease.is_offer), (None, false, false));
        assert!(read_frame([67, 68], &body(2, [10, 0, 0, 7], &options)).unwrap().is_offer);
        assert_eq!(lease.routers, [v4(1)]);
        assert_eq!(lease.name_servers.len(), LISTED_MAX);
        assert!(read_frame([67, 67], &body(5, [10, 0, 0, 7], &options)).unwrap().to_relay);
        assert_eq!(read_frame([67, 68], &body(5, [10, 0, 0, 7], &[])).unwrap().server, v4(9));
    }

    #[test]
    fn what_is_no_lease() {
        for (ports, body) in [
            ([68, 67], body(5, [10, 0, 0, 7], &[])),
            ([67, 68], body(6, [10, 0, 0, 7], &[])),
            // Of a client that has an address and only asks for options (RFC 2131 section 3.4).
            ([67, 68], body(5, [0; 4], &[])),
            ([67, 68], body(5, [224, 0, 0, 1], &[])),
            ([67, 68], [&[1][..], &body(5, [10, 0, 0, 7], &[])[1..]].concat()),
            ([67, 68], [&[2, 6][..], &body(5, [10, 0, 0, 7], &[])[2..]].concat()),
        ] {
            assert_eq!(read_frame(ports, &body), None, "{ports:?} {body:?}");
        }
    }
}
