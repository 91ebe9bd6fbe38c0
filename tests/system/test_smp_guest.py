# SPDX-License-Identifier: Apache-2.0
"""Stock guests with several processors: they work in parallel, and end and begin as one."""

import re
import unittest
from pathlib import Path

import session
from velatool import tapunit

CONFIG = Path(__file__).resolve().parent / "smp.conf"
QUAD, TWIN = 1, 2

# Hashes 256 KiB in each of many processes at once and counts different results; one sum is right.
PARALLEL = ("head -c 262144 /dev/zero >/tmp/z; for j in $(seq {jobs}); do "
            "( i=0; while [ $i -lt {rounds} ]; do sha256sum </tmp/z; i=$((i+1)); done >/tmp/o.$j ) & done; "
            "wait; cat /tmp/o.* | sort | uniq -c; rm /tmp/o.*")
ZEROES = "8a39d2abd3999ab73c34db2476849cddf303ce389b35826850f9a700589b4a90"


class SmpGuestTest(unittest.TestCase):
    """Each test boots both guests."""

    def setUp(self) -> None:
        self.vela = session.boot(CONFIG, ["quad", "twin"])
        self.terminal = self.vela.terminal
        self.addCleanup(self.terminal.close)
        self.vela.expect_shell(QUAD)

    def processors(self, number: int) -> int:
        """How many the guest's system has brought up."""
        return int(self.vela.command(number, "grep -c ^processor /proc/cpuinfo"))

    def work(self, number: int, jobs: int, rounds: int) -> None:
        """Many processes hash the same; every result must be right."""
        answer = self.vela.command(number, PARALLEL.format(jobs=jobs, rounds=rounds), 240)
        self.assertEqual(answer.split(), [str(jobs * rounds), ZEROES, "-"])

    def interrupts(self, name: str) -> list[int]:
        """A line of the first guest's /proc/interrupts, by processor."""
        line = self.vela.command(QUAD, f"grep {name} /proc/interrupts").split()
        return [int(word) for word in line[1:5]]

    def test_parallel_work(self) -> None:
        self.assertEqual(self.processors(QUAD), 4)
        before = self.interrupts("LOC:")
        self.work(QUAD, 12, 6)
        after = self.interrupts("LOC:")
        for processor in range(4):
            self.assertGreater(after[processor], before[processor])
        self.assertFalse(re.search("unstable|BUG|soft lockup|rcu.*stall", self.vela.command(QUAD, "dmesg")))
        # Off and on again is INIT, STARTUP and everything behind them for a running system.
        for _ in range(3):
            self.vela.command(QUAD, "for i in 0 1; do echo $i >/sys/devices/system/cpu/cpu2/online; done")
        self.assertEqual(self.processors(QUAD), 4)
        self.work(QUAD, 6, 2)
        self.vela.show(TWIN)
        self.vela.expect_shell(TWIN)
        self.assertEqual(self.processors(TWIN), 2)
        self.work(TWIN, 6, 3)
        self.vela.show(0)
        self.terminal.expect(r"root: quad: started on CPUs 1, 2, 1, 2 with")
        self.terminal.expect(r"root: twin: started on CPUs 2, 2 with")
        self.vela.quit()

    def test_ends_and_begins_as_one(self) -> None:
        # Asked for by the guest while all its processors work.
        self.vela.command(QUAD, "for j in 1 2 3 4 5 6; do while :; do :; done & done; true")
        self.terminal.line("reboot -f")
        self.vela.expect_shell(QUAD)
        self.assertEqual(self.processors(QUAD), 4)
        self.vela.command(QUAD, "for j in 1 2 3 4 5 6; do while :; do :; done & done; true")
        # By the user, twice.
        self.vela.kill(QUAD, "VMM of", "; restarts.*")
        self.vela.expect_shell(QUAD)
        self.vela.keys("r")
        self.vela.expect_shell(QUAD)
        # By a panic on whichever processor does it.
        self.vela.command(QUAD, "for j in 1 2 3; do while :; do :; done & done; true")
        self.terminal.line("echo c >/proc/sysrq-trigger")
        self.terminal.expect(r"^\[vela: (panicked|reset|crashed).*; restarts")
        self.vela.expect_shell(QUAD)
        self.work(QUAD, 4, 2)
        # One report each, and the log counts what the guest was left for.
        self.terminal.line("poweroff -f")
        self.terminal.expect(r"^\[vela: powered off\]$")
        self.vela.show(0)
        self.terminal.expect(r"quad: guest: exits:.* CPUID \d+ ")
        self.terminal.expect(r"root: quad: powered off")
        self.assertEqual(len(re.findall(r"root: quad: powered off", self.terminal.text)), 1)
        self.vela.quit()


if __name__ == "__main__":
    tapunit.main()
