# SPDX-License-Identifier: Apache-2.0
"""The harness itself: it finds what comes, in order, and fails when something does not."""

import contextlib
import subprocess
import sys
import time
import unittest
from pathlib import Path

from harness import ExpectError, Terminal
from velatool import tapunit


class TerminalTest(unittest.TestCase):
    """Drives small shell programs."""

    def shell(self, script: str) -> Terminal:
        """A shell script on a terminal."""
        return Terminal(["sh", "-c", script])

    def test_dialogue(self) -> None:
        with self.shell("echo name?; read name; echo hello $name; exit 3") as terminal:
            terminal.expect(r"^name\?$")
            terminal.send("vela\n")
            terminal.expect("^hello vela$")
            self.assertEqual(terminal.wait_end(), 3)

    def test_matches_are_in_order(self) -> None:
        with self.shell("echo one; echo two") as terminal:
            terminal.expect("two")
            with self.assertRaisesRegex(ExpectError, "ended before 'one'"):
                terminal.expect("one", timeout=5)

    def test_control_sequences_are_not_text(self) -> None:
        with self.shell(r"printf '\033[1;3'; sleep 0.2; printf '1mred\033[0m \033]0;t\007x\r\n'") \
                as terminal:
            terminal.expect("^red x$", timeout=5)

    def test_timeout_shows_the_transcript(self) -> None:
        with self.shell("echo something; sleep 60") as terminal:
            with self.assertRaisesRegex(ExpectError, "(?s)did not come within 1 s.*something"):
                terminal.expect("else", timeout=1)

    def test_expect_nothing(self) -> None:
        with self.shell("sleep 0.2; echo secret; sleep 60") as terminal:
            with self.assertRaisesRegex(ExpectError, "'secret' came"):
                terminal.expect_nothing("secret", 1)

    def test_programs_do_not_outlive_their_terminal(self) -> None:
        started = time.monotonic()
        with self.shell("sleep 60 & sleep 60") as terminal:
            process = terminal.process
        self.assertIsNotNone(process.returncode)
        self.assertLess(time.monotonic() - started, 30)

    def test_programs_do_not_outlive_a_killed_test(self) -> None:
        script = ("from harness import Terminal; import time; "
                  "print(Terminal(['sleep', '60']).process.pid, flush=True); time.sleep(60)")
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE,
                              text=True) as test:
            pid = int(test.stdout.readline())
            test.kill()
        deadline = time.monotonic() + 30
        while Path(f"/proc/{pid}").exists() and not self.is_zombie(pid):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    def is_zombie(self, pid: int) -> bool:
        """Whether the process has ended, though nobody has asked how."""
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            return ") Z " in Path(f"/proc/{pid}/stat").read_text()
        return True


if __name__ == "__main__":
    tapunit.main()
