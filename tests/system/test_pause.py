# SPDX-License-Identifier: Apache-2.0
"""A guest under load while the emulator is stopped and continued a thousand times.

Each stop makes a CPU leave the emulator's loop wherever it is; see docs/decisions.md for what QEMU 7.2
then did to an interrupt that had just been injected.
"""

import json
import socket
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import session
from velatool import qemu, tapunit

ROUNDS = 1000
BREATH_S = 0.0005  # for the guest, between two stops
TICKER = "(while [ ! -e /tmp/stop ]; do sleep 0.001; done) & true"
CONFIG = session.SOLO.replace("memory 128M", "memory 128M\n\tcpus 2")


class Monitor:
    """QEMU's machine protocol on a Unix socket."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(session.COMMAND)
        self.socket.connect(str(path))
        self.stream = self.socket.makefile("rw")
        self.stream.readline()
        self.execute("qmp_capabilities")

    def execute(self, command: str) -> None:
        """Wait for the answer, past events."""
        self.stream.write(json.dumps({"execute": command}) + "\n")
        self.stream.flush()
        while "return" not in (answer := json.loads(self.stream.readline())):
            if "error" in answer:
                raise RuntimeError(f"{command}: {answer['error']}")

    def close(self) -> None:
        """QEMU goes on."""
        self.stream.close()
        self.socket.close()


class PauseTest(unittest.TestCase):
    """One guest with two virtual CPUs, timers and work."""

    def test_stop_and_continue(self) -> None:
        directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        path = directory / "my.conf"
        path.write_text(CONFIG)
        command, monitor_path = qemu.command, directory / "qmp"
        with mock.patch.object(qemu, "command", lambda *arguments, **options: [
                *command(*arguments, **options), "-qmp", f"unix:{monitor_path},server=on,wait=off"]):
            vela = session.boot(path, ["solo"])
        self.addCleanup(vela.terminal.close)
        vela.expect_shell(1)
        vela.start_sum(1)
        for _ in range(4):
            vela.command(1, TICKER)
        monitor = Monitor(monitor_path)
        self.addCleanup(monitor.close)
        for _ in range(ROUNDS):
            monitor.execute("stop")
            monitor.execute("cont")
            time.sleep(BREATH_S)
        self.assertGreater(vela.stop_sum(1), 0)
        vela.quit()


if __name__ == "__main__":
    tapunit.main()
