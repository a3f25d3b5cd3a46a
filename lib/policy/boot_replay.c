#include "lib/policy/boot_replay.h"

#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/base/hex.h"
#include "lib/policy/boot_fact.h"

#define PCRS_FIRMWARE 0x3ffu
#define PCRS_LOADER   0x7800u /* 11 to 14 */
#define PCR_PHASES    11

bool boot_was_measured(const struct pcr_values *quoted)
{
	for (size_t i = 0; i < quoted->selection.count; i++) {
		for (unsigned pcr = 0; pcr < 10; pcr++) {
			struct span value = {0};

			if (pcr_values_get(quoted, quoted->selection.banks[i].alg, pcr, &value) != RC_OK)
				continue;
			for (size_t at = 0; at < value.len; at++)
				if (value.at[at] != 0)
					return true;
		}
	}
	return false;
}

/* systemd-pcrphase(8): words that are extended in this order as the boot goes on; a system without its initrd
 * service, or one that is not up yet, leaves some out. */
static enum rc phases_hold(const struct pcr_register *after, struct span quoted, bool *out)
{
	static const char *const words[] = {
		"enter-initrd", "leave-initrd", "sysinit", "ready", "shutdown", "final"};
	uint8_t digests[COUNT(words)][DIGEST_BYTES_MAX];

	*out = false;
	for (size_t i = 0; i < COUNT(words); i++)
		TRY(digest_bytes(digest_of_tpm_id(after->alg), span_text(words[i]), digests[i]));
	for (unsigned choice = 0; choice < 1u << COUNT(words) && !*out; choice++) {
		struct pcr_register pcr = *after;

		for (size_t i = 0; i < COUNT(words); i++)
			if ((choice >> i & 1) != 0)
				TRY(pcr_register_extend(&pcr, span_of(digests[i], pcr.len)));
		*out = span_equal(span_of(pcr.bytes, pcr.len), quoted);
	}
	return RC_OK;
}

enum rc boot_register_holds(const struct event_replay_bank *bank, unsigned pcr, struct span quoted, bool *out)
{
	const struct pcr_register *after = &bank->pcrs[pcr];

	*out = span_equal(span_of(after->bytes, after->len), quoted);
	return *out || pcr != PCR_PHASES ? RC_OK : phases_hold(after, quoted, out);
}

static void differs(
	const struct event_replay_bank *bank, unsigned pcr, struct span quoted, struct verdict *verdict)
{
	char subject[FINDING_SUBJECT_BYTES];
	struct finding *finding;

	snprintf(subject, sizeof subject, "pcr %u (%s)", pcr, tpm_alg_name(bank->alg));
	finding = verdict_add(verdict, FINDING_BOOT_PCR, subject);
	_Static_assert(HEX_BYTES(TPM_HASH_MAX_BYTES) <= FINDING_TEXT_BYTES, "a value fits");
	hex_encode(span_of(bank->pcrs[pcr].bytes, bank->pcrs[pcr].len), finding->expected);
	hex_encode(quoted, finding->found);
}

static enum rc compare_bank(
	const struct event_replay_bank *bank, const struct pcr_values *quoted, struct verdict *verdict)
{
	for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++) {
		struct span value = {0};
		bool holds = false;

		if ((BOOT_PCRS >> pcr & 1) == 0 || pcr_values_get(quoted, bank->alg, pcr, &value) != RC_OK)
			continue;
		TRY(boot_register_holds(bank, pcr, value, &holds));
		if (!holds)
			differs(bank, pcr, value, verdict);
	}
	return RC_OK;
}

/* Which of the registers that are needed the quote lacks. */
static uint32_t lacking(const struct event_replay_bank *bank, const struct pcr_values *quoted)
{
	uint32_t needed = BOOT_PCRS_ALWAYS | (bank->extended & PCRS_LOADER);

	for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++)
		if (pcr_selection_has(&quoted->selection, bank->alg, pcr))
			needed &= ~(1u << pcr);
	return needed;
}

/* Nothing proves the log: what is missing of the bank that the challenge asks for. */
static void unproven(
	const struct event_replay *replay, const struct boot_evidence *evidence, struct verdict *verdict)
{
	const struct event_replay_bank *bank = NULL;
	struct pcr_selection missing = {0};
	char text[PCR_SELECTION_TEXT_BYTES];
	uint32_t pcrs;

	for (size_t i = 0; i < evidence->bank_count && bank == NULL; i++)
		bank = event_replay_bank_of(replay, evidence->banks[i]);
	if (bank == NULL) {
		verdict_add(verdict, FINDING_BOOT_BANK, "event log");
		return;
	}
	pcrs = lacking(bank, evidence->quoted);
	for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++)
		if ((pcrs >> pcr & 1) != 0 && pcr_selection_add(&missing, bank->alg, pcr) != RC_OK)
			break;
	verdict_add(verdict, FINDING_PCR_MISSING, pcr_selection_text(&missing, text));
}

enum rc boot_replay_judge(const struct event_log *log, const struct boot_evidence *evidence,
	struct verdict *verdict, uint16_t out[static DIGEST_COUNT], size_t *out_count)
{
	struct event_replay replay = {0};

	*out_count = 0;
	TRY(event_replay(log, &replay));
	for (size_t i = 0; i < replay.bank_count; i++)
		TRY(compare_bank(&replay.banks[i], evidence->quoted, verdict));
	for (size_t i = 0; i < evidence->bank_count; i++) {
		const struct event_replay_bank *bank = event_replay_bank_of(&replay, evidence->banks[i]);

		if (bank != NULL && lacking(bank, evidence->quoted) == 0 && *out_count < DIGEST_COUNT)
			out[(*out_count)++] = bank->alg;
	}
	if (*out_count == 0)
		unproven(&replay, evidence, verdict);
	return RC_OK;
}
