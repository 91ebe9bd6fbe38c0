# SPDX-License-Identifier: Apache-2.0
"""The cost of a guest's boot under Vela, as a ratio to the same boot on the emulator without Vela.

guest_boot_ratio compares instructions, counted by the emulator, from the start of the machine to the
first instruction of /init; the guest's own time stamp counter has the number. boot_cpu_ratio compares the
emulator's CPU time, without counting, from power-on to the guest's shell; Vela's boot is included.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from velatool import boot, cpio, guest, paths, qemu, serial
from velatool.ui import VelaError

RATIO_KEYS = ("guest_boot_ratio", "guest_boot_instructions", "native_boot_instructions")
GUEST_MEMORY = "256M"
GUEST_MEMORY_MIB = 256
COUNTED_LINE = "console=ttyS0 quiet reboot=t panic=-1 mitigations=off tsc=reliable"
SHELL_LINE = "console=ttyS0 quiet cryptomgr.notests vela.name=bench"
TSC_KEY = "@@ guest_boot_tsc "
READY = "VELA-GUEST-READY bench"
COUNTED_TIMEOUT = 300
SHELL_TIMEOUT = 180
REPEATS = 3

CONFIG = """\
vm bench {{
	memory {memory}
	boot linux {{
		kernel "debian/vmlinuz"
		initrd "{initrd}"
		args "{line}"
	}}
}}
"""


def bench_initramfs() -> Path:
    """An initramfs that holds nothing but the program that reads the counter."""
    program = paths.BUILD / "tests" / "bench" / "bench-init"
    archive = cpio.Archive()
    archive.directory("dev")
    archive.character_device("dev/console", 5, 1)
    archive.file("init", program.read_bytes(), 0o755)
    target = paths.BUILD / "bench" / "initramfs"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(archive.finish())
    return target


def native(initrd: Path, line: str, icount: bool) -> qemu.Machine:
    """The guest on the emulator without Vela."""
    return qemu.Machine(kernel=guest.KERNEL, append=line, cpus=1, memory_mib=GUEST_MEMORY_MIB,
                        icount=icount, extra=("-initrd", str(initrd)))


def under_vela(initrd: str, line: str, icount: bool) -> qemu.Machine:
    """Vela with the guest as its only one."""
    config = paths.BUILD / "bench" / f"boot-{Path(initrd).name}.conf"
    config.parent.mkdir(exist_ok=True)
    config.write_text(CONFIG.format(memory=GUEST_MEMORY, initrd=initrd, line=line))
    plan = boot.plan(config, qemu.EXIT_ARGUMENT)
    return qemu.Machine(kernel=plan.kernel, modules=plan.modules, cpus=1, memory_mib=1024,
                        icount=icount)


def run_to(machine: qemu.Machine, mark: str, timeout: float) -> serial.Outcome:
    """Run a machine until it prints a line that contains mark."""
    outcome = serial.run(machine, timeout, lambda line: mark in line)
    if not outcome.stopped:
        how = f"did not come within {timeout:g} s" if outcome.timed_out \
            else f"never came: {qemu.meaning(outcome.status or 0)}"
        raise VelaError(f"the boot benchmark's line '{mark.strip()}' {how}",
                        "\n".join(outcome.lines[-15:]))
    return outcome


def counted(machine: qemu.Machine) -> int:
    """The guest's time stamp counter at its /init."""
    line = run_to(machine, TSC_KEY, COUNTED_TIMEOUT).lines[-1]
    return int(line.partition(TSC_KEY)[2].split()[0])


def guest_boot_ratio() -> dict[str, float]:
    """Instructions under Vela, without, and their ratio."""
    initrd = bench_initramfs()
    without = counted(native(initrd, COUNTED_LINE, icount=True))
    with_vela = counted(under_vela(initrd.name, COUNTED_LINE, icount=True))
    return {"guest_boot_ratio": round(with_vela / without, 4),
            "guest_boot_instructions": with_vela, "native_boot_instructions": without}


def least_cpu_seconds(make: Callable[[], qemu.Machine], mark: str = READY) -> float:
    """The least CPU time of a few boots to a line: other load only ever adds to it."""
    return min(run_to(replace(make(), icount=False), mark, SHELL_TIMEOUT).cpu_seconds
               for _ in range(REPEATS))


def boot_cpu_ratio() -> dict[str, float]:
    """CPU time to the shell under Vela over CPU time without."""
    without = least_cpu_seconds(lambda: native(guest.INITRAMFS, SHELL_LINE, icount=False))
    with_vela = least_cpu_seconds(lambda: under_vela("debian/initramfs", SHELL_LINE, icount=False))
    return {"boot_cpu_ratio": round(with_vela / without, 3)}
