//! When flows end, and in which order that is told.

use crate::frames::{IPV4, V4, ethernet, udp};
use crate::wire::*;
use wardtap_net::flow::HashKey;
use wardtap_net::flow_table::{FlowTable, Limits};
use wardtap_net::packet::{NANOS_PER_SECOND, Timestamp};

fn datagram(port: u16) -> Vec<u8> {
    ethernet(IPV4, &V4.packet(17, &udp(port, 161, b"poll")))
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

impl Wire {
    fn tick(&mut self, seconds: u64) {
        self.now = at(seconds);
        self.table.tick(self.now, &mut self.seen);
    }

    /// When flows ended, in seconds, in the order in which it was told.
    fn ends(&self) -> Vec<u64> {
        self.seen.finished.iter().map(|flow| flow.at.seconds()).collect()
    }
}

#[test]
fn idle_times() {
    for (end, idle) in [(0, 180), (1, 60), (2, 3600), (3, 4), (4, 4)] {
        let mut wire = Wire::new();
        match end {
            0 => wire.frame(&datagram(1), 60),
            1 => drop(wire.send(&client().flags(SYN))),
            2 => wire.handshake(),
            3 => drop(wire.send(&client().flags(RST))),
            _ => drop(wire.send(&client().flags(FIN)).send(&server().flags(FIN))),
        }
        // One tick a second: the end is told when it is due, or when the wheel comes round.
        for second in 1001..=1000 + idle {
            wire.tick(second);
            assert!(wire.seen.finished.is_empty(), "kind {end} ended at {second}");
        }
        for second in 1001 + idle..1002 + idle + 64 {
            wire.tick(second);
        }
        assert_eq!(wire.seen.finished.len(), 1, "kind {end}");
        assert!(wire.table.is_empty());
    }
}

#[test]
fn ends_are_told_in_the_order_of_their_time_however_far_time_leaps() {
    let build = || {
        let mut wire = Wire::with(Limits { flows_max: 1000, ..LIMITS });
        for port in 1..=200u16 {
            wire.tick(1000 + u64::from(port) * 3 / 4);
            wire.frame(&datagram(port), 60);
            if port % 3 == 0 {
                let mut segment = client();
                segment.source.1 = port;
                wire.send(&segment);
            }
        }
        wire
    };
    let mut slow = build();
    for second in 1200..6000 {
        slow.tick(second);
    }
    assert_eq!(slow.seen.finished.len(), 200 + 66);
    assert!(slow.ends().is_sorted(), "{:?}", slow.ends());
    for leaps in [&[6000][..], &[2_000_000_000], &[1300, 1500, 1_000_000, 2_000_000], &[u64::MAX / 1_000_000_000]] {
        let mut fast = build();
        for leap in leaps {
            fast.tick(*leap);
        }
        assert!(fast.ends().is_sorted());
        let ports = |wire: &Wire| {
            let mut all: Vec<_> = wire.seen.finished.iter().map(|flow| (flow.at, flow.identity.key.ports)).collect();
            all.sort_unstable();
            all
        };
        assert_eq!(ports(&fast), ports(&slow), "{leaps:?}");
        assert!(fast.table.is_empty());
    }
}

#[test]
fn packets_before_the_first_tick() {
    let (mut table, mut seen) = (FlowTable::new(HashKey(1, 2), LIMITS), Seen::default());
    let mut wire = Wire { table: FlowTable::new(HashKey(1, 2), LIMITS), seen: Seen::default(), ..Wire::new() };
    wire.now = at(1_700_000_000);
    wire.frame(&datagram(1), 60);
    wire.tick(1_700_000_100);
    assert!(wire.seen.finished.is_empty());
    wire.tick(1_700_000_200);
    assert_eq!(wire.ends(), [1_700_000_181]);
    table.tick(at(5), &mut seen);
    table.finish(at(5), &mut seen);
    assert!(table.is_empty());
}

#[test]
fn time_zero() {
    let mut wire = Wire { table: FlowTable::new(HashKey(1, 2), LIMITS), seen: Seen::default(), ..Wire::new() };
    wire.now = Timestamp::EPOCH;
    wire.tick(0);
    wire.frame(&datagram(1), 60);
    wire.frame(&datagram(1), 60);
    wire.handshake();
    wire.tick(0);
    wire.tick(100);
    assert!(wire.seen.finished.is_empty());
    wire.tick(1_700_000_000);
    assert_eq!(wire.ends(), [181, 3601]);
}

#[test]
fn time_that_goes_back_ends_nothing_early() {
    let mut wire = Wire::new();
    wire.frame(&datagram(1), 60);
    wire.now = at(3);
    wire.frame(&datagram(1), 60);
    wire.frame(&datagram(2), 60);
    wire.tick(900);
    assert!(wire.seen.finished.is_empty());
    // What began in the past is as old as it says; what has lived until now is not.
    wire.tick(1100);
    assert_eq!(wire.seen.finished.len(), 1);
    assert_eq!(wire.seen.finished[0].identity.key.ports, [2, 161]);
    wire.tick(1200);
    assert_eq!(wire.seen.finished.len(), 2);
}

/// A record from the future, which the capture's clock does not believe, must not keep a flow for ever.
#[test]
fn a_flow_with_a_packet_from_the_future_ends_too() {
    let mut wire = Wire::new();
    wire.now = at(4_000_000_000);
    wire.frame(&datagram(1), 60);
    wire.now = at(1000);
    for second in 1001..1400 {
        wire.tick(second);
    }
    assert!(wire.table.is_empty());
}

#[test]
fn a_live_flow_stays() {
    let mut wire = Wire::open();
    for second in 1002..20_000 {
        wire.tick(second);
        if second % 1000 == 0 {
            wire.send(&client());
        }
    }
    assert!(wire.seen.finished.is_empty());
}

#[test]
fn a_full_table_gives_up_what_would_end_first() {
    let mut wire = Wire::with(Limits { flows_max: 8, ..LIMITS });
    wire.handshake();
    wire.send(&client().octet(3).data(b"def")); // with a hole
    for port in 1..=1000 {
        let mut syn = client().flags(SYN);
        syn.source = (9, port);
        wire.send(&syn);
        assert!(wire.table.len() <= 8);
    }
    assert_eq!((wire.table.counters().evicted_flows, wire.seen.finished.len()), (993, 993));
    assert_eq!(wire.client_stream(), "", "the conversation is still there");
    wire.end();
    assert_eq!(wire.client_stream(), "...def");
    assert_eq!(wire.table.counters().opened, 1001);
}

#[test]
fn flows_that_were_out_of_order_count_half_as_much_again() {
    const MAX: usize = 30;
    let mut wire = Wire::with(Limits { flows_max: MAX, ..LIMITS });
    let from = |port: u16, segment: Tcp| Tcp { source: (9, port), ..segment };
    for port in 1..=MAX as u16 {
        wire.send(&from(port, client().data(b"abc")));
    }
    assert_eq!((wire.table.len(), wire.table.counters().evicted_flows), (MAX, 0));
    for port in 11..=MAX as u16 {
        wire.send(&from(port, client().data(b"abc")));
    }
    assert!((20..25).contains(&wire.table.len()), "{}", wire.table.len());
    assert!(wire.table.counters().evicted_flows >= 6, "{}", wire.table.counters().evicted_flows);
    // Their places are used again, by the wheel's time or before it.
    for port in 101..=300 {
        wire.send(&from(port, client().data(b"abc")));
        wire.send(&from(port, client().data(b"abc")));
        assert!(wire.table.len() < 25, "{}", wire.table.len());
        if port == 200 {
            wire.wait(100 * NANOS_PER_SECOND);
        }
    }
    wire.end();
    assert_eq!(wire.seen.finished.len() as u64, wire.table.counters().opened);
    // What ended counts no more.
    for port in 1..=MAX as u16 {
        wire.send(&from(port, client().data(b"abc")));
    }
    assert_eq!(wire.table.len(), MAX);
}

#[test]
fn places_are_used_again() {
    let mut wire = Wire::with(Limits { flows_max: 3, ..LIMITS });
    for round in 0..300u64 {
        wire.tick(2000 + round * 100);
        for port in 0..(round % 5) as u16 {
            wire.frame(&datagram(port + 1), 60);
        }
    }
    wire.end();
    let counters = wire.table.counters();
    assert_eq!(counters.opened, wire.seen.finished.len() as u64);
    wire.tick(100_000);
    wire.frame(&datagram(1), 60);
    assert_eq!(wire.table.len(), 1);
}

#[test]
fn a_table_has_room_for_one_flow_at_least() {
    let mut wire = Wire::with(Limits { flows_max: 0, ..LIMITS });
    for port in 1..10 {
        wire.frame(&datagram(port), 60);
    }
    assert_eq!((wire.table.len(), wire.seen.finished.len()), (1, 8));
}

#[test]
fn the_end_of_the_capture_is_told_in_the_order_in_which_flows_began() {
    let mut wire = Wire::new();
    for port in [5, 3, 9, 1] {
        wire.now = wire.now.plus(MILLISECOND);
        wire.frame(&datagram(port), 60);
    }
    wire.end();
    assert_eq!(wire.seen.finished.iter().map(|flow| flow.identity.key.ports[0]).collect::<Vec<_>>(), [5, 3, 9, 1]);
    wire.tick(5000);
    wire.end();
    assert_eq!(wire.seen.finished.len(), 4);
}
