//! The services that entities ask each other for (PS3.4), as exchanges in an association.

use super::association::Association;
use super::study::{Step, Study};
use crate::clock::{ms, us};
use crate::network::Network;
use crate::sim::Sim;
use crate::tcp::Side;
use crate::wire::dicom::command::{self, Command, PENDING, RESPONSE, SUCCESS};
use crate::wire::dicom::{DataSet, uid};

/// Verification.
pub fn echo(net: &mut Network, association: &mut Association) {
    let message_id = association.next_id();
    let request = Command { field: command::ECHO, class: uid::VERIFICATION, message_id, ..Command::default() };
    association.exchange(net, Side::Opener, &request, [&[], &[]], SUCCESS);
}

/// A query and so many answers, each a data set; the last response has none.
pub fn find(
    net: &mut Network,
    association: &mut Association,
    class: &'static str,
    key: &DataSet,
    count: usize,
    mut answer: impl FnMut(usize) -> DataSet,
) {
    let message_id = association.next_id();
    let request = Command { field: command::FIND, class, message_id, ..Command::default() };
    if association.send(net, Side::Opener, &request, [&key.octets, &[]]).is_none() {
        return;
    }
    association.think();
    let pending = Command { field: command::FIND | RESPONSE, status: PENDING, ..request };
    for number in 0..count {
        association.send(net, Side::Answerer, &pending, [&answer(number).octets, &[]]);
        association.pause(us(700));
    }
    association.respond(net, Side::Answerer, &request, SUCCESS);
}

/// How an image is stored: as part of whose C-MOVE-RQ, and with which status.
#[derive(Clone, Copy, Debug, Default)]
pub struct Storing<'a> {
    /// Title and message id of the C-MOVE-RQ.
    pub moved_for: Option<(&'a str, u16)>,
    /// Status of the response.
    pub status: u16,
    /// The acceptor stores it at the requester, as part of whose C-GET-RQ.
    pub fetched: bool,
}

/// Stores an image, counted from 1; false where the association is not for such images.
pub fn store(sim: &mut Sim, association: &mut Association, study: &Study, image: u16, how: Storing<'_>) -> bool {
    let class = study.kind.class();
    let Some(explicit) = association.explicit(class) else { return false };
    let noise = &sim.ward.imaging.noise;
    let pixels = study.pixels().min(noise.len());
    // Pixels are noise from another place for each image.
    let start = (study.number as usize * 7919 + usize::from(image) * 4096) % (noise.len() - pixels + 1);
    let head = study.image(explicit, image);
    let instance = study.instance(image);
    let message_id = association.next_id();
    let Storing { moved_for, status, fetched } = how;
    let side = if fetched { Side::Answerer } else { Side::Opener };
    let request = Command {
        field: command::STORE,
        class,
        message_id,
        instance: Some(&instance),
        moved_for,
        ..Command::default()
    };
    let data = [&head.octets[..], &noise[start..start + pixels]];
    association.exchange(&mut sim.net, side, &request, data, status);
    true
}

/// A request of a normalized service on an instance (N-CREATE, N-SET, N-ACTION, N-EVENT-REPORT), with its response.
pub fn normalized(
    net: &mut Network,
    association: &mut Association,
    side: Side,
    [field, kind]: [u16; 2],
    [class, instance]: [&'static str; 2],
    set: &DataSet,
) {
    // Only actions and events are of a kind.
    let kind = Some(kind).filter(|kind| *kind != 0);
    let message_id = association.next_id();
    let request = Command { field, class, message_id, instance: Some(instance), kind, ..Command::default() };
    association.exchange(net, side, &request, [&set.octets, &[]], SUCCESS);
}

/// A request on the performed procedure step of a study: it is created, or brought to its end.
pub fn step(net: &mut Network, association: &mut Association, study: &Study, title: &str, what: Step) {
    let class = uid::PROCEDURE_STEP;
    let Some(explicit) = association.explicit(class) else { return };
    let field = if what == Step::Begins { command::CREATE } else { command::SET };
    let instance = study.step();
    let message_id = association.next_id();
    let request = Command { field, class, message_id, instance: Some(&instance), ..Command::default() };
    let set = study.performed(explicit, title, what);
    association.exchange(net, Side::Opener, &request, [&set.octets, &[]], SUCCESS);
    association.at += ms(2);
}
