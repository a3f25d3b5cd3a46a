#include "proto/role.h"

static const struct {
	unsigned role;
	const char *word;
} roles[] = {
#define ROLE_ROW(name, bit, word) {ROLE_##name, word},
	ROLE_LIST(ROLE_ROW)
#undef ROLE_ROW
};

const char *role_word(unsigned role)
{
	for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
		if (roles[i].role == role)
			return roles[i].word;
	return "unknown";
}

bool role_parse(struct span word, enum role *out)
{
	for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
		if (span_is(word, roles[i].word)) {
			*out = (enum role)roles[i].role;
			return true;
		}
	}
	return false;
}
