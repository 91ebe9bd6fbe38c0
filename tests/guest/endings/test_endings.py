# SPDX-License-Identifier: Apache-2.0
"""Each way a guest can end: the system log must name the way, and nothing must start it again.

On the command line: qemu or a processor model of Bochs, its virtualisation, and the configuration.
"""

import re
import sys
import tempfile
import unittest
from pathlib import Path

from velatool import bochs, boot, build, paths, qemu, serial, tapunit

CONFIG, KIND, MODEL = Path(sys.argv.pop()), sys.argv.pop(), sys.argv.pop()
TIMEOUT = 60
BOCHS_TIMEOUT = 280
BOCHS_TICKS = 30_000_000_000

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


# Endings that a machine cannot have: a triple fault under SVM ends Bochs itself.
IMPOSSIBLE = {"triple": "a guest's triple fault ends Bochs"} if KIND == "svm" else {}


def run_in_qemu() -> serial.Outcome:
    """The machine in QEMU."""
    plan = boot.plan(CONFIG, f"{qemu.EXIT_ARGUMENT} exit-when-idle")
    machine = qemu.Machine(kernel=plan.kernel, modules=plan.modules, cpus=1, memory_mib=512)
    outcome = serial.run(machine, TIMEOUT, lambda line: False)
    if outcome.status != qemu.DebugExit.QUIT.status:
        outcome.fault = qemu.meaning(outcome.status or 0)
    return outcome


def run_in_bochs() -> serial.Outcome:
    """The machine in Bochs, without the guests that would end it."""
    text = CONFIG.read_text()
    for name in IMPOSSIBLE:
        text = re.sub(rf"^vm {name} \{{\n(.*\n)*?\}}\n", "", text, flags=re.MULTILINE)
    with tempfile.TemporaryDirectory(dir=paths.BUILD) as directory:
        # Beside the other one, where the guest's files are.
        config, iso = CONFIG.with_name(f"endings-{MODEL}.conf"), Path(directory, "endings.iso")
        config.write_text(text)
        modules = boot.plan(config, "exit-when-idle").modules
        bochs.write_image(iso, build.stripped(paths.KERNEL), modules)
        machine = bochs.Machine(iso, MODEL, memory_mib=512, ticks=BOCHS_TICKS)
        return serial.run_bochs(machine, BOCHS_TIMEOUT, lambda line: "PANIC" in line)


class EndingsTest(unittest.TestCase):
    """One machine with a guest for each ending; without a console the system log is shown."""

    outcome: serial.Outcome

    @classmethod
    def setUpClass(cls) -> None:
        cls.outcome = run_in_qemu() if MODEL == "qemu" else run_in_bochs()
        for line in [*cls.outcome.lines, *cls.outcome.log]:
            print(f"# {line}")

    def said_of(self, name: str) -> list[str]:
        """What the root task said when this guest ended."""
        marker = f" root: {name}: "
        said = [line.partition(marker)[2] for line in self.outcome.lines if marker in line]
        others = ("started on CPU ", "KiB of memory cleared ")
        return [text for text in said if not any(other in text for other in others)]

    def test_machine_ends_by_itself(self) -> None:
        self.assertEqual(self.outcome.fault, "")
        self.assertFalse(self.outcome.timed_out or self.outcome.stopped)


def add_test(name: str, wanted: list[str]) -> None:
    """A test of one guest."""
    def test(self: EndingsTest) -> None:
        if name in IMPOSSIBLE:
            self.skipTest(IMPOSSIBLE[name])
        said = self.said_of(name)
        self.assertEqual(len(said), len(wanted), said)
        for text, start in zip(said, wanted):
            self.assertTrue(text.startswith(start), f"'{text}' instead of '{start}'")

    setattr(EndingsTest, f"test_{name}", test)


for guest, texts in ENDS.items():
    add_test(guest, texts)

if __name__ == "__main__":
    tapunit.main()
