use super::*;

fn of(bytes: &[u8]) -> Vec<(Clue, String)> {
    let mut found = Vec::new();
    of_stream(bytes, &mut |clue, text| found.push((clue, text.into_owned())));
    found
}

fn one(clue: Clue, text: &str) -> Vec<(Clue, String)> {
    vec![(clue, text.to_owned())]
}

#[test]
<<<<<<< HEAD
fn greetings_name_the_software() {
    assert_eq!(of(b"RFB 003.008\n"), one(Clue::RfbVersion, "003.008"));
    for nothing in [&b"RFB 3.8\n"[..], b"RFB 003.008\nmore\n", b"", b"R"] {
        assert_eq!(of(nothing), [], "{}", String::from_utf8_lossy(nothing));
    }
=======
fn web_ends_name_their_software_and_nothing_of_what_they_ask_for() {
    let asks = b"GET /patients?name=CANARY HTTP/1.1\r\nHost: a\r\nUser-Agent: curl/7.88.1\r\nCookie: CANARY\r\n\r\n";
    assert_eq!(of(asks), one(Clue::HttpAgent, "curl/7.88.1"));
    let answers = b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Type: text/html\r\n\r\nCANARY";
    assert_eq!(of(answers), one(Clue::HttpServer, "nginx/1.22.1"));
    // Cut behind the field; without one; not of the shape.
    assert_eq!(of(&answers[..41]), one(Clue::HttpServer, "nginx/1.22.1"));
    assert_eq!(of(b"HTTP/1.1 200 OK\r\n\r\n"), []);
    assert_eq!(of(b"GET / HTTP/1.1\r\nUser-Agent: doe@example.org\r\n\r\n"), []);
}

/// A hello message of a client, with these extensions.
fn hello(extensions: &[(u16, &[u8])]) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 6, 0x1a, 0x1a, 0x13, 0x01, 0xc0, 0x2f, 1, 0]);
    let mut rest = Vec::new();
    for (kind, value) in extensions {
        rest.extend(kind.to_be_bytes());
        rest.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        rest.extend(*value);
    }
    body.extend(u16::try_from(rest.len()).unwrap().to_be_bytes());
    body.extend(rest);
    let length = u16::try_from(body.len()).unwrap();
    let mut bytes = vec![22, 3, 1];
    bytes.extend((length + 4).to_be_bytes());
    bytes.extend([1, 0]);
    bytes.extend(length.to_be_bytes());
    bytes.extend(body);
    bytes
}

#[test]
fn an_offer_has_fingerprints_that_do_not_depend_on_what_means_nothing() {
    let name = [&[0, 8, 0, 0, 5][..], b"a.org"].concat();
    let extensions: [(u16, &[u8]); 6] = [
        (0x2a2a, &[]),
        (0, &name),
        (10, &[0, 4, 0x3a, 0x3a, 0, 29]),
        (13, &[0, 4, 4, 3, 8, 4]),
        (16, &[0, 3, 2, b'h', b'2']),
        (43, &[5, 0x4a, 0x4a, 3, 4, 0]),
    ];
    let found = of(&hello(&extensions));
    let [(Clue::TlsJa3, ja3), (Clue::TlsJa4, ja4), (Clue::TlsServerName, server)] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(server, "a.org");
    // md5 of "771,4865-49199,0-10-13-16-43,29,".
    assert_eq!(ja3, &hexadecimal_of_md5("771,4865-49199,0-10-13-16-43,29,"));
    assert!(ja4.starts_with("t13d0205h2_"), "{ja4}");
    let others = [(0x5a5a, &[][..])].iter().chain(&extensions[1..]).copied().collect::<Vec<_>>();
    assert_eq!(of(&hello(&others)), found);
    // Without a name it is another one.
    assert!(of(&hello(&extensions[2..]))[1].1.starts_with("t13i0204h2_"));
}

fn hexadecimal_of_md5(text: &str) -> String {
    use md5::Digest;
    md5::Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
>>>>>>> h5
}

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
    let expected = [(Clue::DhcpVendorClass, "MSFT 5.0"), (Clue::DhcpParameters, "1,3,6")];
    assert_eq!(found, expected.map(|(clue, text)| (clue, text.to_owned())));
    for end in 0..message.len() {
        assert!(client(&message[..end], &mut |_, _| {}).is_none() || end >= 240, "{end}");
    }
    message[0] = 2;
    assert_eq!(client(&message, &mut |_, _| panic!("an answer is no client's")), None);
}

proptest::proptest! {
    /// Whatever stands behind what a clue begins with: nothing panics, and what comes out has its shape.
    #[test]
    fn no_octets_are_too_strange(start in 0usize..3, rest in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        let starts: [&[u8]; 3] = [b"SSH-2.0-", b"RFB ", b""];
        let bytes = [starts[start], &rest].concat();
        let is_clue = |text: &str| !text.is_empty() && text.len() <= CLUE_MAX && text.bytes().all(is_of_product);
        of_stream(&bytes, &mut |clue, text| assert!(is_clue(&text), "{clue:?} {text}"));
        let mut message = vec![1, 1, 6];
        message.extend(&rest);
        client(&message, &mut |clue, text| assert!(is_clue(&text), "{clue:?} {text}"));
    }
}
