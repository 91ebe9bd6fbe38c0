# SPDX-License-Identifier: Apache-2.0
"""Two Debian guests from one partition, both forgetting what they write, on a network of their own."""

import json
import unittest

import debian
from velatool import tapunit

EAST, WEST = 1, 2
ADDRESSES = {EAST: "192.168.7.1", WEST: "192.168.7.2"}
CONFIG = """\
storage ssd { device "00:04.0" }
switch lane { }
""" + "".join(debian.vm(name, """\
	memory 384M
	disk system { from ssd; partition "debian"; mode discard; scratch 128M }
	net lane { }""") for name in ("east", "west"))
SECONDS = 5
FILE_BYTES = 4 << 20
PERL = "perl -MIO::Socket::INET -e"
RECEIVE = (f"{PERL} '$c = IO::Socket::INET->new(LocalPort => 9, Listen => 1)->accept; "
           "print $b while $c->sysread($b, 65536)'")
SEND = (f"{PERL} '$c = IO::Socket::INET->new(\"{ADDRESSES[WEST]}:9\"); "
        "print $c $b while sysread STDIN, $b, 65536'")


class DebianPairTest(unittest.TestCase):
    """Both tests share one machine, in which iperf3 and a copy go from one guest to the other."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.vela = debian.boot(CONFIG, ["east", "west"], debian.hardware())
        cls.addClassCleanup(cls.vela.terminal.close)
        for number in ADDRESSES:
            debian.log_in(cls.vela, number)
        for number, address in ADDRESSES.items():
            cls.vela.command(number, "systemctl stop systemd-networkd.socket systemd-networkd; "
                             f"ip addr add {address}/24 dev $(ls /sys/class/net | grep -v lo)")

    def test_iperf3(self) -> None:
        self.vela.command(WEST, "iperf3 -s -1 -D")
        output = self.vela.command(EAST, f"sleep 1; iperf3 -J -t {SECONDS} -c {ADDRESSES[WEST]}",
                                   debian.BOOT)
        end = json.loads(output)["end"]
        self.assertGreater(end["sum_received"]["bytes"], FILE_BYTES)
        self.assertLessEqual(end["sum_received"]["bytes"], end["sum_sent"]["bytes"])

    def test_copy_arrives_whole(self) -> None:
        self.vela.command(WEST, f"({RECEIVE} >/tmp/copy) & sleep 1")
        self.vela.command(EAST, f"head -c {FILE_BYTES} /dev/urandom >/tmp/file; {SEND} </tmp/file",
                          debian.BOOT)
        sent = self.vela.command(EAST, "sha256sum </tmp/file")
        self.assertEqual(self.vela.command(WEST, "wait; sha256sum </tmp/copy").splitlines()[-1:],
                         sent.splitlines())


if __name__ == "__main__":
    tapunit.main()
