/*
 * Which values PCR 10 takes on while the kernel appends to its IMA list, in each bank, and whether the quoted
 * value is among them. Plain data without pointers: it may be kept between chunks, and written down.
 *
 * What the kernel extends with depends on its version and on what it had when IMA started, and cannot be seen
 * in the list (Linux, ima_crypto.c, ima_queue.c):
 *   HASHED    the bank's own hash of the template data; violations: 0xff… of the bank's length
 *   PADDED    the SHA-1 hash and zeros behind it (5.8 and later, without that hash at the start of IMA: a
 *             module); violations as above
 *   OLD       the SHA-1 hash and zeros behind it (before 5.8, or a bank of a hash unknown to the kernel);
 *             violations: 20 bytes of 0xff and zeros behind them
 * A replay follows all of them until a quote tells which it is (ima_replay_settle). In a SHA-1 bank all are
 * the same. PADDED and OLD stand on SHA-1 alone: whoever can make SHA-1 collide can alter such a list.
 */
#ifndef LIMEBUS_EVIDENCE_IMA_REPLAY_H
#define LIMEBUS_EVIDENCE_IMA_REPLAY_H

#include "lib/evidence/ima_list.h"
#include "lib/evidence/pcr.h"

#define IMA_PCR 10

enum ima_behaviour { IMA_HASHED, IMA_PADDED, IMA_OLD, IMA_BEHAVIOURS };
#define IMA_BEHAVIOURS_ALL ((1u << IMA_BEHAVIOURS) - 1)

/* One bank. Bit b of `possible` says that behaviour b was not ruled out yet; registers of others are stale.
 */
struct ima_bank {
	uint16_t alg;
	uint8_t possible;
	bool is_quoted;
	uint8_t quoted[DIGEST_BYTES_MAX];
	uint8_t registers[IMA_BEHAVIOURS][DIGEST_BYTES_MAX];
};

/* Banks that lib/crypto can hash, each at most once. */
#define IMA_BANKS_MAX (DIGEST_COUNT - 1)

/* `entries` counts all that were added, `elsewhere` those of other PCRs among them (a policy of the node may
 * measure into others: rule option pcr=). */
struct ima_replay {
	uint32_t pcr;
	uint32_t count;
	struct ima_bank banks[IMA_BANKS_MAX];
	uint64_t entries;
	uint64_t violations;
	uint64_t elsewhere;
};

/*
 * The beginning of a list: one bank for each that the selection has the PCR in, registers zero, all
 * behaviours possible. Banks of unknown hashes are left out; RC_NOT_FOUND if there is none. A list that a
 * kernel carried over through kexec begins so too: its PCR was not reset.
 */
MUST_USE enum rc ima_replay_init(
	struct ima_replay *replay, uint32_t pcr, const struct pcr_selection *selection);

/*
 * Follow these behaviours only (bits 1u << IMA_HASHED …), where a bank has them: a list that is judged again,
 * or the next boot of a node that was settled before, need not be followed in all ways. If the end of the
 * list is not reached with them, begin again with all. RC_NOT_FOUND, and nothing is changed, if a bank would
 * be left with none.
 */
MUST_USE enum rc ima_replay_assume(struct ima_replay *replay, unsigned behaviours);

/*
 * The values to look for. Banks that are not in the quote are followed, but not compared. RC_NOT_FOUND, and
 * nothing is changed, if no bank is in it.
 */
MUST_USE enum rc ima_replay_expect(struct ima_replay *replay, const struct pcr_values *quoted);

/*
 * Append an entry. *out_hash_holds: the listed template hash is what the data hash to (or it is a violation);
 * the registers follow the data, not the listed hash. format_hash: of the list. RC_MALFORMED: template "ima"
 * with data of another form, which no kernel writes; RC_CRYPTO and RC_NOMEM: the replay is spoilt, throw it
 * away.
 */
MUST_USE enum rc ima_replay_add(struct ima_replay *replay, const struct ima_entry *entry,
	enum digest_alg format_hash, bool *out_hash_holds);

/* All quoted banks have their quoted value, each by some possible behaviour: the entries up to here are
 * proven. False if nothing is expected. Cheap: to be asked after every entry, and before the first. */
bool ima_replay_reached(const struct ima_replay *replay);

/* Once reached: rule out the behaviours that do not give the quoted value. Later entries cost less then. */
void ima_replay_settle(struct ima_replay *replay);

/* Some quoted bank stands on SHA-1 alone, as far as is known: HASHED is ruled out in it. */
bool ima_replay_is_padded(const struct ima_replay *replay);

#endif
