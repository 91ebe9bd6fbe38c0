# SPDX-License-Identifier: Apache-2.0
"""Mistakes of the user: each is named with its place, and what is right runs all the same."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import session
import tiny
from harness import boot_config
from velatool import guest, paths, tapunit
from velatool.qemu import DebugExit

MISTAKES = """\
vm alpha {
	memroy 256M
	boot linux { kernel "k" }
	on-crash restert
}
"""
REPORT = """\
{name}:2:2: error: unknown key "memroy" in vm "alpha", did you mean "memory"?
    	memroy 256M
    	^~~~~~
{name}:4:11: error: "on-crash" needs stop|restart (did you mean "restart"?), found "restert"
    	on-crash restert
    	         ^~~~~~~
"""


class CheckTest(unittest.TestCase):
    """What `vela config check` and `vela run` say before anything boots."""

    def setUp(self) -> None:
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def vela(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run ./vela in a directory of its own."""
        return subprocess.run([str(paths.ROOT / "vela"), *words], cwd=self.directory,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=session.BOOT, check=False, env=dict(os.environ))

    def test_mistakes(self) -> None:
        (self.directory / "my.conf").write_text(MISTAKES)
        done = self.vela("config", "check", "my.conf")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(REPORT.format(name="my.conf"), done.stderr)
        self.assertIn('"memory"', done.stderr)

    def test_nothing_boots_with_mistakes(self) -> None:
        (self.directory / "my.conf").write_text(MISTAKES)
        done = self.vela("run", "my.conf")
        self.assertEqual(done.returncode, 1)
        self.assertIn("my.conf:2:2: error: unknown key", done.stderr)
        self.assertNotIn("booting", done.stderr)

    def test_missing_file(self) -> None:
        (self.directory / "my.conf").write_text(
            'vm alpha {\n\tmemory 64M\n\tboot linux { kernel "nowhere" }\n}\n')
        for words in (("config", "check"), ("run",), ("image",)):
            with self.subTest(words[-1]):
                done = self.vela(*words, "my.conf")
                self.assertEqual((done.returncode, done.stdout), (3, ""))
                self.assertRegex(done.stderr, r"error: my\.conf names the file 'nowhere'")

    def test_missing_configuration(self) -> None:
        done = self.vela("run", "nowhere.conf")
        self.assertEqual(done.returncode, 3)
        self.assertIn("there is no file nowhere.conf", done.stderr)


def block(name: str, protocol: str, kernel: str, memory: str = "64M", more: str = "") -> str:
    """A block on one line."""
    return (f"vm {name} {{ memory {memory}; boot {protocol} {{ kernel \"{kernel}\" }}; "
            f"console off; {more} }}\n")


class BootTest(unittest.TestCase):
    """What the root task says on the machine; the run ends when no VM runs any more."""

    def boot(self, config: str, files: dict[str, bytes], cpus: int = 3) -> str:
        """The whole output of a run with this configuration, beside the files it names."""
        directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name, content in files.items():
            (directory / name).write_bytes(content)
        (directory / "my.conf").write_text(config)
        terminal = self.enterContext(boot_config(directory / "my.conf", cpus=cpus,
                                                 root_arguments="exit-when-idle"))
        self.assertEqual(terminal.wait_end(session.BOOT), DebugExit.QUIT.status, terminal.text)
        return terminal.text

    def test_kernels_that_are_none(self) -> None:
        noise = bytes(number * 167 % 251 for number in range(100_000))
        files = {"noise.bin": noise, "empty.bin": b"",
                 "short.bin": guest.KERNEL.read_bytes()[:300_000],
                 "good.bin": tiny.image(tiny.POWER_OFF)}
        faults = {
            "noise": ("linux", r"noise\.bin: not a Linux kernel image"),
            "empty": ("linux", r"empty\.bin: not a Linux kernel image"),
            "short": ("linux", r"short\.bin: the Linux kernel image is cut short"),
            "elf": ("pvh", r"noise\.bin: not an x86 ELF file"),
            "boot": ("multiboot", r"noise\.bin: not a multiboot kernel"),
        }
        config = block("good", "multiboot", "good.bin")
        for name, (protocol, _) in faults.items():
            kernel = f"{name}.bin" if protocol == "linux" else "noise.bin"
            config += block(name, protocol, kernel)
        text = self.boot(config, files)
        for name, (_, fault) in faults.items():
            with self.subTest(name):
                self.assertRegex(text, rf"\] {name}: error: {fault}")
                self.assertRegex(text, rf"\] root: {name}: stopped: its VMM failed: {fault}")
        self.assertIn("] root: good: powered off\n", text)

    def test_more_than_the_machine_has(self) -> None:
        config = (block("huge", "multiboot", "good.bin", "64G")
                  + block("far", "multiboot", "good.bin", more="host-cpu 9")
                  + block("good", "multiboot", "good.bin"))
        text = self.boot(config, {"good.bin": tiny.image(tiny.POWER_OFF)})
        self.assertRegex(text, r"vela\.conf:1:11: error: not enough memory: 65536 MiB needed, "
                               r"\d+ MiB free; lower \"memory\", or give the machine more")
        self.assertRegex(text, r"root: error: vela\.conf:2:\d+: error: this machine has only 3 CPUs")
        for name in ("huge", "far"):
            self.assertIn(f"root: error: {name}: not started; the other VMs are not affected", text)
        self.assertIn("] root: good: powered off\n", text)

    def test_linux_without_room(self) -> None:
        config = block("tight", "linux", "debian/vmlinuz", "16M")
        text = self.boot(config, {})
        self.assertRegex(text, r"\] tight: error: debian/vmlinuz: the kernel needs \d+ MiB")

    def test_many_more_guests_than_cpus(self) -> None:
        names = [f"g{number}" for number in range(32)]
        config = "".join(block(name, "multiboot", "good.bin", "16M") for name in names)
        text = self.boot(config, {"good.bin": tiny.image(tiny.POWER_OFF)}, cpus=1)
        ended = re.findall(r"\] root: (g\d+): powered off$", text, re.MULTILINE)
        self.assertEqual(sorted(ended), sorted(names))

    def test_guest_that_stands_still(self) -> None:
        directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        tiny.write(directory, still=tiny.STOP)
        (directory / "my.conf").write_text(block("still", "multiboot", "still.bin"))
        terminal = self.enterContext(boot_config(directory / "my.conf"))
        terminal.expect(r"\] still: warning: guest: halted with interrupts off; a restart wakes it$")


class CrowdTest(unittest.TestCase):
    """Three Linux guests on one CPU."""

    def test_all_reach_their_shells(self) -> None:
        names = ["one", "two", "three"]
        with tempfile.TemporaryDirectory() as name:
            config = Path(name, "crowd.conf")
            config.write_text("".join(
                f'vm {guest_name} {{\n\tmemory 96M\n\tboot linux {{\n\t\tkernel "debian/vmlinuz"\n'
                '\t\tinitrd "debian/initramfs"\n\t\targs "console=ttyS0 quiet cryptomgr.notests '
                f'vela.name={guest_name}"\n\t}}\n}}\n' for guest_name in names))
            vela = session.boot(config, names, cpus=1)
            with vela.terminal:
                for number, guest_name in enumerate(names, 1):
                    if vela.shown != number:
                        vela.show(number)
                    vela.expect_shell(number)
                    self.assertEqual(vela.command(number, "hostname"), f"{guest_name}\n")
                vela.quit()


if __name__ == "__main__":
    tapunit.main()
