/* SPDX-License-Identifier: Apache-2.0 */
/* Registers and descriptors of the Intel 82574 (82574 GbE Controller Family Datasheet, revision
 * 3.4): section 10.2 for registers, 7.1.4 and 7.2.10 for legacy descriptors. */
#ifndef NET_E1000E_REGS_H
#define NET_E1000E_REGS_H

#include <stdint.h>

enum {
	E1000E_CTRL = 0x0000,
	E1000E_STATUS = 0x0008,
	E1000E_ICR = 0x00c0,
	E1000E_ITR = 0x00c4,
	E1000E_IMS = 0x00d0,
	E1000E_IMC = 0x00d8,
	E1000E_IVAR = 0x00e4,
	E1000E_RCTL = 0x0100,
	E1000E_TCTL = 0x0400,
	E1000E_TIPG = 0x0410,
	E1000E_RDBAL = 0x2800,
	E1000E_RDLEN = 0x2808,
	E1000E_RDH = 0x2810,
	E1000E_RDT = 0x2818,
	E1000E_TDBAL = 0x3800,
	E1000E_TDLEN = 0x3808,
	E1000E_TDH = 0x3810,
	E1000E_TDT = 0x3818,
	E1000E_RXCSUM = 0x5000,
	E1000E_REGISTERS = 0x6000, /* bytes the driver needs */
};

#define CTRL_SLU      (1u << 6) /* set link up */
#define CTRL_ASDE     (1u << 5) /* speed as negotiated */
#define CTRL_RST      (1u << 26)
#define STATUS_LU     (1u << 1)
#define RCTL_EN	      (1u << 1)
#define RCTL_UPE      (1u << 3) /* all unicast addresses */
#define RCTL_MPE      (1u << 4) /* all multicast addresses */
#define RCTL_BAM      (1u << 15)
#define RCTL_SECRC    (1u << 26) /* without the frame's CRC; BSIZE 0 is 2048 bytes */
#define TCTL_EN	      (1u << 1)
#define TCTL_PSP      (1u << 3)
#define TCTL_CT	      (15u << 4)    /* collision threshold, as recommended */
#define TCTL_COLD     (0x3fu << 12) /* collision distance in full duplex */
#define TIPG_COPPER   (8u | 8u << 10 | 6u << 20)
#define RXCSUM_TUOFL  (1u << 9)			      /* checks TCP and UDP */
#define IVAR_ALL_TO_0 (1u << 3 | 1u << 11 | 1u << 19) /* queues 0 and others: message 0 */
#define INT_TXDW      (1u << 0)
#define INT_LSC	      (1u << 2)
#define INT_RXDMT0    (1u << 4)
#define INT_RXO	      (1u << 6)
#define INT_RXT0      (1u << 7)
#define INT_RXQ0      (1u << 20)
#define INT_TXQ0      (1u << 22)
#define INT_OTHER     (1u << 24)
#define INT_RECEIVED  (INT_RXDMT0 | INT_RXO | INT_RXT0 | INT_RXQ0 | INT_LSC | INT_OTHER)
#define INT_SENT      (INT_TXDW | INT_TXQ0)

struct e1000e_rx_desc {
	uint64_t address;
	uint16_t length;
	uint16_t checksum;
	uint8_t status;
	uint8_t errors;
	uint16_t special;
};
_Static_assert(sizeof(struct e1000e_rx_desc) == 16, "section 7.1.4");

#define RXD_DD	    (1u << 0)
#define RXD_EOP	    (1u << 1)
#define RXD_IXSM    (1u << 2) /* ignore checksum indications */
#define RXD_TCPCS   (1u << 5) /* TCP or UDP checksum was checked */
#define RXD_CE	    (1u << 0) /* error bits from here on */
#define RXD_SE	    (1u << 1)
#define RXD_SEQ	    (1u << 2)
#define RXD_CXE	    (1u << 4)
#define RXD_TCPE    (1u << 5)
#define RXD_IPE	    (1u << 6)
#define RXD_RXE	    (1u << 7)
#define RXD_DAMAGED (RXD_CE | RXD_SE | RXD_SEQ | RXD_CXE | RXD_RXE)

struct e1000e_tx_desc {
	uint64_t address;
	uint16_t length;
	uint8_t checksum_offset;
	uint8_t command;
	uint8_t status;
	uint8_t checksum_start;
	uint16_t special;
};
_Static_assert(sizeof(struct e1000e_tx_desc) == 16, "section 7.2.10");

#define TXD_EOP	 (1u << 0)
#define TXD_IFCS (1u << 1) /* with the frame's CRC */
#define TXD_RS	 (1u << 3) /* report when sent */
#define TXD_DD	 (1u << 0) /* of status */

#endif
