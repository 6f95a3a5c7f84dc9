//! The domain's directory: read out, asked for tickets, and copied with all its secrets.

use super::{Cast, pc, scenario};
use crate::attacks::{Family, Scenario};
use crate::clock::{MINUTE, Time, ms, secs};
use crate::dice::Dice;
use crate::network::{HostId, OUTSIDE, WINDOWS};
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::wire::{dcerpc, kerberos, ldap};

/// All of them.
pub const ALL: &[Scenario] = &[
    scenario(
        "ldap-directory-collected",
        "a PC reads all users, computers and groups out of the domain's directory",
        Family::Reconnaissance,
        &[
            "T0846",
            "T0840",
            "T0888",
            "T0811",
            "T1018",
            "T1033",
            "T1069",
            "T1069.002",
            "T1087",
            "T1087.002",
            "T1201",
            "T1482",
            "T1615",
            "T1213",
            "T1119",
        ],
        "Somebody learns who may do what, and by whose account he would reach which device.",
        13.7,
        collected,
    ),
    scenario(
        "kerberos-tickets-collected",
        "a PC asks for tickets of all services of the domain, by a cipher that is broken",
        Family::Access,
        &["T0859", "T0812", "T1558", "T1558.003", "T1110", "T1110.002", "T1087.002", "T1003", "T1078", "T1078.002"],
        "Out of each ticket a service's password can be found in peace, and with it its server is his.",
        9.9,
        tickets,
    ),
    scenario(
        "directory-replicated",
        "a PC has a domain controller replicate the secrets of all users to it, as only controllers do",
        Family::Theft,
        &[
            "T0859",
            "T0882",
            "T0811",
            "T0886",
            "T1003",
            "T1003.006",
            "T1078",
            "T1078.002",
            "T1087.002",
            "T1207",
            "T1550.002",
            "T1558.001",
            "T1005",
        ],
        "Somebody has the passwords of all users in his hands, and those of the domain itself.",
        22.6,
        replicated,
    ),
];

const BASE: &str = "DC=hospital,DC=example";
const REALM: &str = "HOSPITAL.EXAMPLE";

/// The controller that a PC asks, as far as one is there.
fn controller(sim: &Sim, pc: HostId) -> HostId {
    sim.controller(pc).unwrap_or(sim.ward.site().domain[0])
}

/// What a directory has of a kind: names, and what they are.
fn entries(sim: &Sim, class: &str) -> Vec<String> {
    let windows = |host: &&crate::network::Host| host.zone != OUTSIDE && host.stack.ttl == WINDOWS.ttl;
    match class {
        "computer" => sim.net.hosts.iter().filter(windows).map(|host| host.name.to_uppercase()).collect(),
        "group" => (1..=60).map(|number| format!("GRP-Ward-{number:02}")).collect(),
        "trustedDomain" => vec!["university.example".into()],
        "domainDNS" => Vec::new(),
        _ => (0..sim.ward.site().pcs.len() * 12).map(|number| format!("u{:04}", 1_000 + number)).collect(),
    }
}

/// What ldapdomaindump and its like ask, page by page (ATT&CK S0552 and S0521 for others): a login with a user's password,
/// then kind after kind.
fn collected(sim: &mut Sim) -> Cast {
    let attacker = pc(sim, 3);
    let victim = controller(sim, attacker);
    let mut dice = sim.dice("directory collected", 0);
    let (mut open, ready) = Connection::open(&mut sim.net, sim.now, attacker, victim, 389);
    let asked = ldap::bind_as(&format!("HOSPITAL\\u{:04}", attacker.0), "secret-of-it");
    let heard = open.send(&mut sim.net, ready, Side::Opener, &asked).arrived;
    let mut at = open.send(&mut sim.net, heard + ms(3), Side::Answerer, &ldap::bound()).arrived;
    for (number, class) in
        (2..).zip(["domainDNS", "user", "computer", "group", "trustedDomain", "groupPolicyContainer"])
    {
        let asked = ldap::find(number, BASE, class, &["cn", "memberOf", "lastLogon", "description", "operatingSystem"]);
        at = open.send(&mut sim.net, at + dice.skewed(ms(900), 0.4), Side::Opener, &asked).arrived + ms(6);
        let names = entries(sim, class);
        for names in names.chunks(25) {
            let page: Vec<u8> = names.iter().flat_map(|name| entry(number, class, name)).collect();
            at = open.send(&mut sim.net, at, Side::Answerer, &page).arrived + ms(2);
        }
        at = open.send(&mut sim.net, at, Side::Answerer, &ldap::all_found(number)).arrived;
    }
    let at = open.send(&mut sim.net, at + ms(20), Side::Opener, &ldap::unbind()).arrived;
    let over = open.close(&mut sim.net, at, Side::Opener);
    Cast { victims: vec![victim], attackers: vec![attacker], end: over + MINUTE }
}

fn entry(number: u8, class: &str, name: &str) -> Vec<u8> {
    let attributes = [
        ("cn", name),
        ("memberOf", "CN=GRP-Ward-07,OU=Groups,DC=hospital,DC=example"),
        ("lastLogon", "134121312000000000"),
        ("description", class),
    ];
    ldap::found(number, &format!("CN={name},OU={class}s,{BASE}"), &attributes)
}

/// Services that have accounts of their own: what stands before their servers' names.
const SERVICES: [&str; 4] = ["MSSQLSvc", "HTTP", "TERMSRV", "BackupExec"];

/// Kerberoasting (ATT&CK T1558.003): any user may have a ticket for any service, and who asks for RC4 gets it sealed with
/// what is made of the service's password. Those to whom AES alone is given are asked for all the same.
fn tickets(sim: &mut Sim) -> Cast {
    let attacker = pc(sim, 0);
    let victim = controller(sim, attacker);
    let site = sim.ward.site();
    let servers = [site.ehr, site.pacs, site.ris, site.pharmacy, site.files, site.bms, site.jump];
    let user = format!("u{:04}", attacker.0);
    let mut dice = sim.dice("tickets collected", 0);
    let said = [kerberos::log_in(&user, REALM, &mut dice), kerberos::logged_in(&user, REALM, &mut dice)];
    let mut at = sim.now + ms(10);
    sim.at(at, move |sim| _ = one(sim, [attacker, victim], &said));
    for server in servers {
        for service in SERVICES {
            at += dice.skewed(ms(2_200), 0.5);
            let name = sim.name_of(server, 0);
            let of = [service, name.as_str()];
            let asked = kerberos::ask(REALM, &of, &[kerberos::RC4], &mut dice);
            let given = kerberos::given(&user, REALM, &of, kerberos::RC4, &mut dice);
            sim.at(at, move |sim| _ = one(sim, [attacker, victim], &[asked, given]));
        }
    }
    Cast { victims: vec![victim], attackers: vec![attacker], end: at + MINUTE }
}

/// A question and its answer on a connection of their own; gives when that is over.
fn one(sim: &mut Sim, [from, to]: [HostId; 2], said: &[Vec<u8>; 2]) -> Time {
    let net = &mut sim.net;
    let (mut open, ready) = Connection::open(net, sim.now, from, to, kerberos::PORT);
    let heard = open.send(net, ready, Side::Opener, &said[0]).arrived;
    let told = open.send(net, heard + ms(2), Side::Answerer, &said[1]).arrived;
    open.close(net, told + ms(1), Side::Opener)
}

/// Where the directory's replication listens.
const REPLICATION: u16 = 49_667;

/// DsBind, DsCrackNames and DsGetNCChanges (MS-DRSR section 4.1), as mimikatz and secretsdump call them (ATT&CK T1003.006):
/// first of one user, to see whether it works, then of all.
fn replicated(sim: &mut Sim) -> Cast {
    let attacker = pc(sim, 3);
    let victim = controller(sim, attacker);
    let mut dice = sim.dice("directory replicated", 0);
    let end = sim.now + 12 * MINUTE;
    for (wait, calls) in [(ms(10), 2), (3 * MINUTE, 34)] {
        let mut own = dice.fork();
        sim.after(wait, move |sim| {
            if sim.net.host(victim).up {
                replicate(sim, [attacker, victim], calls, &mut own);
            }
        });
    }
    Cast { victims: vec![victim], attackers: vec![attacker], end }
}

fn replicate(sim: &mut Sim, [attacker, victim]: [HostId; 2], calls: u32, dice: &mut Dice) {
    let (station, address) = (sim.net.host(attacker).name.to_uppercase(), sim.net.host(victim).ip.octets());
    let now = sim.now;
    let net = &mut sim.net;
    let (mut mapper, mut at) = Connection::open(net, now, attacker, victim, dcerpc::MAPPER);
    for (turn, said) in dcerpc::lookup(REPLICATION, address).iter().enumerate() {
        let side = if turn % 2 == 0 { Side::Opener } else { Side::Answerer };
        at = mapper.send(net, at + ms(1), side, said).arrived;
    }
    let at = mapper.close(net, at + ms(1), Side::Opener);
    let (mut open, mut at) = Connection::open(net, at + ms(2), attacker, victim, REPLICATION);
    let [bind, bound, login] = dcerpc::log_in("adm-backup", &station, REPLICATION, now, dice);
    for (side, said) in [(Side::Opener, bind), (Side::Answerer, bound), (Side::Opener, login)] {
        at = open.send(net, at + ms(1), side, &said).arrived;
    }
    let first = [(0, 120, 96), (16, 80, 720), (12, 200, 260)];
    let users = (0..calls).map(|_| (3, 420, dice.log_normal(9_000.0, 0.6).clamp(1_500.0, 60_000.0) as usize));
    let all: Vec<(u8, usize, usize)> = first.into_iter().chain(users.collect::<Vec<_>>()).collect();
    for (number, (operation, asked, told)) in (2..).zip(all) {
        at = open.send(net, at + ms(2), Side::Opener, &dcerpc::call(number, operation, asked, dice)).arrived;
        let wait = dice.skewed(ms(15), 0.5);
        at = open.send(net, at + wait, Side::Answerer, &dcerpc::answer(number, told, dice)).arrived;
    }
    open.close(net, at + secs(1), Side::Opener);
}
