"""A month in the life of a department, with its own files and the real program. Usage: month_test.py BUILD_FOLDER

The civil affairs bureau declares a resource, imports a dirty spreadsheet, corrects what was refused, takes a wrong
batch back, replaces everything by a full export, recalls a record, and at the end its file and what is stored do
not differ.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from installation import Installation, run
from installation import citizen_id as citizen_id_and_birth

DONE, PARTLY, FAILED = 0, 3, 1
PEOPLE = 300

RESOURCE = """
kind: Resource
name: resources/civil.allowance
title: 最低生活保障金发放
summary: 低保对象每月的发放金额
library: population
responsible: civil
providers: [civil]
sharing: unconditional
versioning: source
version_field: updated_at
owner_kind: person
owner_field: citizen_id
record_key_fields: [month]
update_cycle: monthly
roles:
  - {name: guardian, title: 监护人, kind: person, field: guardian_id}
cross_rules:
  - {name: parts, title: 合计应等于基本与分类施保之和, kind: sum, field: total, fields: [basic, extra]}
  - {name: minor, title: 未成年人应有监护人, kind: required_when, field: guardian_id, other: kind, values: ["2"]}
fields:
  - {name: citizen_id, title: 公民身份号码, type: citizen_id, required: true, sensitivity: 2}
  - {name: name, title: 姓名, type: text, required: true, max_length: 50}
  - {name: kind, title: 对象类别, type: text, pattern: "[12]", max_length: 1, required: true}
  - {name: guardian_id, title: 监护人公民身份号码, type: citizen_id}
  - {name: division, title: 区划, type: division, required: true}
  - {name: home, title: 住所位置, type: point}
  - {name: area, title: 住房面积, type: decimal, scale: 2, unit: square_metre, min: "0"}
  - {name: month, title: 所属月, type: text, pattern: "[0-9]{4}-[0-9]{2}", max_length: 7, required: true}
  - {name: basic, title: 基本金额, type: money, min: "0"}
  - {name: extra, title: 分类施保金额, type: money, min: "0"}
  - {name: total, title: 合计, type: money, min: "0", required: true}
  - {name: updated_at, title: 更新时间, type: timestamp, required: true}
"""
MAPPING = """
resource: civil.allowance
columns:
  身份证号: citizen_id
  姓名: {field: name, trim: true}
  类别: {field: kind, values: {成年: 1, 未成年: 2}}
  监护人身份证号: guardian_id
  区划: division
  位置: home
  住房面积（亩）: {field: area, unit: mu}
  基本（万元）: {field: basic, unit: wan_yuan}
  分类施保（元）: extra
  合计（元）: total
  更新时间: updated_at
constants: {month: "2026-01"}
"""
HEAD = "身份证号,姓名,类别,监护人身份证号,区划,位置,住房面积（亩）,基本（万元）,分类施保（元）,合计（元）,更新时间"


def citizen_id(number):
    return citizen_id_and_birth(number)[0]


def row(number, day=5, name="张三", extra="20.00", total="870.00", home="119.4215 32.3932"):
    minor = number % 10 == 0
    return ",".join([citizen_id(number), name, "未成年" if minor else "成年", citizen_id(5000) if minor else "", "321002",
                     home, "0.15", "0.085", extra, total, f"2026-01-{day:02}T08:00:00Z"])


class Desk(Installation):
    """An installation, and the command lines of the bureau and of who reads."""

    def __init__(self, build, folder):
        super().__init__(build, folder)
        self.folder = pathlib.Path(folder)

    def publish_as(self, *words, expect=DONE):
        return run(*self.words("civil-publisher", *words), expect=(expect,), told=True)

    def read_as(self, *words, expect=DONE):
        return run(*self.words("hrss-consumer", *words), expect=(expect,), told=True)

    def reports(self, *words, expect=DONE):
        """The JSON lines that the department's command prints."""
        lines = self.publish_as("-o", "json", *words, expect=expect).splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def total_of(self, number, *more):
        """What a consumer reads of a person: the total, or None."""
        lines = self.read_as("-o", "json", "query", "civil.allowance", "--id", citizen_id(number), "--purpose",
                             "insurance_audit", *more).splitlines()
        records = [json.loads(line) for line in lines if '"fields"' in line]
        return records[0]["fields"]["total"] if records else None

    def write(self, name, rows, encoding="utf-8"):
        path = self.folder / name
        path.write_bytes(("\n".join([HEAD, *rows]) + "\n").encode(encoding))
        return path


def check(what, holds):
    if not holds:
        sys.exit(f"not so: {what}")
    print("ok:", what)


def onboard(desk):
    declared = desk.folder / "allowance.yaml"
    declared.write_text(RESOURCE, encoding="utf-8")
    desk.as_context("manager-1", "apply", "-f", declared)
    # Sharing more is a second manager's decision.
    for line in desk.as_context("manager-2", "-o", "json", "get", "changes").splitlines():
        desk.as_context("manager-2", "approve", json.loads(line)["id"])
    mapping = desk.folder / "mapping.yaml"
    mapping.write_text(MAPPING, encoding="utf-8")
    return ["--mapping", mapping]


def import_dirty_file(desk, mapping):
    rows = [row(number) for number in range(PEOPLE)]
    rows[3] = row(3, total="871.00")                      # the sum is wrong
    rows[10] = rows[10].replace(citizen_id(5000), "")     # a minor without a guardian
    rows[20] = row(20, home="32.3932 119.4215")           # latitude first
    rows[30] = rows[30].replace(citizen_id(30), citizen_id(30)[:-1] + "Y")
    path = desk.write("january.csv", rows, "gb18030")
    preview = desk.publish_as("publish", "civil.allowance", path, *mapping, "--preview", expect=PARTLY)
    check("the preview tells encoding and refusals", "gb18030" in preview and "4 would be refused" in preview)
    report = desk.reports("publish", "civil.allowance", path, *mapping, expect=PARTLY)[-1]
    check("all rows but the wrong ones are taken", report["accepted"] == PEOPLE - 4 and report["refused"] == 4)
    check("a consumer reads what was converted exactly", desk.total_of(1) == "870.00")
    guarded = desk.read_as("query", "civil.allowance", "--id", citizen_id(5000), "--role", "guardian", "--purpose",
                           "insurance_audit", "-o", "json")
    check("children are found by their guardian", guarded.count('"fields"') == PEOPLE // 10 - 3)
    return path


def correct(desk, mapping, path):
    quality = desk.publish_as("quality", "civil.allowance")
    check("quality counts refusals by rule", "CROSS_FIELD" in quality and "CHECK_DIGIT" not in quality.split("\n")[0])
    returned = desk.publish_as("quarantine", "civil.allowance")
    # Those that fail on the way into the schema never left the department.
    check("what was refused at the door comes back with its reason", "合计应等于基本与分类施保之和" in returned)
    rejected = pathlib.Path(str(path) + ".rejected.csv")
    text = rejected.read_text(encoding="utf-8")
    text = text.replace("871.00", "870.00").replace("32.3932 119.4215", "119.4215 32.3932")
    text = text.replace(citizen_id(30)[:-1] + "Y", citizen_id(30))
    lines = [line.replace(",未成年,,", f",未成年,{citizen_id(5000)},") for line in text.splitlines()]
    fixed = desk.folder / "fixed.csv"
    fixed.write_text("\n".join(lines) + "\n", encoding="utf-8")
    report = desk.reports("publish", "civil.allowance", fixed, *mapping)[-1]
    check("the corrected rows are taken", report["accepted"] == 4 and report["refused"] == 0)


def withdraw(desk, mapping):
    wrong = desk.write("wrong.csv", [row(number, day=6, extra="9020.00", total="9870.00") for number in range(50)])
    desk.publish_as("publish", "civil.allowance", wrong, *mapping)
    check("the wrong batch is there", desk.total_of(1) == "9870.00")
    counts = desk.reports("withdraw", "civil.allowance", wrong, *mapping)[-1]
    check("the batch is taken back", counts["withdrawn"] == 50)
    check("what was there before is served again", desk.total_of(1) == "870.00")


def replace(desk, mapping):
    cut_off = desk.write("cut.csv", [row(number, day=20) for number in range(PEOPLE // 2)])
    refused = desk.publish_as("replace", "civil.allowance", cut_off, *mapping, "--generation", 1, expect=FAILED)
    check("an export that was cut off deletes nothing", "REPLACE_GUARD" in refused)
    check("who is not in it is still there", desk.total_of(PEOPLE - 1) == "870.00")
    rows = [row(number, day=21, extra="30.00", total="880.00") for number in range(PEOPLE - 20)]
    full = desk.write("full.csv", rows)
    counts = desk.reports("replace", "civil.allowance", full, *mapping, "--generation", 2)[-1]
    check("the full export deletes what it lacks", counts["deleted"] == 20)
    check("who is not in it is gone", desk.total_of(PEOPLE - 1) is None)
    return rows


def recall(desk, mapping, rows):
    feed = subprocess.Popen(desk.words("hrss-consumer", "-o", "json", "subscribe", "civil.allowance", "--name",
                                       "allowances", "--purpose", "insurance_audit", "--from", "snapshot"),
                            stdout=subprocess.PIPE, text=True)
    try:
        seen = 0
        while seen < len(rows):
            line = feed.stdout.readline()
            check_open(feed, line)
            seen += '"upsert"' in line
        desk.publish_as("recall", "civil.allowance", "--id", citizen_id(7), "--key", "2026-01", "--reason", "对象有误")
        line = ""
        while '"recall"' not in line:
            line = feed.stdout.readline()
            check_open(feed, line)
        print("ok: the receiver is told of the recall")
    finally:
        feed.kill()
        feed.wait()
        feed.stdout.close()
    check("it is not served", desk.total_of(7) is None)
    check("the provider sees who has not confirmed", "hrss.allowances" in desk.publish_as("recalls", "--unconfirmed"))
    check("the receiver confirms", "1 confirmed" in desk.read_as("recalls", "--confirm", "allowances"))
    check("nobody is left", "hrss.allowances" not in desk.publish_as("recalls", "--unconfirmed"))
    return [line for number, line in enumerate(rows) if number != 7]


def check_open(feed, line):
    if not line:
        sys.exit(f"the subscription ended with {feed.poll()}")


def reconcile(desk, mapping, rows):
    exact = desk.write("source.csv", rows)
    report = desk.reports("reconcile", "civil.allowance", exact, *mapping)[-1]
    check("file and store do not differ", report["differences"] == [] and report["stored_records"] == len(rows))
    check("what is deleted and recalled is told", report["deleted"] == 20 and report["recalled"] == 1)
    other = desk.write("other.csv", rows[1:])
    report = desk.reports("reconcile", "civil.allowance", other, *mapping, expect=PARTLY)[-1]
    check("a row that the file lacks is a difference", len(report["differences"]) == 1)
    history = desk.read_as("history", "civil.allowance", "--id", citizen_id(1), "--purpose", "insurance_audit")
    check("the history tells of the batch that was taken back", "withdrawn" in history and "880.00" in history)


def main():
    os.environ.pop("HANGOU_CONFIG", None)
    with tempfile.TemporaryDirectory(prefix="hangou-month-") as folder:
        desk = Desk(pathlib.Path(sys.argv[1]), folder)
        try:
            mapping = onboard(desk)
            path = import_dirty_file(desk, mapping)
            correct(desk, mapping, path)
            withdraw(desk, mapping)
            rows = replace(desk, mapping)
            rows = recall(desk, mapping, rows)
            reconcile(desk, mapping, rows)
        finally:
            desk.stop()


if __name__ == "__main__":
    main()
