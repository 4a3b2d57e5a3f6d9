"""What comparing finds goes to others with the real program: as records of resources, under grants.
Usage: results_test.py BUILD_FOLDER federation|audit|bank [cluster]

The tax bureau compares the levy for disabled persons' employment, answers some of its clues, and publishes. Each
receiver then reads with its own identity: it gets what it was granted, and nothing else.
"""

import csv
import json
import sys

from cluster_installation import ClusterInstallation
from comparison_test import compare, make_city
from installation import ROOT, Installation, run, until
from installation import main as run_named

PACK, RESULTS = ROOT / "examples" / "comparison", ROOT / "examples" / "results"
LEVY = "t19_disabled_levy"
STAFF = {"hrss.unit_summary", "disabled.staff", "tax.disabled_levy"}
# The libraries whose records the rules compare and the results stand in, for processes of their own.
LIBRARIES = ["legal_entity", "tax"]


def bureau(installation, *words, role="consumer", **options):
    return run(*installation.words(f"tax-{role}", *words), **options)


def clues_of(installation, *words):
    lines = bureau(installation, "-o", "json", "compare", "clues", "--limit", 1000, *words, expect=(0, 1))
    return [json.loads(line) for line in lines.splitlines()]


def publish(installation, resource, *words, expect=(0,)):
    """Publishes a result; its counts that are not zero."""
    told = json.loads(bureau(installation, "-o", "json", "compare", "publish", resource, *words, role="publisher",
                             expect=expect))
    return {name: told[name] for name in ("new", "changed", "unchanged", "deleted", "erased", "refused") if told[name]}


def answer(installation, folder, answers):
    """Answers clues: by name, the columns of a feedback sheet."""
    sheet = folder / "answers.csv"
    bureau(installation, "-o", "csv", "compare", "clues", "--limit", 1000, "--to", sheet)
    with open(sheet, encoding="utf-8") as lines:
        rows = [{**row, **answers[row["疑点编号"]]} for row in csv.DictReader(lines) if row["疑点编号"] in answers]
    with open(sheet, "w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    told = bureau(installation, "compare", "feedback", sheet)
    assert f"{len(answers)} clues answered" in told, told


def start(installation, folder):
    """A city whose levy was compared, with the results declared: three clues are answered and published."""
    make_city(installation, folder, STAFF)
    waiting = json.loads(installation.as_context("manager-1", "-o", "json", "apply", "-f",
                                                 ROOT / "examples" / "city" / "results"))
    installation.as_context("manager-2", "approve", waiting["waiting_change"])
    bureau(installation, "compare", "apply", "-f", PACK, role="manager")
    told = bureau(installation, "compare", "apply", "-f", RESULTS, role="manager")
    assert "hrss.unit_summary.heads" in told, told
    compare(installation, LEVY, "")
    clues = clues_of(installation)
    assert len(clues) > 3, clues
    # A clue that nobody has looked at is no fact.
    assert publish(installation, "tax.levy_gap") == {}, "a suspicion has left the bureau"
    bureau(installation, "compare", "assign", "--rule", LEVY, role="manager")
    paid = f"{int(clues[1]['amount_fen']) // 100}.{int(clues[1]['amount_fen']) % 100:02d}"
    answer(installation, folder, {clues[0]["name"]: {"核查结果": "属实待补"},
                                  clues[1]["name"]: {"核查结果": "属实补税", "入库金额(元)": paid},
                                  clues[2]["name"]: {"核查结果": "无问题", "核查说明": "数据口径不同"}})
    return clues


def records_of(installation, reader, resource, purpose, *words):
    """What a reader is given: records by the credit code of their owner, and the decision."""
    lines = run(*installation.words(reader, "-o", "json", "query", resource, "--purpose", purpose, *words)).splitlines()
    records = [json.loads(line) for line in lines]
    return records[:-1], records[-1]["decision"]


def federation(installation, folder):
    """The federation follows the verified gaps: exactly these, and they go when they do not hold any more."""
    clues = start(installation, folder)
    assert publish(installation, "tax.levy_gap", "--dry-run") == {"new": 2}
    assert publish(installation, "tax.levy_gap") == {"new": 2}
    assert publish(installation, "tax.levy_gap") == {"unchanged": 2}
    listen = installation.words("disabled-consumer", "-o", "json", "subscribe", "tax.levy_gap", "--name", "gaps",
                                "--purpose", "disabled_levy_review", "--until-caught-up")
    got = run(*listen, "--from", "snapshot")
    for clue in clues:
        assert (clue["subject"] in got) == (clue in clues[:2]), (clue, got)
    records, _ = records_of(installation, "disabled-consumer", "tax.levy_gap", "disabled_levy_review", "--all")
    print(records)
    answer(installation, folder, {clues[0]["name"]: {"核查结果": "无问题", "核查说明": "已安排就业"}})
    assert publish(installation, "tax.levy_gap") == {"unchanged": 1, "deleted": 1}
    got = run(*listen)
    print(got)
    refused = bureau(installation, "compare", "publish", "tax.levy_gap", expect=(1,), told=True)
    assert "ROLE_REQUIRED" in refused, refused


def on_processes(build, folder):
    processes = ["catalog", *LIBRARIES, "exchange", "audit", "comparison"]
    return ClusterInstallation(build, folder, [f"{process}-0" for process in processes])


if __name__ == "__main__":
    run_named({"federation": federation}, on_processes if sys.argv[3:] == ["cluster"] else Installation)
