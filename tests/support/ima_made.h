/* Makes IMA lists by hand, as ima_fs.c of the kernel writes them: the other direction of
 * lib/evidence/ima_list. */
#ifndef LIMEBUS_TESTS_SUPPORT_IMA_MADE_H
#define LIMEBUS_TESTS_SUPPORT_IMA_MADE_H

#include "lib/evidence/ima_list.h"

#define IMA_MADE_MAX 16384

/* Zero is empty. The test fails if it does not fit. */
struct ima_made {
	uint8_t at[IMA_MADE_MAX];
	size_t len;
};

static inline struct span ima_made_span(const struct ima_made *made)
{
	return span_of(made->at, made->len);
}

void ima_made_bytes(struct ima_made *made, struct span bytes);
void ima_made_u32(struct ima_made *made, uint32_t number, bool big_endian);

/* A field of template data: the length, then the bytes. ima_made_name adds the NUL. */
void ima_made_field(struct ima_made *made, struct span bytes, bool big_endian);
void ima_made_name(struct ima_made *made, const char *name, bool big_endian);

/* Template data of "ima": digest of 20 bytes, length, name. */
void ima_made_old(struct ima_made *made, struct span digest, const char *name, bool big_endian);

/* An entry of a binary list with the right hash, or with zeros (a violation). */
void ima_made_entry(struct ima_made *list, const struct ima_format *format, uint32_t pcr,
	const char *template, struct span data, bool violation);

/* The line that the kernel would write for it, but for the fields: "10 <hash> ima-ng". */
void ima_made_line(struct ima_made *text, uint32_t pcr, const char *template, struct span data,
	bool violation, const char *fields);

#endif
