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


def yuan(fen):
    return f"{int(fen) // 100}.{int(fen) % 100:02d}"


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
    make_city(installation, folder, STAFF, companies=2000)
    waiting = json.loads(installation.as_context("manager-1", "-o", "json", "apply", "-f",
                                                 ROOT / "examples" / "city" / "results"))
    installation.as_context("manager-2", "approve", waiting["waiting_change"])
    bureau(installation, "compare", "apply", "-f", PACK, role="manager")
    told = bureau(installation, "compare", "apply", "-f", RESULTS, role="manager")
    assert "hrss.unit_summary (average_wage, heads)" in told and "2 results applied" in told, told
    compare(installation, LEVY, "")
    clues = clues_of(installation)
    assert len(clues) > 3, len(clues)
    # A clue that nobody has looked at is no fact.
    assert publish(installation, "tax.levy_gap") == {}, "a suspicion has left the bureau"
    bureau(installation, "compare", "assign", "--rule", LEVY, role="manager")
    answer(installation, folder, {clues[0]["name"]: {"核查结果": "属实待补"},
                                  clues[1]["name"]: {"核查结果": "属实补税", "入库金额(元)": yuan(clues[1]["amount_fen"])},
                                  clues[2]["name"]: {"核查结果": "无问题", "核查说明": "数据口径不同"}})
    return clues


def records_of(installation, reader, resource, purpose, *words):
    """What a reader is given: records by the credit code of their owner, and the decision."""
    lines = run(*installation.words(reader, "-o", "json", "query", resource, "--purpose", purpose, *words))
    records = [json.loads(line) for line in lines.splitlines()]
    return records[:-1], records[-1]["decision"]


def accesses_of(installation, subject):
    """Who accessed the data of a company, and how it was decided, as the audit has it."""
    lines = installation.as_context("auditor", "-o", "json", "audit", "who", "--entity", f"organisation:{subject}",
                                    "-n", "1000")
    return [json.loads(line) for line in lines.splitlines()]


def federation(installation, folder):
    """The federation follows the verified gaps: exactly these, and they go when they do not hold any more."""
    clues = start(installation, folder)
    open_gap, paid_gap = clues[:2]
    assert publish(installation, "tax.levy_gap", "--dry-run") == {"new": 2}
    assert publish(installation, "tax.levy_gap") == {"new": 2}
    assert publish(installation, "tax.levy_gap") == {"unchanged": 2}
    listen = installation.words("disabled-consumer", "-o", "json", "subscribe", "tax.levy_gap", "--name", "gaps",
                                "--purpose", "disabled_levy_review", "--until-caught-up")
    got = run(*listen, "--from", "snapshot")
    for clue in clues:
        assert (clue["subject"] in got) == (clue in clues[:2]), (clue, got)
    ask = ["disabled-consumer", "tax.levy_gap", "disabled_levy_review"]
    records, decision = records_of(installation, *ask, "--all")
    of = {record["fields"]["clue"]: record["fields"] for record in records}
    assert set(of) == {open_gap["name"], paid_gap["name"]}, records
    figures = {figure["name"]: figure["value"].split(" ")[0] for figure in open_gap["figures"]}
    told = of[open_gap["name"]]
    assert (told["gap"], told["expected"]) == (figures["unpaid"], figures["expected"]), (told, figures)
    assert (told["state"], told["recovered"]) == ("verified", "0.00") and "found_on" not in told, told
    assert told.get("paid", "missing") == figures["levy.paid"], (told, figures)
    told = of[paid_gap["name"]]
    assert (told["state"], told["recovered"]) == ("recovered", yuan(paid_gap["amount_fen"])), told
    assert [basis["field"] for basis in decision["withheld"]] == ["found_on"], decision

    # A figure of another department is not passed on to who may not have it from there.
    text = (RESULTS / "levy_gap.yaml").read_text(encoding="utf-8")
    passing = folder / "passing.yaml"
    passing.write_text(text.replace("value: expected", "value: wage"), encoding="utf-8")
    refused = bureau(installation, "compare", "apply", "-f", passing, role="manager", expect=(1,), told=True)
    assert "NO_GRANT" in refused and "would give disabled hrss.unit_summary.average_wage as it is" in refused, refused
    passing.write_text(text.replace("value: expected", "value: staff.heads"), encoding="utf-8")
    refused = bureau(installation, "compare", "check", "-f", passing, role="manager", expect=(1,), told=True)
    assert "line 11: field expected: staff.heads is a number" in refused, refused
    refused = bureau(installation, "compare", "publish", "tax.levy_gap", expect=(1,), told=True)
    assert "ROLE_REQUIRED" in refused, refused

    # The answer is corrected: the record goes, and the federation is told.
    answer(installation, folder, {open_gap["name"]: {"核查结果": "无问题", "核查说明": "已安排就业"}})
    assert publish(installation, "tax.levy_gap") == {"unchanged": 1, "deleted": 1}
    changes = [json.loads(line) for line in run(*listen).splitlines() if line]
    assert ["deletion"] == [change["change"] for change in changes if change.get("owner") == {
        "kind": "organisation", "id": open_gap["subject"]}], changes
    assert not records_of(installation, *ask, "--id", open_gap["subject"])[0]
    installation.stop()
    installation.start()
    assert publish(installation, "tax.levy_gap") == {"unchanged": 1}

    # A record behind a clue is erased by law: what was published of it is erased too.
    run(*installation.words("hrss-publisher", "erase", "hrss.unit_summary", "--id", paid_gap["subject"], "--key",
                            "2024", "--legal-basis", "测试"))
    until("the clue forgets what was erased", lambda: "subject" not in next(
        clue for clue in clues_of(installation) if clue["name"] == paid_gap["name"]))
    assert publish(installation, "tax.levy_gap") == {"erased": 1}
    assert publish(installation, "tax.levy_gap") == {}
    assert paid_gap["subject"] not in run(*installation.words(
        "disabled-consumer", "-o", "json", "history", "tax.levy_gap", "--id", paid_gap["subject"], "--purpose",
        "disabled_levy_review")).replace(f'"id":"{paid_gap["subject"]}"', "")
    told = {(entry["caller"], entry["role"], entry["action"], entry["subject"])
            for entry in accesses_of(installation, open_gap["subject"])}
    assert {("tax", "publisher", "clue", "tax.levy_gap"), ("disabled", "consumer", "read", "resources/tax.levy_gap"),
            ("disabled", "consumer", "deliver", "resources/tax.levy_gap")} <= told, told


def audit(installation, folder):
    """The auditors see every clue, whatever became of it."""
    clues = start(installation, folder)
    assert publish(installation, "tax.clue_extract") == {"new": len(clues)}
    records, decision = records_of(installation, "audit_bureau-consumer", "tax.clue_extract", "audit_supervision",
                                   "--all")
    assert not decision["withheld"] and not decision["masked"], decision
    states = {record["fields"]["clue"]: record["fields"]["state"] for record in records}
    expected = ["verified", "recovered", "no_issue"] + ["assigned"] * (len(clues) - 3)
    assert states == {clue["name"]: state for clue, state in zip(clues, expected)}, states
    of = {record["fields"]["clue"]: record["fields"] for record in records}
    for clue in clues:
        told = of[clue["name"]]
        assert (told["uscc"], told["amount"]) == (clue["subject"], yuan(clue["amount_fen"])), (told, clue)
        assert (told["rule"], told["rule_title"], told["still_found"]) == (f"rules/{LEVY}", "残疾人就业×保障金", True), told
    assert of[clues[1]["name"]]["recovered"] == yuan(clues[1]["amount_fen"]), of
    # What stood at an instant is kept, also when the answer is another one later.
    before = records[0]["received"]
    answer(installation, folder, {clues[0]["name"]: {"核查结果": "查无下落"}})
    assert publish(installation, "tax.clue_extract") == {"changed": 1, "unchanged": len(clues) - 1}
    ask = ["audit_bureau-consumer", "tax.clue_extract", "audit_supervision", "--id", clues[0]["subject"]]
    record, = records_of(installation, *ask)[0]
    assert record["fields"]["state"] == "not_found", record
    until("the instant has passed", lambda: records_of(installation, *ask, "--as-of", max(
        before, *(of["received"] for of in records)))[0][0]["fields"]["state"] == "verified")
    told = {(entry["caller"], entry["action"], entry["purpose"])
            for entry in accesses_of(installation, clues[0]["subject"])}
    assert ("audit_bureau", "read", "audit_supervision") in told, told


def bank(installation, folder):
    """A bank asks about the company that has authorised it: whether something is open, and no amount."""
    clues = start(installation, folder)
    assert publish(installation, "tax.levy_gap") == {"new": 2}
    case = ["--case", "授权2025-001"]
    ask = ["bank-consumer", "tax.levy_gap", "credit_granting", "--id", clues[0]["subject"]]
    (record,), decision = records_of(installation, *ask, *case)
    assert (record["fields"]["year"], record["fields"]["state"]) == (2024, "verified"), record
    assert set(record["fields"]) == {"year", "clue", "state"}, record
    assert not record["fields"]["clue"][1:-1].strip("*"), record
    withheld = {basis["field"] for basis in decision["withheld"]}
    assert withheld == {"uscc", "expected", "paid", "gap", "recovered", "found_on"}, decision
    # Who is not told whom a record is about learns from a list that there are some, and of nobody.
    listed = run(*installation.words("bank-consumer", "-o", "json", "query", "tax.levy_gap", "--purpose",
                                     "credit_granting", "--all", *case))
    assert listed.count('"state"') == 2 and not any(clue["subject"] in listed for clue in clues), listed
    for reason, words in (("CASE_NUMBER_REQUIRED", ["tax.levy_gap", "--purpose", "credit_granting"]),
                          ("PURPOSE_NOT_REGISTERED", ["tax.levy_gap", "--purpose", "disabled_levy_review", *case]),
                          ("NO_GRANT", ["tax.clue_extract", "--purpose", "credit_granting", *case])):
        told = run(*installation.words("bank-consumer", "query", *words, "--id", clues[0]["subject"]), expect=(1,),
                   told=True)
        assert reason in told, (reason, told)
    # Who was cleared has no record any more.
    answer(installation, folder, {clues[0]["name"]: {"核查结果": "无问题", "核查说明": "已安排就业"}})
    assert publish(installation, "tax.levy_gap") == {"unchanged": 1, "deleted": 1}
    assert not records_of(installation, *ask, *case)[0]
    # A result that is ended takes its records with it.
    ended = folder / "ended.yaml"
    ended.write_text("{kind: ComparisonResult, resource: tax.levy_gap, removed: true}\n", encoding="utf-8")
    bureau(installation, "compare", "apply", "-f", ended, role="manager")
    assert publish(installation, "tax.levy_gap") == {"deleted": 1}
    assert "removed" in bureau(installation, "compare", "results")
    told = {(entry["caller"], entry["allowed"], entry["reason"], entry["case_number"])
            for entry in accesses_of(installation, clues[0]["subject"])}
    assert ("bank", True, "", case[1]) in told, told
    told = [json.loads(line) for line in installation.as_context("auditor", "-o", "json", "audit", "tail", "-n",
                                                                 "1000").splitlines()]
    refused = [entry["reason"] for entry in told if entry["caller"] == "bank" and not entry["allowed"]]
    assert sorted(refused) == ["CASE_NUMBER_REQUIRED", "NO_GRANT", "PURPOSE_NOT_REGISTERED"], refused


def on_processes(build, folder):
    processes = ["catalog", *LIBRARIES, "exchange", "audit", "comparison"]
    return ClusterInstallation(build, folder, [f"{process}-0" for process in processes])


if __name__ == "__main__":
    run_named({"federation": federation, "audit": audit, "bank": bank},
              on_processes if sys.argv[3:] == ["cluster"] else Installation)
