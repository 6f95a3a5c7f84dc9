//! Messages TLV by TLV.

use super::*;

fn tlv(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len() + 4).unwrap();
    [&kind.to_be_bytes()[..], &length.to_be_bytes(), value].concat()
}

fn message(tlvs: &[Vec<u8>]) -> Vec<u8> {
    [vec![2, 180, 0, 0], tlvs.concat()].concat()
}

/// A list of addresses: protocol with its lengths, and the octets.
fn list(entries: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut list = u32::try_from(entries.len()).unwrap().to_be_bytes().to_vec();
    for (protocol, address) in entries {
        list.extend(*protocol);
        list.extend(u16::try_from(address.len()).unwrap().to_be_bytes());
        list.extend(*address);
    }
    list
}

const V4: &[u8] = &[1, 1, 0xcc];
const V6: &[u8] = &[2, 8, 0xaa, 0xaa, 3, 0, 0, 0, 0x86, 0xdd];

/// Reads a message; cuts and other octets in it give one or none, and no panic.
fn read(message: &[u8]) -> Option<Cdp<'_>> {
    for cut in 0..message.len() {
        assert!(Cdp::read(&message[..cut]).is_none_or(|cdp| !cdp.device.is_empty()));
        let mut other = message.to_vec();
        for octet in [0, 1, 0x7f, 0xff] {
            other[cut] = octet;
            let read = Cdp::read(&other);
            assert!(read.is_none_or(|cdp| cdp.addresses.len().max(cdp.management.len()) <= ADDRESSES_MAX));
        }
    }
    Cdp::read(message)
}

#[test]
fn all_that_a_device_says() {
    let addresses = list(&[(V4, &[10, 0, 0, 1]), (V6, &[0xfd; 16])]);
    let message = message(&[
        tlv(1, b"switch-1"),
        tlv(5, b"Cisco IOS Software\nVersion 12.4"),
        tlv(6, b"Cisco 2811"),
        tlv(2, &addresses),
        tlv(3, b"FastEthernet0/0"),
        tlv(4, &[0, 0, 0, 9]),
        tlv(9, b""),
        tlv(0x0a, &[0, 7]),
        tlv(0x14, b"sw1"),
        tlv(0x16, &list(&[(V4, &[10, 0, 0, 2])])),
    ]);
    let expected = Cdp {
        version: 2,
        time_to_live: 180,
        device: "switch-1",
        port: Some("FastEthernet0/0"),
        capabilities: Some(capability::ROUTER | capability::SWITCH),
        software: Some("Cisco IOS Software\nVersion 12.4"),
        platform: Some("Cisco 2811"),
        native_vlan: Some(7),
        system_name: Some("sw1"),
        addresses: vec![Address::v4(0x0a00_0001), Address::v6([0xfd; 16])],
        management: vec![Address::v4(0x0a00_0002)],
    };
    assert_eq!(read(&message).as_ref(), Some(&expected));
    // The padding of an Ethernet frame.
    assert_eq!(read(&[message, vec![0; 9]].concat()), Some(expected));
}

#[test]
fn what_is_no_message() {
    let device = tlv(1, b"a");
    for bytes in [
        vec![],
        vec![2, 180, 0, 0],
        [vec![0, 180, 0, 0], device.clone()].concat(),
        [vec![3, 180, 0, 0], device.clone()].concat(),
        message(&[tlv(6, b"platform")]),
        message(&[tlv(1, b"")]),
        message(&[tlv(1, b"a\x07b")]),
        message(&[tlv(1, &[b'a'; 256])]),
        // Lengths that do not count type and length, and more than there is.
        message(&[vec![0, 6, 0, 3], device.clone()]),
        message(&[vec![0, 1, 0, 6, b'a']]),
    ] {
        assert_eq!(Cdp::read(&bytes), None, "{bytes:?}");
    }
    assert_eq!(Cdp::read(&[vec![1, 180, 0, 0], device].concat()).unwrap().version, 1);
}

#[test]
fn what_has_not_its_form_is_left_out() {
    let message = message(&[
        tlv(1, b"a"),
        tlv(1, b"another"),
        tlv(4, &[0, 9]),
        tlv(0x0a, &[7]),
        tlv(5, &[b'a'; 1025]),
        tlv(6, b"\x1b[2J"),
        // A count that is made up, another protocol, lengths that are not its own, a group's address.
        tlv(2, &[0xff, 0xff, 0xff, 0xff]),
        tlv(
            2,
            &list(&[(&[1, 1, 0xcd], &[10, 0, 0, 1]), (V4, &[10, 0, 0]), (V6, &[10, 0, 0, 1]), (V4, &[224, 0, 0, 1])]),
        ),
    ]);
    let cdp = read(&message).unwrap();
    assert_eq!((cdp.device, cdp.capabilities, cdp.native_vlan), ("a", None, None));
    assert_eq!((cdp.software, cdp.platform, cdp.addresses), (None, None, vec![]));
}

#[test]
fn lists_have_a_bound() {
    let own = |last: u8| [10, 0, 0, last];
    let octets: Vec<[u8; 4]> = (1..=9).map(own).collect();
    let entries: Vec<(&[u8], &[u8])> = octets.iter().map(|octets| (V4, octets.as_slice())).collect();
    let message = message(&[tlv(1, b"a"), tlv(2, &list(&entries))]);
    assert_eq!(Cdp::read(&message).unwrap().addresses.len(), ADDRESSES_MAX);
}
