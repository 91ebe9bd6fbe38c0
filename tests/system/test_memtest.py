# SPDX-License-Identifier: Apache-2.0
"""memtest86+ as a guest: a kernel that is not Linux, boots by Linux's protocol, and tests memory."""

import re
import tempfile
import unittest
from pathlib import Path

import session
from velatool import guest, tapunit

PROGRAM = guest.STORE / "memtest"
CONFIG = """\
vm memtest {
	memory 32M
	boot linux {
		kernel "debian/memtest"
		args "console=ttyS0,115200"
	}
}
"""
# The screen shows what runs every other second. This test waits for minutes; all others come before.
LAST = r"#10 +\[Bit fade test"
TIME = 150


class MemtestTest(unittest.TestCase):
    """Each of its tests but the last finishes, and none finds an error."""

    def test_all_patterns(self) -> None:
        if not PROGRAM.is_file():
            guest.unpack_from_package("memtest86+", {"boot/memtest86+x64.bin": PROGRAM})
        with tempfile.TemporaryDirectory() as name:
            config = Path(name, "memtest.conf")
            config.write_text(CONFIG)
            vela = session.boot(config, ["memtest"])
        with vela.terminal as terminal:
            terminal.expect(LAST, TIME)
            terminal.expect(r"Errors: 0 ")
            self.assertEqual(set(re.findall(r"Errors: +(\d+)", terminal.text)), {"0"})
            self.assertRegex(terminal.text, r"ing: +\d+MB - 32MB")
            self.assertGreater(len(set(re.findall(r"#\d+ +\[[^\]]+\]", terminal.text))), 1)
            vela.quit()


if __name__ == "__main__":
    tapunit.main()
