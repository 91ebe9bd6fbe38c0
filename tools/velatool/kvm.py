# SPDX-License-Identifier: Apache-2.0
"""Whether the host's KVM offers SVM with nested paging to its guests.

A /dev/kvm that opens says little: Vela needs to run VMRUN inside the guest. So the CPUID leaves that
KVM supports are read, and KVM must be able to carry nested state.
"""

import fcntl
import os
import struct
from dataclasses import dataclass

KVM_GET_API_VERSION = 0xAE00
KVM_CHECK_EXTENSION = 0xAE03
KVM_GET_SUPPORTED_CPUID = 0xC008AE05
KVM_CAP_NESTED_STATE = 157
API_VERSION = 12

MAX_ENTRIES = 256
HEADER = struct.Struct("=II")
ENTRY = struct.Struct("=10I")  # function, index, flags, eax, ebx, ecx, edx, padding

LEAF_VENDOR = 0
LEAF_EXTENDED_FEATURES = 0x80000001
LEAF_SVM = 0x8000000A
ECX_SVM = 1 << 2
EDX_NESTED_PAGING = 1 << 0


@dataclass(frozen=True)
class Leaf:
    """One CPUID leaf, subleaf 0."""

    eax: int
    ebx: int
    ecx: int
    edx: int


def supported_leaves(descriptor: int) -> dict[int, Leaf]:
    """The CPUID leaves that KVM can show to a guest, by leaf number."""
    buffer = bytearray(HEADER.size + MAX_ENTRIES * ENTRY.size)
    HEADER.pack_into(buffer, 0, MAX_ENTRIES, 0)
    fcntl.ioctl(descriptor, KVM_GET_SUPPORTED_CPUID, buffer, True)
    count, _ = HEADER.unpack_from(buffer, 0)
    leaves: dict[int, Leaf] = {}
    for number in range(min(count, MAX_ENTRIES)):
        words = ENTRY.unpack_from(buffer, HEADER.size + number * ENTRY.size)
        leaves.setdefault(words[0], Leaf(*words[3:7]))
    return leaves


def offers_svm(leaves: dict[int, Leaf]) -> bool:
    """Whether these leaves describe an AMD CPU with SVM and nested paging."""
    vendor = leaves.get(LEAF_VENDOR)
    features = leaves.get(LEAF_EXTENDED_FEATURES)
    svm = leaves.get(LEAF_SVM)
    if not (vendor and features and svm):
        return False
    name = struct.pack("=III", vendor.ebx, vendor.edx, vendor.ecx)
    return (name == b"AuthenticAMD" and bool(features.ecx & ECX_SVM)
            and bool(svm.edx & EDX_NESTED_PAGING))


def usable(device: str = "/dev/kvm") -> bool:
    """Whether QEMU can run Vela on this host's KVM."""
    try:
        descriptor = os.open(device, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return (fcntl.ioctl(descriptor, KVM_GET_API_VERSION) == API_VERSION
                and fcntl.ioctl(descriptor, KVM_CHECK_EXTENSION, KVM_CAP_NESTED_STATE) > 0
                and offers_svm(supported_leaves(descriptor)))
    except OSError:
        return False
    finally:
        os.close(descriptor)
