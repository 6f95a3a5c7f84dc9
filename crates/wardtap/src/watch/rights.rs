//! The rights that a live run gives up once its sockets are open: it goes on as somebody without any.
//!
//! Before any other thread is begun, for rights belong to threads.

use std::fs;

use anyhow::{Context, anyhow};
use caps::CapSet;
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};

/// Whom to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// Of a name in /etc/passwd, or a number. Directories on the network are not asked, for that would send packets.
    pub fn find(name: &str) -> anyhow::Result<Self> {
        let all = fs::read_to_string("/etc/passwd").context("/etc/passwd: cannot be read")?;
        let number = name.parse().ok();
        if let Some(account) = find(&all, name, number) {
            return Ok(account);
        }
        let unlisted = number.map(|number| Self { user: number, group: number });
        unlisted.ok_or_else(|| anyhow!("--user {name}: there is no such user in /etc/passwd: make one (useradd --system {name}), or name another"))
    }
}

fn find(all: &str, name: &str, number: Option<u32>) -> Option<Account> {
    all.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (its, user, group) = (fields.next()?, fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
        (its == name || number == Some(user)).then_some(Account { user, group })
    })
}

/// Becomes the user, if one is named, and gives up every capability.
pub fn give_up(account: Option<Account>) -> anyhow::Result<()> {
    // Without the right to take it away, the bounding set stays: with no new privileges it gives nothing.
    if caps::has_cap(None, CapSet::Effective, caps::Capability::CAP_SETPCAP)? {
        caps::clear(None, CapSet::Bounding)?;
    }
    if let Some(Account { user, group }) = account {
        let refused = || format!("cannot become user {user}: start wardtap as root, or as that user");
        if !Uid::current().is_root() && Uid::current().as_raw() == user {
            return clear();
        }
        let (user, group) = (Uid::from_raw(user), Gid::from_raw(group));
        setgroups(&[]).with_context(refused)?;
        setresgid(group, group, group).with_context(refused)?;
        setresuid(user, user, user).with_context(refused)?;
    }
    clear()
}

fn clear() -> anyhow::Result<()> {
    for set in [CapSet::Ambient, CapSet::Inheritable, CapSet::Effective, CapSet::Permitted] {
        caps::clear(None, set).with_context(|| format!("capabilities ({set:?}) cannot be given up"))?;
    }
    Ok(())
}

/// Who this is, and what it may: for people.
pub fn told() -> String {
    let (user, group) = (Uid::current(), Gid::current());
    let capabilities = caps::read(None, CapSet::Permitted).map_or(usize::MAX, |capabilities| capabilities.len());
    let capabilities = if capabilities == 0 { "no".to_owned() } else { capabilities.to_string() };
    format!("user {user}, group {group}, {capabilities} capabilities")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_name_and_by_number() {
        let all = "root:x:0:0:root:/root:/bin/sh\nbroken\nwardtap:x:990:991::/:/bin/false\n";
        let of = |name: &str, number| find(all, name, number);
        assert_eq!(of("wardtap", None), Some(Account { user: 990, group: 991 }));
        assert_eq!(of("990", Some(990)), Some(Account { user: 990, group: 991 }));
        assert_eq!(of("ward", None), None);
        assert_eq!(of("broken", None), None);
    }
}
