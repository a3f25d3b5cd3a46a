/* One notice to one URL, as an action of limebus-actions. */
#ifndef LIMEBUS_WEBHOOK_WEBHOOK_H
#define LIMEBUS_WEBHOOK_WEBHOOK_H

#include "lib/action/notice_read.h"
#include "lib/config/program.h"
#include "lib/fetch/fetch_config.h"

struct webhook_config {
	struct fetch_config fetch;
	char *secret;
	char *authorization;
	uint64_t patience_ms;
};

extern const struct program webhook_program;

#define WEBHOOK_SECRET_MIN      16
#define WEBHOOK_SIGNATURE_BYTES 128

/* "t=<seconds>,v1=<HMAC-SHA256 of "<seconds>.<body>" in hexadecimal digits>". */
MUST_USE enum rc webhook_sign(
	struct span secret, uint64_t seconds, struct span body, char out[static WEBHOOK_SIGNATURE_BYTES]);

/* What the answer means for the host: LIME_DONE, LIME_RETRY or LIME_GIVE_UP. */
int webhook_judge(unsigned status);

/* Send it; an exit status. */
int webhook_send(const struct webhook_config *config, const struct notice_read *notice);

#endif
