# SPDX-License-Identifier: Apache-2.0
"""The disc image boots the same two guests through GRUB; a machine that cannot run Vela says so."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import session
from harness import Terminal, boot_config, boot_iso
from velatool import paths, tapunit
from velatool.qemu import DEFAULT_CPU, DebugExit


def make_image(output: Path) -> None:
    """`vela image` with two guests."""
    done = subprocess.run([str(paths.ROOT / "vela"), "image", str(paths.TWO_GUESTS), "-o",
                           str(output)], cwd=output.parent, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=session.BOOT, check=False,
                          env=dict(os.environ))
    assert done.returncode == 0, done.stderr


class ImageTest(unittest.TestCase):
    """One image serves all tests."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = Path(cls.enterClassContext(tempfile.TemporaryDirectory(dir=paths.BUILD)))
        cls.image = cls.directory / "vela.iso"
        make_image(cls.image)

    def check_boot(self, terminal: Terminal) -> None:
        """Both guests come up, and the quit key works."""
        vela = session.Session(terminal, ["alpha", "beta"])
        with terminal:
            terminal.expect("^Vela: 3 CPUs, ", session.BOOT)
            for line in ("  1  alpha", "  2  beta"):
                terminal.expect(f"^{line}$")
            vela.expect_header(1)
            vela.expect_shell(1)
            self.assertEqual(vela.command(1, "hostname"), "alpha\n")
            vela.show(2)
            vela.expect_shell(2)
            vela.quit()

    def test_disc(self) -> None:
        self.check_boot(boot_iso(self.image))

    def test_usb_stick(self) -> None:
        self.check_boot(boot_iso(self.image, usb=True))

    def test_same_input_makes_the_same_image(self) -> None:
        again = self.directory / "again.iso"
        make_image(again)
        self.assertEqual(again.read_bytes(), self.image.read_bytes())


class WithoutSvmTest(unittest.TestCase):
    """A processor that offers no SVM."""

    def test_one_clear_line(self) -> None:
        with boot_config(paths.TWO_GUESTS, cpu=f"{DEFAULT_CPU},svm=off") as terminal:
            self.assertEqual(terminal.wait_end(session.BOOT), DebugExit.PANIC.status)
            lines = [line for line in terminal.text.splitlines() if line.strip()]
            self.assertEqual(len(lines), 1, lines)
            self.assertRegex(lines[0], "^Vela needs AMD SVM with nested paging")


if __name__ == "__main__":
    tapunit.main()
