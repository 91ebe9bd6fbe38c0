# SPDX-License-Identifier: Apache-2.0
"""How a machine is described to Bochs, and what is read out of its log; Bochs itself does not run."""

import tempfile
import unittest
from pathlib import Path

from velatool import bochs, image, qemu, tapunit

POWER_ON = b"00000000000i[SYS   ] bx_pc_system_c::Reset(HARDWARE) called\n"
RESET = b"00001234567i[SYS   ] bx_pc_system_c::Reset(HARDWARE) called\n"
FAILED_CHECK = b"00001000000e[CPU0  ] VMFAIL: VMCS EXEC CTRL: invalid EPTPTR value\n"
NOISE = b"00001000001e[CPU0  ] SVM VMEXIT: I/O port 0x03f8\n"


class MachineTest(unittest.TestCase):
    """The files that Bochs gets."""

    def test_settings(self) -> None:
        text = bochs.settings(bochs.Machine(Path("/x/vela.iso"), "trinity_apu", cpus=2), 4711)
        for wanted in ("cpu: model=trinity_apu, count=2,", 'path="/x/vela.iso"', "clock: sync=none,",
                       "com1: enabled=1, mode=socket-client, dev=127.0.0.1:4711\n",
                       "error: action=report\n"):
            self.assertIn(wanted, text)

    def test_settings_for_a_person(self) -> None:
        text = bochs.settings(bochs.Machine(Path("x"), real_time=True, log_errors=False), 1)
        self.assertIn("clock: sync=slowdown,", text)
        self.assertIn("error: action=ignore\n", text)

    def test_commands(self) -> None:
        machine = bochs.Machine(Path("x"))
        self.assertEqual(bochs.debugger_commands(machine), "c\nq\n")
        machine = bochs.Machine(Path("x"), ticks=500, last_command="r")
        self.assertEqual(bochs.debugger_commands(machine), "sb 500\nc\nr\nq\n")

    def test_image_looks_for_qemu_only_when_asked(self) -> None:
        modules = (qemu.Module("roottask", Path("r"), "exit-when-idle"),)
        self.assertIn("smbios", image.grub_script(modules))
        self.assertNotIn("smbios", image.grub_script(modules, detect_qemu=False))


class LogTest(unittest.TestCase):
    """The log, read while it grows."""

    def setUp(self) -> None:
        directory = self.enterContext(tempfile.TemporaryDirectory())
        self.log = bochs.Log(Path(directory, "bochs.log"))
        self.log.path.touch()

    def grow(self, data: bytes) -> None:
        """Let Bochs write, and read it."""
        with open(self.log.path, "ab") as file:
            file.write(data)
        self.log.read()

    def test_reset_after_power_on(self) -> None:
        self.grow(POWER_ON)
        self.assertEqual(self.log.resets, 1)
        self.grow(RESET[:30])
        self.assertEqual(self.log.resets, 1)
        self.grow(RESET[30:])
        self.assertEqual(self.log.resets, 2)

    def test_lines_are_those_before_the_reset(self) -> None:
        self.grow(POWER_ON + NOISE + FAILED_CHECK + NOISE)
        self.grow(RESET + b"00001234568i[BIOS  ] starts again\n")
        self.assertEqual(len(self.log.lines), 2)
        self.assertIn("invalid EPTPTR", self.log.lines[-1])

    def test_halt(self) -> None:
        self.grow(b"00000000009i[CPU0  ] WARNING: HLT instruction with IF=0!\n")
        self.assertEqual(self.log.halts, 1)


class LastWordsTest(unittest.TestCase):
    """What Bochs says when it ends itself."""

    def test_they_are_found(self) -> None:
        text = ("====\nBochs is exiting with the following message:\n"
                "[CPU0  ] exception(): 3rd (13) exception with no resolution\n====\n")
        words = bochs.LAST_WORDS.search(text)
        assert words is not None
        self.assertTrue(words.group(1).startswith("exception(): 3rd"))


if __name__ == "__main__":
    tapunit.main()
