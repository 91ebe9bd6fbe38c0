# SPDX-License-Identifier: Apache-2.0
"""A driver that attacks with all it has, one that lies to its clients, and one that hangs.

The boot has hostile_service/ in the place of a service's program; what it does is the name of its block.
"""

import re
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import session
import test_block
import tiny
from harness import machine
from velatool import boot, build, hardware, paths, qemu, tapunit

PROGRAM = paths.BUILD / "tests" / "system" / "hostile_service" / "hostile_service"
MARK = b"VELA-HOSTILE"
DISK_BYTES = 8 << 20
FIRST, SECOND, THIRD = map(hardware.disk_address, range(3))


def storage(name: str, address: str, keys: str = "") -> str:
    """A block for a hostile storage."""
    return f"storage {name} {{ device \"{address}\"; {keys} }}\n"


def small(name: str, storage_name: str) -> str:
    """A guest that wants a disk there."""
    return (f"vm {name} {{ memory 16M; boot multiboot {{ kernel \"hello.bin\" }}; "
            f"disk d {{ from {storage_name} }} }}\n")


def stock(name: str, devices: str = "") -> str:
    """A stock guest."""
    return (f"vm {name} {{\nmemory 128M\n{devices}\nboot linux {{\nkernel \"debian/vmlinuz\"\n"
            f"initrd \"debian/initramfs\"\nargs \"console=ttyS0 quiet cryptomgr.notests vela.name={name}\"\n}}\n}}\n")


ATTACKS = (storage("device", FIRST, "on-crash stop") + storage("calls", SECOND, "on-crash stop")
           + storage("silent", THIRD) + stock("beta") + small("one", "device") + small("two", "calls")
           + small("three", "silent"))
LIES = (storage("lies", FIRST) + "switch network { }\n" + stock("beta")
        + stock("alpha", "disk d { from lies }\nnet network { }\non-crash restart"))
HANGS = storage("hangs", FIRST, "watchdog 2s") + stock("alpha", "disk d { from hangs }")

# All that the kernel lets a driver do: wake the root task and the console, and wait for being woken.
MAY = {("sm_ctrl", 0, 1), ("sm_ctrl", 0, 2), ("sm_ctrl", 1, 144), ("sm_ctrl", 2, 144)}
STOPPED = re.compile(r"^\[ *(\d+\.\d+)\] root: error: device: the IOMMU has stopped its device at 00:04\.0, "
                     r"(\d+) times or more; the last was a (?:read|write) at (0x[0-9a-f]+), reason 0x\d$", re.MULTILINE)


class HostileServiceTest(unittest.TestCase):
    """Each test boots another configuration; beta is a guest that has nothing to do with the attack."""

    def boot(self, text: str, consoles: list[str], programs: tuple[str, ...], iommu: str | None = None) -> None:
        """Boot with the hostile program in the place of others, up to the shell of the first guest."""
        directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        tiny.write(directory, hello=tiny.say("hello\n") + tiny.STOP)
        config = directory / "my.conf"
        config.write_text(text)
        disks = []
        for number in range(text.count("storage ")):
            disks.append(hardware.Disk(directory / f"{number}.img"))
            disks[-1].path.write_bytes(MARK.ljust(512) + bytes(DISK_BYTES - 512))
        plan = boot.plan(config, qemu.EXIT_ARGUMENT)
        hostile = build.stripped(PROGRAM)
        modules = tuple(replace(module, path=hostile) if module.name in programs else module
                        for module in plan.modules)
        terminal = self.enterContext(machine.start(qemu.Machine(
            kernel=plan.kernel, modules=modules, cpus=3, memory_mib=2048,
            hardware=hardware.Hardware(disks=tuple(disks), iommu=iommu))))
        self.vela = session.Session(terminal, consoles)
        self.vela.expect_header(1)
        self.vela.expect_shell(1)

    def log(self, *last: str) -> str:
        """The system log, up to the last of some lines."""
        self.vela.show(0)
        start = self.vela.terminal.position
        self.vela.expect_all(last)
        return self.vela.terminal.text[start:self.vela.terminal.position]

    def test_attacks_reach_nobody(self) -> None:
        self.boot(ATTACKS, ["beta", "one", "two", "three", "device", "calls", "silent"], ("block",), "intel")
        self.vela.start_sum(1)
        data = "sha256sum /tmp/data"
        before = self.vela.command(1, f"head -c 16777216 /dev/urandom >/tmp/data; {data}")
        log = self.log(r"device: has attacked all of memory, and goes on\n(?:(?:.*\n)*?.*IOMMU has stopped){3}.*\n",
                       r'disk "d": storage "silent" has not answered in 10 s', "root: error: three: not started",
                       "root: calls: crashed\n")
        self.assertIn(f'device: its own memory has "{MARK.decode()}"', log)
        self.assertIn("device: the first pages of its window are the same", log)
        found = [(float(time), int(times), address) for time, times, address in STOPPED.findall(log)]
        self.assertGreater(len(found), 3, log)
        self.assertGreater(min(later[0] - earlier[0] for earlier, later in zip(found, found[1:])), 0.9)
        self.assertGreater(len({address for _, _, address in found}), 1)
        found = re.findall(r"calls: may (\w+) (\d+) with selector (\d+)$", log, re.MULTILINE)
        may = {(call, int(flags), int(selector)) for call, flags, selector in found}
        self.assertEqual(may, MAY)
        self.assertRegex(log, r"calls: was refused [1-9]\d{5,} calls")
        self.assertRegex(log, r"root: error: calls: page fault \(vector 14, ")
        for name in ("device", "calls"):
            self.assertRegex(log, rf'disk "d": (?:this disk attacks|storage "{name}" does not run)')
        self.assertEqual(len(re.findall(r"root: error: (?:one|two|three): not started", log)), 3, log)
        self.assertEqual(self.vela.command(1, data), before)
        self.vela.stop_sum(1)

    def test_lies_are_the_clients_alone(self) -> None:
        self.boot(LIES, ["beta", "alpha", "lies", "network"], ("block", "net"))
        self.vela.start_sum(1)
        self.vela.show(2)
        self.vela.expect_shell(2)
        self.vela.command(2, "(for i in 1 2 3 4 5 6 7 8 9; do dd if=/dev/vda of=/dev/null bs=4k count=500 "
                             "iflag=direct 2>/dev/null; echo $i >/tmp/reads; done) & "
                             "ip addr add 10.9.9.1/24 dev eth0; ip link set eth0 up; "
                             "(ping -c 30 -i 0.1 -W 1 10.9.9.2 >/dev/null 2>&1) & true")
        self.log(*(f"{name}: has spoilt what its clients read 1000 times" for name in ("network", "lies")))
        self.vela.command(2, "sleep 5; echo alive")
        self.assertNotRegex(self.vela.terminal.text, "its VMM")
        self.vela.stop_sum(1)

    def test_one_that_hangs_is_restarted(self) -> None:
        self.boot(HANGS, ["alpha", "hangs"], ("block",))
        self.vela.command(1, f"{test_block.LOAD}; (load vda; echo $? >/tmp/end) & true")
        log = self.log(r"hangs: failed: it has not answered for 2 s; restarts in 1000 ms \(2 of 5\)")
        for life in (1, 2):
            self.assertIn(f"hangs: hangs now, in life {life}", log)
        self.assertIn("hangs: failed: it has not answered for 2 s; restarts in 500 ms (1 of 5)", log)
        self.vela.command(1, "n=$(cat /tmp/vda.count); until [ $(cat /tmp/vda.count) -ge $((n+3)) ]; do sleep 1; done; "
                             "touch /tmp/stop; wait")
        self.assertEqual(self.vela.command(1, "cat /tmp/end"), "0\n")
        self.vela.command(1, "! dmesg | grep 'I/O error'")


if __name__ == "__main__":
    tapunit.main()
