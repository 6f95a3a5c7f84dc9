//! HTTP/1: what its ends say that they are. No path, query, cookie or body is looked at.

use std::borrow::Cow;

use super::{Clue, is_of_product, shaped};

/// Header fields that are read.
const FIELDS_MAX: usize = 64;

/// Methods with which a request begins (RFC 9110 section 9.3, RFC 5789).
const METHODS: [&[u8]; 8] = [b"GET ", b"POST ", b"PUT ", b"HEAD ", b"OPTIONS ", b"DELETE ", b"PATCH ", b"CONNECT "];

pub(super) fn read(bytes: &[u8], to: &mut dyn FnMut(Clue, Cow<'_, str>)) {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let (clue, name) = if bytes.starts_with(b"HTTP/1.") {
        // What is cut is read as far as it goes.
        let mut response = httparse::Response::new(&mut fields);
        if response.parse(bytes).is_err() {
            return;
        }
        (Clue::HttpServer, "server")
    } else if METHODS.iter().any(|method| bytes.starts_with(method)) {
        let mut request = httparse::Request::new(&mut fields);
        if request.parse(bytes).is_err() {
            return;
        }
        (Clue::HttpAgent, "user-agent")
    } else {
        return;
    };
    if let Some(field) = fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)) {
        shaped(clue, field.value, is_of_product, to);
    }
}
