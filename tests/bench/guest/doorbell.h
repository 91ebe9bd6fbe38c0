/* SPDX-License-Identifier: Apache-2.0 */
/* The benchmark guest's virtio device: its driver does no more than ring. */
#ifndef BENCH_DOORBELL_H
#define BENCH_DOORBELL_H

#include <stdint.h>

/*
 * Finds the virtio console, the only function behind the host bridge, and makes its output queue
 * live and empty (VIRTIO 1.2 sections 3.1.1 and 4.1). Returns the queue's doorbell, an I/O port, or
 * 0 if the device is not there or does not take the driver.
 */
uint16_t doorbell_set_up(void);

#endif
