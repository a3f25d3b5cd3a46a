#include "lib/evidence/event_replay.h"

#include "lib/evidence/event_type.h"

/* PC Client Platform TPM Profile, "PCR Attributes": these are all ones until a dynamic launch resets them. */
#define PCR_DYNAMIC_FIRST 17
#define PCR_DYNAMIC_LAST  22

/* The last byte of PCR 0 before the first event is extended into it. */
static uint8_t pcr0_start(const struct event_log *log)
{
	if (log->has_startup_locality)
		return log->startup_locality == 3 || log->startup_locality == 4 ? log->startup_locality : 0;
	for (struct log_event event = {0}; event_log_next(log, &event);)
		if (event.pcr == 0 && event.type != EV_NO_ACTION)
			return event.type == EV_EFI_HCRTM_EVENT ? 4 : 0;
	return 0;
}

static enum rc registers_reset(struct event_replay_bank *bank, uint8_t pcr0)
{
	for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++) {
		const bool dynamic = pcr >= PCR_DYNAMIC_FIRST && pcr <= PCR_DYNAMIC_LAST;

		TRY(pcr_register_init(&bank->pcrs[pcr], bank->alg, dynamic ? 0xff : 0));
	}
	bank->pcrs[0].bytes[bank->pcrs[0].len - 1] = pcr0;
	return RC_OK;
}

static enum rc extend(struct event_replay_bank *bank, const struct log_event *event)
{
	struct pcr_register *pcr = &bank->pcrs[event->pcr];
	struct span digest = {0};

	if (event_digest(event, bank->alg, &digest) != RC_OK)
		return RC_OK;
	if (event->pcr >= PCR_DYNAMIC_FIRST && event->pcr <= PCR_DYNAMIC_LAST &&
		(bank->extended >> event->pcr & 1) == 0)
		TRY(pcr_register_init(pcr, bank->alg, 0));
	bank->extended |= 1u << event->pcr;
	return pcr_register_extend(pcr, digest);
}

enum rc event_replay(const struct event_log *log, struct event_replay *out)
{
	struct event_replay replay = {0};
	const uint8_t pcr0 = pcr0_start(log);

	for (size_t i = 0; i < log->bank_count; i++) {
		if (digest_of_tpm_id(log->banks[i].alg) == DIGEST_NONE) {
			replay.unknown_banks++;
			continue;
		}
		replay.banks[replay.bank_count].alg = log->banks[i].alg;
		TRY(registers_reset(&replay.banks[replay.bank_count++], pcr0));
	}
	for (struct log_event event = {0}; event_log_next(log, &event);)
		for (size_t i = 0; i < replay.bank_count && event.type != EV_NO_ACTION; i++)
			TRY(extend(&replay.banks[i], &event));
	*out = replay;
	return RC_OK;
}

const struct event_replay_bank *event_replay_bank_of(const struct event_replay *replay, uint16_t alg)
{
	for (size_t i = 0; i < replay->bank_count; i++)
		if (replay->banks[i].alg == alg)
			return &replay->banks[i];
	return NULL;
}

enum rc event_replay_get(const struct event_replay *replay, uint16_t alg, unsigned pcr, struct span *out)
{
	const struct event_replay_bank *bank = event_replay_bank_of(replay, alg);

	if (bank == NULL || pcr >= PCR_COUNT)
		return RC_NOT_FOUND;
	*out = span_of(bank->pcrs[pcr].bytes, bank->pcrs[pcr].len);
	return RC_OK;
}
