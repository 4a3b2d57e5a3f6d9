"""ClickHouse's part of the comparison `compare_clickhouse`: two tables of the rows that table_runs.cc makes, with text
keys, stored in the order of the key.

Usage: clickhouse_tables.py ROWS. Each line of standard input names a question; the answer is the keys found, the sum of
the amounts, the seconds, and the highest resident memory meanwhile in MiB. Two threads, as ours.
"""
import sys
import tempfile
import time

from chdb import session

from peer_memory import forget_peak, peak_mib

ROWS_PER_ENTITY = 10
AMOUNT = "(toInt64(number) * 7919 % 1000003 * 100)"
RIGHT = f"if(number % 499 = 0, intDiv({AMOUNT}, 2), {AMOUNT})"
SETTINGS = "SETTINGS max_threads = 2"


def make_tables(chdb, rows):
    chdb.query("CREATE DATABASE d")
    for side, amount, there in (("l", AMOUNT, "1"), ("r", RIGHT, "number % 997 <> 0")):
        chdb.query(f"CREATE TABLE d.{side} (e String, d String, a Int64) ENGINE = MergeTree ORDER BY (e, d)")
        chdb.query(f"INSERT INTO d.{side} SELECT concat('M', leftPad(toString(intDiv(number, {ROWS_PER_ENTITY})), 8, "
                   f"'0')), concat('HT', leftPad(toString(number), 12, '0')), {amount} FROM numbers({rows}) "
                   f"WHERE {there} {SETTINGS}")
        chdb.query(f"OPTIMIZE TABLE d.{side} FINAL")


def question_of(name):
    if name == "clickhouse_sum":
        return ("SELECT count(), sum(x.s - y.s) FROM (SELECT e, sum(a) AS s FROM d.l GROUP BY e) x JOIN "
                "(SELECT e, sum(a) AS s FROM d.r GROUP BY e) y USING (e) WHERE x.s - y.s > 1000 "
                f"{SETTINGS}, optimize_aggregation_in_order = 1")
    return f"SELECT count(), sum(l.a) FROM d.l AS l LEFT ANTI JOIN d.r AS r ON l.e = r.e AND l.d = r.d {SETTINGS}"


def main():
    with tempfile.TemporaryDirectory() as folder:
        chdb = session.Session(folder)
        make_tables(chdb, int(sys.argv[1]))
        for line in sys.stdin:
            forget_peak()
            begin = time.perf_counter()
            keys, amount = str(chdb.query(question_of(line.strip()), "CSV")).strip().split(",")
            print(keys, amount, time.perf_counter() - begin, peak_mib(), flush=True)
        chdb.close()


if __name__ == "__main__":
    main()
