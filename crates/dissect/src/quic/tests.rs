use aes_gcm::Aes128Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::aes::Aes128;
use aes_gcm::aes::cipher::{Array, BlockCipherEncrypt};
use wardtap_net::stream::Side::{self, A, B};

use super::keys::Keys;
use super::wire::{Kind, Packet};
use crate::exercise::{Step, Transcript, exercise};
use crate::{FlowFacts, Transport};

const FLOW: FlowFacts = FlowFacts {
    ports: [40_000, 4433],
    originator: None,
    from_start: [false; 2],
    requester: None,
    transport: Transport::Udp,
};

const V1: u32 = 1;
const V2: u32 = 0x6b33_43cf;
const DRAFT_29: u32 = 0xff00_001d;

fn read(flow: &FlowFacts, steps: &[(Side, Vec<u8>)]) -> Transcript {
    let steps: Vec<Step> = steps.iter().map(|(side, bytes)| Step::Bytes(*side, bytes.clone())).collect();
    exercise(flow, &steps, &[1])
}

/// A long header up to the ids.
fn header(first: u8, version: u32, to: &[u8], from: &[u8]) -> Vec<u8> {
    let ids = [&[to.len() as u8], to, &[from.len() as u8], from].concat();
    [vec![first], version.to_be_bytes().to_vec(), ids].concat()
}

/// An Initial packet of a client, sealed for the server of the id `made_up`, as long as a datagram must be.
fn initial(version: u32, (to, made_up): (&[u8], &[u8]), from: &[u8], number: u16, frames: &[u8]) -> Vec<u8> {
    let first = if version == V2 { 0xd1 } else { 0xc1 };
    let mut packet = header(first, version, to, from);
    packet.push(0);
    let length = 1200 - packet.len() - 2;
    packet.extend((0x4000 | length as u16).to_be_bytes());
    let at = packet.len();
    packet.extend(number.to_be_bytes());
    // Its keys are those that open it.
    let bare = [header(first, version, made_up, from), vec![0, 20], vec![0; 20]].concat();
    let bare = Packet::read(&bare).unwrap();
    let Kind::Initial(version, ..) = bare.kind else { panic!("{bare:?}") };
    let keys = Keys::of_client(version, &bare.destination).unwrap();
    let mut payload = frames.to_vec();
    payload.resize(1200 - packet.len() - 16, 0);
    let mut nonce = keys.iv;
    nonce.iter_mut().skip(10).zip(number.to_be_bytes()).for_each(|(to, from)| *to ^= from);
    let cipher = Aes128Gcm::new(&keys.key.into());
    let tag = cipher.encrypt_inout_detached(&nonce.into(), &packet, payload.as_mut_slice().into()).unwrap();
    packet.extend(payload);
    packet.extend(tag);
    let mut mask = Array::from(*packet[at + 4..].first_chunk::<16>().unwrap());
    Aes128::new(&keys.header.into()).encrypt_block(&mut mask);
    packet[0] ^= mask[0] & 0x0f;
    packet[at] ^= mask[1];
    packet[at + 1] ^= mask[2];
    packet
}

/// A CRYPTO frame.
fn crypto(offset: u16, bytes: &[u8]) -> Vec<u8> {
    let [offset, length] = [offset, bytes.len() as u16].map(|number| (0x4000 | number).to_be_bytes());
    [&[6], &offset[..], &length[..], bytes].concat()
}

fn hello() -> Vec<u8> {
    let name = b"pump.hospital.test";
    let length = name.len() as u8;
    let mut extensions = vec![0, 0, 0, length + 5, 0, length + 3, 0, 0, length];
    extensions.extend(name);
    extensions.extend(b"\0\x10\0\x05\0\x03\x02h3\0\x2b\0\x03\x02\x03\x04");
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 4, 0x13, 1, 0x13, 2, 1, 0]);
    body.extend((extensions.len() as u16).to_be_bytes());
    body.extend(extensions);
    [vec![1, 0, 0, body.len() as u8], body].concat()
}

const TOLD: &str = r#""ciphers":"#;
const ID: &[u8] = b"\x83\x94\xc8\xf0\x3e\x51\x57\x08";

#[test]
fn keys_are_those_of_the_standards() {
    // RFC 9001 appendix A.1, RFC 9369 appendix A.1.
    for (version, key, iv, header_key) in [
        (V1, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c", "9f50449e04a0e810283a1e9933adedd2"),
        (V2, "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f", "45b95e15235d6f45a6b19cbcb0294ba9"),
    ] {
        let first = if version == V2 { 0xd0 } else { 0xc0 };
        let packet = [header(first, version, ID, b""), vec![0, 20], vec![0; 20]].concat();
        let packet = Packet::read(&packet).unwrap();
        let Kind::Initial(version, ..) = packet.kind else { panic!("{packet:?}") };
        let keys = Keys::of_client(version, &packet.destination).unwrap();
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!((hex(&keys.key), hex(&keys.iv), hex(&keys.header)), (key.into(), iv.into(), header_key.into()));
    }
}

#[test]
fn a_hello_is_read_in_every_version_on_any_port() {
    for (version, name) in [(V1, "1"), (V2, "2"), (DRAFT_29, "draft")] {
        let found = read(&FLOW, &[(A, initial(version, (ID, ID), b"me", 0, &crypto(0, &hello())))]);
        assert_eq!(found.protocol, Some("quic"));
        let [message] = found.messages.as_slice() else { panic!("{found:?}") };
        let begin = format!(
            r#"A quic client-hello request {} {{"kind":"client-hello","version":"{name}","ciphers":"#,
            hello().len()
        );
        let has = r#""newest":"1.3","server_name":"pump.hospital.test","alpn":"h3","ja3":"#;
        assert!(
            message.starts_with(&begin) && message.contains(has) && message.contains(r#""ja4":"q13d0203h3_"#),
            "{message}"
        );
        assert_eq!((found.anomalies.len(), found.clues.len()), (0, 3));
    }
}

#[test]
fn pieces_come_in_any_order_and_in_several_datagrams() {
    let whole = hello();
    let (a, rest) = whole.split_at(20);
    let (b, c) = rest.split_at(50);
    let pieces = [(0, a), (20, b), (70, c)];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let frames: Vec<Vec<u8>> = order.iter().map(|at| crypto(pieces[*at].0, pieces[*at].1)).collect();
        // In one packet with others between them (PING, PADDING, ACK), and each in its own.
        let mixed = [&frames[0][..], &[1, 0, 0], &frames[1], &[2, 0, 0, 0, 0], &frames[2]].concat();
        let one = read(&FLOW, &[(A, initial(V1, (ID, ID), b"", 0, &mixed))]);
        let steps: Vec<_> =
            (0..).zip(&frames).map(|(number, frame)| (A, initial(V1, (ID, ID), b"", number, frame))).collect();
        let three = read(&FLOW, &steps);
        for found in [&one, &three] {
            assert_eq!((found.messages.len(), found.anomalies.len()), (1, 0), "{found:?}");
            assert!(found.messages[0].contains(TOLD));
        }
        assert!(three.held_max >= 20 && three.held_max < 2048, "{}", three.held_max);
    }
    // Sent again it is told once.
    let packet = initial(V1, (ID, ID), b"", 0, &crypto(0, &whole));
    assert_eq!(read(&FLOW, &[(A, packet.clone()), (A, packet)]).messages.len(), 1);
}

#[test]
fn servers_answer_in_three_ways() {
    let offered = initial(V1, (ID, ID), b"client", 0, &crypto(0, &hello()));
    let sealed = [vec![0, 30], vec![9; 30]].concat();
    let answer = [header(0xc5, V1, b"client", b"server"), sealed.clone()].concat();
    let others = [header(0xc5, V1, b"other", b"server"), sealed].concat();
    let found = read(&FLOW, &[(A, offered.clone()), (B, others), (B, answer.clone()), (B, answer)]);
    assert_eq!(found.messages[1..], [r#"B quic answer response 51 paired {"kind":"answer","version":"1"}"#]);
    // The rest of the handshake goes to the server's own id, with the same keys; only what is not the hello is there.
    let late = initial(V1, (b"server", ID), b"client", 1, &[2, 0, 0, 0, 0]);
    let answer = [header(0xc5, V1, b"client", b"server"), vec![0, 30], vec![9; 30]].concat();
    let found = read(&FLOW, &[(A, offered.clone()), (B, answer), (A, late)]);
    assert_eq!((found.messages.len(), found.anomalies.len()), (2, 0), "{found:?}");

    let retry = [header(0xf0, V1, b"client", b"again"), vec![5; 40]].concat();
    let again = initial(V1, (b"again", b"again"), b"client", 1, &crypto(0, &hello()));
    let found = read(&FLOW, &[(A, offered.clone()), (B, retry), (A, again)]);
    assert_eq!(found.messages[1], r#"B quic retry response 58 paired {"kind":"retry","version":"1"}"#);
    assert!(found.messages.len() == 3 && found.messages[2].contains(TOLD), "{found:?}");

    let versions = [header(0x80, 0, b"client", ID), [V2, 0x1a2a_3a4a].map(u32::to_be_bytes).concat()].concat();
    let again = initial(V2, (ID, ID), b"client", 1, &crypto(0, &hello()));
    let found = read(&FLOW, &[(A, offered), (B, versions), (A, again)]);
    assert_eq!(found.messages[1], r#"B quic version-negotiation response 29 paired {"kind":"version-negotiation"}"#);
    assert!(found.messages[2].contains(r#""version":"2""#), "{found:?}");
}

#[test]
fn what_does_not_open_is_not_taken_for_it() {
    let whole = initial(V1, (ID, ID), b"me", 0, &crypto(0, &hello()));
    for at in [6, 20, 40, 600, 1199] {
        let mut other = whole.clone();
        other[at] ^= 1;
        assert_eq!(read(&FLOW, &[(A, other.clone())]).protocol, None, "{at}");
        // Of a flow with a name it is counted, where it is not one to another server.
        let found = read(&FLOW, &[(A, whole.clone()), (A, other)]);
        assert!(found.messages.len() == 1, "{at}: {found:?}");
    }
    for length in 0..whole.len() {
        assert_eq!(read(&FLOW, &[(A, whole[..length].to_vec())]).protocol, None, "{length}");
    }
    let usual = FlowFacts { ports: [443, 40_000], ..FLOW };
    let answer = [header(0xc5, V1, b"client", b"server"), vec![0, 30], vec![9; 30]].concat();
    assert_eq!(read(&FLOW, &[(A, answer.clone())]).protocol, None);
    let found = read(&usual, &[(A, answer)]);
    assert_eq!((found.protocol, found.messages.len()), (Some("quic"), 0));
    for other in
        [&b"\x40\0\0\0\x01"[..], b"\xc0\0\0\0\x01\x15", b"\xff\xff\xff\xff\xff\0\0", b"\xc0\0\0\0\x01\0\0\0\x01\0"]
    {
        assert_eq!(read(&usual, &[(A, other.to_vec())]).protocol, None, "{other:?}");
    }
}

#[test]
fn hostile_hellos_are_counted_and_let_go_of() {
    let of = |frames: &[u8]| read(&FLOW, &[(A, initial(V1, (ID, ID), b"", 0, frames))]);
    // Beyond what is gathered, another message, one that does not add up, too long by its own length.
    let too_far = crypto(0x3fff, b"22");
    let too_long = crypto(0, b"\x01\x00\x40\0");
    for frames in [&too_far[..], &crypto(0, b"\x02\0\0\x01\0"), &crypto(0, b"\x01\0\0\x02\x03\x03"), &too_long] {
        let found = of(frames);
        assert_eq!(
            (found.protocol, found.anomalies, found.messages.len()),
            (Some("quic"), vec!["unreadable-hello"], 0),
            "{frames:02x?}"
        );
    }
    for frames in [&b"\x1e"[..], b"\x06\0\x7f\xff", b"\x02\0\0\xff\xff\xff\xff\xff\xff\xff\xff\0", b"\x08\0"] {
        assert!(of(frames).anomalies.contains(&"unreadable-initial"), "{frames:02x?}");
    }
    // More holes than are kept.
    let holes: Vec<u8> = (0..70).flat_map(|at| crypto(2 * at + 2, b"x")).collect();
    let found = of(&holes);
    assert_eq!(found.anomalies, ["unreadable-hello"]);
    assert!(found.held_max < 16_384, "{}", found.held_max);
    // Piece by piece to the end of what is opened: no more is held than a hello may have.
    let steps: Vec<_> =
        (0..200).map(|number| (A, initial(V1, (ID, ID), b"", number, &crypto(number * 80, &[1; 79])))).collect();
    let found = read(&FLOW, &steps);
    assert!(found.held_max <= 2 * 16_384 && found.messages.is_empty(), "{}", found.held_max);
    let found =
        read(&FLOW, &[(A, initial(V1, (ID, ID), b"", 0, &[1])), (A, header(0xc0, 9, ID, b"")), (B, vec![0xff, 3])]);
    assert_eq!(found.anomalies, ["unknown-version", "not-quic"]);
}
