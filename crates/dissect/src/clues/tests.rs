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
    let expected = [(Clue::DhcpVendorClass, "MSFT 5.0"), (Clue::DhcpParameters, "1,3,6")];
    assert_eq!(found, expected.map(|(clue, text)| (clue, text.to_owned())));
    for end in 0..message.len() {
        assert!(client(&message[..end], &mut |_, _| {}).is_none() || end >= 240, "{end}");
    }
    message[0] = 2;
    assert_eq!(client(&message, &mut |_, _| panic!("an answer is no client's")), None);
}

proptest::proptest! {
    /// Whatever stands behind what a message begins with: nothing panics, and what comes out has its shape.
    #[test]
    fn no_octets_are_too_strange(rest in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let is_clue = |text: &str| !text.is_empty() && text.len() <= CLUE_MAX && text.bytes().all(is_of_product);
        let mut message = vec![1, 1, 6];
        message.extend(&rest);
        client(&message, &mut |clue, text| assert!(is_clue(&text), "{clue:?} {text}"));
    }
}
