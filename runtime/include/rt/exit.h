/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a process ends, and how it tells the root task that something happened. An ordinary process
 * writes its status page and ups RT_SEL_PARENT; the root task itself, which has no parent, defines
 * rt_end on its own (the runtime's version for it prints the reason and stops its thread).
 */
#ifndef RT_EXIT_H
#define RT_EXIT_H

#include <stdbool.h>

#include <rt/process.h>

/* Ends the process for good: code is an enum rt_status_code, text says why or is empty. */
_Noreturn void rt_end(uint32_t code, uint32_t value, const char *text);

/* Ends with RT_STATUS_EXIT. exit() of the C library flushes stdout first and comes here. */
_Noreturn void rt_exit(uint32_t value);

/* Logs the message as an error and ends with RT_STATUS_FATAL. */
_Noreturn void rt_fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Tells the root task something without ending (RT_STATUS_RESTART and the like). Returns 0, or -1
 * while the root task has not yet taken the previous report: it takes one by setting code back to
 * RT_STATUS_RUNNING. */
int rt_report(uint32_t code, uint32_t value, const char *text);

/* Whether the root task has acted on the last report. */
bool rt_report_answered(void);

/* How often the user has asked for Ctrl-Alt-Del since this process started. */
uint32_t rt_ctrl_alt_dels(void);

/* Answers the root task's watchdog, if it has asked. A service calls it in its loop, and where it
 * waits for its device no longer than it has set itself. */
void rt_alive(void);

#endif
