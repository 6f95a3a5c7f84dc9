//! What a live run can no longer do once it has begun, whoever has taken it over: send, connect, run programs, look around.
//!
//! Its memory holds what is on the wire, patients' data too: no core dump is made of it, and nobody of the same user may trace it
//! or read it. Around that stand two walls. **Landlock** leaves it the folders of the files that it reads again and rotates, and no TCP port; where the
//! kernel has none of it, that is said. **seccomp** refuses system calls by number, and on the capture descriptors
//! everything that could send: an open packet socket needs no rights to send on. Refused calls fail with EPERM.
//!
//! The filter refuses what is named and lets the rest pass: an allow list would break with each release of the C library.

use std::collections::BTreeMap;
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope,
    path_beneath_rules,
};
use nix::sys::prctl::{get_dumpable, set_dumpable};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

/// The files that are still needed.
#[derive(Debug, Default)]
pub struct Files {
    /// Read again at SIGHUP.
    pub read: Vec<PathBuf>,
    /// Rotated, or opened again.
    pub written: Vec<PathBuf>,
}

/// Builds the walls, for this thread and those that it begins. Answers what Landlock does.
pub fn enter(files: &Files, captures: &[RawFd]) -> anyhow::Result<&'static str> {
    keep_memory().context("the memory of this process cannot be kept from others")?;
    let landlock = limit_files(files).context("Landlock")?;
    for filter in [filter_of_processes(), filter(captures)] {
        seccompiler::apply_filter(&filter.context("the seccomp filter")?)
            .context("seccomp refuses its filter: wardtap needs a kernel with CONFIG_SECCOMP_FILTER")?;
    }
    Ok(landlock)
}

/// From here on files of /proc that show what is in this process, as its descriptors, belong to root. A change of user would do
/// the same (prctl(2)), but systemd starts it as the user that it is to be.
fn keep_memory() -> anyhow::Result<()> {
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    set_dumpable(false)?;
    ensure!(memory_is_kept()?, "the kernel has not taken it");
    Ok(())
}

/// Whether neither core dumps are made nor others of this user may look into this process.
pub fn memory_is_kept() -> anyhow::Result<bool> {
    Ok(!get_dumpable()? && getrlimit(Resource::RLIMIT_CORE)? == (0, 0))
}

fn limit_files(files: &Files) -> anyhow::Result<&'static str> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    // A file that is rotated is renamed, and made anew.
    let written: BitFlags<AccessFs> =
        read | AccessFs::WriteFile | AccessFs::MakeReg | AccessFs::RemoveFile | AccessFs::Truncate;
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(ABI::V6))?
        .handle_access(AccessNet::from_all(ABI::V6))?
        .scope(Scope::from_all(ABI::V6))?
        .create()?
        .add_rules(path_beneath_rules(folders(&files.read), read))?
        .add_rules(path_beneath_rules(folders(&files.written), written))?
        .restrict_self()?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => "fully enforced",
        RulesetStatus::PartiallyEnforced => "partly enforced: this kernel knows not all of it",
        RulesetStatus::NotEnforced => "not enforced: this kernel has none",
    })
}

/// The folders that files lie in, and, of a link, what it names: who replaces a file makes another one there.
fn folders(files: &[PathBuf]) -> Vec<PathBuf> {
    let folder = |file: &Path| match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => Path::new(".").to_owned(),
    };
    files
        .iter()
        .flat_map(|file| [Some(folder(file)), file.canonicalize().ok().map(|named| folder(&named))])
        .flatten()
        .collect()
}

/// Refused whatever it is about.
const REFUSED: [libc::c_long; 41] = [
    // Other programs, and other processes.
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    // New ways onto a network, and handing descriptors to others.
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    // Input and output that the rules for descriptors would not see.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_setup,
    libc::SYS_io_submit,
    libc::SYS_sendfile,
    libc::SYS_splice,
    libc::SYS_tee,
    libc::SYS_vmsplice,
    libc::SYS_copy_file_range,
    // The kernel itself.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    // Other views of the machine.
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_by_handle_at,
];

/// Refused on a capture descriptor, which is the first argument of each: all that sends, that changes the socket, and that
/// would give it another number.
const REFUSED_ON_CAPTURES: [libc::c_long; 10] = [
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_pwritev2,
    libc::SYS_sendto,
    libc::SYS_setsockopt,
    libc::SYS_ioctl,
    libc::SYS_dup,
    libc::SYS_dup3,
];

fn filter(captures: &[RawFd]) -> anyhow::Result<BpfProgram> {
    let is = |argument, value: u64| SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value);
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = REFUSED.into_iter().map(|call| (call, Vec::new())).collect();
    let mut on_captures = REFUSED_ON_CAPTURES.to_vec();
    #[cfg(target_arch = "x86_64")]
    on_captures.push(libc::SYS_dup2);
    for &capture in captures {
        let capture = u64::try_from(capture)?;
        for &call in &on_captures {
            rules.entry(call).or_default().push(SeccompRule::new(vec![is(0, capture)?])?);
        }
        for duplicate in [libc::F_DUPFD, libc::F_DUPFD_CLOEXEC] {
            let rule = SeccompRule::new(vec![is(0, capture)?, is(1, u64::try_from(duplicate)?)?])?;
            rules.entry(libc::SYS_fcntl).or_default().push(rule);
        }
    }
    // Threads of this process are all that may be begun: another process, or one in namespaces of its own, in which it would
    // have every capability, may not.
    let not_a_thread = SeccompCmpOp::MaskedEq(u64::try_from(libc::CLONE_THREAD)?);
    let not_a_thread = SeccompCondition::new(0, SeccompCmpArgLen::Qword, not_a_thread, 0)?;
    rules.entry(libc::SYS_clone).or_default().push(SeccompRule::new(vec![not_a_thread])?);
    #[cfg(target_arch = "x86_64")]
    rules.extend([libc::SYS_fork, libc::SYS_vfork].map(|call| (call, Vec::new())));
    program(rules, libc::EPERM)
}

/// clone3 says what it wants in memory, where no filter sees it. Told that the kernel has none, the C library takes clone.
fn filter_of_processes() -> anyhow::Result<BpfProgram> {
    program(BTreeMap::from([(libc::SYS_clone3, Vec::new())]), libc::ENOSYS)
}

/// Refuses what rules name with an error, and lets all else pass.
fn program(rules: BTreeMap<i64, Vec<SeccompRule>>, error: i32) -> anyhow::Result<BpfProgram> {
    let refuse = SeccompAction::Errno(u32::try_from(error)?);
    let architecture = std::env::consts::ARCH.try_into()?;
    Ok(SeccompFilter::new(rules, SeccompAction::Allow, refuse, architecture)?.try_into()?)
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::process::Command;
    use std::thread;

    use super::*;

    #[test]
    fn threads_are_begun_behind_the_filter_and_processes_are_not() {
        // The filter holds for the thread that asks for it, and those that it begins.
        let walled = thread::spawn(|| {
            for filter in [filter_of_processes(), filter(&[])] {
                seccompiler::apply_filter(&filter.unwrap()).unwrap();
            }
            let counted = thread::spawn(|| 7).join().unwrap();
            (counted, Command::new("/bin/true").status().unwrap_err().kind())
        });
        assert_eq!(walled.join().unwrap(), (7, ErrorKind::PermissionDenied));
        assert!(Command::new("/bin/true").status().unwrap().success(), "before it there is nothing in its way");
    }

    #[test]
    fn the_folder_of_what_a_link_names_is_one_of_them() {
        let folder = tempfile::TempDir::new().unwrap();
        let (there, link) = (folder.path().join("there"), folder.path().join("link"));
        std::fs::create_dir(&there).unwrap();
        std::fs::write(there.join("file"), "").unwrap();
        std::os::unix::fs::symlink(there.join("file"), &link).unwrap();
        let there = there.canonicalize().unwrap();
        assert_eq!(folders(&[link, "new.json".into()]), [folder.path().to_owned(), there, ".".into()]);
    }
}
