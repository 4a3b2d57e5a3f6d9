"""Files of departments, published by the real program. Usage: import_test.py BUILD_FOLDER
workbook|killed|changed_back|corrected"""

import csv
import json
import pathlib
import subprocess
import sys

import installation as shared
from installation import citizen_id, run, until

MAPPING = """resource: psb.resident
columns:
  性别: {field: sex, values: {男: 1, 女: 2}}
  出生日期: {field: birth_date, date: "%Y/%m/%d"}
  区划: division
  住址: {field: address, trim: true}
  备注: ignore
constants: {state: normal}
"""
HEAD = "公民身份号码,姓 名,性别,出生日期,区划,住址,备注,更新时间"
# More than are answered between two points at which a run could go on.
KILLED_ROWS = 120_000


def row(number):
    ident, born = citizen_id(number)
    return [ident, "张三", "女" if number % 2 else "男", born, "321002", f" 文昌中路{number}号 ", "x",
            "2025-01-01T00:00:00Z"]


def csv_of(numbers):
    rows = [[str(cell) if not hasattr(cell, "year") else f"{cell.year}/{cell.month}/{cell.day}" for cell in row(n)]
            for n in numbers]
    return HEAD + "\n" + "".join(",".join(cells) + "\n" for cells in rows)


def test_workbook(installation, folder):
    """The same rows as a workbook, in GB 18030 and in UTF-16: taken once, then known."""
    import openpyxl
    book = openpyxl.Workbook()
    book.create_sheet("居民")
    sheet = book["居民"]
    sheet.append([])
    sheet.append(HEAD.split(","))
    for number in range(300):
        sheet.append(row(number))
    sheet.append(["not an id"] + row(1)[1:])
    book.save(folder / "residents.xlsx")
    (folder / "m.yaml").write_text(MAPPING, encoding="utf-8")
    words = ("psb.resident", folder / "residents.xlsx", "--sheet", "居民", "--mapping", folder / "m.yaml")
    preview = json.loads(run(*installation.words("psb-publisher", "-o", "json", "publish", *words, "--preview"),
                             expect=(3,)))
    assert preview["input"] == "workbook, sheet 居民", preview
    assert preview["checked"] == 301 and preview["refused"] == 1, preview
    assert preview["problems"][0]["field"] == "citizen_id", preview
    assert len(preview["rows"]) == 5 and "文昌中路0号" in preview["rows"][0], preview
    assert installation.residents_count() == 0
    report = installation.publish(*words, expect=(3,))
    assert report["accepted"] == 300 and report["refused"] == 1, report
    assert "not an id" in open(report["rejected_file"], encoding="utf-8").read()
    for encoding in ("gb18030", "utf-16"):
        (folder / "r.csv").write_bytes(csv_of(range(300)).encode(encoding))
        report = installation.publish("psb.resident", folder / "r.csv", "--mapping", folder / "m.yaml")
        assert report["duplicate"] == 300, (encoding, report)
    assert installation.residents_count() == 300
    run(*installation.words("psb-publisher", "publish", "psb.resident", folder / "r.csv", "--write-mapping",
                            folder / "new.yaml"))
    assert '"姓 名": {field: name}' in (folder / "new.yaml").read_text(encoding="utf-8")


def test_killed(installation, folder):
    """A run that is killed goes on behind what was answered, and counts all of it."""
    text = csv_of(range(KILLED_ROWS))
    lines = text.splitlines(keepends=True)
    lines[7] = "bad" + lines[7]
    (folder / "m.yaml").write_text(MAPPING, encoding="utf-8")
    (folder / "r.csv").write_text("".join(lines), encoding="utf-8")
    words = ("psb.resident", folder / "r.csv", "--mapping", folder / "m.yaml")
    process = subprocess.Popen(installation.words("psb-publisher", "publish", *words), stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    progress = folder / "r.csv.progress"
    until("a run remembers how far it is", lambda: process.poll() is not None or (
        progress.exists() and json.loads(progress.read_text(encoding="utf-8"))["rows"] > 0))
    process.kill()
    process.wait()
    assert progress.exists(), "the run was done before it could be killed"
    report = installation.publish(*words, expect=(3,))
    assert report["resumed_rows"] >= 50_000, report
    assert report["rows"] == KILLED_ROWS and report["refused"] == 1, report
    assert report["accepted"] + report["duplicate"] == KILLED_ROWS - 1, report
    assert not progress.exists()
    rejected = (folder / "r.csv.rejected.csv").read_text(encoding="utf-8").splitlines()
    assert len(rejected) == 2 and rejected[1].startswith("8,"), rejected
    again = installation.publish(*words, expect=(3,))
    assert again["duplicate"] == KILLED_ROWS - 1 and "resumed_rows" not in again, again


INSURANCE = ("citizen_id,name,employer,insurance_kind,month,base,personal_amount,employer_amount,status\n"
             "{ident},张三,91321000714092832H,{kind},2025-01,{base},100,200,{status}\n")


def test_changed_back(installation, folder):
    """Where arrival is the version, a value that is as it was before the last change is a change too."""
    def code_of(name):
        codes = (shared.ROOT / "data" / "codes" / f"{name}.csv").read_text(encoding="utf-8")
        return codes.splitlines()[1].split(",")[0]

    def publish(base):
        text = INSURANCE.format(ident=citizen_id(1)[0], base=base, kind=code_of("insurance_kind"),
                                status=code_of("insurance_status"))
        (folder / "i.csv").write_text(text, encoding="utf-8")
        return json.loads(run(*installation.words("hrss-publisher", "-o", "json", "publish", "hrss.social_insurance",
                                                  folder / "i.csv")))
    for base in (4000, 5000, 4000):
        report = publish(base)
        assert report["accepted"] == 1, (base, report)
        assert not (folder / "i.csv.progress").exists()
    report = publish(4000)
    assert report["duplicate"] == 1, report


def test_corrected(installation, folder):
    """What was refused is corrected and sent back under the mapping of the file that it comes from; what a file
    published is taken back, but not a record that it has twice."""
    mapping = folder / "m.yaml"
    mapping.write_text(MAPPING + "encoding: gb18030\nsheet: 居民\n", encoding="utf-8")
    (folder / "r.csv").write_bytes((csv_of(range(2)) + "bad" + csv_of([2]).splitlines()[1] + "\n").encode("gb18030"))
    report = installation.publish("psb.resident", folder / "r.csv", "--mapping", mapping, expect=(3,))
    assert report["accepted"] == 2 and report["refused"] == 1, report
    refused = pathlib.Path(report["rejected_file"])
    again = installation.publish("psb.resident", refused, "--mapping", mapping, expect=(3,))
    assert again["refused"] == 1, again
    lines = pathlib.Path(again["rejected_file"]).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "@line,@reason,@field,@message," + HEAD, lines
    assert next(csv.reader(lines[1:]))[4:] == ("bad" + csv_of([2]).splitlines()[1]).split(","), lines
    refused.write_text(refused.read_text(encoding="utf-8").replace("bad", ""), encoding="utf-8")
    report = installation.publish("psb.resident", refused, "--mapping", mapping)
    assert report["accepted"] == 1, report
    twice = csv_of([5, 5, 6]).splitlines(keepends=True)
    twice[2] = twice[2].replace("2025-01-01T", "2025-01-02T").replace("张三", "李四")
    (folder / "twice.csv").write_bytes("".join(twice).encode("gb18030"))
    assert installation.publish("psb.resident", folder / "twice.csv", "--mapping", mapping)["accepted"] == 3
    report = json.loads(run(*installation.words("psb-publisher", "-o", "json", "withdraw", "psb.resident",
                                                folder / "twice.csv", "--mapping", mapping), expect=(3,)))
    assert report["failed"] == report["repeated"] == 1 and report["withdrawn"] == 1, report


if __name__ == "__main__":
    if sys.argv[2] == "workbook":
        try:
            import openpyxl  # noqa: F401
        except ImportError:
            print("skipped: python3-openpyxl is not at hand")
            sys.exit(77)
    shared.main({"workbook": test_workbook, "killed": test_killed, "changed_back": test_changed_back,
                 "corrected": test_corrected})
