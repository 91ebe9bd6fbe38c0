# SPDX-License-Identifier: Apache-2.0
"""`./vela run` itself, on a terminal of its own: one guest to its shell, and the key that ends it."""

import os
import tempfile
import unittest
from pathlib import Path

import session
from harness import Terminal
from velatool import paths, tapunit

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


class RunTest(unittest.TestCase):
    """The shortest way from a configuration to a shell and back."""

    def test_one_guest_to_its_shell(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            Path(name, "vela.conf").write_text(CONFIG)
            with Terminal([str(paths.ROOT / "vela"), "run"], cwd=Path(name),
                          env=dict(os.environ)) as terminal:
                vela = session.Session(terminal, ["solo"])
                terminal.expect(r"^vela: booting vela\.conf on QEMU .*, 3 CPUs, 2048 MiB$",
                                session.BOOT)
                terminal.expect("^Vela: 3 CPUs, ")
                vela.expect_header(1)
                vela.expect_shell(1)
                self.assertEqual(vela.command(1, "echo $((6 * 7)) $(hostname)"), "42 solo\n")
                terminal.expect("^solo# ")
                vela.keys("q")
                terminal.expect("^vela: Vela quit$")
                self.assertEqual(terminal.wait_end(), 0)


if __name__ == "__main__":
    tapunit.main()
