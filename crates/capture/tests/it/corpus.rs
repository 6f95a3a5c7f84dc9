//! Every public capture at hand, counted against libpcap (`tcpdump --count`) and Wireshark (`capinfos -c`).
//!
//! Where those two agree, wardtap must agree. Where they differ, the difference is listed in the crate's README.
//! `WARDTAP_CAPTURES` names the folder with the captures; without it, or without the tools, the test says so and passes.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use wardtap_capture::{Block, open};

/// The folder with captures, where there is one.
pub(crate) fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures");
    std::env::var_os("WARDTAP_CAPTURES").map(PathBuf::from).or(Some(beside)).filter(|folder| folder.is_dir())
}

/// All files below a folder, sorted.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(files(&entry));
        } else if entry.extension().is_none_or(|ending| ending != "md") {
            found.push(entry);
        }
    }
    found.sort();
    found
}

/// Packets and whether all was well; Err with the text when it does not open.
fn ours(path: &Path) -> Result<(u64, Vec<String>), String> {
    let mut source = open(&[path.to_path_buf()]).map_err(|error| error.to_string())?;
    let (mut block, mut packets) = (Block::new(), 0);
    while source.fill(&mut block) {
        packets += block.records.len() as u64;
        for record in &block.records {
            assert_eq!(block.frame(record).len(), record.captured as usize);
            assert!(record.sent >= record.captured);
        }
    }
    assert_eq!(source.inputs()[0].packets, packets);
    Ok((packets, source.damage().iter().map(|damage| damage.reason.to_string()).collect()))
}

/// What a tool counts, and whether it was content; None when it could not open the file.
fn tool(program: &str, arguments: &[&str], path: &Path) -> Option<(u64, bool)> {
    let output = Command::new(program).args(arguments).arg(path).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let count = text.lines().rev().find_map(|line| match program {
        "tcpdump" => line.strip_suffix(" packets").or(line.strip_suffix(" packet"))?.trim().parse().ok(),
        _ => line.strip_prefix("Number of packets:")?.trim().parse().ok(),
    })?;
    Some((count, output.status.success()))
}

#[test]
fn counts_agree_with_libpcap_and_wireshark() {
    let Some(folder) = folder() else {
        return eprintln!("skipped: no captures (WARDTAP_CAPTURES names no folder)");
    };
    for program in ["tcpdump", "capinfos"] {
        if Command::new(program).arg("--version").output().is_err() {
            return eprintln!("skipped: {program} is not on the path");
        }
    }
    let (mut agreed, mut differing, mut wrong) = (0, Vec::new(), Vec::new());
    for path in files(&folder) {
        let name = path.strip_prefix(&folder).unwrap().display().to_string();
        let ours = ours(&path);
        let libpcap = tool("tcpdump", &["--count", "-r"], &path);
        let wireshark = tool("capinfos", &["-c", "-M"], &path);
        let packets = ours.as_ref().map_or(0, |(packets, _)| *packets);
        let line = format!("{name}\tours {ours:?}\tlibpcap {libpcap:?}\twireshark {wireshark:?}");
        let (left, right) = (libpcap.map_or(0, |(count, _)| count), wireshark.map_or(0, |(count, _)| count));
        if left == right {
            agreed += 1;
            if packets != left {
                wrong.push(line);
            }
        } else {
            differing.push(line);
        }
    }
    eprintln!("{agreed} captures counted alike by libpcap and Wireshark; they differ on:\n{}", differing.join("\n"));
    assert!(wrong.is_empty(), "counted otherwise than both libpcap and Wireshark:\n{}", wrong.join("\n"));
}

/// Every record as libpcap reads it: time, lengths, bytes.
#[cfg(feature = "pcap")]
#[test]
fn records_agree_with_libpcap() {
    use pcap::{Capture, Precision};

    let Some(folder) = folder() else {
        return eprintln!("skipped: no captures (WARDTAP_CAPTURES names no folder)");
    };
    let (mut compared, mut block) = (0_u64, Block::new());
    for path in files(&folder) {
        let Ok(mut theirs) = Capture::from_file_with_precision(&path, Precision::Nano) else { continue };
        let Ok(mut source) = open(std::slice::from_ref(&path)) else { continue };
        let snaplen = source.inputs()[0].snaplen;
        'file: while source.fill(&mut block) {
            for record in &block.records {
                let name = || format!("{} frame {}", path.display(), record.frame);
                // libpcap stops earlier on some pcapng files: the other test counts.
                let Ok(packet) = theirs.next_packet() else { break 'file };
                // libpcap cuts a frame to the snapshot length of its file; here it stays whole.
                let frame = block.frame(record);
                let whole = if snaplen == 0 { frame } else { &frame[..frame.len().min(snaplen as usize)] };
                assert_eq!(
                    &*packet.data.to_vec(),
                    if packet.data.len() < frame.len() { whole } else { frame },
                    "{}",
                    name()
                );
                assert_eq!(packet.header.len.max(record.captured), record.sent, "{}", name());
                // libpcap takes both halves of a pcap time for signed, and gives the epoch to packets without a time.
                let (seconds, nanos) = (packet.header.ts.tv_sec, packet.header.ts.tv_usec as u64);
                let seconds = u64::try_from(seconds).unwrap_or(u64::from(seconds as u32));
                if (seconds, nanos) != (0, 0) && nanos < 1_000_000_000 {
                    let expected = seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
                    assert_eq!(record.time.nanos(), expected, "{}", name());
                }
                compared += 1;
            }
        }
    }
    eprintln!("{compared} records compared with libpcap");
    assert!(compared > 10_000);
}
