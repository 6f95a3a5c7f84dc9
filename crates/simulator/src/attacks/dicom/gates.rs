//! Who stands before the archive, and what gets in by the names of images.

use super::images::first;
use super::{BASE, FORGERY};
use crate::attacks::Family::{Access, Integrity};
use crate::attacks::{Cast, Scenario};
use crate::clock::{HOUR, MINUTE, secs};
use crate::sim::Sim;
use crate::tcp::Side;
use crate::ward::imaging::entity::{EntityId, makes};
use crate::ward::imaging::study::{Kind, Study};
use crate::ward::imaging::{archive, dial};
use crate::wire::dicom::command::{self, Command, SUCCESS};
use crate::wire::dicom::uid;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "dicom-uids-with-paths",
        title: "An X-ray unit stores images in the archive whose numbers are the paths of files of its server",
        family: Access,
        techniques: &[
            "T0819",
            "T0866",
            "T0867",
            "T0859",
            "T0886",
            "T1190",
            "T1210",
            "T1105",
            "T1505.003",
            "T1570",
            "T1036",
            "T1059",
            "T1078",
            "T1565.001",
        ],
        endangers: "Somebody puts his own programs on the archive's server, and has all images in his hands.",
        within_normal: true,
        hour: 20.9,
        start: paths,
        ..BASE
    },
    Scenario {
        name: "archive-answers-as-another",
        title: "Another program than the archive takes all that is sent to it, under its title and address",
        family: Integrity,
        techniques: FORGERY,
        endangers: "Images pass through a program that nobody knows, which can read, change and keep them.",
        within_normal: true,
        hour: 12.4,
        start: another,
        ..BASE
    },
];

/// Files that are to be written.
const PATHS: [&str; 7] = [
    "../x1",
    "../../../../tmp/x1",
    "..\\..\\..\\..\\inetpub\\wwwroot\\x1.aspx",
    "../../../../var/www/html/viewer/x1.jsp",
    "..\\..\\..\\..\\ProgramData\\pacs\\plugins\\x1.dll",
    "../../../../etc/cron.d/x1",
    "..\\..\\..\\..\\inetpub\\wwwroot\\viewer\\x1.aspx",
];

/// Servers that name files after SOP Instance UIDs, and do not look at them, write wherever these say (CVE-2022-2119 and
/// 2120, ICSMA-22-174-01). All else of the images is as it should be.
fn paths(sim: &mut Sim) -> Cast {
    let (place, host) = first(sim, Kind::Xr);
    let entity = sim.ward.imaging.modalities[place].entity;
    let mut dice = sim.dice("dicom-uids-with-paths", 0);
    let mut at = sim.now;
    for (number, path) in (0..).zip(PATHS.into_iter().chain(PATHS)) {
        sim.at(at, move |sim| store(sim, entity, number, path));
        at += dice.skewed(secs(80), 0.5);
    }
    let victims = vec![sim.ward.imaging.host(sim.ward.imaging.pacs)];
    Cast { victims, attackers: vec![host], end: at + MINUTE }
}

fn store(sim: &mut Sim, entity: EntityId, number: u64, path: &str) {
    let mut dice = sim.dice("dicom-uids-with-paths", 1 + number);
    let (pacs, make) = (sim.ward.imaging.pacs, sim.ward.imaging.entities[entity.0].make);
    let study = Study::new(560_000_000 + number, Kind::Xr, make, sim.calendar.digits(sim.now), &mut dice);
    let proposals = archive::storage(sim, entity, &[study.kind]);
    let Some(mut association) = dial(sim, sim.now, entity, pacs, &proposals) else { return };
    let explicit = association.explicit(uid::DX).unwrap_or_default();
    let pixels = vec![0x20; study.pixels()];
    let message_id = association.next_id();
    let request =
        Command { field: command::STORE, class: uid::DX, message_id, instance: Some(path), ..Command::default() };
    let head = study.image(explicit, 1);
    association.exchange(&mut sim.net, Side::Opener, &request, [&head.octets, &pixels], SUCCESS);
    association.release(&mut sim.net);
}

/// On the archive's own server its port leads to a relay, which passes on what it gets (ATT&CK T1557): titles and address are
/// as ever, and only what the software says of itself when it takes an association is a toolkit's (PS3.7 annex D.3.3.2).
fn another(sim: &mut Sim) -> Cast {
    let (pacs, mark, end) = (sim.ward.imaging.pacs, sim.net.mark, sim.now + 5 * HOUR);
    sim.ward.imaging.entities[pacs.0].before = Some((&makes::TOOLKIT, mark));
    sim.at(end, move |sim| sim.ward.imaging.entities[pacs.0].before = None);
    let modalities = sim.ward.imaging.modalities.iter().map(|modality| sim.ward.imaging.host(modality.entity));
    let victims = [sim.ward.imaging.host(pacs)].into_iter().chain(modalities).collect();
    Cast { victims, attackers: Vec::new(), end: end + MINUTE }
}
