# SPDX-License-Identifier: Apache-2.0
"""Two guests on machines with one, two and four CPUs; other tests have three."""

import re
import unittest

import session
from velatool import paths, tapunit


class SmpTest(unittest.TestCase):
    """Each test boots a machine and has both guests work at the same time."""

    def run_on(self, cpus: int, places: list[int]) -> None:
        """Boot; the guests run on these CPUs."""
        vela = session.boot(paths.TWO_GUESTS, ["alpha", "beta"], cpus=cpus)
        with vela.terminal:
            plural = "" if cpus == 1 else "s"
            self.assertRegex(vela.terminal.text, rf"(?m)^Vela: {cpus} CPU{plural}, \d+ MiB for guests")
            vela.expect_shell(1)
            vela.start_sum(1)
            vela.show(2)
            vela.expect_shell(2)
            vela.start_sum(2)
            vela.command(2, "sleep 1")
            for number in (1, 2):
                self.assertGreater(vela.stop_sum(number), 1)
            vela.show(0)
            started = vela.expect_all([rf"root: {name}: started on CPU {place} "
                                       for name, place in zip(vela.guests, places, strict=True)])
            self.assertEqual(len(started), 2)
            self.assertFalse(re.search("error|PANIC", vela.terminal.text))
            vela.quit()

    def test_one_cpu(self) -> None:
        self.run_on(1, [0, 0])

    def test_two_cpus(self) -> None:
        # On QEMU the first is kept free of guests even then.
        self.run_on(2, [1, 1])

    def test_four_cpus(self) -> None:
        self.run_on(4, [1, 2])


if __name__ == "__main__":
    tapunit.main()
