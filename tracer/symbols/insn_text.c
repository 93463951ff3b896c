/*
 * insn_text.c - how an instruction reads.
 */
#include <ctype.h>
#include <string.h>

#include <capstone/capstone.h>

#include "symbols/insn.h"

// Text that is cut where the room ends; always terminated.
struct text {
	char *to;
	size_t room, n;
};

static void add_char(struct text *t, char c)
{
	if (t->n + 1 >= t->room)
		return;
	t->to[t->n++] = c;
	t->to[t->n] = '\0';
}

// capstone's "dword ptr [rbp - 4], eax" as objdump's "DWORD PTR [rbp-4],eax".
static void add_operands(struct text *t, const char *from)
{
	while (*from) {
		const char *ptr = strstr(from, " ptr ");
		size_t word = strspn(from, "abcdefghijklmnopqrstuvwxyz");
		if (ptr && word == (size_t)(ptr - from)) { // "dword ptr "
			for (ptr += 5; from < ptr; from++)
				add_char(t, (char)toupper((unsigned char)*from));
		} else if (word > 0) {
			for (; word > 0; word--)
				add_char(t, *from++);
		} else if (*from++ != ' ') {
			add_char(t, from[-1]);
		}
	}
}

void insn_spell(const cs_insn *in, char *buf, size_t len)
{
	struct text t = {.to = buf, .room = len};
	for (const char *m = in->mnemonic; *m; m++)
		add_char(&t, *m);
	if (in->op_str[0])
		add_char(&t, ' ');
	add_operands(&t, in->op_str);
}
