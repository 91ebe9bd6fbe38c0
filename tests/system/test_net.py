# SPDX-License-Identifier: Apache-2.0
"""Switches: guests on one reach each other, others do not; addresses cannot be forged; a service
that is killed comes back, and what its guests were sending arrives."""

import unittest
from pathlib import Path

import network
import session
from velatool import tapunit

HERE = Path(__file__).resolve().parent
ALPHA, BETA, GAMMA, LAN = 1, 2, 3, 4
ALPHA_IP, BETA_IP, GAMMA_IP = "10.1.0.1", "10.1.0.2", "10.1.0.3"
MIB = 4


class NetTest(unittest.TestCase):
    """All tests share one machine; each leaves the network as it found it."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.vela = session.boot(HERE / "net.conf", ["alpha", "beta", "gamma", "lan", "backstage"])
        cls.addClassCleanup(cls.vela.terminal.close)
        for number in (ALPHA, BETA, GAMMA):
            if number != ALPHA:
                cls.vela.show(number)
            cls.vela.expect_shell(number)
            network.await_route(cls.vela, number, "10.1.0.0/24")

    def reaches(self, guest: int, address: str) -> bool:
        """Whether any of three pings is answered."""
        output = self.vela.command(guest, f"ping -c 3 -W 2 {address} | cat")
        self.assertIn("3 packets transmitted", output)
        return "0 packets received" not in output

    def transfer(self, sender: int, receiver: int, address: str, port: int) -> None:
        """Send a file by TCP and compare checksums."""
        network.listen(self.vela, receiver, port)
        wanted = network.make_file(self.vela, sender, MIB)
        self.vela.command(sender, f"nc {address} {port} </tmp/file", 3 * session.COMMAND)
        self.assertEqual(network.heard(self.vela, receiver), wanted)

    def test_guests_ping_each_other(self) -> None:
        self.assertTrue(self.reaches(ALPHA, BETA_IP))
        self.assertTrue(self.reaches(BETA, ALPHA_IP))

    def test_files_arrive_whole(self) -> None:
        self.transfer(ALPHA, BETA, BETA_IP, 5001)

    def test_a_limited_guest_sends_slower_but_all(self) -> None:
        self.transfer(BETA, ALPHA, ALPHA_IP, 5002)

    def test_another_switch_is_another_network(self) -> None:
        before = network.received(self.vela, GAMMA)
        self.assertFalse(self.reaches(ALPHA, GAMMA_IP))
        self.assertFalse(self.reaches(GAMMA, ALPHA_IP))
        self.assertEqual(network.received(self.vela, GAMMA), before)

    def test_a_forged_address_does_not_pass(self) -> None:
        change = ("ip link set eth0 down; ip link set eth0 address {0}; ip link set eth0 up; "
                  "ip address add 10.1.0.1/24 dev eth0 2>/dev/null; sleep 2; "
                  "[ $(cat /sys/class/net/eth0/address) = {0} ]")
        self.vela.command(ALPHA, change.format("52:54:00:00:00:77"))
        before = network.received(self.vela, BETA)
        self.assertFalse(self.reaches(ALPHA, BETA_IP))
        self.assertEqual(network.received(self.vela, BETA), before)
        self.vela.command(ALPHA, change.format("52:54:00:00:00:01"))
        self.assertTrue(self.reaches(ALPHA, BETA_IP))
        self.vela.show(0)
        self.vela.terminal.expect("lan: warning: alpha sends from 52:54:00:00:00:77, which is not its address")

    def test_a_killed_service_comes_back_under_load(self) -> None:
        network.listen(self.vela, ALPHA, 5003)
        wanted = network.make_file(self.vela, BETA, MIB)
        # At 1 MiB/s this takes until after the service's end.
        self.vela.command(BETA, f"(nc {ALPHA_IP} 5003 </tmp/file) & sleep 1")
        network.kill_service(self.vela, LAN)
        self.assertEqual(network.heard(self.vela, ALPHA), wanted)
        self.assertTrue(self.reaches(ALPHA, BETA_IP))


if __name__ == "__main__":
    tapunit.main()
