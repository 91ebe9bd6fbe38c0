# SPDX-License-Identifier: Apache-2.0
"""Two Linux guests as a user meets them: their consoles and their clocks."""

import hashlib
import re
import time
import unittest

import session
from velatool import paths, tapunit

ALPHA, BETA = 1, 2
HASH_BYTES = 1_000_000
FORKS = 200


class TwoGuestsTest(unittest.TestCase):
    """All tests share one machine; each leaves both guests at their prompts."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.vela = session.boot(paths.TWO_GUESTS, ["alpha", "beta"])
        cls.terminal = cls.vela.terminal
        cls.addClassCleanup(cls.terminal.close)
        cls.banner = cls.terminal.text
        cls.vela.expect_shell(ALPHA)
        cls.vela.show(BETA)
        cls.vela.expect_shell(BETA)

    def both(self, text: str) -> list[str]:
        """The output of a command in alpha and in beta."""
        return [self.vela.command(number, text) for number in (ALPHA, BETA)]

    def test_banner_says_what_runs_and_which_keys(self) -> None:
        for text in ("  1  alpha", "  2  beta", "  0  system log", "Ctrl-], then",
                     "q       end Vela"):
            self.assertIn(text, self.banner)

    def test_checksum(self) -> None:
        wanted = hashlib.sha256(b"vela\n" * (HASH_BYTES // 5)).hexdigest()
        for output in self.both(f"yes vela | head -c {HASH_BYTES} | sha256sum"):
            self.assertEqual(output, f"{wanted}  -\n")

    def test_sums_side_by_side(self) -> None:
        for number in (ALPHA, BETA):
            self.vela.start_sum(number)
        time.sleep(2)
        for number in (ALPHA, BETA):
            self.assertGreater(self.vela.stop_sum(number), 1)

    def test_forks(self) -> None:
        wanted = sum(number % 7 for number in range(FORKS))
        loop = (f"i=0; n=0; while [ $i -lt {FORKS} ]; do (exit $((i % 7))); n=$((n + $?)); "
                "i=$((i + 1)); done; echo $n; ls -d /proc/[0-9]* | wc -l")
        for output in self.both(loop):
            total, processes = map(int, output.split())
            self.assertEqual(total, wanted)
            self.assertLess(processes, FORKS, "processes that ended are still there")

    def test_each_is_a_machine_of_its_own(self) -> None:
        self.assertEqual(self.both("hostname; nproc"), ["alpha\n1\n", "beta\n1\n"])
        self.vela.command(ALPHA, "echo of-alpha >/tmp/mark; kept=alpha")
        self.assertEqual(self.vela.command(BETA, "ls /tmp; echo kept=$kept"), "kept=\n")

    def test_typing_reaches_only_the_guest_shown(self) -> None:
        self.vela.show(BETA)
        self.terminal.line("read answer; echo beta-got-$answer")
        self.assertEqual(self.vela.command(ALPHA, "echo only-alpha"), "only-alpha\n")
        self.vela.show(BETA)
        self.terminal.line("only-beta")
        self.terminal.expect("^beta-got-only-beta$")
        start = self.terminal.text.rindex("--- 2: beta")
        self.assertNotIn("only-alpha", self.terminal.text[start:])

    def test_output_meanwhile_comes_from_scrollback(self) -> None:
        self.vela.show(BETA)
        self.terminal.line("(sleep 1; for i in $(seq 60); do echo me''anwhile-$i-; done) &")
        self.vela.show(ALPHA)
        shown = self.terminal.position
        self.vela.command(ALPHA, "sleep 4")
        self.assertNotIn("meanwhile-", self.terminal.text[shown:])
        self.vela.show(BETA)
        for number in range(1, 61):
            self.terminal.expect(rf"meanwhile-{number}-$")

    def test_long_output_arrives_whole(self) -> None:
        output = self.vela.command(BETA, "seq 3000")
        self.assertEqual(output, "".join(f"{number}\n" for number in range(1, 3001)))

    def test_long_paste_arrives_whole(self) -> None:
        pasted = "".join(f"line {number} of a long paste\n" for number in range(600))
        self.vela.show(BETA)
        self.terminal.line("echo re''ady; sha256sum")
        self.terminal.expect("^ready$")
        self.terminal.send(pasted.replace("\n", "\r") + "\x04")
        self.terminal.expect(rf"^{hashlib.sha256(pasted.encode()).hexdigest()}  -$")

    def test_keys_that_switch(self) -> None:
        self.vela.show(ALPHA)
        for key, number in (("n", BETA), ("n", 0), ("n", ALPHA), ("p", 0), ("p", BETA),
                            ("l", 0), ("1", ALPHA), ("0", 0), ("2", BETA)):
            with self.subTest(key=key, number=number):
                self.vela.keys(key)
                self.vela.expect_header(number)
        self.vela.keys("9")
        self.terminal.expect(r"^\[vela: there is no guest 9\]$")

    def test_help(self) -> None:
        for key in "h?":
            self.vela.keys(key)
            for line in ("  0  system log", "  1  alpha", "  2  beta", "Ctrl-], then"):
                self.terminal.expect(f"^{re.escape(line)}$")

    def test_system_log(self) -> None:
        self.vela.show(0)
        for name, cpu in (("alpha", 1), ("beta", 2)):
            self.terminal.expect(rf"^\[ *\d+\.\d\d\d\] root: {name}: started on CPU {cpu} "
                                 "with 256 MiB$")
        self.terminal.send("x")
        self.terminal.expect(r"^\[vela: the system log takes no input; choose a guest")

    def test_escape_key_itself_reaches_the_guest(self) -> None:
        self.vela.show(ALPHA)
        self.terminal.line("read key; echo \"$key\" | cat -v")
        self.vela.keys(session.ESCAPE)
        self.terminal.send("\r")
        self.terminal.expect(r"^\^\]$")

    def test_interrupt_key_reaches_the_guest(self) -> None:
        self.vela.show(ALPHA)
        self.terminal.line("echo go''ing; sleep 10000; echo not-interrupted")
        self.terminal.expect("^going$")
        self.terminal.send("\x03")
        self.terminal.line("echo ended-with-$?")
        self.terminal.expect("^ended-with-130$")

    def test_date(self) -> None:
        for output in self.both("date -u +%s"):
            self.assertLess(abs(int(output) - time.time()), 60)

    def test_clock_runs_at_the_speed_of_time(self) -> None:
        uptime = "cut -d' ' -f1 /proc/uptime"
        for number in (ALPHA, BETA):
            started = time.monotonic()
            first, second = self.vela.command(number, f"{uptime}; sleep 2; {uptime}").split()
            elapsed = float(second) - float(first)
            self.assertGreater(elapsed, 1.9)
            self.assertLess(elapsed, time.monotonic() - started + 0.1)


class QuitTest(unittest.TestCase):
    """The end of a run."""

    def test_quit_before_the_guests_are_up(self) -> None:
        vela = session.boot(paths.TWO_GUESTS, ["alpha", "beta"])
        with vela.terminal:
            vela.quit()


if __name__ == "__main__":
    tapunit.main()
