/*
 * The kernel's IMA list, entry by entry: the binary list (binary_runtime_measurements) and the ASCII list.
 * Pure and without allocation.
 *
 *   struct ima_list list = {.format = format, .left = bytes};
 *   struct ima_entry entry;
 *   enum ima_step step;
 *   while ((step = ima_list_next(&list, &entry)) == IMA_STEP_ENTRY)
 *           …
 *
 * After Linux, security/integrity/ima/ima_fs.c: ima_measurements_show and ima_ascii_measurements_show.
 */
#ifndef LIMEBUS_EVIDENCE_IMA_LIST_H
#define LIMEBUS_EVIDENCE_IMA_LIST_H

#include "lib/evidence/ima_template.h"

/*
 * Most bytes of template data. The kernel sets no bound. The longest that it really writes is the payload of
 * a key that was added to a measured keyring, as ima-buf (at most 1 MiB - 1: add_key(2)), with a digest and a
 * name beside it; extended attributes (64 KiB each) and appended signatures are far below. Without a bound of
 * ours one length field would make a reader wait for 4 GiB.
 */
#define IMA_DATA_MAX ((1u << 20) + (64u << 10))

/* Most bytes of an entry as it stands in a binary list, and in an ASCII list (hexadecimal, in the worst case
 * all of it). Whoever has that many bytes of an entry has all of it. */
#define IMA_ENTRY_MAX (4 + DIGEST_BYTES_MAX + 4 + IMA_TEMPLATE_NAME_MAX + 4 + IMA_DATA_MAX)
#define IMA_LINE_MAX  (2 * IMA_ENTRY_MAX)

/* PCR numbers that a TPM can have; the kernel's default is 10. */
#define IMA_PCR_MAX 31

/*
 * How a list is written. hash: of the column of template hashes; SHA-1 in the list that every kernel has,
 * others in binary_runtime_measurements_sha256 and the like. big_endian: 32-bit numbers, binary list only
 * (except for owners in an ASCII list, which are part of what is hashed).
 */
struct ima_format {
	bool is_ascii;
	bool big_endian;
	enum digest_alg hash;
};

/*
 * One entry. Spans borrow from the list's bytes, those of an ASCII entry also from list.room, which the next
 * call overwrites.
 *
 * What the PCR does not prove, so that whoever writes the list may say anything there:
 *   - of a violation, all but its being one: the kernel extends 0xff… whatever its data are
 *   - the name of the template: hashed are the data alone. An entry can be passed off as one of another
 *     template if its data happen to follow that one's format too: ima-sig as ima-buf (then the digest is not
 *     that of the buffer, unless the file's content is its own signature). Digest and name always stand first
 *     (ima_template_parse). Nothing is good without both, and no ima-buf whose digest is of something else.
 *   - entries of other PCRs than the one that is replayed
 */
struct ima_entry {
	uint32_t pcr;
	struct span bytes;    /* all of it, as it stands in the list */
	struct span hash;     /* of the template data, as listed: format.hash long */
	struct span template; /* its name */
	struct span data;     /* of the template, as a binary list has it */
	bool is_violation;    /* the listed hash is zero: a file was read while it was open for writing */
	bool big_endian;
	struct ima_fields fields;
};

/*
 * ENTRY    an entry was read
 * END      nothing is left
 * PARTIAL  what is left is the beginning of an entry: list.left holds these bytes, list.missing says how many
 *          more there are at least. Come again with the same bytes and more.
 * BROKEN   what is left does not begin an entry: no number of further bytes will help
 */
enum ima_step { IMA_STEP_ENTRY, IMA_STEP_END, IMA_STEP_PARTIAL, IMA_STEP_BROKEN };

/*
 * A position in a list. Set format and left (and room, of an ASCII list); left loses its front with every
 * entry, and stays as it is otherwise. `room` is where hash and template data are rebuilt from text:
 * IMA_ENTRY_MAX bytes suffice for all, less makes longer entries BROKEN. Data of an unknown template cannot
 * be rebuilt from text: such an entry has none, so that its hash does not hold.
 */
struct ima_list {
	struct ima_format format;
	struct span left;
	size_t missing;
	uint8_t *room;
	size_t room_len;
};

/*
 * How the list that begins with these bytes is written: ASCII or binary, the byte order and the length of the
 * hash, by its first entry. A 32-byte hash is taken for SHA-256. RC_NOT_FOUND if there are too few bytes to
 * tell (an empty list too), RC_MALFORMED if it is no IMA list.
 */
MUST_USE enum rc ima_format_guess(struct span beginning, struct ima_format *out);

/*
 * The next entry; `out` is written only with IMA_STEP_ENTRY. Entries are whole or not at all. A name in an
 * ASCII list may hold line feeds, since the kernel does not escape them: a line that cannot begin an entry
 * belongs to the one before it. So the last line of an ASCII list is complete only if the list is: the caller
 * hands over whole lists, or keeps the last entry back.
 */
MUST_USE enum ima_step ima_list_next(struct ima_list *list, struct ima_entry *out);

#endif
