# SPDX-License-Identifier: Apache-2.0
"""Drivers of every kind are killed at work, behind an IOMMU: no device goes on with what an earlier
driver told it, so the IOMMU has nothing to stop, and no guest loses or gets wrong data."""

import hashlib
import http.server
import re
import tempfile
import threading
import unittest
from pathlib import Path

import network
import session
import test_block
import test_uplink
from velatool import tapunit
from velatool.hardware import DISK_MODELS, Disk, Hardware

HERE = Path(__file__).resolve().parent
ALPHA, BETA = 1, 2
DISKS = {"paravirtual": "vda", "flash": "vdb", "sata": "vdc"}
CARDS = ("wan", "far")
CONSOLES = ["alpha", "beta", *DISKS, *CARDS]
DISK_BYTES = 16 << 20
ROUNDS = 2

# Fetches a file again and again until /tmp/stop is there; ends with 0 if it was right each time.
FETCH = ("fetch() {{ n=0; while [ ! -e /tmp/stop ]; do n=$((n+1)); "
         "wget -q -O - {url} | sha256sum | grep -q {sum} || return 1; echo $n >/tmp/net.count; done; }}; "
         "rm -f /tmp/stop; (fetch; echo $? >/tmp/net.end) & true")

# Has QEMU note where registers of devices come and go.
TRACE = ("-d", "trace:pci_update_mappings_add,trace:pci_update_mappings_del", "-D")

# What Vela says, and what QEMU itself does, when the IOMMU stops a device.
STOPPED = re.compile(r"by the IOMMU|vtd_|amdvi_")


class ConfinementTest(unittest.TestCase):
    """One machine with three disk controllers and two network cards."""

    def boot(self, iommu: str) -> None:
        """Boot, and have everybody begin to work."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), test_uplink.Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.trace = directory / "trace"
        disks = [Disk(directory / f"{model}.img", model) for model in DISK_MODELS]
        for disk in disks:
            disk.path.write_bytes(bytes(DISK_BYTES))
        self.vela = session.boot(HERE / "confinement.conf", CONSOLES,
                                 hardware=Hardware(disks, ("virtio", "e1000e"), iommu),
                                 extra=(*TRACE, str(self.trace)))
        self.addCleanup(self.vela.terminal.close)
        fetch = FETCH.format(url=f"http://10.0.2.2:{server.server_address[1]}/",
                             sum=hashlib.sha256(test_uplink.DATA).hexdigest())
        for guest in (ALPHA, BETA):
            if guest != self.vela.shown:
                self.vela.show(guest)
            self.vela.expect_shell(guest)
            network.await_route(self.vela, guest, "default")
            self.vela.command(guest, fetch)
        self.vela.command(ALPHA, f"{test_block.LOAD}; for d in {' '.join(DISKS.values())}; do "
                                 "(load $d; echo $? >/tmp/$d.end) & done; true")

    def go_further(self, more: int) -> None:
        """Wait until each load has come further."""
        for guest, names in ((ALPHA, [*DISKS.values(), "net"]), (BETA, ["net"])):
            counts = "; ".join(f"cat /tmp/{name}.count 2>/dev/null || echo 0" for name in names)
            before = self.vela.command(guest, counts).split()
            for name, count in zip(names, before, strict=True):
                self.vela.command(guest, network.AWAIT.format(
                    f"[ $(cat /tmp/{name}.count || echo 0) -ge {int(count) + more} ] 2>/dev/null"))

    def kill(self, name: str) -> None:
        """Kill a service by its key, and wait until it is started again."""
        self.vela.kill(1 + CONSOLES.index(name), "service", r"; restarts in \d+ ms \(\d of 9\)")
        self.vela.terminal.expect(rf"(?:^|\] ){name}: ")

    def kill_all_at_work(self, iommu: str) -> None:
        """Kill each driver several times while its guests use it."""
        self.boot(iommu)
        moves = self.trace.read_text()
        self.assertIn("e1000e 00:09.0", moves)
        for _ in range(ROUNDS):
            self.go_further(1)
            for name in (*DISKS, *CARDS):
                self.kill(name)
        self.go_further(2)
        for guest in (ALPHA, BETA):
            self.vela.command(guest, "touch /tmp/stop; wait")
            self.assertEqual(self.vela.command(guest, "cat /tmp/net.end"), "0\n")
        self.assertEqual(self.vela.command(ALPHA, "cat /tmp/vd?.end"), "0\n0\n0\n")
        self.vela.command(ALPHA, "! dmesg | grep 'I/O error'")
        self.vela.show(0)
        for _ in range(ROUNDS * len((*DISKS, *CARDS))):
            self.vela.terminal.expect("the user kills the service")
        self.vela.quit()
        self.assertEqual(self.trace.read_text(), moves)
        text = self.vela.terminal.text
        self.assertEqual(STOPPED.findall(text), [], text)

    def test_vtd(self) -> None:
        self.kill_all_at_work("intel")

    def test_amd(self) -> None:
        self.kill_all_at_work("amd")


if __name__ == "__main__":
    tapunit.main()
