//! Files that are written: as they come, or whole at the end in place of what was there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Opens a file, or standard output for `-`, to be written as it comes.
pub fn open(path: &Path, what: &str) -> anyhow::Result<Box<dyn Write + Send>> {
    /// Lines go out in pieces of this size: a system call for each would cost more than making it.
    const BUFFER: usize = 256 * 1024;
    Ok(if path == Path::new("-") {
        Box::new(io::BufWriter::with_capacity(BUFFER, io::stdout()))
    } else {
        let file = File::create(path).map_err(|error| unwritable(what, &place(Some(path)), error))?;
        Box::new(io::BufWriter::with_capacity(BUFFER, file))
    })
}

/// An output's name in messages.
pub fn place(path: Option<&Path>) -> String {
    match path {
        Some(path) if path != Path::new("-") => path.display().to_string(),
        _ => "standard output".to_owned(),
    }
}

/// An output that cannot be opened or written to. The system's error stays the cause: a closed pipe is a quiet end.
pub fn unwritable(what: &str, place: &str, error: io::Error) -> anyhow::Error {
    use io::ErrorKind;
    let advice = match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => "make the folder, or name another file",
        ErrorKind::IsADirectory => "name a file in it",
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "let the user who runs wardtap write there, or name another file"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "make room there, or name another file"
        }
        _ => "name another file",
    };
    let sentence = format!("{place}: cannot write {what}: {error}: {advice}");
    anyhow::Error::new(error).context(sentence)
}

/// A file that is to stand whole in the place of what is there: until then that stays, whatever happens.
///
/// The new one is written beside the old one, which it replaces by being renamed: who reads sees one or the other.
pub struct Replacement {
    what: &'static str,
    path: PathBuf,
    /// The file beside it; None for what is no file and cannot be replaced: standard output, a pipe.
    beside: Option<(PathBuf, File)>,
}

impl Replacement {
    /// Opens it, before the work begins, which may take hours.
    pub fn of(path: &Path, what: &'static str) -> anyhow::Result<Self> {
        let unwritable = |error| unwritable(what, &place(Some(path)), error);
        let old = fs::metadata(path).ok();
        if path == Path::new("-") || old.as_ref().is_some_and(|old| !old.is_file() && !old.is_dir()) {
            return Ok(Self { what, path: path.to_owned(), beside: None });
        }
        if old.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(unwritable(io::ErrorKind::IsADirectory.into()));
        }
        // What a link names is replaced, not the link.
        let path = if old.is_some() { fs::canonicalize(path).map_err(unwritable)? } else { path.to_owned() };
        let mut name = std::ffi::OsString::from(".");
        name.push(path.file_name().ok_or_else(|| unwritable(io::ErrorKind::IsADirectory.into()))?);
        name.push(format!(".{}.new", std::process::id()));
        let beside = path.with_file_name(name);
        // One of this name is left over from a run that was killed, and had the same number: in a container all have it.
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unwritable(error)),
            _ => {}
        }
        let file = OpenOptions::new().write(true).create_new(true).open(&beside).map_err(unwritable)?;
        let replacement = Self { what, path, beside: Some((beside, file)) };
        if let (Some(old), Some((_, file))) = (old, &replacement.beside) {
            file.set_permissions(old.permissions()).map_err(unwritable)?;
        }
        Ok(replacement)
    }

    /// Writes it and puts it in its place.
    pub fn put(self, bytes: &[u8]) -> anyhow::Result<()> {
        self.put_by(|to| to.write_all(bytes))
    }

    /// Has it written, and puts it in its place.
    pub fn put_by(mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
        self.try_put(write).map_err(|error| unwritable(self.what, &place(Some(&self.path)), error))
    }

    fn try_put(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let Some((beside, file)) = &mut self.beside else {
            if self.path == Path::new("-") {
                let mut out = io::stdout().lock();
                return write(&mut out).and_then(|()| out.flush());
            }
            return write(&mut File::create(&self.path)?);
        };
        write(file)?;
        file.sync_all()?;
        fs::rename(beside, &self.path)?;
        self.beside = None;
        // The renaming is safe only once the folder is.
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if let Some((beside, _)) = &self.beside {
            // It is of no use to anybody; that it stays is no reason to fail.
            drop(fs::remove_file(beside));
        }
    }
}
