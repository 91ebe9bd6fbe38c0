# SPDX-License-Identifier: Apache-2.0
"""Where things lie. Nothing outside the source tree is written, except by apt.

VELA_BUILD names another build directory than build/, so that several builds of one tree can exist.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("VELA_BUILD", ROOT / "build")).absolute()
CACHE = ROOT / ".cache"
GUEST_STORE = CACHE / "guest"
SUBPROJECTS = ROOT / "subprojects"
PACKAGE_CACHE = SUBPROJECTS / "packagecache"
CROSS_FILE = ROOT / "tools" / "cross" / "x86_64.ini"
NATIVE_FILE = ROOT / "tools" / "cross" / "native.ini"
SHIPPED_CONFIG = ROOT / "examples" / "default.conf"
TWO_GUESTS = ROOT / "examples" / "two-guests.conf"

KERNEL = BUILD / "hypervisor" / "vela.elf"
KERNEL32 = BUILD / "hypervisor" / "vela.elf32"
ROOTTASK = BUILD / "roottask" / "roottask"
CONSOLE = BUILD / "services" / "console" / "console"
BLOCK = BUILD / "services" / "block" / "block"
NET = BUILD / "services" / "net" / "net"
VMM = BUILD / "vmm" / "vmm"
CONFIG_TOOL = BUILD / "runtime" / "config" / "vela-config"


def default_config(shipped: Path = SHIPPED_CONFIG) -> Path:
    """The configuration when none is named: vela.conf here if there is one, else a shipped one."""
    own = Path("vela.conf")
    if own.is_file():
        return own
    here = Path.cwd()
    return shipped.relative_to(here) if shipped.is_relative_to(here) else shipped
