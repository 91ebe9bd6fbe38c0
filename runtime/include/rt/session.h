/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session with the console service: one shared window with three virtqueues. The client logs
 * lines, writes its guest's console output and reads typed input; the service is the device of all
 * three queues. Each side takes the other for hostile. docs/console.md has the protocol.
 *
 *   offset   bytes
 *   0x0000   4 KiB    rings of the log queue      client -> service
 *   0x1000   4 KiB    rings of the output queue   client -> service
 *   0x2000   4 KiB    rings of the input queue    service -> client
 *   0x3000   4 KiB    data of the input queue,  32 buffers of 128 bytes
 *   0x4000   16 KiB   data of the log queue,    64 buffers of 256 bytes
 *   0x8000   32 KiB   data of the output queue, 64 buffers of 512 bytes
 */
#ifndef RT_SESSION_H
#define RT_SESSION_H

#include <rt/process.h>
#include <rt/virtqueue.h>

#define RT_SESSION_LINE	   256u /* longest log line in bytes */
#define RT_SESSION_CHUNK   512u /* bytes of one output buffer */
#define RT_SESSION_INPUT   128u /* bytes of one input buffer */
#define RT_SESSION_INPUTS  32u
#define RT_SESSION_LINES   64u
#define RT_SESSION_OUTPUTS 64u

/* The client's end. One thread uses it. */
struct rt_session {
	vela_sel_t doorbell; /* semaphore of the service, UP */
	struct vq_driver log;
	struct vq_driver output;
	struct vq_driver input;
	uint32_t lost;	     /* log lines dropped since the last one that went through */
	uint32_t staged;     /* bytes in the output buffer being filled */
	uint32_t input_at;   /* next byte of the input buffer being read */
	uint32_t input_size; /* its bytes; 0: none is being read */
	uint16_t input_head;
};

/* Sets up the client's end in a zeroed window of RT_SESSION_BYTES at window. */
void rt_session_open(struct rt_session *session, void *window, vela_sel_t doorbell);

/*
 * Sends one line to the system log, without its newline; bytes beyond RT_SESSION_LINE are cut off.
 * The service adds time and process name. False: the queue is full or broken; the line is counted,
 * and the next line that goes through says how many are missing. Never blocks.
 */
bool rt_session_log(struct rt_session *session, const char *line, size_t length);

/*
 * Appends to the guest's console output and returns how many bytes it took. Fewer than length: the
 * queue is full, and the service ups the client's WAKE semaphore when there is room again. Full
 * buffers and lines go out at once, the start of a line on rt_session_flush.
 */
size_t rt_session_write(struct rt_session *session, const void *bytes, size_t length);

/* Sends what rt_session_write kept back. Call it before blocking and every few milliseconds. */
void rt_session_flush(struct rt_session *session);

/*
 * Reads typed input; 0: there is none, and the service ups the client's WAKE semaphore when some
 * comes.
 */
size_t rt_session_read(struct rt_session *session, void *bytes, size_t size);

/* Provided by the platform: wakes the service. On Vela an up of the doorbell. */
void rt_session_ring(vela_sel_t doorbell);

/*
 * A sink for rt_log_set_sink whose context is the session. The program's name at the start of the
 * line is cut off, because the service puts there the name under which it knows the client.
 */
void rt_session_sink(void *session, const char *line, size_t n);

/* The service's end of one client's window. */
struct rt_service {
	struct vq_device log;
	struct vq_device output;
	struct vq_device input;
};

void rt_service_open(struct rt_service *service, void *window);

/*
 * Takes one log line (size >= RT_SESSION_LINE) or one chunk of output (size >= RT_SESSION_CHUNK).
 * VQ_NONE: there is none, and the client rings when there is.
 */
enum vq_result rt_service_log(struct rt_service *service, void *line, size_t size, size_t *length);
enum vq_result rt_service_output(struct rt_service *service, void *bytes, size_t size,
				 size_t *length);

/* Hands typed input to the client; *taken may be less than length, then the client rings. */
enum vq_result rt_service_input(struct rt_service *service, const void *bytes, size_t length,
				size_t *taken);

/* Whether the client waits for what was done since the last call and must be woken. */
bool rt_service_kick(struct rt_service *service);

/* Why the session is broken, or NULL. */
const char *rt_service_error(const struct rt_service *service);

#endif
