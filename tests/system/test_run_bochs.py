# SPDX-License-Identifier: Apache-2.0
"""`./vela run --emulator bochs` on a terminal of its own: a guest's shell takes what is typed, and the
console's key ends Bochs too.
"""

import unittest

import session
from velatool import tapunit

MODEL = "corei7_skylake_x"
BOOT = 400


class RunBochsTest(unittest.TestCase):
    """One guest to its shell and back."""

    def test_one_guest_to_its_shell(self) -> None:
        with session.run_solo("--emulator", "bochs") as vela:
            terminal = vela.terminal
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
