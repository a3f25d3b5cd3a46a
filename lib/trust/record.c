#include "lib/trust/record.h"

enum rc record_make(const struct sign_pair *writer, struct record_head head, const struct msg *body,
	struct blob *out, struct err *err)
{
	DROP(blob_release) struct blob bytes = {0};
	enum rc rc = body == NULL ? RC_OK : msg_encode(body, &bytes);

	if (rc != RC_OK)
		return err_set(err, rc, "record %s of %s: its body cannot be encoded", head.type, head.key);
	return signed_make(writer,
		&(struct msg){
			.type = MSG_TYPE_record,
			.record = {.type = span_text(head.type),
				.key = span_text(head.key),
				.version = head.version,
				.token = head.token,
				.body = blob_span(&bytes)},
		},
		out, err);
}

enum rc record_open(const struct roster *roster, struct span bytes, struct record_expect expect,
	uint64_t wall_ms, struct record_view *out, struct err *err)
{
	struct record_view view = {0};
	struct signed_msg opened;
	const struct msg_record *record = &opened.msg.record;
	enum rc rc;

	rc = roster_signed(roster, bytes, MSG_TYPE_record, expect.writers, wall_ms, &opened, err);
	if (rc != RC_OK)
		return err_wrap(err, rc, "record %s of %s: ", expect.type, expect.key);
	if (!span_is(record->type, expect.type) || !span_is(record->key, expect.key))
		return err_set(err, RC_DENIED, "record %s of %s: a record of another type or key lies there",
			expect.type, expect.key);
	if (record->version < expect.version)
		return err_set(err, RC_STALE, "record %s of %s: version %llu was put back, %llu is known",
			expect.type, expect.key, (unsigned long long)record->version,
			(unsigned long long)expect.version);
	rc = msg_decode_as(record->body, expect.body, &view.body);
	if (rc != RC_OK)
		return err_set(err, rc, "record %s of %s: its body is no %s", expect.type, expect.key,
			msg_type_name(expect.body));
	view.version = record->version;
	view.token = record->token;
	memcpy(view.writer, opened.key, sizeof view.writer);
	*out = view;
	return RC_OK;
}
