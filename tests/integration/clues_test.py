"""Clues are worked on with the real program: assigned, answered from a sheet, counted, and followed over runs.
Usage: clues_test.py BUILD_FOLDER worked|evidence
"""

import csv
import json
import subprocess
import zipfile

from comparison_test import compare, make_city
from installation import ROOT, run, until
from installation import main as run_named

TRANSFERS = {"nrp.transfer", "tax.deed", "nrp.family_houses"}
DEED = "t01_deed_tax"
PACK = ROOT / "examples" / "comparison"


def bureau(installation, *words, role="consumer", **options):
    return run(*installation.words(f"tax-{role}", *words), **options)


def clues_of(installation, *words):
    """Clues as JSON, the largest amounts first."""
    lines = bureau(installation, "-o", "json", "compare", "clues", "--limit", 1000, *words, expect=(0, 1))
    return [json.loads(line) for line in lines.splitlines()]


def yuan(fen):
    return f"{fen // 100}.{fen % 100:02d}"


def start(installation, folder):
    """A city whose deed tax was compared; the clues."""
    make_city(installation, folder, TRANSFERS)
    bureau(installation, "compare", "apply", "-f", PACK, role="manager")
    compare(installation, DEED, "")
    clues = clues_of(installation)
    assert len(clues) > 4, clues
    return clues


def answer(installation, folder, sheet, answers, expect=(0,)):
    """Fills in rows of a CSV sheet by the name of the clue, and sends it."""
    with open(sheet, encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    filled = folder / "filled.csv"
    with open(filled, "w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys())
        writer.writeheader()
        for row in rows:
            writer.writerow({**row, **answers.get(row["疑点编号"], {})})
    return bureau(installation, "compare", "feedback", filled, expect=expect)


def fill_in_workbook(book, filled, row, column, text):
    """Writes a text into an empty cell of a workbook as a spreadsheet program does."""
    with zipfile.ZipFile(book) as source, zipfile.ZipFile(filled, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                sheet = content.decode()
                assert "dataValidation" in sheet and "属实补税,无问题" in sheet, sheet[-2000:]
                begin = sheet.index(f'<c r="{column}{row}"')
                end = sheet.index("/>", begin) + 2
                content = (sheet[:begin] + f'<c r="{column}{row}" t="inlineStr"><is><t>{text}</t></is></c>' +
                           sheet[end:]).encode()
            target.writestr(name, content)


def worked(installation, folder):
    """From found to recovered; what was answered stays so, and opens again when more is at stake."""
    clues = start(installation, folder)
    at_stake = sum(int(clue["amount_fen"]) for clue in clues)
    # The same rule under another name finds the same money.
    again = folder / "again.yaml"
    text = (PACK / "rules" / f"{DEED}.yaml").read_text(encoding="utf-8")
    again.write_text(text.replace(f"rules/{DEED}", "rules/deed_again"), encoding="utf-8")
    bureau(installation, "compare", "apply", "-f", again, role="manager")
    compare(installation, "deed_again", "")
    told = bureau(installation, "compare", "clues")
    assert f"{2 * len(clues)} clues, {yuan(2 * at_stake)} yuan at stake" in told, told
    assert f"{yuan(at_stake)} yuan of it open, the same money counted once" in told, told

    refused = bureau(installation, "compare", "assign", "--rule", DEED, expect=(1,), told=True)
    assert "ROLE_REQUIRED" in refused, refused
    told = bureau(installation, "compare", "assign", "--rule", DEED, role="manager")
    assert f"{len(clues)} clues assigned, 0 unchanged, 0 not taken" in told, told
    for clue in clues_of(installation, "--rule", DEED):
        urban = clue["division"][:6] in ("321001", "321002", "321003", "321012")
        assert clue["state"] == "CLUE_STATE_ASSIGNED", clue
        assert clue["office"] == ("offices/urban" if urban else "offices/counties"), clue

    sheet, book = folder / "clues.csv", folder / "clues.xlsx"
    bureau(installation, "-o", "csv", "compare", "clues", "--limit", 1000, "--to", sheet)
    names = [clue["name"] for clue in clues]
    unassigned = clues_of(installation, "--rule", "deed_again")[0]["name"]
    paid = 12_345
    told = answer(installation, folder, sheet, expect=(3,), answers={
        names[0]: {"核查结果": "属实补税", "入库金额(元)": yuan(paid), "核查说明": "已补缴"},
        names[1]: {"核查结果": "无问题", "例外截止日": "2099-12-31", "核查说明": "法院裁定"},
        names[2]: {"核查结果": "数据错误", "错误信息项": "nrp.transfer.price", "核查说明": "价款多录一位"},
        names[3]: {"核查结果": "数据错误", "错误信息项": "nrp.transfer.area"},
        names[4]: {"核查结果": "属实补税", "入库金额(元)": "1.234"},
        unassigned: {"核查结果": "查无下落"}})
    assert "3 clues answered, 0 unchanged, 3 not taken" in told, told
    assert "it is new, and cannot become not_found; what can follow: assigned" in told, told
    assert "the rule does not read that field" in told and "at most two digits" in told, told
    bureau(installation, "-o", "xlsx", "compare", "clues", "--rule", DEED, "--state", "assigned", "--to", book)
    fill_in_workbook(book, folder / "filled.xlsx", 2, "L", "属实待补")
    told = bureau(installation, "compare", "feedback", folder / "filled.xlsx")
    assert "1 clues answered, 0 unchanged, 0 not taken" in told, told

    effect = json.loads(bureau(installation, "-o", "json", "compare", "effect", "--rule", DEED))
    total = effect["total"]
    assert (total["found"], total["recovered_fen"]) == (str(len(clues)), str(paid)), total
    assert (total["recovered"], total["verified"], total["no_issue"], total["data_error"]) == ("1",) * 4, total
    assert total["precision_percent"] == 50, total
    assert sum(int(line.get("recovered_fen", 0)) for line in effect["months"]) == paid, effect
    assert {line["key"] for line in effect["offices"]} <= {"offices/urban", "offices/counties"}, effect

    # The department that can correct the data is told, and sees its own record only.
    told = run(*installation.words("nrp-publisher", "quality"))
    assert "nrp.transfer  price" in told, told
    told = json.loads(run(*installation.words("nrp-publisher", "-o", "json", "quality", "--returned")))
    error, = told["errors"]
    assert error["note"] == "价款多录一位" and error["found_by"] == "tax", error
    assert {field["name"] for field in error["record"]} >= {"price", "unit"}, error
    assert "errors" not in json.loads(run(*installation.words("psb-publisher", "-o", "json", "quality", "--returned")))

    # Quiet where nothing has changed.
    told = compare(installation, DEED, "")
    assert told["quiet_clues"] == "4" and "changed_clues" not in told and "withdrawn_clues" not in told, told
    # The price of what was paid for, and of the exception, rises.
    with open(folder / "city" / "nrp.transfer.csv", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    keys = [{part["name"]: part["value"] for part in clue["key"]} for clue in clues[:2]]
    units = [key["unit"] for key in keys]
    with open(folder / "raised.csv", "w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys())
        writer.writeheader()
        for row in rows:
            if row["unit"] in units:
                writer.writerow({**row, "price": f"{float(row['price']) + 1_000_000:.2f}"})
    run(*installation.words("nrp-publisher", "publish", "nrp.transfer", folder / "raised.csv"))
    told = compare(installation, DEED, "")
    assert (told["reopened_clues"], told["quiet_clues"]) == ("1", "3"), told
    name = told["name"].removeprefix("runs/")
    told = bureau(installation, "compare", "diff", name)
    assert f"0 added, 0 removed, 2 changed, {len(clues) - 2} the same" in told and names[0] in told, told
    installation.stop()
    installation.start()
    reopened = json.loads(bureau(installation, "-o", "json", "compare", "clue", names[0]))["clue"]
    states = [step["state"].removeprefix("CLUE_STATE_") for step in reopened["history"]]
    assert states == ["ASSIGNED", "RECOVERED", "NEW"], states
    assert reopened["state"] == "CLUE_STATE_NEW" and reopened["recovered_fen"] == str(paid), reopened
    told = bureau(installation, "compare", "diff", name)
    assert "2 changed" in told, told
    entries = installation.as_context("auditor", "-o", "json", "audit", "tail", "-n", "1000")
    notes = [json.loads(line).get("note") for line in entries.splitlines() if json.loads(line)["action"] == "clue"]
    assert {"assign", "answer", "effect"} <= set(notes), notes


def evidence(installation, folder):
    """The evidence stays as it was found, stands on the sheet, and goes with a record that is erased."""
    clues = start(installation, folder)
    clue = clues[0]
    told = json.loads(bureau(installation, "-o", "json", "compare", "clue", clue["name"]))
    pack = told["evidence"]
    figures = {figure["name"]: figure["value"] for figure in clue["figures"]}
    transfer = next(side for side in pack["sides"] if side["side"] == "transfer")
    row, = transfer["rows"]
    assert row["counted"], row
    assert row["values"][transfer["fields"].index("price")] == figures["transfer.price"], (row, figures)
    assert transfer["title"] == "不动产转移登记信息" and "成交价" in transfer["titles"], transfer
    unpaid = next(formula for formula in pack["formulas"] if formula["name"] == "unpaid")
    assert unpaid["text"].startswith("expected - ") and unpaid["filled"].startswith(figures["expected"]), unpaid
    amount = next(formula for formula in pack["formulas"] if formula["name"] == "amount")
    assert amount["value"] == f"{yuan(int(clue['amount_fen']))} yuan", amount
    assert pack["rule_version"] == "1" and pack["positions"], pack

    bureau(installation, "compare", "clue", "--pdf", folder / "sheets.pdf", "--rule", DEED)
    text = subprocess.run(["pdftotext", "-layout", folder / "sheets.pdf", "-"], capture_output=True, text=True,
                          check=True).stdout
    assert text.count("疑点核查单") == len(clues), text[:500]
    for word in (clue["name"], "不动产转移登记×契税", "核查反馈", "计算过程", clue["subject"]):
        assert word in text, (word, text[:3000])
    fonts = subprocess.run(["pdffonts", folder / "sheets.pdf"], capture_output=True, text=True, check=True).stdout
    assert all(line.split()[-5:-2] == ["yes", "yes", "yes"] for line in fonts.splitlines()[2:]), fonts

    # What the department changes later does not change what was found.
    key = {part["name"]: part["value"] for part in clue["key"]}
    with open(folder / "city" / "nrp.transfer.csv", encoding="utf-8") as lines:
        number, = [line["registration_no"] for line in csv.DictReader(lines) if line["unit"] == key["unit"]]
    run(*installation.words("nrp-publisher", "erase", "nrp.transfer", "--id", key["unit"], "--key", number,
                            "--legal-basis", "测试"))

    def is_gone():
        now = json.loads(bureau(installation, "-o", "json", "compare", "clue", clue["name"]))
        return "evidence" not in now and now["clue"]
    left = until("the evidence of an erased record goes", is_gone)
    assert left["state"] == "CLUE_STATE_WITHDRAWN" and "erased" in left["withheld"], left
    assert not {"subject", "key", "figures"} & set(left), left
    installation.stop()
    installation.start()
    assert is_gone()


if __name__ == "__main__":
    run_named({"worked": worked, "evidence": evidence})
