/*
 * tree.c - the nodes of a value and their texts.
 */
#include "values/tree.h"

#include <stdlib.h>
#include <string.h>

#include "values/private.h"

void value_tree_init(struct value_tree *t)
{
	*t = (struct value_tree){.n = NULL};
	buf_init(&t->text);
}

void value_tree_deinit(struct value_tree *t)
{
	free(t->n);
	buf_deinit(&t->text);
}

static uint32_t add_node(struct value_tree *t)
{
	if (t->n_nodes == t->cap_nodes)
		t->n = xgrow(t->n, t->n_nodes, &t->cap_nodes, sizeof(*t->n));
	t->n[t->n_nodes] = (struct value_node){.known = true};
	return (uint32_t)t->n_nodes++;
}

void tree_begin(struct value_tree *t)
{
	t->n_nodes = 0;
	buf_reset(&t->text);
	add_node(t);
}

uint32_t tree_child(struct value_tree *t, uint32_t parent, struct type *type, const char *name)
{
	uint32_t at = add_node(t);
	struct value_node *p = &t->n[parent], *c = &t->n[at];

	c->type = type;
	c->name = name;
	c->is_rust = p->is_rust;
	if (p->last)
		t->n[p->last].next = at;
	else
		p->first = at;
	p->last = at;
	return at;
}

struct buf *tree_text(struct value_tree *t, uint32_t at)
{
	t->n[at].text = (uint32_t)t->text.len;
	return &t->text;
}

void tree_text_end(struct value_tree *t, uint32_t at)
{
	t->n[at].text_len = (uint32_t)t->text.len - t->n[at].text;
}

void tree_says(struct value_tree *t, uint32_t at, const char *text)
{
	buf_str(tree_text(t, at), text);
	tree_text_end(t, at);
}
