"""log - reads trace logs with sqlite3 alone."""
import sqlite3


def rows(log, query, *values):
    """What a query gives; the log is not written to."""
    with sqlite3.connect(f"file:{log}?mode=ro", uri=True) as connection:
        found = connection.execute(query, values).fetchall()
    connection.close()
    return found


def meta(log, key):
    found = rows(log, "select value from meta where key = ?", key)
    return found[0][0] if found else None
