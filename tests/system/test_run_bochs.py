# SPDX-License-Identifier: Apache-2.0
"""`./vela run --emulator bochs` on a terminal of its own: a guest's shell takes what is typed, and the
console's key ends Bochs too.
"""

import os
import tempfile
import unittest
from pathlib import Path

import session
from harness import Terminal
from velatool import paths, tapunit

MODEL = "corei7_skylake_x"
BOOT = 400
CONFIG = """\
vm solo {
	memory 128M
	boot linux {
		kernel "debian/vmlinuz"
		initrd "debian/initramfs"
		args "console=ttyS0 quiet cryptomgr.notests vela.name=solo"
	}
}
"""


class RunBochsTest(unittest.TestCase):
    """One guest to its shell and back."""

    def test_one_guest_to_its_shell(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            Path(name, "vela.conf").write_text(CONFIG)
            with Terminal([str(paths.ROOT / "vela"), "run", "--emulator", "bochs"], cwd=Path(name),
                          env=dict(os.environ)) as terminal:
                vela = session.Session(terminal, ["solo"])
                terminal.expect(rf"^vela: booting vela\.conf on Bochs, processor {MODEL}, 1 CPU, ",
                                BOOT)
                terminal.expect("^Vela: 1 CPU, .*, Intel VMX, ", BOOT)
                vela.expect_header(1)
                terminal.expect("^VELA-GUEST-READY solo$", BOOT)
                terminal.expect("^solo# ", BOOT)
                self.assertEqual(vela.command(1, "echo $((6 * 7)) $(hostname)"), "42 solo\n")
                terminal.expect("^solo# ")
                vela.keys("q")
                terminal.expect("^vela: Vela ended")
                self.assertEqual(terminal.wait_end(), 0)


if __name__ == "__main__":
    tapunit.main()
