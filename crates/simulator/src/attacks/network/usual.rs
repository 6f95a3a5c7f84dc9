//! What usual hosts do on usual ways, and do too much, too long, at the wrong time or with another program.

use super::between::{divert, gateway, owner};
use super::channels::IMPLANT;
use super::{Cast, pc};
use crate::clock::{HOUR, MINUTE, ms, secs};
use crate::dice::Dice;
use crate::network::HostId;
use crate::sim::Sim;
use crate::tcp::Side;
use crate::ward::office::desk;
use crate::ward::office::nightly::carry;
use crate::ward::office::secure::Visit;
use crate::ward::office::shares::Share;
use crate::ward::remote;
use crate::wire::tls::{BROWSER, OLD_DEVICE, PROGRAM};

/// One patient's record after the other, by whoever is logged in.
pub(super) fn record_snooping(sim: &mut Sim) -> Cast {
    let (attacker, victim, end) = (pc(sim, 0), sim.ward.site().ehr, sim.now + 90 * MINUTE);
    let mut dice = sim.dice("record-snooping", 0);
    sim.repeat(sim.now + ms(10), move |sim| {
        if sim.now >= end {
            return None;
        }
        if !sim.net.host(victim).up {
            return Some(sim.now + MINUTE);
        }
        let visit = Visit { from: attacker, to: victim, label: 0, port: 443, client: &BROWSER, through: None };
        let (mut session, mut at) = sim.visit(sim.now, &visit, &mut dice);
        for _ in 0..dice.range(4..9) {
            let shown = dice.log_normal(7_500.0, 0.9).clamp(400.0, 250_000.0) as usize;
            let asked = dice.range(380..900) as usize;
            at = session.exchange(&mut sim.net, at, [asked, shown], ms(40), &mut dice) + dice.skewed(secs(2), 0.5);
        }
        Some(session.close(&mut sim.net, at, &mut dice) + dice.skewed(secs(3), 0.5))
    });
    Cast { victims: vec![victim], attackers: vec![attacker], end }
}

/// Files that are read in the night.
const FILES: u32 = 700;

pub(super) fn files_at_night(sim: &mut Sim) -> Cast {
    let (attacker, victim) = (pc(sim, 3), sim.ward.site().files);
    let mut dice = sim.dice("files-at-night", 0);
    let (share, at) = sim.share(sim.now, attacker, victim, "Departments", &mut dice);
    sim.at(at, move |sim| read_on(sim, share, FILES, dice));
    Cast { victims: vec![victim], attackers: vec![attacker], end: sim.now + 45 * MINUTE }
}

/// A file is read; then the next.
fn read_on(sim: &mut Sim, mut share: Share, left: u32, mut dice: Dice) {
    let path = format!("Ward {}\\{}\\plan-{left:03}.docx", 1 + left % 8, 2021 + left / 8 % 6);
    let length = dice.log_normal(20_000.0, 1.0).clamp(500.0, 400_000.0) as usize;
    let at = share.file(&mut sim.net, sim.now, &path, length, false, &mut dice);
    if left == 0 {
        share.close(&mut sim.net, at, &mut dice);
        return;
    }
    let pause = dice.skewed(secs(3), 0.5);
    sim.at(at + pause, move |sim| read_on(sim, share, left - 1, dice));
}

/// On the device that the vendor served last, by way of the same jump host.
pub(super) fn vendor_for_hours(sim: &mut Sim) -> Cast {
    let site = sim.ward.site();
    let (jump, vendor, remote) = (site.jump, site.vendor, &sim.ward.remote);
    let victim = remote.last.unwrap_or(remote.serves[0]);
    let (dice, length) = (sim.dice("vendor-for-hours", 0), 3 * HOUR);
    remote::serve(sim, victim, length, dice);
    Cast { victims: vec![victim], attackers: vec![vendor, jump], end: sim.now + length + MINUTE }
}

/// A modality's report to its vendor, about 200 times as large as usual.
pub(super) fn vendor_report_swollen(sim: &mut Sim) -> Cast {
    let site = sim.ward.site();
    let (modality, proxy, vendor) = (site.ct[0], site.proxy, site.vendor);
    let mut dice = sim.dice("vendor-report-swollen", 0);
    let visit = Visit { from: modality, to: vendor, label: 0, port: 443, client: &OLD_DEVICE, through: Some(proxy) };
    let (session, at) = sim.visit(sim.now, &visit, &mut dice);
    sim.at(at, move |sim| carry(sim, session, Side::Opener, 12_000_000, dice));
    Cast { victims: vec![modality], attackers: vec![vendor], end: sim.now + 3 * MINUTE }
}

/// Something on a modality uses the way to the vendor, and its hello is not that of the modality's own program.
pub(super) fn vendor_way_misused(sim: &mut Sim) -> Cast {
    let site = sim.ward.site();
    let (modality, proxy, vendor) = (site.ct[0], site.proxy, site.vendor);
    let (mut dice, end) = (sim.dice("vendor-way-misused", 0), sim.now + 5 * HOUR);
    sim.repeat(sim.now + ms(10), move |sim| {
        if sim.now >= end {
            return None;
        }
        if sim.net.host(proxy).up && sim.net.host(modality).up {
            let visit =
                Visit { from: modality, to: vendor, label: 0, port: 443, client: &IMPLANT, through: Some(proxy) };
            let (mut session, at) = sim.visit(sim.now, &visit, &mut dice);
            let sizes = if dice.chance(0.2) { [9_000, 2_500] } else { [420, 260] };
            let at = session.exchange(&mut sim.net, at, sizes, ms(40), &mut dice);
            session.close(&mut sim.net, at + ms(300), &mut dice);
        }
        Some(sim.now + dice.around(12 * MINUTE, 0.2))
    });
    Cast { victims: vec![modality], attackers: vec![vendor], end }
}

/// What has been encrypted is saved once more, all of it: some 3 MB on other nights.
pub(super) fn backup_swollen(sim: &mut Sim) -> Cast {
    let site = sim.ward.site();
    let (files, backup) = (site.files, site.backup);
    let mut dice = sim.dice("backup-swollen", 0);
    let visit = Visit { from: files, to: backup, label: 0, port: 8400, client: &PROGRAM, through: None };
    let (session, at) = sim.visit(sim.now, &visit, &mut dice);
    sim.at(at, move |sim| carry(sim, session, Side::Opener, 45_000_000, dice));
    Cast { victims: vec![files, backup], attackers: Vec::new(), end: sim.now + 6 * MINUTE }
}

/// A login of another user every few minutes, none of them right, where everybody reads files.
pub(super) fn logins_refused(sim: &mut Sim) -> Cast {
    let (attacker, victim, end) = (pc(sim, 0), sim.ward.site().files, sim.now + 7 * HOUR);
    let mut dice = sim.dice("logins-refused", 0);
    let mut user = 0;
    sim.repeat(sim.now + ms(10), move |sim| {
        user += 1;
        if sim.net.host(victim).up {
            sim.share_refused(sim.now, attacker, victim, &format!("u{user:04}"), &mut dice);
        }
        Some(sim.now + dice.around(4 * MINUTE, 0.3)).filter(|next| *next < end)
    });
    Cast { victims: vec![victim], attackers: vec![attacker], end }
}

/// Jobs without end for the printer of a ward's PC.
pub(super) fn printer_flooded(sim: &mut Sim) -> Cast {
    let (attacker, end) = (pc(sim, 3), sim.now + 30 * MINUTE);
    let printers = &sim.ward.site().printers;
    let near = printers.iter().find(|printer| sim.net.host(**printer).zone == sim.net.host(attacker).zone);
    let victims: Vec<HostId> = near.or(printers.first()).copied().into_iter().collect();
    let mut dice = sim.dice("printer-flooded", 0);
    sim.repeat(sim.now + ms(10), move |sim| {
        desk::print(sim, attacker, &mut dice);
        (sim.now < end).then(|| sim.now + dice.around(secs(8), 0.4))
    });
    Cast { victims, attackers: vec![attacker], end }
}

/// The DHCP server's settings were changed: it names a PC as router, through which all goes that the office's PCs send.
/// The tap sees each of these frames twice, before and behind that PC, which tshark takes for retransmissions.
pub(super) fn dhcp_other_router(sim: &mut Sim) -> Cast {
    let (router, mark, end) = (pc(sim, 0), sim.net.mark, sim.now + 6 * HOUR);
    let zone = sim.net.host(router).zone;
    sim.ward.office.leases.router = Some((router, mark));
    let pcs = sim.ward.site().pcs.iter().copied();
    let told: Vec<HostId> = pcs.filter(|host| *host != router && sim.net.host(*host).zone == zone).collect();
    let (own, right, vlan) = (owner(sim, router).0, gateway(sim, router).0, sim.net.zone_of(router).vlan);
    for host in told.iter().copied() {
        let mac = sim.net.host(host).mac;
        divert(sim, Some(mac), right, own, vlan, end);
        // By then each has been told, when it was switched on or renewed its lease.
        if let Some(detour) = sim.net.queue.detours.last_mut() {
            detour.times[0] += 4 * HOUR + 10 * MINUTE;
        }
    }
    sim.at(end, |sim| {
        sim.ward.office.leases.router = None;
        sim.net.queue.detours.clear();
    });
    let victims = told.into_iter().chain(sim.ward.site().domain.first().copied()).collect();
    Cast { victims, attackers: vec![router], end }
}

/// The domain controllers have lost whom they follow, and say so to all who ask for the time.
pub(super) fn clocks_lost(sim: &mut Sim) -> Cast {
    let (mark, end) = (sim.net.mark, sim.now + 6 * HOUR);
    let clocks = &mut sim.ward.office.clocks;
    (clocks.lost, clocks.mark) = (true, mark);
    sim.at(end, |sim| sim.ward.office.clocks.lost = false);
    Cast { victims: sim.ward.site().domain.clone(), attackers: Vec::new(), end }
}
