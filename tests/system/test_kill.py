# SPDX-License-Identifier: Apache-2.0
"""A VMM that is killed takes only its own guest; its memory comes back and the policy is followed."""

import re
import unittest
from pathlib import Path

import session
from velatool import tapunit

HERE = Path(__file__).resolve().parent
ALPHA, BETA, GAMMA = 1, 2, 3
FREED = r"^root: alpha: (\d+) KiB of memory cleared and free again"
LOG_LINE = re.compile(r"^\[ *\d+\.\d{3}\] (.*)$", re.MULTILINE)


class KillTest(unittest.TestCase):
    """Each test boots; beta works on a sum all the while and is asked for it in the end."""

    def setUp(self) -> None:
        self.vela = session.boot(HERE / "kill.conf", ["alpha", "beta", "gamma"])
        self.terminal = self.vela.terminal
        self.addCleanup(self.terminal.close)
        self.vela.show(BETA)
        self.vela.expect_shell(BETA)
        self.vela.start_sum(BETA)
        self.before = self.vela.command(BETA, "echo $$; mark=kept")

    def log(self, last: str) -> list[str]:
        """The system log up to the last line that matches, without times."""
        self.vela.show(0)
        start = self.terminal.position
        self.terminal.expect(rf"{last}.*\n")
        self.vela.show(BETA)
        return LOG_LINE.findall(self.terminal.text, start, self.terminal.position)

    def check_bystander(self) -> None:
        """Beta worked on and got it right, in the same shell of the same boot."""
        rounds = int(self.vela.command(BETA, "cat /tmp/sum").split()[0])
        self.assertGreater(self.vela.stop_sum(BETA), rounds)
        self.assertEqual(self.vela.command(BETA, "echo $$; [ $mark = kept ]"), self.before)

    def test_restart_up_to_the_limit_then_by_hand(self) -> None:
        self.vela.show(ALPHA)
        self.vela.expect_shell(ALPHA)
        self.vela.command(ALPHA, "mark=old")
        self.vela.kill(ALPHA, "VMM of", r"; restarts in 500 ms \(1 of 2\)")
        self.vela.expect_shell(ALPHA)
        self.assertEqual(self.vela.command(ALPHA, "echo $mark."), ".\n")
        self.vela.kill(ALPHA, "VMM of", r"; restarts in 1000 ms \(2 of 2\)")
        self.vela.expect_shell(ALPHA)
        self.vela.kill(ALPHA, "VMM of", "; stays stopped, its restart-limit of 2 is reached")
        self.terminal.send("x")
        self.terminal.expect(r"^\[vela: this guest does not run; the restart key starts it\]$")
        self.vela.keys("r")
        self.vela.expect_shell(ALPHA)
        log = self.log("restart asked for(?:.*\n)*.*root: alpha: started")
        self.assertEqual(log.count("root: alpha: the user kills its VMM"), 3, log)
        self.assertEqual(log.count("root: alpha: restart asked for at the console"), 1, log)
        freed = [match.group(1) for line in log if (match := re.search(FREED, line))]
        self.assertEqual(len(freed), 3, log)
        self.assertEqual(len(set(freed)), 1, log)
        self.assertGreater(int(freed[0]), 128 * 1024)
        self.assertFalse([line for line in log if "root: beta: " in line and "started" not in line])
        self.check_bystander()

    def test_others_are_attended_while_memory_is_cleared(self) -> None:
        for number in (GAMMA, ALPHA):
            self.vela.show(number)
            self.vela.expect_shell(number)
        # In one go, so that the second request finds the first one's memory not yet cleared.
        self.terminal.send("".join(f"{session.ESCAPE}{keys}" for keys in ("ky", GAMMA, "r")))
        self.vela.expect_header(GAMMA)
        log = self.log(r"root: alpha: \d+ KiB of memory cleared")
        asked = log.index("root: gamma: restart asked for at the console")
        self.assertLess(log.index("root: alpha: the user kills its VMM"), asked)
        self.assertFalse([line for line in log[:asked] if re.search(FREED, line)], log)
        self.vela.show(GAMMA)
        self.vela.expect_shell(GAMMA)
        self.check_bystander()

    def test_stays_stopped(self) -> None:
        self.vela.show(GAMMA)
        self.vela.expect_shell(GAMMA)
        self.vela.keys("k")
        self.terminal.send("n")
        self.terminal.expect(r"^\[vela: not killed\]$")
        self.vela.command(GAMMA, "true")
        self.vela.kill(GAMMA, "VMM of", "")
        self.vela.command(BETA, "sleep 5")
        self.assertEqual(self.vela.show(GAMMA), ", stopped: its VMM was killed")
        log = self.log("root: gamma: stopped: its VMM was killed")
        self.assertEqual(sum(line.startswith("root: gamma: started") for line in log), 1, log)
        self.check_bystander()


if __name__ == "__main__":
    tapunit.main()
