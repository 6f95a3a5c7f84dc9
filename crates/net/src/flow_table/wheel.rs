//! Timers: flows end when they have been idle for long enough, on capture time.

use super::index::NONE;
use super::{FlowTable, flow_at, flow_of};
use crate::flow::{Flow, FlowState};
use crate::packet::Timestamp;
use crate::peel::protocol;
use crate::reassembler::{self, StreamHandler};
use crate::stream::Side;

/// Seconds on the wheel.
pub(super) const WHEEL: usize = 64;

/// How long a connection that has ended is remembered: late copies and acknowledgements must not open a new flow.
const LINGER_SECONDS: u64 = 4;
/// How long a TCP connection may be idle. Interface engines keep connections open and silent for long.
const TCP_IDLE_SECONDS: u64 = 3600;
/// How long a SYN may stay without an answer.
const SYN_IDLE_SECONDS: u64 = 60;
/// How long anything else may be idle.
const OTHER_IDLE_SECONDS: u64 = 180;

/// When a new flow is looked at first: a short connection is over by then, so most flows are looked at once.
pub(super) const fn first_look(now: Timestamp) -> u64 {
    now.seconds().saturating_add(LINGER_SECONDS).saturating_add(2)
}

impl<S: Default> FlowTable<S> {
    /// The flow that would end first among the next few that a hand passes: near enough to the first of all, at a fixed
    /// cost. Connections that nobody answered go before those that carry data, so a flood of SYNs displaces itself.
    ///
    /// Never `except`; None where there is no other.
    pub(super) fn victim(&mut self, except: u32) -> Option<u32> {
        let mut chosen = None;
        let mut earliest = u64::MAX;
        for passed in 0..self.used.max(8) {
            if passed >= 8 && chosen.is_some() {
                break;
            }
            self.hand = self.hand.saturating_add(1);
            if self.hand >= self.used {
                self.hand = 0;
            }
            let id = u32::try_from(self.hand).unwrap_or(NONE);
            if let Some(flow) = flow_of(&self.chunks, id)
                && flow.is_live()
                && id != except
                && due(flow) < earliest
            {
                (chosen, earliest) = (Some(id), due(flow));
            }
        }
        chosen
    }

    /// Puts a flow on the wheel: on the second when it is due, or as far ahead as the wheel reaches.
    pub(super) fn schedule(&mut self, id: u32, second: u64) {
        let second =
            second.max(self.turned.saturating_add(1)).min(self.turned.saturating_add(WHEEL as u64).saturating_sub(1));
        let slot = usize::try_from(second.rem_euclid(WHEEL as u64)).unwrap_or(0);
        let Some(head) = self.wheel.get_mut(slot) else { return };
        let following = std::mem::replace(head, id);
        if let Some(flow) = flow_at(&mut self.chunks, id) {
            flow.wheel_next = following;
        }
    }

    /// Capture time has reached `now`: flows that are due end, in the order of their time; holes that nobody fills are
    /// given up.
    pub fn tick<H>(&mut self, now: Timestamp, handler: &mut H)
    where
        H: StreamHandler<Application = S>,
    {
        let mut listed = std::mem::take(&mut self.with_holes);
        // A place whose flow began anew may stand there twice.
        listed.sort_unstable();
        listed.dedup();
        listed.retain(|&id| {
            let Some(flow) = flow_at(&mut self.chunks, id) else { return false };
            for side in Side::BOTH {
                while reassembler::given_up(flow, side, now) {
                    let freed = reassembler::give_up(flow, side, handler);
                    self.held_bytes = self.held_bytes.saturating_add_signed(freed);
                }
            }
            let Some(rare) = flow.troubles.as_mut() else { return false };
            rare.listed = rare.holds_anything();
            rare.listed
        });
        self.with_holes = listed;
        let second = now.seconds();
        if self.free.len() == self.used {
            self.turned = self.turned.max(second.saturating_sub(1));
        }
        let mut leap = self.turned;
        while self.turned < second {
            if self.turned >= leap {
                self.leap(second);
                leap = self.turned.saturating_add(WHEEL as u64);
            }
            self.turned = self.turned.saturating_add(1).min(second);
            self.turn(now, handler);
        }
    }

    /// Passes over seconds in which nothing is due: capture time may leap by years.
    ///
    /// Stops a whole turn of the wheel before the first flow that is due, so that every flow is looked at, and put on its
    /// own second, before then.
    fn leap(&mut self, second: u64) {
        let turn = WHEEL as u64;
        if second.saturating_sub(self.turned) <= turn.saturating_mul(2) {
            return;
        }
        let first_due = self.chunks.iter().flatten().filter(|flow| flow.is_live()).map(due).min().unwrap_or(u64::MAX);
        let target = first_due.saturating_sub(turn).min(second.saturating_sub(turn));
        self.turned = self.turned.max(target);
    }

    /// Looks at the flows of the second that the wheel has turned to.
    fn turn<H>(&mut self, now: Timestamp, handler: &mut H)
    where
        H: StreamHandler<Application = S>,
    {
        let slot = usize::try_from(self.turned.rem_euclid(WHEEL as u64)).unwrap_or(0);
        let Some(head) = self.wheel.get_mut(slot) else { return };
        let mut id = std::mem::replace(head, NONE);
        while let Some(flow) = flow_at(&mut self.chunks, id) {
            let following = flow.wheel_next;
            // A record from the future, which the capture's clock did not believe.
            flow.last = flow.last.min(now);
            let due = due(flow);
            if flow.is_live() && due > self.turned {
                self.schedule(id, due);
            } else {
                if let Some(place) = self.given_up.iter().position(|&given_up| given_up == id) {
                    self.given_up.swap_remove(place);
                }
                self.end(id, Timestamp::from_seconds(self.turned), handler);
                self.free.push(id);
            }
            id = following;
        }
    }

    /// Ends all flows: the capture is over. In the order in which they began.
    pub fn finish<H>(&mut self, now: Timestamp, handler: &mut H)
    where
        H: StreamHandler<Application = S>,
    {
        let mut live: Vec<(Timestamp, u32)> = (0u32..)
            .zip(self.chunks.iter().flatten())
            .filter(|(_, flow)| flow.is_live())
            .map(|(id, flow)| (flow.first, id))
            .collect();
        live.sort_unstable();
        for (_, id) in live {
            self.end(id, now, handler);
        }
    }
}

/// The second at which a flow has been idle for long enough.
fn due<S>(flow: &Flow<S>) -> u64 {
    flow.last.seconds().saturating_add(1).saturating_add(idle_seconds(flow))
}

fn idle_seconds<S>(flow: &Flow<S>) -> u64 {
    match flow.state {
        FlowState::Closed | FlowState::Reset => LINGER_SECONDS,
        FlowState::SynSent => SYN_IDLE_SECONDS,
        _ if flow.key.transport == protocol::TCP => TCP_IDLE_SECONDS,
        _ => OTHER_IDLE_SECONDS,
    }
}
