#include "lib/evidence/event_check.h"

#include "lib/evidence/event_text.h"
#include "lib/evidence/event_type.h"
#include "lib/evidence/uefi_variable.h"

/* The candidates for what was hashed: bit 1 << subject. */
#define OF(subject) (1u << EVENT_OF_##subject)

/*
 * What the digest of a kind may be of. payload: parts of the payload, one of which it must be if otherwise is
 * EVENT_OF_NOTHING; else what it is of when it is none of them.
 */
struct rule {
	uint32_t payload;
	enum event_subject otherwise;
};

static const struct rule rules[EVENT_KIND_COUNT] = {
	/* EDK2, DxeTpm2MeasureBootLib and Tcg2Dxe: MeasureVariable. Old versions of shim: STRUCTURE. */
	[EVENT_KIND_VARIABLE] = {OF(PAYLOAD) | OF(STRUCTURE), EVENT_OF_NOTHING},
	[EVENT_KIND_AUTHORITY] = {OF(PAYLOAD) | OF(STRUCTURE), EVENT_OF_NOTHING},
	[EVENT_KIND_SBAT_LEVEL] = {OF(PAYLOAD) | OF(STRUCTURE), EVENT_OF_NOTHING},
	[EVENT_KIND_BOOT_VARIABLE] = {OF(PAYLOAD) | OF(STRUCTURE) | OF(VALUE), EVENT_OF_NOTHING},
	[EVENT_KIND_GPT] = {OF(PAYLOAD), EVENT_OF_NOTHING},
	[EVENT_KIND_CRTM_VERSION] = {OF(PAYLOAD), EVENT_OF_NOTHING},
	[EVENT_KIND_SEPARATOR] = {OF(PAYLOAD) | OF(ERROR), EVENT_OF_NOTHING},
	[EVENT_KIND_ACTION] = {OF(PAYLOAD) | OF(TEXT), EVENT_OF_NOTHING},
	/* GRUB 2.12, grub_tpm_verify_string: the string without prefix and NUL. systemd-stub: with its NUL.
         */
	[EVENT_KIND_GRUB_COMMAND] = {OF(TEXT) | OF(PAYLOAD), EVENT_OF_NOTHING},
	[EVENT_KIND_KERNEL_COMMAND_LINE] = {OF(TEXT) | OF(PAYLOAD), EVENT_OF_NOTHING},
	[EVENT_KIND_MODULE_COMMAND_LINE] = {OF(TEXT) | OF(PAYLOAD), EVENT_OF_NOTHING},
	/* UEFI 2.10, 32.5.3.3: loaded images are measured by their Authenticode digest. */
	[EVENT_KIND_BOOT_APPLICATION] = {0, EVENT_OF_IMAGE},
	[EVENT_KIND_BOOT_DRIVER] = {0, EVENT_OF_IMAGE},
	[EVENT_KIND_RUNTIME_DRIVER] = {0, EVENT_OF_IMAGE},
	[EVENT_KIND_UKI_SECTION] = {OF(SECTION_NAME), EVENT_OF_SECTION},
	[EVENT_KIND_HCRTM] = {OF(PAYLOAD), EVENT_OF_FIRMWARE},
	[EVENT_KIND_CRTM_CONTENTS] = {OF(PAYLOAD), EVENT_OF_FIRMWARE},
	[EVENT_KIND_FIRMWARE_BLOB] = {OF(PAYLOAD), EVENT_OF_FIRMWARE},
	[EVENT_KIND_POST_CODE] = {OF(PAYLOAD), EVENT_OF_FIRMWARE},
	[EVENT_KIND_MICROCODE] = {OF(PAYLOAD), EVENT_OF_FIRMWARE},
	[EVENT_KIND_NONHOST] = {OF(PAYLOAD), EVENT_OF_FIRMWARE},
	[EVENT_KIND_SPDM] = {OF(PAYLOAD), EVENT_OF_FIRMWARE},
	[EVENT_KIND_HANDOFF_TABLES] = {OF(PAYLOAD), EVENT_OF_TABLES},
	[EVENT_KIND_CONFIG_FLAGS] = {OF(PAYLOAD), EVENT_OF_TABLES},
	[EVENT_KIND_DEVICES] = {OF(PAYLOAD), EVENT_OF_TABLES},
	[EVENT_KIND_BOOT_CODE] = {OF(PAYLOAD), EVENT_OF_BOOT_SECTOR},
	[EVENT_KIND_BOOT_DATA] = {OF(PAYLOAD), EVENT_OF_BOOT_SECTOR},
	[EVENT_KIND_MOK] = {OF(PAYLOAD), EVENT_OF_VARIABLE},
	[EVENT_KIND_GRUB_FILE] = {OF(PAYLOAD), EVENT_OF_FILE},
	[EVENT_KIND_STUB_INITRD] = {OF(PAYLOAD), EVENT_OF_INITRD},
	[EVENT_KIND_KERNEL_INITRD] = {OF(PAYLOAD), EVENT_OF_INITRD},
	[EVENT_KIND_KERNEL_LOAD_OPTIONS] = {OF(PAYLOAD), EVENT_OF_LOAD_OPTIONS},
	[EVENT_KIND_COMPACT_HASH] = {OF(PAYLOAD), EVENT_OF_UNKNOWN},
	[EVENT_KIND_LOADER_TEXT] = {OF(PAYLOAD) | OF(TEXT), EVENT_OF_UNKNOWN},
	[EVENT_KIND_TAG] = {OF(PAYLOAD), EVENT_OF_UNKNOWN},
	[EVENT_KIND_UNKNOWN] = {OF(PAYLOAD), EVENT_OF_UNKNOWN},
};

static struct rule rule_of(const struct log_event *event)
{
	/* PC Client Platform Firmware Profile 1.06, 10.4: these two are of their payload, unlike other SPDM
	 * events. */
	if (event->type == EV_EFI_SPDM_DEVICE_POLICY || event->type == EV_EFI_SPDM_DEVICE_AUTHORITY)
		return (struct rule){OF(PAYLOAD), EVENT_OF_NOTHING};
	return rules[event_kind_of(event)];
}

/* The name of a section is measured in ASCII with its NUL, and described in UTF-16 (systemd,
 * src/boot/stub.c). */
#define SECTION_NAME_MAX_BYTES 16
static enum rc section_name(
	const struct log_event *event, uint8_t out[static SECTION_NAME_MAX_BYTES], size_t *len)
{
	const struct span text = event->payload;

	if (!text_is_utf16(text) || text.len / 2 > SECTION_NAME_MAX_BYTES)
		return RC_MALFORMED;
	for (size_t i = 0; i < text.len / 2; i++) {
		if (text.at[2 * i] > 0x7f || text.at[2 * i + 1] != 0)
			return RC_MALFORMED;
		out[i] = text.at[2 * i];
	}
	*len = text.len / 2;
	return RC_OK;
}

/* The bytes of the payload (or of name) that are `subject`; RC_MALFORMED if the payload does not have them.
 */
static enum rc candidate(const struct log_event *event, enum event_subject subject,
	uint8_t name[static SECTION_NAME_MAX_BYTES], struct span *out)
{
	static const uint8_t error[] = {1, 0, 0, 0};
	struct uefi_variable variable = {0};
	size_t len = 0;

	*out = event->payload;
	if (subject == EVENT_OF_PAYLOAD)
		return RC_OK;
	if (subject == EVENT_OF_TEXT) {
		*out = event_text_bytes(event);
		return RC_OK;
	}
	if (subject == EVENT_OF_ERROR) {
		*out = SPAN(error);
		return RC_OK;
	}
	if (subject == EVENT_OF_SECTION_NAME) {
		TRY(section_name(event, name, &len));
		*out = span_of(name, len);
		return RC_OK;
	}
	TRY(uefi_variable_parse(event->payload, &variable));
	*out = subject == EVENT_OF_VALUE ? variable.data
	                                 : span_of(event->payload.at, event->payload.len - variable.rest.len);
	return RC_OK;
}

/* The first candidate whose hash is the digest; NOTHING if there is none. */
static enum rc find(const struct log_event *event, uint32_t candidates, enum digest_alg alg,
	struct span digest, enum event_subject *out)
{
	uint8_t name[SECTION_NAME_MAX_BYTES];
	uint8_t hash[DIGEST_BYTES_MAX];

	*out = EVENT_OF_NOTHING;
	for (enum event_subject subject = 0; subject < EVENT_SUBJECT_COUNT; subject++) {
		struct span bytes = {0};

		if ((candidates >> subject & 1) == 0 || candidate(event, subject, name, &bytes) != RC_OK)
			continue;
		TRY(digest_bytes(alg, bytes, hash));
		if (span_equal(span_of(hash, digest_size(alg)), digest)) {
			*out = subject;
			return RC_OK;
		}
	}
	return RC_OK;
}

static bool is_zero(struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		if (bytes.at[i] != 0)
			return false;
	return true;
}

/* What a digest that should be of the payload is told to be of: text if it may be, else the first candidate.
 */
static enum event_subject main_subject(uint32_t candidates)
{
	if ((candidates & OF(TEXT)) != 0)
		return EVENT_OF_TEXT;
	return (enum event_subject)__builtin_ctz(candidates);
}

static enum rc check(
	const struct log_event *event, struct span digest, enum digest_alg alg, struct event_check *out)
{
	const struct rule rule = rule_of(event);
	enum event_subject found = EVENT_OF_NOTHING;

	TRY(find(event, rule.payload, alg, digest, &found));
	if (found != EVENT_OF_NOTHING)
		*out = (struct event_check){EVENT_DIGEST_MATCHES, found};
	else if (rule.otherwise != EVENT_OF_NOTHING)
		*out = (struct event_check){EVENT_DIGEST_NOT_OF_PAYLOAD, rule.otherwise};
	else
		*out = (struct event_check){EVENT_DIGEST_DIFFERS, main_subject(rule.payload)};
	return RC_OK;
}

enum rc event_check_bank(const struct log_event *event, uint16_t alg, struct event_check *out)
{
	const enum digest_alg known = digest_of_tpm_id(alg);
	struct span digest = {0};

	if (event_digest(event, alg, &digest) != RC_OK)
		*out = (struct event_check){EVENT_DIGEST_UNCHECKED, EVENT_OF_UNKNOWN};
	else if (event->type == EV_NO_ACTION)
		*out = (struct event_check){
			is_zero(digest) ? EVENT_DIGEST_NOT_EXTENDED : EVENT_DIGEST_DIFFERS, EVENT_OF_NOTHING};
	else if (known == DIGEST_NONE)
		*out = (struct event_check){EVENT_DIGEST_UNCHECKED, EVENT_OF_UNKNOWN};
	else
		return check(event, digest, known, out);
	return RC_OK;
}

enum rc event_check(const struct log_event *event, struct event_check *out)
{
	struct event_check all = {EVENT_DIGEST_UNCHECKED, EVENT_OF_UNKNOWN};

	if (event->type == EV_NO_ACTION)
		all = (struct event_check){EVENT_DIGEST_NOT_EXTENDED, EVENT_OF_NOTHING};
	for (size_t i = 0; i < event->digest_count && all.match != EVENT_DIGEST_DIFFERS; i++) {
		struct event_check one = {0};

		TRY(event_check_bank(event, event->digests[i].alg, &one));
		if (one.match == EVENT_DIGEST_UNCHECKED)
			continue;
		if (all.match == EVENT_DIGEST_UNCHECKED)
			all = one;
		else if (one.match != all.match || one.subject != all.subject)
			all = (struct event_check){EVENT_DIGEST_DIFFERS,
				one.match == EVENT_DIGEST_DIFFERS ? one.subject : all.subject};
	}
	*out = all;
	return RC_OK;
}

const char *event_match_name(enum event_match match)
{
	static const char *const names[] = {
		[EVENT_DIGEST_UNCHECKED] = "unchecked",
		[EVENT_DIGEST_MATCHES] = "matches",
		[EVENT_DIGEST_DIFFERS] = "differs",
		[EVENT_DIGEST_NOT_OF_PAYLOAD] = "not-of-payload",
		[EVENT_DIGEST_NOT_EXTENDED] = "not-extended",
	};

	return (unsigned)match < COUNT(names) ? names[match] : names[EVENT_DIGEST_UNCHECKED];
}

static const struct {
	const char *name;
	const char *words;
} subjects[] = {
#define EVENT_SUBJECT_ROW(id, name, words) [EVENT_OF_##id] = {name, words},
	EVENT_SUBJECTS(EVENT_SUBJECT_ROW)
#undef EVENT_SUBJECT_ROW
};

const char *event_subject_name(enum event_subject subject)
{
	return subjects[(unsigned)subject < EVENT_SUBJECT_COUNT ? subject : EVENT_OF_UNKNOWN].name;
}

const char *event_subject_words(enum event_subject subject)
{
	return subjects[(unsigned)subject < EVENT_SUBJECT_COUNT ? subject : EVENT_OF_UNKNOWN].words;
}
