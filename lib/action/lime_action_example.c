/*
 * A module for limebus-actions: appends a line for each notice to the file "notices" in its state folder.
 *
 *     cc -shared -fPIC -o lime_action_example.so lime_action_example.c
 *
 * Its configuration is one word, which begins each line. The word "crash", "retry" or "give-up" makes it do
 * that instead.
 */
#include <lime_action.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const uint32_t lime_action_abi = LIME_ACTION_ABI;

int lime_action_open(const char *config, size_t config_bytes, void **state)
{
	*state = strndup(config, strcspn(config, "\n"));
	printf("%zu bytes of configuration\n", config_bytes);
	return *state == NULL ? LIME_RETRY : LIME_DONE;
}

int lime_action_notice(void *state, const struct lime_notice *notice)
{
	FILE *file;

	if (strcmp(state, "crash") == 0)
		abort();
	if (strcmp(state, "retry") == 0)
		return LIME_RETRY;
	if (strcmp(state, "give-up") == 0)
		return LIME_GIVE_UP;
	file = fopen("notices", "a"); /* the state folder is the current one */
	if (file == NULL)
		return LIME_RETRY;
	fprintf(file, "%s %llu %s %s%s\n", (const char *)state, (unsigned long long)notice->seq, notice->kind,
		notice->node, notice->again ? " again" : "");
	return fclose(file) == 0 ? LIME_DONE : LIME_RETRY;
}

void lime_action_close(void *state)
{
	free(state);
}
