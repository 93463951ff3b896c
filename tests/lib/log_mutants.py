"""log_mutants - trace logs as a stranger may hand them in: damaged, or made to harm their reader."""
import os
import random
import shutil
import sqlite3
import struct

PAGE = 4096
TABLES = {}  # name -> columns; of the first log that is seen

HUGE = "x" * (1 << 20)
EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m‮\r\n\x7f"
VALUES = [None, 0, 1, -1, 2, 7, 63, 64, 255, 2**31 - 1, 2**31, 2**32, 2**62, 2**63 - 1, -2**63,
          -2**31, 1e300, float("inf"), -0.0, 0.5, "", "x", "1", "-1", "0x10", EVIL, b"", b"\0",
          b"\xff" * 9, b"\xff" * 64, b"\x80" * 200, b"\1" * 64, bytes(range(256)), "\ufffd", "[]",
          "[1]", '["x"]', "[" * 2000, '["' + "y" * 70000 + '"]', "push", "pop", "exit", "start",
          "map", "alloc", "complete", "writing", "return", "tail call"]
SQL_VALUES = ["zeroblob(8000000)", "zeroblob(300000)", "9e999", "cast(x'ff00fe' as text)",
              "cast(zeroblob(20) as text)", "randomblob(50)", "char(27)||'[31m'", "rowid"]
MADE = [
    "create trigger t after insert on event begin delete from event; end",
    "create view v as select * from event",
    "create view \"v\x1b[31m\" as select 1",
    "create view v as with recursive n(i) as (select 1 union all select i + 1 from n) select i from n",
    "create table t(a, b as (a + 1))",
    "create index evil on event(abs(depth))",
    "create index evil on event(json_extract(vals, '$[0]'))",
    "create virtual table t using fts5(a)",
    "create virtual table t using rtree(a, b, c)",
    "create table \"" + "n" * 100000 + "\"(a)",
    "drop view calls; create view calls as with recursive n(i) as (select 1 union all select i + 1 "
    "from n) select i as seq from n",
    "alter table event rename to e2; create view event as with recursive n(i) as (select 1 union all "
    "select i + 1 from n) select i as seq, 1 as shape, 1 as stack, 0 as time_ns, 0 as depth, 0 as "
    "down, 1 as back, '[]' as vals, null as rest from n",
    "alter table event add column more",
    "alter table shape rename column kind to sort",
    "drop table popped", "drop index aside_after", "drop table meta",
    "drop table chunk; create table chunk(first INTEGER PRIMARY KEY, last INTEGER, frames BLOB, "
    "shapes BLOB, terms BLOB)",
    "create table sqlite_stat9(a)", "analyze", "vacuum", "pragma user_version = 0",
    "pragma user_version = 1", "pragma user_version = 3", "pragma user_version = -1", "pragma application_id = 0",
    "pragma encoding = 'UTF-16'", "pragma auto_vacuum = 2; vacuum",
]
LIES = [  # in sqlite_schema itself
    "update sqlite_schema set sql = 'CREATE TABLE event(seq' where name = 'event'",
    "update sqlite_schema set rootpage = 1 where name = 'event'",
    "update sqlite_schema set rootpage = 999999 where name = 'event'",
    "update sqlite_schema set rootpage = -1 where name = 'event'",
    "update sqlite_schema set rootpage = (select rootpage from sqlite_schema where name = 'shape') "
    "where name = 'event'",
    "update sqlite_schema set rootpage = (select rootpage from sqlite_schema where name = 'event') "
    "where name = 'block_since'",
    "update sqlite_schema set name = name || char(27)",
    "update sqlite_schema set tbl_name = 'x' where type = 'index'",
    "update sqlite_schema set type = 'view' where name = 'event'",
    "update sqlite_schema set sql = null",
    "update sqlite_schema set sql = zeroblob(1000000) where name = 'event'",
    "insert into sqlite_schema select * from sqlite_schema",
    "delete from sqlite_schema where name = 'event_x' or rowid % 2",
    "insert into sqlite_schema values('table', 'x', 'x', 0, 'CREATE VIRTUAL TABLE x USING fts5(a)')",
    "insert into sqlite_schema values('trigger', 'x', 'event', 0, 'CREATE TRIGGER x AFTER INSERT ON "
    "event BEGIN SELECT 1; END')",
]
RELATIONS = [  # each row is well-formed, and what they say together is wrong
    "update event set back = 0", "update event set back = 1", "update event set back = -1",
    "update event set back = -back", "update event set back = seq", "update event set back = seq + 1",
    "update event set back = 9223372036854775807", "update event set back = -9223372036854775807 - 1",
    "update event set back = null", "update event set shape = 1", "update event set stack = 1",
    "update event set shape = (select max(id) from shape)", "update event set shape = 999999",
    "update event set shape = (select id from shape order by random() limit 1)",
    "update event set depth = 4294967295", "update event set depth = 0",
    "update event set down = -9223372036854775807 - 1", "update event set down = null",
    "update event set seq = seq * 1000000007", "update event set seq = seq - 10",
    "update event set seq = 9223372036854775807 where seq = (select max(seq) from event)",
    "update event set seq = -9223372036854775807 - 1 where seq = 1",
    "update event set vals = (select group_concat(vals) from event)",
    "update event set vals = zeroblob(5000000) where seq % 7 = 0",
    "update event set rest = zeroblob(5000000) where seq % 7 = 0",
    "update shape set bytes = zeroblob(3000000)", "update shape set bytes = randomblob(200)",
    "update shape set bytes = (select bytes from shape order by random() limit 1)",
    "update shape set kind = (select kind from shape order by random() limit 1)",
    "update shape set kind = 'push'", "update shape set kind = 'pop'", "update shape set delta = id",
    "update shape set delta = -9223372036854775807 - 1", "update shape set function = null",
    "update shape set how = 'exit'", "update stack set base = 0", "delete from stack",
    "update stack set id = id + 1", "update stack set tid = 5000000000", "update stack set top = -1",
    "update popped set after = 0", "update popped set after = -after",
    "update popped set after = 9223372036854775807", "update popped set push = push + 1000000",
    "update chunk set first = 0", "update chunk set last = 9223372036854775807",
    "update chunk set last = first", "update chunk set last = -1",
    "update chunk set first = first - 1000", "update chunk set frames = randomblob(40)",
    "update chunk set frames = x'0105200000' ", "update chunk set frames = zeroblob(1000000)",
    "update chunk set frames = x'01ffffffffffffffff7f20'", "update chunk set shapes = randomblob(100)",
    "update chunk_text set texts = null", "update chunk_text set texts = 5, trigrams = 'x'",
    "update chunk_text set texts = zeroblob(8000000)", "update chunk_text set texts = ''",
    "update chunk_text set texts = null, trigrams = zeroblob(32768)", "delete from chunk_text",
    "update chunk_text set texts = null, trigrams = zeroblob(3)",
    "update chunk_text set first = first + 1", "delete from chunk_frames",
    "update chunk_frames set frames = randomblob(200)", "update chunk_frames set first = first + 1",
    "update chunk_frames set frames = zeroblob(8000000)", "update chunk_frames set frames = null",
    "update chunk_frames set frames = x'0101000505050505'", "update chunk_frames set first = -first",
    "insert or replace into chunk_frames select seq, x'01010100000000' || x'00' from event",
    "drop table chunk_text; drop table chunk_frames; pragma user_version = 1",
    "update chunk set terms = zeroblob(3)", "update chunk set terms = zeroblob(8000000)",
    "insert into chunk select seq, seq, x'', x'', x'' from event where seq > 0 and seq not in "
    "(select first from chunk)",
    "insert into chunk select seq, seq + 100, (select frames from chunk), null, null from event "
    "where seq > 0 and seq not in (select first from chunk)",
    "update map set aside = 1", "update map set seq = seq + 1000000", "delete from map",
    "update aside set after = -9223372036854775807 - 1", "update aside set after = 9223372036854775807",
    "update aside set shape = (select id from shape where kind = 'push')",
    "update event set shape = (select id from shape where kind = 'map')",
    "update event set shape = (select id from shape where kind = 'start')",
    "update event set shape = (select id from shape where kind = 'exit')",
    "update aside set id = -id", "delete from aside", "update written set after = 5000000000",
    "update written set stream = 3", "update written set bytes = zeroblob(8000000)",
    "insert into written select id + 1000, after, 1, 0, 'x' from written",
    "update block set node = null", "update block set node = -9223372036854775807 - 1",
    "update block set node = 0", "update block set since = -1", "update block set until = since - 1",
    "update block set shape = 1", "update block set shape = null", "update block set size = -1",
    "update source set line = -line", "update source set text = zeroblob(1000)",
    "update source set file = 1", "insert into source select file, line + 1000000000, text from source",
    "update function set lo = -1", "update function set hi = 9223372036854775807",
    "update function set lo = 0, hi = -1", "update insn set pc = -pc", "update insn set place = -place",
    "update insn set text = zeroblob(500)", "update insn set bytes = 'zz'",
    "update meta set value = 5 where key = 'format'", "update meta set value = x'00' where key = 'holds'",
    "update meta set value = '-5' where key = 'first'", "update meta set value = -5 where key = 'first'",
    "update meta set value = 9223372036854775807 where key = 'first'",
    "update meta set value = char(27) || ']0;x' || char(7) where key = 'state'",
    "update meta set value = zeroblob(1000000) where key = 'state'",
    "update meta set value = 1 where key = 'crossed'",
    "insert or replace into meta values('signals', '[0,1,2,3,4,99999999]')",
    "delete from meta where key = 'state'",
    "delete from meta", "delete from event", "delete from event where seq = 0", "delete from shape",
    "delete from event where seq = (select max(seq) from event)", "delete from chunk",
    "update meta set value = 1 where key = 'crossed'; update popped set after = -push",
    "update meta set value = 3 where key = 'first'",
    "with recursive n(i) as (select 1 union all select i + 1 from n where i < 60000) insert or replace "
    "into event select i, (select id from shape where kind = 'push'), 1, 0, i, i, 1, null, null from n",
    "with recursive n(i) as (select 1 union all select i + 1 from n where i < 60000) insert or replace "
    "into event select i, (select id from shape where kind = 'push'), i % 500, 0, i, i, 1, null, null "
    "from n; insert or ignore into stack select seq % 500, 1, seq % 500, 0, 0 from event",
]


def columns_of(connection):
    if not TABLES:
        names = [row[0] for row in connection.execute(
            "select name from sqlite_schema where type = 'table'")]
        for name in names:
            TABLES[name] = [row[1] for row in connection.execute(f"pragma table_info({name})")]
    return TABLES


class Mutants:
    """Makes files from good logs: mutant(i) is the same for the same seed."""

    def __init__(self, logs, directory, seed):
        self.logs, self.directory, self.seed = logs, directory, seed

    def mutant(self, i):
        """(path, what was done to it)."""
        rng = random.Random(self.seed * 1000003 + i)
        log = self.logs[i % len(self.logs)]
        path = os.path.join(self.directory, f"mutant{i}")
        shutil.copyfile(log, path)
        ways = [self.bytes_changed, self.bytes_changed, self.bytes_changed, self.pages, self.truncated,
                self.values, self.values, self.values, self.rows, self.related, self.related,
                self.schema, self.beside]
        way = rng.choice(ways)
        try:
            done = way(path, rng)
        except (sqlite3.Error, OverflowError) as error:
            done = f"{way.__name__}: {error}"
        return path, f"{os.path.basename(log)}: {done}"

    # ---- bytes ----

    def bytes_changed(self, path, rng):
        size = os.path.getsize(path)
        where = rng.choice(["header", "page headers", "anywhere", "one page"])
        n = rng.choice([1, 1, 2, 5, 20])
        page = rng.randrange(max(1, size // PAGE)) * PAGE
        done = []
        with open(path, "r+b") as file:
            for _ in range(n):
                at = {"header": rng.randrange(100), "anywhere": rng.randrange(size),
                      "page headers": rng.randrange(size // PAGE) * PAGE + rng.randrange(40),
                      "one page": page + rng.randrange(PAGE)}[where]
                byte = rng.choice([0, 1, 0x7f, 0x80, 0xff, rng.randrange(256)])
                file.seek(at)
                file.write(bytes([byte]))
                done.append(f"{at}={byte}")
        return f"{where} {' '.join(done[:5])}"

    def pages(self, path, rng):
        size = os.path.getsize(path)
        a, b = (rng.randrange(size // PAGE) * PAGE for _ in range(2))
        with open(path, "r+b") as file:
            file.seek(a)
            page = file.read(PAGE)
            file.seek(b)
            what = rng.choice(["copied", "zeroed", "random"])
            file.write({"copied": page, "zeroed": bytes(PAGE), "random": rng.randbytes(PAGE)}[what])
        return f"page {b // PAGE} {what} {a // PAGE}"

    def truncated(self, path, rng):
        size = os.path.getsize(path)
        to = rng.choice([0, 1, 15, 16, 99, 100, 101, PAGE - 1, PAGE, PAGE + 1, size - 1,
                         rng.randrange(size), rng.randrange(size) // PAGE * PAGE, size + PAGE,
                         1 << 36])
        os.truncate(path, to)
        return f"truncated to {to}"

    # ---- through sqlite ----

    def run(self, path, *statements, schema=False):
        connection = sqlite3.connect(path, isolation_level=None)
        columns_of(connection)
        try:
            connection.execute("pragma synchronous = off")
            connection.execute("pragma journal_mode = off")
            connection.execute("pragma ignore_check_constraints = on")
            connection.text_factory = bytes
            if schema:
                connection.execute("pragma writable_schema = on")
            for statement in statements:
                if isinstance(statement, tuple):
                    connection.execute(*statement)
                else:
                    connection.executescript(statement)
        finally:
            connection.close()

    def columns(self, path):
        connection = sqlite3.connect(path)
        try:
            return columns_of(connection)
        finally:
            connection.close()

    def values(self, path, rng):
        tables, statements, done = self.columns(path), [], []
        for _ in range(rng.choice([1, 1, 2, 4])):
            table = rng.choice(sorted(tables))
            column = rng.choice(tables[table])
            which = rng.choice(["", f" where {column} in (select {column} from {table} "
                                f"limit 1 offset {rng.randrange(30)})"])
            if rng.random() < 0.15:
                sql = rng.choice(SQL_VALUES)
                if "8000000" in sql:
                    which = which or f" where {column} = (select max({column}) from {table})"
                if sql == "rowid" and table in ("meta", "map", "source", "insn", "member", "variable"):
                    sql = "1"
                statements.append((f"update or ignore {table} set {column} = {sql}{which}",))
                done.append(f"{table}.{column} = {sql}{which}")
            else:
                value = rng.choice(VALUES)
                statements.append((f"update or ignore {table} set {column} = ?{which}", (value,)))
                done.append(f"{table}.{column} = {repr(value)[:40]}{which}")
        self.run(path, *statements)
        return "; ".join(done)

    def rows(self, path, rng):
        tables = self.columns(path)
        table = rng.choice(sorted(tables))
        key = tables[table][0]
        all_columns = ", ".join(tables[table][1:])
        other = rng.choice(["+ 1", "+ 1000000", "- 1000000", "* -1"])
        sql = rng.choice([
            f"delete from {table} where {key} in (select {key} from {table} limit 3 offset "
            f"{rng.randrange(20)})",
            f"delete from {table} where {key} % 2",
            f"insert or replace into {table}({key}, {all_columns}) select {key} {other}, {all_columns} "
            f"from {table}",
            f"update or replace {table} set {key} = {key} {other}",
        ])
        self.run(path, sql)
        return sql

    def related(self, path, rng):
        chosen = rng.sample(RELATIONS, rng.choice([1, 1, 2, 3]))
        self.run(path, *chosen)
        return "; ".join(chosen)

    def schema(self, path, rng):
        chosen = rng.choice(MADE + LIES)
        self.run(path, chosen, schema=chosen in LIES)
        return chosen[:80]

    # ---- files beside it ----

    def beside(self, path, rng):
        what = rng.choice(["garbage journal", "garbage wal", "read format", "wal with frames", "journal directory",
                           "journal fifo", "journal link", "wal flag only", "link", "link loop", "fifo",
                           "directory", "hot journal"])
        if what == "garbage journal":
            write(path + "-journal", rng.randbytes(5000))
        elif what == "garbage wal":
            patch(path, 18, b"\2\2")
            write(path + "-wal", rng.randbytes(9000))
        elif what == "wal flag only":
            patch(path, 18, b"\2\2")
        elif what == "read format":
            patch(path, 18 + rng.randrange(2), bytes([rng.choice([0, 2, 3])]))
        elif what == "wal with frames":
            self.leave(path, "wal", rng)
        elif what == "hot journal":
            self.leave(path, "persist", rng)
        elif what == "journal directory":
            os.mkdir(path + "-journal")
        elif what == "journal fifo":
            os.mkfifo(path + "-journal")
        elif what == "journal link":
            os.symlink("/etc/passwd", path + "-journal")
        else:
            os.rename(path, path + ".real")
            if what == "link":
                os.symlink(path + ".real", path)
            elif what == "link loop":
                os.symlink(path, path)
            elif what == "fifo":
                os.mkfifo(path)
            else:
                os.mkdir(path)
        return what

    def leave(self, path, mode, rng):
        """A copy of a database and what is beside it in the middle of a transaction."""
        source = path + ".source"
        os.rename(path, source)
        connection = sqlite3.connect(source, isolation_level=None)
        connection.execute(f"pragma journal_mode = {mode}")
        connection.execute("pragma cache_size = 2")
        connection.execute("begin immediate")
        connection.execute("update event set depth = depth + 1, vals = zeroblob(3000)")
        if mode == "wal":
            connection.execute("commit")
            connection.execute("begin immediate")
            connection.execute("update event set depth = 1")
        suffix = "-wal" if mode == "wal" else "-journal"
        shutil.copyfile(source, path)
        shutil.copyfile(source + suffix, path + suffix)
        connection.execute("rollback")
        connection.close()
        if rng and rng.random() < 0.6:
            size = os.path.getsize(path + suffix)
            patch(path + suffix, rng.randrange(size), rng.randbytes(3))


def name_in_journal(journal, victim):
    """Makes a journal name a super-journal, which SQLite deletes after a rollback: that file."""
    name = os.fsencode(victim)
    check = sum(byte - 256 if byte > 127 else byte for byte in name) & 0xffffffff
    with open(journal, "ab") as file:
        file.write(struct.pack(">I", 1) + name + struct.pack(">II", len(name), check) +
                   bytes.fromhex("d9d505f920a163d7"))


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def patch(path, at, data):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)


def remove(directory):
    for name in os.listdir(directory):
        path = os.path.join(directory, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
