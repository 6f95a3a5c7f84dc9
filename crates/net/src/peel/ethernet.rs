//! Ethernet II, IEEE 802.3 with LLC/SNAP, VLAN tags of any depth, and the tags that switches put on for each other.

use etherparse::{Ethernet2Header, Ethernet2HeaderSlice, SingleVlanHeader, SingleVlanHeaderSlice};

use super::{Next, Peeled, Peeler, Place, Step, TRUNCATED, Undecoded, VLAN_KNOWN, macsec, ppp};

/// EtherTypes (IEEE registration authority).
pub(super) const IPV4: u16 = 0x0800;
pub(super) const IPV6: u16 = 0x86dd;
pub(super) const ARP: u16 = 0x0806;
/// IEEE 802.1Q customer tag.
pub(super) const VLAN: u16 = 0x8100;
/// IEEE 802.1ad service tag, and the values used for it before.
const SERVICE_TAGS: [u16; 4] = [0x88a8, 0x9100, 0x9200, 0x9300];
pub(super) const MPLS: [u16; 2] = [0x8847, 0x8848];
/// VN-Tag, which fabric extenders put on.
const VN_TAG: u16 = 0x8926;
/// The E-TAG of port extenders (IEEE 802.1BR clause 7.5).
const E_TAG: u16 = 0x893f;
/// Cisco MetaData, which carries the security group of TrustSec's inline tagging.
const CISCO_METADATA: u16 = 0x8909;
const PPPOE_SESSION: u16 = 0x8864;
const MACSEC: u16 = 0x88e5;
/// Transparent Ethernet bridging (RFC 1701 and NVGRE).
pub(super) const BRIDGED: u16 = 0x6558;

/// Below this the field is a length (IEEE 802.3 section 3.2.6).
pub(super) const ETHERTYPE_MIN: u16 = 0x0600;

pub(super) fn ethernet(peeler: &mut Peeler<'_>) -> Step {
    let field = Ethernet2HeaderSlice::from_slice(peeler.rest()).map_err(|_| TRUNCATED)?.ether_type().0;
    peeler.source_mac(6, Place::Six)?;
    peeler.advance(Ethernet2Header::LEN)?;
    after_addresses(peeler, field)
}

fn after_addresses(peeler: &mut Peeler<'_>, field: u16) -> Step {
    if field >= ETHERTYPE_MIN {
        return Ok(Next::EtherType(field));
    }
    logical_link(peeler)
}

/// Moves past a tag with so many octets of content, and the EtherType or length behind it.
fn past_tag(peeler: &mut Peeler<'_>, content: usize) -> Step {
    peeler.advance(content)?;
    behind_tag(peeler)
}

/// The EtherType or length that ends a tag, and what follows.
pub(super) fn behind_tag(peeler: &mut Peeler<'_>) -> Step {
    let following = peeler.be16(0)?;
    peeler.advance(2)?;
    after_addresses(peeler, following)
}

/// IEEE 802.2.
pub(super) fn logical_link(peeler: &mut Peeler<'_>) -> Step {
    // LLC: DSAP and SSAP 0xAA with unnumbered information say SNAP (IEEE 802 section 9.2), then OUI and EtherType.
    match (peeler.u8(0)?, peeler.u8(1)?, peeler.u8(2)?) {
        (0xaa, 0xaa, 3) => {
            let organisation = peeler.be32(2)? & 0x00ff_ffff;
            let ethertype = peeler.be16(6)?;
            peeler.advance(8)?;
            // RFC 1042 and the bridge tunnel of IEEE 802.1H.
            if organisation == 0 || organisation == 0xf8 {
                Ok(Next::EtherType(ethertype))
            } else {
                Err(Peeled::Stopped(Undecoded::Snap))
            }
        }
        // IPv4 over LLC (RFC 948).
        (6, 6, 3) => peeler.advance(3).map(|()| Next::Ip),
        _ => Err(Peeled::Stopped(Undecoded::Llc)),
    }
}

pub(super) fn ethertype(peeler: &mut Peeler<'_>, ethertype: u16) -> Step {
    match ethertype {
        IPV4 | IPV6 => Ok(Next::Ip),
        ARP => {
            peeler.layout.network = peeler.offset(peeler.at)?;
            Err(Peeled::Arp(peeler.layout))
        }
        tag if tag == VLAN || SERVICE_TAGS.contains(&tag) => {
            let tag = SingleVlanHeaderSlice::from_slice(peeler.rest()).map_err(|_| TRUNCATED)?;
            let (id, following) = (tag.vlan_identifier().value(), tag.ether_type().0);
            if peeler.layout.link_bits & VLAN_KNOWN == 0 {
                peeler.layout.link_bits |= VLAN_KNOWN | id;
            }
            peeler.advance(SingleVlanHeader::LEN)?;
            after_addresses(peeler, following)
        }
        tag if MPLS.contains(&tag) => Ok(Next::Mpls),
        VN_TAG => {
            // Direction, pointer, destination, looped, version, source; only version 0 is known.
            if peeler.be32(0)? & 0x3000 != 0 {
                return Err(Peeled::Stopped(Undecoded::VnTag));
            }
            past_tag(peeler, 4)
        }
        // Priority, ingress and target port of the extender: nothing that tells conversations apart.
        E_TAG => past_tag(peeler, 6),
        // Version and length, here of a single option; longer ones are not documented.
        CISCO_METADATA => match peeler.be16(0)? {
            0x0101 => past_tag(peeler, 6),
            _ => Err(Peeled::Stopped(Undecoded::EtherType)),
        },
        BRIDGED => Ok(Next::Ethernet),
        PPPOE_SESSION => ppp::over_ethernet(peeler),
        MACSEC => macsec::macsec(peeler),
        other => Err(Peeled::Stopped(match other {
            0x88cc => Undecoded::Lldp,
            0x8863 => Undecoded::Pppoe,
            0x888e => Undecoded::Eapol,
            0x8892 | 0x88f7 | 0x88b8..=0x88ba | 0x88a4 | 0x88cd | 0x8204 => Undecoded::Industrial,
            0x9000 | 0x0060 | 0x8902 | 0x8809 => Undecoded::LinkTest,
            0x8137 | 0x8138 | 0x809b | 0x80f3 | 0x6003 | 0x6004 | 0x0600 | 0x0bad => Undecoded::Legacy,
            _ => Undecoded::EtherType,
        })),
    }
}
