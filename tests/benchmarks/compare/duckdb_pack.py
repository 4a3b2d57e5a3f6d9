"""DuckDB's part of the comparison `compare_pack`: rules of examples/comparison over a city that is there many times.

Usage: duckdb_pack.py ROOT CITY ROWS RULES OUT. CITY has the files of citygen; of their rows it makes what a
projection has, keys and the fields that a rule names, and writes them to OUT, for pack.cc, with OUT/projections.txt:
lines "RULE SIDE RESOURCE FILE", and a first line with the number of cities that make ROWS. Its own tables are the
same rows so many times, each key with the number of the city before it, in the order of the keys.

Each line of standard input is a rule, or "ready"; the answer is the keys found, the sum of the amounts, the seconds,
and the highest resident memory meanwhile in MiB. Two threads, as ours.
"""
import pathlib
import sys
import time

import duckdb

from peer_memory import forget_peak, peak_mib

ROOT = pathlib.Path(sys.argv[1])
sys.path.append(str(ROOT / "tests" / "comparison"))

from oracle import Catalog, Oracle, RuleSql  # noqa: E402

AS_OF = "2025-06-30"
PERIODS = {"year": "2024", "month": "2025-05"}
# As many as threads may share a rule; pack.cc has the same.
FEWEST_CITIES = 8


class PackSql(RuleSql):
    """A rule over projections: tables that have the key already. Without `tables` it only gathers their shapes."""

    def __init__(self, oracle, rule, tables):
        super().__init__(rule, oracle.parameters, oracle.catalog, AS_OF, PERIODS.get(rule.get("period")))
        self.tables, self.shapes = tables, []

    def keys_sql(self, declared, translate):
        computed = super().keys_sql(declared, translate)
        self.computed = computed
        return [f"r.k{i}" for i in range(len(computed))]

    def rows_sql(self, side, resource):
        shape = (resource, tuple(self.computed), tuple(sorted(side.fields)))
        self.shapes.append((side.name, shape))
        return f'SELECT * FROM "{self.tables.get(shape, "")}"'


def shapes_of(oracle, names):
    """Which projections each rule reads: [(rule, side, resource, shape)]."""
    shapes = []
    for name in names:
        sql = PackSql(oracle, oracle.rules[name], {})
        sql.query()
        shapes += [(name, side, shape[0], shape) for side, shape in sql.shapes]
    return shapes


def exported(catalog, resource, name):
    """A field as pack.cc reads it: dates as days, booleans as numbers."""
    kind = catalog.type_of(resource, name).kind
    if kind == "date":
        return f"(\"{name}\" - DATE '1970-01-01') AS \"{name}\""
    return f'"{name}"::INTEGER AS "{name}"' if kind == "boolean" else f'"{name}"'


def make_projections(oracle, shapes, cities, out):
    """The tables by shape, and the files of their rows."""
    tables, lines = {}, [str(cities)]
    for rule, side, resource, shape in shapes:
        if shape not in tables:
            tables[shape] = f"p{len(tables)}"
            _, keys, fields = shape
            columns = ", ".join([f"{key} AS k{i}" for i, key in enumerate(keys)] + [f'"{name}"' for name in fields])
            there = " AND ".join(f"k{i} IS NOT NULL" for i in range(len(keys)))
            base = f'(SELECT * FROM (SELECT {columns} FROM "{resource}" r) WHERE {there})'
            written = ", ".join([f"k{i}" for i in range(len(keys))] +
                                [exported(oracle.catalog, resource, name) for name in fields])
            oracle.connection.execute(f"COPY (SELECT {written} FROM {base}) TO '{out}/{tables[shape]}.tsv' "
                                      f"(HEADER false, DELIMITER '\t', NULLSTR '\\N', QUOTE '')")
            order = ", ".join(f"k{i}" for i in range(len(keys)))
            oracle.connection.execute(f"CREATE TABLE {tables[shape]} AS SELECT * REPLACE "
                                      f"(printf('%06d', city) || k0 AS k0) FROM range({cities}) c(city), {base} "
                                      f"ORDER BY {order}")
        lines.append(f"{rule} {side} {resource} {out}/{tables[shape]}.tsv")
    (out / "projections.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tables


def main():
    _, city, rows, rules, out = sys.argv[1:]
    catalog = Catalog(ROOT / "examples" / "city" / "base", ROOT / "examples" / "city" / "full")
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    oracle = Oracle(connection, catalog, ROOT / "examples" / "comparison")
    names = [name for name in oracle.rules if name.removeprefix("rules/")[:3] in rules.split(",")]
    shapes = shapes_of(oracle, names)
    fields, count = oracle.fields(), 0
    for resource in {shape[2] for shape in shapes}:
        catalog.load(connection, resource, [f"{city}/{resource}.csv"], fields[resource])
        count += connection.execute(f'SELECT count(*) FROM "{resource}"').fetchone()[0]
    cities = max(FEWEST_CITIES, int(rows) // count)
    tables = make_projections(oracle, shapes, cities, pathlib.Path(out))
    for line in sys.stdin:
        name = line.strip()
        if name == "ready":
            print(cities * count, 0, 0, 0, flush=True)
            continue
        forget_peak()
        begin = time.perf_counter()
        found, amount = connection.execute(
            f"SELECT count(*), sum(amount) FROM ({PackSql(oracle, oracle.rules[name], tables).query()}) "
            f"WHERE state = 'finding'").fetchone()
        print(found, int(amount or 0), time.perf_counter() - begin, peak_mib(), flush=True)


if __name__ == "__main__":
    main()
