# SPDX-License-Identifier: Apache-2.0
"""Writes partition tables: GPT as the UEFI specification has it (2.10, chapter 5).

The identifiers of the disk and its partitions are fixed, so that the same input gives the same bytes.
"""

import struct
import uuid
import zlib
from collections.abc import Sequence
from pathlib import Path

SECTOR = 512
ENTRIES = 128
ENTRY_SIZE = 128
TABLE_SECTORS = ENTRIES * ENTRY_SIZE // SECTOR
ALIGNMENT = 1 << 20
# At the end of the disk lie the second table and header.
TAIL = (TABLE_SECTORS + 1) * SECTOR
LINUX_DATA = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")
DISK_ID = uuid.UUID("6e9dc7f1-3c5a-4c39-8a52-76656c610001")
PARTITION_ID = uuid.UUID("6e9dc7f1-3c5a-4c39-8a52-76656c610002")
HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
ENTRY = struct.Struct("<16s16sQQQ72s")


def disk_size(partition_bytes: int) -> int:
    """The size of a disk for a partition of this size, a multiple of the alignment."""
    return ALIGNMENT + partition_bytes + ALIGNMENT


def header(own: int, other: int, table: int, sectors: int, table_crc: int) -> bytes:
    """One of the two headers, a sector."""
    def fields(crc: int) -> bytes:
        return HEADER.pack(b"EFI PART", 0x10000, HEADER.size, crc, 0, own, other,
                           TABLE_SECTORS + 2, sectors - TABLE_SECTORS - 2, DISK_ID.bytes_le,
                           table, ENTRIES, ENTRY_SIZE, table_crc)

    return fields(zlib.crc32(fields(0))).ljust(SECTOR, b"\0")


def protective_mbr(sectors: int) -> bytes:
    """The MBR that keeps older tools off: one partition of type 0xee over the whole disk."""
    entry = struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xEE, b"\xff\xff\xff", 1,
                        min(sectors - 1, 0xFFFFFFFF))
    return b"\0" * 446 + entry + b"\0" * 48 + b"\x55\xaa"


def write(disk: Path, name: str, partition_bytes: int) -> None:
    """Give a file, which may hold the partition's content already, its size and its tables."""
    write_several(disk, [(name, partition_bytes)])


def write_several(disk: Path, partitions: Sequence[tuple[str, int]]) -> None:
    """The same with several partitions behind one another; sizes are multiples of the alignment."""
    sectors = disk_size(sum(size for _, size in partitions)) // SECTOR
    first = ALIGNMENT // SECTOR
    table = b""
    for number, (name, size) in enumerate(partitions):
        identifier = uuid.UUID(int=PARTITION_ID.int + number)
        table += ENTRY.pack(LINUX_DATA.bytes_le, identifier.bytes_le, first,
                            first + size // SECTOR - 1, 0, name.encode("utf-16-le"))
        first += size // SECTOR
    table = table.ljust(ENTRIES * ENTRY_SIZE, b"\0")
    crc = zlib.crc32(table)
    second_table = sectors - 1 - TABLE_SECTORS
    with disk.open("r+b") as stream:
        stream.truncate(sectors * SECTOR)
        stream.write(protective_mbr(sectors) + header(1, sectors - 1, 2, sectors, crc) + table)
        stream.seek(second_table * SECTOR)
        stream.write(table + header(sectors - 1, 1, second_table, sectors, crc))
