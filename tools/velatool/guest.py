# SPDX-License-Identifier: Apache-2.0
"""The stock Linux guest: Debian's cloud kernel, unmodified, and an initramfs made of busybox.

Both packages are downloaded and unpacked under .cache/guest; nothing is installed on the machine.
Configurations name the results debian/vmlinuz and debian/initramfs.
"""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from velatool import cpio, packages, paths
from velatool.process import run
from velatool.ui import VelaError, progress

STORE = paths.GUEST_STORE / "debian"
KERNEL = STORE / "vmlinuz"
KERNEL_PACKAGE = STORE / "kernel.deb"
BUSYBOX = STORE / "busybox"
INITRAMFS = STORE / "initramfs"
INIT = paths.ROOT / "tools" / "guest" / "init"
DHCP_SCRIPT = paths.ROOT / "tools" / "guest" / "udhcpc"
KERNEL_META = "linux-image-cloud-amd64"
# The kernel's drivers for what Vela's machines have; /init loads them in the order they need.
MODULES = tuple(STORE / f"{name}.ko" for name in (
    "pvpanic", "pvpanic-mmio", "virtio", "virtio_ring", "virtio_pci_legacy_dev",
    "virtio_pci_modern_dev", "virtio_pci", "virtio_blk", "failover", "net_failover", "virtio_net",
    "virtio-rng", "virtio_console", "virtio_balloon",
))


def kernel_package() -> str:
    """The package with the kernel itself, which the meta package depends on."""
    listing = run(["apt-cache", "depends", KERNEL_META], f"look up the package {KERNEL_META}")
    match = re.search(r"Depends: (linux-image-\S+-cloud-amd64)", listing)
    if not match:
        raise VelaError(f"the package {KERNEL_META} is not in this machine's package lists",
                        "check the machine's apt sources: Debian 12 'main' is needed")
    return match.group(1)


def lists_are_missing() -> bool:
    """Whether apt has no package lists yet."""
    done = subprocess.run(["apt-cache", "show", KERNEL_META], capture_output=True, check=False)
    return done.returncode != 0


def download(package: str, directory: Path) -> Path:
    """Download a package into an empty directory."""
    run(["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", package],
        f"download the package {package}", cwd=directory, env=packages.apt_environment(),
        hint=f"check the network; 'apt-get update && apt-get download {package}' shows more")
    archive = next(directory.glob("*.deb"), None)
    if archive is None:
        raise VelaError(f"the download of {package} left no file")
    return archive


def unpack(archive: Path, directory: Path) -> None:
    """Unpack a package, without the scripts that come with it."""
    run(["dpkg-deb", "-x", archive, directory], f"unpack {archive.name}")


def unpack_from_package(package: str, files: dict[str, Path], keep: Path | None = None) -> None:
    """Download a package and put the one file of it that matches each pattern at its target.

    The package itself may be kept, too.
    """
    with tempfile.TemporaryDirectory(dir=paths.CACHE) as name:
        scratch = Path(name)
        archive = download(package, scratch)
        unpack(archive, scratch / "root")
        for pattern, target in files.items():
            found = sorted((scratch / "root").glob(pattern))
            if not found:
                raise VelaError(f"the package {package} holds no file {pattern}")
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(target.name + ".part")
            shutil.copyfile(found[0], partial)
            partial.chmod(0o755)
            partial.replace(target)
        if keep is not None:
            archive.replace(keep)


def applets() -> list[str]:
    """The commands that the guest's busybox offers."""
    return run([BUSYBOX, "--list"], "list the commands of busybox").split()


def build_initramfs() -> bytes:
    """The initramfs: busybox, a link for each of its commands, kernel modules, and /init."""
    archive = cpio.Archive()
    for name in ("bin", "dev", "proc", "sys", "tmp", "root", "etc", "lib"):
        archive.directory(name)
    for module in MODULES:
        archive.file(f"lib/{module.name}", module.read_bytes(), 0o644)
    archive.character_device("dev/console", 5, 1)
    archive.file("bin/busybox", BUSYBOX.read_bytes(), 0o755)
    for applet in sorted(set(applets()) - {"busybox"}):
        archive.symlink(f"bin/{applet}", "busybox")
    archive.file("etc/udhcpc", DHCP_SCRIPT.read_bytes(), 0o755)
    archive.file("init", INIT.read_bytes(), 0o755)
    return archive.finish()


def prepare() -> None:
    """Make sure that the guest's files exist and are newer than what they are made of."""
    paths.CACHE.mkdir(exist_ok=True)
    kernel_files = {"boot/vmlinuz-*": KERNEL, **{f"lib/modules/**/{m.name}": m for m in MODULES}}
    whole = all(file.is_file() for file in (KERNEL_PACKAGE, *kernel_files.values()))
    if not (whole and BUSYBOX.is_file()):
        if lists_are_missing():
            packages.update_lists()
        progress("fetching the guest's kernel and busybox")
        if not whole:
            unpack_from_package(kernel_package(), kernel_files, KERNEL_PACKAGE)
        if not BUSYBOX.is_file():
            unpack_from_package("busybox-static", {"**/bin/busybox": BUSYBOX})
    made_from = max(file.stat().st_mtime_ns for file in (INIT, DHCP_SCRIPT, BUSYBOX, *MODULES))
    if not INITRAMFS.is_file() or INITRAMFS.stat().st_mtime_ns < made_from:
        progress("making the guest's initramfs")
        partial = INITRAMFS.with_name("initramfs.part")
        partial.write_bytes(build_initramfs())
        partial.replace(INITRAMFS)
