#include "lib/evidence/event_log.h"

#include "lib/evidence/cursor_le.h"
#include "lib/evidence/event_type.h"

/* TCG_EfiSpecIdEvent: the signature with its NUL. */
static const char header_signature[16] = "Spec ID Event03";
/* TCG_EfiStartupLocalityEvent: the signature with its NUL, then one byte. */
static const char locality_signature[16] = "StartupLocality";

/* TCG_PCClientPCREvent: the form of an agile log's header, and of all events of an older log. */
static enum rc sha1_event_read(struct cursor *cursor, struct log_event *out)
{
	uint32_t len = 0;

	TRY(cursor_le32(cursor, &out->pcr));
	TRY(cursor_le32(cursor, &out->type));
	out->digest_count = 1;
	out->digests[0].alg = TPM_ALG_SHA1;
	TRY(cursor_bytes(cursor, DIGEST_SHA1_BYTES, &out->digests[0].value));
	TRY(cursor_le32(cursor, &len));
	return cursor_bytes(cursor, len, &out->payload);
}

static const struct event_bank *bank_of(const struct event_log *log, uint16_t alg)
{
	for (size_t i = 0; i < log->bank_count; i++)
		if (log->banks[i].alg == alg)
			return &log->banks[i];
	return NULL;
}

/* TPMT_HA: which bank it is for says how long it is. */
static enum rc digest_read(struct cursor *cursor, const struct event_log *log, struct log_event *event)
{
	struct event_digest *digest = &event->digests[event->digest_count];
	const struct event_bank *bank;
	uint16_t alg = 0;
	struct span twice = {0};

	TRY(cursor_le16(cursor, &alg));
	bank = bank_of(log, alg);
	if (bank == NULL || event_digest(event, alg, &twice) == RC_OK)
		return RC_MALFORMED;
	TRY(cursor_bytes(cursor, bank->len, &digest->value));
	digest->alg = alg;
	event->digest_count++;
	return RC_OK;
}

/* TCG_PCR_EVENT2. */
static enum rc agile_event_read(struct cursor *cursor, const struct event_log *log, struct log_event *out)
{
	uint32_t digests = 0;
	uint32_t len = 0;

	TRY(cursor_le32(cursor, &out->pcr));
	TRY(cursor_le32(cursor, &out->type));
	TRY(cursor_le32(cursor, &digests));
	if (digests > log->bank_count || (digests == 0 && out->type != EV_NO_ACTION))
		return RC_MALFORMED;
	for (uint32_t i = 0; i < digests; i++)
		TRY(digest_read(cursor, log, out));
	TRY(cursor_le32(cursor, &len));
	return cursor_bytes(cursor, len, &out->payload);
}

/* *out changes in any case. */
static enum rc event_read(struct cursor *cursor, const struct event_log *log, struct log_event *out)
{
	const uint8_t *start = cursor->left.at;

	*out = (struct log_event){0};
	if (log->form == EVENT_LOG_AGILE)
		TRY(agile_event_read(cursor, log, out));
	else
		TRY(sha1_event_read(cursor, out));
	if (out->pcr >= PCR_COUNT && out->type != EV_NO_ACTION)
		return RC_MALFORMED;
	out->bytes = span_of(start, (size_t)(cursor->left.at - start));
	return RC_OK;
}

static enum rc bank_read(struct cursor *cursor, struct event_log *log)
{
	struct event_bank bank = {0};
	size_t known;

	TRY(cursor_le16(cursor, &bank.alg));
	TRY(cursor_le16(cursor, &bank.len));
	known = digest_size(digest_of_tpm_id(bank.alg));
	if (bank.len == 0 || bank.len > EVENT_DIGEST_MAX_BYTES || (known != 0 && bank.len != known) ||
		bank_of(log, bank.alg) != NULL)
		return RC_MALFORMED;
	log->banks[log->bank_count++] = bank;
	return RC_OK;
}

/* TCG_EfiSpecIdEvent behind its signature, the whole of the header event's payload. */
static enum rc spec_id_read(struct span payload, struct event_log *log)
{
	struct cursor cursor = cursor_at(payload);
	uint32_t banks = 0;
	uint8_t vendor_bytes = 0;

	TRY(cursor_le32(&cursor, &log->platform_class));
	TRY(cursor_u8(&cursor, &log->version_minor));
	TRY(cursor_u8(&cursor, &log->version_major));
	TRY(cursor_u8(&cursor, &log->errata));
	TRY(cursor_u8(&cursor, &log->uintn_size));
	TRY(cursor_le32(&cursor, &banks));
	if (banks == 0)
		return RC_MALFORMED;
	if (banks > EVENT_BANKS_MAX)
		return RC_LIMIT;
	for (uint32_t i = 0; i < banks; i++)
		TRY(bank_read(&cursor, log));
	TRY(cursor_u8(&cursor, &vendor_bytes));
	TRY(cursor_bytes(&cursor, vendor_bytes, &log->vendor_info));
	return cursor_end(&cursor);
}

static bool all_are(struct span bytes, uint8_t value)
{
	for (size_t i = 0; i < bytes.len; i++)
		if (bytes.at[i] != value)
			return false;
	return true;
}

/* The header if there is one; otherwise the log has one SHA-1 bank, and its first event is an event. */
static enum rc header_read(struct cursor *cursor, struct event_log *log)
{
	const size_t signature = sizeof header_signature;
	struct cursor ahead = *cursor;
	struct log_event first = {0};

	log->form = EVENT_LOG_SHA1;
	TRY(event_read(&ahead, log, &first));
	if (first.type != EV_NO_ACTION || first.payload.len < signature ||
		memcmp(first.payload.at, header_signature, signature) != 0) {
		log->bank_count = 1;
		log->banks[0] = (struct event_bank){TPM_ALG_SHA1, DIGEST_SHA1_BYTES};
		return RC_OK;
	}
	/* As Linux demands (drivers/char/tpm/eventlog/tpm2.c): PCR 0 and a digest of zeros. */
	if (first.pcr != 0 || !all_are(first.digests[0].value, 0))
		return RC_MALFORMED;
	TRY(spec_id_read(span_of(first.payload.at + signature, first.payload.len - signature), log));
	log->form = EVENT_LOG_AGILE;
	log->header_bytes = first.bytes.len;
	*cursor = ahead;
	return RC_OK;
}

/* Where the uniform bytes start that the log ends with; what begins behind that is tail and no event. */
static size_t tail_start(struct span in)
{
	size_t at = in.len;

	if (in.len == 0 || (in.at[in.len - 1] != 0 && in.at[in.len - 1] != 0xff))
		return in.len;
	while (at > 0 && in.at[at - 1] == in.at[in.len - 1])
		at--;
	return at;
}

static void locality_note(struct event_log *log, const struct log_event *event, bool *pcr0_extended)
{
	const size_t signature = sizeof locality_signature;

	if (event->type != EV_NO_ACTION) {
		*pcr0_extended = *pcr0_extended || event->pcr == 0;
		return;
	}
	if (*pcr0_extended || event->pcr != 0 || event->payload.len != signature + 1 ||
		memcmp(event->payload.at, locality_signature, signature) != 0)
		return;
	log->startup_locality = event->payload.at[signature];
	log->has_startup_locality = true;
}

enum rc event_log_parse(struct span in, struct event_log *out)
{
	struct event_log log = {.bytes = in};
	struct cursor cursor = cursor_at(in);
	const size_t tail = tail_start(in);
	bool pcr0_extended = false;

	if (in.len > EVENT_LOG_MAX_BYTES)
		return RC_LIMIT;
	if (tail > 0)
		TRY(header_read(&cursor, &log));
	while (in.len - cursor.left.len < tail) {
		struct log_event event;

		TRY(event_read(&cursor, &log, &event));
		locality_note(&log, &event, &pcr0_extended);
		log.event_count++;
	}
	log.tail = cursor.left;
	*out = log;
	return RC_OK;
}

bool event_log_next(const struct event_log *log, struct log_event *event)
{
	const size_t at = event->bytes.at == NULL
	                          ? log->header_bytes
	                          : (size_t)(event->bytes.at - log->bytes.at) + event->bytes.len;
	const size_t number = event->number + 1;
	struct cursor cursor = {0};

	if (log->form != EVENT_LOG_EMPTY && at < log->bytes.len - log->tail.len) {
		cursor = cursor_at(span_of(log->bytes.at + at, log->bytes.len - log->tail.len - at));
		if (event_read(&cursor, log, event) == RC_OK) {
			event->number = number;
			return true;
		}
	}
	*event = (struct log_event){0};
	return false;
}

bool event_log_has_bank(const struct event_log *log, uint16_t alg)
{
	return bank_of(log, alg) != NULL;
}

enum rc event_digest(const struct log_event *event, uint16_t alg, struct span *out)
{
	for (size_t i = 0; i < event->digest_count; i++) {
		if (event->digests[i].alg == alg) {
			*out = event->digests[i].value;
			return RC_OK;
		}
	}
	return RC_NOT_FOUND;
}
