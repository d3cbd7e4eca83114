"""Where a desk lies: a file system over a network keeps fewer promises."""

import os
import re

from csctool.desk.ports import Symptom

#: File systems over a network, by their names in /proc/mounts.
NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs", "fuse.glusterfs", "lustre",
     "davfs", "fuse.davfs2", "fuse.s3fs", "fuse.rclone", "fuse.ceph", "ncpfs", "beegfs", "gpfs"}
)  # fmt: skip


def network(root: str, mounts: str = "/proc/mounts") -> Symptom | None:
    """A warning when a place lies, or would lie, on a network file system."""
    place = os.path.realpath(root)
    best, kind = "", ""
    try:
        with open(mounts, encoding="utf-8", errors="replace") as file:
            for line in file:
                _, where, found, *_ = line.split(" ")
                where = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), where)
                if (place == where or place.startswith(where.rstrip("/") + "/")) and len(where) >= len(best):
                    best, kind = where, found
    except OSError:
        return None  # a system that does not tell
    if kind not in NETWORK:
        return None
    return Symptom("warning", None, root, f"the desk lies on a network file system ({kind} at {best})",
                   "locks and renames keep fewer promises there: move it to a local disk")  # fmt: skip
