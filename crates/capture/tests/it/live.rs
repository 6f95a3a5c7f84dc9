//! Live capture from the loopback. Needs CAP_NET_RAW; says that it skips without.

use std::io::ErrorKind;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use wardtap_capture::live::{Live, LiveOptions, Method, Stopper};
use wardtap_capture::{Block, CaptureError, PacketSource};

/// Octets that no other packet on the loopback has.
const CANARY: &[u8] = b"wardtap-live-canary";

fn options(interface: &str, allow_addressed: bool) -> LiveOptions {
    let interfaces = vec![interface.to_owned()];
    let (kernel_filter, method) = (false, Method::default());
    LiveOptions { interfaces, allow_addressed, filter: None, kernel_filter, method, ring_bytes: 8 << 20 }
}

/// The loopback, heard; None where it may not be.
fn loopback() -> Option<(Live, Stopper)> {
    match Live::open(options("lo", true)) {
        Ok((mut live, stopper)) => {
            live.start().expect("what may be opened may be heard");
            Some((live, stopper))
        }
        Err(CaptureError::Interface { source, .. }) if source.kind() == ErrorKind::PermissionDenied => {
            println!("skipped: no CAP_NET_RAW");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn packets_come_once_each_with_their_times_and_the_end_comes_when_told() {
    let Some((mut live, stopper)) = loopback() else { return };
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = socket.local_addr().unwrap();
    for _ in 0..50 {
        socket.send_to(CANARY, to).unwrap();
    }
    let mut block = Block::new();
    let (mut seen, mut frames, mut last) = (0, Vec::new(), None);
    let begun = now();
    while seen < 50 && begun.elapsed() < Duration::from_secs(10) {
        assert!(live.fill(&mut block));
        for record in block.records.iter().filter(|record| !record.is_mark()) {
            frames.push(record.frame);
            assert!(Some(record.time) >= last, "in the order of their times");
            last = Some(record.time);
            seen += usize::from(block.frame(record).windows(CANARY.len()).any(|window| window == CANARY));
        }
    }
    assert_eq!(seen, 50, "each once: not where it leaves and where it arrives");
    assert_eq!(frames, (1..=frames.len() as u64).collect::<Vec<_>>());
    assert_eq!(live.losses(), Default::default());
    // What was sent before the end is delivered, though the kernel still has its block.
    socket.send_to(CANARY, to).unwrap();
    stopper.stop();
    let begun = now();
    while live.fill(&mut block) {
        let canaries = block.records.iter().filter(|it| block.frame(it).windows(CANARY.len()).any(|w| w == CANARY));
        seen += canaries.count();
    }
    assert_eq!(seen, 51);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(live.damage(), []);
}

#[test]
fn time_goes_on_without_packets() {
    let Some((mut live, _stopper)) = loopback() else { return };
    let mut block = Block::new();
    let mut marks: Vec<u64> = Vec::new();
    let begun = now();
    while marks.len() < 3 && begun.elapsed() < Duration::from_secs(20) {
        assert!(live.fill(&mut block));
        marks.extend(block.records.iter().filter(|it| it.is_mark()).map(|it| it.time.seconds()));
    }
    assert!(marks.len() >= 3 && marks.is_sorted_by(|one, next| one < next), "{marks:?}");
}

#[test]
fn an_interface_is_refused_with_what_to_do() {
    let said = |interface: &str, allow| Live::open(options(interface, allow)).err().map(|error| error.to_string());
    let nothing = said("nosuch0", false).unwrap();
    assert!(
        nothing.contains("nosuch0: there is no such interface: name one of") && nothing.contains("lo"),
        "{nothing}"
    );
    let addressed = said("lo", false).unwrap();
    assert!(addressed.contains("has the address") && addressed.contains("--allow-addressed"), "{addressed}");
    let twice = LiveOptions { interfaces: vec!["lo".to_owned(); 2], ..options("lo", true) };
    if loopback().is_some() {
        assert!(matches!(Live::open(twice), Err(CaptureError::InterfaceTwice { .. })));
    }
}

fn now() -> Instant {
    #[allow(clippy::disallowed_methods, reason = "these tests are of live time")]
    Instant::now()
}
