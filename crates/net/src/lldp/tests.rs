//! LLDPDUs TLV by TLV.

use super::*;

const MAC: [u8; 6] = [0, 9, 0xfb, 1, 2, 3];

fn tlv(kind: u16, value: &[u8]) -> Vec<u8> {
    [&(kind << 9 | u16::try_from(value.len()).unwrap()).to_be_bytes(), value].concat()
}

fn mandatory() -> Vec<u8> {
    [tlv(1, &[&[4][..], &MAC].concat()), tlv(2, b"\x05eth0"), tlv(3, &[0, 120])].concat()
}

fn unit(more: &[Vec<u8>]) -> Vec<u8> {
    [mandatory(), more.concat(), vec![0, 0]].concat()
}

/// Reads a unit; cuts and other octets in it give one or none, and no panic.
fn read(unit: &[u8]) -> Option<Lldp<'_>> {
    for cut in 0..unit.len() {
        let is_read = Lldp::read(&unit[..cut]).is_some();
        assert!(!is_read || cut >= 2 + 7, "cut at {cut}");
        let mut other = unit.to_vec();
        for octet in [0, 1, 0x7f, 0xff] {
            other[cut] = octet;
            assert!(Lldp::read(&other).is_none_or(|lldp| lldp.management.len() <= MANAGEMENT_MAX));
        }
    }
    Lldp::read(unit)
}

#[test]
fn all_that_a_station_says() {
    let unit = unit(&[
        tlv(4, b"Port 1"),
        tlv(5, b"pump-gateway"),
        tlv(6, b"Gateway 2.1\r\nLinux"),
        tlv(7, &[0, 0x14, 0, 4]),
        tlv(8, &[5, 1, 10, 0, 0, 1, 2, 0, 0, 0, 60, 0]),
        tlv(8, &[[17, 2].as_slice(), &[0xfd; 16], &[1, 0, 0, 0, 1, 2, 6, 9]].concat()),
        tlv(127, b"\x00\x12\xbb\x05rev C"),
        tlv(127, b"\x00\x12\xbb\x06fw 1"),
        tlv(127, b"\x00\x12\xbb\x07sw 2"),
        tlv(127, b"\x00\x12\xbb\x08S123"),
        tlv(127, b"\x00\x12\xbb\x09Maker"),
        tlv(127, b"\x00\x12\xbb\x0aModel\0\0\0"),
        tlv(127, b"\x00\x12\xbb\x0bA9"),
        tlv(127, &[0, 0x80, 0xc2, 1, 0, 10]),
    ]);
    let expected = Lldp {
        chassis: Id::Mac(Mac(MAC)),
        port: Id::Text("eth0"),
        time_to_live: 120,
        port_description: Some("Port 1"),
        system_name: Some("pump-gateway"),
        system_description: Some("Gateway 2.1\r\nLinux"),
        capabilities: Some(Capabilities {
            supported: capability::BRIDGE | capability::ROUTER,
            enabled: capability::BRIDGE,
        }),
        management: vec![Address::v4(0x0a00_0001), Address::v6([0xfd; 16])],
        inventory: Inventory {
            hardware: Some("rev C"),
            firmware: Some("fw 1"),
            software: Some("sw 2"),
            serial: Some("S123"),
            manufacturer: Some("Maker"),
            model: Some("Model"),
            asset: Some("A9"),
        },
    };
    assert_eq!(read(&unit), Some(expected));
}

#[test]
fn chassis_and_port_of_each_kind() {
    let read = |chassis: &[u8], port: &[u8]| {
        let unit = [tlv(1, chassis), tlv(2, port), tlv(3, &[0, 120])].concat();
        Lldp::read(&unit).map(|lldp| format!("{:?} {:?}", lldp.chassis, lldp.port))
    };
    let address = Address::v4(0x0a00_0001);
    let mac = Mac(MAC);
    let octets = [&[3][..], &MAC].concat();
    assert_eq!(read(&[5, 1, 10, 0, 0, 1], &octets), Some(format!("Address({address:?}) Mac({mac:?})")));
    assert_eq!(read(b"\x07local", b"\x07p1"), Some("Text(\"local\") Text(\"p1\")".to_owned()));
    // Subtypes that are reserved or have another form; a circuit's identifier; octets that are no text.
    assert_eq!(read(b"\x09x", b"\x06x"), Some("Other([120]) Other([120])".to_owned()));
    assert_eq!(read(&[4, 1, 2], &[5, 0xff]), Some("Other([1, 2]) Other([255])".to_owned()));
    assert_eq!(read(&[7, b'a', 7, b'b'], &[1, b'a']), Some("Other([97, 7, 98]) Text(\"a\")".to_owned()));
    for (chassis, port) in [(&[4][..], &b"\x05eth0"[..]), (&[], b"\x05eth0"), (b"\x07a", &[5]), (&[7; 257], b"\x05e")] {
        assert_eq!(read(chassis, port), None, "{chassis:?} {port:?}");
    }
    assert!(read(&[&[7][..], &[b'a'; 255]].concat(), b"\x05e").is_some());
}

#[test]
fn what_is_no_unit() {
    let [chassis, port, time] = [tlv(1, b"\x07a"), tlv(2, b"\x05eth0"), tlv(3, &[0, 120])];
    for unit in [
        vec![],
        [chassis.clone(), time.clone(), port.clone()].concat(),
        [port.clone(), chassis.clone(), time.clone()].concat(),
        [chassis.clone(), port.clone()].concat(),
        [chassis.clone(), port.clone(), tlv(3, &[0])].concat(),
        // Again (clause 9.2.7.7.1).
        unit(std::slice::from_ref(&chassis)),
        unit(&[port]),
        unit(&[time]),
    ] {
        assert_eq!(Lldp::read(&unit), None, "{unit:?}");
    }
    // Behind the end is nothing.
    assert!(Lldp::read(&[unit(&[]), chassis].concat()).is_some());
}

#[test]
fn what_has_not_its_form_is_left_out() {
    let unit = unit(&[
        tlv(5, b""),
        tlv(5, b"a\x1bname"),
        tlv(5, &[0xff, 0xfe]),
        tlv(5, &[b'a'; 256]),
        tlv(5, b"name"),
        tlv(5, b"another"),
        tlv(7, &[0, 4]),
        tlv(7, &[0, 4, 0, 4, 0]),
        // An address longer than the TLV, of another family, of a group, without interface, with octets left over.
        tlv(8, &[60, 1, 10, 0, 0, 1, 2, 0, 0, 0, 60, 0]),
        tlv(8, &[7, 6, 1, 2, 3, 4, 5, 6, 2, 0, 0, 0, 60, 0]),
        tlv(8, &[5, 1, 224, 0, 0, 1, 2, 0, 0, 0, 60, 0]),
        tlv(8, &[5, 1, 10, 0, 0, 1]),
        tlv(8, &[5, 1, 10, 0, 0, 1, 2, 0, 0, 0, 60, 0, 0]),
        tlv(127, &[0, 0x12, 0xbb]),
        tlv(127, &[&[0, 0x12, 0xbb, 10][..], &[b'a'; 33]].concat()),
    ]);
    let lldp = read(&unit).unwrap();
    assert_eq!((lldp.system_name, lldp.capabilities), (Some("name"), None));
    assert_eq!((lldp.management, lldp.inventory), (vec![], Inventory::default()));
}

#[test]
fn lists_have_a_bound() {
    let address = |last: u8| tlv(8, &[5, 1, 10, 0, 0, last, 2, 0, 0, 0, 60, 0]);
    let unit = unit(&(1..=9).map(address).collect::<Vec<_>>());
    assert_eq!(
        Lldp::read(&unit).unwrap().management,
        (1..=4).map(|last| Address::v4(0x0a00_0000 + last)).collect::<Vec<_>>()
    );
}
