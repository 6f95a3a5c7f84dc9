//! A wire between two ends with a flow table that listens: segments go in, what the table makes of them is recorded.

use crate::frames::{IPV4, IPV6, checksum, ethernet, join, vlan};
use wardtap_net::address::Mac;
use wardtap_net::flow::{Flow, FlowIdentity, FlowState, HashKey, Troubles, Volume};
use wardtap_net::flow_table::{FlowTable, Limits};
use wardtap_net::packet::{LinkType, Packet, Timestamp};
use wardtap_net::peel::{Peeled, peel};
use wardtap_net::reassembler::StreamHandler;
use wardtap_net::stream::{Chunk, Side};

pub const FIN: u8 = 1;
pub const SYN: u8 = 2;
pub const RST: u8 = 4;
pub const ACK: u8 = 16;

pub const SECOND: u64 = 1_000_000_000;
pub const MILLISECOND: u64 = 1_000_000;

/// The client's first octet, when it has sent its SYN.
pub const CLIENT: u32 = 1000;
/// The server's.
pub const SERVER: u32 = 90_000;

/// A segment. Copies of a value are retransmissions: the wire gives each its own IP identification.
#[derive(Clone, Debug)]
pub struct Tcp {
    pub source: (u8, u16),
    pub destination: (u8, u16),
    pub sequence: u32,
    pub acknowledgement: u32,
    pub flags: u8,
    pub window: u16,
    pub options: Vec<u8>,
    pub payload: Vec<u8>,
    pub ttl: u8,
    pub vlan: Option<u16>,
    pub macs: [u8; 2],
    pub v6: bool,
    pub id: Option<u16>,
    /// Octets of payload that were not captured.
    pub cut: usize,
    pub bad_checksum: bool,
}

/// An acknowledgement of the client, to be changed.
pub fn client() -> Tcp {
    Tcp {
        source: (1, 40_000),
        destination: (2, 502),
        sequence: CLIENT,
        acknowledgement: SERVER,
        flags: ACK,
        window: 500,
        options: vec![],
        payload: vec![],
        ttl: 64,
        vlan: None,
        macs: [0x11, 0x22],
        v6: false,
        id: None,
        cut: 0,
        bad_checksum: false,
    }
}

/// An acknowledgement of the server, to be changed.
pub fn server() -> Tcp {
    let client = client();
    Tcp {
        source: client.destination,
        destination: client.source,
        sequence: SERVER,
        acknowledgement: CLIENT,
        macs: [0x22, 0x11],
        ..client
    }
}

impl Tcp {
    pub fn at(mut self, sequence: u32) -> Self {
        self.sequence = sequence;
        self
    }

    /// Octet `offset` of the stream.
    pub fn octet(mut self, offset: u32) -> Self {
        self.sequence = self.sequence.wrapping_add(offset);
        self
    }

    pub fn ack(mut self, acknowledgement: u32) -> Self {
        self.acknowledgement = acknowledgement;
        self
    }

    pub fn flags(mut self, flags: u8) -> Self {
        self.flags = flags;
        self
    }

    pub fn data(mut self, payload: &[u8]) -> Self {
        self.payload = payload.to_vec();
        self
    }

    pub fn cut(mut self, octets: usize) -> Self {
        self.cut = octets;
        self
    }

    /// As a router passes it on, into another VLAN.
    pub fn routed(mut self) -> Self {
        self.ttl -= 1;
        self.vlan = Some(77);
        self.macs = [0x88, 0x99];
        self
    }

    pub fn frame(&self, id: u16) -> Vec<u8> {
        let options = self.options.len().next_multiple_of(4);
        let mut segment = join(&[
            &self.source.1.to_be_bytes(),
            &self.destination.1.to_be_bytes(),
            &self.sequence.to_be_bytes(),
            &self.acknowledgement.to_be_bytes(),
            &[((20 + options) / 4 * 16) as u8, self.flags],
            &self.window.to_be_bytes(),
            &[0; 4],
            &self.options,
            &vec![0; options - self.options.len()],
            &self.payload,
        ]);
        let (source, destination) = (self.source.0, self.destination.0);
        let length = segment.len() as u16;
        let addresses = if self.v6 {
            join(&[&crate::frames::v6_address(source), &crate::frames::v6_address(destination)])
        } else {
            vec![10, 0, 0, source, 10, 0, 0, destination]
        };
        let sum = checksum(&[&addresses, &[0, 6], &length.to_be_bytes(), &segment]) ^ u16::from(self.bad_checksum);
        segment[16..18].copy_from_slice(&sum.to_be_bytes());
        let (ethertype, packet) = if self.v6 {
            (IPV6, join(&[&[0x60, 0, 0, 0], &length.to_be_bytes(), &[6, self.ttl], &addresses, &segment]))
        } else {
            let header = crate::frames::V4 {
                source: [10, 0, 0, source],
                destination: [10, 0, 0, destination],
                id,
                ttl: self.ttl,
                fragment: 0x4000,
                options: &[],
            };
            (IPV4, header.packet(6, &segment))
        };
        let mut frame = match self.vlan {
            Some(id) => ethernet(0x8100, &vlan(id, ethertype, &packet)),
            None => ethernet(ethertype, &packet),
        };
        frame[5] = self.macs[1];
        frame[11] = self.macs[0];
        frame
    }
}

/// A flow as it was when it ended.
#[derive(Clone, Debug)]
pub struct Finished {
    pub at: Timestamp,
    pub state: FlowState,
    pub volume: [Volume; 2],
    pub troubles: Troubles,
    pub identity: FlowIdentity,
    pub from_start: [bool; 2],
    pub macs: [Mac; 2],
}

/// What a table has told. `A` is the client.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The bytes of either end, missing ones as `.` where their number is known, `?` where it is not.
    pub streams: [Vec<u8>; 2],
    pub gaps: [Vec<Option<u64>>; 2],
    /// Frames that completed chunks, in order.
    pub frames: Vec<u64>,
    pub heard: Vec<Side>,
    pub finished: Vec<Finished>,
    pub copied: usize,
    /// Addresses of chunks in memory.
    pub places: Vec<*const u8>,
}

impl StreamHandler for Seen {
    type Application = ();

    fn chunk(&mut self, _: &mut Flow<()>, chunk: &Chunk<'_>) {
        assert!(!chunk.bytes.is_empty());
        chunk.side.of_mut(&mut self.streams).extend(chunk.bytes);
        self.frames.push(chunk.frame);
        self.places.push(chunk.bytes.as_ptr());
    }

    fn gap(&mut self, _: &mut Flow<()>, side: Side, missing: Option<u64>) {
        assert_ne!(missing, Some(0));
        let fill = if missing.is_some() { b'.' } else { b'?' };
        side.of_mut(&mut self.streams).extend(vec![fill; missing.unwrap_or(1).min(100_000) as usize]);
        side.of_mut(&mut self.gaps).push(missing);
    }

    fn heard(&mut self, _: &mut Flow<()>, side: Side) {
        self.heard.push(side);
    }

    fn finished(&mut self, flow: &mut Flow<()>, time: Timestamp) {
        self.finished.push(Finished {
            at: time,
            state: flow.state(),
            volume: *flow.volume(),
            troubles: flow.troubles(),
            from_start: flow.parts().0.from_start(),
            macs: *flow.macs(),
            identity: flow.identity(None),
        });
    }

    fn copied(&mut self, bytes: usize) {
        self.copied += bytes;
    }
}

pub struct Wire {
    pub table: FlowTable<()>,
    pub seen: Seen,
    pub now: Timestamp,
    pub frame: u64,
    pub id: u16,
}

pub const LIMITS: Limits = Limits { flows_max: 64, held_bytes_max: 1024 * 1024, by_vlan: false };

impl Wire {
    pub fn new() -> Self {
        Self::with(LIMITS)
    }

    pub fn with(limits: Limits) -> Self {
        let mut wire = Self {
            table: FlowTable::new(HashKey(0x1234_5678_9abc_def0, 0x0fed_cba9_8765_4321), limits),
            seen: Seen::default(),
            now: Timestamp::from_seconds(1000),
            frame: 0,
            id: 0,
        };
        wire.table.tick(wire.now, &mut wire.seen);
        wire
    }

    /// A wire on which client and server have shaken hands.
    pub fn open() -> Self {
        let mut wire = Self::new();
        wire.handshake();
        wire
    }

    pub fn handshake(&mut self) {
        self.send(&client().at(CLIENT - 1).ack(0).flags(SYN));
        self.send(&server().at(SERVER - 1).flags(SYN | ACK));
        self.send(&client());
    }

    /// Sends a segment, a millisecond after the one before.
    pub fn send(&mut self, segment: &Tcp) -> &mut Self {
        self.id = self.id.wrapping_add(1);
        self.now = self.now.plus(MILLISECOND);
        self.put(segment, segment.id.unwrap_or(self.id))
    }

    /// The segment sent last, once more: a copy that the mirror made.
    pub fn copy(&mut self, segment: &Tcp) -> &mut Self {
        self.put(segment, segment.id.unwrap_or(self.id))
    }

    fn put(&mut self, segment: &Tcp, id: u16) -> &mut Self {
        let frame = segment.frame(id);
        let captured = &frame[..frame.len() - segment.cut];
        self.frame(captured, frame.len() as u32);
        self
    }

    pub fn frame(&mut self, captured: &[u8], sent: u32) {
        self.frame += 1;
        let packet = Packet { time: self.now, link: LinkType::ETHERNET, bytes: captured, sent };
        let Peeled::Ip(layout) = peel(&packet) else { panic!("no IP packet") };
        self.table.packet(&packet, self.frame, &layout, &mut self.seen);
    }

    pub fn wait(&mut self, nanos: u64) -> &mut Self {
        let before = self.now.seconds();
        self.now = self.now.plus(nanos);
        if self.now.seconds() > before {
            self.table.tick(self.now, &mut self.seen);
        }
        self
    }

    pub fn client_stream(&self) -> String {
        String::from_utf8_lossy(&self.seen.streams[0]).into_owned()
    }

    pub fn server_stream(&self) -> String {
        String::from_utf8_lossy(&self.seen.streams[1]).into_owned()
    }

    /// Ends the capture and gives back the only flow that there was.
    #[track_caller]
    pub fn only(&mut self) -> Finished {
        self.end();
        assert_eq!(self.seen.finished.len(), 1, "{:#?}", self.seen.finished);
        self.seen.finished[0].clone()
    }

    pub fn end(&mut self) {
        self.table.finish(self.now, &mut self.seen);
        assert!(self.table.is_empty());
        assert_eq!(self.table.held_bytes(), 0);
    }
}
