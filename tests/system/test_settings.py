# SPDX-License-Identifier: Apache-2.0
"""Settings of a configuration that show at the console: escape key, guests without console, guests
that wait to be started, included files, consoles beyond the ninth, and a guest with much to say."""

import tempfile
import unittest
from pathlib import Path

import session
import tiny
from harness import boot_config
from velatool import tapunit

ESCAPE = "\x01"  # Ctrl-a
MAIN = """\
host {
	escape ctrl-a
	scrollback 4K
}
include "more/rest.conf"
vm talker { memory 16M; boot multiboot { kernel "talker.bin" } }
vm silent { memory 16M; boot multiboot { kernel "talker.bin" }; console off }
vm later { memory 16M; boot multiboot { kernel "talker.bin" }; autostart off }
"""
NUMBER = {"rest0": 1, "talker": 9, "silent": 10, "later": 11}
LINES = 1500


class SettingsTest(unittest.TestCase):
    """One machine; the order of guests is that of the files: eight of the included one come first."""

    @classmethod
    def setUpClass(cls) -> None:
        directory = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        (directory / "more").mkdir()
        (directory / "my.conf").write_text(MAIN)
        (directory / "more" / "rest.conf").write_text("".join(
            f"vm rest{number} {{ memory 16M; boot multiboot {{ kernel \"rest.bin\" }} }}\n"
            for number in range(8)))
        tiny.write(directory / "more", rest=tiny.say("here\n") + tiny.STOP)
        text = "".join(f"<{number}>\n" for number in range(LINES))
        tiny.write(directory, talker=tiny.say(text) + tiny.STOP)
        cls.terminal = cls.enterClassContext(boot_config(directory / "my.conf"))
        cls.terminal.expect("^Ctrl-a, then$", session.BOOT)
        cls.expect_header("rest0")
        cls.terminal.expect("^here$", session.COMMAND)

    @classmethod
    def expect_header(cls, name: str) -> None:
        """Wait until a console is shown."""
        cls.terminal.expect(f"^--- {NUMBER[name]}: {name}.* --- Ctrl-a h: help ---$")

    def show_first(self) -> None:
        """Begin at a known place."""
        self.terminal.send(ESCAPE + "1")
        self.expect_header("rest0")

    def test_escape_key_of_the_configuration(self) -> None:
        self.terminal.send(session.ESCAPE + "h")  # means nothing here
        self.terminal.send(ESCAPE + "0")
        self.terminal.expect("^--- 0: system log --- Ctrl-a h: help ---$")
        # Every guest of the included file runs, also those behind a number of two digits.
        for name in [f"rest{number}" for number in range(8)] + ["talker", "silent"]:
            self.assertTrue(self.terminal.expect(rf"root: {name}: started on CPU [12] with 16 MiB$"))

    def test_scrollback_keeps_the_end(self) -> None:
        self.show_first()
        self.terminal.send(ESCAPE + "0")
        self.terminal.expect("talker: warning: guest: halted", session.COMMAND)
        self.terminal.send(ESCAPE + "9")
        self.expect_header("talker")
        start = self.terminal.position
        self.terminal.expect(f"^<{LINES - 1}>$", session.COMMAND)
        shown = self.terminal.text[start:].split()
        self.assertEqual(shown[-24:], [f"<{number}>" for number in range(LINES - 24, LINES)])
        self.assertLess(len("\n".join(shown)), 4096)

    def test_guest_without_console_is_passed_over(self) -> None:
        self.terminal.send(ESCAPE + "9")
        self.expect_header("talker")
        self.terminal.send(ESCAPE + "n")
        self.expect_header("later")
        self.terminal.send(ESCAPE + "h")
        self.terminal.expect(r"^  10  silent \(no console\)$")

    def test_guest_that_waits_is_started_by_key(self) -> None:
        self.terminal.send(ESCAPE + "9")
        self.expect_header("talker")
        self.terminal.send(ESCAPE + "n")
        self.terminal.expect("^--- 11: later, not started; the restart key starts it --- ")
        self.terminal.send(ESCAPE + "r")
        self.terminal.expect(f"^<{LINES - 1}>$", session.COMMAND)


if __name__ == "__main__":
    tapunit.main()
