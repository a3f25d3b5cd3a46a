#include "lib/tpm/tcti.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/blob.h"
#include "lib/base/clock.h"
#include "lib/base/drop.h"

/* TPM 2.0 Part 1, 18: tag (2), size (4), command or response code (4). */
#define HEADER_BYTES 10
/* TPM 2.0 Part 2, 7.2; the TSS's own macros shift a bit into the sign. */
#define FIRST_TRANSIENT 0x80000000u
#define FIRST_SESSION   0x02000000u
#define TCTI_MAGIC      0x6c696d6562757331ull

static uint32_t load_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void store_u32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

/* ---- bytes out and in ---- */

static enum rc errno_rc(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == ETIMEDOUT || errno == EINPROGRESS
	               ? RC_TIMEOUT
	               : RC_IO;
}

static enum rc socket_connect(struct tcti *tcti)
{
	struct timeval limit = {
		.tv_sec = tcti->timeout_ms / 1000, .tv_usec = (suseconds_t)(tcti->timeout_ms % 1000) * 1000};

	tcti->fd = socket(tcti->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (tcti->fd < 0)
		return RC_IO;
	if (setsockopt(tcti->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0 ||
		setsockopt(tcti->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0)
		return RC_IO;
	if (connect(tcti->fd, (struct sockaddr *)&tcti->address, tcti->address_len) != 0)
		return errno_rc();
	return RC_OK;
}

static enum rc send_all(struct tcti *tcti, const uint8_t *at, size_t len)
{
	while (len > 0) {
		/* MSG_NOSIGNAL: a TPM that went away must not end the process. */
		ssize_t sent = tcti->kind == TCTI_SOCKET ? send(tcti->fd, at, len, MSG_NOSIGNAL)
		                                         : write(tcti->fd, at, len);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno_rc();
		at += sent;
		len -= (size_t)sent;
	}
	return RC_OK;
}

/* A device is opened non-blocking, and becomes readable when it has the answer. */
static enum rc device_wait(const struct tcti *tcti)
{
	struct pollfd wait = {.fd = tcti->fd, .events = POLLIN};
	int ready;

	do
		ready = poll(&wait, 1, (int)tcti->timeout_ms);
	while (ready < 0 && errno == EINTR);
	if (ready == 0)
		return RC_TIMEOUT;
	return ready > 0 && (wait.revents & POLLIN) != 0 ? RC_OK : RC_IO;
}

/* Read until there are `need` bytes; a device gives all it has at once. */
static enum rc read_until(struct tcti *tcti, size_t *have, size_t need)
{
	while (*have < need) {
		ssize_t got;

		if (tcti->kind == TCTI_DEVICE)
			TRY(device_wait(tcti));
		got = read(tcti->fd, tcti->response + *have,
			tcti->kind == TCTI_DEVICE ? sizeof tcti->response - *have : need - *have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno_rc();
		if (got == 0) {
			errno = EPIPE;
			return RC_IO;
		}
		*have += (size_t)got;
	}
	return RC_OK;
}

static enum rc converse(struct tcti *tcti, const uint8_t *command, size_t len)
{
	size_t have = 0;
	size_t size;

	if (tcti->kind == TCTI_SOCKET)
		TRY(socket_connect(tcti));
	TRY(send_all(tcti, command, len));
	TRY(read_until(tcti, &have, HEADER_BYTES));
	size = load_u32(tcti->response + 2);
	if (size < HEADER_BYTES || size > sizeof tcti->response)
		return RC_MALFORMED;
	TRY(read_until(tcti, &have, size));
	if (have != size)
		return RC_MALFORMED;
	tcti->response_len = size;
	return RC_OK;
}

/* One command and its answer. A failure is for good. */
static enum rc exchange(struct tcti *tcti, const uint8_t *command, size_t len)
{
	uint64_t begin = clock_mono_us(clock_system());

	if (tcti->failure != RC_OK)
		return tcti->failure;
	tcti->commands++;
	tcti->response_len = 0;
	tcti->failure = converse(tcti, command, len);
	tcti->reason = errno;
	if (tcti->fd >= 0 && (tcti->kind == TCTI_SOCKET || tcti->failure != RC_OK)) {
		close(tcti->fd);
		tcti->fd = -1;
	}
	tcti->busy_us += clock_mono_us(clock_system()) - begin;
	return tcti->failure;
}

/* ---- what every command may meet ---- */

static uint32_t response_code(const struct tcti *tcti)
{
	return load_u32(tcti->response + 6);
}

static bool is_busy(uint32_t code)
{
	return code == TPM2_RC_RETRY || code == TPM2_RC_YIELDED || code == TPM2_RC_TESTING ||
	       code == TPM2_RC_NV_RATE;
}

static bool is_full(uint32_t code)
{
	return code == TPM2_RC_OBJECT_MEMORY || code == TPM2_RC_SESSION_MEMORY ||
	       code == TPM2_RC_OBJECT_HANDLES || code == TPM2_RC_SESSION_HANDLES;
}

/* TPM 2.0 Part 3, 9.3: TPM2_Startup(CLEAR). */
static enum rc send_startup(struct tcti *tcti)
{
	uint8_t command[12] = {0x80, 0x01};

	store_u32(command + 2, sizeof command);
	store_u32(command + 6, TPM2_CC_Startup);
	return exchange(tcti, command, sizeof command);
}

static enum rc send_flush(struct tcti *tcti, uint32_t handle)
{
	uint8_t command[14] = {0x80, 0x01};

	store_u32(command + 2, sizeof command);
	store_u32(command + 6, TPM2_CC_FlushContext);
	store_u32(command + 10, handle);
	return exchange(tcti, command, sizeof command);
}

void tcti_flush(struct tcti *tcti, enum tcti_own which)
{
	/* Nobody can do more about a failure: what stays in the TPM goes when it needs the room. */
	if (tcti->own[which] != 0 && send_flush(tcti, tcti->own[which]) != RC_OK)
		tcti->response_len = 0;
	tcti->own[which] = 0;
}

static bool is_own(const struct tcti *tcti, uint32_t handle)
{
	for (size_t i = 0; i < TCTI_OWN_COUNT; i++)
		if (tcti->own[i] == handle)
			return true;
	return false;
}

/* Flush every handle of the kind of `first` that is not ours: a process that was killed has left it. */
static enum rc flush_strangers(struct tcti *tcti, uint32_t first)
{
	uint32_t handles[TPM2_MAX_CAP_HANDLES];
	uint8_t command[22] = {0x80, 0x01};
	size_t count;

	store_u32(command + 2, sizeof command);
	store_u32(command + 6, TPM2_CC_GetCapability);
	store_u32(command + 10, TPM2_CAP_HANDLES);
	store_u32(command + 14, first);
	store_u32(command + 18, TPM2_MAX_CAP_HANDLES);
	TRY(exchange(tcti, command, sizeof command));
	/* header, moreData (1), capability (4), count (4), handles (4 each) */
	if (response_code(tcti) != TPM2_RC_SUCCESS || tcti->response_len < HEADER_BYTES + 9)
		return RC_OK;
	count = load_u32(tcti->response + HEADER_BYTES + 5);
	if (count > COUNT(handles) || tcti->response_len != HEADER_BYTES + 9 + 4 * count)
		return RC_OK;
	for (size_t i = 0; i < count; i++)
		handles[i] = load_u32(tcti->response + HEADER_BYTES + 9 + 4 * i);
	for (size_t i = 0; i < count; i++)
		if (!is_own(tcti, handles[i]))
			TRY(send_flush(tcti, handles[i]));
	return RC_OK;
}

static void rest_ms(uint32_t ms)
{
	struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

/* Send the command until the TPM has carried it out or refused it. */
static enum rc carry_out(struct tcti *tcti)
{
	bool started = false;
	bool made_room = false;
	uint32_t rested_ms = 0;

	for (;;) {
		uint32_t code;

		TRY(exchange(tcti, tcti->command, tcti->command_len));
		code = response_code(tcti);
		if (is_busy(code) && rested_ms < TCTI_BUSY_MAX_MS) {
			uint32_t pause_ms = rested_ms < 10 ? 10 : rested_ms > 500 ? 500 : rested_ms;

			rest_ms(pause_ms);
			rested_ms += pause_ms;
		} else if (code == TPM2_RC_INITIALIZE && !started) {
			started = true;
			TRY(send_startup(tcti));
		} else if (is_full(code) && !tcti->managed && !made_room) {
			made_room = true;
			TRY(flush_strangers(tcti, FIRST_TRANSIENT));
			TRY(flush_strangers(tcti, FIRST_SESSION));
		} else {
			return RC_OK;
		}
	}
}

/* ---- the TCTI ---- */

static TSS2_RC tcti_transmit(TSS2_TCTI_CONTEXT *context, size_t size, const uint8_t *command)
{
	struct tcti *tcti = (struct tcti *)(void *)context;

	if (command == NULL || size < HEADER_BYTES || size > sizeof tcti->command)
		return TSS2_TCTI_RC_BAD_VALUE;
	memcpy(tcti->command, command, size);
	tcti->command_len = size;
	tcti->response_len = 0;
	return TSS2_RC_SUCCESS;
}

static TSS2_RC tcti_receive(TSS2_TCTI_CONTEXT *context, size_t *size, uint8_t *response, int32_t timeout)
{
	struct tcti *tcti = (struct tcti *)(void *)context;

	(void)timeout;
	if (size == NULL || tcti->command_len == 0)
		return TSS2_TCTI_RC_BAD_SEQUENCE;
	if (tcti->response_len == 0 && carry_out(tcti) != RC_OK)
		return TSS2_TCTI_RC_IO_ERROR;
	if (response != NULL && *size < tcti->response_len)
		return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
	*size = tcti->response_len;
	if (response == NULL)
		return TSS2_RC_SUCCESS;
	memcpy(response, tcti->response, tcti->response_len);
	tcti->command_len = 0;
	return TSS2_RC_SUCCESS;
}

static void tcti_finalize(TSS2_TCTI_CONTEXT *context)
{
	(void)context;
}

static TSS2_RC tcti_cancel(TSS2_TCTI_CONTEXT *context)
{
	(void)context;
	return TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

static TSS2_RC tcti_poll_handles(TSS2_TCTI_CONTEXT *context, TSS2_TCTI_POLL_HANDLE *handles, size_t *count)
{
	(void)context;
	(void)handles;
	(void)count;
	return TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

static TSS2_RC tcti_locality(TSS2_TCTI_CONTEXT *context, uint8_t locality)
{
	(void)context;
	return locality == 0 ? TSS2_RC_SUCCESS : TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

/* ---- opening ---- */

enum rc tcti_open(const char *text, uint32_t timeout_ms, struct tcti *out, struct err *err)
{
	memset(out, 0, sizeof *out);
	out->fd = -1;
	out->timeout_ms = timeout_ms;
	out->common.v1.magic = TCTI_MAGIC;
	out->common.v1.version = 1;
	out->common.v1.transmit = tcti_transmit;
	out->common.v1.receive = tcti_receive;
	out->common.v1.finalize = tcti_finalize;
	out->common.v1.cancel = tcti_cancel;
	out->common.v1.getPollHandles = tcti_poll_handles;
	out->common.v1.setLocality = tcti_locality;
	return tcti_address(text, out, err);
}

void tcti_close(struct tcti *tcti)
{
	if (tcti->common.v1.magic == TCTI_MAGIC && tcti->fd >= 0)
		close(tcti->fd);
	tcti->fd = -1;
	wipe(tcti->command, sizeof tcti->command);
	wipe(tcti->response, sizeof tcti->response);
}
