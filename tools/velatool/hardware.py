# SPDX-License-Identifier: Apache-2.0
"""Disks, network adapters and an IOMMU for QEMU's machine, each at an address that is always the same.

Disk number N is at PCI address 00:(04 + N).0, adapter number N at 00:(08 + N).0; a configuration
names them so. Every adapter has a user network of its own, which needs no rights on the host: a guest
reaches the host's loopback as 10.0.2.2, and nobody reaches the guest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from velatool.ui import NotFound, UsageError, nearest

FIRST_DISK_SLOT = 4
FIRST_ADAPTER_SLOT = 8
MOST = 4
DISK_MODELS = ("virtio", "nvme", "ahci")
ADAPTER_MODELS = {"virtio": "virtio-net-pci", "e1000e": "e1000e"}
IOMMUS = {"intel": ["-device", "intel-iommu,intremap=on,caching-mode=on"],
          "amd": ["-device", "amd-iommu,intremap=on"]}


@dataclass(frozen=True)
class Disk:
    """A host disk: a raw image behind a controller. A snapshot forgets what was written to it."""

    path: Path
    model: str = "virtio"
    snapshot: bool = False


@dataclass(frozen=True)
class Hardware:
    """What a machine has beyond CPUs, memory and its serial line."""

    disks: Sequence[Disk] = field(default_factory=tuple)
    adapters: Sequence[str] = field(default_factory=tuple)
    iommu: str | None = None


def disk_address(number: int) -> str:
    """The PCI address of a disk, as a configuration spells it."""
    return f"00:{FIRST_DISK_SLOT + number:02x}.0"


def adapter_address(number: int) -> str:
    """The PCI address of a network adapter."""
    return f"00:{FIRST_ADAPTER_SLOT + number:02x}.0"


def parse_disk(text: str) -> Disk:
    """A disk as the command line has it: FILE or MODEL:FILE."""
    model, colon, name = text.partition(":")
    if not colon:
        model, name = "virtio", text
    if model not in DISK_MODELS:
        raise UsageError(f"--disk {text}: there is no disk model '{model}'",
                         nearest(model, DISK_MODELS) or "the models are " + ", ".join(DISK_MODELS))
    path = Path(name)
    if not path.is_file():
        raise NotFound(f"--disk {text}: there is no file {path}")
    return Disk(path, model)


def virtio_options(iommu: str | None) -> str:
    """Options of virtio devices: modern ones only, whose DMA an IOMMU sees if there is one."""
    return "disable-legacy=on" + (",iommu_platform=on" if iommu else "")


def disk_arguments(number: int, disk: Disk, iommu: str | None) -> list[str]:
    """A disk and its controller."""
    file = str(disk.path.absolute()).replace(",", ",,")
    drive = f"file={file},format=raw,if=none,id=disk{number}"
    place = f"addr={FIRST_DISK_SLOT + number:#x}.0"
    arguments = ["-drive", drive + (",snapshot=on" if disk.snapshot else "")]
    if disk.model == "nvme":
        return [*arguments, "-device", f"nvme,drive=disk{number},serial=vela-{number},{place}"]
    if disk.model == "ahci":
        return [*arguments, "-device", f"ich9-ahci,id=ahci{number},{place}",
                "-device", f"ide-hd,bus=ahci{number}.0,drive=disk{number}"]
    return [*arguments, "-device",
            f"virtio-blk-pci,drive=disk{number},{place},{virtio_options(iommu)}"]


def adapter_arguments(number: int, model: str, iommu: str | None) -> list[str]:
    """A network adapter on a user network."""
    options = f"netdev=net{number},addr={FIRST_ADAPTER_SLOT + number:#x}.0"
    if model == "virtio":
        options += "," + virtio_options(iommu)
    return ["-netdev", f"user,id=net{number}", "-device", f"{ADAPTER_MODELS[model]},{options}"]


def arguments(hardware: Hardware) -> list[str]:
    """QEMU's arguments for all of it."""
    if max(len(hardware.disks), len(hardware.adapters)) > MOST:
        raise UsageError(f"a machine has at most {MOST} disks and {MOST} network adapters")
    found = list(IOMMUS[hardware.iommu]) if hardware.iommu else []
    for number, disk in enumerate(hardware.disks):
        found += disk_arguments(number, disk, hardware.iommu)
    for number, model in enumerate(hardware.adapters):
        found += adapter_arguments(number, model, hardware.iommu)
    return found
