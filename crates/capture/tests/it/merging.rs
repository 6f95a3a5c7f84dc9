//! Several captures as one.

use std::io::{Cursor, Read};

use proptest::prelude::*;
use wardtap_capture::{Block, PacketSource, open, open_readers};

use crate::writer::{Order, numbered, pcap, pcapng};

type Captures = Vec<(String, Box<dyn Read + Send>)>;

fn captures(times: &[Vec<u64>]) -> Captures {
    times
        .iter()
        .enumerate()
        .map(|(index, times)| {
            let packets: Vec<_> = times.iter().map(|time| (*time, vec![index as u8; *time as usize % 90], 0)).collect();
            let packets = numbered(&packets, 1);
            let order = Order { big: index % 2 == 0 };
            let bytes = if index % 3 == 0 { pcapng(order, &packets) } else { pcap(order, true, &packets) };
            (format!("capture {index}"), Box::new(Cursor::new(bytes)) as Box<dyn Read + Send>)
        })
        .collect()
}

/// The merged order by the rule itself: of all next records the smallest time, ties by argument order.
fn by_the_rule(times: &[Vec<u64>]) -> Vec<(u64, u16, u64)> {
    let mut next = vec![0; times.len()];
    let mut order = Vec::new();
    while let Some((time, index)) =
        (0..times.len()).filter_map(|index| Some((*times[index].get(next[index])?, index))).min()
    {
        next[index] += 1;
        order.push((time, index as u16, next[index] as u64));
    }
    order
}

/// The merged order as it comes, with the bytes copied for it.
fn merged(captures: Captures) -> (Vec<(u64, u16, u64)>, u64) {
    let mut source = open_readers(captures).unwrap();
    let order = drain(&mut *source);
    assert_eq!(source.damage(), vec![]);
    let packets: u64 = source.inputs().iter().map(|input| input.packets).sum();
    assert_eq!(packets, order.len() as u64);
    (order, source.copied_bytes())
}

/// The order in which records come; each frame's bytes say which capture it is from.
fn drain(source: &mut dyn PacketSource) -> Vec<(u64, u16, u64)> {
    let (mut block, mut order) = (Block::new(), Vec::new());
    while source.fill(&mut block) {
        assert!(!block.records.is_empty());
        for record in &block.records {
            let frame = block.frame(record);
            assert_eq!(frame.len(), record.time.nanos() as usize % 90);
            assert!(frame.iter().all(|octet| u16::from(*octet) == record.input));
            order.push((record.time.nanos(), record.input, record.frame));
        }
    }
    assert!(!source.fill(&mut block));
    order
}

/// More captures than are open at once, plain and packed, one after the other but for an hour that two share: their
/// paths, and the times in them.
fn rotated(folder: &std::path::Path) -> (Vec<std::path::PathBuf>, Vec<Vec<u64>>) {
    let times: Vec<Vec<u64>> = (0..60_u64).map(|index| (0..300).map(|time| index * 250 + time).collect()).collect();
    let paths = captures(&times)
        .into_iter()
        .enumerate()
        .map(|(index, (_, mut reader))| {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).unwrap();
            let bytes = match index % 4 {
                0 => crate::writer::gzip(&bytes, 1),
                1 => crate::writer::zstd(&bytes, 1),
                _ => bytes,
            };
            let path = folder.join(format!("{index:02}.pcap"));
            std::fs::write(&path, bytes).unwrap();
            path
        })
        .collect();
    (paths, times)
}

#[test]
fn many_files_are_merged_by_the_rule() {
    let folder = tempfile::TempDir::new().unwrap();
    let (paths, times) = rotated(folder.path());
    let mut source = open(&paths).unwrap();
    assert_eq!(drain(&mut *source), by_the_rule(&times));
    assert_eq!(source.damage(), vec![]);
    for (input, path) in source.inputs().iter().zip(&paths) {
        assert_eq!((input.packets, &input.capture), (300, &path.display().to_string()));
        assert_eq!(input.bytes, std::fs::metadata(path).unwrap().len(), "{}", path.display());
    }
}

#[test]
fn a_file_that_is_gone_when_its_turn_comes_is_damage() {
    let folder = tempfile::TempDir::new().unwrap();
    let (paths, mut times) = rotated(folder.path());
    let mut source = open(&paths).unwrap();
    std::fs::remove_file(&paths[40]).unwrap();
    times[40].clear();
    assert_eq!(drain(&mut *source), by_the_rule(&times));
    let [damage] = &source.damage()[..] else { panic!("{:?}", source.damage()) };
    assert_eq!((&damage.capture, damage.offset), (&paths[40].display().to_string(), 0));
    assert!(damage.reason.to_string().starts_with("reading failed: "), "{damage}");
    assert_eq!(source.inputs()[40].packets, 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::properties::cases(64), ..ProptestConfig::default() })]

    #[test]
    fn the_smallest_time_goes_first(
        times in prop::collection::vec(prop::collection::vec(0_u64..200, 0..400), 2..6),
        sorted in any::<bool>(),
    ) {
        let mut times = times;
        if sorted {
            times.iter_mut().for_each(|times| times.sort_unstable());
        }
        prop_assert_eq!(merged(captures(&times)).0, by_the_rule(&times));
    }
}

#[test]
fn captures_that_follow_each_other_are_not_copied() {
    let length = 20_000;
    let times: Vec<Vec<u64>> = (0..4).map(|index| (index * length..(index + 1) * length).collect()).collect();
    let (order, copied) = merged(captures(&times));
    assert_eq!(order, by_the_rule(&times));
    assert!(copied < 20_000, "{copied} bytes copied");
}

#[test]
fn overlapping_captures_in_many_blocks() {
    let times: Vec<Vec<u64>> = (0..3).map(|index| (0..30_000).map(|time| time * 3 + index).collect()).collect();
    assert_eq!(merged(captures(&times)).0, by_the_rule(&times));
    let bursts: Vec<Vec<u64>> = (0..3_u64)
        .map(|index| {
            (0..30_u64).flat_map(|burst| (0..900).map(move |time| (burst * 3 + index) * 1000 + time)).collect()
        })
        .collect();
    assert_eq!(merged(captures(&bursts)).0, by_the_rule(&bursts));
}

#[test]
fn damage_in_one_does_not_end_the_others() {
    let whole = pcap(Order { big: false }, true, &numbered(&[(1, vec![1], 0), (5, vec![2], 0)], 1));
    let cut = whole[..whole.len() - 1].to_vec();
    let open = |bytes: &[u8]| Box::new(Cursor::new(bytes.to_vec())) as Box<dyn Read + Send>;
    let mut source = open_readers(vec![("cut".into(), open(&cut)), ("whole".into(), open(&whole))]).unwrap();
    let (mut block, mut seen) = (Block::new(), Vec::new());
    while source.fill(&mut block) {
        seen.extend(block.records.iter().map(|record| (record.input, record.frame)));
    }
    assert_eq!(seen, [(0, 1), (1, 1), (1, 2)]);
    let damage = source.damage();
    assert_eq!((damage.len(), damage[0].capture.as_str()), (1, "cut"));
    assert_eq!(source.inputs().iter().map(|input| input.packets).collect::<Vec<_>>(), [1, 2]);
}
