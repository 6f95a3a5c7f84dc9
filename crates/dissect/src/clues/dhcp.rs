//! What a DHCP client says of itself when it asks for an address (RFC 2131).

use std::borrow::Cow;

use wardtap_net::address::Mac;
use wardtap_net::dhcp::{Message, REQUEST};
use wardtap_net::reader::Reader;

use super::{Clue, is_of_product, names, shaped};

/// Options (RFC 2132).
const HOST_NAME: u8 = 12;
const PARAMETERS: u8 = 55;
const VENDOR_CLASS: u8 = 60;

/// Parameters that are listed.
const PARAMETERS_MAX: usize = 40;

/// Reads what a client says; gives back its hardware address, by which it is known before it has another one.
pub fn client(bytes: &[u8], to: &mut dyn FnMut(Clue, Cow<'_, str>)) -> Option<Mac> {
    let message = Message::read(Reader::new(bytes)).filter(|message| message.operation == REQUEST)?;
    let client = message.client?;
    for (code, value) in message.options() {
        match code {
            HOST_NAME if !value.is_empty() => to(Clue::HostName, Cow::Borrowed(names::shown(value).as_str())),
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
