# SPDX-License-Identifier: Apache-2.0
"""Writes initramfs archives in the kernel's "newc" cpio format, the same bytes for the same input:
times are zero, owners are root and entries keep the order in which they were added.
"""

import gzip
import stat
from dataclasses import dataclass, field

TRAILER = "TRAILER!!!"


@dataclass
class Archive:
    """An archive under construction. Directories must be added before what they hold."""

    data: bytearray = field(default_factory=bytearray)
    entries: int = 0

    def directory(self, name: str) -> None:
        """Add a directory."""
        self._add(name, stat.S_IFDIR | 0o755, b"")

    def file(self, name: str, content: bytes, mode: int = 0o644) -> None:
        """Add a regular file."""
        self._add(name, stat.S_IFREG | mode, content)

    def symlink(self, name: str, target: str) -> None:
        """Add a symbolic link."""
        self._add(name, stat.S_IFLNK | 0o777, target.encode())

    def character_device(self, name: str, major: int, minor: int) -> None:
        """Add a character device node."""
        self._add(name, stat.S_IFCHR | 0o600, b"", device=(major, minor))

    def finish(self, compress: bool = True) -> bytes:
        """Close the archive and return it, compressed with gzip or as it is."""
        self._add(TRAILER, 0, b"")
        return gzip.compress(bytes(self.data), compresslevel=9, mtime=0) if compress \
            else bytes(self.data)

    def _add(self, name: str, mode: int, content: bytes, device: tuple[int, int] = (0, 0)) -> None:
        self.entries += 1
        encoded = name.encode() + b"\0"
        links = 2 if stat.S_ISDIR(mode) else 1
        inode = 0 if name == TRAILER else self.entries
        fields = (inode, mode, 0, 0, links, 0, len(content), 0, 0, *device, len(encoded), 0)
        self.data += b"070701" + b"".join(b"%08X" % value for value in fields)
        self.data += encoded
        self._pad()
        self.data += content
        self._pad()

    def _pad(self) -> None:
        self.data += b"\0" * (-len(self.data) % 4)
