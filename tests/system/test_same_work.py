# SPDX-License-Identifier: Apache-2.0
"""The same guest does the same work wherever it runs: work.sh's output is compared, line by line, between
Linux on QEMU without Vela, Vela on QEMU, and Vela on the processor models of Bochs named on the command
line.
"""

import re
import sys
import tempfile
import unittest
from collections.abc import Iterable
from pathlib import Path

from harness import boot_bochs
from velatool import boot, cpio, guest, paths, qemu, serial, tapunit

MODELS, sys.argv[1:] = sys.argv[1:], []
WORK = Path(__file__).with_name("work.sh")
TIMEOUT = 200
COMMAND_LINE = "console=ttyS0 quiet cryptomgr.notests panic=-1 reboot=t rdinit=/work"
CONFIG = f"""\
vm work {{
	memory 192M
	boot linux {{
		kernel "debian/vmlinuz"
		initrd "initramfs.work"
		args "{COMMAND_LINE}"
	}}
}}
"""


def work_initramfs(target: Path) -> None:
    """The stock guest's initramfs and, in a second archive behind it, the work."""
    archive = cpio.Archive()
    archive.file("work", WORK.read_bytes(), 0o755)
    target.write_bytes(guest.INITRAMFS.read_bytes() + archive.finish())


def said(lines: Iterable[str]) -> list[str]:
    """What the work printed."""
    text = "\n".join(lines)
    match = re.search(r"^@@ begin$\n((?:.*\n)*?)@@ end$", text, re.MULTILINE)
    assert match, f"the work was not done:\n{text[-3000:]}"
    return match.group(1).splitlines()


class SameWorkTest(unittest.TestCase):
    """Each test is one machine; the first that runs without Vela is the yardstick."""

    config: Path
    expected: list[str]

    @classmethod
    def setUpClass(cls) -> None:
        directory = Path(cls.enterClassContext(tempfile.TemporaryDirectory(dir=paths.BUILD)))
        cls.config = directory / "work.conf"
        cls.config.write_text(CONFIG)
        initramfs = directory / "initramfs.work"
        work_initramfs(initramfs)
        outcome = serial.run(qemu.Machine(
            kernel=guest.KERNEL, append=COMMAND_LINE, cpus=1, memory_mib=192,
            extra=("-initrd", str(initramfs))), TIMEOUT, lambda line: line == "@@ end")
        cls.expected = said(outcome.lines)

    def test_without_vela(self) -> None:
        for line in self.expected:
            print(f"# {line}")
        self.assertIn("8 parts are the file", self.expected)
        self.assertIn(f"200 processes returned {sum(n % 7 for n in range(1, 201))}", self.expected)

    def test_qemu(self) -> None:
        plan = boot.plan(self.config, f"{qemu.EXIT_ARGUMENT} exit-when-idle")
        machine = qemu.Machine(kernel=plan.kernel, modules=plan.modules, memory_mib=768)
        outcome = serial.run(machine, TIMEOUT, lambda line: False)
        self.assertEqual(said(outcome.lines), self.expected)
        self.assertEqual(outcome.status, qemu.DebugExit.QUIT.status)


def add_test(model: str) -> None:
    """A test on one of Bochs's models."""
    def test(self: SameWorkTest) -> None:
        outcome = boot_bochs(self.config, model)
        log = "\n".join(outcome.log)
        self.assertEqual(outcome.fault, "", log)
        self.assertEqual(said(outcome.lines), self.expected, log)

    setattr(SameWorkTest, f"test_{model}", test)


for name in MODELS:
    add_test(name)

if __name__ == "__main__":
    tapunit.main()
