"""Comparison rules as SQL of DuckDB: what a run finds, worked out by another engine from the same YAML.

A table of DuckDB per resource has the current rows, with the fields typed: money and decimals as whole numbers, texts,
DATE, booleans. `rule_sql` gives one query whose rows are the keys that are told of: findings, and what is counted.
"""

import dataclasses
import pathlib
import re

import yaml

from formula_sql import FormulaError, Formula, MACROS, Parameter, Sql, any_fault, quoted, unit_of

PERIOD_KINDS = ("month", "quarter", "year")
TEXT_KINDS = ("person", "organisation", "taxpayer", "text")

# Identifiers as they meet in a key: of a citizen id what stands before the check character, of a credit code or an old
# tax number the code of the organisation in it. Provinces are the first two digits of GB/T 2260.
KEY_MACROS = """
CREATE OR REPLACE MACRO k_person(x) AS CASE length(x) WHEN 18 THEN left(x, 17)
  WHEN 15 THEN left(x, 6) || '19' || substr(x, 7) ELSE x END;
CREATE OR REPLACE MACRO k_organisation(x) AS CASE length(x) WHEN 18 THEN substr(x, 9, 9) WHEN 15 THEN substr(x, 7)
  ELSE x END;
CREATE OR REPLACE MACRO citizen_check(x) AS substr('10X98765432', 1 + list_sum(list_transform(
  list_zip(string_split(left(x, 17), ''), [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]),
  lambda p: TRY_CAST(p[1] AS INTEGER) * p[2]))::INTEGER % 11, 1);
CREATE OR REPLACE MACRO is_citizen(x) AS coalesce(regexp_full_match(x,
  '(1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])[0-9]{15}[0-9X]')
  AND substr(x, 7, 4) >= '1850' AND TRY_CAST(substr(x, 7, 4) || '-' || substr(x, 11, 2) || '-' || substr(x, 13, 2)
  AS DATE) IS NOT NULL AND citizen_check(x) = right(x, 1), false);
CREATE OR REPLACE MACRO k_taxpayer(x) AS CASE WHEN is_citizen(x) THEN k_person(x) ELSE k_organisation(x) END;
CREATE OR REPLACE MACRO k_text(x) AS x;
CREATE OR REPLACE MACRO spelled(x) AS upper(regexp_replace(translate(trim(x),
  '０１２３４５６７８９ＡＢＣＤＥＦＧＨＪＫＬＭＮＰＱＲＴＵＷＸＹ', '0123456789ABCDEFGHJKLMNPQRTUWXY'), '[ -]', '', 'g'));
CREATE OR REPLACE MACRO spelled_citizen(x) AS CASE WHEN length(spelled(x)) = 15
  THEN k_person(spelled(x)) || citizen_check(k_person(spelled(x))) ELSE spelled(x) END;
"""
IDENTIFIERS = ("uscc", "taxpayer_id", "plate", "vin", "real_estate_unit", "division")


def documents_of(*folders):
    """All objects of the YAML files below the folders, or of the files."""
    for folder in map(pathlib.Path, folders):
        for path in sorted(folder.rglob("*.yaml")) if folder.is_dir() else [folder]:
            with open(path, encoding="utf-8") as text:
                yield from filter(None, yaml.safe_load_all(text))


class Catalog:
    """Resources as they are declared."""

    def __init__(self, *folders):
        self.resources = {document["name"].removeprefix("resources/"): document
                          for document in documents_of(*folders) if document["kind"] == "Resource"}

    def field(self, resource, name):
        return next((field for field in self.resources[resource]["fields"] if field["name"] == name), None)

    def type_of(self, resource, name):
        """The Sql of a field as formulas see it; None where there is no such field."""
        field = self.field(resource, name)
        if field is None:
            return None
        kind, column = field["type"], f'"{name}"'
        if kind == "money":
            return Sql(column, unit=(("fen", 1),))
        if kind in ("integer", "decimal"):
            return Sql(column, scale=int(field.get("scale", 0)), unit=unit_of(field.get("unit", ""))[0])
        return Sql(column, kind={"date": "date", "timestamp": "date", "bool": "boolean"}.get(kind, "text"))

    def column_sql(self, resource, name):
        """A text of a file as the value that is stored."""
        field, text = self.field(resource, name), f'"{name}"'
        kind = field["type"]
        if kind in ("money", "decimal"):
            scale = 2 if kind == "money" else int(field.get("scale", 0))
            return f"CAST({text}::DECIMAL(38, 6) * {10 ** scale} AS BIGINT)"
        if kind == "timestamp":
            return f"({text}::TIMESTAMP + INTERVAL 8 HOUR)::DATE"
        if kind == "citizen_id":
            return f"spelled_citizen({text})"
        if kind in IDENTIFIERS:
            return f"spelled({text})"
        return f"{text}::{ {'integer': 'BIGINT', 'date': 'DATE', 'bool': 'BOOLEAN'}.get(kind, 'VARCHAR') }"

    def load(self, connection, resource, files, fields):
        """Makes the table of a resource: of each record what was sent last, or has the highest version."""
        declared = self.resources[resource]
        owner = declared["owner_field"]
        identity = [owner, *declared.get("record_key_fields", [])]
        version = declared.get("version_field")
        names = ", ".join(f'{self.column_sql(resource, name)} AS "{name}"' for name in sorted({*identity, *fields}))
        sources = " UNION ALL ".join(
            f"SELECT *, {number} AS file, row_number() OVER () AS line FROM read_csv({quoted(str(path))}, header=true, "
            f"delim=',', quote='\"', escape='\"', all_varchar=true, parallel=false, strict_mode=true)"
            for number, path in enumerate(files))
        kind = {"person": "k_person", "organisation": "k_organisation"}.get(declared["owner_kind"], "k_text")
        same = ", ".join([f'{kind}("{owner}")', *(f'"{name}"' for name in identity[1:])])
        order = ", ".join([*([f"version DESC"] if version else []), "file DESC", "line DESC"])
        version_sql = f', "{version}"::TIMESTAMP AS version' if version else ""
        connection.execute(
            f'CREATE OR REPLACE TABLE "{resource}" AS SELECT * EXCLUDE (file, line) FROM (SELECT {names}, file, line'
            f"{version_sql} FROM ({sources})) QUALIFY row_number() OVER (PARTITION BY {same} ORDER BY {order}) = 1")


class RuleSql:
    """One rule as a query. Not for use twice."""

    def __init__(self, rule, parameters, catalog, as_of, period=None):
        self.rule, self.parameters, self.catalog = rule, parameters, catalog
        self.as_of = f"DATE '{as_of}'"
        self.kinds = [part["kind"] for part in rule["key"]]
        self.period = Formula(f'{rule["period"]}("{period}")', None, None, None).translate() if period else None
        if self.period:
            self.period = dataclasses.replace(self.period, fault=None)
        self.sides, self.ctes, self.names = {}, [], {}

    # Names, in the scopes of the language.

    def common(self, side, name):
        if side:
            return None
        if name == "as_of":
            return Sql(self.as_of, None, "date")
        if name == "period" and self.period:
            return self.period
        return self.parameters.get(name)

    def find_of_row(self, side_of_row):
        def find(side, name):
            if side:
                return self.used_side(side).measures[name]
            fields = [self.catalog.type_of(resource, name) for resource in side_of_row.resources]
            if fields[0]:
                side_of_row.fields.add(name)
                return dataclasses.replace(fields[0], value=f'r."{name}"')
            return self.known(self.common(side, name), side, name)
        return find

    def find_of_group(self, names):
        def find(side, name):
            if side in self.sides:
                return self.sides[side].measures[name]
            return self.known(names.get((side, name)) or self.common(side, name), side, name)
        return find

    @staticmethod
    def known(found, side, name):
        if found is None:
            raise FormulaError(f"there is no {side}.{name}")
        return found

    def used_side(self, name):
        self.used.add(name)
        return self.sides[name]

    # Sides.

    def side_sql(self, declared):
        side = Side(declared["name"], declared["resources"])
        self.used = set()
        find, rows = self.find_of_row(side), lambda name: self.used_side(name).rows if name in self.sides else None

        def translate(text):
            return Formula(text, find, rows, self.as_of).translate()

        keys = self.keys_sql(declared, translate)
        condition = translate(declared["filter"]) if "filter" in declared else Sql("true", None, "boolean")
        measures = [(measure["name"], *measure_sql(measure["value"], translate))
                    for measure in declared.get("measures", [])]
        side.parts = len(keys)
        counts = f" FILTER (WHERE {condition.value})"
        columns = [f"{key} AS k{i}" for i, key in enumerate(keys)] + [f"count(*){counts} AS n"]
        spoiled = None
        if condition.fault:
            columns.append(f"bool_or({condition.fault}) AS spoiled")
            spoiled = f'coalesce({side.name}_.spoiled, false)'
        side.rows = Sql(f"coalesce({side.name}_.n, 0)", spoiled)
        for name, value, fault, kept in measures:
            columns.append(f'{value.replace(FILTER, counts)} AS "m_{name}"')
            faults = [Sql("", spoiled)]
            if fault:
                columns.append(f'bool_or({fault}){counts} AS "f_{name}"')
                faults.append(Sql("", f'coalesce({side.name}_."f_{name}", false)'))
            found = f'{side.name}_."m_{name}"'
            found = f"coalesce({found}, {kept.any_unit})" if kept.any_unit else found
            fault = any_fault(*faults)
            found = f"(CASE WHEN NOT {fault} THEN {found} END)" if fault else found
            side.measures[name] = dataclasses.replace(kept, value=found, fault=fault, any_unit=False)
        self.ctes.append((side.name + "_", self.gather(side, keys, columns)))
        self.sides[side.name] = side

    def keys_sql(self, declared, translate):
        """The parts of the key of a row. What cannot be computed is as what is missing: such a row has no key."""
        parts = [translate(text).value for text in declared["key"]]
        return [f"k_{kind}({part})" if kind in TEXT_KINDS else part for kind, part in zip(self.kinds, parts)]

    def rows_sql(self, side, resource):
        """The rows of a resource of a side."""
        fields = ", ".join(f'"{name}"' for name in sorted(side.fields))
        return f'SELECT {fields} FROM "{resource}"'

    def gather(self, side, keys, columns):
        source = " UNION ALL ".join(self.rows_sql(side, resource) for resource in side.resources)
        source = f"({source}) r"
        for name in sorted(self.used):
            other = self.sides[name]
            on = " AND ".join(f"{name}_.k{i} = {keys[i]}" for i in range(other.parts))
            source += f" LEFT JOIN {name}_ ON {on}"
        there = " AND ".join(f"{key} IS NOT NULL" for key in keys)
        numbers = ", ".join(str(i + 1) for i in range(len(keys)))
        return f"SELECT {', '.join(columns)} FROM {source} WHERE {there} GROUP BY {numbers}"

    # Groups.

    def groups_sql(self):
        """All keys with what is gathered of each side."""
        whole = [side for side in self.sides.values() if side.parts == len(self.kinds)]
        parts = ", ".join(f"k{i}" for i in range(len(self.kinds)))
        tables = f"{whole[0].name}_"
        for side in whole[1:]:
            tables += f" FULL JOIN {side.name}_ USING ({parts})"
        for side in self.sides.values():
            if side.parts < len(self.kinds):
                on = " AND ".join(f"{side.name}_.k{i} = {self.joined_key(whole, i)}" for i in range(side.parts))
                tables += f" LEFT JOIN {side.name}_ ON {on}"
        columns = [f"{self.joined_key(whole, i)} AS k{i}" for i in range(len(self.kinds))]
        for side in self.sides.values():
            columns += self.columns_of(f"n_{side.name}", side.rows)
            side.rows = self.column(f"n_{side.name}", side.rows)
            for name, measure in side.measures.items():
                columns += self.columns_of(f"m_{side.name}_{name}", measure)
                side.measures[name] = self.column(f"m_{side.name}_{name}", measure)
        self.ctes.append(("groups_", f"SELECT {', '.join(columns)} FROM {tables}"))

    @staticmethod
    def joined_key(whole, i):
        return f"coalesce({', '.join(f'{side.name}_.k{i}' for side in whole)})"

    @staticmethod
    def columns_of(name, part):
        return [f'{part.value} AS "{name}"'] + ([f'{part.fault} AS "{name}_f"'] if part.fault else [])

    @staticmethod
    def column(name, part):
        return dataclasses.replace(part, value=f'"{name}"', fault=f'"{name}_f"' if part.fault else None)

    def rows_of_group(self, name):
        return self.sides[name].rows if name in self.sides else None

    def layers(self, prefix, before, declared, names):
        """One table per formula, each with the columns of the one before and its own."""
        for value in declared:
            formula = Formula(value["value"], self.find_of_group(names), self.rows_of_group, "rates_day").translate()
            table = f"{prefix}{value['name']}_"
            name = f"v_{prefix}{value['name']}"
            self.ctes.append((table, f"SELECT *, {', '.join(self.columns_of(name, formula))} FROM {before}"))
            names["", value["name"]] = self.column(name, formula)
            before = table
        return before

    def rates(self, before, names):
        if "rates_on" not in self.rule:
            day = self.as_of
        else:
            day = Formula(self.rule["rates_on"], self.find_of_group(names), self.rows_of_group, self.as_of).translate()
            day = f"coalesce({day.value}, {self.as_of})"
        table = "rated_" + before
        self.ctes.append((table, f"SELECT *, {day} AS rates_day FROM {before}"))
        return table

    def key_names(self, count):
        names = {}
        for i, part in enumerate(self.rule["key"][:count]):
            names["", part["name"]] = Sql(f"k{i}", None, "text" if part["kind"] in TEXT_KINDS else part["kind"])
        return names

    def rollup(self, before, names):
        declared = self.rule["rollup"]
        count = len(declared["by"])
        columns, totals = [f"k{i}" for i in range(count)], self.key_names(count)

        def translate(text):
            return Formula(text, self.find_of_group(names), self.rows_of_group, "rates_day").translate()

        for measure in declared["measures"]:
            value, fault, kept = measure_sql(measure["value"], translate)
            name = f"t_{measure['name']}"
            part = dataclasses.replace(kept, any_unit=False)
            columns.append(f'{value.replace(FILTER, "")} AS "{name}"')
            if fault:
                columns.append(f'coalesce(bool_or({fault}), false) AS "{name}_f"')
                part = dataclasses.replace(part, fault="x")
            totals["total", measure["name"]] = self.column(name, part)
        numbers = ", ".join(str(i + 1) for i in range(count))
        self.ctes.append(("totals_", f"SELECT {', '.join(columns)} FROM {before} GROUP BY {numbers}"))
        self.kinds = self.kinds[:count]
        return self.layers("t", self.rates("totals_", totals), self.rule.get("totals", []), totals), totals

    def peers(self, before, names):
        declared = self.rule["peers"]

        def translate(text):
            return Formula(text, self.find_of_group(names), self.rows_of_group, "rates_day").translate()

        group, value = translate(declared["group"]), translate(declared["value"])
        least = max(1, int(declared.get("least_members", 0)))
        percentile = int(declared["percentile"])
        self.ctes.append(("peers_", f"SELECT {group.value} AS peer_group, list_sort(list({value.value}))"
                          f"[((count(*) * {percentile} + 99) // 100)::INTEGER] AS cut_off FROM {before} "
                          f"WHERE {group.value} IS NOT NULL AND {value.value} IS NOT NULL GROUP BY 1 "
                          f"HAVING count(*) >= {least}"))
        self.ctes.append(("with_peers_", f"SELECT b.*, p.cut_off FROM {before} b LEFT JOIN peers_ p "
                          f"ON p.peer_group = {group.value}"))
        names["peers", "cut_off"] = dataclasses.replace(value, value="cut_off", fault=None)
        return "with_peers_"

    def query(self):
        """Rows: state (finding, not_due, undetermined, problem), parts of the key as text, amount, whether the amount
        cannot be said, subject."""
        for side in self.rule["sides"]:
            self.side_sql(side)
        self.groups_sql()
        names = self.key_names(len(self.kinds))
        table = self.layers("", self.rates("groups_", names), self.rule.get("values", []), names)
        if "rollup" in self.rule:
            table, names = self.rollup(table, names)
        if "peers" in self.rule:
            table = self.peers(table, names)

        def translate(name, otherwise):
            if name not in self.rule:
                return otherwise
            return Formula(self.rule[name], self.find_of_group(names), self.rows_of_group, "rates_day").translate()

        when, due = translate("when", None), translate("due", Sql("NULL::DATE"))
        amount, subject = translate("amount", Sql("NULL")), translate("subject", Sql("NULL::VARCHAR", None, "text"))
        first = "k0" if self.kinds[0] in TEXT_KINDS else "''"
        state = (f"CASE WHEN {due.value} > {self.as_of} THEN 'not_due' WHEN {when.value} THEN 'finding' "
                 f"WHEN {when.value} IS NOT NULL THEN 'none' WHEN {when.fault or 'false'} THEN 'problem' "
                 f"ELSE 'undetermined' END")
        keys = [self.key_text(i, kind) for i, kind in enumerate(self.kinds)]
        ctes = ",\n".join(f"{name} AS ({sql})" for name, sql in self.ctes)
        return (f"WITH {ctes}\nSELECT {state} AS state, [{', '.join(keys)}] AS key, "
                f"({amount.value})::HUGEINT AS amount, {amount.fault or 'false'} AS unsaid, "
                f"coalesce({subject.value}, {first}) AS subject FROM {table}")

    @staticmethod
    def key_text(i, kind):
        if kind == "month":
            return f"printf('%d-%02d', k{i} // 12, k{i} % 12 + 1)"
        if kind == "quarter":
            return f"printf('%dQ%d', k{i} // 4, k{i} % 4 + 1)"
        return f"k{i}::VARCHAR"


class Side:
    """A side while it is translated."""

    def __init__(self, name, resources):
        self.name, self.resources = name, resources
        self.fields, self.measures, self.rows, self.parts = set(), {}, None, 0


# Stands for the condition of a side in the SQL of a measure.
FILTER = "\0"


def measure_sql(text, translate):
    """The SQL of a measure, what makes it impossible to say, and its type; `any_unit` of the type is what an empty side
    has instead of NULL."""
    word, _, inner = text.partition("(")
    word, inner = word.strip(), inner.rsplit(")", 1)[0].strip()
    if word == "count" and not inner:
        return f"count(*){FILTER}", None, Sql("", any_unit="0")
    value, *by = (translate(part) for part in split(inner))
    if word in ("count", "exists"):
        counted = f"count(CASE WHEN {value.value} THEN 1 END){FILTER}"
        if word == "count":
            return counted, value.fault, Sql("", any_unit="0")
        return f"({counted} > 0)", value.fault, Sql("", None, "boolean", any_unit="false")
    if word == "count_distinct":
        return f"count(DISTINCT {value.value}){FILTER}", value.fault, Sql("", any_unit="0")
    kept = dataclasses.replace(value, value="", fault=None, any_unit=False)
    if word in ("sum", "min", "max"):
        return f"{word}({value.value}){FILTER}", value.fault, kept
    # What is equal in time is told apart by the value, so that the order of rows does not matter.
    day = by[0]
    fault = any_fault(value, Sql("", day.fault and f"({value.value} IS NOT NULL AND {day.fault})"))
    pair = (f"CASE WHEN {value.value} IS NOT NULL AND {day.value} IS NOT NULL "
            f"THEN {{'by': {day.value}, 'value': {value.value}}} END")
    return f"struct_extract({'min' if word == 'first' else 'max'}({pair}){FILTER}, 'value')", fault, kept


def split(text):
    """The arguments of a call."""
    parts, depth, begin, in_text = [], 0, 0, False
    for at, character in enumerate(text):
        in_text ^= character == '"'
        if in_text:
            continue
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(text[begin:at])
            begin = at + 1
    return parts + [text[begin:]]


class Oracle:
    """The rules and parameters of some folders over tables in DuckDB."""

    def __init__(self, connection, catalog, *folders):
        documents = list(documents_of(*folders))
        self.connection, self.catalog = connection, catalog
        self.rules = {rule["name"]: rule for rule in documents if rule["kind"] == "ComparisonRule"}
        self.parameters = {parameter["name"].removeprefix("parameters/"): Parameter(parameter)
                           for parameter in documents if parameter["kind"] == "ComparisonParameter"}
        connection.execute("SET error_on_division_by_zero = false")
        connection.execute("SET preserve_insertion_order = true")
        for macros in (MACROS, KEY_MACROS):
            connection.execute(macros)

    def fields(self):
        """Which fields of which resources the rules name."""
        fields = {}
        for rule in self.rules.values():
            for side in rule["sides"]:
                text = yaml.safe_dump({key: side.get(key) for key in ("key", "filter", "measures")}, allow_unicode=True)
                for resource in side["resources"]:
                    known = {field["name"] for field in self.catalog.resources[resource]["fields"]}
                    fields.setdefault(resource, set()).update(known & set(re.findall(r"[a-z][a-z0-9_]*", text)))
        return fields

    def sql(self, rule, as_of, period):
        return RuleSql(self.rules[rule], self.parameters, self.catalog, as_of, period).query()

    def run(self, rule, as_of, period=None):
        """The findings as a set of (key, amount in fen or None, subject), and how many keys are in each state."""
        findings, states = set(), dict.fromkeys(("finding", "not_due", "undetermined", "problem", "none", "keys"), 0)
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE told AS {self.sql(rule, as_of, period)}")
        for _, key, amount, unsaid, subject in self.connection.execute(
                "SELECT * FROM told WHERE state = 'finding'").fetchall():
            findings.add((tuple(key), None if amount is None else int(amount), subject))
            states["problem"] += bool(unsaid)
        for state, count in self.connection.execute("SELECT state, count(*) FROM told GROUP BY 1").fetchall():
            states[state] += count
            states["keys"] += count
        return findings, states
