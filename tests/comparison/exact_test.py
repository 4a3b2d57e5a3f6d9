"""Runs of all rules over a large, dirty city, beside DuckDB: not one finding more, fewer or other.
Usage: exact_test.py BUILD_FOLDER RECORDS

The server is killed while records are published and while a rule runs, and a field is withheld while a rule runs.
DuckDB comes by pip: Debian does not have it.
"""

import importlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import installation as shared  # noqa: E402
from dirt import relax, soil_city  # noqa: E402
from installation import ROOT, Installation, run, stop, until  # noqa: E402
from oracle import Catalog, Oracle, documents_of  # noqa: E402

AS_OF = "2025-06-30"
PERIODS = {"year": "2024", "month": "2025-05"}
PERIOD_OF = {"rules/t17_purchase_tax": "2025"}
PACK = ROOT / "examples" / "comparison"
EXTRA = HERE / "rules.yaml"
# Rows of the rules' tables that a resident of the synthetic city stands for, with what dirt.py adds.
ROWS_PER_PERSON = 4.4
SEED = 21
# What a run says that is to be tried again: its rows are still being read, or the disk is busy.
TRY_AGAIN = ("POSITION_TIMEOUT", "DEADLINE_EXCEEDED", "OVERLOADED")
# Tables whose corrections are taken back: what was there before counts again.
TAKEN_BACK = ("psb.vehicle", "tax.deed", "tax.vehicle_tax")
# The rule that is disturbed, the table that feeds it most, and the field that is withheld meanwhile.
DISTURBED, BESIDE = "rules/t20_wages", "rules/t16_vehicle_tax"
WITHHELD = """
kind: NegativeListEntry
name: insurance-base
title: 缴费基数不再共享
resource: resources/hrss.social_insurance
field: base
legal_basis: 测试
review_date: "2030-01-01"
removed: {removed}
"""


def say(*what):
    print(f"{time.monotonic() - BEGIN:7.1f} s ", *what, flush=True)


BEGIN = time.monotonic()


def period_of(rule):
    return PERIOD_OF.get(rule["name"], PERIODS.get(rule.get("period")))


class Comparing:
    """A city in a standalone process and in DuckDB."""

    def __init__(self, build, folder, records):
        self.wrong = []  # what differs, to be told at the end
        self.build, self.folder, self.records = pathlib.Path(build), pathlib.Path(folder), records
        self.examples = self.folder / "examples"
        self.make_catalog()
        self.catalog = Catalog(self.examples)
        self.oracle = self.make_oracle()
        self.used = self.oracle.fields()
        self.rules = self.oracle.rules
        self.files = self.folder / "files"
        self.make_files()
        self.installation = Installation(build, folder)

    def make_catalog(self):
        """The catalog of the example city, in which fields may be empty."""
        for source in (ROOT / "examples" / "city").glob("*/*/*.yaml"):
            if source.parts[-3] in ("base", "full"):
                target = self.examples / source.relative_to(ROOT / "examples" / "city")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(relax(source.read_text(encoding="utf-8")), encoding="utf-8")

    def make_oracle(self):
        try:
            duckdb = importlib.import_module("duckdb")
        except ImportError:
            target = self.folder / "python"
            run(sys.executable, "-m", "pip", "install", "--quiet", "--target", target, "duckdb")
            sys.path.append(str(target))
            duckdb = importlib.import_module("duckdb")
        connection = duckdb.connect(str(self.folder / "oracle.duckdb"))
        connection.execute(f"SET threads = 2; SET memory_limit = '6GB'; SET temp_directory = '{self.folder}/spilled'")
        return Oracle(connection, self.catalog, PACK, EXTRA)

    def make_files(self):
        city = self.folder / "city"
        run(self.build / "bin" / "citygen", "--people", int(self.records / ROWS_PER_PERSON), "--seed", SEED,
            "--dirty-percent", 0, "--only", ",".join(sorted(self.used)), "--data", ROOT / "data", "--out", city)
        rows = soil_city(city, self.files, self.catalog.resources, self.used, SEED)
        say(f"{rows} rows in {len(self.used)} tables")
        for table, fields in self.used.items():
            later = [] if table in TAKEN_BACK else [self.files / f"{table}.later.csv"]
            self.catalog.load(self.oracle.connection, table, [self.files / f"{table}.csv", *later], fields)
        say("DuckDB has them")

    # Our side.

    def words(self, *words):
        return self.installation.words("tax-consumer", "-o", "json", "--timeout", "600", "compare", *words)

    def run_words(self, name):
        period = period_of(self.rules[name])
        flags = ["--period", period] if period else []
        return self.words("run", name.removeprefix("rules/"), "--as-of", AS_OF, *flags)

    def run_ours(self, name):
        """A run, again where the rows are still being read."""
        deadline = time.monotonic() + shared.TIMEOUT_S
        while True:
            done = subprocess.run(self.run_words(name), capture_output=True, text=True)
            if done.returncode in (0, 3):  # 3: of some keys nothing can be said
                return json.loads(done.stdout)
            if not any(reason in done.stderr for reason in TRY_AGAIN) or time.monotonic() > deadline:
                sys.exit(f"{name} ended with {done.returncode}: {done.stdout}{done.stderr}")

    def clues(self, name):
        lines = run(*self.words("clues", "--rule", name.removeprefix("rules/"), "--limit", 1000000), expect=(0, 1))
        clues = [json.loads(line) for line in lines.splitlines()]
        found = {(tuple(part.get("value", "") for part in clue["key"]), int(clue.get("amount_fen", 0)),
                  clue.get("subject", "")) for clue in clues}
        assert len(found) == len(clues), f"{name}: a key is told twice"
        return found

    def compare(self, name):
        """Our findings and DuckDB's are the same, and so are the keys of which nothing can be said."""
        told = self.run_ours(name)
        begin = time.monotonic()
        theirs, states = self.oracle.run(name, AS_OF, period_of(self.rules[name]))
        took = time.monotonic() - begin
        theirs = {(key, amount or 0, subject) for key, amount, subject in theirs}
        ours = self.clues(name)
        missed, invented = sorted(theirs - ours), sorted(ours - theirs)
        say(f"{name}: {len(ours)} found, difference {len(missed) + len(invented)}, keys {states}, ours "
            f"{int(told['took_us']) / 1e6:.2f} s, DuckDB {took:.2f} s")
        if missed or invented:
            self.wrong.append(f"{name}: missed {missed[:5]}, invented {invented[:5]}")
        counted = {state: int(told.get(field, 0)) for state, field in
                   (("finding", "findings"), ("not_due", "not_due"), ("undetermined", "undetermined"))}
        counted["problem"] = sum(int(problem["keys"]) for problem in told.get("problems", []))
        if "rollup" not in self.rules[name]:
            counted["keys"] = int(told.get("keys", 0))
        if counted != {state: states[state] for state in counted}:
            self.wrong.append(f"{name}: of keys {counted}, there {states}")
        return len(ours)

    def kill(self):
        self.installation.process.send_signal(signal.SIGKILL)
        self.installation.process.wait()
        self.installation.process.stdout.close()

    def rebuilding(self):
        """True when projections are being filled: a run waits for them."""
        return any(path.stat().st_size > 0 for path in self.installation.data.glob("**/comparison/**/*") if
                   path.is_file())

    # Steps.

    def publish(self, table, path):
        words = self.installation.words(f"{table.split('.')[0]}-publisher", "-o", "json", "publish", table, path)
        told = json.loads(run(*words, expect=(0,)))
        taken = sum(told[key] for key in ("accepted", "duplicate", "stale"))
        assert taken == told["rows"] and not told["by_reason"], f"{table}: {told}"

    def publish_killed(self, table, path):
        """The server dies when half of the rows are on the way; the publisher starts again."""
        words = self.installation.words(f"{table.split('.')[0]}-publisher", "-o", "json", "publish", table, path)
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as publisher:
            progress = path.with_name(path.name + ".progress")
            until("half of the rows are published",
                  lambda: publisher.poll() is not None or self.log_bytes() > self.log_before + path.stat().st_size / 2)
            assert publisher.poll() is None, "the rows were published too soon"
            self.kill()
            self.installation.start()
            publisher.wait()
            say(f"killed while {table} was published; the publisher ended with {publisher.returncode}, {progress.name} "
                f"is {'there' if progress.exists() else 'not there'}")
        self.publish(table, path)

    def log_bytes(self):
        return sum(path.stat().st_blocks * 512 for path in (self.installation.data / "log").rglob("*")
                   if path.is_file())

    def fill(self):
        waiting = self.installation.as_context("manager-1", "-o", "json", "apply", "-f", self.examples / "full", "-f",
                                               self.examples / "base" / "resources", "-f",
                                               ROOT / "examples" / "city" / "comparison")
        self.installation.as_context("manager-2", "approve", json.loads(waiting)["waiting_change"])
        largest = max(self.used, key=lambda table: (self.files / f"{table}.csv").stat().st_size)
        for table in sorted(self.used):
            path = self.files / f"{table}.csv"
            self.log_before = self.log_bytes()
            (self.publish_killed if table == largest else self.publish)(table, path)
        for table in sorted(self.used):
            self.publish(table, self.files / f"{table}.later.csv")
        for table in TAKEN_BACK:
            run(*self.installation.words(f"{table.split('.')[0]}-publisher", "withdraw", table,
                                         self.files / f"{table}.later.csv"))
        say("all rows are published, and some taken back")
        run(*self.installation.words("tax-manager", "compare", "apply", "-f", PACK, "-f", EXTRA))

    def compare_killed(self):
        """The server dies while a rule runs; after it is back nothing is missing, and nothing is there twice."""
        with subprocess.Popen(self.run_words(DISTURBED), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as runner:
            until("a run has begun", lambda: runner.poll() is not None or self.rebuilding())
            assert runner.poll() is None, "the run ended too soon"
            self.kill()
            runner.wait()
            assert runner.returncode != 0, "the run came through"
        self.installation.start()
        say("killed while a rule ran")
        self.run_all_at_once()
        found = sum(self.compare(name) for name in self.rules)
        assert found > 0 and not self.wrong, "\n".join(self.wrong)
        say(f"{len(self.rules)} rules, {found} findings, difference 0")

    def run_all_at_once(self):
        """All rules begin together, so that the log is read once for all of them, and not once for each."""
        runs = [subprocess.Popen([*self.run_words(name), "--dry-run"], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, text=True) for name in self.rules]
        for name, started in zip(self.rules, runs):
            _, error = started.communicate(timeout=shared.TIMEOUT_S)
            tried_again = any(reason in error for reason in TRY_AGAIN)
            assert started.returncode in (0, 3) or tried_again, f"{name}: {error}"
        say("all rules have run at once")

    def withhold(self, removed):
        path = self.folder / "withheld.yaml"
        path.write_text(WITHHELD.format(removed=str(removed).lower()), encoding="utf-8")
        told = json.loads(self.installation.as_context("manager-1", "-o", "json", "apply", "-f", path))
        if told.get("waiting_change"):
            self.installation.as_context("manager-2", "approve", told["waiting_change"])

    def compare_withheld(self):
        """A field is withheld while a rule runs: that run ends with the reason, another goes on."""
        self.installation.stop()
        self.installation.start()
        with subprocess.Popen(self.run_words(DISTURBED), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as runner, \
                subprocess.Popen(self.run_words(BESIDE), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 text=True) as beside:
            until("a run has begun", lambda: runner.poll() is not None or self.rebuilding())
            assert runner.poll() is None, "the run ended too soon"
            self.withhold(removed=False)
            out, error = runner.communicate(timeout=shared.TIMEOUT_S)
            assert runner.returncode != 0 and "NEGATIVE_LIST" in error and "base" in error, (out, error)
            out, error = beside.communicate(timeout=shared.TIMEOUT_S)
            assert beside.returncode == 0, error
        self.compare(BESIDE)
        refused = run(*self.run_words(DISTURBED), expect=(1,), told=True)
        assert "NEGATIVE_LIST" in refused, refused
        self.withhold(removed=True)
        self.compare(DISTURBED)
        assert not self.wrong, "\n".join(self.wrong)
        say("a field was withheld while a rule ran")


def main():
    os.environ.pop("HANGOU_CONFIG", None)
    # Millions of rows take longer than what other tests wait for.
    shared.TIMEOUT_S = 1800
    with tempfile.TemporaryDirectory(prefix="hangou-exact-") as folder:
        comparing = Comparing(sys.argv[1], folder, int(sys.argv[2]))
        try:
            comparing.fill()
            comparing.compare_killed()
            comparing.compare_withheld()
        finally:
            comparing.installation.stop()


if __name__ == "__main__":
    main()
