//! What the hospital says of its devices: `--assets`, and `[site]`, suppressions and options of `--config`.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::run::{Ran, Replayed, replay, wardtap};

/// One alert at the archive 127.0.0.1; sender and receiver are one host.
const CAPTURE: &str = "captures/dicom/executable-elf.pcap";

/// A folder with files in it.
struct Folder(TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// A message without the folder's name.
    fn short(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.0.path().display()), "")
    }
}

/// Replays the capture with an assets file.
fn with_assets(name: &str, text: &str) -> Replayed {
    let folder = Folder::with(&[(name, text)]);
    replay(CAPTURE, &["--assets", &folder.path(name)])
}

fn alert(replayed: &Replayed) -> Value {
    replayed.parsed().into_iter().find(|event| event["type"] == "alert").expect("an alert")
}

/// The address of the device at risk, as the capture has it.
fn at_risk() -> String {
    alert(&replay(CAPTURE, &[]))["device"]["ip"].as_str().unwrap().to_owned()
}

/// What is said of an assets file that cannot be read.
fn refused(name: &str, text: &str) -> String {
    let folder = Folder::with(&[(name, text)]);
    let ran = wardtap(&["check", "--assets", &folder.path(name)]).expect(1);
    let line = ran.stderr.strip_prefix("wardtap: ").unwrap().trim_end();
    assert_eq!(line.lines().count(), 1, "{line}");
    folder.short(line)
}

#[test]
fn what_the_assets_file_says_stands_in_events_and_summary() {
    let ip = at_risk();
    let csv = format!(
        "IP Address,Name,Class,Manufacturer,Model,Room,Clinical Function,Criticality,Status,Isolation,Manual Procedure\n\
         {ip},PACS-1,PACS,Acme,Archive 9,Basement,stores all images,high,in service,never-while-in-use,\"Films, by courier\"\n"
    );
    let toml = format!(
        "[[device]]\naddress = [\"{ip}\"]\nname = \"PACS-1\"\nclass = \"image-archive\"\nvendor = \"Acme\"\nmodel = \"Archive 9\"\n\
         location = \"Basement\"\nfunction = \"stores all images\"\ncriticality = \"high\"\nisolation = \"never-while-in-use\"\n\
         workaround = \"Films, by courier\"\n"
    );
    let [by_csv, by_toml] = [with_assets("assets.csv", &csv), with_assets("assets.toml", &toml)];
    for replayed in [&by_csv, &by_toml] {
        let event = alert(replayed);
        for device in [
            &event["device"],
            &replayed.parsed().into_iter().find(|e| e["device"]["ip"] == ip.as_str()).unwrap()["device"],
        ] {
            for (member, value) in [
                ("name", "PACS-1"),
                ("class", "image-archive"),
                ("vendor", "Acme"),
                ("model", "Archive 9"),
                ("location", "Basement"),
                ("function", "stores all images"),
                ("criticality", "high"),
            ] {
                assert_eq!(device[member], value, "{member}");
            }
        }
        let clinical = &event["alert"]["clinical"];
        assert_eq!(clinical["function"], "stores all images");
        assert_eq!(clinical["location"], "Basement");
        assert_eq!(clinical["isolation"], "never-while-in-use");
        assert_eq!(clinical["source"], "assets");
        assert_eq!(clinical["workaround"], "Films, by courier");
        assert!(event["alert"]["explanation"].as_str().unwrap().contains("PACS-1"), "{event}");
        assert!(
            replayed
                .ran
                .stdout
                .contains("PACS-1, image-archive, Acme Archive 9, stores all images, Basement, criticality high")
        );
        assert!(replayed.ran.stdout.contains("without   Films, by courier"), "{}", replayed.ran.stdout);
        assert!(replayed.metrics.contains("wardtap_devices{class=\"image-archive\"} 1"));
        let incident = replayed.parsed().into_iter().find(|event| event["type"] == "incident").unwrap();
        let incident = &incident["incident"];
        assert_eq!(
            (&incident["functions"][0], &incident["locations"][0]),
            (&json!("stores all images"), &json!("Basement"))
        );
        let summary = incident["summary"].as_str().unwrap();
        assert!(summary.contains("At risk: PACS-1 (stores all images, Basement)."), "{summary}");
        assert!(summary.ends_with(" Until it is over: Films, by courier."), "{summary}");
    }
    assert_eq!(without_run(&by_csv), without_run(&by_toml), "one meaning in both formats");
}

/// The events without the last, which tells the options.
fn without_run(replayed: &Replayed) -> Vec<&str> {
    let mut lines: Vec<&str> = replayed.events.lines().collect();
    lines.pop();
    lines
}

#[test]
fn criticality_shifts_severity_by_a_step() {
    let ip = at_risk();
    let severity = |criticality: &str| {
        let replayed = with_assets("assets.csv", &format!("ip,criticality\n{ip},{criticality}\n"));
        alert(&replayed)["alert"]["severity"].as_str().unwrap().to_owned()
    };
    let told = ["", "low", "medium", "high", "life-supporting"].map(severity);
    assert_eq!(told, ["critical", "high", "critical", "critical", "critical"]);
    let scan = "captures/modbus/unit-sweep.pcap";
    let plain = alert(&replay(scan, &[]));
    let folder = Folder::with(&[(
        "assets.csv",
        &format!("ip,criticality\n{},life-supporting\n", plain["device"]["ip"].as_str().unwrap()),
    )]);
    let raised = alert(&replay(scan, &["--assets", &folder.path("assets.csv")]));
    assert_eq!((&plain["alert"]["severity"], &raised["alert"]["severity"]), (&"medium".into(), &"high".into()));
}

#[test]
fn nothing_is_safe_but_what_the_assets_file_says_is() {
    let ip = at_risk();
    let clinical = |line: &str| {
        let replayed = with_assets("assets.csv", &format!("ip,class,isolation\n{ip},{line}\n"));
        alert(&replayed)["alert"]["clinical"].clone()
    };
    let by_class = clinical("ventilator,");
    assert_eq!((&by_class["isolation"], &by_class["source"]), (&"never-while-in-use".into(), &"class".into()));
    assert!(by_class["response"].as_str().unwrap().contains("call clinical engineering"));
    assert!(by_class.get("workaround").is_none());
    let by_file = clinical("pc,safe");
    assert_eq!((&by_file["isolation"], &by_file["source"]), (&"safe".into(), &"assets".into()));
}

#[test]
fn mistakes_in_assets_are_told_with_their_place() {
    for (text, told) in [
        ("name,class\nx,pc\n", "line 1: no column address or mac: the first line names the columns"),
        ("ip,ip,name,name\n", "line 1, column 4: a second column for name: take one of them out"),
        (
            "ip,name\n10.0.0.1,a\n10.0.0.300,b\n",
            "line 3, column 1: address: \"10.0.0.300\" is no address: write one like",
        ),
        ("ip\n224.0.0.1\n", "line 2, column 1: address: 224.0.0.1 is no address of one device"),
        ("mac\n01:00:5e:00:00:01\n", "line 2, column 1: mac: \"01:00:5e:00:00:01\" is no MAC address"),
        (
            "ip,class\n10.0.0.1,toaster\n",
            "line 2, column 2: class: \"toaster\" is not known here: write infusion-pump, ",
        ),
        ("ip,criticality\n10.0.0.1,hihg\n", "\"hihg\" is not known here: write low, medium, high or life-supporting"),
        ("ip,status\n10.0.0.1,gone\n", "write in-service, on-loan, workshop or retired"),
        ("ip,isolation\n10.0.0.1,yes\n", "write never-while-in-use, ask or safe"),
        ("ip,name\n,pump\n", "line 2: neither address nor mac"),
        ("# ours\r\nip,name\r\n10.0.0.1,x\r\n# more\r\n,pump\r\n", "line 5: neither address nor mac"),
        ("ip,name\n10.0.0.1,\"a\nb\"\n", "line 2, column 2: name: there is a control character or a line break in it"),
        ("ip,name\n10.0.0.1,a,b\n", "line 2, column 3: 3 values where the first line names 2 columns"),
        ("ip,maintenance\n10.0.0.1,2026-12-01T22:00\n", "line 2, column 2: maintenance: \"2026-12-01T22:00\" has no /"),
        ("ip,maintenance\n10.0.0.1,2026-12-02T22:00/2026-12-01T22:00\n", "ends before it begins"),
        ("ip,maintenance\n10.0.0.1,soon/later\n", "\"soon\" is no time: write 2026-12-01T22:00 (the site's clocks)"),
        (
            "ip\n10.0.0.1\n\n10.0.0.2 10.0.0.1\n",
            "line 4: the address 10.0.0.1 stands in line 2 already, and again in line 4",
        ),
        (
            "mac\n00:09:fb:00:00:01\n0009.fb00.0001\n",
            "line 3: the MAC address 00:09:fb:00:00:01 stands in line 2 already, and again in line 3",
        ),
    ] {
        let said = refused("assets.csv", text);
        assert!(said.starts_with("assets.csv: line ") && said.contains(told), "{text}\n{said}");
    }
    for (text, told) in [
        (
            "[[device]]\naddress = \"10.0.0.1\"\nclas = \"pc\"\n",
            "line 3, column 1: \"clas\" is not known here: write address, ",
        ),
        ("[[device]]\naddress = 7\n", "line 2, column 11: address is text, or a list of texts"),
        ("[[device]]\naddress = \"10.0.0.1\"\ncriticality = \"hihg\"\n", "line 3, column 15: criticality: \"hihg\""),
        ("[[device]]\nname = \"x\"\n", "line 1: neither address nor mac"),
        ("[[devices]]\naddress = \"10.0.0.1\"\n", "unknown field `devices`, expected `device`"),
        ("[[device]\n", "line 1, column "),
    ] {
        let said = refused("assets.toml", text);
        assert!(said.starts_with("assets.toml: line ") && said.contains(told), "{text}\n{said}");
    }
}

#[test]
fn exports_of_other_programs_are_read_as_they_are() {
    // Semicolons, a byte order mark, headings of their own, two interfaces in one cell, an empty line, a comment.
    let text = "\u{feff}Hostname;IP-Address;MAC Addresses;Type;Asset No\n# the new ones\nPUMP-1;10.0.0.1 10.0.0.2;00:09:FB:00:00:01 00-09-fb-00-00-02;Infusion Pump;4711\n\n;10.0.0.3;;MRI;4712\n";
    let folder = Folder::with(&[("export.txt", text)]);
    let ran = wardtap(&["check", "--assets", &folder.path("export.txt")]).expect(0);
    assert_eq!(
        folder.short(&ran.stdout),
        "export.txt: good\n  devices       2\n    infusion-pump       1\n    mr                  1\n  without a criticality: 2\n  without a word on isolation: 2\n  without a workaround: 2\n"
    );
    assert!(
        ran.stderr.contains("line 1: not read, since not known here: \"Asset No\"; known columns are address, "),
        "{}",
        ran.stderr
    );
}

/// Replays the capture with a configuration.
fn with_config(text: &str, options: &[&str]) -> (Replayed, String) {
    let folder = Folder::with(&[("wardtap.toml", text)]);
    let config = folder.path("wardtap.toml");
    let replayed = replay(CAPTURE, &[&["--config", &config], options].concat());
    let stderr = folder.short(&replayed.ran.stderr);
    (replayed, stderr)
}

#[test]
fn a_device_that_is_not_in_service_is_told_when_it_is_heard() {
    for (status, severity) in [("retired", "medium"), ("workshop", "low"), ("on-loan", "low")] {
        let replayed = with_assets("a.csv", &format!("address,name,status\n{},PACS-1,{status}\n", at_risk()));
        let events = replayed.parsed();
        let found = events.iter().find(|event| event["alert"]["detection"] == "out-of-service").expect(status);
        assert_eq!((&found["alert"]["severity"], &found["device"]["name"]), (&severity.into(), &"PACS-1".into()));
    }
    let replayed = with_assets("a.csv", &format!("address,status\n{},in-service\n", at_risk()));
    assert!(replayed.parsed().iter().all(|event| event["alert"]["detection"] != "out-of-service"));
}

fn suppression(ip: &str, until: &str) -> String {
    format!(
        "[[suppress]]\ndetection = \"executable-in-image\"\ndevice = \"{ip}\"\nuntil = \"{until}\"\nowner = \"A. Engineer\"\nreason = \"test of the scanner\"\n"
    )
}

#[test]
fn a_suppressed_alert_is_counted_and_not_told() {
    let ip = at_risk();
    let (replayed, stderr) = with_config(&suppression(&ip, "2100-01-01T00:00"), &["--fail-on", "info"]);
    assert_eq!((replayed.ran.status, stderr.as_str()), (0, ""));
    assert!(replayed.parsed().iter().all(|event| event["type"] != "alert" && event["type"] != "incident"));
    assert_eq!(replayed.stats()["alerts_suppressed"]["executable-in-image"]["configuration"], 1);
    assert!(
        replayed
            .metrics
            .contains("wardtap_alerts_suppressed_total{detection=\"executable-in-image\",reason=\"configuration\"} 1")
    );
    assert!(replayed.ran.stdout.contains("\nIncidents  0\n  none\n"), "{}", replayed.ran.stdout);
    assert!(
        replayed.metrics.contains("wardtap_alerts_total{detection=\"executable-in-image\",severity=\"critical\"} 0")
    );
    assert!(replayed.ran.stdout.contains("and 1 suppressed by the configuration"));
    // Of another device, peer or detection it is told.
    for other in [
        suppression("10.99.0.1", "2100-01-01T00:00"),
        suppression(&ip, "2100-01-01T00:00").replace("executable-in-image", "sweep"),
        suppression(&ip, "2100-01-01T00:00") + "peer = \"10.99.0.1\"\n",
    ] {
        let (replayed, _) = with_config(&other, &[]);
        assert_eq!(alert(&replayed)["alert"]["state"], "new");
        assert!(replayed.stats().get("alerts_suppressed").is_none());
    }
}

#[test]
fn a_suppression_that_has_ended_is_told_once_and_not_used() {
    let (replayed, stderr) = with_config(&suppression(&at_risk(), "2001-01-01T00:00Z"), &["--workers", "2"]);
    assert_eq!(alert(&replayed)["alert"]["state"], "new");
    assert_eq!(
        stderr,
        "wardtap: wardtap.toml: line 1: the suppression of executable-in-image (A. Engineer: test of the scanner) ended at 2001-01-01T00:00:00.000000000Z: what came later is told; take it out, or have A. Engineer renew it\n"
    );
}

#[test]
fn the_command_line_wins_over_the_file() {
    let folder = Folder::with(&[
        (
            "wardtap.toml",
            "memory = \"64M\"\nworkers = 2\nevent-types = [\"flow\"]\nevents = \"events.jsonl\"\nfail-on = \"low\"\nassets = \"assets.csv\"\n",
        ),
        ("assets.csv", "ip,name\n10.0.0.1,x\n"),
    ]);
    let config = folder.path("wardtap.toml");
    let run = |options: &[&str]| -> (Ran, String) {
        let ran = wardtap(&[&["replay", CAPTURE, "--config", &config], options].concat());
        let events = fs::read_to_string(folder.path("events.jsonl")).unwrap();
        (ran, events)
    };
    let (ran, events) = run(&[]);
    assert_eq!(ran.status, 4, "{}", ran.stderr);
    assert!(events.contains("\"type\":\"flow\"") && !events.contains("\"type\":\"alert\""));
    assert!(events.contains("\"memory\":\"67108864\""));
    let (_, events) = run(&["--memory", "32M", "--event-types", "alert"]);
    assert!(events.contains("\"memory\":\"33554432\"") && events.contains("\"type\":\"alert\""));
}

#[test]
fn mistakes_in_the_configuration_are_told_with_their_place() {
    for (text, told) in [
        ("memry = \"64M\"\n", "line 1, column 1: unknown field `memry`, expected one of `site`, `suppress`, `events`"),
        ("memory = \"1M\"\n", "line 1, column 10: less than 16M leaves no room for the tables: give more"),
        ("workers = 99\n", "line 1, column 11: a number from 1 to 64 is wanted"),
        (
            "event-types = [\"alert\", \"alerts\"]\n",
            "line 1, column 25: \"alerts\" is not known here: write alert, incident, device, ",
        ),
        ("fail-on = \"bad\"\n", "write info, low, medium, high or critical"),
        (
            "[site]\ntimezone = \"Berlin\"\n",
            "line 2, column 12: there is no time zone \"Berlin\" (did you mean Europe/Berlin?)",
        ),
        ("[site]\nholidays = [\"2026-12-25\", \"26.12.2026\"]\n", "line 2, column 27: \"26.12.2026\" is no date"),
        (
            "[site]\nnetworks = [\"10.1.0.0/8\"]\n",
            "line 2, column 13: \"10.1.0.0/8\" is no network: it has bits behind",
        ),
        ("[site]\ntimezone = \n", "line 2, column "),
        (
            "[[suppress]]\ndetection = \"sweep\"\ndevice = \"10.0.0.1\"\nuntil = \"2027-01-01T00:00\"\nowner = \"x\"\n",
            "missing field `reason`",
        ),
        (&suppression("10.0.0.1", "2027-01-01"), "line 4, column 9: \"2027-01-01\" is no time"),
        (&suppression("ward 7", "2027-01-01T00:00"), "line 3, column 10: \"ward 7\" is no device: write its address"),
        (
            &suppression("10.0.0.1", "2027-01-01T00:00").replace("executable-in-image", "swep"),
            "line 2, column 13: there is no detection \"swep\": write ",
        ),
        (
            &suppression("10.0.0.1", "2027-01-01T00:00").replace("A. Engineer", " "),
            "line 5, column 9: nothing is said: write who answers for it",
        ),
    ] {
        let (replayed, stderr) = with_config(text, &[]);
        assert_eq!(replayed.ran.status, 1, "{text}");
        assert!(stderr.starts_with("wardtap: wardtap.toml: line ") && stderr.contains(told), "{text}\n{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
    let ran = wardtap(&["check", "--config", "no-such.toml"]).expect(1);
    assert!(ran.stderr.starts_with("wardtap: no-such.toml: cannot read the configuration: "), "{}", ran.stderr);
    wardtap(&["check"]).expect(2);
}

#[test]
fn dates_and_times_may_be_tomls_own() {
    let folder = Folder::with(&[(
        "wardtap.toml",
        "[site]\ntimezone = \"Europe/Berlin\"\nholidays = [2026-12-25, \"2026-12-26\"]\n\n[[suppress]]\ndetection = \"sweep\"\ndevice = \"mac:00:09:fb:00:00:01\"\nuntil = 2027-01-01T00:00:00\nowner = \"x\"\nreason = \"y\"\n",
    )]);
    let ran = wardtap(&["check", "--config", &folder.path("wardtap.toml")]).expect(0);
    assert_eq!(
        folder.short(&ran.stdout),
        "wardtap.toml: good\n  time zone     Europe/Berlin\n  holidays      2\n  networks      10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16, fc00::/7\n  suppressions  1\n"
    );
}

#[test]
fn an_output_never_replaces_what_is_read() {
    let folder = Folder::with(&[("assets.csv", "ip\n10.0.0.1\n"), ("wardtap.toml", "")]);
    for (option, name) in [("--assets", "assets.csv"), ("--config", "wardtap.toml")] {
        let path = folder.path(name);
        let ran = wardtap(&["replay", CAPTURE, option, &path, "--events", &path]).expect(2);
        assert!(ran.stderr.contains("would write over the "), "{}", ran.stderr);
    }
}
