/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel benchmark: a root task that makes two processes, a client and a server, and measures
 * what the kernel does for them. One tick of the TSC is one instruction, because it runs under the
 * emulator's instruction counter.
 */
#ifndef BENCH_H
#define BENCH_H

#include <rt/hypercall.h>
#include <stddef.h>
#include <stdint.h>

/* Selectors of the client. */
enum { CLIENT_PORTAL = 1, CLIENT_C_PORTAL, CLIENT_UP, CLIENT_DONE, CLIENT_PARK, CLIENT_VC };

/* Where the client sees the state page of its virtual CPU. */
#define CLIENT_STATE_VA 0x0000600000200000ull

enum { BATCHES = 8, ROUNDS = 1000 };

/* Keeps a figure until the root prints all of them. key is a string literal. */
void figure(const char *key, uint64_t value);

/* Runs a batch: ROUNDS times what is measured, without setting up. Sets *ticks to its duration and
 * returns the or of all status codes. */
typedef uint64_t batch_t(uint64_t *ticks);

/* Records the least of a few batches per round, a loop's own cost taken off. NULL, or what failed.
 */
const char *measure(const char *key, batch_t *batch);

/* Of the client: NULL, or what failed. */
const char *measure_calls(void);
const char *measure_exits(void);

/* Of the root: makes the guest that measure_exits runs, whose monitor is the client. */
void make_guest(vela_sel_t client_hst, vela_sel_t client_obj);
void measure_maps(void);

/* Ends the benchmark unless a status is OK. */
void must(uint64_t status, const char *what);

/* Selectors of the root from VELA_ROOT_FREE on; each call gives the next. */
vela_sel_t next_selector(void);

/* The parameters that create will read; the root's UTCB. */
uint64_t *parameters(void);

/* The root makes an object whose parameters are set. */
vela_sel_t make(unsigned kind, const char *what);

#endif
