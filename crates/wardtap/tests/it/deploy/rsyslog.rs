//! The example for rsyslog, run: what it sends of an events file that is rotated meanwhile.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tempfile::TempDir;

use super::{is_there, text};
use crate::run::replay;
use crate::watch::wire::wait;

/// rsyslog in the foreground.
struct Rsyslog(Child);

impl Drop for Rsyslog {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Messages of a connection: octets counted (RFC 6587).
fn receive(mut stream: TcpStream, to: &Mutex<Vec<String>>) -> Option<()> {
    loop {
        let mut length = String::new();
        loop {
            let mut octet = [0];
            stream.read_exact(&mut octet).ok()?;
            match octet[0] {
                b' ' => break,
                digit => length.push(char::from(digit)),
            }
        }
        let mut message = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut message).ok()?;
        to.lock().unwrap().push(String::from_utf8(message).unwrap());
    }
}

#[test]
fn rsyslog_sends_every_alert_and_incident_once_whatever_is_rotated() {
    if !is_there("rsyslogd") {
        return;
    }
    let replayed = replay("captures/simulated/tool-arpspoof-modbus.pcap.zst", &[]);
    let is_wanted = |line: &&str| {
        let event: Value = serde_json::from_str(line).unwrap();
        event["type"] == "alert" || event["type"] == "incident"
    };
    let lines: Vec<&str> = replayed.events.lines().collect();
    let expected: Vec<&str> = lines.iter().copied().filter(is_wanted).collect();
    assert!(expected.len() >= 4 && lines.len() > expected.len(), "{} of {}", expected.len(), lines.len());

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let port = listener.local_addr().unwrap().port();
    let example = text("deploy/siem/rsyslog.conf");
    let mut config = format!("global(workDirectory=\"{}\")\n{example}", folder.path().display());
    for (there, here) in [
        ("/var/log/wardtap/events.jsonl", path("events.jsonl")),
        ("siem.example\" port=\"6514\"", format!("127.0.0.1\" port=\"{port}\"")),
    ] {
        assert!(config.contains(there), "{there}");
        config = config.replacen(there, &here, 1);
    }
    fs::write(path("rsyslog.conf"), config).unwrap();
    super::passes("rsyslogd", &["-N1", "-f", &path("rsyslog.conf")]);

    let received = Arc::new(Mutex::new(Vec::new()));
    let to = Arc::clone(&received);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            receive(stream.unwrap(), &to);
        }
    });
    // Half of the events are there before it is started, and half come after the file was rotated.
    let half = lines.len() / 2;
    let write = |lines: &[&str]| {
        let mut file = File::options().append(true).create(true).open(path("events.jsonl")).unwrap();
        lines.iter().for_each(|line| writeln!(file, "{line}").unwrap());
    };
    write(&lines[..half]);
    let _rsyslog = Rsyslog(
        Command::new("rsyslogd")
            .args(["-n", "-f", &path("rsyslog.conf"), "-i", &path("pid")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let count = |lines: &[&str]| lines.iter().filter(|line| is_wanted(line)).count();
    wait("the first half", || received.lock().unwrap().len() >= count(&lines[..half]));
    fs::rename(path("events.jsonl"), path("events.jsonl.1")).unwrap();
    write(&lines[half..]);
    wait("all of them", || received.lock().unwrap().len() >= expected.len());

    let received = received.lock().unwrap();
    assert_eq!(received.len(), expected.len(), "none twice");
    for (message, line) in received.iter().zip(&expected) {
        let (head, body) = message.split_once(" - {").map(|(head, body)| (head, format!("{{{body}"))).unwrap();
        assert_eq!(body, **line, "as it was written");
        let event: Value = serde_json::from_str(line).unwrap();
        let kind = event["type"].as_str().unwrap();
        let priority = match event[kind]["severity"].as_str().unwrap() {
            "critical" => 130,
            "high" => 131,
            "medium" => 132,
            "low" => 133,
            _ => 134,
        };
        assert!(
            head.starts_with(&format!("<{priority}>1 ")) && head.ends_with(&format!(" wardtap - {kind}")),
            "{head}"
        );
    }
}
