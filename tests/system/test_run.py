# SPDX-License-Identifier: Apache-2.0
"""`./vela run` itself, on a terminal of its own: one guest to its shell, and the key that ends it."""

import unittest

import session
from velatool import tapunit


class RunTest(unittest.TestCase):
    """The shortest way from a configuration to a shell and back."""

    def test_one_guest_to_its_shell(self) -> None:
        with session.run_solo() as vela:
            terminal = vela.terminal
            terminal.expect(r"^vela: booting vela\.conf on QEMU .*, 3 CPUs, 2048 MiB$",
                            session.BOOT)
            terminal.expect("^Vela: 3 CPUs, ")
            vela.expect_header(1)
            vela.expect_shell(1)
            self.assertEqual(vela.command(1, "echo $((6 * 7)) $(hostname)"), "42 solo\n")
            self.assertIn("AT Translated Set 2 keyboard", vela.command(1, "cat /proc/bus/input/devices"))
            terminal.expect("^solo# ")
            vela.keys("q")
            terminal.expect("^vela: Vela quit$")
            self.assertEqual(terminal.wait_end(), 0)


if __name__ == "__main__":
    tapunit.main()
