# SPDX-License-Identifier: Apache-2.0
"""Debian on a disk of its own, with four virtual CPUs and a network, and a small guest beside it.

Programs in the guest that check themselves are the tests: a build, fio, stress-ng. In the end the
guest's monitor is killed while it writes; what it had synced must be there, and the file system whole.
"""

import hashlib
import os
import random
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import debian
import session
from velatool import gpt, paths, tapunit

DEBIAN, SMALL = 1, 2
CONFIG = """\
storage ssd { device "00:04.0" }
switch lan { uplink "00:08.0" }
""" + debian.vm("debian", """\
	memory 512M
	cpus 4
	disk system { from ssd; partition "debian" }
	net lan { }
	rng on
	on-crash restart""") + debian.small_vm("small", "\tnet lan { }")
FETCH_BYTES = 8 << 20
SOURCES = 24
# Each source file has functions enough to keep the compiler busy; the program adds up their results.
MAKE_SOURCES = (
    f"mkdir -p /root/build && cd /root/build && for i in $(seq {SOURCES}); do "
    "{ for j in $(seq 40); do echo \"int f${i}_$j(int n) { int s = $j; while (n--) "
    "s = s * 3 + (s ^ n) % ($i + $j); return s; }\"; done; echo \"int f$i(void) { return $i; }\"; } "
    ">f$i.c; done; { for i in $(seq " + str(SOURCES) + "); do echo \"int f$i(void);\"; done; "
    "echo '#include <stdio.h>'; echo 'int main(void) { int s = 0;'; "
    f"for i in $(seq {SOURCES}); do echo \"s += f$i();\"; done; "
    "echo 'printf(\"sum %d\\n\", s); }'; } >main.c; "
    f"printf 'program: $(patsubst %%.c,%%.o,$(wildcard *.c))\\n\\tgcc -o $@ $^\\n' >Makefile")
FIO = ("fio --name=verify --filename=/root/fio --size=24M --rw=randwrite --bs=4k --direct=1 "
       "--ioengine=libaio --iodepth=32 --verify=crc32c --verify_fatal=1 --do_verify=1 "
       "--output-format=terse --terse-version=3")
STRESS = ("stress-ng --verify --timeout 12s --cpu 2 --cpu-method matrixprod --vm 2 --vm-bytes 24M "
          "--tlb-shootdown 2 --switch 1 --timer 1 --metrics-brief")


class DebianTest(unittest.TestCase):
    """All tests share one machine; the killing is last."""

    @classmethod
    def setUpClass(cls) -> None:
        directory = tempfile.TemporaryDirectory(dir=paths.BUILD)
        cls.addClassCleanup(directory.cleanup)
        cls.image = debian.own_disk(Path(directory.name))
        cls.vela = debian.boot(CONFIG, ["debian", "small"], debian.hardware(cls.image))
        cls.terminal = cls.vela.terminal
        cls.addClassCleanup(cls.terminal.close)
        debian.log_in(cls.vela, DEBIAN)

    def test_1_system_is_whole(self) -> None:
        output = self.vela.command(DEBIAN, "systemctl --no-pager --failed; nproc; id -un", debian.BOOT)
        self.assertIn("0 loaded units listed", output)
        self.assertIn("\n4\nroot\n", output)

    def test_2_fetch_while_another_guest_pings(self) -> None:
        content = random.Random(4).randbytes(FETCH_BYTES)
        target = debian.address(self.vela, DEBIAN)
        debian.address(self.vela, SMALL)
        self.vela.command(SMALL, f"ping -i 0.2 -c 25 {target} >/tmp/ping & true")
        with debian.FileServer(content) as server:
            for _ in range(2):
                output = self.vela.command(DEBIAN, f"wget -q -O - {server.url} | sha256sum",
                                           debian.BOOT)
                self.assertEqual(output.split()[0], hashlib.sha256(content).hexdigest())
        self.assertIn(" 0% packet loss", self.vela.command(SMALL, "wait; cat /tmp/ping"))

    def test_2_queues_for_each_processor(self) -> None:
        """Linux has a queue of the disk and a pair of the network on each, and all interrupt."""
        queues = self.vela.command(DEBIAN, "for of in block/vda/mq/ net/e*/queues/rx- net/e*/queues/tx-; "
                                   "do ls -d /sys/class/$of* | wc -l; done")
        self.assertEqual(queues.split(), ["4", "4", "4"])
        with debian.FileServer(b"of every processor") as server:
            for cpu in range(4):
                output = self.vela.command(
                    DEBIAN, f"taskset -c {cpu} dd if=/dev/vda of=/dev/null bs=4k count=4 iflag=direct "
                    f"status=none; taskset -c {cpu} wget -q -O - {server.url}; echo", debian.BOOT)
                self.assertEqual(output.strip(), "of every processor")
        output = self.vela.command(DEBIAN, "cat /proc/interrupts")
        counts = {row.split()[-1]: sum(map(int, row.split()[1:5]))
                  for row in output.splitlines() if "virtio" in row}
        for kind in ("req", "input"):
            used = [count for name, count in counts.items() if f"-{kind}." in name]
            self.assertEqual(len(used), 4, output)
            self.assertNotIn(0, used, output)

    def test_3_parallel_build(self) -> None:
        self.vela.command(DEBIAN, MAKE_SOURCES)
        output = self.vela.command(DEBIAN, "make -s -j4 && ./program; cd", debian.BOOT)
        self.assertEqual(output, f"sum {sum(range(SOURCES + 1))}\n")

    def test_4_disk_verifies(self) -> None:
        output = self.vela.command(DEBIAN, FIO, debian.BOOT).splitlines()[-1].split(";")
        self.assertEqual((output[2], output[4]), ("verify", "0"))
        self.assertEqual(int(output[5]), 24 << 10, "KiB read back")

    def test_5_stress(self) -> None:
        output = self.vela.command(DEBIAN, STRESS + " 2>&1", debian.BOOT)
        self.assertRegex(output, "successful run completed")
        self.assertNotRegex(output, r"(?i)fail")

    def test_6_killed_while_it_writes(self) -> None:
        wanted = self.vela.command(
            DEBIAN, "dd if=/dev/urandom of=/root/kept bs=64k count=32 conv=fsync 2>/dev/null; "
            "sha256sum /root/kept")
        self.vela.command(DEBIAN, "(while :; do dd if=/dev/zero of=/root/noise bs=64k count=64; "
                          "done) >/dev/null 2>&1 & sleep 2")
        self.vela.keys("ky")
        self.terminal.expect(r"^\[vela: killing the VMM of debian\]$")
        debian.log_in(self.vela, DEBIAN)
        self.assertEqual(self.vela.command(DEBIAN, "sha256sum /root/kept"), wanted)
        self.assertNotIn("EXT4-fs error", self.vela.command(DEBIAN, "dmesg"))
        self.terminal.line("poweroff")
        self.terminal.expect(r"^\[vela: powered off\]$", debian.BOOT)
        self.vela.quit()
        self.check_file_system()

    def check_file_system(self) -> None:
        """Have e2fsck look at all of the disk's file system; it must find nothing."""
        done = subprocess.run(["e2fsck", "-fn", f"{self.image}?offset={gpt.ALIGNMENT}"],
                              env={**os.environ, "PATH": f"{os.environ['PATH']}:/sbin:/usr/sbin"},
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"debian: \d+/\d+ files")


if __name__ == "__main__":
    tapunit.main()
