# SPDX-License-Identifier: Apache-2.0
"""Disks, networks and memory that cannot be had: each guest that wants them is refused with the reason,
and the others start, whether the machine lacks something or two blocks contradict each other.

What two blocks say against each other is found by `vela config check` and `vela run` too; a file that
cannot be understood starts nothing.
"""

import contextlib
import io
import subprocess
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import session
import tiny
from harness import machine
from harness.terminal import Terminal
from velatool import boot, gpt, hardware, paths, qemu, tapunit

DISK, SECOND = hardware.disk_address(0), hardware.disk_address(1)
CARD = hardware.adapter_address(0)


def guest(name: str, devices: str, memory: str = "16M") -> str:
    """A guest that says hello, on one line."""
    return f"vm {name} {{ memory {memory}; boot multiboot {{ kernel \"hello.bin\" }}; {devices} }}\n"


# Line by line: the tests name the places of mistakes.
STORAGE = f"storage ssd {{ device \"{DISK}\" }}\n"
WANTS = STORAGE + "".join((
    "storage gone { device \"00:07.0\" }\n",
    f"storage card {{ device \"{CARD}\" }}\n",
    f"switch lan {{ uplink \"{SECOND}\" }}\n",
    "switch quiet { }\n",
    guest("good", "disk d { from ssd; partition \"data\" }; net quiet { }"),
    guest("nopart", "disk d { from ssd; partition \"nowhere\"; mode read-only }"),
    guest("alias", f"disk d {{ from ssd; partition \"{gpt.PARTITION_ID}\" }}"),
    guest("nodisk", "disk d { from gone }"),
    guest("wrong", "disk d { from card }"),
    guest("offline", "net lan { }"),
    guest("large", "", memory="100G"),
    guest("other", ""),
))
# Of this machine's 1 GiB two such guests do not fit; the first one waits for its disk.
HALF = "600M"
MEMORY = STORAGE + "".join((
    guest("early", "disk d { from ssd; partition \"data\" }", memory=HALF),
    guest("late", "", memory=HALF),
    guest("small", ""),
))
ADDRESS = "mac \"52:54:00:12:34:56\""
MISTAKES = STORAGE + "switch lan { }\n" + "".join((
    guest("first", f"disk d {{ from ssd; partition \"data\" }}; net lan {{ {ADDRESS} }}"),
    guest("second", "disk d { from ssd }"),
    guest("third", f"net lan {{ {ADDRESS} }}"),
    guest("fourth", "disk d { from sdd }"),
    guest("fifth", "net wan { }"),
    f"storage twin {{ device \"{DISK}\" }}\n",
    guest("other", "net lan { }"),
    guest("sixth", "disk d { from twin }"),
))
# In the order of the VMs; the storage is the last.
FOUND = (
    r':4:\d+: error: disk "d" of vm "second" and disk "d" of vm "first" at {name}:3 are the same, '
    "and one of them is written",
    r":5:\d+: error: another net has this MAC address, at {name}:3",
    r':6:\d+: error: there is no storage "sdd", did you mean "ssd"\?',
    r':7:\d+: error: there is no switch "wan", did you mean "lan"\?',
    r':8:\d+: error: storage "twin" and storage "ssd" at {name}:1 have the same device',
)
REFUSED = ("second", "third", "fourth", "fifth", "sixth")


class RefusalsTest(unittest.TestCase):
    """Two disks, the first with a partition, a network card, and a file that wants more."""

    def setUp(self) -> None:
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        tiny.write(self.directory, hello=tiny.say("hello\n") + tiny.STOP)
        self.disk = self.directory / "disk.img"
        self.disk.touch()
        gpt.write(self.disk, "data", 8 << 20)
        self.second = self.directory / "second.img"
        self.second.write_bytes(bytes(1 << 20))

    def start(self, text: str, instead: str | None = None) -> Terminal:
        """Boot a configuration; with instead, what the root task finds is another."""
        config = self.directory / "my.conf"
        config.write_text(text)
        plan = boot.plan(config, qemu.EXIT_ARGUMENT)
        modules = plan.modules
        if instead is not None:
            wrong = self.directory / "wrong.conf"
            wrong.write_text(instead)
            modules = tuple(replace(module, path=wrong) if module.name == boot.CONFIG_NAME
                            else module for module in modules)
        return self.enterContext(machine.start(qemu.Machine(
            kernel=plan.kernel, modules=modules, cpus=3, memory_mib=1024,
            hardware=hardware.Hardware(disks=(hardware.Disk(self.disk), hardware.Disk(self.second)), adapters=("virtio",)))))

    def expect_all(self, terminal: Terminal, lines: tuple[str, ...]) -> None:
        """Wait for lines of the system log in any order."""
        terminal.expect("h: help ---$", session.BOOT)
        terminal.send(session.ESCAPE + "0")
        start = terminal.position
        for line in lines:
            terminal.position = start
            terminal.expect(line, session.COMMAND)

    def test_others_start(self) -> None:
        terminal = self.start(WANTS)
        place = r"root: error: vela\.conf:{}:\d+: error: "
        self.expect_all(terminal, (
            place.format(2) + rf"there is no device at 00:07\.0; this machine has {DISK} \(disk "
            r"controller 1af4:1042\)",
            place.format(3) + rf"there is no disk controller at {CARD}; this machine has {DISK} ",
            place.format(4) + rf"there is no network card at {SECOND}; this machine has {CARD} "
            r"\(network card 1af4:1041\)",
            place.format(7) + rf'disk "d": virtio-blk at {DISK}, unit 0 "nowhere": .*no partition',
            place.format(8) + rf'disk "d": virtio-blk at {DISK}, unit 0 "{gpt.PARTITION_ID}": ',
            place.format(9) + 'disk "d": storage "gone" does not run',
            place.format(10) + 'disk "d": storage "card" does not run',
            place.format(11) + 'net "lan": switch "lan" does not run',
            place.format(12) + r'not enough memory: 102400 MiB needed, \d+ MiB free; lower '
            '"memory"',
            *(rf"root: error: {name}: not started; the other VMs are not affected"
              for name in ("nopart", "alias", "nodisk", "wrong", "offline", "large")),
            *(rf"root: {name}: started on CPU [12] with 16 MiB" for name in ("good", "other")),
        ))
        for number in (1, 8):
            terminal.send(f"{session.ESCAPE}{number}")
            terminal.expect("^hello$", session.COMMAND)

    def test_memory_in_the_order_of_the_file(self) -> None:
        self.expect_all(self.start(MEMORY), (
            r"root: early: started on CPU [12] with 600 MiB",
            r"root: error: vela\.conf:3:\d+: error: not enough memory: 600 MiB needed, \d+ MiB free",
            "root: error: late: not started; the other VMs are not affected",
            r"root: small: started on CPU [12] with 16 MiB",
        ))

    def test_mistakes_between_blocks(self) -> None:
        config = self.directory / "bad.conf"
        config.write_text(MISTAKES)
        done = subprocess.run([str(paths.CONFIG_TOOL), "check", str(config)], capture_output=True,
                              text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        for found in FOUND:
            self.assertRegex(done.stderr, found.format(name=config))
        self.assertEqual(done.stderr.count("error:"), len(FOUND), done.stderr)
        printed = io.StringIO()
        with contextlib.redirect_stderr(printed):
            boot.plan(config)
        self.assertEqual(printed.getvalue(), done.stderr)

    def test_mistakes_between_blocks_at_boot(self) -> None:
        terminal = self.start(MISTAKES)
        reasons = [r"root: error: vela\.conf" + found.format(name=r"vela\.conf") for found in FOUND]
        self.expect_all(terminal, (
            *reasons,
            r"root: error: vela\.conf:10:\d+: error: disk \"d\": storage \"twin\" does not run",
            "root: error: twin: not started; only VMs that use it are affected",
            *(rf"root: error: {name}: not started; the other VMs are not affected" for name in REFUSED),
            *(rf"root: {name}: started on CPU [12] with 16 MiB" for name in ("first", "other")),
        ))
        for number in (1, 6):
            terminal.send(f"{session.ESCAPE}{number}")
            terminal.expect("^hello$", session.COMMAND)
        terminal.send(session.ESCAPE + "2")
        terminal.expect("2: second, not started; the system log says why", session.COMMAND)
        terminal.send(session.ESCAPE + "r" + session.ESCAPE + "0")
        terminal.expect("root: second: restart asked for", session.COMMAND)
        terminal.expect(reasons[0], session.COMMAND)
        terminal.expect("root: error: second: not started", session.COMMAND)

    def test_a_file_without_meaning(self) -> None:
        terminal = self.start(guest("good", ""), guest("good", "") + guest("wrong", "cpus 99"))
        self.expect_all(terminal, (
            r"root: error: vela\.conf:2:\d+: error: \"cpus\" needs a number from 1 to 16",
            r"root: error: vela\.conf has mistakes: no VM is started",
        ))


if __name__ == "__main__":
    tapunit.main()
