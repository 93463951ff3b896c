/*
 * schema.c - the SQL text of a trace log. Columns are explained in docs/log-schema.md.
 */
#include "store/schema.h"

#include "base/base.h"

#define TABLE_SINCE(version, name, columns)                                                        \
	{                                                                                          \
		"table", #name, "CREATE TABLE " #name "(" columns ")", version                     \
	}
#define TABLE(name, columns)                                                                       \
	{                                                                                          \
		"table", #name, "CREATE TABLE " #name "(" columns ")", 1                           \
	}
#define TABLE_BY_KEY(name, columns)                                                                \
	{                                                                                          \
		"table", #name, "CREATE TABLE " #name "(" columns ") WITHOUT ROWID", 1             \
	}
#define INDEX(name, on)                                                                            \
	{                                                                                          \
		"index", #name, "CREATE INDEX " #name " ON " on, 1                                 \
	}
#define VIEW(name, select)                                                                         \
	{                                                                                          \
		"view", #name, "CREATE VIEW " #name " AS SELECT " select, 1                        \
	}

#define OF_EVENT                                                                                   \
	"shape INTEGER, stack INTEGER, time_ns INTEGER, depth INTEGER, down INTEGER, "             \
	"back INTEGER, vals TEXT, rest BLOB"

#define HEX(x) "nullif(printf('0x%x', " x "), '0x0')" // NULL is 0x0 to printf, and unknown to us
#define VALUE(vals) "json_extract(" vals ", '$[' || v.place || ']')"

/*
 * The order of joins is fixed by CROSS JOIN: events are the outer loop, all else is found by its
 * rowid. What a query does not ask for (arguments, the pop) costs nothing then.
 */
static const struct schema_thing things[] = {
	TABLE_BY_KEY(meta, "key TEXT PRIMARY KEY, value"),
	TABLE(shape, "id INTEGER PRIMARY KEY, kind TEXT, function TEXT, symbol TEXT, "
		     "module TEXT, file TEXT, line INTEGER, pc INTEGER, delta INTEGER, how TEXT, "
		     "caller TEXT, caller_file TEXT, caller_line INTEGER, return_address INTEGER, "
		     "return_symbol TEXT, call TEXT, text TEXT, bytes BLOB"),
	TABLE_BY_KEY(variable, "shape INTEGER, place INTEGER, role TEXT, name TEXT, type TEXT, "
			       "size INTEGER, register TEXT, offset INTEGER, "
			       "PRIMARY KEY (shape, place)"),
	TABLE(stack, "id INTEGER PRIMARY KEY, pid INTEGER, tid INTEGER, top INTEGER, "
		     "base INTEGER"),
	TABLE(event, "seq INTEGER PRIMARY KEY, " OF_EVENT),
	TABLE(popped, "push INTEGER PRIMARY KEY, after INTEGER"),
	TABLE(aside, "id INTEGER PRIMARY KEY, after INTEGER, " OF_EVENT),
	INDEX(aside_after, "aside(after)"),
	TABLE(written, "id INTEGER PRIMARY KEY, after INTEGER, stream INTEGER, time_ns INTEGER, "
		       "bytes BLOB"),
	INDEX(written_after, "written(after)"),
	TABLE(chunk, "first INTEGER PRIMARY KEY, last INTEGER, frames BLOB, shapes BLOB, "
		     "terms BLOB"),
	TABLE_SINCE(SCHEMA_TEXTS, chunk_text,
		    "first INTEGER PRIMARY KEY, texts BLOB, trigrams BLOB"),
	TABLE_SINCE(SCHEMA_FRAMES, chunk_frames, "first INTEGER PRIMARY KEY, frames BLOB"),
	TABLE_BY_KEY(map, "seq INTEGER, aside INTEGER, PRIMARY KEY (seq, aside)"),
	TABLE(block, "id INTEGER PRIMARY KEY, number INTEGER, address INTEGER, size INTEGER, "
		     "usable INTEGER, since INTEGER, shape INTEGER, until INTEGER, "
		     "until_shape INTEGER, node INTEGER"),
	INDEX(block_since, "block(node, since, address)"),
	INDEX(block_until, "block(node, until, address) WHERE node IS NOT NULL"),
	TABLE(source_file, "id INTEGER PRIMARY KEY, name TEXT UNIQUE"),
	TABLE_BY_KEY(source, "file INTEGER, line INTEGER, text TEXT, PRIMARY KEY (file, line)"),
	TABLE(function, "id INTEGER PRIMARY KEY, name TEXT, symbol TEXT, module TEXT, file TEXT, "
			"line INTEGER, lo INTEGER, hi INTEGER"),
	INDEX(function_name, "function(name)"),
	INDEX(function_lo, "function(lo)"),
	TABLE_BY_KEY(insn, "function INTEGER, place INTEGER, pc INTEGER, text TEXT, bytes TEXT, "
			   "line INTEGER, PRIMARY KEY (function, place)"),
	TABLE(type, "id INTEGER PRIMARY KEY, name TEXT UNIQUE, kind TEXT, size INTEGER"),
	TABLE_BY_KEY(member, "type INTEGER, place INTEGER, name TEXT, member_type TEXT, "
			     "offset INTEGER, size INTEGER, PRIMARY KEY (type, place)"),
	VIEW(calls,
	     "e.seq AS seq, s.function AS function, s.caller AS caller, e.depth AS depth, "
	     "k.tid AS thread, "
	     "(SELECT group_concat(v.name || '=' || coalesce(" VALUE(
		     "e.vals") ", '?'), ', ') "
			       "FROM variable v WHERE v.shape = e.shape AND v.role = 'argument') "
			       "AS arguments, "
			       "(SELECT " VALUE(
				       "r.vals") " FROM variable v WHERE v.shape = r.shape "
						 "AND v.role = 'return') AS result, "
						 "t.how AS how, s.delta AS delta, -s.delta AS "
						 "stack_bytes, "
						 "e.time_ns AS entered_ns, r.time_ns AS left_ns, "
						 "r.time_ns - e.time_ns AS took_ns, "
						 "p.push + p.after AS popped, e.seq - e.back AS "
						 "within, " HEX(
							 "k.base - e.down") " "
									    "AS cfa, s.module AS "
									    "module, s.file AS "
									    "file, s.line AS line, "
									    "s.caller_file AS "
									    "caller_file, "
									    "s.caller_line AS "
									    "caller_line "
									    "FROM event e CROSS "
									    "JOIN shape s ON s.id "
									    "= e.shape "
									    "LEFT JOIN stack k ON "
									    "k.id = e.stack LEFT "
									    "JOIN popped p ON "
									    "p.push = e.seq "
									    "LEFT JOIN event r ON "
									    "r.seq = p.push + "
									    "p.after "
									    "LEFT JOIN shape t ON "
									    "t.id = r.shape WHERE "
									    "s.kind = 'push'"),
	VIEW(events, "e.seq AS seq, s.kind AS kind, s.function AS function, e.depth AS depth, "
		     "k.tid AS thread, e.time_ns AS time_ns, s.file AS file, s.line AS line, "
		     "s.text AS text, " HEX("k.base - e.down") " AS cfa, " HEX(
			     "s.pc") " AS pc "
				     "FROM event e CROSS JOIN shape s ON s.id = e.shape "
				     "LEFT JOIN stack k ON k.id = e.stack"),
	VIEW(variables,
	     "e.seq AS seq, s.kind AS kind, s.function AS function, e.depth AS depth, "
	     "CASE s.kind WHEN 'push' THEN e.seq ELSE e.seq - e.back END AS call, "
	     "v.name AS name, v.type AS type, " VALUE(
		     "e.vals") " AS value, v.role AS role, "
			       "v.size AS size, v.register AS register, v.offset AS "
			       "cfa_offset, " HEX(
				       "k.base - e.down + v.offset") " AS address, s.file AS file, "
								     "s.line AS line "
								     "FROM event e CROSS JOIN "
								     "shape s ON s.id = e.shape "
								     "CROSS JOIN variable v ON "
								     "v.shape = e.shape LEFT JOIN "
								     "stack k ON k.id = e.stack"),
	VIEW(allocations,
	     "b.number AS block, " HEX(
		     "b.address") " AS address, b.size AS size, "
				  "b.usable AS usable, a.call AS call, a.function AS function, "
				  "a.file AS file, "
				  "a.line AS line, b.since AS allocated, b.until AS freed, "
				  "f.function AS freed_by, f.file AS freed_file, f.line AS "
				  "freed_line, "
				  "b.until IS NULL AS alive "
				  "FROM block b LEFT JOIN shape a ON a.id = b.shape "
				  "LEFT JOIN shape f ON f.id = b.until_shape "
				  "WHERE b.until IS NULL OR f.kind = 'free'"),
	VIEW(stack_depth, "e.seq AS seq, k.tid AS thread, e.depth + (s.kind = 'push') AS frames, "
			  "CASE s.kind WHEN 'push' THEN e.down - s.delta ELSE e.down END AS bytes, "
			  "s.kind AS kind, s.function AS function, e.time_ns AS time_ns "
			  "FROM event e CROSS JOIN shape s ON s.id = e.shape "
			  "LEFT JOIN stack k ON k.id = e.stack WHERE s.kind IN ('push', 'pop')"),
	VIEW(output,
	     "o.after AS after, CASE o.stream WHEN 2 THEN 'stderr' ELSE 'stdout' END AS stream, "
	     "o.time_ns AS time_ns, CAST(o.bytes AS TEXT) AS text FROM written o ORDER BY o.id"),
	VIEW(source_lines, "f.name AS file, s.line AS line, s.text AS text "
			   "FROM source s JOIN source_file f ON f.id = s.file"),
};

const struct schema_thing *schema_of(size_t *ret_n)
{
	*ret_n = FT_COUNT(things);
	return things;
}
