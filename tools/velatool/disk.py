# SPDX-License-Identifier: Apache-2.0
"""A Debian 12 system on a disk image, made once from Debian packages and kept under .cache/guest.

SYSTEM is the image as it was made and is never written again. DISK is the copy that `./vela run` gives
to the machine, with everything that guests changed; VELA_DISK names another place for it. The guest's
kernel is a boot module; the disk has the kernel modules that belong to it.
"""

import hashlib
import os
import tempfile
from pathlib import Path

from velatool import gpt, guest, packages, paths, sources
from velatool.process import run
from velatool.ui import VelaError, human_bytes, progress

SYSTEM = guest.STORE / "system.img"
DISK = Path(os.environ.get("VELA_DISK", guest.STORE / "disk.img"))
STAMP = guest.STORE / "system.made-from"
SETUP = paths.ROOT / "tools" / "guest" / "disk-setup"
HOST_PACKAGES = ("mmdebstrap", "e2fsprogs")
CONTENT = (
    "systemd-sysv", "udev", "kmod", "e2fsprogs", "procps", "pciutils", "iproute2", "iputils-ping",
    "wget", "fio", "iperf3", "stress-ng", "gcc", "libc6-dev", "make",
)
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
PARTITION = "debian"
PARTITION_BYTES = 1 << 30
FIXED_EPOCH = "1735689600"
FILESYSTEM_ID = "6e9dc7f1-3c5a-4c39-8a52-76656c610003"


def made_from() -> str:
    """What an image made now would be made from."""
    recipe = repr((CONTENT, LEFT_OUT, PARTITION, PARTITION_BYTES, SETUP.read_text()))
    status = guest.KERNEL_PACKAGE.stat()
    return f"{hashlib.sha256(recipe.encode()).hexdigest()} {status.st_size} {status.st_mtime_ns}"


def proxy_settings() -> list[str]:
    """The machine's settings for its way to the archives, as apt takes them on its command line."""
    dump = run(["apt-config", "dump", "Acquire"], "read the settings of apt")
    return [f"--aptopt={line}" for line in dump.splitlines()
            if line.startswith(("Acquire::http", "Acquire::https")) and not line.endswith('"";')]


def unpack_packages(directory: Path, root: Path) -> None:
    """Make the tree of the system: packages unpacked and set up, then what SETUP does."""
    archives = directory / "debian.sources"
    archives.write_text("\n\n".join(sources.machine_sources("deb")) + "\n")
    kernel = directory / "kernel"
    guest.unpack(guest.KERNEL_PACKAGE, kernel)
    modules = next((kernel / "lib" / "modules").iterdir())
    command = ["mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--format=directory",
               f"--include={','.join(CONTENT)}", '--aptopt=APT::Install-Recommends "false"',
               *proxy_settings(), *(f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT),
               f'--customize-hook="{SETUP}" "$1" "{modules}"', "bookworm", str(root), str(archives)]
    run(command, "make a Debian system of packages",
        env={**packages.apt_environment(), "SOURCE_DATE_EPOCH": FIXED_EPOCH},
        hint="check the network and the machine's apt sources; the end of what mmdebstrap said:")


def write_filesystem(root: Path, image: Path) -> None:
    """Write a tree as ext4 to where the partition of an image will be."""
    options = f"offset={gpt.ALIGNMENT},hash_seed={FILESYSTEM_ID},lazy_itable_init=0"
    run(["mke2fs", "-q", "-F", "-t", "ext4", "-L", PARTITION, "-U", FILESYSTEM_ID, "-E", options,
         "-d", root, image, f"{PARTITION_BYTES >> 10}k"],
        "write the file system", env={**os.environ, "E2FSPROGS_FAKE_TIME": FIXED_EPOCH})


def make_system() -> None:
    """Make the image; nothing half-made is left behind."""
    sources_known = sources.machine_sources("deb")
    if not sources_known:
        raise VelaError("this machine's apt has no Debian 12 archive to take packages from",
                        f"add one to {sources.APT_ETC / 'sources.list'}")
    if os.geteuid() != 0:
        raise VelaError("making the disk of the guest 'debian' needs root, the first time",
                        "run this once as root: ./vela disk")
    packages.install_missing(HOST_PACKAGES)
    progress("making the disk of the guest 'debian' from Debian packages: a few minutes, once")
    partial = SYSTEM.with_name("system.part")
    with tempfile.TemporaryDirectory(dir=paths.CACHE, prefix="system-") as name:
        root = Path(name, "root")
        unpack_packages(Path(name), root)
        progress("writing the disk")
        partial.write_bytes(b"")
        write_filesystem(root, partial)
    gpt.write(partial, PARTITION, PARTITION_BYTES)
    partial.replace(SYSTEM)
    STAMP.write_text(made_from())
    progress(f"the disk holds {human_bytes(SYSTEM.stat().st_blocks * 512)}")


def system() -> Path:
    """The image as it was made, up to date."""
    guest.prepare()
    if not SYSTEM.is_file() or not STAMP.is_file() or STAMP.read_text() != made_from():
        make_system()
    return SYSTEM


def copy_sparse(source: Path, target: Path) -> None:
    """Copy an image without its holes; the target appears when it is whole."""
    partial = target.with_name(target.name + ".part")
    run(["cp", "--sparse=always", source, partial], f"copy {source.name}")
    partial.replace(target)


def working_copy() -> Path:
    """The disk of `./vela run`, made of the image if there is none yet."""
    if not DISK.is_file():
        copy_sparse(system(), DISK)
    return DISK
