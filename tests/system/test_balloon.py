# SPDX-License-Identifier: Apache-2.0
"""A guest's memory goes back to the machine and comes again: by free page reporting and by keys."""

import re
import tempfile
import time
import unittest
from pathlib import Path

import session
from velatool import tapunit

CONFIG = session.SOLO.replace("memory 128M", "memory 256M\n\tballoon on\n\tvirtio-console on")
STEP = 32  # MiB of one key


class BalloonTest(unittest.TestCase):
    """One guest with a balloon."""

    def available(self, vela: session.Session) -> int:
        """MiB that the guest could still use."""
        text = vela.command(1, "grep MemAvailable /proc/meminfo")
        return int(text.split()[1]) // 1024

    def wait_available(self, vela: session.Session, least: int, most: int) -> int:
        """Wait until that many MiB are available."""
        for _ in range(60):
            amount = self.available(vela)
            if least <= amount <= most:
                return amount
            time.sleep(1)
        vela.terminal.fail(f"{amount} MiB are available, not {least} to {most}")

    def check_memory(self, vela: session.Session) -> None:
        """Fill memory that the guest has given back, and read it again."""
        vela.command(1, "mkdir -p /tmp/t && mount -t tmpfs -o size=120m t /tmp/t")
        vela.command(1, "for i in 1 2 3 4; do dd if=/dev/urandom of=/tmp/t/$i bs=1M count=24 "
                        "2>/dev/null; done; md5sum /tmp/t/* >/tmp/sums", 300)
        vela.command(1, "md5sum -c /tmp/sums", 120)
        vela.command(1, "umount /tmp/t")

    def given_back(self, vela: session.Session) -> list[int]:
        """What the system log says was given back, in MiB, in turn."""
        vela.show(0)
        time.sleep(1)
        vela.show(1)
        return [int(n) for n in re.findall(r"solo: (\d+) MiB of its 256 MiB are given back",
                                           vela.terminal.text)]

    def test_memory_goes_and_comes(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            config = Path(name, "vela.conf")
            config.write_text(CONFIG)
            vela = session.boot(config, ["solo"])
            with vela.terminal:
                vela.expect_shell(1)
                start = self.available(vela)
                self.check_memory(vela)
                vela.show(0)
                vela.terminal.expect(r"root: solo: \d+ MiB of its 256 MiB are given back", 120)
                vela.show(1)
                self.check_memory(vela)
                self.assertGreaterEqual(max(self.given_back(vela)), 64)
                for _ in range(3):
                    vela.keys("-")
                    vela.terminal.expect(r"^\[vela: 32 MiB less for solo\]$")
                less = self.wait_available(vela, 0, start - 2 * STEP)
                for _ in range(3):
                    vela.keys("+")
                    vela.terminal.expect(r"^\[vela: 32 MiB more for solo\]$")
                self.wait_available(vela, less + 2 * STEP, start + STEP)
                self.check_memory(vela)
                vela.show(0)
                vela.expect_all([r"root: solo: asked to do without 96 of its 256 MiB",
                                 r"root: solo: asked to do without 0 of its 256 MiB"])
                self.assertNotRegex(vela.terminal.text, "error|PANIC")
                vela.quit()


if __name__ == "__main__":
    tapunit.main()
