# SPDX-License-Identifier: Apache-2.0
"""What system tests use to sit in front of a machine: a terminal to type on and to read from."""

from harness.machine import boot_config, boot_iso, boot_linux
from harness.terminal import ExpectError, Terminal

__all__ = ["ExpectError", "Terminal", "boot_config", "boot_iso", "boot_linux"]
