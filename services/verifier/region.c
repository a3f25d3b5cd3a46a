#include "services/verifier/region.h"

#include <sys/mman.h>

enum rc region_open(size_t len, struct region *out)
{
	void *at =
		mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return RC_NOMEM;
	*out = (struct region){at, len};
	return RC_OK;
}

enum rc region_seal(const struct region *region)
{
	return mprotect(region->at, region->len, PROT_READ) == 0 ? RC_OK : RC_IO;
}

void region_release(struct region *region)
{
	if (region->at != NULL)
		munmap(region->at, region->len);
	*region = (struct region){0};
}
