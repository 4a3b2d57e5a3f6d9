"""DuckDB's part of the comparison `compare`: two tables of the rows that tables.cc makes, twice: with text keys in the
order of arrival, and with whole numbers as keys, stored in their order.

Usage: duckdb_tables.py ROWS. Each line of standard input names a question; the answer is the keys found, the sum of the
amounts, the seconds, and the highest resident memory meanwhile in MiB. Two threads, as ours. "duckdb_text_total" is a
load of the text tables from rows in memory, in the order of arrival, and a sum over them.
"""
import sys
import time

import duckdb

from peer_memory import forget_peak, peak_mib

ROWS_PER_ENTITY = 10
AMOUNT = "(r * 7919 % 1000003 * 100)"
RIGHT = f"(CASE WHEN r % 499 = 0 THEN {AMOUNT} // 2 ELSE {AMOUNT} END)"


def make_tables(connection, rows):
    """Both sides in both forms; the order of arrival is that of a hash."""
    for side, amount, there in (("l", AMOUNT, "true"), ("r", RIGHT, "r % 997 <> 0")):
        source = f"(SELECT range AS r FROM range({rows})) WHERE {there}"
        entity = f"r // {ROWS_PER_ENTITY}"
        connection.execute(f"CREATE TABLE {side}_sorted AS SELECT {entity} AS e, r AS d, {amount}::BIGINT AS a "
                           f"FROM {source} ORDER BY r")
        connection.execute(f"CREATE TABLE {side}_text AS SELECT printf('M%08d', {entity}) AS e, "
                           f"printf('HT%012d', r) AS d, {amount}::BIGINT AS a FROM {source} ORDER BY hash(r)")


def question_of(name):
    form, kind = name.removeprefix("duckdb_").split("_")
    left, right = f"l_{form}", f"r_{form}"
    if kind == "sum":
        return (f"SELECT count(*), sum(x.s - y.s) FROM (SELECT e, sum(a) AS s FROM {left} GROUP BY e) x JOIN "
                f"(SELECT e, sum(a) AS s FROM {right} GROUP BY e) y USING (e) WHERE x.s - y.s > 1000")
    return (f"SELECT count(*), sum(a) FROM {left} l WHERE NOT EXISTS (SELECT 1 FROM {right} r WHERE r.e = l.e "
            f"AND r.d = l.d)")


def load_again(connection):
    """The text tables once more, as from a department."""
    for side in "lr":
        connection.execute(f"CREATE OR REPLACE TABLE {side}_total AS SELECT * FROM {side}_text")


def main():
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    make_tables(connection, int(sys.argv[1]))
    for line in sys.stdin:
        name = line.strip()
        forget_peak()
        begin = time.perf_counter()
        if name == "duckdb_text_total":
            load_again(connection)
            name = "duckdb_total_sum"
        keys, amount = connection.execute(question_of(name)).fetchone()
        print(keys, int(amount or 0), time.perf_counter() - begin, peak_mib(), flush=True)


if __name__ == "__main__":
    main()
