//! Programs that are brought to other hosts by way of their shares, and the looking around before that.

use super::lookups::ask_in_vain;
use super::scans::{probe, syn};
use super::{Cast, pc, scenario, within_normal};
use crate::attacks::{Family, Scenario};
use crate::clock::{MINUTE, Time, ms, secs};
use crate::dice::Dice;
use crate::network::{HostId, WINDOWS};
use crate::sim::Sim;

/// All of them.
pub const ALL: &[Scenario] = &[
    scenario(
        "smb-sessions-asked",
        "a PC asks every Windows host who is logged in there",
        Family::Reconnaissance,
        &[
            "T0846",
            "T0840",
            "T0888",
            "T1018",
            "T1046",
            "T1049",
            "T1033",
            "T1087",
            "T1087.002",
            "T1135",
            "T1069.002",
            "T1021.002",
            "T0886",
        ],
        "Somebody learns from which PC to which device an administrator's account would take him.",
        10.1,
        sessions_asked,
    ),
    within_normal(scenario(
        "smb-service-installed",
        "a ward's PC puts a program on the file server by its administrative share and works through it",
        Family::Access,
        &[
            "T0886",
            "T0867",
            "T0859",
            "T0866",
            "T1021",
            "T1021.002",
            "T1569.002",
            "T1543.003",
            "T1570",
            "T1078",
            "T1105",
        ],
        "Somebody commands the file server, and all documents on it.",
        15.5,
        service_installed,
    )),
    within_normal(scenario(
        "policies-carry-program",
        "an office PC writes a program into the domain's policies, and other PCs fetch it",
        Family::Malware,
        &[
            "T0867",
            "T0866",
            "T0863",
            "T0859",
            "T1484",
            "T1484.001",
            "T1570",
            "T1021.002",
            "T1080",
            "T1105",
            "T1072",
            "T1053.005",
            "T1078",
        ],
        "All PCs of the hospital will run the program at once: this is how they are encrypted in a night.",
        11.7,
        policies,
    )),
    scenario(
        "smb-worm",
        "a worm goes from PC to PC, and each looks for more in the hospital and outside",
        Family::Malware,
        &[
            "T0866",
            "T0867",
            "T0846",
            "T0840",
            "T0886",
            "T1210",
            "T1570",
            "T1046",
            "T1018",
            "T1021.002",
            "T1486",
            "T1080",
            "T0826",
            "T0828",
            "T1595.001",
        ],
        "PCs and old devices fail one after the other, as hospitals did in 2017.",
        12.7,
        worm,
    ),
];

/// Hosts with Windows inside, but for one.
fn windows(sim: &Sim, but: HostId) -> Vec<HostId> {
    let site = sim.ward.site();
    let servers = [site.ehr, site.ris, site.pacs, site.pharmacy, site.files];
    let groups = [&site.domain, &site.pcs, &site.reading, &site.ct, &site.us, &site.xr, &site.cabinets];
    let hosts = servers.iter().chain(groups.into_iter().flatten()).copied();
    hosts.filter(|host| *host != but && sim.net.host(*host).stack.ttl == WINDOWS.ttl).collect()
}

/// NetSessionEnum and NetWkstaUserEnum (MS-SRVS, MS-WKST) of one after the other, as SharpHound asks them.
fn sessions_asked(sim: &mut Sim) -> Cast {
    let attacker = pc(sim, 0);
    let victims = windows(sim, attacker);
    let mut dice = sim.dice("sessions-asked", 0);
    let mut targets = victims.clone().into_iter();
    let mut end = sim.now;
    let mut later = || {
        end += dice.skewed(secs(5), 0.5);
        end
    };
    let mut times = victims.iter().map(|_| later()).collect::<Vec<Time>>().into_iter();
    sim.repeat(sim.now + ms(10), move |sim| {
        let target = targets.next()?;
        if sim.net.host(target).up {
            let (mut share, mut at) = sim.share(sim.now, attacker, target, "IPC$", &mut dice);
            for (pipe, told) in [("srvsvc", 1_400), ("wkssvc", 700)] {
                at = share.file(&mut sim.net, at, pipe, 220, true, &mut dice);
                at = share.file(&mut sim.net, at, pipe, told, false, &mut dice);
            }
            share.close(&mut sim.net, at, &mut dice);
        } else {
            probe(sim, sim.now, attacker, target, 445);
        }
        times.next()
    });
    Cast { victims, attackers: vec![attacker], end: end + MINUTE }
}

/// A program of about 400 kB.
const PROGRAM: usize = 400_000;

/// What PsExec does (ATT&CK S0029): ADMIN$, the service control manager's pipe (MS-SCMR), then the program's own pipe.
fn service_installed(sim: &mut Sim) -> Cast {
    let (attacker, victim, end) = (pc(sim, 3), sim.ward.site().files, sim.now + 20 * MINUTE);
    let mut dice = sim.dice("service-installed", 0);
    let (mut share, at) = sim.share(sim.now, attacker, victim, "ADMIN$", &mut dice);
    let at = share.file(&mut sim.net, at, "PSEXESVC.exe", PROGRAM, true, &mut dice);
    let over = share.close(&mut sim.net, at, &mut dice);
    sim.at(over + secs(1), move |sim| {
        let (mut share, mut at) = sim.share(sim.now, attacker, victim, "IPC$", &mut dice);
        for length in [160, 240, 420, 120] {
            at = share.file(&mut sim.net, at, "svcctl", length, true, &mut dice);
            at = share.file(&mut sim.net, at + ms(3), "svcctl", 60, false, &mut dice);
        }
        sim.repeat(at + secs(1), move |sim| {
            let at = share.file(&mut sim.net, sim.now, "PSEXESVC-PC-stdin", 80, true, &mut dice);
            let shown = dice.log_normal(1_800.0, 0.9).clamp(80.0, 40_000.0) as usize;
            let at = share.file(&mut sim.net, at + ms(40), "PSEXESVC-PC-stdout", shown, false, &mut dice);
            let next = at + dice.skewed(secs(25), 0.6);
            (next < end).then_some(next)
        });
    });
    Cast { victims: vec![victim], attackers: vec![attacker], end }
}

/// PCs that are switched on in the morning, and read the domain's policies then; where all are off, one is switched on.
fn office_pcs(sim: &mut Sim) -> Vec<HostId> {
    let pcs: Vec<HostId> =
        sim.ward.site().pcs.iter().copied().enumerate().filter(|(at, _)| at % 3 != 0).map(|(_, pc)| pc).collect();
    let mut on: Vec<HostId> = pcs.iter().copied().filter(|host| sim.net.host(*host).up).take(7).collect();
    if on.is_empty() {
        sim.net.host_mut(pcs[0]).up = true;
        sim.join_network(pcs[0], false);
        on.push(pcs[0]);
    }
    on
}

/// As Ryuk, Conti and LockBit are brought to all PCs of a domain (ATT&CK T1484.001): the program, a task that starts it, and
/// the policy's next number. Other PCs see that when they look for new policies, and fetch it.
fn policies(sim: &mut Sim) -> Cast {
    const FOLDER: &str = "hospital.example\\Policies\\03\\Machine";
    let on = office_pcs(sim);
    let attacker = on[0];
    let Some(victim) = sim.controller(attacker) else {
        return Cast { victims: Vec::new(), attackers: vec![attacker], end: sim.now };
    };
    let mut dice = sim.dice("policies", 0);
    let (mut share, mut at) = sim.share(sim.now, attacker, victim, "SYSVOL", &mut dice);
    let files =
        [("Scripts\\Startup\\svchelp.exe", PROGRAM), ("Preferences\\ScheduledTasks\\ScheduledTasks.xml", 2_300)];
    for (name, length) in files {
        at = share.file(&mut sim.net, at + secs(2), &format!("{FOLDER}\\{name}"), length, true, &mut dice);
    }
    at = share.file(&mut sim.net, at, "hospital.example\\Policies\\03\\gpt.ini", 60, true, &mut dice);
    share.close(&mut sim.net, at + secs(1), &mut dice);
    let mut next = sim.now + 3 * MINUTE;
    for host in on.into_iter().skip(1) {
        let mut own = dice.fork();
        sim.at(next, move |sim| {
            let Some(server) = sim.controller(host).filter(|_| sim.net.host(host).up) else { return };
            let (mut share, mut at) = sim.share(sim.now, host, server, "SYSVOL", &mut own);
            at = share.file(&mut sim.net, at, "hospital.example\\Policies\\03\\gpt.ini", 60, false, &mut own);
            for (name, length) in files.into_iter().rev() {
                at = share.file(&mut sim.net, at, &format!("{FOLDER}\\{name}"), length, false, &mut own);
            }
            share.close(&mut sim.net, at + secs(1), &mut own);
        });
        next += dice.skewed(5 * MINUTE, 0.5);
    }
    Cast { victims: sim.ward.site().domain.clone(), attackers: vec![attacker], end: next + 2 * MINUTE }
}

/// The most PCs that the worm has in its time.
const INFECTED: usize = 4;

/// As WannaCry did (ATT&CK S0366): a name is asked for first that must not exist, then port 445 of the neighbours and of
/// anybody, and the program goes to whoever answers.
fn worm(sim: &mut Sim) -> Cast {
    let (first, end) = (pc(sim, 1), sim.now + 12 * MINUTE);
    let pcs = sim.ward.site().pcs.clone();
    let others: Vec<HostId> = pcs.into_iter().filter(|host| *host != first && sim.net.host(*host).up).collect();
    let ill: Vec<HostId> = [first].into_iter().chain(others.into_iter().take(INFECTED - 1)).collect();
    let mut begin = sim.now + ms(10);
    for (place, host) in ill.iter().copied().enumerate() {
        let next = ill.get(place + 1).copied();
        let mut dice = sim.dice("worm", u64::from(host.0));
        sim.at(begin, move |sim| {
            ask_in_vain(sim, host, "iuqerfsodp9ifjaposdfjhgosurijfaewrwergwea.example", 7_000);
            spread(sim, host, end, sim.dice("spread", u64::from(host.0)));
        });
        begin += dice.around(100 * secs(1), 0.3);
        if let Some(next) = next {
            sim.at(begin - secs(4), move |sim| bring(sim, [host, next], dice));
        }
    }
    let victims = windows(sim, first);
    Cast { victims, attackers: ill, end }
}

/// Looks for others: three addresses a second, those of the hospital and any outside in turn.
fn spread(sim: &mut Sim, host: HostId, end: Time, mut dice: Dice) {
    let prefixes: Vec<[u8; 3]> = sim.net.zones.iter().skip(1).map(|zone| zone.prefix).collect();
    sim.repeat(sim.now + secs(2), move |sim| {
        let [a, b, c] = *dice.pick(&prefixes);
        let last = dice.range(2..255) as u8;
        let near = [a, b, c, last].into();
        match sim.net.owner(near).filter(|target| *target != host) {
            Some(target) => probe(sim, sim.now, host, target, 445),
            None => syn(sim, sim.now, host, near, 445),
        }
        let far = [45, dice.range(1..255) as u8, dice.range(1..255) as u8, last];
        syn(sim, sim.now + ms(90), host, far.into(), 445);
        Some(sim.now + dice.skewed(ms(600), 0.5)).filter(|next| *next < end)
    });
}

/// The program goes to another PC.
fn bring(sim: &mut Sim, [from, to]: [HostId; 2], mut dice: Dice) {
    if sim.net.host(to).up {
        let (mut share, at) = sim.share(sim.now, from, to, "IPC$", &mut dice);
        let at = share.file(&mut sim.net, at, "mssecsvc.exe", 900_000, true, &mut dice);
        share.close(&mut sim.net, at, &mut dice);
    }
}
