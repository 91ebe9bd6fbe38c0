# SPDX-License-Identifier: Apache-2.0
"""A processor that cannot run Vela: one clear line on serial port and screen, then the machine halts.

corei5_lynnfield_750 has VMX with EPT, but guests of it must begin in protected mode.
"""

import re
import unittest

from harness import boot_to_halt
from velatool import paths, tapunit

MODEL = "corei5_lynnfield_750"
LINE = re.compile(r"^Vela needs .* Stopped\.$")


class RefusalTest(unittest.TestCase):
    """The old processor, as a model of Bochs."""

    def test_one_clear_line(self) -> None:
        serial, screen = boot_to_halt(paths.TWO_GUESTS, MODEL)
        said = [line for line in serial if line.strip()]
        self.assertEqual(len(said), 1, said)
        self.assertRegex(said[0], LINE)
        self.assertIn("unrestricted guest", said[0])
        self.assertIn(said[0], "".join(line.ljust(80) for line in screen))


if __name__ == "__main__":
    tapunit.main()
