//! Hostile captures: whatever is in them, memory stays within `--memory`, and what was given up for it is counted.

use std::fs::{self, File};
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::pcap::{PLAIN, Packet, pcap};

/// The least that `--memory` takes.
const MEMORY: &str = "16M";
const PEAK_MAX: u64 = 16 << 20;
/// More of it, for what is made of what was learned.
const MEMORY_TO_LEARN: &str = "32M";
const PEAK_TO_LEARN_MAX: u64 = 32 << 20;

/// One end of a connection.
type End = ([u8; 4], u16);

/// Connections, as a capture that is written while it is made: it may be larger than what it must not take.
struct Hostile<'a> {
    to: &'a mut dyn Write,
    time: u64,
}

/// A connection that both ends have opened.
struct Connection {
    ends: [End; 2],
    next: [u32; 2],
}

impl Hostile<'_> {
    fn segment(&mut self, connection: &Connection, side: usize, flags: u8, payload: &[u8]) {
        let [(source, from), (destination, to)] = [connection.ends[side], connection.ends[1 - side]];
        let mut bytes = vec![2; 12];
        bytes.extend([8, 0, 0x45, 0]);
        bytes.extend(u16::try_from(40 + payload.len()).unwrap().to_be_bytes());
        bytes.extend([0, 0, 0, 0, 64, 6, 0, 0]);
        bytes.extend([source, destination].concat());
        bytes.extend([from.to_be_bytes(), to.to_be_bytes()].concat());
        bytes.extend([connection.next[side].to_be_bytes(), connection.next[1 - side].to_be_bytes()].concat());
        bytes.extend([0x50, flags, 0x20, 0, 0, 0, 0, 0]);
        bytes.extend(payload);
        self.time += 1000;
        let packet = Packet { time: self.time, sent: bytes.len() as u32, bytes };
        // Without the file's header, which was written first.
        self.to.write_all(&pcap(&[packet], PLAIN)[24..]).unwrap();
    }

    /// A datagram over IPv4 and UDP, without checksums.
    fn datagram(&mut self, mac: [u8; 6], [source, destination]: [End; 2], payload: &[u8]) {
        let mut bytes = [[255; 6].as_slice(), &mac, &[8, 0, 0x45, 0]].concat();
        bytes.extend(u16::try_from(28 + payload.len()).unwrap().to_be_bytes());
        bytes.extend([0, 0, 0, 0, 64, 17, 0, 0]);
        bytes.extend([source.0, destination.0].concat());
        bytes.extend([source.1, destination.1].map(u16::to_be_bytes).concat());
        bytes.extend(u16::try_from(8 + payload.len()).unwrap().to_be_bytes());
        bytes.extend([0, 0]);
        bytes.extend(payload);
        self.time += 1000;
        let packet = Packet { time: self.time, sent: bytes.len() as u32, bytes };
        self.to.write_all(&pcap(&[packet], PLAIN)[24..]).unwrap();
    }

    fn open(&mut self, number: u32, port: u16) -> Connection {
        let [_, a, b, c] = number.to_be_bytes();
        let client = ([10, a, b, c], 1024 + (number % 60_000) as u16);
        let mut connection = Connection { ends: [client, ([172, 16 + a, b, c], port)], next: [0, 0] };
        self.segment(&connection, 0, 2, b"");
        connection.next[0] = 1;
        self.segment(&connection, 1, 18, b"");
        connection.next[1] = 1;
        connection
    }

    fn send(&mut self, connection: &mut Connection, side: usize, bytes: &[u8]) {
        for piece in bytes.chunks(50_000) {
            self.segment(connection, side, 16, piece);
            connection.next[side] = connection.next[side].wrapping_add(piece.len() as u32);
        }
    }
}

/// What a run took and told.
struct Took {
    peak: u64,
    events: String,
}

impl Took {
    /// The events, without what depends on how the pipe was read.
    fn lines(&self) -> Vec<Value> {
        let mut lines: Vec<Value> = self.events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        lines.last_mut().unwrap()["stats"]["copied_bytes"].take();
        lines
    }

    fn evicted(&self, table: &str) -> u64 {
        let last: Value = serde_json::from_str(self.events.lines().last().unwrap()).unwrap();
        last["stats"]["evicted"][table].as_u64().unwrap_or_else(|| panic!("{table}: {last}"))
    }
}

/// Feeds a capture to the program, as it is made: the octets that it took at most, and what it said.
fn fed(folder: &TempDir, arguments: &[&str], make: &dyn Fn(&mut Hostile<'_>)) -> (u64, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_wardtap"))
        .args(arguments)
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(File::create(folder.path().join("err")).unwrap())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut input = child.stdin.take().unwrap();
    input.write_all(&pcap(&[], PLAIN)).unwrap();
    make(&mut Hostile { to: &mut input, time: 1_790_000_000_000_000_000 });
    // All but the last block has been taken by now. What the end takes is looked at as well, as far as it can be seen.
    let mut peak = 0;
    let mut look = || {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let octets = |field: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(field));
            line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or(0) << 10
        };
        // Without the pages of the program's own file.
        peak = peak.max(octets("VmHWM:").saturating_sub(octets("RssFile:")));
    };
    look();
    drop(input);
    while child.try_wait().unwrap().is_none() {
        look();
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let said = fs::read_to_string(folder.path().join("err")).unwrap();
    assert!(child.wait().unwrap().success(), "{said}");
    (peak, said)
}

/// Replays a capture from standard input.
fn replay(workers: &str, options: &[&str], make: &dyn Fn(&mut Hostile<'_>)) -> Took {
    let folder = TempDir::new().unwrap();
    let arguments = ["replay", "-", "--memory", MEMORY, "--workers", workers, "--events", "events.jsonl"];
    let (peak, _) = fed(&folder, &[&arguments, options].concat(), make);
    Took { peak, events: fs::read_to_string(folder.path().join("events.jsonl")).unwrap() }
}

/// Replays a capture with one worker and with three, which must tell the same; gives back what one took.
#[track_caller]
fn bounded(make: &dyn Fn(&mut Hostile<'_>)) -> Took {
    bounded_with(&[], make)
}

/// The same with further options.
#[track_caller]
fn bounded_with(options: &[&str], make: &dyn Fn(&mut Hostile<'_>)) -> Took {
    let one = replay("1", options, make);
    assert!(one.peak > 1 << 20, "{} octets: not measured", one.peak);
    assert!(one.peak <= PEAK_MAX, "{} KiB", one.peak >> 10);
    let three = replay("3", options, make);
    let (lines, others) = (one.lines(), three.lines());
    let differs = lines.iter().zip(&others).find(|(one, three)| one != three);
    assert_eq!((differs, lines.len()), (None, others.len()), "events differ with 3 workers");
    one
}

/// A-ASSOCIATE-RQ with 128 presentation contexts, whose UIDs are as long as they may be.
fn association() -> Vec<u8> {
    let item = |kind: u8, value: &[u8]| {
        let length = u16::try_from(value.len()).unwrap().to_be_bytes();
        [[kind, 0].as_slice(), &length, value].concat()
    };
    let uid = |number: u8, end: &str| format!("1.2.840.10008.{number}.{end:1<46}")[..60].to_owned();
    let mut body = [[0, 1, 0, 0].as_slice(), b"ARCHIVE         STATION         ", &[0; 32]].concat();
    body.extend(item(0x10, b"1.2.840.10008.3.1.1.1"));
    for number in 0..128 {
        let syntaxes = [item(0x30, uid(number, "4").as_bytes()), item(0x40, uid(number, "2").as_bytes())].concat();
        body.extend(item(0x20, &[[number << 1 | 1, 0, 0, 0].as_slice(), &syntaxes].concat()));
    }
    body.extend(item(0x50, &item(0x51, &[0, 0, 64, 0])));
    [[1, 0].as_slice(), &u32::try_from(body.len()).unwrap().to_be_bytes(), &body].concat()
}

fn modbus(transaction: u16, unit: u8, address: u16) -> [u8; 12] {
    let ([t0, t1], [a0, a1]) = (transaction.to_be_bytes(), address.to_be_bytes());
    [t0, t1, 0, 0, 0, 6, unit, 3, a0, a1, 0, 1]
}

#[test]
fn association_requests_that_never_end() {
    let took = bounded(&|hostile| {
        let mut request = association();
        request[2..6].copy_from_slice(&(230_u32 << 10).to_be_bytes());
        request.resize(200 << 10, 0);
        for number in 0..250 {
            let mut connection = hostile.open(number, 104);
            hostile.send(&mut connection, 0, &request);
        }
    });
    assert!(took.evicted("dissectors") > 200, "{}", took.evicted("dissectors"));
}

#[test]
fn associations_that_stay_open() {
    let took = bounded(&|hostile| {
        let request = association();
        for number in 0..3000 {
            let mut connection = hostile.open(number, 104);
            hostile.send(&mut connection, 0, &request);
        }
    });
    assert!(took.evicted("dissectors") > 2000, "{}", took.evicted("dissectors"));
}

#[test]
fn header_lines_that_never_end() {
    let took = bounded(&|hostile| {
        let header =
            format!("\x0bMSH|^~\\&|A|B|C|D|2026||ADT^A01|1|P|2.5|{0:x<4200}\rMSA|AA|{0:x<4200}\rPRT|{0:x<4200}", "");
        for number in 0..2500 {
            let mut connection = hostile.open(number, 2575);
            for piece in header.as_bytes().chunks(3000) {
                hostile.send(&mut connection, 0, piece);
                hostile.send(&mut connection, 1, piece);
            }
        }
    });
    assert!(took.evicted("dissectors") > 2000, "{}", took.evicted("dissectors"));
}

#[test]
fn requests_that_nobody_answers() {
    let took = bounded(&|hostile| {
        let requests: Vec<u8> = (0..300).flat_map(|number| modbus(number, 1, 7)).collect();
        for number in 0..6000 {
            let mut connection = hostile.open(number, 502);
            hostile.send(&mut connection, 0, &requests);
        }
    });
    assert!(took.evicted("dissectors") > 5000, "{}", took.evicted("dissectors"));
}

#[test]
fn streams_without_a_name_an_octet_at_a_time() {
    bounded(&|hostile| {
        for number in 0..1500 {
            let mut connection = hostile.open(number, 4000);
            for octet in b"\r\n".repeat(7) {
                hostile.send(&mut connection, 0, &[octet]);
                hostile.send(&mut connection, 1, &[octet]);
            }
        }
    });
}

#[test]
fn every_pair_sweeps() {
    let took = bounded(&|hostile| {
        let requests: Vec<u8> = (0..=255).flat_map(|unit| modbus(unit.into(), unit, 0)).collect();
        let refusals: Vec<u8> = (0..=255).flat_map(|unit| [0, unit, 0, 0, 0, 3, unit, 0x83, 11]).collect();
        for number in 0..4000 {
            let mut connection = hostile.open(number, 502);
            hostile.send(&mut connection, 0, &requests);
            hostile.send(&mut connection, 1, &refusals);
        }
    });
    assert!(took.evicted("pairs") > 2000, "{}", took.evicted("pairs"));
    assert!(took.evicted("targets") > 256 * 1000, "{}", took.evicted("targets"));
    assert!(took.evicted("alerts") > 0);
    let sweeps = took.events.lines().filter(|line| line.contains("\"state\":\"new\"")).count();
    assert!(sweeps > 500, "{sweeps} alerts, though each pair sweeps");
}

#[test]
fn flows_that_are_never_in_order() {
    let took = bounded(&|hostile| {
        for number in 0..30_000 {
            let mut connection = hostile.open(number, 9999);
            hostile.send(&mut connection, 0, b"\x99before");
            connection.next[0] -= 3;
            hostile.send(&mut connection, 0, b"again");
        }
    });
    assert!(took.evicted("flows") > 20_000, "{}", took.evicted("flows"));
}

#[test]
fn holes_of_many_flows_are_filled() {
    bounded(&|hostile| {
        for number in 0..1000 {
            let mut connection = hostile.open(number, 9999);
            hostile.send(&mut connection, 0, b"\x99");
            connection.next[0] += 1;
            for _ in 0..120 {
                hostile.send(&mut connection, 0, b"!");
            }
            connection.next[0] -= 121;
            hostile.send(&mut connection, 0, b"!");
        }
    });
}

/// A request for the address of a name that nobody else asks for, as DNS, LLMNR and mDNS have it (RFC 1035 section 4.1).
fn question(number: u32) -> Vec<u8> {
    let [_, _, high, low] = number.to_be_bytes();
    let name = format!("host-{number:08}");
    let mut question = vec![high, low, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, u8::try_from(name.len()).unwrap()];
    question.extend(name.bytes());
    question.extend(b"\x05local\0\0\x01\0\x01");
    question
}

#[test]
fn names_that_nobody_knows_asked_for_by_everybody() {
    // BACnet, DNS, DHCP, TFTP, NTP, NetBIOS, SNMP, syslog, SSDP, WS-Discovery, mDNS, LLMNR.
    const PORTS: [u16; 12] = [47808, 53, 67, 69, 123, 137, 161, 514, 1900, 3702, 5353, 5355];
    let took = bounded(&|hostile| {
        for number in 0..60_000_u32 {
            let [_, a, b, c] = number.to_be_bytes();
            let mac = [2, 0, 0, a, b, c];
            for port in [PORTS[number as usize % PORTS.len()], 53] {
                let ends = [([10, a, b, c], 1024 + (number % 60_000) as u16), ([172, 16, 0, 1], port)];
                for question in (0..4).map(|more| question(number << 2 | more)) {
                    hostile.datagram(mac, ends, &question);
                }
            }
        }
    });
    assert!(took.evicted("flows") > 50_000, "{}", took.evicted("flows"));
    assert!(took.evicted("devices") > 0, "{}", took.evicted("devices"));
}

/// What a client without an address asks a DHCP server (RFC 2131 section 2): its host name, its maker and what it wants to know.
fn discover(mac: [u8; 6], number: u32) -> Vec<u8> {
    let mut message = vec![1, 1, 6, 0];
    message.extend(number.to_be_bytes());
    message.resize(28, 0);
    message.extend(mac);
    message.resize(236, 0);
    message.extend([99, 130, 83, 99, 53, 1, 1]);
    let name = format!("PUMP-{number:08}");
    for (option, value) in [(12, name.as_bytes()), (60, name.as_bytes()), (55, &[1, 3, 6, 15, 42, 44])] {
        message.extend([option, u8::try_from(value.len()).unwrap()]);
        message.extend(value);
    }
    message.push(255);
    message
}

#[test]
fn clients_without_addresses_that_say_who_they_are() {
    let took = bounded_with(&["--inventory", "inventory.json"], &|hostile| {
        for number in 0..60_000_u32 {
            let [_, a, b, c] = number.to_be_bytes();
            let mac = [0, 9, 0xfb, a, b, c];
            hostile.datagram(mac, [([0; 4], 68), ([255; 4], 67)], &discover(mac, number));
            // So many in a minute as are told apart.
            hostile.time += 60_000_000_000 / 150;
        }
    });
    assert!(took.evicted("inventory") > 10_000, "{}", took.evicted("inventory"));
}

/// Conversations of everybody, in which all payloads are of sizes that are told apart, in one minute or in several.
fn conversations(hostile: &mut Hostile<'_>) {
    for number in 0..20_000 {
        let mut connection = hostile.open(number, 4000);
        for size in 0..8 {
            hostile.send(&mut connection, 0, &vec![1; 16 << size]);
            hostile.send(&mut connection, 1, &vec![1; 16 << size]);
        }
        hostile.time += 5_000_000;
    }
}

#[test]
fn conversations_of_everybody_with_all_that_can_be_told_apart() {
    let took = bounded_with(&["--inventory", "inventory.json"], &conversations);
    assert!(took.evicted("links") > 1000, "{}", took.evicted("links"));
}

#[test]
fn conversations_of_everybody_beside_a_baseline() {
    let folder = TempDir::new().unwrap();
    let baseline = folder.path().join("baseline");
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/../../captures/modbus/libmodbus.pcap");
    let learned =
        Command::new(env!("CARGO_BIN_EXE_wardtap")).args(["learn", capture, "--out"]).arg(&baseline).output().unwrap();
    assert!(learned.status.success(), "{}", String::from_utf8_lossy(&learned.stderr));
    let took = bounded_with(&["--baseline", baseline.to_str().unwrap()], &conversations);
    assert!(took.evicted("links") > 1000, "{}", took.evicted("links"));
}

#[test]
fn conversations_of_everybody_are_learned_as_far_as_there_is_room() {
    for make in [conversations as fn(&mut Hostile<'_>), registers] {
        let folder = TempDir::new().unwrap();
        let (peak, said) = fed(&folder, &["learn", "-", "--memory", MEMORY_TO_LEARN, "--out", "baseline"], &make);
        assert!(peak > 1 << 20, "{peak} octets: not measured");
        assert!(peak <= PEAK_TO_LEARN_MAX, "{} KiB", peak >> 10);
        assert!(said.contains("not all conversations were learned"), "{said}");
    }
}

#[test]
fn conversations_of_everybody_are_compared_with_as_many_that_were_learned() {
    let folder = TempDir::new().unwrap();
    // With more memory than they are compared with: the baseline takes a part of that which matters.
    fed(&folder, &["learn", "-", "--memory", "64M", "--out", "baseline"], &conversations);
    let compare = ["replay", "-", "--memory", MEMORY_TO_LEARN, "--baseline", "baseline"];
    let (peak, said) = fed(&folder, &compare, &conversations);
    assert!(peak > 1 << 20, "{peak} octets: not measured");
    assert!(peak <= PEAK_TO_LEARN_MAX, "{} KiB: {said}", peak >> 10);
}

/// Modbus reads of as many registers as are looked at, each at another address, with values that change.
fn registers(hostile: &mut Hostile<'_>) {
    const REGISTERS: u8 = 64;
    for number in 0..12_000 {
        let mut connection = hostile.open(number, 502);
        for read in 0..16_u8 {
            hostile.send(&mut connection, 0, &[0, read, 0, 0, 0, 6, 1, 3, read, 0, 0, REGISTERS]);
            let mut answer = vec![0, read, 0, 0, 0, 3 + 2 * REGISTERS, 1, 3, 2 * REGISTERS];
            answer.resize(9 + 2 * usize::from(REGISTERS), read);
            hostile.send(&mut connection, 1, &answer);
        }
        hostile.time += 5_000_000;
    }
}

#[test]
fn registers_without_number() {
    let took = bounded_with(&["--inventory", "inventory.json"], &registers);
    assert!(took.evicted("links") > 0, "{}", took.evicted("links"));
}
