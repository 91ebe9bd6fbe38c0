# SPDX-License-Identifier: Apache-2.0
"""What a guest's disk and network cost outside the guest, in instructions.

tests/bench/io.c does the same work in a guest of Vela and on the emulator without Vela. There the
devices are the emulator's, whose work the counter does not see, so what is more under Vela is its own:
the monitor, the service with its driver, and the kernel. The disk has no content and answers at once.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

from velatool import bench_payload, cpio, guest, packages, qemu
from velatool.bench_payload import DIRECTORY, LINE, SOURCES
from velatool.hardware import Hardware
from velatool.ui import VelaError

KEYS = ("virtio_blk_read", "virtio_blk_read_guest", "virtio_net_send_bytes_per_instruction")
END = "@@ io_end "
DISK = ("-drive", "driver=null-co,size=1G,read-zeroes=on,if=none,id=disk0",
        "-device", "virtio-blk-pci,drive=disk0,addr=0x4.0,disable-legacy=on")
RECEIVE_BYTES = 1 << 16

CONFIG = """\
storage ssd {{ device "00:04.0" }}
switch lan {{ uplink "00:08.0" }}
vm bench {{
	memory 256M
	boot pvh {{
		kernel "vmlinux"
		initrd "io.cpio"
		args "{line}"
	}}
	disk all {{ from ssd }}
	net lan {{ }}
}}
"""


def initramfs() -> None:
    """Busybox, the kernel's virtio drivers and the program."""
    archive = cpio.Archive()
    for directory in ("bin", "dev", "lib", "proc", "sys"):
        archive.directory(directory)
    archive.character_device("dev/console", 5, 1)
    archive.file("bin/busybox", guest.BUSYBOX.read_bytes(), 0o755)
    for applet in sorted(set(guest.applets()) - {"busybox"}):
        archive.symlink(f"bin/{applet}", "busybox")
    for module in guest.MODULES:
        archive.file(f"lib/{module.name}", module.read_bytes())
    archive.file("io", bench_payload.program("io").read_bytes(), 0o755)
    archive.file("init", (SOURCES / "io-init").read_bytes(), 0o755)
    (DIRECTORY / "io.cpio").write_bytes(archive.finish(compress=False))


def receive(listener: socket.socket) -> None:
    """Take what each guest sends, then close, which tells it that all has come."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            while connection.recv(RECEIVE_BYTES):
                pass


def run(machine: qemu.Machine) -> dict[str, int]:
    """The guest's figures on a machine with the disk and an adapter."""
    whole = replace(machine, extra=(*machine.extra, *DISK), hardware=Hardware(adapters=("virtio",)))
    return bench_payload.figures(bench_payload.run(whole, END))


@contextlib.contextmanager
def server() -> Iterator[str]:
    """A server for what guests send; gives the guests' command line."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=receive, args=(listener,), daemon=True).start()
        yield f"{LINE} port={listener.getsockname()[1]}"


def prepare() -> None:
    """Make the kernel and the initramfs."""
    packages.install_missing(bench_payload.BENCH_PACKAGES)
    DIRECTORY.mkdir(exist_ok=True)
    bench_payload.kernel_image()
    initramfs()


def disk_and_network() -> dict[str, float]:
    """Instructions outside the guest per request of 4 KiB, and bytes sent for each of them."""
    prepare()
    with server() as line:
        without, with_vela = (run(bench_payload.native(line, "io")),
                              run(bench_payload.under_vela(line, "io", CONFIG)))
    missing = [key for key in ("io_read", "io_send") if key not in with_vela or key not in without]
    if missing:
        raise VelaError(f"the guest of the disk and network benchmark gave no {', '.join(missing)}")
    requests, sent = with_vela["io_requests"], with_vela["io_sent_bytes"]
    return {
        KEYS[0]: round((with_vela["io_read"] - without["io_read"]) / requests),
        KEYS[1]: round(without["io_read"] / requests),
        KEYS[2]: round(sent / (with_vela["io_send"] - without["io_send"]), 3),
    }
