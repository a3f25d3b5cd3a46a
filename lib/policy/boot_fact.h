/*
 * What an event log says, as the section "boot" looks at it: each extended event of PCR 0 to 9 and 11 to 14
 * once, in the place where a rule for it may stand.
 *
 * A type is never covered by a digest, and an event's content only where event_check says so: who has run his
 * own code may extend registers afterwards and write a log to fit. So a slot whose rules go by content takes
 * only events whose digest is of that content, the others go by digest; and nothing is harmless in a register
 * of code.
 */
#ifndef LIMEBUS_POLICY_BOOT_FACT_H
#define LIMEBUS_POLICY_BOOT_FACT_H

#include "lib/evidence/event_check.h"
#include "lib/policy/boot_item.h"

/*
 * HARMLESS says nothing of what ran: settings, tables, partition tables, boot options, known actions.
 * SIGNATURE is an entry of the VARIABLE in front of it. EVENT is whatever has no place of its own.
 */
enum boot_slot {
	BOOT_SLOT_HARMLESS,
	BOOT_SLOT_SECURE_BOOT,
	BOOT_SLOT_VARIABLE,
	BOOT_SLOT_SIGNATURE,
	BOOT_SLOT_AUTHORITY,
	BOOT_SLOT_SBAT,
	BOOT_SLOT_MOK,
	BOOT_SLOT_CRTM,
	BOOT_SLOT_BLOB,
	BOOT_SLOT_DRIVER,
	BOOT_SLOT_APPLICATION,
	BOOT_SLOT_FILE,
	BOOT_SLOT_COMMAND_LINE,
	BOOT_SLOT_COMMAND,
	BOOT_SLOT_PART,
	BOOT_SLOT_SEPARATOR,
	BOOT_SLOT_EVENT,
	BOOT_SLOT_COUNT
};

/* Borrows from the log. name is owned. */
struct boot_fact {
	enum boot_slot slot;
	enum event_kind kind;
	size_t number; /* of the event */
	uint8_t pcr;
	uint32_t type;
	struct boot_digests digest; /* in the banks that were asked for */
	struct event_check check;
	char *name;          /* text, path, name of a variable */
	struct span content; /* the variable's value; else the payload */
	/* SIGNATURE, AUTHORITY: has_signature */
	bool has_signature;
	enum signature_kind signature;
	const uint8_t *type_guid;
	const uint8_t *owner;
	struct span certificate;
	uint8_t data[DIGEST_SHA256_BYTES];
	/* VARIABLE: it is a list of signatures, whose entries follow; not if its name is long. */
	bool is_list;
};

#define BOOT_FACTS_MAX 16384

/* {0} is empty. Owns. Facts in the order of the log. */
struct boot_facts {
	size_t count;
	size_t room;
	struct boot_fact *at;
};

void boot_facts_release(struct boot_facts *facts);

/* The log must stay. Digests are those of the banks; a bank that the log does not have is left out. RC_LIMIT
 * beyond BOOT_FACTS_MAX, RC_NOMEM, RC_CRYPTO. */
MUST_USE enum rc boot_facts_gather(
	const struct event_log *log, const uint16_t *banks, size_t bank_count, struct boot_facts *out);

/* Registers whose events are judged: 0 to 9, 11 to 14. */
#define BOOT_PCRS 0x7bffu
/* Of these, the ones that a quote must cover; 11 to 14 only if the log extends them. A challenge asks for
 * all. */
#define BOOT_PCRS_ALWAYS 0x3ffu

/* The event's digest has to be of its content for its slot to mean anything, and is not, or it has no digest
 * in the banks. */
bool boot_fact_is_unproven(const struct boot_fact *fact);

#endif
