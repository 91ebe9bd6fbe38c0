# SPDX-License-Identifier: Apache-2.0
"""The memory that a guest costs beyond its own: its monitor's process, and what the kernel sets aside.

A guest of known size ends, and the system log says how much came back.
"""

import re
from pathlib import Path

from velatool import boot, paths, qemu, serial
from velatool.ui import VelaError

KEYS = ("guest_overhead_bytes", "guest_overhead_kernel_bytes")
CONFIG = paths.BUILD / "tests" / "bench" / "guest" / "exits.conf"
GUEST_KIB = 16 * 1024
GUEST = "exits"
SHOWN = f"--- 1: {GUEST} ---"
SHOW_LOG = b"\x1d0"
FREED = re.compile(rf"root: {GUEST}: (\d+) KiB of memory cleared .* the kernel had (\d+) KiB for it$")
TIMEOUT = 120


def guest_overhead() -> dict[str, float]:
    """Bytes of the monitor's process and of the kernel's quota for a guest with one virtual CPU."""
    plan = boot.plan(Path(CONFIG), qemu.EXIT_ARGUMENT)
    machine = qemu.Machine(kernel=plan.kernel, modules=plan.modules)
    outcome = serial.run(machine, TIMEOUT, lambda line: bool(FREED.search(line)),
                         lambda line: SHOW_LOG if SHOWN in line else b"")
    match = FREED.search(outcome.lines[-1]) if outcome.lines else None
    if not match:
        raise VelaError("the system log did not say what the guest's end gave back",
                        "\n".join(outcome.lines[-15:]))
    own, kernel = ((int(value) << 10) for value in match.groups())
    return {KEYS[0]: own - (GUEST_KIB << 10) + kernel, KEYS[1]: kernel}
