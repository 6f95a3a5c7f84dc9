//! Names of ports and protocols that this machine knows without asking another.
//!
//! libpcap has the system look them up, and where the system would look is told in `/etc/nsswitch.conf`: usually in
//! `/etc/services` and `/etc/protocols` alone, but a directory on the network can be named there as well.

use std::fs::File;
use std::io::Read;

use super::lookups::Place;

/// Where the tables lie; the second is SUSE's.
const FOLDERS: [&str; 2] = ["/etc", "/usr/etc"];

/// More than IANA's whole list has; what is behind is not read.
const TABLE_MAX: u64 = 4 << 20;

/// Sources of names that are files of this machine (nsswitch.conf(5)).
const FILES: [&str; 5] = ["files", "db", "compat", "usrfiles", "altfiles"];

/// What libpcap itself knows behind `ether proto` and `iso proto`.
const LINK_PROTOCOLS: [&str; 19] = [
    "aarp", "arp", "atalk", "clnp", "decnet", "esis", "ip", "ip6", "ipx", "isis", "iso", "lat", "loopback", "mopdl",
    "moprc", "netbeui", "rarp", "sca", "stp",
];

/// Why a name may not be left to the system, to be read behind it; None where it is known here.
pub(super) fn objection(place: Place, name: &str) -> Option<&'static str> {
    let (table, unknown, asked) = match place {
        Place::Port | Place::PortRange => (
            "services",
            "is no port of /etc/services: write the number",
            "is a name, and for those of ports this system may ask others (/etc/nsswitch.conf): write the number",
        ),
        Place::Protocol => (
            "protocols",
            "is no protocol of /etc/protocols: write the number",
            "is a name, and for those of protocols this system may ask others (/etc/nsswitch.conf): write the number",
        ),
    };
    let known = (place == Place::Protocol && LINK_PROTOCOLS.contains(&name))
        || FOLDERS.iter().any(|folder| lists(&read(&format!("{folder}/{table}")), name));
    if !known {
        Some(unknown)
    } else if !FOLDERS.iter().all(|folder| only_files(&read(&format!("{folder}/nsswitch.conf")), table)) {
        Some(asked)
    } else {
        None
    }
}

/// A table's text; nothing where there is none.
fn read(path: &str) -> String {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(TABLE_MAX).read_to_end(&mut bytes));
    // Half a table is as good as none: its names are refused.
    if read.is_err() { String::new() } else { String::from_utf8_lossy(&bytes).into_owned() }
}

/// Whether a table of lines `name number alias...` has the name.
fn lists(table: &str, name: &str) -> bool {
    fields(table).any(|mut fields| {
        let first = fields.next();
        first == Some(name) || fields.skip(1).any(|alias| alias == name)
    })
}

/// Whether names of one table are sought in files alone. What is not said there is sought in files (glibc, musl).
fn only_files(nsswitch: &str, table: &str) -> bool {
    nsswitch.lines().filter_map(|line| line.split('#').next()?.split_once(':')).all(|(of, sources)| {
        let mut within = false;
        of.trim() != table
            || sources.split_ascii_whitespace().all(|source| {
                // [NOTFOUND=return] says what to do, not where to look.
                let action = within || source.starts_with('[');
                within = action && !source.ends_with(']');
                action || FILES.contains(&source)
            })
    })
}

fn fields(table: &str) -> impl Iterator<Item = std::str::SplitAsciiWhitespace<'_>> {
    table.lines().map(|line| line.split('#').next().unwrap_or_default().split_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_aliases_are_listed() {
        let table = "# services\nhttp 80/tcp www # WorldWideWeb\n\ndomain\t53/udp\n#gopher 70/tcp\nodd\n";
        for name in ["http", "www", "domain", "odd"] {
            assert!(lists(table, name), "{name}");
        }
        for name in ["80/tcp", "WorldWideWeb", "gopher", "", "htt", "53/udp", "#"] {
            assert!(!lists(table, name), "{name}");
        }
    }

    #[test]
    fn sources_that_are_not_files() {
        for local in [
            "",
            "services: files",
            "services:\tdb files # sss",
            "hosts: files dns\nservices: files\n",
            "services: db [NOTFOUND = return] files",
            "services: usrfiles files",
        ] {
            assert!(only_files(local, "services"), "{local}");
        }
        for asking in ["services: files sss", "services: nis [NOTFOUND=return] files", "\n services : ldap"] {
            assert!(!only_files(asking, "services"), "{asking}");
            assert!(only_files(asking, "protocols"), "{asking}");
        }
    }

    #[test]
    fn what_nobody_has_is_refused() {
        let what = objection(Place::Port, "wardtap-has-no-such-port").unwrap();
        assert!(what.contains("/etc/services") && what.contains("write the number"));
        assert!(objection(Place::Protocol, "wardtap-has-no-such-protocol").unwrap().contains("/etc/protocols"));
    }
}
