"""Makes the files of a synthetic city harder: what departments really send.

Rows sent twice, records that were corrected (also in the fields that rules compare by), records of an older version
that come late, fields left empty, other spellings of identifiers, numbers of contracts that differ by leading zeros,
and one key with a tenth of all rows.
"""

import csv
import itertools
import pathlib
import random
import re

EMPTY, TWICE, CORRECTED, SPELLED = 0.02, 0.02, 0.03, 0.1
HOT_SHARE = 0.1
WIDE = str.maketrans("0123456789ABCDEFGH", "０１２３４５６７８９ＡＢＣＤＥＦＧＨ")
# Documents of one company whose numbers are whole numbers with zeros before them: (contract, document of the duty).
ZEROS = (("0012", "0012"), ("012", "12"), ("0034", "034"), ("56", "0056"), ("0", "00"), ("007", "007"))


def optional_fields(resource):
    """Fields that may be left out once the catalog of the test allows it: all that do not tell records apart."""
    kept = {resource["owner_field"], resource.get("version_field"), *resource.get("record_key_fields", [])}
    return [field["name"] for field in resource["fields"] if field["name"] not in kept]


def relax(text):
    """The text of a catalog file in which no field is required; owners and record keys are so all the same."""
    return re.sub(r", required: true", "", text)


def spelled(kind, value, random_):
    """An identifier as somebody else writes it."""
    if kind == "citizen_id" and value[6:8] == "19" and random_.random() < 0.5:
        return value[:6] + value[8:17]
    if kind == "taxpayer_id" and value[:2] == "91":
        return value[2:17]  # the number of before credit codes: region and organisation code
    if kind in ("citizen_id", "uscc"):
        return value.translate(WIDE) if random_.random() < 0.7 else f" {value[:6]}-{value[6:].lower()} "
    return value


class Table:
    """The rows of one resource while they are made harder."""

    def __init__(self, resource, used, random_):
        self.resource, self.random = resource, random_
        self.kinds = {field["name"]: field["type"] for field in resource["fields"]}
        self.version = resource.get("version_field")
        crossed = {rule[key] for rule in resource.get("cross_rules", []) for key in ("field", "other")}
        self.optional = [name for name in optional_fields(resource) if name in used]
        self.corrected = [name for name in self.optional if name not in crossed]

    def soil(self, source, first, second):
        """Writes the rows to `first`, and corrections of some to `second`; how many rows are in both."""
        rows = 0
        with open(source, encoding="utf-8", newline="") as lines, \
                open(first, "w", encoding="utf-8", newline="") as out, \
                open(second, "w", encoding="utf-8", newline="") as later:
            reader, writer, corrections = csv.reader(lines), csv.writer(out), csv.writer(later)
            head = next(reader)
            for heads in (writer, corrections):
                heads.writerow(head)
            pool, at = [], {name: place for place, name in enumerate(head)}
            for row in reader:
                rows += self.one(row, at, pool or [row], writer, corrections)
                pool = (pool + [row])[-50:]
        return rows

    def one(self, row, at, pool, writer, corrections):
        luck = self.random.random
        row = list(row)
        if self.optional and luck() < EMPTY:
            row[at[self.random.choice(self.optional)]] = ""
        if luck() < SPELLED:
            name = self.random.choice(list(at))
            if row[at[name]]:
                row[at[name]] = spelled(self.kinds[name], row[at[name]], self.random)
        writer.writerow(row)
        rows = 1
        if luck() < TWICE:
            writer.writerow(row)
            rows += 1
        if self.corrected and luck() < CORRECTED:
            other = list(row)
            name = self.random.choice(self.corrected)
            other[at[name]] = self.random.choice(pool)[at[name]]
            if self.version:
                # One in three is a version that was overtaken.
                years = self.random.choice((-1, 1, 1))
                version = row[at[self.version]].replace("-02-29", "-02-28")
                other[at[self.version]] = str(int(version[:4]) + years) + version[4:]
            if other != row:
                corrections.writerow(other)
                rows += 1
        return rows


def add_hot_key(folder, rows, resources):
    """Presale contracts and prepayments of one developer in one month, so many that a tenth of all rows is of them."""
    hot = int(rows * HOT_SHARE / (1 - HOT_SHARE))
    with open(folder / "housing.presale_contract.csv", encoding="utf-8", newline="") as lines:
        contract = next(csv.DictReader(row for row in lines if ",," not in row and "-" not in row.split(",")[0]))
    developer = contract["developer"].strip().translate({wide: narrow for narrow, wide in WIDE.items()})
    month = "2025-05"
    half = hot // 2
    with open(folder / "housing.presale_contract.csv", "a", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        names = [field["name"] for field in resources["housing.presale_contract"]["fields"]]
        for number in range(half):
            made = {**contract, "developer": developer, "contract_no": f"{number + 10 ** 12:014d}", "amount": "1090.13",
                    "signed_on": f"{month}-{number % 28 + 1:02d}"}
            writer.writerow([made[name] for name in names])
    with open(folder / "tax.prepayment.csv", "a", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        for number in range(hot - half):
            writer.writerow([developer, contract["developer_name"], "presale", f"{number:012d}", month, "1000.12",
                             "29.97", "2025-06-12"])
    return hot


def add_zeros(folder):
    """Contracts and stamp duties of the first companies, whose numbers differ by zeros in front."""
    with open(folder / "transaction.contract.csv", encoding="utf-8", newline="") as lines:
        companies = [row["uscc"] for row in itertools.islice(csv.DictReader(lines), 20)]
    contracts = [[company, "甲", number, "construction", "90000000.00", "2025-03-28"] for company in companies
                 for number, _ in ZEROS]
    duties = [[company, "甲", number, "construction", "90000000.00", "27000.00", "2025-04-11"] for company in companies
              for _, number in ZEROS]
    for table, rows in (("transaction.contract", contracts), ("tax.stamp_duty", duties)):
        with open(folder / f"{table}.csv", "a", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows(rows)
    return len(contracts) + len(duties)


def soil_city(city, out, resources, used, seed):
    """Writes TABLE.csv and TABLE.later.csv of each resource in `used` (its fields that rules name) to `out`; rows."""
    out = pathlib.Path(out)
    out.mkdir()
    random_, rows = random.Random(seed), 0
    for table in sorted(used):
        rows += Table(resources[table], used[table], random_).soil(
            city / f"{table}.csv", out / f"{table}.csv", out / f"{table}.later.csv")
    rows += add_zeros(out)
    return rows + add_hot_key(out, rows, resources)
