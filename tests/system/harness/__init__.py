# SPDX-License-Identifier: Apache-2.0
"""What system tests use to sit in front of a machine: a terminal to type on and to read from."""

from harness.bochs import boot_bochs, boot_to_halt
from harness.machine import boot_config, boot_iso, boot_linux
from harness.terminal import ExpectError, Terminal

__all__ = ["ExpectError", "Terminal", "boot_bochs", "boot_config", "boot_iso", "boot_linux", "boot_to_halt"]
