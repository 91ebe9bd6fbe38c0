# SPDX-License-Identifier: Apache-2.0
"""Ctrl-Alt-Del by the console's key: a stock guest's own driver sees it and restarts the guest."""

import tempfile
import time
import unittest
from pathlib import Path

import session
import tiny
from velatool import tapunit

# Takes no interrupt and reads no port: its keyboard fills up.
DEAF = 'vm deaf { memory 16M; boot multiboot { kernel "deaf.bin" } }\nswitch lan { }\n'


class KeyboardTest(unittest.TestCase):
    """The key d, and guests that have something to do with it or nothing."""

    def boot(self, config: str, *guests: str) -> session.Session:
        """Boot a configuration beside the guest deaf.bin."""
        directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        tiny.write(directory, deaf=tiny.STOP)
        path = directory / "my.conf"
        path.write_text(config)
        vela = session.boot(path, guests)
        self.addCleanup(vela.terminal.close)
        return vela

    def press(self, vela: session.Session, name: str) -> None:
        """Press it for what is shown."""
        vela.keys("d")
        vela.terminal.expect(rf"^\[vela: Ctrl-Alt-Del for {name}\]$")

    def test_linux_restarts(self) -> None:
        vela = self.boot(session.SOLO, "solo")
        vela.expect_shell(1)
        self.press(vela, "solo")
        vela.terminal.expect(r"reboot: Restarting system$", session.COMMAND)
        vela.terminal.expect(r"^\[vela: reset; restarts\]$", session.COMMAND)
        vela.expect_shell(1)
        vela.quit()

    def test_who_does_not_listen(self) -> None:
        vela = self.boot(DEAF, "deaf", "lan")
        vela.show(0)
        vela.terminal.expect("root: deaf: started", session.BOOT)
        vela.show(1)
        # Those that come faster than the VMM looks are one.
        for _ in range(3):
            self.press(vela, "deaf")
            time.sleep(0.5)
        vela.show(2)
        self.press(vela, "lan")
        vela.show(0)
        vela.expect_all((r"\] deaf: the guest reads no keys: Ctrl-Alt-Del is dropped$",
                         r"\] root: lan: has no keyboard$"))
        vela.quit()


if __name__ == "__main__":
    tapunit.main()
