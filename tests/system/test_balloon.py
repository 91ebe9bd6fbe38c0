# SPDX-License-Identifier: Apache-2.0
"""A guest's memory goes back to the machine and comes again: by free page reporting and by keys."""

import contextlib
import re
import tempfile
import time
import unittest
from collections.abc import Iterator
from pathlib import Path

import session
from velatool import tapunit

SOLO, OTHER = 1, 2
CONFIG = session.SOLO.replace("memory 128M", "memory 256M\n\tballoon on\n\tvirtio-console on")
STEP = 32  # MiB of one key
# A machine in which the second guest finds room only while the first does without something.
SHARED_MIB = 640
SHARED = CONFIG.replace("balloon on", "balloon on\n\tcpus 2") + session.SOLO.replace(
    "solo", "other").replace("memory 128M", "memory 384M\n\tautostart off")


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
                                 r"root: solo: asked to do without 0 of its 256 MiB",
                                 r"solo: guest: has \d+ MiB free, and \d+ MiB that it could"])
                self.assertNotRegex(vela.terminal.text, "error|PANIC")
                vela.quit()

    @contextlib.contextmanager
    def run_short(self) -> Iterator[session.Session]:
        """A machine in which the first guest waits for memory that the other has."""
        with tempfile.TemporaryDirectory() as name:
            config = Path(name, "vela.conf")
            config.write_text(SHARED)
            vela = session.boot(config, ["solo", "other"], memory_mib=SHARED_MIB)
            with vela.terminal:
                vela.expect_shell(SOLO)
                self.lend(vela)
                yield vela
                vela.quit()

    def lend(self, vela: session.Session) -> None:
        """Have the other guest run on memory of the first, which wants it back then.

        Whatever the first does from then on may wait for memory, so it is told before.
        """
        vela.command(SOLO, "mkdir -p /tmp/t; mount -t tmpfs -o size=150m t /tmp/t")
        vela.command(SOLO, "(until [ -e /tmp/go ]; do sleep 1; done; "
                           "dd if=/dev/zero of=/tmp/t/x bs=1M count=120 2>/dev/null; "
                           "echo filled) & true")
        vela.start_sum(SOLO)
        for _ in range(4):
            vela.keys("-")
            vela.terminal.expect(r"^\[vela: 32 MiB less for solo\]$")
        vela.show(0)
        vela.terminal.expect(r"root: solo: (?:6[4-9]|[7-9]\d|1\d\d) MiB of its 256 MiB are given", 120)
        vela.show(OTHER)
        vela.keys("r")
        vela.expect_shell(OTHER)
        vela.show(SOLO)
        for _ in range(4):
            vela.keys("+")
            vela.terminal.expect(r"^\[vela: 32 MiB more for solo\]$")
        vela.terminal.line("touch /tmp/go")
        vela.show(0)
        vela.terminal.expect("solo: warning: guest: waits for memory that it gave back", 120)

    def test_memory_comes_late(self) -> None:
        with self.run_short() as vela:
            vela.kill(OTHER, "VMM of", ".*")
            vela.show(SOLO)
            vela.terminal.expect(r"(?:^|# )filled$", 120)
            self.assertGreater(vela.stop_sum(SOLO), 1)

    def test_memory_never_comes(self) -> None:
        with self.run_short() as vela:
            vela.show(SOLO)
            vela.terminal.expect(
                r"^\[vela: crashed: no memory is left for what the guest gave back\]$", 60)
            vela.show(OTHER)
            vela.command(OTHER, "true")


if __name__ == "__main__":
    tapunit.main()
