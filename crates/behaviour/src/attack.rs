//! MITRE ATT&CK: the techniques that alerts may name, as one table of one release.
//!
//! Identifiers, names and tactics are those of release [`ATTACK_VERSION`], of ATT&CK for ICS where it has the technique
//! and else of ATT&CK for Enterprise. Of several tactics the one that fits a clinical network best stands here.

/// The release of MITRE ATT&CK that the techniques are named by.
pub const ATTACK_VERSION: &str = "18.1";

/// Which of MITRE's matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matrix {
    /// Industrial control systems.
    Ics,
    /// Enterprise networks.
    Enterprise,
}

/// An alert names no more: they would say nothing to who reads them.
pub const TECHNIQUES_MAX: usize = 4;

/// A technique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Technique {
    /// T0846 and the like.
    pub id: &'static str,
    /// Its name; of one below another, both names.
    pub name: &'static str,
    /// Its tactic.
    pub tactic: &'static str,
    /// The matrix that has it.
    pub matrix: Matrix,
}

/// The technique with an identifier. In a `static` an identifier that the table lacks does not compile.
///
/// # Panics
/// When the table has no such technique: an error of whoever wrote it.
#[must_use]
pub const fn technique(id: &str) -> Technique {
    let mut place = 0;
    while place < TECHNIQUES.len() {
        if is_same(TECHNIQUES[place].id, id) {
            return TECHNIQUES[place];
        }
        place += 1;
    }
    panic!("no such technique in the table of attack.rs")
}

const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut place = 0;
    while place < one.len() && place < other.len() && one[place] == other[place] {
        place += 1;
    }
    place == one.len() && place == other.len()
}

const fn ics(id: &'static str, name: &'static str, tactic: &'static str) -> Technique {
    Technique { id, name, tactic, matrix: Matrix::Ics }
}

const fn enterprise(id: &'static str, name: &'static str, tactic: &'static str) -> Technique {
    Technique { id, name, tactic, matrix: Matrix::Enterprise }
}

/// The table, by identifier.
pub const TECHNIQUES: &[Technique] = &[
    ics("T0800", "Activate Firmware Update Mode", "Inhibit Response Function"),
    ics("T0801", "Monitor Process State", "Collection"),
    ics("T0802", "Automated Collection", "Collection"),
    ics("T0803", "Block Command Message", "Inhibit Response Function"),
    ics("T0804", "Block Reporting Message", "Inhibit Response Function"),
    ics("T0805", "Block Serial COM", "Inhibit Response Function"),
    ics("T0806", "Brute Force I/O", "Impair Process Control"),
    ics("T0809", "Data Destruction", "Inhibit Response Function"),
    ics("T0811", "Data from Information Repositories", "Collection"),
    ics("T0812", "Default Credentials", "Lateral Movement"),
    ics("T0813", "Denial of Control", "Impact"),
    ics("T0814", "Denial of Service", "Inhibit Response Function"),
    ics("T0815", "Denial of View", "Impact"),
    ics("T0816", "Device Restart/Shutdown", "Inhibit Response Function"),
    ics("T0821", "Modify Controller Tasking", "Execution"),
    ics("T0822", "External Remote Services", "Initial Access"),
    ics("T0826", "Loss of Availability", "Impact"),
    ics("T0827", "Loss of Control", "Impact"),
    ics("T0828", "Loss of Productivity and Revenue", "Impact"),
    ics("T0829", "Loss of View", "Impact"),
    ics("T0830", "Adversary-in-the-Middle", "Collection"),
    ics("T0831", "Manipulation of Control", "Impact"),
    ics("T0832", "Manipulation of View", "Impact"),
    ics("T0835", "Manipulate I/O Image", "Inhibit Response Function"),
    ics("T0836", "Modify Parameter", "Impair Process Control"),
    ics("T0838", "Modify Alarm Settings", "Inhibit Response Function"),
    ics("T0839", "Module Firmware", "Impair Process Control"),
    ics("T0840", "Network Connection Enumeration", "Discovery"),
    ics("T0842", "Network Sniffing", "Discovery"),
    ics("T0843", "Program Download", "Lateral Movement"),
    ics("T0846", "Remote System Discovery", "Discovery"),
    ics("T0848", "Rogue Master", "Initial Access"),
    ics("T0849", "Masquerading", "Evasion"),
    ics("T0855", "Unauthorized Command Message", "Impair Process Control"),
    ics("T0856", "Spoof Reporting Message", "Impair Process Control"),
    ics("T0857", "System Firmware", "Inhibit Response Function"),
    ics("T0859", "Valid Accounts", "Lateral Movement"),
    ics("T0861", "Point & Tag Identification", "Collection"),
    ics("T0862", "Supply Chain Compromise", "Initial Access"),
    ics("T0863", "User Execution", "Execution"),
    ics("T0864", "Transient Cyber Asset", "Initial Access"),
    ics("T0866", "Exploitation of Remote Services", "Lateral Movement"),
    ics("T0867", "Lateral Tool Transfer", "Lateral Movement"),
    ics("T0869", "Standard Application Layer Protocol", "Command and Control"),
    ics("T0878", "Alarm Suppression", "Inhibit Response Function"),
    ics("T0879", "Damage to Property", "Impact"),
    ics("T0881", "Service Stop", "Inhibit Response Function"),
    ics("T0882", "Theft of Operational Information", "Impact"),
    ics("T0883", "Internet Accessible Device", "Initial Access"),
    ics("T0884", "Connection Proxy", "Command and Control"),
    ics("T0885", "Commonly Used Port", "Command and Control"),
    ics("T0886", "Remote Services", "Lateral Movement"),
    ics("T0888", "Remote System Information Discovery", "Discovery"),
    ics("T0889", "Modify Program", "Persistence"),
    ics("T0891", "Hardcoded Credentials", "Lateral Movement"),
    ics("T0893", "Data from Local System", "Collection"),
    enterprise("T1005", "Data from Local System", "Collection"),
    enterprise("T1018", "Remote System Discovery", "Discovery"),
    enterprise("T1020", "Automated Exfiltration", "Exfiltration"),
    enterprise("T1020.001", "Automated Exfiltration: Traffic Duplication", "Exfiltration"),
    enterprise("T1021", "Remote Services", "Lateral Movement"),
    enterprise("T1021.001", "Remote Services: Remote Desktop Protocol", "Lateral Movement"),
    enterprise("T1021.002", "Remote Services: SMB/Windows Admin Shares", "Lateral Movement"),
    enterprise("T1021.004", "Remote Services: SSH", "Lateral Movement"),
    enterprise("T1027", "Obfuscated Files or Information", "Defense Evasion"),
    enterprise("T1027.009", "Obfuscated Files or Information: Embedded Payloads", "Defense Evasion"),
    enterprise("T1030", "Data Transfer Size Limits", "Exfiltration"),
    enterprise("T1036", "Masquerading", "Defense Evasion"),
    enterprise("T1036.008", "Masquerading: Masquerade File Type", "Defense Evasion"),
    enterprise("T1039", "Data from Network Shared Drive", "Collection"),
    enterprise("T1040", "Network Sniffing", "Discovery"),
    enterprise("T1041", "Exfiltration Over C2 Channel", "Exfiltration"),
    enterprise("T1046", "Network Service Discovery", "Discovery"),
    enterprise("T1047", "Windows Management Instrumentation", "Execution"),
    enterprise("T1048", "Exfiltration Over Alternative Protocol", "Exfiltration"),
    enterprise(
        "T1048.002",
        "Exfiltration Over Alternative Protocol: Exfiltration Over Asymmetric Encrypted Non-C2 Protocol",
        "Exfiltration",
    ),
    enterprise(
        "T1048.003",
        "Exfiltration Over Alternative Protocol: Exfiltration Over Unencrypted Non-C2 Protocol",
        "Exfiltration",
    ),
    enterprise("T1069", "Permission Groups Discovery", "Discovery"),
    enterprise("T1070.004", "Indicator Removal: File Deletion", "Defense Evasion"),
    enterprise("T1071", "Application Layer Protocol", "Command and Control"),
    enterprise("T1071.001", "Application Layer Protocol: Web Protocols", "Command and Control"),
    enterprise("T1071.004", "Application Layer Protocol: DNS", "Command and Control"),
    enterprise("T1074", "Data Staged", "Collection"),
    enterprise("T1074.002", "Data Staged: Remote Data Staging", "Collection"),
    enterprise("T1078", "Valid Accounts", "Initial Access"),
    enterprise("T1078.001", "Valid Accounts: Default Accounts", "Initial Access"),
    enterprise("T1080", "Taint Shared Content", "Lateral Movement"),
    enterprise("T1083", "File and Directory Discovery", "Discovery"),
    enterprise("T1087", "Account Discovery", "Discovery"),
    enterprise("T1105", "Ingress Tool Transfer", "Command and Control"),
    enterprise("T1110", "Brute Force", "Credential Access"),
    enterprise("T1110.001", "Brute Force: Password Guessing", "Credential Access"),
    enterprise("T1110.003", "Brute Force: Password Spraying", "Credential Access"),
    enterprise("T1114", "Email Collection", "Collection"),
    enterprise("T1119", "Automated Collection", "Collection"),
    enterprise("T1132", "Data Encoding", "Command and Control"),
    enterprise("T1133", "External Remote Services", "Initial Access"),
    enterprise("T1135", "Network Share Discovery", "Discovery"),
    enterprise("T1195", "Supply Chain Compromise", "Initial Access"),
    enterprise("T1200", "Hardware Additions", "Initial Access"),
    enterprise("T1204", "User Execution", "Execution"),
    enterprise("T1204.002", "User Execution: Malicious File", "Execution"),
    enterprise("T1213", "Data from Information Repositories", "Collection"),
    enterprise("T1485", "Data Destruction", "Impact"),
    enterprise("T1486", "Data Encrypted for Impact", "Impact"),
    enterprise("T1489", "Service Stop", "Impact"),
    enterprise("T1491", "Defacement", "Impact"),
    enterprise("T1498", "Network Denial of Service", "Impact"),
    enterprise("T1498.001", "Network Denial of Service: Direct Network Flood", "Impact"),
    enterprise("T1499", "Endpoint Denial of Service", "Impact"),
    enterprise("T1499.001", "Endpoint Denial of Service: OS Exhaustion Flood", "Impact"),
    enterprise("T1499.002", "Endpoint Denial of Service: Service Exhaustion Flood", "Impact"),
    enterprise("T1499.003", "Endpoint Denial of Service: Application Exhaustion Flood", "Impact"),
    enterprise("T1529", "System Shutdown/Reboot", "Impact"),
    enterprise("T1530", "Data from Cloud Storage", "Collection"),
    enterprise("T1557", "Adversary-in-the-Middle", "Credential Access"),
    enterprise("T1557.001", "Adversary-in-the-Middle: LLMNR/NBT-NS Poisoning and SMB Relay", "Credential Access"),
    enterprise("T1557.002", "Adversary-in-the-Middle: ARP Cache Poisoning", "Credential Access"),
    enterprise("T1557.003", "Adversary-in-the-Middle: DHCP Spoofing", "Credential Access"),
    enterprise("T1558", "Steal or Forge Kerberos Tickets", "Credential Access"),
    enterprise("T1562.010", "Impair Defenses: Downgrade Attack", "Defense Evasion"),
    enterprise("T1565", "Data Manipulation", "Impact"),
    enterprise("T1565.001", "Data Manipulation: Stored Data Manipulation", "Impact"),
    enterprise("T1565.002", "Data Manipulation: Transmitted Data Manipulation", "Impact"),
    enterprise("T1567", "Exfiltration Over Web Service", "Exfiltration"),
    enterprise("T1570", "Lateral Tool Transfer", "Lateral Movement"),
    enterprise("T1571", "Non-Standard Port", "Command and Control"),
    enterprise("T1572", "Protocol Tunneling", "Command and Control"),
    enterprise("T1573", "Encrypted Channel", "Command and Control"),
    enterprise("T1595.001", "Active Scanning: Scanning IP Blocks", "Reconnaissance"),
    enterprise("T1600", "Weaken Encryption", "Defense Evasion"),
    enterprise("T1602", "Data from Configuration Repository", "Collection"),
    enterprise("T1602.001", "Data from Configuration Repository: SNMP (MIB Dump)", "Collection"),
];

/// What release 19 of ATT&CK for ICS made of techniques of [`ATTACK_VERSION`]: (before, since), for those who compare
/// alerts with reports that name the later ones.
pub const RENUMBERED: &[(&str, &str)] = &[
    ("T0803", "T1691.001"),
    ("T0804", "T1691.002"),
    ("T0805", "T1695"),
    ("T0839", "T1693.002"),
    ("T0855", "T1692.001"),
    ("T0856", "T1692.002"),
    ("T0857", "T1693.001"),
];
