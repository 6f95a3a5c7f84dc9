//! Detectors: programs that keep wardtap's contract for `learn` and `replay`, fed through their standard input.

use anyhow::{Context, Result, bail, ensure};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use crate::pcap::Writer;

/// Wrong usage, or not built.
const USAGE: i32 = 2;

/// A detector.
#[derive(Clone, Debug)]
pub(super) struct Detector {
    /// Its name in the tables: the program and its arguments.
    pub(super) name: String,
    /// Its place among the detectors: names its files.
    number: usize,
    program: String,
    arguments: Vec<String>,
    /// The types of events it can be asked for.
    types: &'static str,
    /// What it learned, where it can.
    pub(super) baseline: Option<PathBuf>,
    /// What the hospital knows of its devices, where it is to be told and takes that.
    pub(super) assets: Option<PathBuf>,
    /// What is to be said about it.
    pub(super) notes: Vec<String>,
}

/// Takes command lines apart: words, without quoting.
pub(super) fn parse(lines: &[String]) -> Result<Vec<Detector>> {
    ensure!(!lines.is_empty(), "no detector");
    (0..).zip(lines).map(|(number, line)| Detector::new(number, line)).collect()
}

impl Detector {
    fn new(number: usize, line: &str) -> Result<Self> {
        let mut words = line.split_whitespace().map(str::to_owned);
        let program = words.next().context("a detector without a name")?;
        let arguments: Vec<String> = words.collect();
        let file = Path::new(&program).file_name().map_or(program.clone(), |name| name.to_string_lossy().into_owned());
        let name = [&[file], &arguments[..]].concat().join(" ");
        Ok(Self {
            name,
            number,
            program,
            arguments,
            types: "alert,incident",
            baseline: None,
            assets: None,
            notes: Vec::new(),
        })
    }

    /// It tells of incidents.
    pub(super) fn tells_incidents(&self) -> bool {
        self.types.contains("incident")
    }

    /// Where its events of a job lie.
    pub(super) fn events(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.events.jsonl", self.number))
    }

    fn errors(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.stderr", self.number))
    }

    /// Finds out which events it can be asked for, with an empty capture.
    ///
    /// # Errors
    /// Where it cannot be run.
    pub(super) fn probe(&mut self, folder: &Path) -> Result<()> {
        for types in ["alert,incident", "alert"] {
            self.types = types;
            if !self.refuses(folder)? {
                return Ok(());
            }
        }
        bail!("{} knows no `replay - --events FILE --event-types alert`: {}", self.name, tail(&self.errors(folder)));
    }

    /// Finds out whether it takes the baseline that it has learned.
    ///
    /// # Errors
    /// Where it cannot be run.
    fn probe_baseline(&mut self, folder: &Path) -> Result<()> {
        if self.baseline.is_some() && self.refuses(folder)? {
            self.notes.push(format!("takes no baseline: {}", tail(&self.errors(folder))));
            self.baseline = None;
        }
        Ok(())
    }

    /// Has it told what the hospital knows of its devices, where it takes that.
    ///
    /// # Errors
    /// Where it cannot be run.
    pub(super) fn inform(&mut self, assets: &Path, folder: &Path) -> Result<()> {
        self.assets = Some(assets.to_owned());
        if self.refuses(folder)? {
            self.notes.push(format!("takes no assets: {}", tail(&self.errors(folder))));
            self.assets = None;
        }
        Ok(())
    }

    fn refuses(&self, folder: &Path) -> Result<bool> {
        let mut feed = Feed(vec![self.replay(folder)?]);
        Writer::new(&mut feed).finish()?;
        let ended = feed.0.pop().map(Running::wait).transpose()?;
        Ok(ended.is_some_and(|status| status.code() == Some(USAGE)))
    }

    fn start(&self, folder: &Path, arguments: &[&str], file: &Path) -> Result<Running> {
        let errors = self.errors(folder);
        let told = File::create(&errors).with_context(|| format!("cannot write {}", errors.display()))?;
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .args(arguments)
            .arg(file)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(told)
            .spawn()
            .with_context(|| format!("cannot run {}", self.program))?;
        Ok(Running { child, errors })
    }

    fn replay(&self, folder: &Path) -> Result<Running> {
        let baseline = self.baseline.as_ref().map(|path| path.to_string_lossy());
        let assets = self.assets.as_ref().map(|path| path.to_string_lossy());
        let mut arguments = vec!["replay", "-", "--event-types", self.types];
        if let Some(path) = &baseline {
            arguments.extend(["--baseline", path]);
        }
        if let Some(path) = &assets {
            arguments.extend(["--assets", path]);
        }
        arguments.push("--events");
        let events = self.events(folder);
        forget(&events)?;
        self.start(folder, &arguments, &events)
    }
}

/// Has detectors learn what `stream` writes.
///
/// # Errors
/// Where one cannot be run, or what `stream` says.
pub(super) fn learn(
    detectors: &mut [Detector],
    folder: &Path,
    stream: impl FnOnce(&mut Feed) -> Result<()>,
) -> Result<()> {
    let file = |detector: &Detector| folder.join(format!("{}.baseline", detector.number));
    let start = |detector: &Detector| {
        forget(&file(detector))?;
        detector.start(folder, &["learn", "-", "--out"], &file(detector))
    };
    let mut feed = Feed(detectors.iter().map(start).collect::<Result<_>>()?);
    stream(&mut feed)?;
    for (detector, running) in detectors.iter_mut().zip(feed.0) {
        let errors = running.errors.clone();
        match running.wait()?.code() {
            Some(0 | 3) => detector.baseline = Some(file(detector)).filter(|path| path.exists()),
            Some(USAGE) => detector.notes.push(format!("learns nothing: {}", tail(&errors))),
            code => detector.notes.push(format!("failed to learn ({}): {}", status_text(code), tail(&errors))),
        }
        detector.probe_baseline(folder)?;
    }
    Ok(())
}

/// Has detectors replay what `stream` writes; gives what went wrong, for each.
///
/// # Errors
/// Where one cannot be run, or what `stream` says.
pub(super) fn replay(
    detectors: &[Detector],
    folder: &Path,
    stream: impl FnOnce(&mut Feed) -> Result<()>,
) -> Result<Vec<Option<String>>> {
    let mut feed = Feed(detectors.iter().map(|detector| detector.replay(folder)).collect::<Result<_>>()?);
    stream(&mut feed)?;
    let failure = |running: Running| {
        let errors = running.errors.clone();
        Ok(match running.wait()?.code() {
            Some(0) => None,
            code => Some(format!("{}: {}", status_text(code), tail(&errors))),
        })
    };
    feed.0.into_iter().map(failure).collect()
}

/// Removes what an earlier measurement left behind: it must not be taken for this one's.
pub(super) fn forget(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

fn status_text(code: Option<i32>) -> String {
    code.map_or("killed".into(), |code| format!("exit status {code}"))
}

/// The last line that a program wrote on its standard error.
fn tail(path: &Path) -> String {
    let text = fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("(nothing on standard error)").trim().to_owned()
}

/// A detector at work.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    errors: PathBuf,
}

impl Running {
    fn wait(mut self) -> io::Result<ExitStatus> {
        drop(self.child.stdin.take());
        self.child.wait()
    }
}

/// Writes the same to several detectors. One that has stopped reading is left out: how it ended is told afterwards.
#[derive(Debug)]
pub(super) struct Feed(Vec<Running>);

impl Write for Feed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for running in &mut self.0 {
            if let Some(pipe) = &mut running.child.stdin
                && pipe.write_all(bytes).is_err()
            {
                running.child.stdin = None;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_program_without_its_folder() {
        let detectors = parse(&["target/release/naive-detector  edges".into(), "wardtap".into()]).unwrap();
        assert_eq!(detectors[0].name, "naive-detector edges");
        assert_eq!(detectors[1].name, "wardtap");
        assert!(parse(&[" ".into()]).is_err());
    }

    #[test]
    fn a_program_that_is_not_there_or_knows_nothing_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let probe = |line: &str| parse(&[line.into()]).unwrap()[0].probe(folder.path());
        assert!(probe("/nowhere/at/all").unwrap_err().to_string().contains("cannot run"));
        let error = probe("ls --no-such-option").unwrap_err();
        assert!(error.to_string().contains("ls --no-such-option knows no"), "{error}");
        probe("true").unwrap();
    }

    #[test]
    fn one_that_stops_reading_holds_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        let mut detectors = parse(&["false".into(), "true".into()]).unwrap();
        let outcome = replay(&detectors, folder.path(), |feed| Ok(feed.write_all(&vec![0; 1 << 20])?)).unwrap();
        assert!(outcome[0].as_deref().is_some_and(|told| told.starts_with("exit status 1")));
        assert_eq!(outcome[1], None);
        learn(&mut detectors, folder.path(), |feed| Ok(feed.write_all(&vec![0; 1 << 20])?)).unwrap();
        assert!(detectors[0].notes[0].starts_with("failed to learn (exit status 1)"));
        assert_eq!(detectors[1].baseline, None, "nothing was written");
    }
}
