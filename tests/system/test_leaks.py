# SPDX-License-Identifier: Apache-2.0
"""Starting and ending a guest many times loses no memory.

The root task says after each end how much memory is free. The kernel's own pool is small: it would
be used up well before the last round if ended VMs left their objects behind.
"""

import re
import tempfile
import unittest
from pathlib import Path

import session
import tiny
from harness import Terminal, boot_config
from velatool import tapunit

ROUNDS = 60
KEY_ROUNDS = 12
END = re.compile(r"^\[.*\] root: again: (\d+) KiB of memory cleared and free again, "
                 r"(\d+) KiB in all; the kernel had \d+ KiB for it$", re.MULTILINE)


class LeaksTest(unittest.TestCase):
    """One tiny guest that is started again and again."""

    def boot(self, code: bytes, settings: str) -> Terminal:
        """Boot the guest."""
        directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        tiny.write(directory, again=code)
        config = directory / "again.conf"
        config.write_text("vm again {\n\tmemory 64M\n\tboot multiboot { kernel \"again.bin\" }\n"
                          f"\t{settings}\n}}\n")
        return self.enterContext(boot_config(config))

    def check(self, terminal: Terminal, rounds: int) -> None:
        """Wait until the log has told of so many ends, after all of which the same was free."""
        ends = [terminal.expect(END.pattern, session.COMMAND).groups() for _ in range(rounds)]
        self.assertEqual(len(set(ends)), 1, ends)
        freed, free = map(int, ends[0])
        self.assertGreater(freed, 64 * 1024)
        self.assertGreater(free, freed)

    def test_resets(self) -> None:
        self.check(self.boot(tiny.RESET, "on-reset restart; console off"), ROUNDS)

    def test_power_offs(self) -> None:
        self.check(self.boot(tiny.POWER_OFF, "on-poweroff restart; console off"), ROUNDS)

    def restart_by_key(self, code: bytes) -> None:
        """End a guest from outside, wherever it is."""
        terminal = self.boot(tiny.say("run\n") + code, "on-crash stop")
        for _ in range(KEY_ROUNDS):
            terminal.expect("^run$", session.COMMAND)
            terminal.send(session.ESCAPE + "r")
        terminal.expect("^run$", session.COMMAND)
        terminal.send(session.ESCAPE + "0")
        self.check(terminal, KEY_ROUNDS)

    def test_restarts_of_a_busy_guest(self) -> None:
        self.restart_by_key(tiny.SPIN)

    def test_restarts_of_a_sleeping_guest(self) -> None:
        self.restart_by_key(tiny.STOP)


if __name__ == "__main__":
    tapunit.main()
