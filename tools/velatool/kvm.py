# SPDX-License-Identifier: Apache-2.0
"""Whether the host's KVM offers its guests the SVM or VMX that Vela needs.

A /dev/kvm that opens says little: Vela runs guests inside the guest. So the CPUID leaves that KVM
supports are read, with VMX the controls too, and KVM must be able to carry nested state.
"""

import fcntl
import os
import struct
from dataclasses import dataclass

KVM_GET_API_VERSION = 0xAE00
KVM_CHECK_EXTENSION = 0xAE03
KVM_GET_SUPPORTED_CPUID = 0xC008AE05
KVM_GET_MSRS = 0xC008AE88
KVM_CAP_NESTED_STATE = 157
API_VERSION = 12

MAX_ENTRIES = 256
HEADER = struct.Struct("=II")
ENTRY = struct.Struct("=10I")  # function, index, flags, eax, ebx, ecx, edx, padding
MSRS = struct.Struct("=IIIIQ")  # count, padding, index, reserved, value

LEAF_VENDOR = 0
LEAF_FEATURES = 1
LEAF_EXTENDED_FEATURES = 0x80000001
LEAF_SVM = 0x8000000A
ECX_SVM = 1 << 2
EDX_NESTED_PAGING = 1 << 0
ECX_VMX = 1 << 5
MSR_VMX_SECONDARY = 0x48B  # what may be set is in the upper half
EPT_VPID_UNRESTRICTED = 1 << 1 | 1 << 5 | 1 << 7


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


def vmx_controls(descriptor: int) -> int:
    """The secondary controls of the VMX that KVM can show to a guest; 0 if it has none."""
    buffer = bytearray(MSRS.pack(1, 0, MSR_VMX_SECONDARY, 0, 0))
    found = fcntl.ioctl(descriptor, KVM_GET_MSRS, buffer, True)
    return MSRS.unpack(buffer)[4] if found == 1 else 0


def vendor_name(leaves: dict[int, Leaf]) -> bytes:
    """The processor's vendor as CPUID spells it."""
    vendor = leaves.get(LEAF_VENDOR)
    return struct.pack("=III", vendor.ebx, vendor.edx, vendor.ecx) if vendor else b""


def offers_svm(leaves: dict[int, Leaf]) -> bool:
    """Whether these leaves describe an AMD CPU with SVM and nested paging."""
    features = leaves.get(LEAF_EXTENDED_FEATURES)
    svm = leaves.get(LEAF_SVM)
    return (vendor_name(leaves) == b"AuthenticAMD" and features is not None and svm is not None
            and bool(features.ecx & ECX_SVM) and bool(svm.edx & EDX_NESTED_PAGING))


def offers_vmx(leaves: dict[int, Leaf], controls: int) -> bool:
    """Whether these describe an Intel CPU with VMX, EPT, VPID and unrestricted guest."""
    features = leaves.get(LEAF_FEATURES)
    return (vendor_name(leaves) == b"GenuineIntel" and features is not None
            and bool(features.ecx & ECX_VMX)
            and not EPT_VPID_UNRESTRICTED & ~(controls >> 32))


def usable(device: str = "/dev/kvm") -> bool:
    """Whether QEMU can run Vela on this host's KVM."""
    try:
        descriptor = os.open(device, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        if (fcntl.ioctl(descriptor, KVM_GET_API_VERSION) != API_VERSION
                or fcntl.ioctl(descriptor, KVM_CHECK_EXTENSION, KVM_CAP_NESTED_STATE) <= 0):
            return False
        leaves = supported_leaves(descriptor)
        return offers_svm(leaves) or offers_vmx(leaves, vmx_controls(descriptor))
    except OSError:
        return False
    finally:
        os.close(descriptor)
