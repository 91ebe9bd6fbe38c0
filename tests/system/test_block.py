# SPDX-License-Identifier: Apache-2.0
"""Disks behind virtio, NVMe and AHCI controllers, as a guest uses them and as their images hold them."""

import hashlib
import random
import re
import tempfile
import unittest
from pathlib import Path

import session
from velatool import gpt, tapunit
from velatool.hardware import DISK_MODELS, Disk, Hardware

HERE = Path(__file__).resolve().parent
MIB = 1 << 20
DATA, FIXED = 8 * MIB, 4 * MIB
ALPHA = 1
SERVICES = {"paravirtual": 3, "flash": 4, "sata": 5}
CONSOLES = ["alpha", "beta", *SERVICES]

# Writes numbered patterns to a disk and reads them back past the cache until /tmp/stop is there.
LOAD = ("load() { n=0; while [ ! -e /tmp/stop ]; do n=$((n+1)); "
        "head -c 1048576 /dev/urandom >/tmp/$1.new; "
        "dd if=/tmp/$1.new of=/dev/$1 bs=64k seek=$((n % 4 * 16)) conv=fsync 2>/dev/null || return 1; "
        "dd if=/dev/$1 bs=64k skip=$((n % 4 * 16)) count=16 iflag=direct 2>/dev/null "
        "| cmp - /tmp/$1.new || return 2; echo $n >/tmp/$1.count; done; }")


class BlockTest(unittest.TestCase):
    """Each test boots with three fresh disks of two partitions each."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.images = [Path(directory.name, f"{model}.img") for model in DISK_MODELS]
        self.content = random.Random(4).randbytes(FIXED)
        for image in self.images:
            image.touch()
            gpt.write_several(image, [("data", DATA), ("fixed", FIXED)])
            with image.open("r+b") as stream:
                stream.seek(gpt.ALIGNMENT + DATA)
                stream.write(self.content)
        hardware = Hardware(tuple(Disk(image, model)
                                 for image, model in zip(self.images, DISK_MODELS, strict=True)))
        self.vela = session.boot(HERE / "block.conf", CONSOLES, hardware=hardware)
        self.addCleanup(self.vela.terminal.close)
        self.vela.expect_shell(ALPHA)

    def guest(self, text: str) -> str:
        """Run a command in the guest."""
        return self.vela.command(ALPHA, text)

    def part(self, number: int, offset: int, size: int) -> bytes:
        """Bytes of an image, behind its tables."""
        with self.images[number].open("rb") as stream:
            stream.seek(gpt.ALIGNMENT + offset)
            return stream.read(size)

    def test_what_is_written_is_on_the_disk(self) -> None:
        sums = []
        for name in ("vda", "vdb", "vdc"):
            self.assertEqual(self.guest(f"cat /sys/block/{name}/size"), f"{DATA // 512}\n")
            self.guest("dd if=/dev/urandom of=/tmp/x bs=64k count=64 2>/dev/null")
            self.guest(f"dd if=/tmp/x of=/dev/{name} bs=256k seek=2 conv=fsync 2>/dev/null")
            self.guest(f"dd if=/dev/{name} bs=512k skip=1 count=8 iflag=direct 2>/dev/null | cmp - /tmp/x")
            sums.append(self.guest("sha256sum </tmp/x").split()[0])
        self.assertEqual(len(set(sums)), 3)
        for number, expected in enumerate(sums):
            self.assertEqual(hashlib.sha256(self.part(number, MIB // 2, 4 * MIB)).hexdigest(), expected)
            self.assertEqual(self.part(number, DATA, FIXED), self.content)
        fixed = hashlib.sha256(self.content).hexdigest()
        for name in ("vdd", "vde"):
            self.assertEqual(self.guest(f"sha256sum </dev/{name}").split()[0], fixed)
        self.assertEqual(self.guest("cat /sys/block/vdd/ro /sys/block/vde/ro"), "1\n0\n")
        self.guest("! dd if=/tmp/x of=/dev/vdd bs=4k count=1 2>/dev/null")
        # More than the scratch memory holds: what does not fit fails, and what fits is kept.
        self.guest("dd if=/tmp/x of=/dev/vde bs=64k seek=8 count=32 conv=fsync 2>/dev/null")
        self.guest("dd if=/dev/vde bs=64k skip=8 count=32 iflag=direct 2>/dev/null >/tmp/y; "
                   "head -c 2097152 /tmp/x | cmp - /tmp/y")
        self.vela.show(0)
        self.vela.quit()
        for number in range(3):
            self.assertEqual(self.part(number, DATA, FIXED), self.content)
        self.check_refusal()

    def check_refusal(self) -> None:
        """The log says why beta did not start."""
        self.assertRegex(self.vela.terminal.text,
                         r'disk "root": AHCI at 00:06.0, unit 0 "nothing": '
                         r"it has no partition of that name or UUID")
        self.assertRegex(self.vela.terminal.text, r"beta: not started; the other VMs are not affected")

    def restart(self, name: str) -> None:
        """Kill a service and wait until it runs again."""
        self.vela.kill(SERVICES[name], "service", r"; restarts in \d+ ms \(\d+ of \d\)")
        self.vela.terminal.expect(rf"{name}: .*, unit 0: \d+ MiB")
        self.vela.show(ALPHA)

    def start_load(self) -> None:
        """Work on three disks at a time, until each has done something."""
        self.guest(f"{LOAD}; for d in vda vdb vdc; do "
                   "(load $d; echo $? >/tmp/$d.end) & done; true")
        for name in ("vda", "vdb", "vdc"):
            self.guest(f"while [ ! -e /tmp/{name}.count ]; do sleep 1; done")

    def test_drivers_are_killed_under_load(self) -> None:
        self.start_load()
        for name, disk in zip(SERVICES, ("vda", "vdb", "vdc"), strict=True):
            before = int(self.guest(f"cat /tmp/{disk}.count"))
            self.restart(name)
            self.guest(f"while [ $(cat /tmp/{disk}.count) -lt {before + 3} ]; do sleep 1; done")
        self.guest("touch /tmp/stop; wait")
        self.assertEqual(self.guest("cat /tmp/vda.end /tmp/vdb.end /tmp/vdc.end"), "0\n0\n0\n")
        self.assertFalse(re.search("I/O error", self.guest("dmesg")))
        # One that does not come back is an I/O error, and nothing more.
        self.vela.kill(SERVICES["flash"], "service",
                       "; stays stopped, its restart-limit of 1 is reached")
        self.vela.show(ALPHA)
        self.guest("! dd if=/dev/vdb of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null")
        self.guest("dd if=/dev/vda of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null")

    def test_a_vmm_is_killed_under_load(self) -> None:
        self.start_load()
        self.vela.kill(ALPHA, "VMM of", r"; restarts in 500 ms \(1 of \d+\)")
        self.vela.expect_shell(ALPHA)
        self.start_load()
        self.guest("touch /tmp/stop; wait")
        self.assertEqual(self.guest("cat /tmp/vda.end /tmp/vdb.end /tmp/vdc.end"), "0\n0\n0\n")


if __name__ == "__main__":
    tapunit.main()
