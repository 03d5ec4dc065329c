//! Where a ledger may lie: on a disk of this machine, in a folder that nobody else can write.
//!
//! Owns the refusals before a ledger is opened for writing. On a network file system neither the lock nor the
//! write-ahead log holds, nor on what a virtual machine has of its host; in a folder that others can write, the ledger can be
//! put aside or exchanged, and every call would be sent again; under several names (hard links, or a file that is mounted by
//! itself) one ledger has several locks. What cannot be found out (no Linux) is not refused.

use super::LedgerErrorKind;
use crate::folder::folder_of;
use std::collections::HashSet;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// File systems whose data lies on another machine, as the kernel names them.
///
/// A virtual machine's host is another machine: guest and host see neither each other's locks nor each other's memory, and
/// SQLite's log needs both. What sandboxes and containers have for their own disk (`overlay`, `9p`, `virtiofs`) is none of
/// these: there is nobody on the other side.
const NETWORK: [&str; 31] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb2",
    "smb3",
    "smbfs",
    "ncpfs",
    "afs",
    "ceph",
    "lustre",
    "gpfs",
    "beegfs",
    "orangefs",
    "glusterfs",
    "davfs",
    "fuse.sshfs",
    "fuse.glusterfs",
    "fuse.ceph",
    "fuse.s3fs",
    "fuse.rclone",
    "fuse.davfs2",
    "fuse.gcsfuse",
    "fuse.smbnetfs",
    "fuse.curlftpfs",
    "fuse.ceph-fuse",
    "fuse.gvfsd-fuse",
    // Windows drives under WSL.
    DRVFS,
    // Shared folders of VirtualBox, VMware, Parallels.
    "vboxsf",
    "fuse.vmhgfs-fuse",
    "vmhgfs",
    "prl_fs",
];

/// A Windows drive under WSL: WSL 2 names it among the options of a `9p`.
const DRVFS: &str = "drvfs";

/// The kernel's list of what is mounted where.
const MOUNTS: &str = "/proc/self/mountinfo";

/// What the name of a ledger's lock ends with.
pub(super) const LOCK: &str = ".lock";
/// What the name of its emergency file ends with.
pub(super) const EMERGENCY: &str = ".emergency.jsonl";

/// A file that stands beside a ledger and belongs to it.
pub(super) fn beside(ledger: &Path, ending: &str) -> PathBuf {
    let mut name = ledger.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// A ledger and all that stands or may come to stand beside it.
#[must_use]
pub fn files_of(ledger: &Path) -> Vec<PathBuf> {
    let ledger = real(ledger);
    let endings = ["", "-wal", "-shm", "-journal", LOCK, EMERGENCY];
    endings.map(|ending| beside(&ledger, ending)).to_vec()
}

/// The file of a ledger that is mounted by itself, as `docker -v calls.db:/calls.db` does it: in the place that it was
/// mounted from the others that belong to it are other files.
fn mounted<'f>(mounts: &str, files: &'f [PathBuf]) -> Option<&'f PathBuf> {
    let points: HashSet<PathBuf> = mounts
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .map(unescaped)
        .collect();
    files.iter().find(|file| points.contains(*file))
}

fn refuse_mounted(ledger: &Path) -> Result<(), LedgerErrorKind> {
    let Ok(mounts) = std::fs::read_to_string(MOUNTS) else {
        return Ok(());
    };
    match mounted(&mounts, &files_of(ledger)) {
        Some(file) => Err(LedgerErrorKind::Mounted(file.clone())),
        None => Ok(()),
    }
}

/// The file that a ledger is, so that another one in its place is noticed: what is written to a file without a name is lost
/// with the process.
#[derive(Debug)]
pub(super) struct Standing {
    path: PathBuf,
    file: Option<(u64, u64)>,
}

impl Standing {
    /// The file that stands there now.
    pub(super) fn of(ledger: &Path) -> Standing {
        Standing {
            path: ledger.to_owned(),
            file: number(ledger),
        }
    }

    /// Whether it still stands there.
    pub(super) fn holds(&self) -> bool {
        number(&self.path) == self.file
    }
}

/// Device and number of a file; none where there is no file.
fn number(path: &Path) -> Option<(u64, u64)> {
    let file = path.metadata().ok()?;
    Some((file.dev(), file.ino()))
}

/// Where a ledger really lies, behind any links: its lock and its other files stand there, whatever it was called.
pub(super) fn real(ledger: &Path) -> PathBuf {
    let behind = |path: &Path| match path.read_link() {
        // A link to a ledger that is yet to be made.
        Ok(target) => folder_of(path).join(target),
        Err(_) => path.to_owned(),
    };
    let whole = |path: &Path| {
        let folder = folder_of(path).canonicalize().ok()?;
        Some(folder.join(path.file_name()?))
    };
    let found = ledger.canonicalize().ok();
    found
        .or_else(|| whole(&behind(ledger)))
        .unwrap_or_else(|| ledger.to_owned())
}

/// Refuses a file that has other names: its lock and its log stand beside a name, not beside the file.
fn refuse_names(ledger: &Path) -> Result<(), LedgerErrorKind> {
    // A folder has a name for each folder in it; that it is no ledger is told elsewhere.
    match ledger.metadata() {
        Ok(file) if file.is_file() && file.nlink() > 1 => {
            Err(LedgerErrorKind::Linked(file.nlink()))
        }
        _ => Ok(()),
    }
}

/// Refuses a folder in which a ledger would not be safe.
pub(super) fn check(ledger: &Path) -> Result<(), LedgerErrorKind> {
    let folder = folder_of(ledger)
        .canonicalize()
        .map_err(|error| LedgerErrorKind::Open(error.to_string()))?;
    refuse_network(&folder)?;
    refuse_shared(&folder)?;
    refuse_names(ledger)?;
    refuse_mounted(ledger)
}

fn refuse_network(folder: &Path) -> Result<(), LedgerErrorKind> {
    match std::fs::read_to_string(MOUNTS) {
        Ok(mounts) => refuse_network_among(&mounts, folder),
        Err(_) => Ok(()),
    }
}

fn refuse_network_among(mounts: &str, folder: &Path) -> Result<(), LedgerErrorKind> {
    match file_system(mounts, folder) {
        Some(kind) if NETWORK.contains(&kind) => Err(LedgerErrorKind::Network(kind.to_owned())),
        _ => Ok(()),
    }
}

/// The kind of file system that a folder is on. Of several mounts on one place the last one is seen.
fn file_system<'m>(mounts: &'m str, folder: &Path) -> Option<&'m str> {
    let mut best: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let Some((mount, device)) = line.split_once(" - ") else {
            continue;
        };
        let (Some(point), Some(kind)) = (mount.split(' ').nth(4), device.split(' ').next()) else {
            continue;
        };
        let is_drive = kind == "9p" && device.contains("aname=drvfs");
        let kind = if is_drive { DRVFS } else { kind };
        let point = unescaped(point);
        let depth = point.components().count();
        if folder.starts_with(&point) && best.is_none_or(|(most, _)| depth >= most) {
            best = Some((depth, kind));
        }
    }
    best.map(|(_, kind)| kind)
}

/// The kernel writes space, tab, line end and backslash of a path as `\040` and the like.
fn unescaped(point: &str) -> PathBuf {
    let plain = point
        .replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\");
    PathBuf::from(plain)
}

fn refuse_shared(folder: &Path) -> Result<(), LedgerErrorKind> {
    /// Written by group or others.
    const OTHERS_WRITE: u32 = 0o022;
    /// In such a folder (`/tmp`) nobody can take away what belongs to somebody else.
    const STICKY: u32 = 0o1000;
    let mode = folder
        .metadata()
        .map_err(|error| LedgerErrorKind::Open(error.to_string()))?
        .permissions()
        .mode();
    if mode & OTHERS_WRITE != 0 && mode & STICKY == 0 {
        return Err(LedgerErrorKind::Shared(folder.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:25 / /home rw shared:5 - nfs4 files:/home rw,vers=4.2
31 30 8:2 / /home/kim/disk rw - ext4 /dev/sdb1 rw
32 22 0:40 / /mnt/night\\040calls rw - cifs //server/share rw
33 22 0:41 / /srv rw - ext4 /dev/sdc1 rw
34 33 0:42 / /srv rw - fuse.sshfs host: rw
";

    #[test]
    fn the_deepest_mount_says_what_a_folder_is_on() {
        let cases = [
            ("/var/lib", "ext4"),
            ("/home/kim", "nfs4"),
            ("/homes", "ext4"),
            ("/home/kim/disk/x", "ext4"),
            ("/mnt/night calls/x", "cifs"),
            ("/srv/x", "fuse.sshfs"),
        ];
        for (folder, kind) in cases {
            assert_eq!(
                file_system(EXAMPLE, Path::new(folder)),
                Some(kind),
                "{folder}"
            );
        }
    }

    #[test]
    fn what_lies_on_another_machine_is_refused_and_so_is_what_lies_on_the_host_of_this_one() {
        // As the kernel shows them.
        let mounts = r"
22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
40 22 0:50 / /mnt/c rw,noatime - 9p C:\134 rw,dirsync,aname=drvfs;path=C:\;uid=1000,access=client,trans=fd
41 22 0:51 / /mnt/d rw,noatime - drvfs D: rw,uid=1000
42 22 0:52 / /srv/share rw,relatime - virtiofs share rw
49 22 0:59 / /sandbox rw - 9p none rw,trans=fd,rfdno=4,wfdno=4
43 22 0:53 / /media/sf_calls rw,nodev,relatime - vboxsf calls rw,iocharset=utf8
44 22 0:54 / /mnt/hgfs rw,nosuid,nodev,relatime - fuse.vmhgfs-fuse vmhgfs-fuse rw,allow_other
45 22 0:55 / /media/psf rw,relatime - prl_fs none rw
47 22 0:57 / /ceph rw,nosuid - fuse.ceph-fuse ceph-fuse rw
48 22 0:58 / /container rw,relatime - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w
";
        let kinds = [
            ("/mnt/c/Users", Some("drvfs")),
            ("/mnt/d", Some("drvfs")),
            ("/srv/share", None),
            ("/sandbox", None),
            ("/media/sf_calls", Some("vboxsf")),
            ("/mnt/hgfs/calls", Some("fuse.vmhgfs-fuse")),
            ("/media/psf", Some("prl_fs")),
            ("/ceph", Some("fuse.ceph-fuse")),
            ("/container/state", None),
            ("/var/lib", None),
        ];
        for (folder, kind) in kinds {
            let refused = match refuse_network_among(mounts, Path::new(folder)) {
                Err(LedgerErrorKind::Network(kind)) => Some(kind),
                Err(other) => panic!("{other}"),
                Ok(()) => None,
            };
            assert_eq!(refused.as_deref(), kind, "{folder}");
        }
    }

    #[test]
    fn a_file_that_is_mounted_by_itself_is_found() {
        let mounts = format!(
            "{EXAMPLE}40 22 8:1 /srv/l.db /data/my\\040calls.db-wal rw - ext4 /dev/sda1 rw\n"
        );
        let found = |ledger: &str| {
            let files = ["", "-wal", LOCK].map(|ending| beside(Path::new(ledger), ending));
            mounted(&mounts, &files).cloned()
        };
        let log = PathBuf::from("/data/my calls.db-wal");
        assert_eq!(found("/data/my calls.db"), Some(log.clone()));
        assert_eq!(found("/data/my calls.db-wal"), Some(log));
        // One that lies on a mount is not one.
        assert_eq!(found("/home/kim/disk/l.db"), None);
    }

    #[test]
    fn a_damaged_list_of_mounts_refuses_nothing() {
        assert_eq!(file_system("22 1 8:1 /\n - \n\n", Path::new("/")), None);
    }

    #[test]
    fn a_folder_that_others_can_write_is_refused_unless_it_is_sticky() {
        let folder = tempfile::tempdir().unwrap();
        for (mode, is_refused) in [
            (0o700, false),
            (0o755, false),
            (0o775, true),
            (0o777, true),
            (0o1777, false),
        ] {
            std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            let refused = check(&folder.path().join("ledger.db"));
            assert_eq!(
                matches!(refused, Err(LedgerErrorKind::Shared(_))),
                is_refused,
                "{mode:o}: {refused:?}"
            );
        }
    }
}
