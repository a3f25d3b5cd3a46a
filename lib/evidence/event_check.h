/*
 * Whether the digest of an event is the hash of the event's payload, where the specification (or the program
 * that measured) makes it so; and of what the digest is where it is not.
 */
#ifndef LIMEBUS_EVIDENCE_EVENT_CHECK_H
#define LIMEBUS_EVIDENCE_EVENT_CHECK_H

#include "lib/evidence/event_kind.h"

/* X(NAME, "name", "words"): the digest is of … */
#define EVENT_SUBJECTS(X)                                                                                    \
	X(NOTHING, "nothing", "nothing: the event is not extended")                                          \
	X(PAYLOAD, "payload", "the whole payload")                                                           \
	X(STRUCTURE, "structure", "the structure in the payload, not what stands behind it")                 \
	X(VALUE, "value", "the variable's value in the payload, not its name")                               \
	X(TEXT, "text", "the text in the payload, without prefix and terminator")                            \
	X(SECTION_NAME, "section-name", "the section's name in ASCII with its terminator")                   \
	X(ERROR, "error", "the number 1: the firmware reports an error")                                     \
	X(IMAGE, "image", "a PE image (Authenticode)")                                                       \
	X(BOOT_SECTOR, "boot-sector", "the code or the partition table of a boot device")                    \
	X(FILE, "file", "the content of a file")                                                             \
	X(SECTION, "section", "the content of a section of a unified kernel image")                          \
	X(VARIABLE, "variable", "the value of a variable that is not in the log")                            \
	X(FIRMWARE, "firmware", "code of the firmware or of a device")                                       \
	X(TABLES, "tables", "tables or settings that are not in the log")                                    \
	X(INITRD, "initrd", "an initrd")                                                                     \
	X(LOAD_OPTIONS, "load-options", "the command line in UTF-16")                                        \
	X(UNKNOWN, "unknown", "something that nobody defined")

#define EVENT_SUBJECT_ENUM(name, wire, words) EVENT_OF_##name,
enum event_subject { EVENT_SUBJECTS(EVENT_SUBJECT_ENUM) EVENT_SUBJECT_COUNT };
#undef EVENT_SUBJECT_ENUM

enum event_match {
	EVENT_DIGEST_UNCHECKED,      /* no digest whose hash we can compute, so nothing is known */
	EVENT_DIGEST_MATCHES,        /* equals the hash of what `subject` says */
	EVENT_DIGEST_DIFFERS,        /* should equal the hash of what `subject` says, and does not */
	EVENT_DIGEST_NOT_OF_PAYLOAD, /* is of `subject`, which is not in the log: the payload only describes
	                                it */
	EVENT_DIGEST_NOT_EXTENDED,   /* EV_NO_ACTION: no register depends on the payload */
};

/* subject is never NOTHING, PAYLOAD, STRUCTURE, VALUE, TEXT, SECTION_NAME or ERROR when match is
 * NOT_OF_PAYLOAD. */
struct event_check {
	enum event_match match;
	enum event_subject subject;
};

/*
 * One bank of the event; EVENT_DIGEST_UNCHECKED if the event has no digest for it or its hash is unknown.
 * Where firmware differs, each usage is accepted and *out says which it was: EV_EFI_VARIABLE_BOOT may be of
 * the value or of the whole payload. Where the specification leaves it open (EV_PLATFORM_CONFIG_FLAGS,
 * EV_EVENT_TAG, vendors' types …) MATCHES/PAYLOAD is told if it is so, else NOT_OF_PAYLOAD. A payload that
 * must have a structure and has not (a variable whose lengths do not add up) DIFFERS, unless the digest is of
 * all of it. Fails only if the cryptographic library does.
 */
MUST_USE enum rc event_check_bank(const struct log_event *event, uint16_t alg, struct event_check *out);

/* All banks together: DIFFERS if one differs or if they are of different things; UNCHECKED only if all are.
 */
MUST_USE enum rc event_check(const struct log_event *event, struct event_check *out);

/* "matches", "differs" …; "file", "the content of a file"; never NULL. */
const char *event_match_name(enum event_match match);
const char *event_subject_name(enum event_subject subject);
const char *event_subject_words(enum event_subject subject);

#endif
