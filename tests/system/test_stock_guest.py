# SPDX-License-Identifier: Apache-2.0
"""The stock guest works without Vela: what the system tests later see under Vela is Vela's doing."""

import unittest

from harness import boot_linux
from velatool import tapunit

COMMAND_LINE = "console=ttyS0 quiet cryptomgr.notests panic=-1 reboot=t vela.name=yardstick"


class StockGuestTest(unittest.TestCase):
    """Boots the Debian kernel with the busybox initramfs on plain QEMU."""

    def test_shell(self) -> None:
        with boot_linux(COMMAND_LINE) as guest:
            guest.expect(r"^VELA-GUEST-READY yardstick$", timeout=120)
            guest.expect("yardstick# ")
            guest.line("echo $((6 * 7)) $(hostname)")
            guest.expect(r"^42 yardstick$")
            guest.line("yes vela | head -n 1000 | md5sum")
            guest.expect(r"^[0-9a-f]{32}  -$")
            guest.line("sh -c 'echo $((1))asleep; exec sleep 100'")
            guest.expect(r"^1asleep$")
            guest.send("\x03")
            guest.expect("yardstick# ")
            guest.line("exit")
            guest.wait_end()


if __name__ == "__main__":
    tapunit.main()
