//! What a DHCP client says of itself when it asks for an address (RFC 2131).

use std::borrow::Cow;

use wardtap_net::address::Mac;
use wardtap_net::reader::Reader;

use super::{Clue, is_of_product, shaped};

const REQUEST: u8 = 1;
const ETHERNET: [u8; 2] = [1, 6];
const COOKIE: u32 = 0x6382_5363;

/// Options (RFC 2132).
const PAD: u8 = 0;
const PARAMETERS: u8 = 55;
const VENDOR_CLASS: u8 = 60;
const END: u8 = 255;

/// Parameters that are listed.
const PARAMETERS_MAX: usize = 40;

/// Reads what a client says; gives back its hardware address, by which it is known before it has another one.
pub fn client(bytes: &[u8], to: &mut dyn FnMut(Clue, Cow<'_, str>)) -> Option<Mac> {
    let mut message = Reader::new(bytes);
    if message.u8()? != REQUEST || message.take(2)? != ETHERNET {
        return None;
    }
    message.skip(25)?;
    let client = message.take(16)?.first_chunk().copied().map(Mac)?;
    message.skip(192)?;
    if message.be32()? != COOKIE || !client.is_host() {
        return None;
    }
    while let Some(code) = message.u8() {
        match code {
            PAD => continue,
            END => break,
            _ => {}
        }
        let Some(value) = message.u8().and_then(|length| message.take(usize::from(length))) else { break };
        match code {
            VENDOR_CLASS => shaped(Clue::DhcpVendorClass, value, is_of_product, to),
            PARAMETERS if !value.is_empty() && value.len() <= PARAMETERS_MAX => {
                let list: Vec<String> = value.iter().map(ToString::to_string).collect();
                to(Clue::DhcpParameters, Cow::Owned(list.join(",")));
            }
            _ => {}
        }
    }
    Some(client)
}
