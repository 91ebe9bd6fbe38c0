# SPDX-License-Identifier: Apache-2.0
"""Each way a guest can end: the system log must name the way, and nothing must start it again."""

import sys
import unittest
from pathlib import Path

from velatool import boot, qemu, serial, tapunit

CONFIG = Path(sys.argv.pop())
TIMEOUT = 60

# What the root task says behind "NAME: ", as often as it must say it.
ENDS = {
    "code": ["ended: exit code 42"],
    "cf9": ["reset"],
    "pulse": ["reset"],
    "output": ["reset"],
    "port92": ["reset"],
    "acpi": ["powered off"],
    "panic": ["panicked: panic"],
    "triple": ["crashed: triple fault"],
    "table": ["crashed: an interrupt or exception could not be delivered"],
    "pages": ["crashed: an interrupt or exception could not be delivered"],
    "lost": ["ended: exit code 100"],
    "again": ["panicked: panic; restarts in 500 ms (1 of 1)",
              "panicked: panic; stays stopped, its restart-limit of 1 is reached"],
    "wrong": ["ended: exit code 99"],
}


class EndingsTest(unittest.TestCase):
    """One machine with a guest for each ending; without a console the system log is shown."""

    lines: list[str] = []
    status: int | None = None

    @classmethod
    def setUpClass(cls) -> None:
        plan = boot.plan(CONFIG, f"{qemu.EXIT_ARGUMENT} exit-when-idle")
        machine = qemu.Machine(kernel=plan.kernel, modules=plan.modules, cpus=1, memory_mib=512)
        outcome = serial.run(machine, TIMEOUT, lambda line: False)
        cls.lines, cls.status = outcome.lines, outcome.status
        for line in cls.lines:
            print(f"# {line}")

    def said_of(self, name: str) -> list[str]:
        """What the root task said when this guest ended."""
        marker = f" root: {name}: "
        said = [line.partition(marker)[2] for line in self.lines if marker in line]
        return [text for text in said if "started on CPU" not in text]

    def test_machine_ends_by_itself(self) -> None:
        self.assertEqual(self.status, qemu.DebugExit.QUIT.status)


def add_test(name: str, wanted: list[str]) -> None:
    """A test of one guest."""
    def test(self: EndingsTest) -> None:
        said = self.said_of(name)
        self.assertEqual(len(said), len(wanted), said)
        for text, start in zip(said, wanted):
            self.assertTrue(text.startswith(start), f"'{text}' instead of '{start}'")

    setattr(EndingsTest, f"test_{name}", test)


for guest, texts in ENDS.items():
    add_test(guest, texts)

if __name__ == "__main__":
    tapunit.main()
