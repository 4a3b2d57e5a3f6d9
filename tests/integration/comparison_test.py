"""The tax bureau compares a synthetic city with the real program: it finds the planted gaps, and nothing else.
Usage: comparison_test.py BUILD_FOLDER found|followed|watched|killed [cluster]

Departments publish their files, the bureau applies the rule pack and runs its rules. The same holds for the standalone
process and, with `cluster`, for processes of their own on a real broker.
"""

import collections
import csv
import fcntl
import json
import os
import pathlib
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from random import Random

from cluster_installation import ClusterInstallation
from installation import ROOT, Installation, run
from installation import main as run_named

# The day that the city is made for, and what its truth is about.
AS_OF = "2025-06-30"
PERIODS = {"year": "2024", "month": "2025-05"}
PEOPLE, COMPANIES = 1500, 500
# What is followed is there within a second; a slow machine has longer.
WAIT_S = 60
# The truth knows new vehicles of 2025.
PERIOD_OF = {"t17": "2025"}
# The libraries whose records are compared, by test: no others are started.
LIBRARIES = {"found": ["population", "legal_entity", "geographic", "tax", "credit"],
             "followed": ["legal_entity", "tax"], "watched": ["legal_entity", "tax"],
             "killed": ["legal_entity", "tax"]}


def rules_of(installation):
    """Name and kind of period of each rule in the pack."""
    lines = run(*installation.words("tax-consumer", "-o", "json", "compare", "rules"))
    rules = [json.loads(line) for line in lines.splitlines()]
    return {rule["rule"]["name"]: rule["rule"].get("period", "").removeprefix("KEY_KIND_").lower() for rule in rules}


def make_city(installation, folder, tables, companies=COMPANIES):
    """Publishes the files of a small city that the rules read; the planted gaps by rule."""
    city = folder / "city"
    run(pathlib.Path(sys.argv[1]) / "bin" / "citygen", "--people", PEOPLE, "--companies", companies, "--seed", 21,
        "--dirty-percent", 0, "--data", ROOT / "data", "--out", city)
    examples = ROOT / "examples" / "city"
    waiting = installation.as_context("manager-1", "-o", "json", "apply", "-f", examples / "full", "-f",
                                      examples / "comparison")
    installation.as_context("manager-2", "approve", json.loads(waiting)["waiting_change"])
    for table in sorted(tables):
        department = table.split(".")[0]
        run(*installation.words(f"{department}-publisher", "publish", table, city / f"{table}.csv"))
    planted = collections.Counter()
    with open(city / "gaps.csv", encoding="utf-8") as lines:
        for gap in csv.DictReader(lines):
            if gap["kind"] == "hit":
                planted[gap["rule"].lower()] += 1
    return planted


def tables_of_pack():
    """The resources that the rules of the pack name."""
    tables = set()
    for path in (ROOT / "examples" / "comparison" / "rules").glob("*.yaml"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip().startswith("resources: ["):
                tables.update(line.split("[")[1].split("]")[0].split(", "))
    return tables


def compare(installation, rule, period, *words):
    """A run of a rule, as JSON."""
    short = rule.removeprefix("rules/")
    period = PERIOD_OF.get(short[:3], PERIODS.get(period))
    flags = ["--period", period] if period else []
    return json.loads(run(*installation.words("tax-consumer", "-o", "json", "compare", "run", short, "--as-of", AS_OF,
                                              *flags, *words)))


def audited_runs(installation):
    """How many runs of rules are on record."""
    entries = installation.as_context("auditor", "-o", "json", "audit", "tail", "-n", "1000")
    return sum(json.loads(line)["action"] == "compare" for line in entries.splitlines())


def found(installation, folder):
    """Every rule finds what is planted; again it finds nothing new."""
    planted = make_city(installation, folder, tables_of_pack())
    pack = ROOT / "examples" / "comparison"
    refused = run(*installation.words("tax-consumer", "compare", "apply", "-f", pack), expect=(1,), told=True)
    assert "ROLE_REQUIRED" in refused, refused
    refused = run(*installation.words("finance-manager", "compare", "check", "-f", pack), expect=(1,), told=True)
    assert "PURPOSE_NOT_REGISTERED" in refused, refused
    applied = run(*installation.words("tax-manager", "compare", "apply", "-f", pack))
    assert "32 rules and" in applied, applied
    again = run(*installation.words("tax-manager", "compare", "apply", "-f", pack))
    assert "0 rules and 0 parameters applied" in again, again
    at_stake = 0
    for rule, period in rules_of(installation).items():
        told = compare(installation, rule, period)
        name = rule.removeprefix("rules/")[:3]
        assert int(told.get("findings", 0)) == planted[name], (rule, told, planted[name])
        assert int(told.get("new_clues", 0)) == planted[name], (rule, told)
        assert not told.get("problems"), (rule, told)
        at_stake += int(told.get("amount_fen", 0))
        told = compare(installation, rule, period)
        changes = [told.get(key, "0") for key in ("new_clues", "changed_clues", "withdrawn_clues")]
        assert changes == ["0"] * 3, (rule, told)
    clues = run(*installation.words("tax-consumer", "compare", "clues"))
    assert f"{sum(planted.values())} clues, {at_stake // 100}.{at_stake % 100:02d} yuan at stake" in clues, clues
    # Entries are shipped to the audit service: the last one may be on its way.
    deadline = time.monotonic() + WAIT_S
    while (runs := audited_runs(installation)) != 2 * len(planted):
        assert time.monotonic() < deadline, runs
        time.sleep(0.2)  # waits: the audit is looked at a few times a second


WITHHELD = """
kind: NegativeListEntry
name: established-on
title: 成立日期不再共享
resource: resources/scjg.enterprise
field: established_on
legal_basis: 测试
review_date: "2030-01-01"
"""


def clues_of(installation, rule, *words):
    lines = run(*installation.words("tax-consumer", "-o", "json", "compare", "clues", "--rule", rule, "--limit", 1000,
                                    *words), expect=(0, 1))
    return {clue["subject"]: clue for clue in map(json.loads, lines.splitlines())}


def followed(installation, folder):
    """A clue goes when what was missing has come, survives a restart, and nothing is compared that is withheld."""
    make_city(installation, folder, {"scjg.enterprise", "tax.registration"})
    run(*installation.words("tax-manager", "compare", "apply", "-f", ROOT / "examples" / "comparison"))
    rule = "t24_tax_registration"
    told = compare(installation, rule, "", "--dry-run")
    assert int(told["findings"]) > 1 and "new_clues" not in told, told
    assert not clues_of(installation, rule)
    plan = json.loads(run(*installation.words("tax-consumer", "-o", "json", "compare", "explain", rule)))
    company, registration = plan["sources"]
    rows = sum(1 for _ in open(folder / "city" / "scjg.enterprise.csv", encoding="utf-8")) - 1
    assert (company["side"], int(company["rows"]), company["keys"]) == ("company", rows, str(rows)), plan
    assert int(registration["largest_key_rows"]) == 1 and "last_run" not in plan, plan
    assert int(plan["estimate"]["read_rows"]) >= int(plan["rows"]), plan
    told = compare(installation, rule, "")
    clues = clues_of(installation, rule)
    assert len(clues) == int(told["new_clues"]) == int(told["findings"]), told
    told = run(*installation.words("tax-consumer", "compare", "explain", rule))
    assert "runs/" in told and "estimate: " in told and "as its last runs did" in told, told
    plan = json.loads(run(*installation.words("tax-consumer", "-o", "json", "compare", "explain", rule)))["estimate"]
    assert int(plan["took_us"]) > 0 and int(plan["memory_bytes"]) > 0 and "waits_for_rows" not in plan, plan
    said, code = on_terminal(installation.words("tax-consumer", "compare", "run", rule, "--dry-run"))
    assert code == 0 and said.startswith("\r") and said.endswith("\x1b[K"), said
    if hasattr(installation, "process"):
        cancelled(installation, rule)
    # One of them has registered meanwhile.
    subject, clue = next(iter(clues.items()))
    figures = {figure["name"]: figure["value"] for figure in clue["figures"]}
    late = folder / "late.csv"
    late.write_text("uscc,name,registered_on,status,office,general_taxpayer\n"
                    f"{subject},补登记,{figures['company.established_on']},normal,第一税务所,false\n", encoding="utf-8")
    run(*installation.words("tax-publisher", "publish", "tax.registration", late))
    told = compare(installation, rule, "")
    assert (told.get("withdrawn_clues"), told.get("new_clues", "0")) == ("1", "0"), told
    assert set(clues_of(installation, rule)) == set(clues) - {subject}
    assert set(clues_of(installation, rule, "--state", "withdrawn")) == {subject}
    installation.stop()
    installation.start()
    assert set(clues_of(installation, rule)) == set(clues) - {subject}
    told = compare(installation, rule, "")
    assert [told.get(key, "0") for key in ("new_clues", "changed_clues", "withdrawn_clues")] == ["0"] * 3, told
    withheld = folder / "withheld.yaml"
    withheld.write_text(WITHHELD, encoding="utf-8")
    installation.as_context("manager-1", "apply", "-f", withheld)
    refused = run(*installation.words("tax-consumer", "compare", "run", rule, "--as-of", AS_OF), expect=(1,), told=True)
    assert "NEGATIVE_LIST" in refused and "established_on" in refused, refused
    listed = run(*installation.words("tax-consumer", "compare", "rules"))
    assert "established_on of scjg.enterprise" in listed, listed
    # What the rule has found is made of what is withheld now.
    told = run(*installation.words("tax-consumer", "-o", "json", "compare", "clues", "--limit", "1000"))
    for clue in map(json.loads, told.splitlines()):
        assert clue["amount_fen"] and "established_on" in clue["withheld"], clue
        assert not {"subject", "key", "figures"} & set(clue), clue
    told = json.loads(run(*installation.words("tax-consumer", "-o", "json", "compare", "clue", clue["name"])))
    assert "established_on" in told["clue"]["withheld"] and "evidence" not in told, told
    assert not {"subject", "key", "figures", "history"} & set(told["clue"]), told
    who = installation.as_context("auditor", "audit", "who", "--entity", f"organisation:{subject}")
    assert "clue" in who, who


def until(wanted, what):
    """Waits until wanted() gives something true, and gives it."""
    deadline = time.monotonic() + WAIT_S
    while not (got := wanted()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return got


class Stream:
    """`compare watch` under way: what it prints, line by line."""

    def __init__(self, installation, *words):
        self.process = subprocess.Popen(installation.words("tax-consumer", "-o", "json", *words),
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.found = {}

    def next(self):
        """The next line; the test's own time limit ends a wait for one that does not come."""
        line = self.process.stdout.readline()
        assert line, self.process.communicate()
        return json.loads(line)

    def until(self, wanted, known):
        """Reads until every subject is as wanted: found or not. `known` were found before the stream began."""
        while any(self.found.get(subject, subject in known) != found for subject, found in wanted.items()):
            clue = self.next()
            self.found[clue["subject"]] = clue["state"] != "CLUE_STATE_WITHDRAWN"

    def interrupt(self):
        """Ends it with Ctrl-C; what it said on standard error."""
        self.process.send_signal(signal.SIGINT)
        told = self.process.communicate(timeout=WAIT_S)[1]
        assert self.process.returncode == 0, (self.process.returncode, told)
        return told


def catches_interrupt(process):
    """Whether a process holds SIGINT back, to take it itself."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    blocked = next(line.split()[1] for line in status.splitlines() if line.startswith("SigBlk"))
    return int(blocked, 16) >> (signal.SIGINT - 1) & 1


def cancelled(installation, rule):
    """Ctrl-C at a run whose service does not answer just then: it is never begun, and the exit code says so."""
    service = installation.process
    service.send_signal(signal.SIGSTOP)
    try:
        process = subprocess.Popen(installation.words("tax-consumer", "compare", "run", rule, "--as-of", AS_OF),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        until(lambda: catches_interrupt(process), "the command does not take Ctrl-C")
        process.send_signal(signal.SIGINT)
        told = process.stderr.readline() + process.stderr.readline()
        assert "cancelling the run" in told, told
    finally:
        service.send_signal(signal.SIGCONT)
    told = process.communicate(timeout=WAIT_S)
    assert process.returncode == 130 and not told[0], (process.returncode, told)


def on_terminal(words):
    """What a command says on a terminal of 100 columns, and its exit code."""
    mine, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 100, 0, 0))
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=its)
    os.close(its)
    said = b""
    try:
        while block := os.read(mine, 4096):
            said += block
    except OSError:  # the other end is closed
        pass
    os.close(mine)
    return said.decode(), process.wait(timeout=WAIT_S)


def watched(installation, folder):
    """What is followed is always what a run would find: after changes of both sides, a restart, and a withdrawal."""
    planted = make_city(installation, folder, {"scjg.enterprise", "tax.registration"})
    run(*installation.words("tax-manager", "compare", "apply", "-f", ROOT / "examples" / "comparison"))
    rule = "t24_tax_registration"
    watch = ["compare", "watch", rule, "--as-of", AS_OF]
    told = json.loads(run(*installation.words("tax-consumer", "-o", "json", *watch, "--detach")))
    clues = clues_of(installation, rule)
    assert len(clues) == int(told["new_clues"]) == planted["t24"] > 1, (told, planted)
    stream = Stream(installation, *watch)
    assert int(stream.next().get("new_clues", 0)) == 0
    random = Random(7)
    heading = "uscc,name,registered_on,status,office,general_taxpayer\n"
    missing = sorted(clues)
    expected = set(clues)
    slowest = 0
    for step in range(6):
        # Some register late, some say again when they did; some of it is so late that nothing changes.
        rows = []
        for subject in random.sample(missing, 2):
            figures = {figure["name"]: figure["value"] for figure in clues[subject]["figures"]}
            in_time = step < 5 and random.random() < 0.6
            rows.append(f"{subject},补登记,{figures['company.established_on'] if in_time else '2025-06-29'},normal,"
                        "第一税务所,false\n")
            if in_time:
                expected.discard(subject)
            else:
                expected.add(subject)
        late = folder / f"late{step}.csv"
        late.write_text(heading + "".join(rows), encoding="utf-8")
        run(*installation.words("tax-publisher", "publish", "tax.registration", late))
        begin = time.monotonic()
        until(lambda: set(clues_of(installation, rule)) == expected, (step, expected))
        slowest = max(slowest, time.monotonic() - begin)
        stream.until({subject: subject in expected for subject in missing}, known=set(clues))
    print(f"from acknowledged records to clues, with a process of the command for each look: {slowest:.2f} s at most")
    told = compare(installation, rule, "")
    assert [told.get(key, "0") for key in ("new_clues", "changed_clues", "withdrawn_clues")] == ["0"] * 3, told
    # It goes on after a restart.
    installation.stop()
    installation.start()
    subject = sorted(expected)[0]
    figures = {figure["name"]: figure["value"] for figure in clues[subject]["figures"]}
    late = folder / "last.csv"
    late.write_text(heading + f"{subject},补登记,{figures['company.established_on']},normal,第一税务所,false\n",
                    encoding="utf-8")
    run(*installation.words("tax-publisher", "publish", "tax.registration", late))
    until(lambda: set(clues_of(installation, rule)) == expected - {subject}, subject)
    # So does who watches, by itself; one entry of the audit for each batch names what was told.
    stream.until({subject: False}, known=set(clues))
    assert "--from " in stream.interrupt(), "no token is told"
    watched = installation.as_context("auditor", "audit", "who", "--entity", f"organisation:{subject}")
    assert "clue" in watched, watched
    withheld = folder / "withheld.yaml"
    withheld.write_text(WITHHELD, encoding="utf-8")
    installation.as_context("manager-1", "apply", "-f", withheld)
    until(lambda: "behind" in run(*installation.words("tax-consumer", "compare", "rules")), "the rule is not behind")
    run(*installation.words("tax-consumer", "compare", "watch", rule, "--stop"))
    gone = run(*installation.words("tax-consumer", "compare", "watch", rule, "--stop"), expect=(1,), told=True)
    assert "OBJECT_NOT_FOUND" in gone, gone


def read_from(said):
    """From how many records on the projections of the tax library were read, at each start of the reading."""
    return [0 if place == "the beginning" else int(place.split()[0])
            for place in re.findall(r"projections of tax are read from (the beginning|\d+ records) on", said)]


def killed(installation, folder):
    """Projections go on from where they were kept after a kill, with what was published since; the findings are those
    that there were."""
    make_city(installation, folder, {"scjg.enterprise", "tax.registration"})
    run(*installation.words("tax-manager", "compare", "apply", "-f", ROOT / "examples" / "comparison"))
    rule = "t24_tax_registration"
    compare(installation, rule, "")
    clues = clues_of(installation, rule)
    assert len(clues) >= 2, clues
    said = installation.log_to(folder)
    before = len(read_from(said()))
    installation.stop()
    installation.start()
    until(lambda: len(read_from(said())) > before, "the projections are not read")
    kept = read_from(said())[-1]
    assert kept > 0, said()
    assert [compare(installation, rule, "").get(key, "0")
            for key in ("new_clues", "changed_clues", "withdrawn_clues")] == ["0"] * 3
    # What comes now is not kept yet when the process is killed, and when it is killed again.
    gone = set()
    for subject in sorted(clues)[:2]:
        figures = {figure["name"]: figure["value"] for figure in clues[subject]["figures"]}
        late = folder / f"{subject}.csv"
        late.write_text("uscc,name,registered_on,status,office,general_taxpayer\n"
                        f"{subject},补登记,{figures['company.established_on']},normal,第一税务所,false\n", encoding="utf-8")
        run(*installation.words("tax-publisher", "publish", "tax.registration", late))
        before = len(read_from(said()))
        installation.kill_comparison()
        installation.start()
        until(lambda: len(read_from(said())) > before, "the projections are not read")
        assert read_from(said())[-1] >= kept, said()
        told = compare(installation, rule, "")
        gone.add(subject)
        assert (told.get("withdrawn_clues"), told.get("new_clues", "0")) == ("1", "0"), told
        assert set(clues_of(installation, rule)) == set(clues) - gone
    print(f"after each of two kills the projections of tax were read from {kept} records on")


def on_processes(build, folder):
    processes = ["catalog", *LIBRARIES[sys.argv[2]], "audit", "comparison"]
    return ClusterInstallation(build, folder, [f"{process}-0" for process in processes])


if __name__ == "__main__":
    run_named({"found": found, "followed": followed, "watched": watched, "killed": killed},
              on_processes if sys.argv[3:] == ["cluster"] else Installation)
