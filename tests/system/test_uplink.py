# SPDX-License-Identifier: Apache-2.0
"""A guest fetches from the host's loopback through each kind of network card, also while the card's
driver is killed, and with the card behind an IOMMU."""

import hashlib
import http.server
import random
import threading
import unittest
from pathlib import Path

import network
import session
from velatool import tapunit
from velatool.hardware import Hardware

HERE = Path(__file__).resolve().parent
ALPHA, WAN = 1, 2
DATA = random.Random(5).randbytes(3 << 20)
PIECE = 64 << 10


class Handler(http.server.BaseHTTPRequestHandler):
    """Gives DATA; half-way it waits for the test if that asks it to."""

    half = threading.Event()
    go_on = threading.Event()

    def do_GET(self) -> None:
        """Answer every request."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(DATA)))
        self.end_headers()
        for at in range(0, len(DATA), PIECE):
            if self.path == "/half" and at == len(DATA) // 2:
                self.half.set()
                self.go_on.wait(session.COMMAND)
            self.wfile.write(DATA[at:at + PIECE])

    def log_message(self, *_) -> None:  # noqa: D102
        """Keep quiet."""


class UplinkTest(unittest.TestCase):
    """Each test boots with another card."""

    def setUp(self) -> None:
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.url = f"http://10.0.2.2:{self.server.server_address[1]}"
        Handler.half.clear()
        Handler.go_on.clear()

    def boot(self, model: str, iommu: str | None = None) -> None:
        """A machine with a network card of a model."""
        self.vela = session.boot(HERE / "uplink.conf", ["alpha", "wan"],
                                 hardware=Hardware(adapters=(model,), iommu=iommu))
        self.addCleanup(self.vela.terminal.close)
        self.vela.expect_shell(ALPHA)
        network.await_route(self.vela, ALPHA, "default")

    def fetch(self) -> None:
        """Fetch the file while the host gives it at once."""
        output = self.vela.command(ALPHA, f"wget -q -O - {self.url}/ | sha256sum")
        self.assertEqual(output.split()[0], hashlib.sha256(DATA).hexdigest())

    def fetch_over_a_kill(self) -> None:
        """Kill the service when half of the file has been given."""
        self.vela.command(ALPHA, f"(wget -q -O - {self.url}/half | sha256sum >/tmp/sum.new; "
                                 "mv /tmp/sum.new /tmp/sum) & true")
        self.assertTrue(Handler.half.wait(session.COMMAND))
        threading.Timer(0.2, Handler.go_on.set).start()
        network.kill_service(self.vela, WAN)
        self.assertEqual(network.heard(self.vela, ALPHA), hashlib.sha256(DATA).hexdigest())

    def test_virtio(self) -> None:
        self.boot("virtio")
        self.fetch()
        self.fetch_over_a_kill()

    def test_e1000e(self) -> None:
        self.boot("e1000e")
        self.fetch()
        self.fetch_over_a_kill()

    def test_virtio_behind_an_iommu(self) -> None:
        self.boot("virtio", "intel")
        self.fetch()
        self.fetch_over_a_kill()

    def test_e1000e_behind_an_iommu(self) -> None:
        self.boot("e1000e", "intel")
        self.fetch()
        self.fetch_over_a_kill()


if __name__ == "__main__":
    tapunit.main()
