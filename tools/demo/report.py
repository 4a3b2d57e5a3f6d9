"""What the story computes from files and JSON answers: report.py SUBCOMMAND ARGUMENT..., one function each."""

import collections
import csv
import json
import os
import sys


def get(text, key):
    """A value of the first line of JSON."""
    print(json.loads(text.splitlines()[0])[key])


def count(text, key):
    """The length of a list."""
    print(len(json.loads(text)[key]))


def published(folder, seconds, rate_file):
    """The table of what was published, and why rows were refused."""
    keys = ("rows", "accepted", "duplicate", "refused")
    total = dict.fromkeys(keys, 0)
    reasons = collections.Counter()
    line = "   %-28s %8s %9s %10s %8s %10s"
    print(line % ("RESOURCE", "ROWS", "ACCEPTED", "DUPLICATE", "REFUSED", "ROWS/S"))
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name)) as file:
            counts = json.load(file)
        counts["refused"] += counts["conflict"]
        print(line % (name, *(counts[key] for key in keys), round(counts["rows"] / max(counts["seconds"], 1e-3))))
        for key in keys:
            total[key] += counts[key]
        reasons.update(counts["by_reason"])
    rate = round(total["rows"] / float(seconds))
    print(line % ("all, side by side", *total.values(), rate))
    print("   refused for: " + ", ".join("%s %d" % item for item in reasons.most_common()))
    with open(rate_file, "w") as file:
        file.write(f"{total['rows']} records published and applied in {seconds} s: {rate} per second")


def update(folder, instant, out):
    """Writes three undamaged enterprises that have a phone, with another time of update."""
    name = "scjg.enterprise.csv"
    with open(f"{folder}/truth.csv", encoding="utf-8") as file:
        damaged = {int(row["line"]) for row in csv.DictReader(file) if row["file"] == name}
    with open(f"{folder}/{name}", encoding="utf-8", errors="replace") as file:
        lines = file.read().splitlines()
    head = lines[0].split(",")
    phone, updated = head.index("contact_phone"), head.index("updated_at")
    rows = []
    for number, text in enumerate(lines[1:], start=2):
        cells = text.split(",")
        if number in damaged or number + 1 in damaged or not cells[phone]:
            continue
        cells[updated] = instant
        rows.append(",".join(cells))
        if len(rows) == 3:
            break
    with open(out, "w", encoding="utf-8") as file:
        file.write("\n".join([lines[0], *rows]) + "\n")


def stream():
    """Changes from standard input, a line each."""
    for text in sys.stdin:
        change = json.loads(text)
        if "change" not in change:
            continue
        fields = change["fields"]
        phone = fields.get("contact_phone", "(withheld)")
        print(f"   {change['change']:8} {change['position']:32} {fields['name']}  contact_phone={phone}")


def audit():
    """Entries from standard input, counted by action and decision."""
    counts = collections.Counter()
    for text in sys.stdin:
        entry = json.loads(text)
        counts[entry["action"], "allowed" if entry["allowed"] else "denied " + entry["reason"]] += 1
    print("   Among the newest entries:")
    for (action, decision), number in sorted(counts.items()):
        print(f"   {number:6}  {action:8} {decision}")


def figures(rate, reads, decisions):
    """The figures: one line each, what was measured and how."""
    read = dict(word.split("=") for word in reads.split()[1:])
    decision = dict(word.split("=") for word in decisions.split()[1:])
    print(f"   publish    {rate}")
    print(f"   reads      {read['per_second']} per second, each decided, and audited durably; "
          f"{read['outstanding']} at a time, half in {read['p50_us']} us, 99 % in {read['p99_us']} us")
    print(f"   decisions  {decision['p50_ns']} ns each (median; 99 % in {decision['p99_ns']} ns): "
          f"{decision['per_second']} per second on one core")


if __name__ == "__main__":
    {function.__name__: function for function in (get, count, published, update, stream, audit, figures)}[
        sys.argv[1]](*sys.argv[2:])
