//! The simulator from outside: the same seed gives the same bytes, and tshark finds what was sent and nothing wrong.

mod labels;
mod normal;
mod scenarios;
mod seeds;
mod tshark;

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use wardtap_simulator::clock::{HOUR, OPENING, Time};
use wardtap_simulator::sim::Sim;
use wardtap_simulator::tap::{Faults, Tap};
use wardtap_simulator::ward;

/// Octets that a tap writes, for a test to look at.
#[derive(Clone, Default)]
struct Kept(Rc<RefCell<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A capture and its messages.
struct Morning {
    capture: Vec<u8>,
    messages: String,
}

/// Some hours of a hospital of 50 devices, from `skip` hours after it opened on.
fn hours(seed: u64, skip: u32, hours: u32, faults: Faults) -> Morning {
    let mut sim = Sim::new(seed, OPENING);
    sim.net.keep_messages = true;
    ward::open(&mut sim, 50);
    let begin: Time = OPENING + HOUR * skip;
    sim.run(begin, |_| Ok::<_, io::Error>(())).unwrap();
    let (capture, messages) = (Kept::default(), Kept::default());
    let (to, lines) = (Box::new(capture.clone()), Box::new(messages.clone()));
    let mut tap = Tap::new(to, Some(lines), faults, sim.dice("tap", 0));
    let end = begin + HOUR * hours;
    while sim.now < end {
        let until = tap.look_around(&sim.net, sim.now).min(end);
        sim.run(until, |frame| tap.see(&frame)).unwrap();
    }
    tap.finish().unwrap();
    let messages = String::from_utf8(messages.0.take()).unwrap();
    Morning { capture: capture.0.take(), messages }
}
