# SPDX-License-Identifier: Apache-2.0
"""What tests of networks share: transfers between guests, and a service that is killed."""

import re

import session

SUM = re.compile("[0-9a-f]{64}")
# Waits until a condition holds, and fails if that takes too long.
AWAIT = "i=0; until {0}; do sleep 1; i=$((i+1)); [ $i -lt 60 ] || break; done; {0}"


def await_route(vela: session.Session, guest: int, to: str) -> None:
    """Wait until a guest has a route."""
    vela.command(guest, AWAIT.format(f"ip route | grep -q {to}"))


def make_file(vela: session.Session, guest: int, mib: int) -> str:
    """Make /tmp/file in a guest; returns its checksum."""
    output = vela.command(guest, f"head -c {mib << 20} /dev/urandom >/tmp/file; sha256sum /tmp/file")
    return output.split()[0]


def listen(vela: session.Session, guest: int, port: int) -> None:
    """Have a guest sum up what comes on a TCP port."""
    # nc reads from a pipe that stays open: at an end of its input it would end the connection.
    vela.command(guest, "[ -p /tmp/pipe ] || mkfifo /tmp/pipe; rm -f /tmp/sum; "
                        f"(nc -l -p {port} <>/tmp/pipe | sha256sum >/tmp/sum.new; "
                        "mv /tmp/sum.new /tmp/sum) & sleep 1")


def heard(vela: session.Session, guest: int) -> str:
    """The checksum of what a listening guest has got.

    QEMU says on the same terminal what an IOMMU has kept from a device whose driver was killed.
    """
    output = vela.command(guest, AWAIT.format("[ -s /tmp/sum ]") + " && cat /tmp/sum")
    return SUM.search(output).group()


def received(vela: session.Session, guest: int) -> int:
    """Packets that a guest's network card has received."""
    return int(vela.command(guest, "cat /sys/class/net/eth0/statistics/rx_packets"))


def kill_service(vela: session.Session, number: int) -> None:
    """Kill a service by its key and wait until it runs again."""
    name = vela.guests[number - 1]
    vela.kill(number, "service", r"; restarts in 500 ms \(1 of 5\)")
    vela.show(0)
    vela.terminal.expect(rf"root: {name}: was killed(?:.*\n)*.*root: {name}: service started")
