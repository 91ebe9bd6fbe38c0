# SPDX-License-Identifier: Apache-2.0
"""Every way in which a guest ends its machine is told apart, and handled as its block says."""

import re
import tempfile
import unittest
from dataclasses import dataclass
from pathlib import Path

import session
import tiny
from harness import boot_config
from velatool import tapunit
from velatool.qemu import DebugExit

HERE = Path(__file__).resolve().parent
LIMIT = 2


@dataclass(frozen=True)
class Ending:
    """What a tiny guest does, what its monitor says of it, and what the root task then says."""

    code: bytes
    monitor: str
    root: str
    crash: bool = False


ENDINGS = {
    "off": Ending(tiny.POWER_OFF, "guest: power-off", "powered off"),
    "reset": Ending(tiny.RESET, "warning: guest: reset", "reset"),
    "keyboard": Ending(tiny.KEYBOARD_RESET, "warning: guest: reset", "reset"),
    "panic": Ending(tiny.PANIC, "warning: guest: panic", "panicked: panic", True),
    "triple": Ending(tiny.TRIPLE_FAULT, "warning: guest: triple fault", "crashed: triple fault",
                     True),
    "astray": Ending(tiny.LEAVE_MEMORY, "warning: guest: triple fault", "crashed: triple fault",
                     True),
    "code": Ending(tiny.debug_exit(42), "warning: guest: exit by the debug-exit port",
                   "ended: exit code 42"),
}


def block(name: str, on_crash: str) -> str:
    """The block of a tiny guest whose ends all leave it stopped, but for crashes."""
    return (f"vm {name} {{\n\tmemory 16M\n\tboot multiboot {{ kernel \"{name}.bin\" }}\n"
            f"\tconsole off\n\tdebug-exit on\n\ton-reset stop\n\ton-crash {on_crash}\n"
            f"\trestart-limit {LIMIT}\n}}\n")


class TinyGuestsTest(unittest.TestCase):
    """Runs all tiny guests at once; the root task ends the run when the last one has ended."""

    def run_all(self, on_crash: str) -> list[str]:
        """The lines of the system log, without their times."""
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            tiny.write(directory, **{guest: end.code for guest, end in ENDINGS.items()})
            config = directory / "endings.conf"
            config.write_text("".join(block(guest, on_crash) for guest in ENDINGS))
            with boot_config(config, root_arguments="exit-when-idle") as terminal:
                # Without any guest console the system log is shown.
                terminal.expect("^--- 0: system log --- ")
                self.assertEqual(terminal.wait_end(session.BOOT), DebugExit.QUIT.status)
                return [line.split("] ", 1)[1] for line in terminal.text.splitlines()
                        if line.startswith("[")]

    def check(self, log: list[str], guest: str, runs: int, verdicts: list[str]) -> None:
        """A guest ran this often, each time with the same end, followed by these verdicts."""
        end = ENDINGS[guest]
        starts = [line for line in log if line.startswith(f"root: {guest}: started on CPU ")]
        self.assertEqual(len(starts), runs, log)
        self.assertEqual(log.count(f"{guest}: {end.monitor}"), runs, log)
        ends = [line for line in log if line.startswith(f"root: {guest}: {end.root}")]
        self.assertEqual(len(ends), runs, log)
        for line, verdict in zip(ends, verdicts, strict=True):
            self.assertRegex(line, rf"^root: {guest}: {end.root}{verdict}$")
        cleared = [line for line in log if re.match(rf"root: {guest}: \d+ KiB of memory cleared", line)]
        self.assertEqual(len(cleared), runs, log)

    def test_stop(self) -> None:
        log = self.run_all("stop")
        for guest in ENDINGS:
            with self.subTest(guest):
                self.check(log, guest, 1, [""])

    def test_crashes_restart_up_to_the_limit(self) -> None:
        log = self.run_all("restart")
        for guest, end in ENDINGS.items():
            with self.subTest(guest):
                if end.crash:
                    self.check(log, guest, 1 + LIMIT, [
                        rf"; restarts in 500 ms \(1 of {LIMIT}\)",
                        rf"; restarts in 1000 ms \(2 of {LIMIT}\)",
                        f"; stays stopped, its restart-limit of {LIMIT} is reached"])
                else:
                    self.check(log, guest, 1, [""])


class LinuxGuestsTest(unittest.TestCase):
    """The same ends as Linux makes them: one guest that always comes back, one that does not."""

    BACK, ONCE = 1, 2

    @classmethod
    def setUpClass(cls) -> None:
        cls.vela = session.boot(HERE / "endings.conf", ["back", "once"])
        cls.addClassCleanup(cls.vela.terminal.close)
        cls.vela.expect_shell(cls.BACK)

    def end_by(self, guest: int, text: str, note: str) -> None:
        """Type a command that ends a guest and see what its console and the log say."""
        name = self.vela.guests[guest - 1]
        if self.vela.shown != guest:
            self.vela.show(guest)
        self.vela.terminal.line(text)
        self.vela.terminal.expect(rf"^\[vela: {note}\]$")

    def comes_back(self) -> None:
        """The restarted guest is a fresh one that works."""
        self.vela.expect_shell(self.BACK)
        self.assertEqual(self.vela.command(self.BACK, "echo $((6 * 7)) $mark; mark=old"), "42\n")

    def test_power_off(self) -> None:
        self.end_by(self.BACK, "poweroff -f", "powered off; restarts")
        self.comes_back()

    def test_reboot(self) -> None:
        self.end_by(self.BACK, "reboot -f", "reset; restarts")
        self.comes_back()

    def test_end_of_the_shell(self) -> None:
        self.end_by(self.BACK, "exit", "powered off; restarts")
        self.comes_back()

    def test_kernel_panic(self) -> None:
        self.end_by(self.BACK, "echo c >/proc/sysrq-trigger",
                    r"panicked: panic; restarts in \d+ ms \(\d of 5\)")
        start = self.vela.terminal.text.rindex("sysrq-trigger")
        self.assertIn("Kernel panic - not syncing: sysrq triggered crash",
                      self.vela.terminal.text[start:])
        self.comes_back()

    def test_triple_fault_stays_stopped(self) -> None:
        self.vela.show(self.ONCE)
        self.vela.expect_shell(self.ONCE)
        self.end_by(self.ONCE, "reboot -f", "crashed: triple fault")
        self.vela.terminal.send("x")
        self.vela.terminal.expect(r"^\[vela: this guest does not run; the restart key starts it\]$")
        self.vela.show(self.BACK)
        self.assertEqual(self.vela.show(self.ONCE), ", crashed: triple fault")
        self.vela.show(0)
        self.vela.terminal.expect(r"root: once: crashed: triple fault$")
        self.vela.show(self.BACK)


if __name__ == "__main__":
    tapunit.main()
