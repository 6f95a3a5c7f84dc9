use super::*;

#[test]
fn a_dhcp_client_says_what_it_is_before_it_has_an_address() {
    let mut message = vec![1, 1, 6, 0];
    message.resize(28, 0);
    message.extend([0x02, 0x57, 0x54, 0, 0, 9]);
    message.resize(236, 0);
    message.extend([99, 130, 83, 99, 53, 1, 1, 12, 6]);
    message.extend(b"pump-7");
    message.extend([60, 8]);
    message.extend(b"MSFT 5.0");
    message.extend([55, 3, 1, 3, 6, 255]);
    let mut found = Vec::new();
    let mac = client(&message, &mut |clue, text| found.push((clue, text.into_owned()))).unwrap();
    assert_eq!(mac.to_string(), "02:57:54:00:00:09");
    // Not its name: people give those to their phones.
    let expected =
        [(Clue::HostName, names::WITHHELD), (Clue::DhcpVendorClass, "MSFT 5.0"), (Clue::DhcpParameters, "1,3,6")];
    assert_eq!(found, expected.map(|(clue, text)| (clue, text.to_owned())));
    for end in 0..message.len() {
        assert!(client(&message[..end], &mut |_, _| {}).is_none() || end >= 240, "{end}");
    }
    message[0] = 2;
    assert_eq!(client(&message, &mut |_, _| panic!("an answer is no client's")), None);
}

/// A TLV of LLDP.
fn lldp_tlv(kind: u16, value: &[u8]) -> Vec<u8> {
    let header = kind << 9 | u16::try_from(value.len()).unwrap();
    [&header.to_be_bytes(), value].concat()
}

/// What an LLDP unit with these TLVs behind the three that each has says.
fn lldp_clues(more: &[Vec<u8>]) -> Vec<(Clue, String)> {
    let head = [lldp_tlv(1, &[4, 2, 0, 0, 0, 0, 1]), lldp_tlv(2, &[5, b'1']), lldp_tlv(3, &[0, 120])];
    let unit = [head.concat(), more.concat()].concat();
    let mut found = Vec::new();
    assert!(lldp(&unit, &mut |clue, text| found.push((clue, text.into_owned()))));
    found
}

/// What a CDP message with these TLVs behind the name of the device says.
fn cdp_clues(more: &[(u16, &[u8])]) -> Vec<(Clue, String)> {
    let mut message = vec![2, 180, 0, 0];
    for (kind, value) in [(1u16, &b"Ward3-of-Jane"[..])].into_iter().chain(more.iter().copied()) {
        message.extend(kind.to_be_bytes());
        message.extend(u16::try_from(value.len() + 4).unwrap().to_be_bytes());
        message.extend(value);
    }
    let mut found = Vec::new();
    assert!(cdp(&message, &mut |clue, text| found.push((clue, text.into_owned()))));
    found
}

fn owned<const N: usize>(found: [(Clue, &str); N]) -> Vec<(Clue, String)> {
    found.map(|(clue, text)| (clue, text.to_owned())).to_vec()
}

#[test]
fn a_neighbour_says_what_it_is_but_not_what_people_call_it() {
    let med = |subtype: u8, text: &[u8]| lldp_tlv(127, &[&[0, 0x12, 0xbb, subtype], text].concat());
    let found = lldp_clues(&[
        lldp_tlv(4, b"bed 4, Jane Doe"),
        lldp_tlv(5, b"janes-phone"),
        lldp_tlv(6, b"Invented Networks S24, firmware 9.1, of Jane Doe"),
        lldp_tlv(7, &[0, 0x24, 0, 0x24]),
        med(6, b"1.2.3"),
        med(8, b"SN-0815"),
        med(9, b"Invented"),
        med(10, b"Phone 7"),
        med(11, b"asset of Jane"),
    ]);
    let expected = [
        (Clue::LldpDescription, "Invented Networks S24, firmware 9.1"),
        (Clue::LldpCapability, "bridge"),
        (Clue::LldpCapability, "telephone"),
        (Clue::LldpMaker, "Invented"),
        (Clue::LldpModel, "Phone 7"),
        (Clue::LldpFirmware, "1.2.3"),
        (Clue::LldpSerial, "SN-0815"),
    ];
    assert_eq!(found, owned(expected));
    // What it could do, but does not; what has not the shape.
    assert_eq!(lldp_clues(&[lldp_tlv(7, &[0, 0x24, 0, 0]), med(10, b"jane@ward")]), []);
    assert!(!lldp(&[2, 1, 7], &mut |_, _| panic!("no unit")));
}

#[test]
fn of_a_description_only_the_part_up_to_the_version_is_the_makers() {
    let software = |text: &[u8]| cdp_clues(&[(5, text)]).pop().map(|(_, text)| text);
    for (text, told) in [
        (
            &b"Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 15.0(2)SE, RELEASE\nby prod_rel"[..],
            Some("Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 15.0(2)SE"),
        ),
        (b"SIP75.9-4-2SR1-1S", Some("SIP75.9-4-2SR1-1S")),
        (b"Switch of Jane Doe", None),
        (b"Jane", None),
        (b"firmware of Jane 7", None),
        (b"the S24\nfirmware 9.1", None),
        (b"firmware 12345678901234567890123456789012345678901234567890", None),
    ] {
        assert_eq!(software(text).as_deref(), told, "{}", String::from_utf8_lossy(text));
    }
    let found = cdp_clues(&[(4, &[0, 0, 0, 0x90]), (6, b"Cisco IP Phone 7965")]);
    let expected = [
        (Clue::CdpPlatform, "Cisco IP Phone 7965"),
        (Clue::CdpCapability, "station"),
        (Clue::CdpCapability, "telephone"),
    ];
    assert_eq!(found, owned(expected));
    assert!(!cdp(&[3, 0, 0, 0], &mut |_, _| panic!("no message")));
}

proptest::proptest! {
    /// Whatever stands behind what a neighbour's message begins with: what comes out has its shape.
    #[test]
    fn no_neighbour_is_too_strange(rest in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let is_clue = |text: &str| !text.is_empty() && text.len() <= CLUE_MAX && text.bytes().all(is_of_product);
        let head = [lldp_tlv(1, &[4, 2, 0, 0, 0, 0, 1]), lldp_tlv(2, &[5, b'1']), lldp_tlv(3, &[0, 120])].concat();
        lldp(&[&head, &*rest].concat(), &mut |clue, text| assert!(is_clue(&text), "{clue:?} {text}"));
        cdp(&[&[2, 1, 0, 0, 0, 1, 0, 5, b'x'], &*rest].concat(), &mut |clue, text| assert!(is_clue(&text), "{clue:?} {text}"));
    }

    /// Whatever stands behind what a message begins with: nothing panics, and what comes out has its shape.
    #[test]
    fn no_octets_are_too_strange(rest in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let is_clue = |text: &str| !text.is_empty() && text.len() <= CLUE_MAX && text.bytes().all(is_of_product);
        let mut message = vec![1, 1, 6];
        message.extend(&rest);
        client(&message, &mut |clue, text| assert!(is_clue(&text), "{clue:?} {text}"));
    }
}
