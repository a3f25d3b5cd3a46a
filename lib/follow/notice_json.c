#include "lib/follow/notice_json.h"

#include "lib/base/clock.h"
#include "lib/follow/profiles.h"
#include "lib/json/json_write.h"
#include "proto/print.h"

static void write_reasons(struct json_write *w, struct list reasons)
{
	struct elem_reason item;

	json_write_array(w, "reasons");
	while (ELEM_NEXT(reason, &reasons, &item))
		json_write_text(w, NULL, item.code);
	json_write_close(w);
}

static void write_certificates(struct json_write *w, struct list certificates)
{
	struct elem_serial item;

	json_write_array(w, "certificates");
	while (ELEM_NEXT(serial, &certificates, &item))
		json_write_hex(w, NULL, item.serial);
	json_write_close(w);
}

static void write_tags(struct json_write *w, struct list tags)
{
	struct elem_tag item;

	json_write_array(w, "tags");
	while (ELEM_NEXT(tag, &tags, &item))
		json_write_text(w, NULL, item.tag);
	json_write_close(w);
}

static void write_names(struct json_write *w, struct list names)
{
	struct elem_dns_name item;

	json_write_array(w, "dns");
	while (ELEM_NEXT(dns_name, &names, &item))
		json_write_text(w, NULL, item.name);
	json_write_close(w);
}

static void write_addresses(struct json_write *w, struct list addresses)
{
	char text[ADDRESS_TEXT_BYTES];
	struct elem_address item;

	json_write_array(w, "addresses");
	while (ELEM_NEXT(address, &addresses, &item))
		if (address_text(item.address, text))
			json_write_cstr(w, NULL, text);
	json_write_close(w);
}

static enum rc write_facts(
	const struct msg_notice *notice, const struct msg_profile *profile, bool again, struct blob *out)
{
	struct json_write w = json_write_begin(out, JSON_COMPACT);
	static const struct msg_profile unknown = {0};
	char time[CLOCK_TEXT_BYTES];

	if (profile == NULL)
		profile = &unknown;
	json_write_object(&w, NULL);
	json_write_u64(&w, "seq", notice->seq);
	json_write_text(&w, "kind", notice->kind);
	json_write_hex(&w, "node", notice->node);
	json_write_u64(&w, "severity", notice->severity);
	json_write_text(&w, "reason", notice->reason);
	write_reasons(&w, notice->reasons);
	json_write_cstr(&w, "time", clock_text(notice->time, time));
	json_write_text(&w, "verifier", notice->verifier);
	json_write_hex(&w, "evidence", notice->evidence);
	write_certificates(&w, notice->certificates);
	json_write_object(&w, "profile");
	write_tags(&w, profile->tags);
	write_names(&w, profile->names);
	write_addresses(&w, profile->addresses);
	json_write_close(&w);
	json_write_bool(&w, "again", again);
	json_write_close(&w);
	return json_write_end(&w);
}

enum rc notice_json(
	const struct msg_notice *notice, const struct msg_profile *profile, bool again, struct blob *out)
{
	struct msg whole = {.type = MSG_TYPE_notice, .notice = *notice};
	DROP(blob_release) struct blob line = {0};
	DROP(blob_release) struct blob printed = {0};

	TRY(write_facts(notice, profile, again, &line));
	TRY(msg_print(&whole, NOTICE_JSON_BIN_MAX, &printed));
	/* {…} becomes {…,"notice":{…}}: both are whole objects. */
	line.len--;
	TRY(blob_append(&line, span_text(",\"notice\":")));
	TRY(blob_append(&line, blob_span(&printed)));
	TRY(blob_append(&line, span_text("}\n")));
	return blob_append(out, blob_span(&line));
}
