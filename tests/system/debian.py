# SPDX-License-Identifier: Apache-2.0
"""Debian guests on a disk as a test uses them: machines with disks and networks, and logging in.

Tests get a copy of the image that `./vela disk` makes, or forget what guests write to it.
"""

import http.server
import re
import threading
from collections.abc import Sequence
from pathlib import Path

import session
from velatool import disk, paths
from velatool.hardware import Disk, Hardware

KERNEL = 'kernel "debian/vmlinuz"; initrd "debian/initramfs"'
LINE = "console=ttyS0 quiet cryptomgr.notests"
BOOT = 300
HOST = "10.0.2.2"  # the host's loopback, seen from QEMU's user network


def hardware(image: Path | None = None, model: str = "virtio") -> Hardware:
    """One disk and one adapter: a disk of the test's own, or the common one, which stays as it is."""
    if image is not None:
        return Hardware((Disk(image, model),), ("virtio",))
    return Hardware((Disk(disk.system(), model, snapshot=True),), ("virtio",))


def own_disk(directory: Path) -> Path:
    """A disk that a test may write to."""
    image = directory / "disk.img"
    disk.copy_sparse(disk.system(), image)
    return image


def vm(name: str, settings: str, line: str = "root=/dev/vda") -> str:
    """A block for a Debian guest."""
    return (f'vm {name} {{\n\tboot linux {{ {KERNEL}; args "{LINE} {line} '
            f'systemd.hostname={name}" }}\n{settings}\n}}\n')


def small_vm(name: str, settings: str) -> str:
    """A block for a guest in memory."""
    return (f'vm {name} {{\n\tmemory 128M\n\tboot linux {{ {KERNEL}; '
            f'args "{LINE} vela.name={name}" }}\n{settings}\n}}\n')


def boot(config: str, guests: Sequence[str], machine: Hardware) -> session.Session:
    """Boot a configuration given as text."""
    file = paths.BUILD / "debian-test.conf"
    file.write_text(config)
    return session.boot(file, guests, hardware=machine)


def log_in(vela: session.Session, number: int) -> None:
    """Log in on the console of a guest; the prompt becomes its name, as in the stock guest."""
    name = vela.guests[number - 1]
    if vela.shown != number:
        vela.show(number)
    vela.terminal.expect(f"^{name} login: ", BOOT)
    vela.terminal.line("root")
    vela.terminal.expect(f"root@{name}:~# ", session.COMMAND)
    vela.terminal.line(f"PS1='{name}# '; dmesg -n 1")
    vela.terminal.expect(f"^{name}# ", session.COMMAND)


def address(vela: session.Session, number: int) -> str:
    """The address that a guest got by DHCP, once it has one."""
    wait = ("for i in $(seq 60); do ip -4 addr | grep -q 'inet 10' && break; sleep 1; done; "
            "ip -4 addr")
    match = re.search(r"inet (10\.\d+\.\d+\.\d+)/24", vela.command(number, wait))
    if not match:
        vela.terminal.fail(f"{vela.guests[number - 1]} has no address")
    return match.group(1)


class FileServer:
    """Serves one file over HTTP on the host's loopback, for as long as it is used as a context."""

    def __init__(self, content: bytes) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            """Answers every request with the file."""

            def do_GET(self) -> None:
                """Send it."""
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_words: object) -> None:
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://{HOST}:{self._server.server_port}/file"

    def __enter__(self) -> "FileServer":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
