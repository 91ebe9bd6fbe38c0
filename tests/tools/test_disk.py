# SPDX-License-Identifier: Apache-2.0
"""Tests of disks: the partition table that is written, and what QEMU is told of disks and adapters."""

import struct
import tempfile
import unittest
import zlib
from pathlib import Path

from velatool import gpt, hardware, tapunit
from velatool.ui import NotFound, UsageError

PARTITION_BYTES = 8 << 20


class TableTest(unittest.TestCase):
    """Reads back what gpt.write() wrote, as chapter 5.3 of the UEFI specification describes it."""

    def setUp(self) -> None:
        with tempfile.NamedTemporaryFile() as file:
            gpt.write(Path(file.name), "debian", PARTITION_BYTES)
            self.disk = Path(file.name).read_bytes()
        self.last = len(self.disk) // 512 - 1

    def sector(self, number: int, count: int = 1) -> bytes:
        """Sectors of the disk."""
        return self.disk[number * 512:(number + count) * 512]

    def check_header(self, own: int, other: int, table: int) -> None:
        """One header: its place, what it points to, and its checksums."""
        header = bytearray(self.sector(own)[:92])
        crc = struct.unpack_from("<I", header, 16)[0]
        struct.pack_into("<I", header, 16, 0)
        self.assertEqual(zlib.crc32(header), crc)
        self.assertEqual(header[:8], b"EFI PART")
        self.assertEqual(struct.unpack_from("<QQQQ", header, 24), (own, other, 34, self.last - 33))
        self.assertEqual(struct.unpack_from("<QIII", header, 72),
                         (table, 128, 128, zlib.crc32(self.sector(table, 32))))

    def test_both_headers(self) -> None:
        self.check_header(1, self.last, 2)
        self.check_header(self.last, 1, self.last - 32)

    def test_both_tables_hold_the_partition_alone(self) -> None:
        self.assertEqual(self.sector(2, 32), self.sector(self.last - 32, 32))
        first, end = struct.unpack_from("<QQ", self.sector(2), 32)
        self.assertEqual((first * 512, (end - first + 1) * 512), (1 << 20, PARTITION_BYTES))
        self.assertLess(end, self.last - 32)
        self.assertEqual(self.sector(2)[56:128].decode("utf-16-le").rstrip("\0"), "debian")
        self.assertEqual(self.sector(2, 32)[128:].strip(b"\0"), b"")

    def test_protective_mbr(self) -> None:
        self.assertEqual(self.disk[510:512], b"\x55\xaa")
        self.assertEqual(self.disk[450], 0xEE)
        self.assertEqual(struct.unpack_from("<II", self.disk, 454), (1, self.last))


class HardwareTest(unittest.TestCase):
    """Disks and adapters of QEMU's machine."""

    def test_a_disk_is_a_file_or_a_model_and_a_file(self) -> None:
        with tempfile.NamedTemporaryFile() as file:
            path = Path(file.name)
            self.assertEqual(hardware.parse_disk(file.name), hardware.Disk(path, "virtio"))
            self.assertEqual(hardware.parse_disk("nvme:" + file.name), hardware.Disk(path, "nvme"))
            with self.assertRaisesRegex(UsageError, "no disk model 'nvm'"):
                hardware.parse_disk("nvm:" + file.name)
        with self.assertRaises(NotFound):
            hardware.parse_disk("ahci:" + file.name)

    def test_places(self) -> None:
        disks = [hardware.Disk(Path("a"), model) for model in hardware.DISK_MODELS]
        words = hardware.arguments(hardware.Hardware(disks, ["virtio", "e1000e"]))
        for word in ("nvme,drive=disk1,serial=vela-1,addr=0x5.0", "ich9-ahci,id=ahci2,addr=0x6.0",
                     "virtio-blk-pci,drive=disk0,addr=0x4.0,disable-legacy=on",
                     "virtio-net-pci,netdev=net0,addr=0x8.0,disable-legacy=on",
                     "e1000e,netdev=net1,addr=0x9.0"):
            self.assertIn(word, words)
        self.assertEqual((hardware.disk_address(0), hardware.adapter_address(3)),
                         ("00:04.0", "00:0b.0"))

    def test_too_many(self) -> None:
        with self.assertRaisesRegex(UsageError, "at most 4"):
            hardware.arguments(hardware.Hardware(adapters=["virtio"] * 5))


if __name__ == "__main__":
    tapunit.main()
