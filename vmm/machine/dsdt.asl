/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest cannot probe: the PCI root with its windows, the legacy devices that are there, and
 * how to power off. Addresses repeat layout.h; a unit test compares them.
 */
DefinitionBlock ("", "DSDT", 2, "VELA  ", "MACHINE ", 1)
{
	Name (\_S5, Package () { 5, 0, 0, 0 })

	Scope (\_SB)
	{
		Device (PCI0)
		{
			Name (_HID, EisaId ("PNP0A03"))
			Name (_UID, 0)
			Name (_BBN, 0)
			Name (_CRS, ResourceTemplate ()
			{
				WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,
					0, 0, 0, 0, 1)
				IO (Decode16, 0xcf8, 0xcf8, 1, 8)
				WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
					0, 0, 0x0cf7, 0, 0x0cf8)
				WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
					0, 0x0d00, 0xffff, 0, 0xf300)
				DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed,
					NonCacheable, ReadWrite,
					0, 0xc0000000, 0xefffffff, 0, 0x30000000)
			})
			/* INTA of every device; the polarity that PCI has by default. */
			Name (_PRT, Package ()
			{
				Package () { 0x0001ffff, 0, 0, 17 },
				Package () { 0x0002ffff, 0, 0, 18 },
				Package () { 0x0003ffff, 0, 0, 19 },
				Package () { 0x0004ffff, 0, 0, 20 },
				Package () { 0x0005ffff, 0, 0, 21 },
				Package () { 0x0006ffff, 0, 0, 22 },
				Package () { 0x0007ffff, 0, 0, 23 },
				Package () { 0x0008ffff, 0, 0, 16 },
				Package () { 0x0009ffff, 0, 0, 17 },
				Package () { 0x000affff, 0, 0, 18 },
				Package () { 0x000bffff, 0, 0, 19 },
				Package () { 0x000cffff, 0, 0, 20 },
				Package () { 0x000dffff, 0, 0, 21 },
				Package () { 0x000effff, 0, 0, 22 },
				Package () { 0x000fffff, 0, 0, 23 },
				Package () { 0x0010ffff, 0, 0, 16 },
				Package () { 0x0011ffff, 0, 0, 17 },
				Package () { 0x0012ffff, 0, 0, 18 },
				Package () { 0x0013ffff, 0, 0, 19 },
				Package () { 0x0014ffff, 0, 0, 20 },
				Package () { 0x0015ffff, 0, 0, 21 },
				Package () { 0x0016ffff, 0, 0, 22 },
				Package () { 0x0017ffff, 0, 0, 23 },
				Package () { 0x0018ffff, 0, 0, 16 },
				Package () { 0x0019ffff, 0, 0, 17 },
				Package () { 0x001affff, 0, 0, 18 },
				Package () { 0x001bffff, 0, 0, 19 },
				Package () { 0x001cffff, 0, 0, 20 },
				Package () { 0x001dffff, 0, 0, 21 },
				Package () { 0x001effff, 0, 0, 22 },
				Package () { 0x001fffff, 0, 0, 23 }
			})

			Device (ECAM)
			{
				Name (_HID, EisaId ("PNP0C02"))
				Name (_UID, 1)
				Name (_CRS, ResourceTemplate ()
				{
					Memory32Fixed (ReadWrite, 0xf0000000, 0x00100000)
				})
			}

			Device (COM1)
			{
				Name (_HID, EisaId ("PNP0501"))
				Name (_UID, 1)
				Name (_CRS, ResourceTemplate ()
				{
					IO (Decode16, 0x3f8, 0x3f8, 0, 8)
					IRQNoFlags () { 4 }
				})
			}

			Device (KBD)
			{
				Name (_HID, EisaId ("PNP0303"))
				Name (_CRS, ResourceTemplate ()
				{
					IO (Decode16, 0x60, 0x60, 1, 1)
					IO (Decode16, 0x64, 0x64, 1, 1)
					IRQNoFlags () { 1 }
				})
			}

			Device (RTC)
			{
				Name (_HID, EisaId ("PNP0B00"))
				Name (_CRS, ResourceTemplate ()
				{
					IO (Decode16, 0x70, 0x70, 1, 2)
					IRQNoFlags () { 8 }
				})
			}

			Device (PVPN)
			{
				Name (_HID, "QEMU0001")
				Name (_STA, 0x0b)
				Name (_CRS, ResourceTemplate ()
				{
					IO (Decode16, 0x505, 0x505, 1, 1)
				})
			}
		}
	}
}
