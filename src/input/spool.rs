//! [`Place`]: where a file's bytes lie, once they can be read as often as wanted.
//!
//! Owns the temporary copy of what cannot be: standard input, a pipe, a compressed file, and that of what a reader has to
//! mend first. Guarantees that only its owner
//! may read the copy, that it is gone when the input is (on Linux even after a kill, since it has no name), and that no
//! stream and no gzip bomb fills the disk.

use super::encoding::{fill, read_some};
use super::error::{Fault, InputErrorKind};
use flate2::bufread::GzDecoder;
use std::fs::{File, Metadata};
use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use tempfile::{NamedTempFile, TempPath};

/// 200 million rows; no call centre has as many.
const LIMIT: u64 = 64 * 1024 * 1024 * 1024;
const LIMIT_TEXT: &str = "64 GiB";
/// Tables pack 3 to 20 times, deflate at most some 1,000 times.
const RATIO: u64 = 150;
/// Up to here a file may be as monotonous as it likes.
const RATIO_FROM: u64 = 16 * 1024 * 1024;
const RATIO_TEXT: &str = "150 times its size";

const GZIP: [u8; 3] = [0x1f, 0x8b, 8];

/// A path that can be opened as often as wanted.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    compressed: bool,
    /// Keeps a temporary file alive.
    _held: Option<Held>,
}

#[derive(Debug)]
enum Held {
    Unnamed(#[expect(dead_code, reason = "its path leads through the open file")] File),
    Named(#[expect(dead_code, reason = "the file goes with it")] TempPath),
}

impl Place {
    /// The file itself, or a copy of it where it is a pipe or compressed.
    pub(super) fn of(path: &Path) -> Result<Place, Fault> {
        let metadata = std::fs::metadata(path)?;
        if metadata.is_dir() {
            return Err(InputErrorKind::Folder.into());
        }
        if is_pipe(&metadata) {
            return Place::of_stream(&mut File::open(path)?);
        }
        if !metadata.is_file() {
            return Err(InputErrorKind::NotAFile.into());
        }
        let mut file = File::open(path)?;
        if is_gzip(&mut file)? {
            return unpacked(file);
        }
        Ok(Place {
            path: path.to_owned(),
            compressed: false,
            _held: None,
        })
    }

    /// A copy of all that a stream holds, unpacked where it is compressed.
    pub(super) fn of_stream(stream: &mut dyn Read) -> Result<Place, Fault> {
        let mut copy = Copy::create()?;
        copy.take(stream, |_| None)?;
        let mut file = copy.file;
        file.seek(SeekFrom::Start(0))?;
        if is_gzip(&mut file)? {
            return unpacked(file);
        }
        copy.place.finish(file, false)
    }

    /// A temporary file that `write` fills.
    pub(super) fn written(
        write: impl FnOnce(&mut File) -> Result<(), Fault>,
    ) -> Result<Place, Fault> {
        let Copy { mut file, place } = Copy::create()?;
        write(&mut file)?;
        place.finish(file, false)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn was_compressed(&self) -> bool {
        self.compressed
    }
}

fn is_gzip(file: &mut File) -> Result<bool, Fault> {
    let mut start = [0; GZIP.len()];
    let length = fill(file, &mut start)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(length == GZIP.len() && start == GZIP)
}

fn unpacked(file: File) -> Result<Place, Fault> {
    let packed = file.metadata()?.len();
    let mut copy = Copy::create()?;
    let mut stream = Members::new(io::BufReader::with_capacity(64 * 1024, file));
    let limit = |size: u64| {
        (size > RATIO_FROM && size / RATIO > packed).then_some(InputErrorKind::Endless {
            limit: RATIO_TEXT,
            unpacked: true,
        })
    };
    copy.take(&mut stream, limit)?;
    copy.place.finish(copy.file, true)
}

/// The members of a gzip file, one behind the other, as one text. Zeros behind the last are passed over, as gzip(1) does:
/// tapes and file systems fill their blocks with them.
struct Members<R>(Option<GzDecoder<R>>);

impl<R: BufRead> Members<R> {
    fn new(file: R) -> Members<R> {
        Members(Some(GzDecoder::new(file)))
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.0 {
            let length = member.read(buffer)?;
            if length > 0 || buffer.is_empty() {
                return Ok(length);
            }
            let rest = self.0.take().map(GzDecoder::into_inner);
            self.0 = rest.map(next_member).transpose()?.flatten();
        }
        Ok(0)
    }
}

/// The member that follows the one that has just ended; none where nothing does, or nothing but zeros.
fn next_member<R: BufRead>(mut file: R) -> io::Result<Option<GzDecoder<R>>> {
    let mut is_padded = false;
    loop {
        let bytes = match file.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            bytes => bytes?,
        };
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        match (bytes.len(), zeros) {
            (0, _) => return Ok(None),
            (_, 0) if is_padded => return Err(io::ErrorKind::InvalidData.into()),
            (_, 0) => return Ok(Some(GzDecoder::new(file))),
            _ => is_padded = true,
        }
        file.consume(zeros);
    }
}

/// A temporary file being written.
struct Copy {
    file: File,
    place: Kept,
}

/// How a temporary file is found again.
enum Kept {
    #[cfg(target_os = "linux")]
    ByNumber,
    ByName(TempPath),
}

impl Copy {
    fn create() -> Result<Copy, Fault> {
        let create = || -> io::Result<Copy> {
            #[cfg(target_os = "linux")]
            {
                let file = tempfile::tempfile()?;
                if File::open(by_number(&file)).is_ok() {
                    let place = Kept::ByNumber;
                    return Ok(Copy { file, place });
                }
            }
            let (file, path) = NamedTempFile::with_prefix("ticketload-")?.into_parts();
            let place = Kept::ByName(path);
            Ok(Copy { file, place })
        };
        create().map_err(|error| InputErrorKind::Spool(error).into())
    }

    fn take(
        &mut self,
        stream: &mut dyn Read,
        limit: impl Fn(u64) -> Option<InputErrorKind>,
    ) -> Result<(), Fault> {
        let mut stream = stream;
        let mut chunk = vec![0; 64 * 1024];
        let mut size = 0;
        loop {
            let length = match read_some(&mut stream, &mut chunk) {
                Ok(0) => return Ok(()),
                Ok(length) => length,
                Err(error) => return Err(torn(error).into()),
            };
            size += length as u64;
            if let Some(kind) = limit(size) {
                return Err(kind.into());
            }
            if size > LIMIT {
                return Err(InputErrorKind::Endless {
                    limit: LIMIT_TEXT,
                    unpacked: false,
                }
                .into());
            }
            let part = chunk.get(..length).unwrap_or_default();
            self.file.write_all(part).map_err(InputErrorKind::Spool)?;
        }
    }
}

impl Kept {
    fn finish(self, file: File, compressed: bool) -> Result<Place, Fault> {
        let (path, held) = match self {
            #[cfg(target_os = "linux")]
            Kept::ByNumber => (by_number(&file), Held::Unnamed(file)),
            Kept::ByName(path) => (path.to_path_buf(), Held::Named(path)),
        };
        Ok(Place {
            path,
            compressed,
            _held: Some(held),
        })
    }
}

#[cfg(target_os = "linux")]
fn by_number(file: &File) -> PathBuf {
    use std::os::fd::AsRawFd;
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// What the unpacker says about its bytes is not about the disk.
fn torn(error: io::Error) -> InputErrorKind {
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
            InputErrorKind::Gzip
        }
        _ => InputErrorKind::io(error),
    }
}

fn is_pipe(metadata: &Metadata) -> bool {
    metadata.file_type().is_fifo()
}
