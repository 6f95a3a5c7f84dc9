//! Community ID v1: vectors made with the reference implementation (PyPI `communityid` 1.5.0), whose "ports" of ICMP
//! are type and code.

use crate::frames::{IPV4, IPV6, V4, ethernet, ipv6, layout, packet};
use crate::wire::Seen;
use std::net::IpAddr;
use wardtap_net::community_id;
use wardtap_net::flow::HashKey;
use wardtap_net::flow_table::{FlowTable, Limits};
use wardtap_net::packet::LinkType;

/// Sender, its port, receiver, its port, transport, identifier.
#[rustfmt::skip]
const VECTORS: &[(&str, u16, &str, u16, u8, &str)] = &[
    ("10.0.0.1", 40000, "10.0.0.2", 502, 6, "1:/+JBy2Q1zp1KkEWqSPgaxJf5R90="),
    ("10.0.0.2", 502, "10.0.0.1", 40000, 6, "1:/+JBy2Q1zp1KkEWqSPgaxJf5R90="),
    ("10.0.0.1", 2, "10.0.0.1", 1, 6, "1:mb9gqkXo1/+WeunLJO7I9i/H8Ec="),
    ("9.255.255.255", 65535, "10.0.0.0", 0, 6, "1:ETbSTAbZdhG3J+ddP1RAYKYAtFw="),
    ("2001:db8::1", 1, "2001:db8::2", 2, 6, "1:oIcW+IHPKeZS9W98/OLFv2ivJKk="),
    ("fe80::200:86ff:fe05:80da", 135, "2001:470:1f00:ffff::1", 11112, 6, "1:5VMfxOZ/BXiP+RDQWp6m6lEla5g="),
    ("10.0.0.1", 40000, "10.0.0.2", 502, 17, "1:H8ycbjoMnuLoZy/Fg/k9pfUgPSU="),
    ("10.0.0.2", 502, "10.0.0.1", 40000, 17, "1:H8ycbjoMnuLoZy/Fg/k9pfUgPSU="),
    ("10.0.0.1", 2, "10.0.0.1", 1, 17, "1:Z4K63Fqsk7nuG7Bz5OphkC/0X1I="),
    ("9.255.255.255", 65535, "10.0.0.0", 0, 17, "1:RigfwY+7QzToy9hBFEiFnSGt1Do="),
    ("2001:db8::1", 1, "2001:db8::2", 2, 17, "1:RjLlkxoHfQ4+6asRR6O6V2Fxk+4="),
    ("fe80::200:86ff:fe05:80da", 135, "2001:470:1f00:ffff::1", 11112, 17, "1:tEk0fiiixZyxdbX3W9GW0vrhWEQ="),
    ("10.0.0.1", 40000, "10.0.0.2", 502, 132, "1:tkYeQUdO6ZE5lablYXse7iHPcU0="),
    ("10.0.0.2", 502, "10.0.0.1", 40000, 132, "1:tkYeQUdO6ZE5lablYXse7iHPcU0="),
    ("10.0.0.1", 2, "10.0.0.1", 1, 132, "1:kgM39wo9WD1PSL/kUdS0LPL4l+4="),
    ("9.255.255.255", 65535, "10.0.0.0", 0, 132, "1:4zBEtFs0c2R0aucq79GWyfYkczo="),
    ("2001:db8::1", 1, "2001:db8::2", 2, 132, "1:VCaTPdTJjaM6n+iZmV6S/D920G0="),
    ("fe80::200:86ff:fe05:80da", 135, "2001:470:1f00:ffff::1", 11112, 132, "1:nFhEHG3azKz25Qy/l456zw04Cm8="),
    ("192.168.0.89", 8, "192.168.0.1", 0, 1, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="),
    ("192.168.0.1", 8, "192.168.0.89", 0, 1, "1:Xd3I0IiB3MnC0cDe3fbqH8+dDGI="),
    ("192.168.0.89", 0, "192.168.0.1", 0, 1, "1:Xd3I0IiB3MnC0cDe3fbqH8+dDGI="),
    ("192.168.0.1", 0, "192.168.0.89", 0, 1, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="),
    ("192.168.0.89", 13, "192.168.0.1", 0, 1, "1:oeo0XqAz7cn/+sOcFFOn55Omz0U="),
    ("192.168.0.1", 13, "192.168.0.89", 0, 1, "1:uiloJmzo9VB4N869eqNADHXuQJM="),
    ("192.168.0.89", 14, "192.168.0.1", 0, 1, "1:uiloJmzo9VB4N869eqNADHXuQJM="),
    ("192.168.0.1", 14, "192.168.0.89", 0, 1, "1:oeo0XqAz7cn/+sOcFFOn55Omz0U="),
    ("192.168.0.89", 15, "192.168.0.1", 0, 1, "1:fOg3Bo3uOxI7xD431D+RTtZCCjw="),
    ("192.168.0.1", 15, "192.168.0.89", 0, 1, "1:6ZCKi6lsG2Rw85OQJ+W89GVQOrE="),
    ("192.168.0.89", 16, "192.168.0.1", 0, 1, "1:6ZCKi6lsG2Rw85OQJ+W89GVQOrE="),
    ("192.168.0.1", 16, "192.168.0.89", 0, 1, "1:fOg3Bo3uOxI7xD431D+RTtZCCjw="),
    ("192.168.0.89", 17, "192.168.0.1", 0, 1, "1:l6FQTO9IDRsq7cW/KitEu2ab7NM="),
    ("192.168.0.1", 17, "192.168.0.89", 0, 1, "1:6dTj0ptxvEN9+cuc4SfVqQjtlW8="),
    ("192.168.0.89", 18, "192.168.0.1", 0, 1, "1:6dTj0ptxvEN9+cuc4SfVqQjtlW8="),
    ("192.168.0.1", 18, "192.168.0.89", 0, 1, "1:l6FQTO9IDRsq7cW/KitEu2ab7NM="),
    ("192.168.0.89", 10, "192.168.0.1", 0, 1, "1:ZCE6FYKtYq6/Z5/7VYclhgEesAg="),
    ("192.168.0.1", 10, "192.168.0.89", 0, 1, "1:0hTYL8ekh0YMbFphUlZIMctBe1g="),
    ("192.168.0.89", 9, "192.168.0.1", 0, 1, "1:0hTYL8ekh0YMbFphUlZIMctBe1g="),
    ("192.168.0.1", 9, "192.168.0.89", 0, 1, "1:ZCE6FYKtYq6/Z5/7VYclhgEesAg="),
    ("192.168.0.89", 3, "192.168.0.1", 1, 1, "1:LXCfhMUFbYXe+CEMrQuZCbiLY3o="),
    ("192.168.0.1", 3, "192.168.0.89", 1, 1, "1:o3zT92uTgnRWv/YrDVeXcWumpC4="),
    ("192.168.0.89", 3, "192.168.0.1", 13, 1, "1:lO+Zyzg30WsCWaEcpAvUPgWWmYU="),
    ("192.168.0.1", 3, "192.168.0.89", 13, 1, "1:X7FjcuS3K2sfCGCAQ0jucjuLO90="),
    ("192.168.0.89", 5, "192.168.0.1", 2, 1, "1:PKixH1LqM/lZhyOOmeafLNT5TyY="),
    ("192.168.0.1", 5, "192.168.0.89", 2, 1, "1:hdCiSpNdvxy/9SazuIkAoSTJeqI="),
    ("192.168.0.89", 11, "192.168.0.1", 0, 1, "1:WWhK5yv9t1/eWrodrgw+6KseRoA="),
    ("192.168.0.1", 11, "192.168.0.89", 0, 1, "1:5ppgsucJbrpJCp1T8kvBKS94Ib0="),
    ("192.168.0.89", 4, "192.168.0.1", 0, 1, "1:oL9nApfBrwW9SvDj1B51dsHnnhw="),
    ("192.168.0.1", 4, "192.168.0.89", 0, 1, "1:zaKvA0iCJAT6mRprt0EV1aqww0Y="),
    ("192.168.0.89", 12, "192.168.0.1", 1, 1, "1:xCOQx90Xjn2iUtyHdMoI0Ku3xTQ="),
    ("192.168.0.1", 12, "192.168.0.89", 1, 1, "1:C1eqp6mYBL8MzAeF0P0nnVdz6j8="),
    ("fe80::1", 128, "fe80::2", 0, 58, "1:3H+V/JVcqh/phPel5utt4dOKqOU="),
    ("fe80::2", 128, "fe80::1", 0, 58, "1:hcQR4+TVVdHthPBS7U0F6CmEKfY="),
    ("fe80::1", 129, "fe80::2", 0, 58, "1:hcQR4+TVVdHthPBS7U0F6CmEKfY="),
    ("fe80::2", 129, "fe80::1", 0, 58, "1:3H+V/JVcqh/phPel5utt4dOKqOU="),
    ("fe80::1", 130, "fe80::2", 0, 58, "1:Pmn7mCHtn19srQiXm2sF0CDRRMA="),
    ("fe80::2", 130, "fe80::1", 0, 58, "1:71CIB4bZAXtzNgwgtcM+4TS71z8="),
    ("fe80::1", 131, "fe80::2", 0, 58, "1:71CIB4bZAXtzNgwgtcM+4TS71z8="),
    ("fe80::2", 131, "fe80::1", 0, 58, "1:Pmn7mCHtn19srQiXm2sF0CDRRMA="),
    ("fe80::1", 133, "fe80::2", 0, 58, "1:G1+1zlICT52MvQAxdJ77ST0zHIw="),
    ("fe80::2", 133, "fe80::1", 0, 58, "1:XCLrov2PmeiHiTWQcQgF6JB1ByY="),
    ("fe80::1", 134, "fe80::2", 0, 58, "1:XCLrov2PmeiHiTWQcQgF6JB1ByY="),
    ("fe80::2", 134, "fe80::1", 0, 58, "1:G1+1zlICT52MvQAxdJ77ST0zHIw="),
    ("fe80::1", 135, "fe80::2", 0, 58, "1:7IIPGNVAHI2udmsuJVpA3RMOAqc="),
    ("fe80::2", 135, "fe80::1", 0, 58, "1:jXSMIMhnMomSaIrNtEPXqYE5Rc4="),
    ("fe80::1", 136, "fe80::2", 0, 58, "1:jXSMIMhnMomSaIrNtEPXqYE5Rc4="),
    ("fe80::2", 136, "fe80::1", 0, 58, "1:7IIPGNVAHI2udmsuJVpA3RMOAqc="),
    ("fe80::1", 139, "fe80::2", 0, 58, "1:oPVhmQYL42iV9FGiMqdb38yGSeA="),
    ("fe80::2", 139, "fe80::1", 0, 58, "1:LKvUqbovyorzH3vEr5qb4x1R1yg="),
    ("fe80::1", 140, "fe80::2", 0, 58, "1:LKvUqbovyorzH3vEr5qb4x1R1yg="),
    ("fe80::2", 140, "fe80::1", 0, 58, "1:oPVhmQYL42iV9FGiMqdb38yGSeA="),
    ("fe80::1", 144, "fe80::2", 0, 58, "1:21qp2MlwLUEblqK3FO0+OyLBlWA="),
    ("fe80::2", 144, "fe80::1", 0, 58, "1:VjrfcngPBA7JHuabgy0Ih8qXY0I="),
    ("fe80::1", 145, "fe80::2", 0, 58, "1:VjrfcngPBA7JHuabgy0Ih8qXY0I="),
    ("fe80::2", 145, "fe80::1", 0, 58, "1:21qp2MlwLUEblqK3FO0+OyLBlWA="),
    ("fe80::1", 1, "fe80::2", 4, 58, "1:PQpOWBr5/ICePGOnTMaFJZeK2us="),
    ("fe80::2", 1, "fe80::1", 4, 58, "1:KP7k20289QLlEmMHLKdRgaeGmfo="),
    ("fe80::1", 2, "fe80::2", 0, 58, "1:eUwoaGWtyJfOfPmosJ6KjTwcVng="),
    ("fe80::2", 2, "fe80::1", 0, 58, "1:mOcu9HFkPwcXn0q3oTOq3q6tq1c="),
    ("fe80::1", 3, "fe80::2", 1, 58, "1:oN2W/GB/hbtRP81Vw7oCtOCWzo0="),
    ("fe80::2", 3, "fe80::1", 1, 58, "1:CBVFJ6cqZ+fJ1ipBRaLtNaIugn0="),
    ("fe80::1", 4, "fe80::2", 2, 58, "1:SHGXkFmvcWe00gQMMonV6bZt6jY="),
    ("fe80::2", 4, "fe80::1", 2, 58, "1:x7kFSCzEwGtkYbyNJBI7M8j3vRc="),
    ("fe80::1", 137, "fe80::2", 0, 58, "1:9Z/zqhxkYkGawEaxZCIVmjDtDpM="),
    ("fe80::2", 137, "fe80::1", 0, 58, "1:DDqEv6jypfphyp6p5TXXWutA1cE="),
    ("fe80::1", 143, "fe80::2", 0, 58, "1:BBqcA3IcAi5LBZl53otEZnyKm8g="),
    ("fe80::2", 143, "fe80::1", 0, 58, "1:OwvuJx9ZGcH9+KW6Uh+JjZX2II8="),
    ("10.1.24.104", 0, "10.1.12.1", 0, 46, "1:tUsyL1b3XdhXLxTfelQFZnLnoyo="),
    ("2001:db8::9", 0, "2001:db8::8", 0, 46, "1:nZ9tdFvaRitNu9Jwn8u+Aw3zbzM="),
    ("10.1.24.104", 0, "10.1.12.1", 0, 50, "1:NPxddBIWMGwuzDnr9JutL8J9TNY="),
    ("2001:db8::9", 0, "2001:db8::8", 0, 50, "1:3tND51nkY91JJnPsxRTyipOzhlA="),
    ("10.1.24.104", 0, "10.1.12.1", 0, 2, "1:ul1hdaSFY++sztFEBMjtBsuDFcc="),
    ("2001:db8::9", 0, "2001:db8::8", 0, 2, "1:Gjg0ExglKUnjmsQMwYshg2GwpO4="),
    ("10.1.24.104", 0, "10.1.12.1", 0, 89, "1:fd+/5PWLYZBnGi/zX4QC7Xg2+jY="),
    ("2001:db8::9", 0, "2001:db8::8", 0, 89, "1:d/Or+hmVWOIAweULrcaKcmofIuc="),
];

fn frame(source: IpAddr, destination: IpAddr, transport: u8, datagram: &[u8]) -> Vec<u8> {
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let header = V4 { source: source.octets(), destination: destination.octets(), ..V4 };
            ethernet(IPV4, &header.packet(transport, datagram))
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let mut packet = ipv6(transport, datagram);
            packet[8..24].copy_from_slice(&source.octets());
            packet[24..40].copy_from_slice(&destination.octets());
            ethernet(IPV6, &packet)
        }
        _ => unreachable!(),
    }
}

/// From the frame to the identifier, as in the program.
#[test]
fn as_the_reference_has_them() {
    for &(source, from, destination, to, transport, expected) in VECTORS {
        let mut datagram = vec![0; 24];
        match transport {
            1 | 58 => datagram[..2].copy_from_slice(&[from as u8, to as u8]),
            6 | 17 | 132 => {
                datagram[..2].copy_from_slice(&from.to_be_bytes());
                datagram[2..4].copy_from_slice(&to.to_be_bytes());
                datagram[12] = 0x50;
            }
            _ => {}
        }
        let frame = frame(source.parse().unwrap(), destination.parse().unwrap(), transport, &datagram);
        let limits = Limits { flows_max: 4, held_bytes_max: 0, by_vlan: false };
        let (mut table, mut seen) = (FlowTable::new(HashKey(1, 2), limits), Seen::default());
        let packet = packet(LinkType::ETHERNET, &frame);
        table.packet(&packet, 1, &layout(LinkType::ETHERNET, &frame), &mut seen);
        table.finish(packet.time, &mut seen);
        let mut id = Vec::new();
        community_id::write(&seen.finished[0].identity.key, &mut id);
        assert_eq!(String::from_utf8(id).unwrap(), expected, "{source} {from} {destination} {to} {transport}");
    }
}
