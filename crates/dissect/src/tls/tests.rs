use wardtap_net::stream::Side;

use super::wire::{CERTIFICATE_MAX, HELLO_MAX};
use crate::exercise::{Step, Transcript, exercise};
use crate::{FlowFacts, Transport};

const FLOW: FlowFacts = FlowFacts {
    ports: [40_000, 8443],
    originator: Some(Side::A),
    from_start: [true; 2],
    requester: None,
    transport: Transport::Tcp,
};

/// Of openssl: O=Invented Devices, CN=pump-7.hospital.test, signed by itself, of 1960 to 1968.
const PUMP: &str = "\
    3082016e30820115021459a497af93dc3fa4e44b234b87f339b7ef3d7d44300a06082a8648ce3d040302303a31193017060355040a0c10496e76\
    656e7465642044657669636573311d301b06035504030c1470756d702d372e686f73706974616c2e74657374301e170d36303031303130303030\
    30305a170d3639303130313030303030305a303a31193017060355040a0c10496e76656e7465642044657669636573311d301b06035504030c14\
    70756d702d372e686f73706974616c2e746573743059301306072a8648ce3d020106082a8648ce3d03010703420004cbef532c10d7fd29edf3ac\
    ee0972d954644f7c0b8c6dc4dc67366c937605b2ed57b1c20a490f6f65ba90c313ea846a6aa5fef0b2c7da3541fe24ce2f907741fe300a06082a\
    8648ce3d040302034700304402206eb8a62ab47098cc128bdce255b4b47ac6d1d41cf02fc81ff840b7819d3b227d022015129579e7bd7c4d7fd0\
    17faa4e25bac5c5983137d1a71cb85af6e375ef8a96d";

/// Of openssl: O=St Invented Hospital, CN=CANARYDOCTOR, signed by itself.
const DOCTOR: &str = "\
    308201a93082014ea00302010202142a85f1b17b532b0e06310fca3b1b5052e1d9a333300a06082a8648ce3d0403023036311d301b060355040a\
    0c14537420496e76656e74656420486f73706974616c3115301306035504030c0c43414e415259444f43544f52301e170d323530313031303030\
    3030305a170d3335303130313030303030305a3036311d301b060355040a0c14537420496e76656e74656420486f73706974616c311530130603\
    5504030c0c43414e415259444f43544f523059301306072a8648ce3d020106082a8648ce3d030107034200044c2e27fc77d252bbd60222abc29f\
    7c21eaf829ee5498cdd8928456e8d572f02cb0bdf2664b7e1fd39216254db6dea05ffc21fc5050fa55d768363f23605038a9a33a303830170603\
    551d110410300e820c43414e415259444f43544f52301d0603551d0e04160414d4a65920b8cc52afb791ab3909d4759469d71e38300a06082a86\
    48ce3d0403020349003046022100f80c25dce1a5645ce221d17b6762a721e877687f4bdb3204997a06925adff9b7022100a441528f6d70c39bdd\
    5cfa7c6668fe972ce03fa193f2fa579282799e352907f9";

fn octets(hexadecimal: &str) -> Vec<u8> {
    let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    hexadecimal.as_bytes().chunks(2).map(digits).collect()
}

fn behind_length(octets_of_length: usize, bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    [&length[4 - octets_of_length..], bytes].concat()
}

/// A record of each piece.
fn records(content: u8, pieces: &[&[u8]]) -> Vec<u8> {
    pieces.iter().flat_map(|piece| [vec![content, 3, 3], behind_length(2, piece)].concat()).collect()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [vec![kind], behind_length(3, body)].concat()
}

fn extensions(all: &[(u16, &[u8])]) -> Vec<u8> {
    let each = all.iter().flat_map(|(kind, value)| [kind.to_be_bytes().to_vec(), behind_length(2, value)].concat());
    behind_length(2, &each.collect::<Vec<u8>>())
}

fn client_hello(suites: &[u8], session: &[u8], all: &[(u16, &[u8])]) -> Vec<u8> {
    let parts =
        [&[3, 3][..], &[7; 32], &behind_length(1, session), &behind_length(2, suites), &[1, 0], &extensions(all)];
    message(1, &parts.concat())
}

fn server_hello(version: [u8; 2], random: &[u8; 32], session: &[u8], cipher: [u8; 2], all: &[(u16, &[u8])]) -> Vec<u8> {
    message(2, &[&version[..], random, &behind_length(1, session), &cipher, &[0], &extensions(all)].concat())
}

fn certificate(leaf: &[u8]) -> Vec<u8> {
    message(11, &behind_length(3, &[behind_length(3, leaf), behind_length(3, &[9; 500])].concat()))
}

const SUITES: &[u8] = &[0x1a, 0x1a, 0x13, 0x01, 0xc0, 0x2f];

fn read(steps: &[(Side, Vec<u8>)]) -> Transcript {
    let steps: Vec<Step> = steps.iter().map(|(side, bytes)| Step::Bytes(*side, bytes.clone())).collect();
    for lengths in [&[1usize][..], &[3, 50], &[1000], &[6, 4, 1]] {
        exercise(&FLOW, &steps, lengths);
    }
    exercise(&FLOW, &steps, &[7])
}

fn hexadecimal_of_md5(text: &str) -> String {
    use md5::Digest;
    md5::Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A whole handshake of TLS 1.2, whose messages are cut over records and share one.
#[test]
fn a_handshake_in_clear_is_read_until_it_is_encrypted() {
    let name = [&[0, 24, 0, 0, 21][..], b"pump-7.hospital.test."].concat();
    let hello =
        client_hello(SUITES, &[5; 8], &[(0, &name), (16, &[0, 9, 8, b'h', b't', b't', b'p', b'/', b'1', b'.', b'1'])]);
    let (start, rest) = hello.split_at(20);
    let flight = [
        server_hello([3, 3], &[8; 32], &[6; 32], [0xc0, 0x2f], &[]),
        certificate(&octets(PUMP)),
        message(12, &[1; 90]),
        message(14, &[]),
    ]
    .concat();
    let (one, two) = flight.split_at(300);
    let answer = [
        records(22, &[&certificate(&octets(DOCTOR)), &message(16, &[3; 40])]),
        records(20, &[&[1]]),
        records(22, &[&[0xee; 40]]),
    ]
    .concat();
    let found = read(&[
        (Side::A, records(22, &[start, rest])),
        (Side::B, records(22, &[one, two])),
        (Side::A, answer),
        (Side::B, [records(20, &[&[1]]), records(22, &[&[0xee; 40]]), records(23, &[&[0xee; 90]])].concat()),
    ]);
    let ja3 = hexadecimal_of_md5("771,4865-49199,0-16,,");
    let [hello, choice, pump, doctor] = &found.messages[..] else { panic!("{found:#?}") };
    let begins = |text: &str, start: &str| assert!(text.starts_with(start), "{text}");
    begins(hello, r#"A tls client-hello request 104 {"kind":"client-hello","version":"1.2","ciphers":""#);
    assert!(
        hello.contains(&format!(
            r#""newest":"1.2","server_name":"pump-7.hospital.test.","alpn":"http/1.1","ja3":"{ja3}","ja4":"t12d0202h1_"#
        )),
        "{hello}"
    );
    assert!(hello.ends_with(r#","resumes":true}"#), "{hello}");
    assert_eq!(
        choice,
        r#"B tls server-hello response 76 paired {"kind":"server-hello","version":"1.2","cipher":"c02f"}"#
    );
    begins(pump, r#"B tls certificate response "#);
    let told = r#"{"kind":"certificate","certificate":"5570ef3d50869788","authority":"c913d055d3ee826a","subject":"pump-7.hospital.test","subject_organisation":"Invented Devices","issuer":"pump-7.hospital.test","issuer_organisation":"Invented Devices","expired":true,"self_signed":true,"key_bits":256}"#;
    assert!(pump.ends_with(told), "{pump}");
    // Whose certificate a client has is nobody's business.
    assert!(doctor.ends_with(r#"{"kind":"certificate","certificate":"2ac5171cd6a80f3d","not_before":1735689600,"not_after":2051222400,"self_signed":true,"key_bits":256}"#), "{doctor}");
    assert!(doctor.starts_with("A tls certificate request"), "{doctor}");
    assert!(!format!("{found:?}").contains("CANARY"));
    assert_eq!(found.anomalies, [""; 0]);
    let clues: Vec<&str> = found.clues.iter().map(|clue| clue.split(' ').nth(1).unwrap()).collect();
    // Of the client's certificate none.
    assert_eq!(clues, ["tls-ja3", "tls-ja4", "tls-server-name", "tls-subject", "tls-certificate"]);
    assert_eq!(found.clues[4], "B tls-certificate expired");
    assert_eq!(found.clues[3], "B tls-subject Invented Devices, pump-7.hospital.test");
}

/// As baselines have them since before there was a dissector.
#[test]
fn features_are_the_version_of_the_message_and_a_digest_of_the_suites() {
    let offer = |suites: &[u8]| {
        let found = read(&[(Side::A, records(22, &[&client_hello(suites, &[], &[(43, &[2, 3, 4])])]))]);
        let digits = found.messages[0].split(r#""version":"1.2","ciphers":""#).nth(1).unwrap()[..8].to_owned();
        (u32::from_str_radix(&digits, 16).unwrap(), found)
    };
    let (digest, found) = offer(&[0x1a, 0x1a, 0x13, 1, 0, 0x2f]);
    assert_eq!(digest, crate::digest::digest([0x13, 1, 0, 0x2f].into_iter()));
    assert!(found.messages[0].contains(r#""newest":"1.3""#), "{found:?}");
    assert_eq!(offer(&[0x13, 1, 0, 0x2f, 0xfa, 0xfa]).0, digest);
    assert_ne!(offer(&[0, 0x2f, 0x13, 1]).0, digest);
}

#[test]
fn an_offer_has_fingerprints_that_do_not_depend_on_what_means_nothing() {
    let name = [&[0, 8, 0, 0, 5][..], b"a.org"].concat();
    let all: [(u16, &[u8]); 6] = [
        (0x2a2a, &[]),
        (0, &name),
        (10, &[0, 4, 0x3a, 0x3a, 0, 29]),
        (13, &[0, 4, 4, 3, 8, 4]),
        (16, &[0, 3, 2, b'h', b'2']),
        (43, &[5, 0x4a, 0x4a, 3, 4, 0]),
    ];
    let of = |all: &[(u16, &[u8])]| read(&[(Side::A, records(22, &[&client_hello(SUITES, &[], all)]))]).clues;
    let found = of(&all);
    let ja3 = format!("A tls-ja3 {}", hexadecimal_of_md5("771,4865-49199,0-10-13-16-43,29,"));
    assert_eq!([&found[0], &found[2]], [&ja3, "A tls-server-name a.org"]);
    assert!(found[1].starts_with("A tls-ja4 t13d0205h2_"), "{found:?}");
    let others = [(0x5a5a, &[][..])].iter().chain(&all[1..]).copied().collect::<Vec<_>>();
    assert_eq!(of(&others), found);
    // Without a name it is another one.
    assert!(of(&all[2..])[1].contains("t13i0204h2_"));
    // What has not the shape of a host is not told.
    let person = [&[0, 14, 0, 0, 11][..], b"CANARY DOE!"].concat();
    assert_eq!(of(&[(0, &person)]).len(), 2);
}

/// RFC 8446 section 4.1.4: the server asks for another hello; both may say in between that they encrypt (appendix D.4).
#[test]
fn a_second_hello_is_read() {
    let retry: [u8; 32] =
        octets("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c").try_into().unwrap();
    let versions: [(u16, &[u8]); 1] = [(43, &[3, 4])];
    let hello = records(22, &[&client_hello(SUITES, &[4; 32], &[(43, &[2, 3, 4])])]);
    let encrypts = records(20, &[&[1]]);
    let data = records(23, &[&[0; 50]]);
    let found = read(&[
        (Side::A, hello.clone()),
        (
            Side::B,
            [records(22, &[&server_hello([3, 3], &retry, &[4; 32], [0x13, 1], &versions)]), encrypts.clone()].concat(),
        ),
        (Side::A, [encrypts.clone(), hello, data.clone()].concat()),
        (
            Side::B,
            [
                records(22, &[&server_hello([3, 3], &[1; 32], &[4; 32], [0x13, 1], &[(43, &[3, 4]), (41, &[0, 0])])]),
                data,
                vec![0xff; 9],
            ]
            .concat(),
        ),
    ]);
    let ends = |text: &str, end: &str| assert!(text.ends_with(end), "{text}");
    assert_eq!(found.messages.len(), 4, "{found:#?}");
    ends(&found.messages[1], r#"paired {"kind":"server-hello","version":"1.3","cipher":"1301","retry":true}"#);
    ends(&found.messages[3], r#"paired {"kind":"server-hello","version":"1.3","cipher":"1301","resumed":true}"#);
    assert!(found.anomalies.is_empty());
}

#[test]
fn a_session_is_resumed_where_its_id_comes_back() {
    let resumed = |id: u8| {
        let choice = server_hello([3, 3], &[1; 32], &[id; 32], [0, 0x2f], &[]);
        let found = read(&[
            (Side::A, records(22, &[&client_hello(SUITES, &[4; 32], &[])])),
            (Side::B, records(22, &[&choice])),
        ]);
        found.messages[1].contains(r#""resumed":true"#)
    };
    assert!(resumed(4) && !resumed(5));
}

#[test]
fn alerts_in_clear_are_told_and_what_a_server_refuses_is_negative() {
    let hello = || (Side::A, records(22, &[&client_hello(SUITES, &[], &[])]));
    for (alert, outcome) in [([2, 40], " negative"), ([2, 70], ""), ([1, 0], "")] {
        let found = read(&[hello(), (Side::B, records(21, &[&alert]))]);
        let [level, description] = alert;
        let expected = format!(
            r#"B tls alert response 2{outcome} paired {{"kind":"alert","level":{level},"description":{description}}}"#
        );
        assert_eq!(found.messages[1], expected);
    }
    // One that is encrypted.
    assert_eq!(read(&[hello(), (Side::B, records(21, &[&[9; 26], &[2, 40]]))]).messages.len(), 1);
}

#[test]
fn a_client_without_a_certificate_says_so() {
    let none = message(11, &[0, 0, 0]);
    let found = read(&[(Side::A, records(22, &[&client_hello(SUITES, &[], &[]), &none]))]);
    assert_eq!(found.messages[1], r#"A tls certificate request 7 {"kind":"certificate","none":true}"#);
}

#[test]
fn what_does_not_add_up_is_counted_and_holds_nothing() {
    let hello = client_hello(SUITES, &[], &[]);
    let behind = |bytes: Vec<u8>| read(&[(Side::A, [records(22, &[&hello]), bytes].concat())]);
    assert_eq!(behind(vec![0x47; 40]).anomalies, ["not-a-record"]);
    assert_eq!(behind(records(22, &[&[99; 40], &hello])).anomalies, ["not-a-handshake"]);
    // Longer than what is gathered; what follows it is read.
    let long = message(1, &vec![3; HELLO_MAX + 1]);
    let pieces: Vec<&[u8]> = long.chunks(16_000).chain([&hello[..]]).collect();
    let found = behind(records(22, &pieces));
    assert_eq!((&found.anomalies[..], found.messages.len()), (&["unreadable-hello"][..], 2));
    let long = certificate(&vec![3; CERTIFICATE_MAX + 1]);
    let pieces: Vec<&[u8]> = long.chunks(16_000).collect();
    let found = behind(records(22, &pieces));
    assert_eq!(found.anomalies, ["unreadable-certificate"]);
    assert!(found.held_max < 1000, "{}", found.held_max);
    assert_eq!(behind(records(22, &[&certificate(&[0x30; 300])])).anomalies, ["unreadable-certificate"]);
    // Of every length: it is a shorter message, not the start of another one.
    for length in 4..hello.len() {
        let cut = message(1, &hello[4..length]);
        let found = behind(records(22, &[&cut]));
        assert!(found.messages.len() + found.anomalies.len() == 2, "{length} {found:?}");
    }
}

/// Whatever stands in a certificate: nothing panics.
#[test]
fn no_certificate_is_too_strange() {
    let pump = octets(PUMP);
    for place in 0..pump.len() {
        for octet in [0, 0xff, pump[place] ^ 1] {
            let mut strange = pump.clone();
            strange[place] = octet;
            let steps = [Step::Bytes(
                Side::B,
                records(22, &[&server_hello([3, 3], &[8; 32], &[], [0, 1], &[]), &certificate(&strange)]),
            )];
            let found = exercise(&FLOW, &steps, &[700]);
            assert_eq!(found.messages.len() + found.anomalies.len(), 2, "{place}");
        }
    }
}

#[test]
fn behind_a_gap_nothing_is_read() {
    let hello = records(22, &[&client_hello(SUITES, &[], &[])]);
    let steps = [
        Step::Bytes(Side::A, hello.clone()),
        Step::Gap(Side::B, Some(100)),
        Step::Bytes(Side::B, vec![0xab; 400]),
        Step::Bytes(Side::A, hello[..20].to_vec()),
        Step::Gap(Side::A, None),
        Step::Bytes(Side::A, hello),
    ];
    let found = exercise(&FLOW, &steps, &[9]);
    assert_eq!((found.messages.len(), found.anomalies.len()), (1, 0), "{found:?}");
}

#[test]
fn a_flow_caught_in_the_middle_is_named_by_two_whole_records_of_data() {
    let data = records(23, &[&[0xab; 60], &[0xcd; 900]]);
    for (bytes, name) in [
        (data.clone(), Some("tls")),
        (data[..data.len() - 1].to_vec(), None),
        (records(23, &[&[0xab; 5], &[0xcd; 900]]), None),
        ([&data[..65], &[0x17, 3, 1, 0, 20], &[0; 20]].concat(), None),
    ] {
        let found = exercise(&FlowFacts { ports: [40_000, 9001], ..FLOW }, &[Step::Bytes(Side::B, bytes)], &[50]);
        assert_eq!((found.protocol, found.messages.len()), (name, 0));
    }
}

#[test]
fn a_flow_caught_in_the_middle_is_named_by_a_record_of_each_end_or_the_port() {
    let long = |version: u8, length: u16| [&[23, 3, version][..], &length.to_be_bytes(), &[0xab; 300]].concat();
    let named = |ports: [u16; 2], steps: &[Step]| exercise(&FlowFacts { ports, ..FLOW }, steps, &[50, 4]).protocol;
    let (odd, usual) = ([40_000, 9001], [40_000, 8883]);
    let one = |bytes: Vec<u8>| [Step::Bytes(Side::A, bytes)];
    let both = |a: Vec<u8>, b: Vec<u8>| [Step::Bytes(Side::A, a), Step::Bytes(Side::B, b)];
    // Longer than what is kept of a flow without a name: the second record of an end is never seen.
    for version in 1..=3 {
        assert_eq!(named(odd, &both(long(version, 9000), long(version, 4000))), Some("tls"));
        assert_eq!(named(odd, &one(long(version, 9000))), None);
        assert_eq!(named(usual, &one(long(version, 9000))), Some("tls"));
    }
    // What the first end sends behind its record does not matter once the other end has shown one.
    let bad = [long(3, 300), vec![9; 40]].concat();
    assert_eq!(named(odd, &one(bad.clone())), None);
    assert_eq!(named(odd, &both(bad, long(3, 4000))), Some("tls"));
    for other in [long(4, 9000), long(0, 9000), long(3, 15), long(3, 18_433), long(3, 9000)[1..].to_vec()] {
        assert_eq!(named(usual, &one(other.clone())), None);
        assert_eq!(named(odd, &both(long(3, 9000), other)), None);
    }
    assert_eq!(named(usual, &one(long(3, 9000)[..4].to_vec())), None);
}

#[test]
fn what_only_begins_like_tls_is_something_else() {
    let hello = records(22, &[&client_hello(SUITES, &[], &[])]);
    for (place, octet) in [(0, 21), (1, 2), (2, 5), (3, 0xff), (5, 3), (6, 1), (9, 2), (10, 9)] {
        let mut other = hello.clone();
        other[place] = octet;
        assert_eq!(exercise(&FLOW, &[Step::Bytes(Side::A, other)], &[1]).protocol, None, "{place}");
    }
    for length in 0..11 {
        assert_eq!(exercise(&FLOW, &[Step::Bytes(Side::A, hello[..length].to_vec())], &[1]).protocol, None);
    }
    assert_eq!(exercise(&FLOW, &[Step::Bytes(Side::A, hello[..11].to_vec())], &[1]).protocol, Some("tls"));
}

proptest::proptest! {
    #[test]
    fn no_octets_are_too_strange(
        kind in 1u8..12,
        rest in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
        lengths in proptest::collection::vec(1usize..40, 1..6),
    ) {
        let steps = [
            Step::Bytes(Side::A, records(22, &[&client_hello(SUITES, &[], &[])])),
            Step::Bytes(Side::B, records(22, &[&message(kind, &rest), &rest, &[1]])),
            Step::Bytes(Side::A, rest),
        ];
        exercise(&FLOW, &steps, &lengths);
    }
}
