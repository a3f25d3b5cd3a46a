#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "lib/base/drop.h"
#include "lib/tpm/tcti.h"

static enum rc device_open(const char *path, struct tcti *tcti, struct err *err)
{
	struct stat st;

	tcti->kind = TCTI_DEVICE;
	tcti->managed = strstr(path, "tpmrm") != NULL;
	tcti->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (tcti->fd < 0 && errno == EBUSY)
		return err_set(err, RC_IO, "%s: another program has it open: use /dev/tpmrm0", path);
	if (tcti->fd < 0)
		return err_errno(err, "%s", path);
	if (fstat(tcti->fd, &st) != 0)
		return err_errno(err, "%s", path);
	if (!S_ISCHR(st.st_mode))
		return err_set(err, RC_UNSUPPORTED, "%s: not a TPM device", path);
	return RC_OK;
}

static enum rc unix_address(const char *path, struct tcti *tcti, struct err *err)
{
	struct sockaddr_un *address = (struct sockaddr_un *)&tcti->address;

	if (strlen(path) >= sizeof address->sun_path)
		return err_set(err, RC_LIMIT, "%s: the path of a unix socket has at most %zu bytes", path,
			sizeof address->sun_path - 1);
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, path, strlen(path) + 1);
	tcti->address_len = sizeof *address;
	return RC_OK;
}

/* text is "NAME,port=NUMBER". */
static enum rc tcp_address(const char *text, struct tcti *tcti, struct err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	char host[254];
	const char *comma = strstr(text, ",port=");
	int failed;

	if (comma == NULL || comma == text || (size_t)(comma - text) >= sizeof host)
		return err_set(
			err, RC_UNSUPPORTED, "swtpm:host=%s: expected swtpm:host=NAME,port=NUMBER", text);
	memcpy(host, text, (size_t)(comma - text));
	host[comma - text] = '\0';
	failed = getaddrinfo(host, comma + strlen(",port="), &hints, &found);
	if (failed != 0)
		return err_set(err, RC_IO, "swtpm:host=%s: %s", text, gai_strerror(failed));
	memcpy(&tcti->address, found->ai_addr, found->ai_addrlen);
	tcti->address_len = found->ai_addrlen;
	freeaddrinfo(found);
	return RC_OK;
}

/* What follows the prefix, NULL if text does not begin with it. */
static const char *after(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0 ? text + strlen(prefix) : NULL;
}

enum rc tcti_address(const char *text, struct tcti *tcti, struct err *err)
{
	tcti->kind = TCTI_SOCKET;
	if (after(text, "device:") != NULL)
		return device_open(after(text, "device:"), tcti, err);
	if (after(text, "swtpm:path=") != NULL)
		return unix_address(after(text, "swtpm:path="), tcti, err);
	if (after(text, "swtpm:host=") != NULL)
		return tcp_address(after(text, "swtpm:host="), tcti, err);
	return err_set(err, RC_UNSUPPORTED,
		"TPM \"%.200s\": expected device:/dev/tpmrm0, swtpm:path=/absolute/socket or "
		"swtpm:host=NAME,port=NUMBER",
		text);
}
