#include "tests/support/evidence_kept.h"

#include <stdio.h>
#include <stdlib.h>

#include "services/tenant/inflated.h"
#include "tests/support/test.h"

#define KEPT_MAX 32

static struct {
	struct span packed;
	struct blob bytes;
} kept[KEPT_MAX];

static void release_all(void)
{
	for (size_t i = 0; i < KEPT_MAX; i++)
		blob_release(&kept[i].bytes);
}

struct span evidence_kept(const char *name)
{
	char path[96];
	struct span packed;
	size_t i = 0;

	assert_true((size_t)snprintf(path, sizeof path, "evidence/%s", name) < sizeof path);
	packed = vector(path);
	while (i < KEPT_MAX && kept[i].packed.at != NULL && kept[i].packed.at != packed.at)
		i++;
	assert_true(i < KEPT_MAX);
	if (i == 0 && kept[0].packed.at == NULL)
		atexit(release_all);
	if (kept[i].packed.at == NULL)
		assert_ok(inflated_bytes(packed, name, VECTOR_MAX_BYTES, &kept[i].bytes, NULL));
	kept[i].packed = packed;
	return blob_span(&kept[i].bytes);
}

struct pcr_values evidence_kept_values(const char *step, const char *quote)
{
	struct attest attest = {0};
	struct pcr_values values = {0};
	char name[96];

	snprintf(name, sizeof name, "%s/quote_%s.msg", step, quote);
	assert_ok(attest_parse(evidence_kept(name), &attest));
	snprintf(name, sizeof name, "%s/quote_%s.pcrs", step, quote);
	assert_ok(pcr_values_parse(&attest.selection, evidence_kept(name), &values));
	return values;
}
