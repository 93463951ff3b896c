/*
 * codec_table.c - the table of fields: what an event is made of, and where each field goes.
 */
#include "store/codec_table.h"

#include "events/event.h"

/* `value`, if the field is of type `is`; else nothing that compiles. */
#define IF(s, m, is, value) _Generic(((struct s *)0)->m, is : (value))

/* The compiler knows the type of a plain field. An enum would pass for uint32_t: see ENUM. */
#define TYPE(s, m)                                                                                 \
	_Generic(((struct s *)0)->m, bool                                                          \
		 : CODEC_BOOL, unsigned                                                            \
		 : CODEC_U32, int                                                                  \
		 : CODEC_I32, uint64_t                                                             \
		 : CODEC_U64, int64_t                                                              \
		 : CODEC_I64, const char *                                                         \
		 : CODEC_STRING)

#define FIELD(s, m, class, type, flags, other, limit, of)                                          \
	{                                                                                          \
#m, offsetof(struct s, m), sizeof(((struct s *)0)->m), type, class, flags, other,  \
			limit, of                                                                  \
	}
#define BARE(s, m, class, type) FIELD(s, m, class, type, 0, CODEC_NO_OTHER, 0, NULL)
#define WORD(s, m, type) BARE(s, m, CODEC_REST, IF(s, m, uint64_t, type))

#define COLUMN(s, m) BARE(s, m, CODEC_COLUMN, CODEC_U64)
#define SHAPE(s, m) BARE(s, m, CODEC_SHAPE, TYPE(s, m))
#define LAYOUT(s, m) BARE(s, m, CODEC_LAYOUT, TYPE(s, m))
#define REST(s, m) BARE(s, m, CODEC_REST, TYPE(s, m))
#define TOLD(s, m, class)                                                                          \
	FIELD(s, m, class, IF(s, m, const char *, CODEC_STRING), CODEC_TOLD, CODEC_NO_OTHER, 0,    \
	      NULL)
#define ENUM(s, m, last) FIELD(s, m, CODEC_SHAPE, CODEC_ENUM, 0, CODEC_NO_OTHER, last, NULL)
#define CHARS(s, m) BARE(s, m, CODEC_REST, CODEC_CHARS)
#define TEXT(s, m, flags)                                                                          \
	FIELD(s, m, CODEC_REST, IF(s, m, const char *, CODEC_TEXT), flags, CODEC_NO_OTHER, 0, NULL)
#define RELATIVE(s, m) WORD(s, m, CODEC_RELATIVE)
#define SEQ(s, m) WORD(s, m, CODEC_SEQ)
#define DEPTH(s, m) BARE(s, m, CODEC_REST, IF(s, m, uint32_t, CODEC_DEPTH))
#define NEAR_OR(s, m, above, other)                                                                \
	FIELD(s, m, CODEC_LAYOUT, IF(s, m, uint64_t, CODEC_NEAR), 0, other, above, NULL)
#define NEAR(s, m, above) NEAR_OR(s, m, above, CODEC_NO_OTHER)
#define IN(s, m, class, flags, of)                                                                 \
	FIELD(s, m, class, IF(s, m, struct of, CODEC_IN), flags, CODEC_NO_OTHER, 0, &of##_struct)
#define ONE(s, m, class, of)                                                                       \
	FIELD(s, m, class, IF(s, m, const struct of *, CODEC_ONE), 0, CODEC_NO_OTHER, 0,           \
	      &of##_struct)
#define ARRAY(s, m, count, class, flags, of)                                                       \
	FIELD(s, m, class, IF(s, m, const struct of *, CODEC_ARRAY), flags,                        \
	      IF(s, count, size_t, offsetof(struct s, count)), 0, &of##_struct)
#define STRINGS(s, m, count, class)                                                                \
	FIELD(s, m, class, IF(s, m, const char *const *, CODEC_STRINGS), 0,                        \
	      IF(s, count, size_t, offsetof(struct s, count)), 0, NULL)

#define STRUCT(s)                                                                                  \
	static const struct codec_struct s##_struct = {#s, sizeof(struct s), s##_fields,           \
						       sizeof(s##_fields) / sizeof(s##_fields[0])}

/* How far above the CFA arguments lie, and what nobody writes there but by a pointer. */
enum { ARGUMENTS = CODEC_ARGUMENTS, OWN = 0 };

// A line for each field, however short: they are added and moved one by one.
// clang-format off
static const struct codec_field event_value_fields[] = {
	TOLD(event_value, name, CODEC_SHAPE),
	TOLD(event_value, type, CODEC_SHAPE),
	TEXT(event_value, value, CODEC_TOLD),
	SHAPE(event_value, known),
	SHAPE(event_value, has_address),
	NEAR_OR(event_value, address, ARGUMENTS, offsetof(struct event_value, is_static)),
	SHAPE(event_value, reg),
	SHAPE(event_value, size),
	SHAPE(event_value, scope_ended),
	SHAPE(event_value, is_static),
	SHAPE(event_value, from_macro),
	SHAPE(event_value, why),
	REST(event_value, entry),
	REST(event_value, full),
	REST(event_value, json),
	RELATIVE(event_value, pointer),
	REST(event_value, block),
	REST(event_value, block_offset),
	REST(event_value, block_size),
	REST(event_value, dangling),
	LAYOUT(event_value, points_to),
};
STRUCT(event_value);

static const struct codec_field event_register_fields[] = {
	TOLD(event_register, name, CODEC_SHAPE),
	RELATIVE(event_register, value),
};
STRUCT(event_register);

static const struct codec_field event_part_fields[] = {
	TOLD(event_part, text, CODEC_SHAPE),
	SHAPE(event_part, bytes),
};
STRUCT(event_part);

static const struct codec_field event_store_fields[] = {
	TOLD(event_store, function, CODEC_SHAPE),
	SHAPE(event_store, owner),
	SHAPE(event_store, name),
	SHAPE(event_store, type),
	SHAPE(event_store, size),
	NEAR(event_store, address, OWN),
	DEPTH(event_store, depth),
	REST(event_store, old),
	REST(event_store, value),
	REST(event_store, ghost),
};
STRUCT(event_store);

static const struct codec_field event_change_fields[] = {
	IN(event_change, now, CODEC_SHAPE, 0, event_value),
	TEXT(event_change, old, 0),
};
STRUCT(event_change);

static const struct codec_field event_slot_fields[] = {
	TOLD(event_slot, owner, CODEC_SHAPE),
	NEAR(event_slot, address, ARGUMENTS),
	SHAPE(event_slot, size),
	SHAPE(event_slot, name),
	SHAPE(event_slot, type),
	SHAPE(event_slot, reg),
	SHAPE(event_slot, offset),
	SHAPE(event_slot, known),
	SHAPE(event_slot, inlined),
	SHAPE(event_slot, inferred),
	SHAPE(event_slot, scope_ended),
	REST(event_slot, value),
	REST(event_slot, bytes),
	LAYOUT(event_slot, unwritten),
	LAYOUT(event_slot, writer),
	LAYOUT(event_slot, writer_text),
	LAYOUT(event_slot, writer_line),
	REST(event_slot, full),
	REST(event_slot, points_to),
	REST(event_slot, ghost),
};
STRUCT(event_slot);

static const struct codec_field event_ghost_fields[] = {
	TOLD(event_ghost, function, CODEC_SHAPE),
	TOLD(event_ghost, owner, CODEC_SHAPE),
	SHAPE(event_ghost, name),
	SHAPE(event_ghost, type),
	NEAR(event_ghost, address, ARGUMENTS),
	SHAPE(event_ghost, size),
	SEQ(event_ghost, pushed_seq),
	SEQ(event_ghost, popped_seq),
	REST(event_ghost, value),
	REST(event_ghost, overwritten),
	REST(event_ghost, kept),
	REST(event_ghost, exact),
};
STRUCT(event_ghost);

static const struct codec_field event_frame_of_walk_fields[] = {
	REST(event_frame_of_walk, pc),
	RELATIVE(event_frame_of_walk, cfa),
	TOLD(event_frame_of_walk, symbol, CODEC_REST),
	REST(event_frame_of_walk, within),
};
STRUCT(event_frame_of_walk);

static const struct codec_field event_frame_at_signal_fields[] = {
	TOLD(event_frame_at_signal, function, CODEC_REST),
	REST(event_frame_at_signal, file),
	REST(event_frame_at_signal, line),
	REST(event_frame_at_signal, pc),
	RELATIVE(event_frame_at_signal, cfa),
	SEQ(event_frame_at_signal, pushed_seq),
	REST(event_frame_at_signal, depth),
	REST(event_frame_at_signal, args_known),
	ARRAY(event_frame_at_signal, args, n_args, CODEC_REST, CODEC_NO_TEXT, event_value),
	ARRAY(event_frame_at_signal, locals, n_locals, CODEC_REST, CODEC_NO_TEXT, event_value),
};
STRUCT(event_frame_at_signal);

static const struct codec_field event_part_of_file_fields[] = {
	REST(event_part_of_file, lo),
	REST(event_part_of_file, hi),
	TOLD(event_part_of_file, name, CODEC_REST),
};
STRUCT(event_part_of_file);

static const struct codec_field event_region_fields[] = {
	REST(event_region, lo),
	REST(event_region, hi),
	CHARS(event_region, perms),
	REST(event_region, off),
	REST(event_region, dev_major),
	REST(event_region, dev_minor),
	REST(event_region, inode),
	TOLD(event_region, path, CODEC_REST),
	REST(event_region, deleted),
	REST(event_region, has_sizes),
	REST(event_region, resident),
	REST(event_region, swapped),
	TOLD(event_region, kind, CODEC_REST),
	TOLD(event_region, what, CODEC_REST),
	REST(event_region, inferred),
	REST(event_region, tid),
	ARRAY(event_region, parts, n_parts, CODEC_REST, 0, event_part_of_file),
};
STRUCT(event_region);

static const struct codec_field event_band_fields[] = {
	REST(event_band, lo),
	REST(event_band, hi),
	TOLD(event_band, name, CODEC_REST),
	REST(event_band, mappings),
	REST(event_band, what),
};
STRUCT(event_band);

static const struct codec_field event_map_change_fields[] = {
	TOLD(event_map_change, how, CODEC_REST),
	TOLD(event_map_change, kind, CODEC_REST),
	TOLD(event_map_change, path, CODEC_REST),
	REST(event_map_change, lo),
	REST(event_map_change, hi),
	REST(event_map_change, old_lo),
	REST(event_map_change, old_hi),
	TOLD(event_map_change, perms, CODEC_REST),
	REST(event_map_change, old_perms),
};
STRUCT(event_map_change);

static const struct codec_field event_map_fields[] = {
	REST(event_map, when),
	ARRAY(event_map, regions, n, CODEC_REST, 0, event_region),
	ARRAY(event_map, bands, n_bands, CODEC_REST, 0, event_band),
	ARRAY(event_map, changes, n_changes, CODEC_REST, 0, event_map_change),
	REST(event_map, gap_lo),
	REST(event_map, gap_hi),
	REST(event_map, user_end),
	REST(event_map, address_bits),
	REST(event_map, stack_limit),
	REST(event_map, stack_room),
	REST(event_map, stack_stop),
	REST(event_map, name),
	REST(event_map, explain),
};
STRUCT(event_map);

static const struct codec_field event_where_fields[] = {
	REST(event_where, address),
	TOLD(event_where, what, CODEC_REST),
	TOLD(event_where, kind, CODEC_REST),
	ONE(event_where, region, CODEC_REST, event_region),
	ONE(event_where, below, CODEC_REST, event_region),
	ONE(event_where, above, CODEC_REST, event_region),
	REST(event_where, module),
	ONE(event_where, section, CODEC_REST, event_part_of_file),
	REST(event_where, symbol),
	REST(event_where, symbol_offset),
	REST(event_where, file),
	REST(event_where, line),
	REST(event_where, tid),
	REST(event_where, thread),
	REST(event_where, function),
	REST(event_where, frame),
	RELATIVE(event_where, cfa),
	RELATIVE(event_where, frame_rsp),
	REST(event_where, owner),
	REST(event_where, name),
	REST(event_where, type),
	RELATIVE(event_where, slot_address),
	REST(event_where, slot_size),
	REST(event_where, unknown),
	REST(event_where, block),
	REST(event_where, block_size),
	REST(event_where, block_state),
	REST(event_where, inferred),
};
STRUCT(event_where);

static const struct codec_field event_stack_fields[] = {
	REST(event_stack, tid),
	TOLD(event_stack, kind, CODEC_REST),
	REST(event_stack, first_cfa),
	REST(event_stack, lowest),
	REST(event_stack, top),
	REST(event_stack, limit),
	TOLD(event_stack, function, CODEC_REST),
	SEQ(event_stack, seq),
	REST(event_stack, depth),
};
STRUCT(event_stack);

static const struct codec_field event_alarm_fields[] = {
	ENUM(event_alarm, what, ALARM_CANARY),
	RELATIVE(event_alarm, address),
	REST(event_alarm, old),
	REST(event_alarm, now),
	REST(event_alarm, old_symbol),
	REST(event_alarm, now_symbol),
	REST(event_alarm, now_is),
	REST(event_alarm, about_to_return),
	REST(event_alarm, overrun),
	REST(event_alarm, overrun_type),
	RELATIVE(event_alarm, overrun_address),
	REST(event_alarm, overrun_size),
	REST(event_alarm, writer),
	REST(event_alarm, writer_text),
	REST(event_alarm, writer_line),
};
STRUCT(event_alarm);

static const struct codec_field event_overflow_fields[] = {
	REST(event_overflow, is_main),
	REST(event_overflow, lo),
	REST(event_overflow, hi),
	RELATIVE(event_overflow, rsp),
	REST(event_overflow, limit),
	REST(event_overflow, guard),
	REST(event_overflow, frames),
	REST(event_overflow, is_walk),
	STRINGS(event_overflow, cycle, n_cycle, CODEC_REST),
	REST(event_overflow, turns),
	REST(event_overflow, turn_bytes),
	REST(event_overflow, untold),
};
STRUCT(event_overflow);

static const struct codec_field event_place_fields[] = {
	SHAPE(event_place, function),
	SHAPE(event_place, file),
	SHAPE(event_place, line),
	SHAPE(event_place, via),
	SHAPE(event_place, via_module),
	SHAPE(event_place, repeats),
};
STRUCT(event_place);

static const struct codec_field event_heap_fields[] = {
	TOLD(event_heap, call, CODEC_SHAPE),
	SHAPE(event_heap, failed),
	SHAPE(event_heap, error),
	SHAPE(event_heap, moved),
	IN(event_heap, place, CODEC_SHAPE, 0, event_place),
	ENUM(event_heap, verdict, FREE_UNKNOWN),
	IN(event_heap, allocated, CODEC_SHAPE, 0, event_place),
	IN(event_heap, freed, CODEC_SHAPE, 0, event_place),
	SHAPE(event_heap, known_block),
	SHAPE(event_heap, shrinks),
	SHAPE(event_heap, is_brk),
	REST(event_heap, number),
	REST(event_heap, address),
	REST(event_heap, size),
	REST(event_heap, usable),
	REST(event_heap, alignment),
	REST(event_heap, old_address),
	REST(event_heap, old_size),
	REST(event_heap, offset),
	REST(event_heap, what),
	SEQ(event_heap, alloc_seq),
	SEQ(event_heap, free_seq),
	STRINGS(event_heap, owners, n_owners, CODEC_REST),
	REST(event_heap, more_owners),
	REST(event_heap, served),
};
STRUCT(event_heap);

static const struct codec_field event_leak_fields[] = {
	TOLD(event_leak, call, CODEC_SHAPE),
	IN(event_leak, place, CODEC_SHAPE, 0, event_place),
	ARRAY(event_leak, path, n_path, CODEC_REST, 0, event_place),
	REST(event_leak, more_path),
	REST(event_leak, owner),
	REST(event_leak, blocks),
	REST(event_leak, bytes),
};
STRUCT(event_leak);

static const struct codec_field event_heap_summary_fields[] = {
	REST(event_heap_summary, allocs),
	REST(event_heap_summary, frees),
	REST(event_heap_summary, reallocs),
	REST(event_heap_summary, failed),
	REST(event_heap_summary, bytes),
	REST(event_heap_summary, peak),
	REST(event_heap_summary, alive_blocks),
	REST(event_heap_summary, alive_bytes),
	REST(event_heap_summary, hidden_allocs),
	REST(event_heap_summary, hidden_blocks),
	REST(event_heap_summary, hidden_bytes),
	REST(event_heap_summary, bad_frees),
	REST(event_heap_summary, grown),
	REST(event_heap_summary, unseen),
	REST(event_heap_summary, more_places),
	ARRAY(event_heap_summary, leaks, n_leaks, CODEC_REST, 0, event_leak),
};
STRUCT(event_heap_summary);

static const struct codec_field event_summary_fields[] = {
	REST(event_summary, pushed),
	REST(event_summary, popped),
	REST(event_summary, too_deep),
	REST(event_summary, max_depth),
	REST(event_summary, max_depth_function),
	REST(event_summary, max_stack),
	REST(event_summary, max_stack_function),
	REST(event_summary, traced),
	REST(event_summary, skipped),
	REST(event_summary, hidden_system),
	REST(event_summary, hidden_std),
	REST(event_summary, hidden_helper),
	REST(event_summary, hidden_no_debug),
	REST(event_summary, hidden_filter),
	REST(event_summary, hidden_libraries),
	REST(event_summary, children),
	REST(event_summary, threads),
	REST(event_summary, hits),
	REST(event_summary, stops),
	REST(event_summary, stepped),
	REST(event_summary, wall_ns),
	REST(event_summary, left),
	ARRAY(event_summary, stacks, n_stacks, CODEC_REST, 0, event_stack),
	REST(event_summary, more_stacks),
	REST(event_summary, inlines),
	REST(event_summary, inlined),
	REST(event_summary, inlined_traced),
	REST(event_summary, inlined_skipped),
	REST(event_summary, inlined_hidden),
	ONE(event_summary, heap, CODEC_REST, event_heap_summary),
};
STRUCT(event_summary);

static const struct codec_field event_fields[] = {
	COLUMN(event, kind),
	COLUMN(event, seq),
	COLUMN(event, pid),
	COLUMN(event, tid),
	COLUMN(event, time_ns),
	COLUMN(event, aside),
	COLUMN(event, depth),
	COLUMN(event, cfa),
	COLUMN(event, pushed_seq),
	SHAPE(event, function),
	SHAPE(event, symbol),
	SHAPE(event, module),
	SHAPE(event, file),
	SHAPE(event, line),
	SHAPE(event, pc),
	NEAR(event, rsp, ARGUMENTS),
	SHAPE(event, delta),
	SHAPE(event, delta_known),
	ARRAY(event, parts, n_parts, CODEC_SHAPE, 0, event_part),
	SHAPE(event, return_address),
	SHAPE(event, return_symbol),
	SHAPE(event, caller),
	SHAPE(event, caller_file),
	SHAPE(event, caller_line),
	ARRAY(event, args, n_args, CODEC_SHAPE, 0, event_value),
	SHAPE(event, args_known),
	ARRAY(event, locals, n_locals, CODEC_SHAPE, 0, event_value),
	ARRAY(event, changes, n_changes, CODEC_SHAPE, 0, event_change),
	ENUM(event, how, POP_EXIT),
	SHAPE(event, has_return),
	IN(event, returned, CODEC_SHAPE, CODEC_LOOSE | CODEC_EMPTY, event_value),
	SHAPE(event, tail_target),
	RELATIVE(event, stack_top),
	ARRAY(event, registers, n_registers, CODEC_SHAPE, 0, event_register),
	ARRAY(event, walk, n_walk, CODEC_REST, 0, event_frame_of_walk),
	ARRAY(event, slots, n_slots, CODEC_LAYOUT, 0, event_slot),
	NEAR(event, frame_rsp, ARGUMENTS),
	SHAPE(event, mapped),
	ARRAY(event, elsewhere, n_elsewhere, CODEC_SHAPE, CODEC_NO_TEXT, event_value),
	ARRAY(event, ghosts, n_ghosts, CODEC_LAYOUT, 0, event_ghost),
	SHAPE(event, within),
	SHAPE(event, inline_depth),
	SHAPE(event, loops),
	SHAPE(event, insn),
	ENUM(event, stepped, STEP_UNSEEN),
	SHAPE(event, target),
	SHAPE(event, in_prologue),
	NEAR(event, rsp_before, ARGUMENTS),
	REST(event, ghost),
	ARRAY(event, stores, n_stores, CODEC_LAYOUT, 0, event_store),
	REST(event, program),
	STRINGS(event, argv, argc, CODEC_REST),
	REST(event, build_id),
	REST(event, unix_ns),
	SHAPE(event, symbol_at),
	SHAPE(event, has_fault),
	REST(event, fault),
	SHAPE(event, signal),
	SHAPE(event, signal_name),
	REST(event, status),
	REST(event, core),
	REST(event, child),
	SHAPE(event, text),
	ONE(event, summary, CODEC_REST, event_summary),
	ONE(event, map, CODEC_REST, event_map),
	ONE(event, where, CODEC_REST, event_where),
	ONE(event, alarm, CODEC_SHAPE, event_alarm),
	ONE(event, overflow, CODEC_REST, event_overflow),
	ONE(event, heap, CODEC_SHAPE, event_heap),
	// Since version 2: a log of version 1 ends before.
	ARRAY(event, frames, n_frames, CODEC_REST, CODEC_NO_TEXT, event_frame_at_signal),
	REST(event, more_frames),
};
// clang-format on

const struct codec_struct codec_event = {"event", sizeof(struct event), event_fields,
					 sizeof(event_fields) / sizeof(event_fields[0])};
