#include "services/tenant/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "services/tenant/render.h"

struct progress progress_begin(bool as_json)
{
	uint64_t now_us = clock_mono_us(clock_system());

	return (struct progress){as_json, isatty(STDOUT_FILENO) == 1, now_us, now_us};
}

static void step_json(const char *name, const char *text, uint64_t us)
{
	DROP(blob_release) struct blob out = {0};
	struct json_write w = json_write_begin(&out, JSON_COMPACT);

	json_write_object(&w, NULL);
	json_write_cstr(&w, "step", name);
	json_write_cstr(&w, "text", text);
	json_write_u64(&w, "us", us);
	json_write_close(&w);
	(void)!render_json(&w);
}

void progress_step(struct progress *progress, const char *name, const char *format, ...)
{
	uint64_t now_us = clock_mono_us(clock_system());
	uint64_t us = now_us - progress->step_us;
	double ms = (double)us / 1000;
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	progress->step_us = now_us;
	for (char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	if (progress->as_json)
		step_json(name, text, us);
	else if (progress->is_terminal)
		printf("\033[32m✓\033[0m %s  \033[2m%.1f ms\033[0m\n", text, ms);
	else
		printf("%s (%.1f ms)\n", text, ms);
	fflush(stdout);
}

uint64_t progress_total_ms(const struct progress *progress)
{
	return (clock_mono_us(clock_system()) - progress->begun_us) / 1000;
}
