#include "control/hit.h"

#include <string.h>

static size_t hit_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	const struct hit *hit = ctx;
	size_t best = 0;
	for (uint32_t i = 0; i < hit->n_captured && best < len; i++) {
		const struct captured *c = &hit->captured[i];
		if (addr < c->addr || addr - c->addr >= c->len)
			continue;
		size_t skip = (size_t)(addr - c->addr);
		size_t n = c->len - skip < len ? c->len - skip : len;
		if (n > best) {
			memcpy(buf, hit->bytes + c->at + skip, n);
			best = n;
		}
	}
	return best;
}

struct memory hit_memory(const struct hit *hit)
{
	return (struct memory){hit_read, (void *)(uintptr_t)hit};
}

bool cfa_rule_apply(const struct cfa_rule *rule, const struct regs *regs, const struct memory *mem,
		    uint64_t *ret)
{
	if (rule->reg >= ARCH_GENERAL)
		return false;
	uint64_t at = regs->r[rule->reg] + (uint64_t)(int64_t)rule->off;
	if (rule->deref)
		return memory_read_uint(mem, at, ARCH_WORD, ret);
	*ret = at;
	return true;
}
