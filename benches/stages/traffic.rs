//! Conversations and frames to measure with: deterministic, invented.

use wardtap_net::packet::{LinkType, Packet, Timestamp};
use wardtap_net::stream::Side;

/// Octets of payload in a full segment.
const SEGMENT_MAX: usize = 1460;

/// Nanoseconds from one packet to the next.
const PACKET_NANOS: u64 = 100_000;

/// When the traffic begins.
const BEGIN: Timestamp = Timestamp::from_seconds(1_790_000_000);

/// A piece of a conversation: who sends (`A` is the responder, which has the lower address) and what.
pub(crate) type Turn = (Side, Vec<u8>);

/// A conversation, and how many messages it holds.
pub(crate) struct Talk {
    pub(crate) turns: Vec<Turn>,
    pub(crate) messages: u64,
    /// The responder's port.
    pub(crate) port: u16,
}

impl Talk {
    /// The same in pieces as TCP segments carry it.
    pub(crate) fn segments(&self) -> Vec<Turn> {
        let cut =
            |(side, bytes): &Turn| -> Vec<Turn> { bytes.chunks(SEGMENT_MAX).map(|b| (*side, b.to_vec())).collect() };
        self.turns.iter().flat_map(cut).collect()
    }
}

/// Requests and responses of Modbus/TCP: registers read and written, now and then an exception.
pub(crate) fn modbus(pairs: u16) -> Talk {
    let adu = |transaction: u16, pdu: &[u8]| {
        let mut adu = transaction.to_be_bytes().to_vec();
        adu.extend([0, 0]);
        adu.extend((pdu.len() as u16 + 1).to_be_bytes());
        adu.push(1);
        adu.extend(pdu);
        adu
    };
    let mut turns = Vec::new();
    for transaction in 0..pairs {
        let [high, low] = (transaction % 900 * 10).to_be_bytes();
        let quantity = 1 + (transaction % 30) as u8;
        let mut data = vec![3, quantity * 2];
        data.extend((0..quantity * 2).map(|octet| octet.wrapping_mul(37)));
        let (request, response) = match transaction % 100 {
            0 => (vec![3, high, low, 0, quantity], vec![0x83, 2]),
            1..15 => (vec![6, high, low, 1, 2], vec![6, high, low, 1, 2]),
            _ => (vec![3, high, low, 0, quantity], data),
        };
        turns.push((Side::B, adu(transaction, &request)));
        turns.push((Side::A, adu(transaction, &response)));
    }
    Talk { turns, messages: u64::from(pairs) * 2, port: 502 }
}

/// HL7 results of `observations` OBX segments each, and their acknowledgements.
pub(crate) fn hl7(pairs: u32, observations: u32) -> Talk {
    let mut turns = Vec::new();
    for number in 0..pairs {
        let mut result = format!(
            "\x0bMSH|^~\\&|DEV001|WARD1|EHR|MAINHOSP|20260921120000||ORU^R01^ORU_R01|DEV001-{number:07}|P|2.5.1|||AL|NE\r\
             PID|1||00000001^^^MAINHOSP^MR||FICTIVE^EDDA^Q||19700101|F|||1 EXAMPLE ST^^NOWHERE^ZZ^00000||555-0100\r\
             PV1|1|I|ICU^1^A||||1^HOUSE^GREGOR^^^DR|||MED||||1|||1^HOUSE^GREGOR^^^DR|IN|V0000001\r\
             OBR|1|ORD1|FIL1|8867-4^Heart rate^LN|||20260921120000||||||||||||||||20260921120000||PHY|F\r"
        );
        for set in 1..=observations {
            result += &format!(
                "OBX|{set}|NM|8867-4^Heart rate^LN|1.{set}|{}.5|{{unit}}|40-120|N|||F|||20260921120000|||MON0001^ACME^001^EUI-64\r",
                40 + set % 80
            );
        }
        result += "\x1c\r";
        let acknowledgement = format!(
            "\x0bMSH|^~\\&|EHR|MAINHOSP|DEV001|WARD1|20260921120000||ACK|ADEV001-{number:07}|P|2.5.1\r\
             MSA|AA|DEV001-{number:07}\r\x1c\r"
        );
        turns.push((Side::B, result.into_bytes()));
        turns.push((Side::A, acknowledgement.into_bytes()));
    }
    Talk { turns, messages: u64::from(pairs) * 2, port: 2575 }
}

const VERIFICATION: &str = "1.2.840.10008.1.1";
const CT_STORAGE: &str = "1.2.840.10008.5.1.4.1.1.2";
const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";

/// One DICOM association: `images` of `octets` each stored (with none, as many echoes), and its release.
pub(crate) fn dicom(images: u16, octets: usize) -> Talk {
    let pixels: Vec<u8> = (0..octets).map(|at| (at * 31 % 251) as u8).collect();
    let mut turns = vec![(Side::B, association(1)), (Side::A, association(2))];
    for number in 1..=images {
        if octets == 0 {
            let request = command(VERIFICATION, 0x0030, 0x0110, number, &[]);
            let response = command(VERIFICATION, 0x8030, 0x0120, number, &[(0x0900, vec![0, 0])]);
            turns.push((Side::B, pdata(1, 3, &request)));
            turns.push((Side::A, pdata(1, 3, &response)));
            continue;
        }
        let instance = uid(&format!("1.2.826.0.1.3680043.9.9999.3.1.{number}"));
        let request = command(CT_STORAGE, 0x0001, 0x0110, number, &[(0x0700, vec![0, 0]), (0x1000, instance.clone())]);
        let response = command(CT_STORAGE, 0x8001, 0x0120, number, &[(0x0900, vec![0, 0]), (0x1000, instance)]);
        let mut store = pdata(3, 3, &request);
        let mut data_set = vec![0xe0, 0x7f, 0x10, 0x00, b'O', b'W', 0, 0];
        data_set.extend((octets as u32).to_le_bytes());
        data_set.extend(&pixels);
        let pieces = data_set.chunks(16_378).enumerate();
        let last = data_set.len().div_ceil(16_378) - 1;
        for (piece, bytes) in pieces {
            store.extend(pdata(3, if piece == last { 2 } else { 0 }, bytes));
        }
        turns.push((Side::B, store));
        turns.push((Side::A, pdata(3, 3, &response)));
    }
    turns.push((Side::B, vec![5, 0, 0, 0, 0, 4, 0, 0, 0, 0]));
    turns.push((Side::A, vec![6, 0, 0, 0, 0, 4, 0, 0, 0, 0]));
    Talk { turns, messages: 4 + u64::from(images) * 2, port: 104 }
}

fn item(kind: u8, value: &[u8]) -> Vec<u8> {
    let mut item = vec![kind, 0];
    item.extend((value.len() as u16).to_be_bytes());
    item.extend(value);
    item
}

/// An A-ASSOCIATE-RQ (1) or -AC (2) with two presentation contexts (PS3.8 section 9.3).
fn association(kind: u8) -> Vec<u8> {
    let mut body = vec![0, 1, 0, 0];
    body.extend(b"ARCHIVE         MOD01_CT        ");
    body.extend([0; 32]);
    body.extend(item(0x10, b"1.2.840.10008.3.1.1.1"));
    for (context, syntax) in [(1, VERIFICATION), (3, CT_STORAGE)] {
        let mut value = vec![context, 0, 0, 0];
        if kind == 1 {
            value.extend(item(0x30, syntax.as_bytes()));
        }
        value.extend(item(0x40, EXPLICIT_LE.as_bytes()));
        body.extend(item(if kind == 1 { 0x20 } else { 0x21 }, &value));
    }
    let mut user = item(0x51, &16_384u32.to_be_bytes());
    user.extend(item(0x52, b"1.2.826.0.1.3680043.9.9999.1"));
    user.extend(item(0x55, b"WARDBENCH_1"));
    body.extend(item(0x50, &user));
    let mut pdu = vec![kind, 0];
    pdu.extend((body.len() as u32).to_be_bytes());
    pdu.extend(body);
    pdu
}

/// A P-DATA-TF PDU with one PDV.
fn pdata(context: u8, control: u8, bytes: &[u8]) -> Vec<u8> {
    let mut pdu = vec![4, 0];
    pdu.extend((bytes.len() as u32 + 6).to_be_bytes());
    pdu.extend((bytes.len() as u32 + 2).to_be_bytes());
    pdu.extend([context, control]);
    pdu.extend(bytes);
    pdu
}

/// A command set (PS3.7 section 6.3.1); a C-STORE-RQ alone announces a data set.
fn command(class: &str, field: u16, id_element: u16, id: u16, more: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let data_set: u16 = if field == 1 { 0 } else { 0x0101 };
    let mut elements = vec![
        (0x0002, uid(class)),
        (0x0100, field.to_le_bytes().to_vec()),
        (id_element, id.to_le_bytes().to_vec()),
        (0x0800, data_set.to_le_bytes().to_vec()),
    ];
    elements.extend(more.iter().cloned());
    elements.sort();
    let element = |(number, value): &(u16, Vec<u8>)| {
        let mut element = vec![0, 0];
        element.extend(number.to_le_bytes());
        element.extend((value.len() as u32).to_le_bytes());
        element.extend(value);
        element
    };
    let body: Vec<u8> = elements.iter().flat_map(element).collect();
    let mut command = element(&(0, (body.len() as u32).to_le_bytes().to_vec()));
    command.extend(body);
    command
}

fn uid(text: &str) -> Vec<u8> {
    let mut uid = text.as_bytes().to_vec();
    uid.resize(uid.len().next_multiple_of(2), 0);
    uid
}

/// A captured frame.
#[derive(Clone)]
pub(crate) struct Frame {
    pub(crate) time: Timestamp,
    pub(crate) bytes: Vec<u8>,
}

impl Frame {
    pub(crate) fn packet(&self) -> Packet<'_> {
        Packet { time: self.time, link: LinkType::ETHERNET, bytes: &self.bytes, sent: self.bytes.len() as u32 }
    }
}

/// What stands before the IP header of a frame.
#[derive(Clone, Copy)]
pub(crate) enum Wrapping {
    /// Ethernet alone.
    Plain,
    /// One VLAN tag.
    Vlan,
    /// IPv4, GRE and ERSPAN type II, as a remote mirror sends it, around another Ethernet frame.
    Erspan,
}

const FIN: u8 = 1;
const SYN: u8 = 2;
const PSH: u8 = 8;
const ACK: u8 = 16;

/// One TCP connection of many.
struct Connection {
    addresses: [u32; 2],
    ports: [u16; 2],
    next: [u32; 2],
    identification: u16,
}

impl Connection {
    /// Connection `number`: `A` is the responder.
    fn new(number: u32, port: u16) -> Self {
        Self {
            addresses: [0x0a14_0400 | (number % 200), 0x0a28_0000 | number],
            ports: [port, 32_768 + (number % 28_000) as u16],
            next: [number.wrapping_mul(0x9e37_79b9), number.wrapping_mul(0x85eb_ca6b)],
            identification: 0,
        }
    }

    fn segment(&mut self, from: Side, flags: u8, payload: &[u8], wrapping: Wrapping) -> Vec<u8> {
        let to = from.other();
        let acknowledged = if flags & ACK == 0 { 0 } else { *to.of(&self.next) };
        self.identification = self.identification.wrapping_add(1);
        let length = 40 + payload.len() as u16;
        let mut ip = vec![0x45, 0];
        ip.extend(length.to_be_bytes());
        ip.extend(self.identification.to_be_bytes());
        ip.extend([0x40, 0, 64, 6, 0, 0]);
        ip.extend(from.of(&self.addresses).to_be_bytes());
        ip.extend(to.of(&self.addresses).to_be_bytes());
        let sum = checksum(&[&ip]);
        ip[10..12].copy_from_slice(&sum.to_be_bytes());
        let mut tcp = from.of(&self.ports).to_be_bytes().to_vec();
        tcp.extend(to.of(&self.ports).to_be_bytes());
        tcp.extend(from.of(&self.next).to_be_bytes());
        tcp.extend(acknowledged.to_be_bytes());
        tcp.extend([0x50, flags, 0xfa, 0xf0, 0, 0, 0, 0]);
        let pseudo = [&ip[12..20], &[0, 6], &(length - 20).to_be_bytes()].concat();
        let sum = checksum(&[&pseudo, &tcp, payload]);
        tcp[16..18].copy_from_slice(&sum.to_be_bytes());
        let advance = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        let next = from.of_mut(&mut self.next);
        *next = next.wrapping_add(advance);
        let mut frame = wrapped(wrapping, length);
        frame.extend(ip);
        frame.extend(tcp);
        frame.extend(payload);
        frame.resize(frame.len().max(60), 0);
        frame
    }

    fn open(&mut self, wrapping: Wrapping) -> [Vec<u8>; 3] {
        [
            self.segment(Side::B, SYN, &[], wrapping),
            self.segment(Side::A, SYN | ACK, &[], wrapping),
            self.segment(Side::B, ACK, &[], wrapping),
        ]
    }
}

/// The headers before an IP packet of `length` octets.
fn wrapped(wrapping: Wrapping, length: u16) -> Vec<u8> {
    let mut header = vec![0, 9, 0x6e, 0, 0, 1, 0, 0x1b, 0x21, 0, 0, 2];
    match wrapping {
        Wrapping::Plain => header.extend([8, 0]),
        Wrapping::Vlan => header.extend([0x81, 0, 0, 110, 8, 0]),
        Wrapping::Erspan => {
            header.extend([8, 0, 0x45, 0]);
            header.extend((length + 14 + 20 + 8 + 8).to_be_bytes());
            header.extend([0, 1, 0x40, 0, 64, 47, 0, 0, 10, 9, 0, 1, 10, 9, 0, 2]);
            let sum = checksum(&[&header[14..34]]);
            header[24..26].copy_from_slice(&sum.to_be_bytes());
            header.extend([0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 110, 0, 1, 0, 0, 0, 0]);
            header.extend(wrapped(Wrapping::Plain, length));
        }
    }
    header
}

/// The Internet checksum (RFC 1071); all parts but the last have an even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |&low| u32::from(low));
    let mut sum: u32 = parts.iter().flat_map(|part| part.chunks(2)).map(word).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// `connections` that each hold the same talk, interleaved turn by turn; none of them ends.
pub(crate) fn interleaved(talk: &Talk, connections: u32, wrapping: Wrapping) -> Vec<Frame> {
    let mut all: Vec<Connection> = (0..connections).map(|number| Connection::new(number, talk.port)).collect();
    let mut frames: Vec<Vec<u8>> = all.iter_mut().flat_map(|connection| connection.open(wrapping)).collect();
    for (side, bytes) in talk.segments() {
        for connection in &mut all {
            frames.push(connection.segment(side, PSH | ACK, &bytes, wrapping));
        }
    }
    timed(frames)
}

/// `connections` one after the other: a handshake, one request, one response, and the end.
pub(crate) fn short_lived(talk: &Talk, connections: u32) -> Vec<Frame> {
    let wrapping = Wrapping::Plain;
    let mut frames = Vec::new();
    for number in 0..connections {
        let mut connection = Connection::new(number, talk.port);
        frames.extend(connection.open(wrapping));
        for (side, bytes) in talk.turns.iter().take(2) {
            frames.push(connection.segment(*side, PSH | ACK, bytes, wrapping));
        }
        frames.push(connection.segment(Side::B, FIN | ACK, &[], wrapping));
        frames.push(connection.segment(Side::A, FIN | ACK, &[], wrapping));
        frames.push(connection.segment(Side::B, ACK, &[], wrapping));
    }
    timed(frames)
}

/// The packets of one side of one connection, where every second one comes before its predecessor.
pub(crate) fn swapped(octets: usize) -> Vec<Frame> {
    let mut connection = Connection::new(1, 104);
    let mut frames = connection.open(Wrapping::Plain).to_vec();
    let payload = [0x5a; SEGMENT_MAX];
    let begin = frames.len();
    for _ in 0..octets.div_ceil(SEGMENT_MAX * 2) * 2 {
        frames.push(connection.segment(Side::B, ACK, &payload, Wrapping::Plain));
    }
    frames[begin..].chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
    timed(frames)
}

fn timed(frames: Vec<Vec<u8>>) -> Vec<Frame> {
    (0u64..).zip(frames).map(|(number, bytes)| Frame { time: BEGIN.plus(number * PACKET_NANOS), bytes }).collect()
}
