/* fuzz_maps - /proc/PID/maps as a text of anything; then lookups and gaps in what came of it. */
#include <assert.h>

#include "fuzz.h"
#include "memory/space.h"

enum { REGIONS = 32 };

static void try_gap(const struct space *s, uint64_t lo, uint64_t hi, uint64_t len)
{
	uint64_t at;

	if (space_gap_near(s, lo, hi, len, &at) != FT_OK) {
		ft_error_clear();
		return;
	}
	for (uint64_t off = 0; off < len; off += 4096)
		assert(!space_at(s, at + off));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct space s;

	if (space_parse((const char *)data, size, &s) == FT_OK) {
		for (size_t i = 0; i < s.n && i < REGIONS; i++) {
			const struct region *r = &s.r[i];
			const struct region *at = space_at(&s, r->lo);
			assert(!at || (at->lo <= r->lo && r->lo < at->hi));
			try_gap(&s, r->lo, r->hi, 4096);
			try_gap(&s, s.r[0].lo, r->hi, 1 << 20);
		}
		space_deinit(&s);
	}
	ft_error_clear();
	return 0;
}

FUZZ_MAIN
