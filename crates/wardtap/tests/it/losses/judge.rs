//! Whether the events of a capture of which something was not seen are what is left of those of the whole capture.

use serde_json::Value;

use super::missing::missing;
use super::recording::{Recording, Told};

/// What came of a replay.
pub(crate) struct Verdict {
    pub(crate) problems: Vec<String>,
    /// Messages that came out whole.
    pub(crate) told: usize,
    /// Messages that did not though they are there, for a reason that is accepted.
    pub(crate) excused: usize,
}

/// One replay against the whole capture.
struct Judge<'a> {
    recording: &'a Recording,
    /// Of each record, whether the tap saw it.
    kept: &'a [bool],
    /// The messages that events were found for.
    seen: Vec<bool>,
    verdict: Verdict,
}

/// Replays what was kept of a capture, and says what is wrong with the events.
pub(crate) fn judge(recording: &Recording, kept: &[bool]) -> Verdict {
    let seen = vec![false; recording.told.len()];
    let verdict = Verdict { problems: Vec::new(), told: 0, excused: 0 };
    let mut judge = Judge { recording, kept, seen, verdict };
    let events = recording.replay(kept);
    let messages = || events.iter().filter(|event| event["type"] == "message");
    for event in messages().filter(|event| event["message"]["incomplete"].is_null()) {
        judge.whole(event);
    }
    judge.nothing_is_left_out();
    for event in messages().filter(|event| !event["message"]["incomplete"].is_null()) {
        judge.incomplete(event);
    }
    judge.gaps(&events);
    judge.verdict
}

impl Judge<'_> {
    /// A message that says it is whole must be one of the capture's, of which every octet was there.
    fn whole(&mut self, event: &Value) {
        let message = &event["message"];
        let unseen = || (0..self.seen.len()).filter(|&place| !self.seen[place]);
        let here = |&place: &usize| self.recording.told[place].is_of_flow(event) && self.may_come_in(place, message);
        // Of several in a frame some may not be whole.
        let there = |&place: &usize| here(&place) && self.is_there(place);
        let like = |&place: &usize| there(&place) && self.differing(place, message).is_none();
        let place = unseen().find(like).or_else(|| unseen().find(there)).or_else(|| unseen().find(here));
        let Some(place) = place else {
            self.verdict.problems.push(format!("invented:\n+ {message}"));
            return;
        };
        self.seen[place] = true;
        self.verdict.told += 1;
        if !self.is_there(place) {
            self.verdict.problems.push(format!("not marked as incomplete:\n+ {message}"));
        } else if let Some(name) = self.differing(place, message) {
            let told = &self.recording.told[place].event["message"];
            self.verdict.problems.push(format!("{name} differs:\n- {told}\n+ {message}"));
        }
    }

    /// True for the frame that a message has in the capture. One of which the CR came behind the frame of its FS has that
    /// one where the CR was lost, and where octets of the other end were, which may have been an answer to it.
    fn may_come_in(&self, place: usize, message: &Value) -> bool {
        let told = &self.recording.told[place];
        told.event["message"]["frame"] == message["frame"] || message["frame"] == told.ends_in
    }

    /// Where an event says something else than it should.
    fn differing(&self, place: usize, message: &Value) -> Option<String> {
        let may_have_other_time =
            || self.may_be_first_answer(place) || self.may_answer_another(place) || self.may_answer_sooner(place);
        differs("", &self.recording.told[place].event["message"], message)
            .filter(|name| name != "response_seconds" || !may_have_other_time())
    }

    /// What has all its octets there must have come out, in one piece.
    fn nothing_is_left_out(&mut self) {
        for place in 0..self.seen.len() {
            if self.seen[place] || !self.is_recognisable(place) {
                continue;
            }
            if self.cannot_be_told(place) {
                self.verdict.excused += 1;
            } else {
                self.verdict.problems.push(format!("not told:\n- {}", self.recording.told[place].event["message"]));
            }
        }
    }

    /// A message that says it is not whole must be one of the capture's of which something was there, and not all.
    fn incomplete(&mut self, event: &Value) {
        let place = (0..self.seen.len()).find(|&place| {
            let told = &self.recording.told[place];
            let way = &self.recording.ways[told.way];
            !self.seen[place]
                && !self.is_recognisable(place)
                && told.needed.iter().any(|octets| way.holds_some(octets, self.kept))
                && told.is_of_flow(event)
                && event["message"]["bytes"].as_u64() <= Some(self.longest(place) as u64)
                && way.came_in(&(told.own.start..told.own.start + self.longest(place)), &event["message"]["frame"])
                && may_be("", &told.event["message"], &event["message"])
        });
        match place {
            Some(place) => self.seen[place] = true,
            None => self.verdict.problems.push(format!("invented:\n+ {}", event["message"])),
        }
    }

    /// The most octets that an incomplete message may have: its own. HL7 and DICOM do not say how long theirs are, so
    /// with the end of one that of a later one may be taken for its own, up to the next message that can be seen.
    fn longest(&self, place: usize) -> usize {
        let told = &self.recording.told[place];
        if told.event["message"]["protocol"] == "modbus" {
            return told.own.len();
        }
        let following = (place + 1..self.seen.len())
            .find(|&next| self.recording.told[next].way == told.way && self.is_recognisable(next));
        let end = following.map_or(self.recording.ways[told.way].len(), |next| self.recording.told[next].own.start);
        end - told.own.start
    }

    /// What no message shows must be counted: every octet that is missing in a stream stands in its flow's event.
    fn gaps(&mut self, events: &[Value]) {
        for (way, told) in self.recording.ways.iter().enumerate().filter_map(|(way, of)| Some((way, of.told?))) {
            let other = self.recording.ways.iter().position(|other| other.is_against(&self.recording.ways[way].ends));
            if other.is_some_and(|other| other < way && self.recording.ways[other].told.is_some()) {
                continue;
            }
            let [one, two] = [Some(way), other]
                .map(|way| way.map_or_else(Default::default, |way| missing(self.recording, way, self.kept)));
            let flows =
                events.iter().filter(|event| event["type"] == "flow" && self.recording.told[told].is_of_flow(event));
            let counted: u64 = flows.map(|event| event["flow"]["gap_bytes"].as_u64().unwrap()).sum();
            let (between, unsure) = (one.between + two.between, one.unsure + two.unsure);
            let all = between + one.behind + two.behind;
            let least = all.saturating_sub(unsure).max(between);
            if !(least as u64..=(all + unsure) as u64).contains(&counted) {
                let flow = &self.recording.told[told].event["flow"];
                self.verdict.problems.push(format!("{counted} octets are missing, not {least} to {all}: {flow}"));
            }
        }
    }

    /// True where all octets of a message were there.
    fn is_there(&self, place: usize) -> bool {
        let told = &self.recording.told[place];
        self.recording.ways[told.way].holds(&told.own, self.kept)
    }

    /// True where also what shows its beginning and end was there.
    fn is_recognisable(&self, place: usize) -> bool {
        let told = &self.recording.told[place];
        told.needed.iter().all(|octets| self.recording.ways[told.way].holds(octets, self.kept))
    }

    /// True for an answer that was given before, which the tap did not see: this one is the first for it.
    fn may_be_first_answer(&self, place: usize) -> bool {
        let told = &self.recording.told[place];
        let answered = &told.event["message"]["hl7"]["ack_control_id"];
        let before = |&earlier: &usize| {
            let other = &self.recording.told[earlier];
            other.way == told.way && other.event["message"]["hl7"]["ack_control_id"] == *answered
        };
        !answered.is_null() && (0..place).filter(before).all(|earlier| !self.is_there(earlier))
    }

    /// True for an answer to a request that the tap did not see: one before it with the same number may have asked.
    fn may_answer_another(&self, place: usize) -> bool {
        let told = &self.recording.told[place];
        let id = &told.event["message"]["dicom"]["dimse"]["message_id"];
        let asks = |&earlier: &usize| {
            let other = &self.recording.told[earlier];
            let message = &other.event["message"];
            other.is_of_flow(&told.event) && other.way != told.way && message["dicom"]["dimse"]["message_id"] == *id
        };
        !id.is_null() && (0..place).rev().find(asks).is_some_and(|request| !self.is_there(request))
    }

    /// True for an answer to a request that may have the time of its FS, not of the CR behind it.
    fn may_answer_sooner(&self, place: usize) -> bool {
        let answered = &self.recording.told[place].event["message"]["hl7"]["ack_control_id"];
        let asks = |told: &Told| {
            told.event["message"]["frame"] != told.ends_in && told.event["message"]["hl7"]["control_id"] == *answered
        };
        !answered.is_null() && self.recording.told.iter().any(asks)
    }

    /// What is no fault of the program's, though the octets are there.
    fn cannot_be_told(&self, place: usize) -> bool {
        let told = &self.recording.told[place];
        let way = &self.recording.ways[told.way];
        let message = &told.event["message"];
        let of_way = |&other: &usize| self.recording.told[other].way == told.way;
        let is_first = (0..place).filter(of_way).all(|earlier| !self.seen[earlier]);
        let usual_port = message["port_facts"].is_null();
        match message["protocol"].as_str() {
            // What names a flow: a PDU that begins a segment, with the start of its command set; of ten octets only on
            // a usual port.
            Some("dicom") => {
                let piece = way.pieces.iter().find(|piece| piece.octets.start == told.own.start);
                let short = told.own.len() == 10 && usual_port;
                is_first && !piece.is_some_and(|piece| piece.octets.len() >= 24 || short)
            }
            // On another port than its own it takes two ADUs to name a flow. Behind a loss only an ADU that is in order
            // is told from registers, and two kinds are not: there is no function 0 (APS 4.1), no subfunction 21 of 122
            // octets and no answer to subfunction 4 (APS 6.8).
            Some("modbus") => {
                let behind_loss = told.own.start == 0 || !way.holds(&(told.own.start - 1..told.own.start), self.kept);
                let subfunction = message["modbus"]["subfunction"].as_u64();
                let odd = message["modbus"]["function"] == 0
                    || message["direction"] == "response" && matches!(subfunction, Some(4 | 21));
                is_first && !usual_port || behind_loss && odd
            }
            _ => false,
        }
    }
}

impl Told {
    fn is_of_flow(&self, event: &Value) -> bool {
        self.event["flow"]["community_id"] == event["flow"]["community_id"]
    }
}

/// Where an event says something else than it should, its frame aside; what it cannot know any more it may leave out.
fn differs(name: &str, should: &Value, is: &Value) -> Option<String> {
    match (should, is) {
        (Value::Object(should), Value::Object(is)) => {
            let more = is.keys().find(|name| !should.contains_key(*name)).cloned();
            more.or_else(|| should.iter().find_map(|(name, should)| differs(name, should, is.get(name)?)))
        }
        (Value::Array(should), Value::Array(is)) if should.len() == is.len() => {
            should.iter().zip(is).find_map(|(should, is)| differs(name, should, is))
        }
        _ => (should != is && !matches!(name, "capture" | "frame")).then(|| name.to_owned()),
    }
}

/// True where an event may be what is left of a message: no text but its own, and no number but its own or a lower count.
fn may_be(name: &str, should: &Value, is: &Value) -> bool {
    /// What differs, or is looked at elsewhere. Segments, as octets, may be those of a later message.
    const FREE: [&str; 7] =
        ["incomplete", "frame", "capture", "response_seconds", "bytes", "dataset_bytes", "segments"];
    match (should, is) {
        (Value::Object(should), Value::Object(is)) => is.iter().all(|(name, is)| {
            FREE.contains(&name.as_str()) || should.get(name).is_some_and(|should| may_be(name, should, is))
        }),
        (Value::Array(should), Value::Array(is)) => {
            is.len() <= should.len() && should.iter().zip(is).all(|(should, is)| may_be(name, should, is))
        }
        (Value::Number(should), Value::Number(is)) if name == "objects" => is.as_u64() <= should.as_u64(),
        _ => should == is || is == "(unreadable)",
    }
}
