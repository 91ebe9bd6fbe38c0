/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract every device model keeps: time comes from a clock, interrupts leave by a line,
 * registers are described by a table the bus checks, and all guest-visible state is one flat
 * record without pointers, so that reset, save and load work the same way for every class.
 * A device includes this header, its bus and nothing else of the VMM.
 */
#ifndef VMM_DEVICE_H
#define VMM_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "No event is due" as an answer of an X_deadline() function. */
#define DEADLINE_NONE UINT64_MAX

/* Guest time in nanoseconds. It starts at 0 with the machine, never runs backwards, and stands
 * still while the machine is stopped or saved. */
struct clock {
	uint64_t (*now_ns)(void *ctx);
	void *ctx;
};

static inline uint64_t clock_now(const struct clock *clock)
{
	return clock->now_ns(clock->ctx);
}

/* Whole ticks of a hz-counter in ns nanoseconds, rounded down. hz must be 1 .. 18 GHz. */
static inline uint64_t clock_ticks(uint64_t ns, uint64_t hz)
{
	return ns / 1000000000u * hz + ns % 1000000000u * hz / 1000000000u;
}

/* The first nanosecond at which a hz-counter has made so many ticks: clock_ticks() of the result
 * is at least ticks, of one less is below it. Saturates at DEADLINE_NONE. */
uint64_t clock_ticks_to_ns(uint64_t ticks, uint64_t hz);

/* a + b for deadlines: saturates at DEADLINE_NONE. */
static inline uint64_t deadline_add(uint64_t a, uint64_t b)
{
	return a > DEADLINE_NONE - b ? DEADLINE_NONE : a + b;
}

/* An interrupt output. A device calls it only when its level changes, except that a low-high pair
 * of calls stands for a pulse shorter than the VMM's time step. An unconnected line has no set. */
struct irq_line {
	void (*set)(void *ctx, unsigned line, bool level);
	void *ctx;
	unsigned line;
};

static inline void irq_line_set(const struct irq_line *irq, bool level)
{
	if (irq->set)
		irq->set(irq->ctx, irq->line, level);
}

/*
 * A register table: one byte per register says with which widths (1, 2, 4, 8 bytes: the width is
 * its own bit) it may be read (low nibble) and written (high nibble). Register i starts at offset
 * i << shift; an access must start exactly there. The bus refuses everything else, so a handler
 * only ever sees an offset and a width its table names. A table without bytes, REG_NATURAL, takes
 * every naturally aligned access.
 */
#define ACCESS_R(widths)  (widths)
#define ACCESS_W(widths)  ((widths) << 4)
#define ACCESS_RW(widths) (ACCESS_R(widths) | ACCESS_W(widths))
#define ACCESS_NONE	  0

struct reg_table {
	const uint8_t *access;
	uint16_t count;
	uint8_t shift;
};
#define REG_NATURAL { NULL, 0, 0 }

static inline unsigned reg_access(const struct reg_table *table, uint64_t offset)
{
	uint64_t index = offset >> table->shift;

	/* The lowest bit set is the widest natural access; the narrower ones are below it. */
	if (!table->access)
		return ACCESS_RW((((unsigned)offset | 8) & -((unsigned)offset | 8)) * 2 - 1);
	if (index >= table->count || index << table->shift != offset)
		return ACCESS_NONE;
	return table->access[index];
}

static inline bool reg_may_read(const struct reg_table *table, uint64_t offset, unsigned width)
{
	return reg_access(table, offset) & ACCESS_R(width);
}

static inline bool reg_may_write(const struct reg_table *table, uint64_t offset, unsigned width)
{
	return reg_access(table, offset) & ACCESS_W(width);
}

/* Handlers of a range of ports. offset is relative to the range; width is 1, 2 or 4. */
struct pio_ops {
	struct reg_table regs;
	uint32_t (*read)(void *dev, unsigned offset, unsigned width);
	void (*write)(void *dev, unsigned offset, unsigned width, uint32_t value);
};

/* Handlers of a range of guest-physical addresses. width is 1, 2, 4 or 8. */
struct mmio_ops {
	struct reg_table regs;
	uint64_t (*read)(void *dev, uint64_t offset, unsigned width);
	void (*write)(void *dev, uint64_t offset, unsigned width, uint64_t value);
};

/* What a device class promises beside its registers. The state record is at state_offset in the
 * device's struct; everything outside it is wiring that save and load leave alone. */
struct device_ops {
	const char *name; /* at most 15 characters, unique per class */
	uint32_t version; /* of the state record's layout */
	uint32_t state_offset;
	uint32_t state_size; /* at most DEVICE_STATE_MAX */
	/* The machine's reset signal: registers to their reset values, lines to idle. */
	void (*reset)(void *dev);
	/* Is this record one that the device could have produced, as far as safety depends on it?
	 * state is aligned for the record. */
	bool (*check)(const void *state);
	/* Drive the outputs again from the loaded state. */
	void (*resume)(void *dev);
	/* Is all done that the device has begun, so that the record is all there is to know? NULL:
	 * it is whenever the device is not being called. */
	bool (*idle)(const void *dev);
};

#define DEVICE_STATE_MAX 4096

/* A saved device: this header, then state_size bytes. */
struct device_header {
	char name[16];
	uint32_t version;
	uint32_t size;
};

/* Bytes device_save() writes for this class. */
static inline size_t device_save_size(const struct device_ops *ops)
{
	return sizeof(struct device_header) + ops->state_size;
}

/* Whether the device may be saved or loaded now. If not, it may when those that work for it have
 * answered. */
static inline bool device_idle(const struct device_ops *ops, const void *dev)
{
	return !ops->idle || ops->idle(dev);
}

/* Writes the device to buf; returns the bytes written, or 0 if size is too small or the device is
 * not idle. */
size_t device_save(const struct device_ops *ops, const void *dev, void *buf, size_t size);

/* Loads what device_save() wrote. Returns false, with the device unchanged, if it is not idle, or
 * the bytes are for another class or version, have the wrong length, or fail the class's check. */
bool device_load(const struct device_ops *ops, void *dev, const void *buf, size_t size);

#endif
