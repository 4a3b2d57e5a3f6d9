"""Formulas of comparison rules, translated to SQL of DuckDB: an account of the language of its own, beside the one that
libs/comparison compiles. README.md, "Comparing", says what the language is.

A value is two expressions: `value`, NULL where it is missing or cannot be computed, and `fault`, true where it cannot
be computed (division by zero, no parameter, no such period); fault is None where that cannot happen. Numbers are whole
numbers with a fixed scale; dates are DATE; months, quarters and years are whole numbers.
"""

import dataclasses
import re

ALIASES = {"yuan": ("fen", 100), "wan_yuan": ("fen", 1000000), "days": ("day", 1), "months": ("month", 1),
           "quarters": ("quarter", 1), "years": ("year", 1), "person": ("", 1), "persons": ("", 1)}
PERIODS = {"date": "day", "month": "month", "quarter": "quarter", "year": "year"}
MONTHS_OF = {"month": 1, "quarter": 3, "year": 12}
TOKEN = re.compile(r'\s*(?:(\d{4}-\d\d-\d\d)|(\d{4}-\d\d)(?!\d)|(\d+(?:\.\d+)?)|"([^"]*)"|([a-z][a-z0-9_]*)'
                   r'|(!=|<=|>=|[-=<>+*/().,]))')

# Quotients of whole numbers, rounded; NULL where the divisor is 0.
MACROS = """
CREATE OR REPLACE MACRO q_floor(a, b) AS a // b - CASE WHEN a % b <> 0 AND (a < 0) <> (b < 0) THEN 1 ELSE 0 END;
CREATE OR REPLACE MACRO q_ceil(a, b) AS a // b + CASE WHEN a % b <> 0 AND (a < 0) = (b < 0) THEN 1 ELSE 0 END;
CREATE OR REPLACE MACRO q_sign(a, b) AS CASE WHEN (a < 0) = (b < 0) THEN 1 ELSE -1 END;
CREATE OR REPLACE MACRO q_round(a, b) AS
  q_sign(a, b) * ((abs(a::HUGEINT) * 2 + abs(b::HUGEINT)) // (abs(b::HUGEINT) * 2));
CREATE OR REPLACE MACRO q_even(a, b) AS q_round(a, b) - CASE
  WHEN (abs(a::HUGEINT) * 2) % (abs(b::HUGEINT) * 2) = abs(b::HUGEINT) AND q_round(a, b) % 2 <> 0
  THEN q_sign(a, b) ELSE 0 END;
"""
QUOTIENTS = {"floor": "q_floor", "ceil": "q_ceil", "round": "q_round", "round_even": "q_even"}


class FormulaError(Exception):
    """What the oracle does not understand."""


@dataclasses.dataclass(frozen=True)
class Sql:
    """A typed expression. `unit` is a sorted tuple of (name, power); `any_unit` is a written zero."""
    value: str
    fault: str | None = None
    kind: str = "number"
    scale: int = 0
    unit: tuple = ()
    any_unit: bool = False


def unit_of(text):
    """The unit and its factor: "yuan/square_metre" is fen per square metre, times 100."""
    powers, factor, sign = {}, 1, 1
    for name in re.findall(r"[a-z][a-z0-9_]*|/|\*", text or ""):
        if name in "/*":
            sign = -1 if name == "/" else 1
            continue
        base, times = ALIASES.get(name, (name, 1))
        factor *= times
        if base:
            powers[base] = powers.get(base, 0) + sign
        sign = 1
    return join_units(tuple(sorted(powers.items())), (), 1), factor


def join_units(a, b, sign):
    powers = dict(a)
    for name, power in b:
        powers[name] = powers.get(name, 0) + sign * power
    return tuple(sorted((name, power) for name, power in powers.items() if power))


def any_fault(*parts):
    faults = [part.fault for part in parts if part.fault]
    return "(" + " OR ".join(faults) + ")" if faults else None


def tokens_of(text):
    tokens, at = [], 0
    text = text.rstrip()
    while at < len(text):
        found = TOKEN.match(text, at)
        if not found:
            raise FormulaError(f"cannot read {text[at:]!r}")
        kinds = ("date", "month", "number", "text", "name", "sign")
        tokens.append(next((kind, group) for kind, group in zip(kinds, found.groups()) if group is not None))
        at = found.end()
    return tokens + [("end", "")]


class Formula:
    """Translates one formula. `find(side, name)` gives the Sql of a name or a Parameter; `rows(side)` the number of
    rows of a side; `day` is the expression of the day whose parameters count."""

    def __init__(self, text, find, rows, day):
        self.tokens, self.at = tokens_of(text), 0
        self.find, self.rows, self.day = find, rows, day

    def translate(self):
        result = self.either()
        if self.peek()[0] != "end":
            raise FormulaError(f"{self.peek()} should not be there")
        return result

    def peek(self):
        return self.tokens[self.at]

    def take(self, *signs):
        kind, text = self.peek()
        if kind in ("sign", "name") and text in signs:
            self.at += 1
            return text
        return None

    def want(self, sign):
        if not self.take(sign):
            raise FormulaError(f"{sign} is needed, not {self.peek()}")

    def either(self):
        parts = [self.both()]
        while self.take("or"):
            parts.append(self.both())
        return logic("OR", parts)

    def both(self):
        parts = [self.negation()]
        while self.take("and"):
            parts.append(self.negation())
        return logic("AND", parts)

    def negation(self):
        if self.take("not"):
            inner = self.negation()
            return Sql(f"(NOT {inner.value})", inner.fault, "boolean")
        return self.comparison()

    def comparison(self):
        left = self.sum()
        sign = self.take("=", "!=", "<=", ">=", "<", ">")
        if sign:
            return compare(sign, left, self.sum())
        negated = bool(self.take("not"))
        if not self.take("in"):
            return left
        self.want("(")
        parts = [compare("=", left, item) for item in self.items()]
        found = logic("OR", parts)
        return Sql(f"(NOT {found.value})", found.fault, "boolean") if negated else found

    def items(self):
        items = [self.either()]
        while self.take(","):
            items.append(self.either())
        self.want(")")
        return items

    def sum(self):
        left = self.product()
        while sign := self.take("+", "-"):
            left = add(sign, left, self.product())
        return left

    def product(self):
        left = self.factor()
        while sign := self.take("*", "/"):
            right = self.factor()
            left = multiply(left, right) if sign == "*" else Quotient(left, right)
        return left

    def factor(self):
        if self.take("-"):
            inner = self.factor()
            return dataclasses.replace(inner, value=f"(-({inner.value})::HUGEINT)")
        return self.primary()

    def primary(self):
        kind, text = self.peek()
        self.at += 1
        if kind == "number":
            return self.number(text)
        if kind == "text":
            return Sql(quoted(text), None, "text")
        if kind == "date":
            return Sql(f"DATE '{text}'", None, "date")
        if kind == "month":
            return Sql(str(int(text[:4]) * 12 + int(text[5:]) - 1), None, "month")
        if kind == "name":
            return self.named(text)
        if text != "(":
            raise FormulaError(f"{text} should not be there")
        inner = self.either()
        self.want(")")
        return inner

    def number(self, digits):
        whole, _, behind = digits.partition(".")
        kind, name = self.peek()
        unit, factor = (), 1
        written = kind == "name" and name not in ("and", "or", "in", "not")
        if written:
            self.at += 1
            unit, factor = unit_of(name)
        value, scale = int(whole + behind), len(behind)
        any_unit = value == 0 and not written
        value *= factor
        while scale > 0 and factor % 10 == 0:
            value, scale, factor = value // 10, scale - 1, factor // 10
        return Sql(str(value), None, "number", scale, unit, any_unit)

    def named(self, name):
        if name in ("true", "false"):
            return Sql(name, None, "boolean")
        if self.take("("):
            return self.call(name)
        side = ""
        if self.take("."):
            side, name = name, self.peek()[1]
            self.at += 1
        found = self.find(side, name)
        return found.on(self.day, None) if isinstance(found, Parameter) else found

    def call(self, name):
        if name in ("present", "missing"):
            return self.presence(name)
        if name == "at":
            return self.at_day()
        if name in QUOTIENTS:
            return self.rounding(name)
        arguments = self.items()
        if name in FUNCTIONS:
            return FUNCTIONS[name](*arguments)
        return self.find("", name).on(self.day, arguments[0])

    def presence(self, name):
        kind, text = self.peek()
        rows = self.rows(text) if kind == "name" and self.tokens[self.at + 1] == ("sign", ")") else None
        if rows:
            self.at += 2
            found = Sql(f"({rows.value} > 0)", rows.fault, "boolean")
        else:
            inner = self.items()[0]
            found = Sql(f"({inner.value} IS NOT NULL)", inner.fault, "boolean")
        if found.fault:
            found = dataclasses.replace(found, value=f"(CASE WHEN NOT {found.fault} THEN {found.value} END)")
        return found if name == "present" else Sql(f"(NOT {found.value})", found.fault, "boolean")

    def at_day(self):
        parameter, code = self.find("", self.peek()[1]), None
        self.at += 1
        if self.take("("):
            code = self.items()[0]
        self.want(",")
        day = self.items()[0]
        return parameter.on(day.value, code, day.fault)

    def rounding(self, name):
        inner, *digits = self.items()
        scale = int(digits[0].value) if digits else 0
        macro = QUOTIENTS[name]
        if not isinstance(inner, Quotient):
            if inner.scale <= scale:
                return inner
            value = f"{macro}(({inner.value})::HUGEINT, {10 ** (inner.scale - scale)}::HUGEINT)"
            return dataclasses.replace(inner, value=value, scale=scale)
        above, below = inner.above, inner.below
        power = scale + below.scale - above.scale
        above_value, below_value = f"({above.value})::HUGEINT", f"({below.value})::HUGEINT"
        if power > 0:
            above_value = f"({above_value} * {10 ** power})"
        elif power < 0:
            below_value = f"({below_value} * {10 ** -power})"
        zero = f"coalesce({below.value} = 0 AND {above.value} IS NOT NULL, false)"
        return Sql(f"{macro}({above_value}, {below_value})", any_fault(above, below, Sql("", zero)), "number", scale,
                   join_units(above.unit, below.unit, -1))


@dataclasses.dataclass(frozen=True)
class Quotient:
    """A division that is not rounded yet."""
    above: Sql
    below: Sql


class Parameter:
    """A dated value, by code where it has some: rows of (code, first day, last day, whole number)."""

    def __init__(self, declared):
        unit, factor = unit_of(declared.get("unit", ""))
        scale = digits = int(declared.get("scale", 0))
        while scale > 0 and factor % 10 == 0:
            scale, factor = scale - 1, factor // 10
        self.scale, self.unit = scale, unit
        self.rows = []
        for value in declared["values"]:
            whole, _, behind = str(value["value"]).partition(".")
            mantissa = int(whole + behind.ljust(digits, "0")) * factor
            self.rows.append((value.get("code"), str(value["valid_from"]), str(value.get("valid_until", "")), mantissa))
        self.rows.sort(key=lambda row: row[1], reverse=True)

    def on(self, day, code, day_fault=None):
        """The value on a day: that of the newest row that has begun, unless it has ended."""
        cases, codes = [], {row[0] for row in self.rows}
        for one in sorted(codes, key=str):
            same = f"{code.value} = {quoted(one)} AND " if code else ""
            for _, begin, end, value in (row for row in self.rows if row[0] == one):
                ended = f"CASE WHEN {day} <= DATE '{end}' THEN {value} END" if end else str(value)
                cases.append(f"WHEN {same}{day} >= DATE '{begin}' THEN {ended}")
        value = f"(CASE {' '.join(cases)} END)"
        asked = f"{day} IS NOT NULL" + (f" AND {code.value} IS NOT NULL" if code else "")
        none = f"({asked} AND {value} IS NULL)"
        return Sql(value, any_fault(*([code] if code else []), Sql("", day_fault), Sql("", none)), "number",
                   self.scale, self.unit)


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def logic(word, parts):
    if len(parts) == 1:
        return parts[0]
    value = "(" + f" {word} ".join(part.value for part in parts) + ")"
    fault = any_fault(*parts)
    return Sql(value, f"({value} IS NULL AND {fault})" if fault else None, "boolean")


def scaled(part, scale):
    if part.scale == scale:
        return part
    value = f"(({part.value})::HUGEINT * {10 ** (scale - part.scale)})"
    return dataclasses.replace(part, value=value, scale=scale)


def align(parts):
    """Numbers brought to one unit and the longest scale."""
    if len({part.kind for part in parts}) > 1:
        raise FormulaError(f"{[part.kind for part in parts]} do not go together")
    if parts[0].kind != "number":
        return list(parts)
    units = {part.unit for part in parts if not part.any_unit}
    if len(units) > 1:
        raise FormulaError(f"the units differ: {units}")
    unit, scale = units.pop() if units else (), max(part.scale for part in parts)
    zero = all(part.any_unit for part in parts)
    return [dataclasses.replace(scaled(part, scale), unit=unit, any_unit=zero) for part in parts]


def compare(sign, left, right):
    left, right = align([left, right])
    return Sql(f"({left.value} {sign.replace('!=', '<>')} {right.value})", any_fault(left, right), "boolean")


def add(sign, left, right):
    fault = any_fault(left, right)
    if left.kind in PERIODS:
        if right.kind == left.kind:
            return Sql(f"({left.value} - {right.value})", fault, "number", 0, ((PERIODS[left.kind], 1),))
        if right.unit != ((PERIODS[left.kind], 1),) or right.scale:
            raise FormulaError(f"to a {left.kind} whole {PERIODS[left.kind]}s are added")
        return Sql(f"({left.value} {sign} ({right.value})::INTEGER)", fault, left.kind)
    left, right = align([left, right])
    return dataclasses.replace(left, value=f"(({left.value})::HUGEINT {sign} {right.value})", fault=fault)


def multiply(left, right):
    return Sql(f"(({left.value})::HUGEINT * {right.value})", any_fault(left, right), "number",
               left.scale + right.scale, join_units(left.unit, right.unit, 1))


def default(first, second):
    first, second = align([first, second])
    value, fault = f"coalesce({first.value}, {second.value})", second.fault and (
        f"({first.value} IS NULL AND {second.fault})")
    if first.fault:
        value = f"(CASE WHEN NOT {first.fault} THEN {value} END)"
    return dataclasses.replace(second, value=value, fault=any_fault(first, Sql("", fault)))


def choice(condition, yes, no):
    yes, no = align([yes, no])
    fault = None
    if any_fault(condition, yes, no):
        fault = (f"(CASE WHEN {condition.value} THEN {yes.fault or 'false'} WHEN NOT {condition.value} "
                 f"THEN {no.fault or 'false'} ELSE {condition.fault or 'false'} END)")
    value = f"(CASE WHEN {condition.value} THEN {yes.value} WHEN NOT {condition.value} THEN {no.value} END)"
    return dataclasses.replace(no, value=value, fault=fault)


def extreme(word):
    def translate(*parts):
        parts = align(parts)
        values = [part.value for part in parts]
        absent = " OR ".join(f"{value} IS NULL" for value in values)
        value = f"(CASE WHEN {absent} THEN NULL ELSE {word}({', '.join(values)}) END)"
        return dataclasses.replace(parts[0], value=value, fault=any_fault(*parts))
    return translate


def period(to):
    """A period made of a date, a text, a number of a year, or a shorter period."""
    parts_of = 12 // MONTHS_OF[to]

    def translate(inner):
        value = inner.value
        if inner.kind == to:
            return inner
        if inner.kind in MONTHS_OF:
            return Sql(f"({value} * {MONTHS_OF[inner.kind]} // {MONTHS_OF[to]})", inner.fault, to)
        if inner.kind == "date":
            return Sql(f"((year({value}) * 12 + month({value}) - 1) // {MONTHS_OF[to]})", inner.fault, to)
        if inner.kind == "number":
            made = f"(CASE WHEN {value} BETWEEN 1800 AND 9999 THEN {value} END)"
        else:
            form = {"year": "[0-9]{4}", "quarter": "[0-9]{4}Q[1-4]", "month": "[0-9]{4}-(0[1-9]|1[0-2])"}[to]
            part = "" if to == "year" else f" * {parts_of} + substr({value}, 6)::INTEGER - 1"
            made = (f"(CASE WHEN regexp_full_match({value}, '{form}') AND left({value}, 4) >= '1800' "
                    f"THEN left({value}, 4)::INTEGER{part} END)")
        return Sql(made, any_fault(inner, Sql("", f"({value} IS NOT NULL AND {made} IS NULL)")), to)
    return translate


def day_of(last):
    def translate(inner):
        months = f"({inner.value} * {MONTHS_OF[inner.kind]})"
        first = f"make_date({months} // 12, {months} % 12 + 1, 1)"
        ahead = f"({first} + INTERVAL {MONTHS_OF[inner.kind]} MONTH - INTERVAL 1 DAY)::DATE"
        return Sql(ahead if last else first, inner.fault, "date")
    return translate


FUNCTIONS = {
    "if": choice, "default": default, "least": extreme("least"), "greatest": extreme("greatest"),
    "abs": lambda inner: dataclasses.replace(inner, value=f"abs({inner.value})"),
    "month": period("month"), "quarter": period("quarter"), "year": period("year"),
    "first_day": day_of(False), "last_day": day_of(True),
    "left": lambda inner, count: Sql(f"left({inner.value}, {count.value})", inner.fault, "text"),
}
