# SPDX-License-Identifier: Apache-2.0
"""Debian packages the build, the emulator and the tests need, installed through apt when missing.

The check is one dpkg-query, so that a machine that has everything spends no time here.
"""

import os
import subprocess

from velatool.process import run
from velatool.ui import VelaError, progress

# In the order in which a user meets them: compiler, build, emulator, image, tests.
PACKAGES = (
    "clang-19", "lld-19", "llvm-19", "libclang-rt-19-dev", "libc6-dev",
    "meson", "ninja-build", "pkg-config", "dpkg-dev", "libzycore-dev",
    "qemu-system-x86", "acpica-tools",
    "grub-common", "grub-pc-bin", "xorriso", "mtools",
    "libcmocka-dev", "clang-format-19", "clang-tidy-19", "gdb", "git",
)
# Only for what runs in Bochs. Its BIOSes come first: QEMU's would satisfy apt. So does its terminal
# display, which keeps the graphical one away.
BOCHS_PACKAGES = ("bochsbios", "vgabios", "bochs-term", "bochs")


def missing_packages(packages: tuple[str, ...] = PACKAGES) -> list[str]:
    """The packages that dpkg does not list as installed."""
    try:
        listing = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages],
            capture_output=True, text=True, check=False,
        ).stdout
    except FileNotFoundError:
        raise VelaError("this machine has no dpkg", "Vela is built on Debian 12") from None
    installed = {line.split()[0] for line in listing.splitlines() if line.endswith(" installed")}
    return [package for package in packages if package not in installed]


def apt_environment() -> dict[str, str]:
    """The environment for apt: it must never stop to ask."""
    return {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}


def update_lists() -> None:
    """Fetch the machine's package lists."""
    progress("fetching the package lists")
    run(["apt-get", "update", "-qq"], "fetch the package lists", env=apt_environment(),
        hint="check the network and the machine's apt sources")


def install_missing(wanted: tuple[str, ...] = PACKAGES) -> None:
    """Install what is missing of the wanted packages; needs root only if something is."""
    missing = missing_packages(wanted)
    if not missing:
        return
    command = "apt-get install --no-install-recommends " + " ".join(missing)
    if os.geteuid() != 0:
        raise VelaError(f"missing Debian packages: {' '.join(missing)}",
                        f"run this once as root, then again: {command}")
    update_lists()
    for number, package in enumerate(missing, 1):
        progress(f"installing {package} ({number} of {len(missing)})")
        run(["apt-get", "install", "-qq", "-y", "--no-install-recommends", package],
            f"install the package {package}", env=apt_environment(),
            hint=f"try it by hand: apt-get install {package}")
