use wardtap_net::stream::Side;

use crate::FlowFacts;
use crate::exercise::{Step, Transcript, exercise};
use crate::talks::{change, flow};

fn steps(steps: &[(Side, Vec<u8>)]) -> Vec<Step> {
    steps.iter().map(|(side, bytes)| Step::Bytes(*side, bytes.clone())).collect()
}

fn read_on(port: u16, steps: &[Step]) -> Transcript {
    for lengths in [&[1usize][..], &[3, 70], &[64], &[5, 1, 90, 2]] {
        exercise(&flow(port), steps, lengths);
    }
    exercise(&flow(port), steps, &[7])
}

fn read(messages: &[(Side, Vec<u8>)]) -> Transcript {
    read_on(445, &steps(messages))
}

fn framed(messages: &[u8]) -> Vec<u8> {
    [&u32::try_from(messages.len()).unwrap().to_be_bytes()[..], messages].concat()
}

/// A message of SMB 2 without its frame.
fn bare(command: u16, id: u64, tree: u32, flags: u32, status: u32, next: u32, body: &[u8]) -> Vec<u8> {
    let mut message = b"\xfeSMB\x40\0\0\0".to_vec();
    message.extend(status.to_le_bytes());
    message.extend(command.to_le_bytes());
    message.extend([1, 0]);
    message.extend(flags.to_le_bytes());
    message.extend(next.to_le_bytes());
    message.extend(id.to_le_bytes());
    message.extend([0; 4]);
    message.extend(tree.to_le_bytes());
    message.extend([0; 24]);
    message.extend(body);
    message
}

fn request(command: u16, id: u64, tree: u32, body: &[u8]) -> (Side, Vec<u8>) {
    (Side::A, framed(&bare(command, id, tree, 0, 0, 0, body)))
}

fn response(command: u16, id: u64, tree: u32, status: u32, body: &[u8]) -> (Side, Vec<u8>) {
    (Side::B, framed(&bare(command, id, tree, 1, status, 0, body)))
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn tree_connect(id: u64, path: &str) -> (Side, Vec<u8>) {
    let path = wide(path);
    let mut body = vec![9, 0, 0, 0, 72, 0];
    body.extend(u16::try_from(path.len()).unwrap().to_le_bytes());
    body.extend(path);
    request(3, id, 0, &body)
}

fn tree_is(id: u64, tree: u32, kind: u8) -> (Side, Vec<u8>) {
    response(3, id, tree, 0, &[16, 0, kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 1, 0x1f, 0])
}

fn create(id: u64, tree: u32, name: &str, access: u32, options: u32) -> (Side, Vec<u8>) {
    let name = wide(name);
    let mut body = vec![57, 0];
    body.extend([0; 22]);
    body.extend(access.to_le_bytes());
    body.extend([0; 12]);
    body.extend(options.to_le_bytes());
    body.extend(120u16.to_le_bytes());
    body.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    body.extend([0; 8]);
    body.extend(name);
    request(5, id, tree, &body)
}

fn set_info(id: u64, tree: u32, class: u8, information: &[u8]) -> (Side, Vec<u8>) {
    let mut body = vec![33, 0, 1, class];
    body.extend(u32::try_from(information.len()).unwrap().to_le_bytes());
    body.extend([96, 0, 0, 0, 0, 0, 0, 0]);
    body.extend([9; 16]);
    body.extend(information);
    request(17, id, tree, &body)
}

fn write(id: u64, tree: u32, length: usize) -> (Side, Vec<u8>) {
    let mut body = vec![49, 0, 112, 0];
    body.extend(u32::try_from(length).unwrap().to_le_bytes());
    body.resize(48, 0);
    body.extend(b"CANARY".iter().cycle().take(length));
    request(9, id, tree, &body)
}

fn json(found: &Transcript) -> Vec<&str> {
    found.messages.iter().map(|line| line.split_once(" {").map_or("", |(_, json)| json)).collect()
}

fn challenge(build: u16) -> Vec<u8> {
    let mut token = b"\xa1\x81\xc4NTLMSSP\0\x02\0\0\0".to_vec();
    token.extend([12, 0, 12, 0, 56, 0, 0, 0, 0x15, 0x82, 0x89, 0xe2]);
    token.extend([7; 16]);
    token.extend([0; 8]);
    token.extend([10, 0]);
    token.extend(build.to_le_bytes());
    token.extend([0, 0, 0, 15]);
    token.extend(wide("CANARY"));
    token
}

fn setup_body(token: &[u8]) -> Vec<u8> {
    let mut body = vec![25, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 88, 0];
    body.extend(u16::try_from(token.len()).unwrap().to_le_bytes());
    body.extend([0; 8]);
    body.extend(token);
    body
}

#[test]
fn what_ends_agree_on_and_what_they_are() {
    let mut offer = vec![36, 0, 3, 0, 1, 0];
    offer.resize(36, 0);
    offer.extend([0x02, 0x02, 0x11, 0x03, 0x99, 0x99]);
    let mut choice = vec![65, 0, 3, 0, 0x11, 0x03];
    choice.resize(64, 0);
    let answer = [&[9, 0, 0, 0, 72, 0, 8, 0][..], &challenge(19045)].concat();
    let found = read(&[
        request(0, 0, 0, &offer),
        response(0, 0, 0, 0, &choice),
        request(1, 1, 0, &setup_body(b"\x60\x48\x06\x06\x2b\x06\x01\x05\x05\x02NTLMSSP\0\x01\0\0\0\x97\x82\x08\xe2")),
        response(1, 1, 0, 0xc000_0016, &answer),
        request(1, 2, 0, &setup_body(b"\x60\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01\0CANARY")),
        response(1, 2, 0, 0, &[9, 0, 1, 0, 72, 0, 0, 0]),
        response(1, 3, 0, 0xc000_006d, &[9, 0, 0, 0, 0, 0, 0, 0, 0]),
    ]);
    assert_eq!(
        found.messages,
        [
            r#"A smb negotiate request 106 {"kind":"negotiate","dialect":"3.1.1","signing":"enabled"}"#,
            r#"B smb negotiate response 128 positive paired {"kind":"negotiate","dialect":"3.1.1","signing":"required"}"#,
            r#"A smb session-setup request 114 {"kind":"session-setup","auth":"ntlm"}"#,
            r#"B smb session-setup response 143 paired {"kind":"session-setup"}"#,
            r#"A smb session-setup request 108 {"kind":"session-setup","auth":"kerberos"}"#,
            r#"B smb session-setup response 72 positive paired {"kind":"session-setup","login":"guest"}"#,
            r#"B smb session-setup response 73 negative {"kind":"session-setup","status":"logon-failure"}"#,
        ]
    );
    assert_eq!(found.clues, ["B smb-dialect 3.1.1", "B smb-system Windows NT 10.0.19045"]);
    assert!(found.anomalies.is_empty(), "{found:?}");
}

#[test]
fn a_build_that_no_system_has_is_no_clue() {
    let answer = [&[9, 0, 0, 0, 72, 0, 8, 0][..], &challenge(0)].concat();
    assert!(read(&[response(1, 1, 0, 0xc000_0016, &answer)]).clues.is_empty());
}

#[test]
fn a_service_is_started_from_afar() {
    let found = read(&[
        tree_connect(1, r"\\10.0.0.1\IPC$"),
        tree_is(1, 7, 2),
        create(2, 7, "svcctl", 3, 0),
        response(5, 2, 7, 0, &[0; 88]),
        tree_connect(3, r"\\10.0.0.1\ADMIN$"),
        tree_is(3, 8, 1),
        create(4, 8, "CANARY.exe", 3, 0),
        write(5, 8, 3000),
        tree_connect(6, r"\\10.0.0.1\canary"),
        tree_is(6, 9, 1),
        create(7, 9, "srvsvc", 0x10000, 0x1000),
        response(5, 7, 9, 0xc000_0022, &[0; 9]),
        create(8, 9, "CANARY", 1, 0),
        response(5, 8, 9, 0xc000_0022, &[0; 9]),
        request(4, 9, 9, &[4, 0, 0, 0]),
        write(10, 9, 1),
        create(11, 7, "CANARY", 3, 0),
        (Side::B, framed(&bare(5, 11, 7, 3, 0x103, 0, &[0; 9]))),
    ]);
    assert_eq!(
        json(&found),
        [
            r#""kind":"tree-connect","share":"ipc"}"#,
            r#""kind":"tree-connect","share":"ipc"}"#,
            r#""kind":"create","share":"ipc","pipe":"svcctl"}"#,
            r#""kind":"create","share":"ipc","pipe":"svcctl"}"#,
            r#""kind":"tree-connect","share":"admin"}"#,
            r#""kind":"tree-connect","share":"admin"}"#,
            r#""kind":"create","share":"admin"}"#,
            r#""kind":"write","share":"admin","octets":3000}"#,
            r#""kind":"tree-connect"}"#,
            r#""kind":"tree-connect","share":"disk"}"#,
            r#""kind":"create","share":"disk","change":"delete"}"#,
            r#""kind":"create","share":"disk","change":"delete","status":"access-denied"}"#,
            r#""kind":"create","share":"disk"}"#,
            r#""kind":"create","share":"disk"}"#,
            r#""kind":"tree-disconnect","share":"disk"}"#,
            r#""kind":"write","octets":1}"#,
            r#""kind":"create","share":"ipc","pipe":"other"}"#,
            r#""kind":"create","pending":true}"#,
        ]
    );
    let negative = found.messages.iter().filter(|message| message.contains("negative")).count();
    assert_eq!((negative, found.anomalies.len()), (1, 0), "{found:?}");
    assert!(!format!("{found:?}").contains("CANARY"));
}

#[test]
fn files_are_renamed_and_deleted() {
    for (class, information, change) in [
        (10, &[1, 0, 0, 0][..], r#","change":"rename""#),
        (65, &[0, 0, 0, 0], r#","change":"rename""#),
        (13, &[1], r#","change":"delete""#),
        (13, &[0], ""),
        (64, &[3, 0, 0, 0], r#","change":"delete""#),
        (20, &[1, 0, 0, 0], ""),
        (13, &[], ""),
    ] {
        let found = read(&[set_info(1, 1, class, information)]);
        assert_eq!(json(&found), [format!(r#""kind":"set-info"{change}}}"#)], "{class}");
    }
}

#[test]
fn a_compound_is_as_many_messages() {
    let create = create(4, 9, "CANARY", 1, 0).1.split_off(4);
    let create = [&bare(5, 4, 9, 0, 0, 136, &[])[..], &create[64..], &[0; 4]].concat();
    assert_eq!(create.len(), 136);
    let close = bare(6, 5, u32::MAX, 4, 0, 0, &[0; 24]);
    let steps = [
        tree_connect(1, r"\\h\C$"),
        tree_is(1, 9, 1),
        (Side::A, framed(&[create.clone(), close.clone()].concat())),
        response(6, 5, 9, 0, &[0; 60]),
    ];
    let found = read(&steps);
    assert_eq!(found.messages.len(), 5, "{found:?}");
    assert!(found.messages[2].starts_with("A smb create request 136 ") && found.messages[3].contains(" 88 "));
    assert!(found.messages[3].contains(r#""share":"admin""#) && found.messages[4].contains("paired"));
    // Where the next one begins makes no sense: the rest of the frame is one message.
    for next in [1u32, 63, 5000, u32::MAX] {
        let mut wrong = [create.clone(), close.clone()].concat();
        wrong[20..24].copy_from_slice(&next.to_le_bytes());
        let found = read(&[(Side::A, framed(&wrong)), request(13, 8, 0, &[4, 0, 0, 0])]);
        assert_eq!((found.messages.len(), &found.anomalies[..]), (2, &["malformed"][..]), "{next}: {found:?}");
    }
}

#[test]
fn what_is_encrypted_or_compressed_is_counted() {
    let encrypted = [&b"\xfdSMB"[..], &[3; 200]].concat();
    let compressed = [&b"\xfcSMB"[..], &[3; 20]].concat();
    let found = read(&[(Side::A, framed(&encrypted)), (Side::B, framed(&encrypted)), (Side::B, framed(&compressed))]);
    assert_eq!(
        found.messages,
        [
            r#"A smb encrypted request 204 {"kind":"encrypted"}"#,
            r#"B smb encrypted response 204 {"kind":"encrypted"}"#,
            r#"B smb compressed response 24 {"kind":"compressed"}"#,
        ]
    );
}

fn old(command: u8, flags: u8, status: u32, body: &[u8]) -> Vec<u8> {
    let mut message = b"\xffSMB".to_vec();
    message.push(command);
    message.extend(status.to_le_bytes());
    message.push(flags);
    message.extend([0; 18]);
    message.extend([0, 0, 5, 0]);
    message.extend(body);
    framed(&message)
}

#[test]
fn the_first_version_is_named_and_its_dialect() {
    let session = [&b"\x81\0\0\x44"[..], &[32], &[b'C'; 32], &[0, 32], &[b'A'; 32], &[0]].concat();
    let offer = |names: &[u8]| old(0x72, 0x18, 0, names);
    let choice = [&[17, 0, 0][..], &[0; 32], &[0, 0]].concat();
    let steps = [
        (Side::A, session),
        (Side::B, b"\x82\0\0\0".to_vec()),
        (Side::A, offer(b"\0\x22\0\x02PC NETWORK PROGRAM 1.0\0\x02NT LM 0.12\0")),
        (Side::B, old(0x72, 0x98, 0, &choice)),
        (Side::A, offer(b"\0\x00\x01\x02NT LM 0.12\0\x02SMB 2.002\0\x02SMB 2.???\0")),
        (Side::A, b"\x85\0\0\0".to_vec()),
        (Side::B, old(0x73, 0x98, 0xc000_006d, &[0, 0, 0])),
    ];
    let found = read_on(139, &self::steps(&steps));
    assert_eq!(
        json(&found),
        [
            r#""kind":"smb1","dialect":"1.0","command":114}"#,
            r#""kind":"smb1","dialect":"1.0","command":114}"#,
            r#""kind":"smb1","dialect":"2.x","command":114}"#,
            r#""kind":"smb1","status":"logon-failure","command":115}"#,
        ],
        "{found:?}"
    );
    assert!(found.messages[1].contains("paired") && found.messages[3].contains("negative"));
    assert_eq!(found.clues, ["B smb-dialect 1.0"]);
}

#[test]
fn a_loss_in_a_body_shortens_it() {
    let (side, bytes) = write(1, 1, 3000);
    let echo = request(13, 2, 0, &[4, 0, 0, 0]).1;
    let (start, rest) = bytes.split_at(500);
    let steps = [
        Step::Bytes(side, start.to_vec()),
        Step::Gap(side, Some(1000)),
        Step::Bytes(side, [&rest[1000..], &echo].concat()),
    ];
    let found = read_on(445, &steps);
    assert_eq!(
        found.messages,
        [
            r#"A smb write request 3112 incomplete {"kind":"write","octets":3000}"#,
            r#"A smb echo request 68 {"kind":"echo"}"#
        ]
    );
    // In a header: the message is lost, the frame's length is known.
    let steps = [
        Step::Bytes(side, echo.clone()),
        Step::Bytes(side, bytes[..40].to_vec()),
        Step::Gap(side, Some(1000)),
        Step::Bytes(side, [&bytes[1040..], &echo].concat()),
    ];
    assert_eq!(read_on(445, &steps).messages.len(), 2);
    // Nobody knows how much: the next frame is found, wherever it stands.
    let steps = [
        Step::Bytes(side, start.to_vec()),
        Step::Gap(side, None),
        Step::Bytes(side, [&b"SMB SMB \0\0\0\x10\xfeSM"[..], &echo, &echo].concat()),
    ];
    let found = read_on(445, &steps);
    assert_eq!((found.messages.len(), found.anomalies.len()), (3, 0), "{found:?}");
}

#[test]
fn what_is_no_message_is_counted_and_the_next_is_found() {
    let echo = request(13, 2, 0, &[4, 0, 0, 0]).1;
    for (garbage, reason) in [
        (&b"GET / HTTP/1.1\r\n"[..], "not-smb"),
        (b"\0\0\0\x08ABCDEFGH", "not-smb"),
        (b"\0\0\0\x02AB", "not-smb"),
        (b"\0\0\0\x06\xfeSMB\x40\0", "malformed"),
        (b"\0\0\0\x06\xffSMB\x72\0", "malformed"),
        (&framed(&bare(77, 1, 0, 0, 0, 0, &[])), "malformed"),
        (&framed(&bare(9, 1, 0, 0, 0, 0, &[0; 3])), "malformed"),
    ] {
        let steps = [Step::Bytes(Side::A, [&echo, garbage, &echo].concat())];
        let found = read_on(445, &steps);
        let told = found.messages.iter().filter(|message| message.contains("echo")).count();
        assert_eq!((told, &found.anomalies[..]), (2, &[reason][..]), "{garbage:?}: {found:?}");
    }
}

#[test]
fn cut_anywhere_it_ends_quietly() {
    let all = [
        tree_connect(1, r"\\h\C$").1,
        create(2, 9, "x", 1, 0).1,
        set_info(3, 9, 10, &[0; 30]).1,
        write(4, 9, 100).1,
        old(0x72, 0, 0, b"\0\x0d\0\x02NT LM 0.12\0"),
    ]
    .concat();
    for end in 0..all.len() {
        exercise(&flow(445), &[Step::Bytes(Side::A, all[..end].to_vec())], &[13]);
    }
    let found = read_on(445, &[Step::Bytes(Side::A, all[..all.len() - 1].to_vec())]);
    assert_eq!(found.messages.len(), 4);
    // On any port, from the middle on, one end alone; the body that came before is passed over.
    let midstream = FlowFacts { ports: [50_000, 50_001], ..FlowFacts::default() };
    let found = exercise(&midstream, &[Step::Bytes(Side::B, all[..all.len() - 60].to_vec())], &[9]);
    assert_eq!((found.protocol, found.messages.len()), (Some("smb"), 4));
    assert!(
        found.messages[3].contains("write request 212 incomplete") || found.messages[3].contains("write request 212 {")
    );
}

#[test]
fn many_requests_without_answers_stay_few() {
    let mut steps = vec![tree_connect(1, r"\\h\C$")];
    for id in 0..1000u32 {
        steps.push(tree_is(id.into(), id, 1));
        steps.push(create(u64::from(id) + 2, id, "x", 1, 0));
    }
    let found = exercise(&flow(445), &self::steps(&steps), &[1000]);
    assert!(found.held_max < 32 * 1024, "{}", found.held_max);
}

proptest::proptest! {
    /// Whatever is changed in what both ends send, and whatever is lost: the cuts do not matter, and nothing panics.
    #[test]
    fn changed_anywhere(change in change()) {
        let all: Vec<(Side, Vec<u8>)> = vec![
            request(0, 0, 0, &[&[36, 0, 1, 0, 1, 0][..], &[0; 30], &[0x11, 3]].concat()),
            response(1, 1, 0, 0xc000_0016, &[&[9, 0, 0, 0, 72, 0, 8, 0][..], &challenge(7)].concat()),
            tree_connect(1, r"\\h\C$"),
            tree_is(1, 9, 1),
            create(2, 9, "x", 1, 0),
            set_info(3, 9, 10, &[0; 30]),
            write(4, 9, 500),
            (Side::A, old(0x72, 0, 0, b"\0\x0d\0\x02NT LM 0.12\0")),
            response(8, 5, 9, 0, &[0; 300]),
        ];
        change.exercise(445, all);
    }
}

/// So many files that are opened, and renamed as a function says.
fn renamed(files: usize, to: impl Fn(usize, &str) -> String) -> Transcript {
    let mut messages = vec![tree_connect(1, r"\\srv\ward"), tree_is(1, 5, 1)];
    for number in 0..files {
        let (id, path) = (10 + 2 * number as u64, format!("ward\\plan-{number}.docx"));
        let name = wide(&to(number, &path));
        let mut information = vec![0; 16];
        information.extend(u32::try_from(name.len()).unwrap().to_le_bytes());
        information.extend(name);
        messages.push(create(id, 5, &path, 0x0013_019f, 0));
        messages.push(set_info(id + 1, 5, 10, &information));
    }
    read(&messages)
}

#[test]
fn files_that_all_get_an_ending_more_are_a_finding_and_their_names_stay_here() {
    use crate::Finding;
    let longer = |_: usize, path: &str| format!("{path}.locked");
    let files = |found: &Transcript| found.findings.clone();
    assert_eq!(files(&renamed(19, longer)), []);
    let found = renamed(45, longer);
    let told = [20, 40].map(|files| Finding::Renaming { side: Side::A, files });
    assert_eq!(files(&found), told, "and again at twice as many");
    assert!(!format!("{found:?}").contains("plan"));
    // From the root, as some clients have it.
    assert_eq!(files(&renamed(25, |_, path| format!("\\{path}.locked"))).len(), 1);
    // Another name, another ending, another folder, a longer name without an ending.
    for other in ["ward\\other.docx.locked", "ward\\plan.locked", "old\\plan.docx.locked", "ward\\plan.docxlocked"] {
        let other = |number: usize, _: &str| other.replace("plan", &format!("plan-{number}"));
        assert_eq!(files(&renamed(60, other)), []);
    }
}

#[test]
fn files_that_are_written_anew_beside_the_old_ones_count_as_well() {
    let messages: Vec<_> = (0..30u64)
        .flat_map(|number| {
            let path = format!("ward\\plan-{number}.docx");
            [
                create(2 * number, 5, &path, 0x0012_0089, 0),
                create(2 * number + 1, 5, &format!("{path}.enc"), 0x0013_019f, 0),
            ]
        })
        .collect();
    let found = read(&messages);
    assert_eq!(found.findings, [crate::Finding::Renaming { side: Side::A, files: 20 }]);
    // Only looked for, none is written.
    let looked: Vec<_> = (0..30u64)
        .flat_map(|number| {
            let path = format!("ward\\plan-{number}.docx");
            [
                create(2 * number, 5, &path, 0x0012_0089, 0),
                create(2 * number + 1, 5, &format!("{path}.bak"), 0x0012_0089, 0),
            ]
        })
        .collect();
    assert_eq!(read(&looked).findings, []);
}

/// A login under a name, as wide characters.
fn login(id: u64, user: &str) -> (Side, Vec<u8>) {
    let name = wide(user);
    let mut token = b"NTLMSSP\0\x03\0\0\0".to_vec();
    token.resize(36, 0);
    let length = u16::try_from(name.len()).unwrap().to_le_bytes();
    token.extend([length, length].concat());
    token.extend(64u32.to_le_bytes());
    token.resize(64, 0);
    token.extend(name);
    request(1, id, 0, &setup_body(&token))
}

#[test]
fn who_logs_in_is_told_by_a_digest_of_the_name() {
    let found = read(&[login(1, "canary"), login(2, "CANARY"), login(3, "other"), login(4, "")]);
    let [(Side::A, one), (Side::A, again), (Side::A, other)] = found.logins[..] else { panic!("{:?}", found.logins) };
    assert_eq!(one, again, "names have no case (MS-NLMP section 3.3.2)");
    assert_ne!(one, other);
    let mut lies = login(1, "canary").1;
    // Where the name is said to be: beyond the token.
    let at = lies.windows(4).rposition(|octets| octets == 64u32.to_le_bytes()).unwrap();
    lies[at..at + 4].fill(0xff);
    assert!(read(&[(Side::A, lies)]).logins.is_empty());
}
