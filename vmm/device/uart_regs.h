/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers and bits of the 16550A (National PC16550D data sheet, section 8). For uart16550.c and
 * its tests.
 */
#ifndef VMM_DEVICE_UART_REGS_H
#define VMM_DEVICE_UART_REGS_H

enum { REG_DATA, REG_IER, REG_IIR_FCR, REG_LCR, REG_MCR, REG_LSR, REG_MSR, REG_SCR };

#define IER_RX	 0x01
#define IER_THRE 0x02
#define IER_LINE 0x04
#define IER_MSR	 0x08
#define IER_ALL	 0x0f

#define IIR_NONE    0x01
#define IIR_MSR	    0x00
#define IIR_THRE    0x02
#define IIR_RX	    0x04
#define IIR_LINE    0x06
#define IIR_TIMEOUT 0x0c
#define IIR_FIFO    0xc0

#define FCR_ENABLE   0x01
#define FCR_CLEAR_RX 0x02
#define FCR_STORED   0xc9 /* enable, DMA mode, trigger level */

#define LCR_DLAB  0x80
#define LCR_BREAK 0x40

#define MCR_DTR	 0x01
#define MCR_RTS	 0x02
#define MCR_OUT1 0x04
#define MCR_OUT2 0x08
#define MCR_LOOP 0x10
#define MCR_ALL	 0x1f

#define LSR_READY   0x01
#define LSR_OVERRUN 0x02
#define LSR_PARITY  0x04
#define LSR_FRAMING 0x08
#define LSR_BREAK   0x10
#define LSR_THRE    0x20
#define LSR_TEMT    0x40
#define LSR_FIFO    0x80
#define LSR_ERRORS  (LSR_PARITY | LSR_FRAMING | LSR_BREAK)

#define MSR_CTS	   0x10
#define MSR_DSR	   0x20
#define MSR_RI	   0x40
#define MSR_DCD	   0x80
#define MSR_INPUTS 0xf0
#define MSR_DELTAS 0x0f
#define MSR_TERI   0x04

#endif
