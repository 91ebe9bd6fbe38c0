# SPDX-License-Identifier: Apache-2.0
"""Guests of a few instructions, made here: they end their machine in one way, as soon as they start.

An image is a multiboot 1 kernel without ELF around it: the header with its address fields, then
32-bit code. Addresses and ports are those of docs/machine.md.
"""

import struct
from pathlib import Path

MAGIC = 0x1BADB002
HAS_ADDRESSES = 0x10000
LOAD = 0x100000
HEADER = struct.Struct("<8I")

CLI, HLT, UD2 = b"\xfa", b"\xf4", b"\x0f\x0b"
STOP = CLI + HLT + b"\xeb\xfd"  # and again, should something wake it

ACPI_CONTROL = 0x604
SLEEP_S5 = 5 << 10 | 1 << 13
PVPANIC = 0x505
DEBUG_EXIT = 0x501
CF9 = 0xCF9
KEYBOARD = 0x64
COM1 = 0x3F8


def out(port: int, value: int, width: int = 1) -> bytes:
    """mov $port, %dx; mov $value, %eax; out."""
    load = b"\x66\xba" + struct.pack("<H", port) + b"\xb8" + struct.pack("<I", value)
    return load + {1: b"\xee", 2: b"\x66\xef", 4: b"\xef"}[width]


def say(text: str) -> bytes:
    """Write text to the serial port, whose transmitter is always ready."""
    return b"".join(out(COM1, byte) for byte in text.encode())


POWER_OFF = out(ACPI_CONTROL, SLEEP_S5, 2)
RESET = out(CF9, 0x06)
KEYBOARD_RESET = out(KEYBOARD, 0xFE)
PANIC = out(PVPANIC, 1)
SPIN = b"\xeb\xfe"
# An empty IDT: lidt 8(%esp) with zeroes there, then an exception that nothing can take.
TRIPLE_FAULT = b"\x6a\x00\x6a\x00\x0f\x01\x1c\x24" + UD2
# Where docs/machine.md has neither memory nor a device: jmp *%eax.
LEAVE_MEMORY = b"\xb8" + struct.pack("<I", 0xD0000000) + b"\xff\xe0"


def debug_exit(value: int) -> bytes:
    """End with a code, where the configuration allows it."""
    return out(DEBUG_EXIT, value, 4)


def image(code: bytes) -> bytes:
    """A kernel of this code, with a stack behind it."""
    entry = LOAD + HEADER.size
    stack = b"\xbc" + struct.pack("<I", LOAD + 0x4000)  # mov $stack, %esp
    body = stack + code + STOP
    end = entry + len(body)
    return HEADER.pack(MAGIC, HAS_ADDRESSES, -(MAGIC + HAS_ADDRESSES) & 0xFFFFFFFF,
                       LOAD, LOAD, end, end, entry) + body


def write(directory: Path, **codes: bytes) -> None:
    """Kernels NAME.bin of the given codes."""
    for name, code in codes.items():
        (directory / f"{name}.bin").write_bytes(image(code))
