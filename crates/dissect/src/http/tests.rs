use wardtap_net::stream::Side;

use super::head::HEAD_MAX;
use crate::exercise::{Step, Transcript, exercise};
use crate::{FlowFacts, Transport};

const FLOW: FlowFacts = FlowFacts {
    ports: [40_000, 18_042],
    originator: Some(Side::A),
    from_start: [true; 2],
    requester: None,
    transport: Transport::Tcp,
};

fn a(bytes: impl AsRef<[u8]>) -> Step {
    Step::Bytes(Side::A, bytes.as_ref().to_vec())
}

fn b(bytes: impl AsRef<[u8]>) -> Step {
    Step::Bytes(Side::B, bytes.as_ref().to_vec())
}

fn read(steps: &[Step]) -> Transcript {
    for lengths in [&[1usize][..], &[3, 50], &[1000], &[17, 4, 1]] {
        exercise(&FLOW, steps, lengths);
    }
    exercise(&FLOW, steps, &[7])
}

/// Kind, octets and what follows of each message, without its JSON's kind.
fn shown(found: &Transcript) -> Vec<String> {
    let short = |text: &String| text.replacen(" http ", " ", 1);
    found.messages.iter().map(short).collect()
}

const GET: &str = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

#[test]
fn a_request_and_its_answer_say_what_they_are_about_and_nothing_of_whom() {
    let asks = "GET /fhir/Patient/CANARY?name=CANARY HTTP/1.1\r\nHost: CANARY.example\r\nUser-Agent: curl/7.88.1\r\n\
        Cookie: CANARY\r\nAuthorization: Basic Q0FOQVJZOmE=\r\n\r\n";
    let answers = "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Type: application/fhir+json; charset=utf-8\r\n\
        Content-Length: 6\r\n\r\nCANARY";
    let found = read(&[a(asks), b(answers)]);
    let resource = r#"{"kind":"get","agent":"curl/7.88.1","resource":"fhir:Patient","auth":"basic"}"#;
    let answer =
        r#"{"kind":"response","server":"nginx/1.22.1","status":2,"media":"fhir+json","code":200,"body_bytes":6}"#;
    assert_eq!(
        shown(&found),
        [
            format!("A get request {} {resource}", asks.len()),
            format!("B response response {} paired {answer}", answers.len())
        ]
    );
    assert_eq!(found.clues, ["A http-user-agent curl/7.88.1", "B http-server nginx/1.22.1"]);
    assert!(!format!("{found:?}").contains("CANARY") && found.anomalies.is_empty());
}

#[test]
fn software_that_has_not_the_shape_of_a_product_does_not_leave() {
    let found = read(&[a("GET / HTTP/1.1\r\nUser-Agent: CANARY@example.org\r\n\r\n")]);
    assert!(found.messages[0].contains(r#""agent":"(unreadable)""#) && found.clues.is_empty(), "{found:?}");
}

/// RFC 9112 section 5.2.
#[test]
fn fields_of_several_lines_stand_in_answers_alone() {
    let folded = "X: a\r\n b\r\nContent-Length: 0\r\n\r\n";
    let found = read(&[a(GET), b(format!("HTTP/1.1 200 OK\r\n{folded}"))]);
    assert_eq!((found.messages.len(), found.anomalies.len()), (2, 0), "{found:#?}");
    let found = read(&[a(format!("GET / HTTP/1.1\r\n{folded}"))]);
    assert_eq!((found.messages.len(), &found.anomalies[..]), (0, &["unreadable-head"][..]), "{found:#?}");
}

#[test]
fn answers_belong_to_requests_in_their_order() {
    let body = |length: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{}", "x".repeat(length));
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n";
    let found = read(&[
        a([GET, "HEAD /b HTTP/1.1\r\n\r\n", GET, "\r\nDELETE /c HTTP/1.0\r\n\r\n"].concat()),
        b([&body(5), head, &body(0), "HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n", "HTTP/1.1 304 \r\n\r\n"]
            .concat()),
    ]);
    let kinds: Vec<&str> = found.messages.iter().map(|text| text.split(' ').nth(2).unwrap()).collect();
    assert_eq!(kinds, ["get", "head", "get", "delete", "response", "response", "response", "response", "response"]);
    let paired = found.messages.iter().filter(|text| text.contains(" paired ")).count();
    assert_eq!((paired, found.anomalies.len()), (4, 0), "{found:#?}");
}

#[test]
fn chunks_are_passed_over() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n\
        5;name=CANARY\r\nGET /\r\nA\r\nHTTP/1.1 2\r\n0\r\nX-Trailer: HTTP/1.1 200 OK\r\n\r\n";
    let put = "PUT /f/firmware.BIN?x=y.txt HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\n00\n\n";
    let found =
        read(&[a([put, GET].concat()), b([chunked, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"].concat())]);
    let shown = shown(&found);
    assert_eq!(shown.len(), 4, "{shown:#?}");
    let put_shown = r#"{"kind":"put","resource":"other","auth":"none","program":true,"body_bytes":3}"#;
    assert_eq!(shown[0], format!("A put request {} {put_shown}", put.len()));
    assert_eq!(
        shown[2],
        format!(
            r#"B response response {} paired {{"kind":"response","status":2,"code":200,"body_bytes":15}}"#,
            chunked.len()
        )
    );
    assert!(shown[3].contains(r#"paired {"kind":"response","status":4,"code":404}"#), "{shown:#?}");
    assert!(found.anomalies.is_empty());
}

#[test]
fn a_body_without_a_length_lasts_until_the_end() {
    let old = "HTTP/1.0 200 OK\r\nServer: SimpleHTTP/0.6 Python/3.11.2\r\n\r\n";
    let found = read(&[a("GET / HTTP/1.0\r\n\r\n"), b([old, GET, "HTTP/1.1 200 OK\r\n\r\n"].concat())]);
    assert_eq!(found.messages.len(), 2);
    let told =
        r#"paired {"kind":"response","server":"SimpleHTTP/0.6 Python/3.11.2","status":2,"code":200,"body_bytes":"#;
    assert!(found.messages[1].contains(told), "{found:#?}");
    assert!(!found.messages[1].contains("incomplete"));
}

#[test]
fn information_before_the_answer_answers_nothing() {
    let post = "POST /studies HTTP/1.1\r\nExpect: 100-continue\r\nContent-Type: multipart/related; type=\"application/dicom\"\r\n\
        Content-Length: 4\r\n\r\n";
    let found = read(&[
        a(post),
        b("HTTP/1.1 100 Continue\r\n\r\n"),
        a("abcd"),
        b("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"),
    ]);
    let shown = shown(&found);
    assert!(
        shown[0].ends_with(r#"{"kind":"response","status":1,"code":100}"#) && !shown[0].contains("paired"),
        "{shown:#?}"
    );
    assert!(
        shown[1].contains(r#""resource":"dicomweb:stow","auth":"none","media":"multipart/related","body_bytes":4}"#),
        "{shown:#?}"
    );
    assert!(
        shown[2].contains(r#" paired {"kind":"response","status":4,"code":401}"#) && !shown[2].contains("negative")
    );
}

#[test]
fn an_answer_that_does_not_wait_belongs_to_the_request_under_way() {
    let found = read(&[
        a("POST /a HTTP/1.1\r\nContent-Length: 8\r\n\r\nabcd"),
        b("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"),
        a(["efgh", GET].concat()),
        b("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ]);
    assert_eq!(found.messages.iter().filter(|text| text.contains("paired")).count(), 2, "{found:#?}");
}

#[test]
fn credentials_that_are_refused_are_negative() {
    for (scheme, outcome) in [("Basic x", true), ("bearer x", true), ("Negotiate x", false), ("Digest x", false)] {
        let found = read(&[
            a(format!("GET / HTTP/1.1\r\nAuthorization: {scheme}\r\n\r\n")),
            b("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"),
        ]);
        assert_eq!(found.messages[1].contains("negative"), outcome, "{scheme}");
    }
}

#[test]
fn behind_a_switch_nothing_is_read() {
    let upgrade = "GET /chat HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    let switched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
    let connect = "CONNECT h:443 HTTP/1.1\r\n\r\n";
    for (asks, answers, kind) in [(upgrade, switched, "get"), (connect, "HTTP/1.1 200 OK\r\n\r\n", "connect")] {
        let found = read(&[a(asks), b([answers, GET].concat()), a(GET), Step::Gap(Side::A, None), a(GET), b(answers)]);
        assert_eq!((found.messages.len(), found.anomalies.len()), (2, 0), "{found:#?}");
        assert!(found.messages[0].contains(&format!(" {kind} request")) && found.messages[1].contains("paired"));
    }
    // Not when it is refused.
    let found = read(&[a(connect), b("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"), a(GET)]);
    assert_eq!(found.messages.len(), 3);
}

#[test]
fn version_2_is_told_once() {
    let found = read(&[a(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\x04"), b(b"\0\0\0\x04\x01\0\0\0\0"), a(GET)]);
    assert_eq!(shown(&found), [r#"A http2-preface request 24 {"kind":"http2-preface"}"#]);
    assert!(found.anomalies.is_empty());
}

#[test]
fn a_gap_in_a_body_shortens_it_and_else_the_next_message_is_looked_for() {
    let long = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc";
    let found = read(&[
        a([GET, GET].concat()),
        b(long),
        Step::Gap(Side::B, Some(90)),
        b(["1234567", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"].concat()),
    ]);
    assert!(
        found.messages[2].contains(r#" incomplete paired {"kind":"response","status":2,"code":200,"body_bytes":100}"#),
        "{found:#?}"
    );
    assert!(found.messages[3].contains(" paired "), "{found:#?}");
    for missing in [Some(98), None] {
        let found = read(&[
            a(GET),
            b(long),
            Step::Gap(Side::B, missing),
            b("HTTP/1.1 rest of a body HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"),
            Step::Gap(Side::A, missing),
            a([&b"\x80\xff of a body\0"[..], GET.as_bytes()].concat()),
            b("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ]);
        let incomplete: Vec<bool> = found.messages.iter().map(|text| text.contains("incomplete")).collect();
        assert_eq!(incomplete, [false, true, false, false, false], "{found:#?}");
        assert!(found.anomalies.is_empty());
    }
}

#[test]
fn a_message_that_is_cut_off_is_incomplete() {
    let found = read(&[
        a("PUT /a HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc"),
        b("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab"),
    ]);
    assert_eq!(found.messages.len(), 2);
    assert!(found.messages.iter().all(|text| text.contains("incomplete")), "{found:#?}");
}

#[test]
fn what_does_not_keep_the_rules_is_counted_and_the_next_message_is_read() {
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(HEAD_MAX));
    let cases: [(&str, &[&str], usize); 7] = [
        (&long, &["head-too-long"], 2),
        ("GET CANARY\r\n\r\n", &["unreadable-head"], 2),
        ("nothing like it\r\n\r\n", &["not-a-message"], 2),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", &["unreadable-head"], 2),
        ("POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", &["ambiguous-length"], 3),
        (
            "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            &["ambiguous-length"],
            3,
        ),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", &["bad-chunk"], 3),
    ];
    for (bytes, anomalies, messages) in cases {
        let found = read(&[a(GET), a([bytes, GET].concat())]);
        assert_eq!((&found.anomalies[..], found.messages.len()), (anomalies, messages), "{bytes} {found:#?}");
        assert!(found.held_max < 3 * HEAD_MAX, "{}", found.held_max);
    }
}

#[test]
fn requests_without_answers_do_not_pile_up() {
    let found = read(&[a(GET.repeat(100))]);
    assert_eq!((found.messages.len(), found.anomalies.len()), (100, 36));
}

#[test]
fn resources_are_words_of_a_closed_list() {
    for (line, word) in [
        ("GET /", "other"),
        ("GET /r4/Observation?patient=CANARY", "fhir:Observation"),
        ("GET http://h/fhir/Patient/1/_history/2", "fhir:Patient"),
        ("GET http://Patient", "other"),
        ("GET /patient/CANARY", "other"),
        ("GET /dicom-web/studies?PatientName=CANARY*", "dicomweb:qido-studies"),
        ("POST /dicom-web/studies/1.2.3", "dicomweb:stow"),
        ("GET /studies/1.2.3", "dicomweb:wado-study"),
        ("GET /studies/1.2.3/metadata", "dicomweb:wado-metadata"),
        ("GET /studies/1.2/series", "dicomweb:qido-series"),
        ("GET /studies/1.2/series/1.3", "dicomweb:wado-series"),
        ("GET /studies/1.2/series/1.3/instances", "dicomweb:qido-instances"),
        ("GET /studies/1.2/series/1.3/instances/1.4", "dicomweb:wado-instance"),
        ("GET /studies/1.2/series/1.3/instances/1.4/frames/1,2", "dicomweb:wado-frames"),
        ("GET /studies/1.2/series/1.3/instances/1.4/rendered", "dicomweb:wado-rendered"),
        ("GET /series/1.3", "other"),
        ("GET /workitems/1.3", "dicomweb:ups"),
        ("GET /wado?requestType=WADO&studyUID=1.2", "dicomweb:wado-uri"),
    ] {
        let found = read(&[a(format!("{line} HTTP/1.1\r\n\r\n"))]);
        assert!(found.messages[0].contains(&format!(r#""resource":"{word}""#)), "{line}: {found:?}");
    }
}

#[test]
fn what_only_begins_like_it_is_something_else() {
    for other in [
        "OPTIONS sip:a@b SIP/2.0\r\n\r\n",
        "OPTIONS rtsp://h/a RTSP/1.0\r\n\r\n",
        "NOTIFY sip:a SIP/2.0\r\nA: GET / HTTP/1.1\r\n\r\n",
        "GET /\r\n",
        "GET / b HTTP/1.1\r\n",
        "HELO a\r\n",
        "HTTP/1.1 2x0 OK\r\n",
        "HTTP/2.0 200 OK\r\n",
        "RTSP/1.0 200 OK\r\n",
        "COPY\0",
        "DELETE FROM t\r\n",
        "GET",
        "HTTP/1.1 200",
        "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
    ] {
        assert_eq!(read(&[a(other)]).protocol, None, "{other}");
    }
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(3000));
    for is_it in [GET, "HTTP/1.0 404 \r\n", "PROPFIND http://h/ HTTP/1.1\n\n", &long] {
        assert_eq!(read(&[a(is_it)]).protocol, Some("http"), "{is_it}");
    }
}

#[test]
fn a_flow_caught_in_the_middle_is_read_from_the_next_message_on() {
    let flow = FlowFacts { from_start: [false; 2], originator: None, ..FLOW };
    let steps = [
        b("rest of a body"),
        a(GET),
        b("the end of a body HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        a(GET),
        b("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ];
    let found = exercise(&flow, &steps, &[1000]);
    assert_eq!((found.protocol, found.messages.len(), found.anomalies.len()), (Some("http"), 4, 0), "{found:#?}");
}

proptest::proptest! {
    #[test]
    fn no_octets_are_too_strange(
        rest in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
        pieces in proptest::collection::vec(0usize..8, 0..12),
        lengths in proptest::collection::vec(1usize..40, 1..6),
    ) {
        const PIECES: [&[u8]; 8] = [
            b"HTTP/1.1 200 OK\r\n", b"Content-Length: 5\r\n", b"\r\n", b"Transfer-Encoding: chunked\r\n", b"5\r\nabcde\r\n",
            b"GET / HTTP/1.1\r\n", b"0\r\n", b"HTTP/1.1 101 a\r",
        ];
        let text: Vec<u8> = pieces.iter().flat_map(|piece| PIECES[*piece]).copied().collect();
        let steps = [a(GET), b(&text), a(&text), a(&rest), b(&rest), Step::Gap(Side::B, Some(3)), b(&text), a(&text)];
        exercise(&FLOW, &steps, &lengths);
    }
}

#[test]
fn who_logs_in_is_told_by_a_digest_of_the_name() {
    let asks = |with: &str| a(format!("GET / HTTP/1.1\r\nHost: h\r\nAuthorization: {with}\r\n\r\n"));
    let found =
        read(&[asks("Basic b25lOmE="), asks("basic b25lOmE="), asks("Basic dHdvOmI="), asks("Bearer b25lOmE=")]);
    let [(Side::A, one), (Side::A, again), (Side::A, other)] = found.logins[..] else { panic!("{:?}", found.logins) };
    assert!(one == again && one != other, "tokens are drawn anew");
}
