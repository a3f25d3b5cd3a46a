#include "lib/pattern/glob.h"

#include <stdlib.h>

#include "lib/base/drop.h"

enum glob_op {
	GLOB_BYTE,
	GLOB_ANY,      /* one byte, not '/' */
	GLOB_CLASS,    /* one byte of a class */
	GLOB_STAR,     /* any bytes but '/' */
	GLOB_DEEP,     /* any bytes */
	GLOB_DEEP_DIR, /* any bytes; or, with the '/' that follows, none */
};

struct glob_step {
	uint8_t op;
	uint8_t byte;
	uint16_t class;
};

struct byte_class {
	uint8_t bits[32];
};

/* A name is run through all steps at once: a bit for each step that may come next, and one for the end. */
#define GLOB_WORDS ((GLOB_MAX + 1 + 63) / 64)

/* prefix: so many GLOB_BYTE steps come first; literal has their bytes. */
struct glob {
	size_t prefix;
	size_t count;
	size_t classes;
	struct byte_class *class;
	uint8_t literal[GLOB_MAX];
	struct glob_step steps[GLOB_MAX];
};

void glob_free(struct glob *glob)
{
	if (glob != NULL)
		free(glob->class);
	free(glob);
}

static void glob_drop(struct glob **glob)
{
	glob_free(*glob);
}

static enum rc refuse(struct err *err, size_t at, const char *why)
{
	return err_set(err, RC_MALFORMED, "not a glob: byte %zu: %s", at + 1, why);
}

/* One byte of a class, perhaps behind a '\'. */
static bool class_byte(struct span text, size_t *at, uint8_t *out)
{
	if (*at < text.len && text.at[*at] == '\\')
		++*at;
	if (*at >= text.len)
		return false;
	*out = text.at[(*at)++];
	return true;
}

static void class_add(struct byte_class *class, unsigned first, unsigned last)
{
	for (unsigned c = first; c <= last; c++)
		class->bits[c / 8] |= (uint8_t)(1u << c % 8);
}

static bool class_has(const struct byte_class *class, uint8_t byte)
{
	return (class->bits[byte / 8] >> byte % 8 & 1) != 0;
}

static void class_turn(struct byte_class *class)
{
	for (size_t i = 0; i < sizeof class->bits; i++)
		class->bits[i] = (uint8_t) ~class->bits[i];
}

/* From behind the '[' to behind the ']'. */
static enum rc class_parse(struct span text, size_t *at, struct byte_class *out, struct err *err)
{
	size_t start = *at;
	bool turned = *at < text.len && (text.at[*at] == '!' || text.at[*at] == '^');

	*at += turned;
	for (size_t first = *at;;) {
		uint8_t low, high;

		if (*at < text.len && text.at[*at] == ']' && *at > first)
			break;
		if (!class_byte(text, at, &low))
			return refuse(err, start - 1, "'[' without its ']'");
		high = low;
		if (text.len - *at >= 2 && text.at[*at] == '-' && text.at[*at + 1] != ']') {
			++*at;
			if (!class_byte(text, at, &high))
				return refuse(err, start - 1, "'[' without its ']'");
		}
		if (high < low)
			return refuse(err, *at - 1, "a range that falls");
		class_add(out, low, high);
	}
	++*at;
	if (turned)
		class_turn(out);
	out->bits['/' / 8] &= (uint8_t) ~(1u << '/' % 8);
	return RC_OK;
}

static enum rc class_step(
	struct glob *glob, struct span text, size_t *at, struct glob_step *step, struct err *err)
{
	struct byte_class class = {0};
	struct byte_class *more = NULL;

	TRY(class_parse(text, at, &class, err));
	more = realloc(glob->class, (glob->classes + 1) * sizeof *more);
	if (more == NULL)
		return err_set(err, RC_NOMEM, "no memory for a glob");
	glob->class = more;
	more[glob->classes] = class;
	*step = (struct glob_step){.op = GLOB_CLASS, .class = (uint16_t)glob->classes++};
	return RC_OK;
}

/* Behind the first '*'. */
static struct glob_step star_step(struct span text, size_t *at)
{
	size_t first = *at - 1;

	if (*at == text.len || text.at[*at] != '*')
		return (struct glob_step){.op = GLOB_STAR};
	while (*at < text.len && text.at[*at] == '*')
		++*at;
	if ((first == 0 || text.at[first - 1] == '/') && *at < text.len && text.at[*at] == '/')
		return (struct glob_step){.op = GLOB_DEEP_DIR};
	return (struct glob_step){.op = GLOB_DEEP};
}

static enum rc step_parse(
	struct glob *glob, struct span text, size_t *at, struct glob_step *step, struct err *err)
{
	uint8_t byte = text.at[(*at)++];

	switch (byte) {
	case '*': *step = star_step(text, at); return RC_OK;
	case '?': *step = (struct glob_step){.op = GLOB_ANY}; return RC_OK;
	case '[': return class_step(glob, text, at, step, err);
	case '\\':
		if (*at == text.len)
			return refuse(err, *at - 1, "a '\\' at the end");
		byte = text.at[(*at)++];
		break;
	default: break;
	}
	*step = (struct glob_step){.op = GLOB_BYTE, .byte = byte};
	return RC_OK;
}

enum rc glob_parse(struct span text, struct glob **out, struct err *err)
{
	DROP(glob_drop) struct glob *glob = NULL;

	if (text.len == 0)
		return err_set(err, RC_MALFORMED, "an empty glob matches nothing");
	if (text.len > GLOB_MAX)
		return err_set(
			err, RC_LIMIT, "a glob of %zu bytes, at most %d are allowed", text.len, GLOB_MAX);
	glob = calloc(1, sizeof *glob);
	if (glob == NULL)
		return err_set(err, RC_NOMEM, "no memory for a glob");
	for (size_t at = 0; at < text.len;)
		TRY(step_parse(glob, text, &at, &glob->steps[glob->count++], err));
	while (glob->prefix < glob->count && glob->steps[glob->prefix].op == GLOB_BYTE) {
		glob->literal[glob->prefix] = glob->steps[glob->prefix].byte;
		glob->prefix++;
	}
	*out = TAKE(glob);
	return RC_OK;
}

static void mark_two(uint64_t *set, size_t at)
{
	set[at / 64] |= UINT64_C(1) << at % 64;
	set[(at + 1) / 64] |= UINT64_C(1) << (at + 1) % 64;
}

/* This step may come next; so may those behind it, if it may stand for nothing. */
static void allow(const struct glob *glob, size_t at, uint64_t *set)
{
	for (;; at++) {
		set[at / 64] |= UINT64_C(1) << at % 64;
		if (at == glob->count || glob->steps[at].op < GLOB_STAR)
			return;
		if (glob->steps[at].op == GLOB_DEEP_DIR) {
			set[(at + 1) / 64] |= UINT64_C(1) << (at + 1) % 64;
			at++;
		}
	}
}

static bool takes(const struct glob *glob, const struct glob_step *step, uint8_t byte)
{
	switch ((enum glob_op)step->op) {
	case GLOB_BYTE: return step->byte == byte;
	case GLOB_ANY:
	case GLOB_STAR: return byte != '/';
	case GLOB_CLASS: return class_has(&glob->class[step->class], byte);
	case GLOB_DEEP:
	case GLOB_DEEP_DIR: return true;
	default: return false;
	}
}

/* From the steps that may come before this byte to those that may come behind it. False: there are none. */
static bool advance(const struct glob *glob, uint8_t byte, const uint64_t *now, uint64_t *next)
{
	size_t words = (glob->count + 64) / 64;
	bool any = false;

	memset(next, 0, words * sizeof *next);
	for (size_t word = 0; word < words; word++) {
		for (uint64_t left = now[word]; left != 0; left &= left - 1) {
			size_t at = word * 64 + (size_t)__builtin_ctzll(left);
			const struct glob_step *step = &glob->steps[at];

			if (at == glob->count || !takes(glob, step, byte))
				continue;
			/* With a byte in it the component is there, and its '/' must be too. */
			if (step->op == GLOB_DEEP_DIR)
				mark_two(next, at);
			else
				allow(glob, step->op < GLOB_STAR ? at + 1 : at, next);
			any = true;
		}
	}
	return any;
}

bool glob_match(const struct glob *glob, struct span name)
{
	uint64_t sets[2][GLOB_WORDS] = {0};
	size_t turn = 0;

	if (name.len < glob->prefix || memcmp(name.at, glob->literal, glob->prefix) != 0)
		return false;
	if (glob->prefix == glob->count)
		return name.len == glob->prefix;
	allow(glob, glob->prefix, sets[0]);
	for (size_t i = glob->prefix; i < name.len; i++, turn ^= 1)
		if (!advance(glob, name.at[i], sets[turn], sets[turn ^ 1]))
			return false;
	return (sets[turn][glob->count / 64] >> glob->count % 64 & 1) != 0;
}
