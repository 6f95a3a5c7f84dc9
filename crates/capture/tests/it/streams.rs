//! Standard input, FIFOs and the unpacking thread.

use std::{
    io::{Cursor, Read, Write},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use wardtap_capture::{Block, open, open_bytes};

use crate::writer::{Order, drain, gzip, numbered, pcap, zstd};

fn capture(packets: u64) -> Vec<u8> {
    let packets: Vec<_> = (0..packets).map(|index| (index * 1000, vec![index as u8; 300], 0)).collect();
    pcap(Order { big: false }, true, &numbered(&packets, 1))
}

/// Not a test of its own: what `standard_input` runs as a child.
#[test]
#[ignore = "run by standard_input as a child"]
fn child_reads_standard_input() {
    let mut source = open(&["-".into()]).unwrap();
    println!("counted {} of {}", drain(&mut *source).len(), source.inputs()[0].capture);
}

#[test]
fn standard_input() {
    let plain = capture(5000);
    for bytes in [plain.clone(), gzip(&plain, 2), zstd(&plain, 2)] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "streams::child_reads_standard_input", "--ignored", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        for (index, part) in bytes.chunks(777).enumerate() {
            stdin.write_all(part).unwrap();
            if index % 500 == 0 {
                stdin.flush().unwrap();
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("counted 5000 of -"), "{text}");
    }
}

#[test]
fn a_fifo_beside_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (fifo, file) = (folder.path().join("fifo"), folder.path().join("file.pcap"));
    if !Command::new("mkfifo").arg(&fifo).status().is_ok_and(|status| status.success()) {
        return eprintln!("skipped: no mkfifo");
    }
    std::fs::write(&file, capture(100)).unwrap();
    let to = fifo.clone();
    let writer = std::thread::spawn(move || std::fs::write(to, gzip(&capture(100), 1)).unwrap());
    let mut source = open(&[fifo, file.clone()]).unwrap();
    assert_eq!(drain(&mut *source).len(), 200);
    writer.join().unwrap();
    let (bytes, total) = source.progress();
    assert_eq!(total, None, "nobody knows how much a FIFO will give");
    assert_eq!(bytes, source.inputs().iter().map(|input| input.bytes).sum::<u64>());

    let mut source = open(&[file]).unwrap();
    assert_eq!(source.progress(), (24, Some(capture(100).len() as u64)));
    drain(&mut *source);
    assert_eq!(source.progress(), (capture(100).len() as u64, Some(capture(100).len() as u64)));
}

/// A pipe that gives one record at a time and then waits for more.
struct Trickle(std::sync::mpsc::Receiver<Vec<u8>>, Cursor<Vec<u8>>);

impl Read for Trickle {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        loop {
            match self.1.read(into)? {
                0 => match self.0.recv() {
                    Ok(bytes) => self.1 = Cursor::new(bytes),
                    Err(_) => return Ok(0),
                },
                read => return Ok(read),
            }
        }
    }
}

#[test]
fn a_slow_pipe_is_not_waited_for() {
    let bytes = capture(3);
    let (to, from) = std::sync::mpsc::sync_channel(1);
    to.send(bytes[..24 + 316].to_vec()).unwrap();
    let mut source = open_bytes("pipe", Box::new(Trickle(from, Cursor::new(vec![])))).unwrap();
    let mut block = Block::new();
    assert!(source.fill(&mut block));
    assert_eq!(block.records.len(), 1, "what is there is delivered before more is there");
    to.send(bytes[24 + 316..].to_vec()).unwrap();
    assert!(source.fill(&mut block));
    assert_eq!(block.records.len(), 2);
    drop(to);
    assert!(!source.fill(&mut block));
}

/// Endless packed data, and word of when nobody reads them any more.
struct Endless(Vec<u8>, usize, Arc<AtomicBool>);

impl Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.1 >= self.0.len() {
            self.1 = 0;
        }
        let length = into.len().min(self.0.len() - self.1);
        into[..length].copy_from_slice(&self.0[self.1..self.1 + length]);
        self.1 += length;
        Ok(length)
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        self.2.store(true, Ordering::Release);
    }
}

#[test]
fn dropping_the_source_ends_the_thread() {
    let noise: Vec<u8> =
        (0..1_000_000_u64).map(|index| (index.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
    let mut plain = capture(10);
    // One huge capture file: records of noise.
    for part in noise.chunks_exact(1000) {
        plain.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0xe8, 3, 0, 0, 0xe8, 3, 0, 0]);
        plain.extend_from_slice(part);
    }
    for packed in [gzip(&plain, 1), zstd(&plain, 1)] {
        let gone = Arc::new(AtomicBool::new(false));
        let mut source = open_bytes("endless", Box::new(Endless(packed, 0, Arc::clone(&gone)))).unwrap();
        let mut block = Block::new();
        assert!(source.fill(&mut block));
        assert!(!gone.load(Ordering::Acquire));
        drop(source);
        for _ in 0..500 {
            if gone.load(Ordering::Acquire) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(gone.load(Ordering::Acquire), "the thread holds its reader five seconds later");
    }
}

#[test]
fn a_block_is_reused_and_shrinks_after_a_huge_record() {
    let mut packets: Vec<_> = (0..2000_u64).map(|index| (index, vec![1; 500], 0)).collect();
    packets[3].1 = vec![2; 5 << 20];
    let mut bytes = pcap(Order { big: true }, true, &numbered(&packets, 1));
    bytes[16..20].copy_from_slice(&(16_u32 << 20).to_be_bytes());
    let mut source = open_bytes("test", Box::new(Cursor::new(bytes))).unwrap();
    let (mut block, mut sizes) = (Block::new(), Vec::new());
    while source.fill(&mut block) {
        sizes.push(block.bytes.capacity());
    }
    assert!(sizes.iter().any(|size| *size > 5 << 20));
    assert!(*sizes.last().unwrap() <= 2 * wardtap_capture::BLOCK_BYTES, "{sizes:?}");
}
