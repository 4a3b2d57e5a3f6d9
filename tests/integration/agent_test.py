"""The agent of a department, with a real PostgreSQL. Usage: agent_test.py BUILD_FOLDER
folders|waiting|queries"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import installation as shared
from installation import citizen_id, run, stop, until

POSTGRES = pathlib.Path("/usr/lib/postgresql/15/bin")
ROWS = 12_000
# More than are published before a test has seen that they are.
LONG_ROWS = 30_000
HEAD = "citizen_id,name,sex,birth_date,division,address,state,updated_at\n"


def line(number):
    ident, born = citizen_id(number)
    return f"{ident},张三,1,{born},321002,文昌中路{number}号,normal,2025-01-01T00:00:00Z\n"


class Agent:
    """`hangou agent` with a file of its own."""

    def __init__(self, installation, folder, text):
        self.installation = installation
        self.state = folder / "state"
        self.file = folder / "agent.yaml"
        self.file.write_text(f"state: state\naddress: {installation.address}\n"
                             f"identity: {installation.identity('psb-publisher')}\n{text}", encoding="utf-8")
        self.start()

    def words(self, *more):
        return [str(self.installation.hangou), "--timeout", "5", "agent", "--config", str(self.file), *more]

    def start(self):
        self.process = subprocess.Popen(self.words())

    def kill(self):
        self.process.kill()
        self.process.wait()

    def status(self):
        done = subprocess.run(self.words("--status"), capture_output=True, text=True, timeout=60)
        return done.returncode, json.loads(done.stdout) if done.stdout else {}


def write_whole(path, text):
    """A file that is complete once it has its name."""
    path.with_suffix(".part").write_text(text, encoding="utf-8")
    path.with_suffix(".part").rename(path)


def only(folder, pattern):
    found = sorted(folder.glob(pattern))
    return found[0] if len(found) == 1 else None


def test_folders(installation, folder):
    stable, marked = folder / "stable", folder / "marked"
    for drop in (stable, marked):
        drop.mkdir()
    agent = Agent(installation, folder,
                  f"folders:\n  - {{path: {stable}, resource: psb.resident, stable_s: 0.2}}\n"
                  f"  - {{path: {marked}, resource: psb.resident, complete: marker}}\n")
    try:
        write_whole(stable / "a.csv", HEAD + line(0) + "bad" + line(1))
        write_whole(stable / "wrong.csv", "nickname\nx\n")
        write_whole(marked / "b.csv", HEAD + line(2))
        until("the stable file is done", lambda: only(stable / "done", "*-a.csv"))
        until("the wrong file has failed", lambda: only(stable / "failed", "*-wrong.csv"))
        report = json.loads(only(stable / "done", "*-a.csv.json").read_text(encoding="utf-8"))
        assert report["accepted"] == 1 and report["refused"] == 1, report
        assert pathlib.Path(report["rejected_file"]).read_text(encoding="utf-8").count("\n") == 2
        report = json.loads(only(stable / "failed", "*-wrong.csv.json").read_text(encoding="utf-8"))
        assert "nickname" in report["error"], report
        assert (marked / "b.csv").exists(), "a file without its marker is not complete"
        # The platform is away for a while.
        installation.stop()
        (marked / "b.csv.done").touch()
        until("the agent tells that it fails", lambda: agent.status()[1]["sources"][1]["error"])
        assert agent.status()[0] == 1
        installation.start()
        until("the marked file is done", lambda: only(marked / "done", "*-b.csv"))
        assert not (marked / "b.csv.done").exists()
        until("the agent is well", lambda: agent.status()[0] == 0)
        second = subprocess.run(agent.words(), capture_output=True, text=True, timeout=60)
        assert second.returncode == 1 and "another agent" in second.stderr, second
        assert stop(agent.process) == 0
        assert agent.status()[0] == 1 and agent.status()[1]["state"] == "stopped"
        assert installation.residents_count() == 2
    finally:
        agent.kill()


def test_waiting(installation, folder):
    """What is not the file's fault lets it wait; what changes while it is published is published again."""
    drop, mapped = folder / "drop", folder / "mapped"
    drop.mkdir()
    mapped.mkdir()
    (folder / "m.yaml").write_text("columns: {nickname: nickname}\n", encoding="utf-8")
    agent = Agent(installation, folder,
                  f"folders:\n  - {{path: {drop}, resource: psb.resident, complete: marker}}\n"
                  f"  - {{path: {mapped}, resource: psb.resident, stable_s: 0.2, mapping: m.yaml}}\n")
    try:
        write_whole(mapped / "a.csv", HEAD + line(0))
        until("the mapping is told to be wrong",
              lambda: any("nickname" in source["error"] for source in agent.status()[1].get("sources", [])))
        assert (mapped / "a.csv").exists() and not (mapped / "failed").exists()
        (folder / "m.yaml").write_text("resource: psb.resident\n", encoding="utf-8")
        until("the file is done under the right mapping", lambda: only(mapped / "done", "*-a.csv"))
        # A row is written behind the others while they are sent.
        write_whole(drop / "b.csv", HEAD + "".join(map(line, range(1, LONG_ROWS))))
        (drop / "b.csv.done").touch()
        until("it is being published", (drop / "b.csv.progress").exists)
        with open(drop / "b.csv", "a", encoding="utf-8") as file:
            file.write(line(LONG_ROWS))
        until("the longer file is done", lambda: only(drop / "done", "*-b.csv"))
        report = json.loads(only(drop / "done", "*-b.csv.json").read_text(encoding="utf-8"))
        assert report["rows"] == LONG_ROWS and report["duplicate"] >= LONG_ROWS - 1, report
        until("it is counted once", lambda: agent.status()[1]["sources"][0]["files_done"] == 1)
        assert not (drop / "b.csv.done").exists() and not (drop / "b.csv.progress").exists()
        # Its name is in GB 18030.
        name = os.fsencode(drop) + b"/" + "张.csv".encode("gb18030")
        with open(name, "w", encoding="utf-8") as file:
            file.write("nickname\nx\n")
        open(name + b".done", "w", encoding="utf-8").close()
        until("the file has failed", lambda: os.path.isdir(drop / "failed") and len(os.listdir(drop / "failed")) == 2)
        until("the agent is well", lambda: agent.status()[0] == 0)
        assert stop(agent.process) == 0
    finally:
        agent.kill()


class Database:
    """A PostgreSQL of its own, reached by a socket in its folder."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.as_server = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self.as_server:
            shutil.chown(self.folder, "postgres")
        self.server("initdb", "-D", self.folder / "db", "-U", "postgres", "--auth=trust", "--encoding=UTF8",
                    "--locale=C")
        self.server("pg_ctl", "-D", self.folder / "db", "-w", "-l", self.folder / "log", "-o",
                    f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c fsync=off", "start")

    def server(self, program, *words):
        # Its output goes nowhere: the server would keep a pipe open.
        done = subprocess.run([*self.as_server, str(POSTGRES / program), *map(str, words)], cwd="/",
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
        assert done.returncode == 0, (program, done.returncode)

    def sql(self, text):
        return run(POSTGRES / "psql", "-h", self.folder, "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-qAt", "-c",
                   text)

    def stop(self):
        self.server("pg_ctl", "-D", self.folder / "db", "-m", "immediate", "-w", "stop")


def insert(database, numbers, changed):
    values = ",".join("('%s','%s')" % citizen_id(number) for number in numbers)
    database.sql("INSERT INTO resident SELECT id, '张三', '1', born::date, '321002', '文昌中路1号', 'normal', "
                 f"{changed} FROM (VALUES {values}) AS v (id, born)")


def test_queries(installation, folder):
    with tempfile.TemporaryDirectory(prefix="hangou-pg-") as place:
        database = Database(place)
        try:
            database.sql("CREATE TABLE resident (citizen_id text, name text, sex text, birth_date date, division text, "
                         "address text, state text, updated_at timestamptz)")
            # Many rows share their watermark, also where a page ends.
            for part in range(4):
                insert(database, range(part * ROWS // 4, (part + 1) * ROWS // 4),
                       f"'2025-01-01 00:00:00+08'::timestamptz + {part} * interval '1 hour' + "
                       "(right(id, 4)::char(3)::int / 7) * interval '1 second'")
            database.sql("INSERT INTO resident VALUES ('bad', '李四', '1', '1990-01-01', '321002', 'x', 'normal', "
                         "'2025-01-01 01:00:30+08'), ('never', '', '', NULL, '', '', '', NULL)")
            agent = Agent(installation, folder,
                          "queries:\n  - name: residents\n    resource: psb.resident\n    watermark: updated_at\n"
                          f"    connection: host={place} user=postgres dbname=postgres client_encoding=GB18030\n"
                          "    page_rows: 500\n"
                          "    every_s: 0.2\n    query: SELECT * FROM resident\n")
            place_file = agent.state / "residents.watermark"
            try:
                for pages in (2, 6, 10):
                    until(f"{pages} pages", lambda: place_file.exists() and
                          json.loads(place_file.read_text())["pages"] >= pages)
                    agent.kill()
                    agent.start()
                until("all rows", lambda: installation.residents_count() == ROWS)
                # The database is away for a while; what changed meanwhile comes once it is back.
                insert(database, [ROWS], "'2025-02-01'")
                database.server("pg_ctl", "-D", database.folder / "db", "-m", "fast", "-w", "restart")
                until("the row of after the restart", lambda: installation.residents_count() == ROWS + 1)
                quarantine = list((agent.state / "quarantine").glob("residents-*.csv"))
                assert len(quarantine) == 1, quarantine
                assert ",bad,李四," in quarantine[0].read_text(encoding="utf-8")
                until("the agent is well", lambda: agent.status()[0] == 0)
                assert stop(agent.process) == 0
            finally:
                agent.kill()
            # Nothing is lost or stands twice: all of it is known, with the content that it has.
            rows = database.sql("SET timezone='UTC'; COPY (SELECT citizen_id, name, sex, birth_date, division, "
                                "address, state, to_char(updated_at, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM resident "
                                "WHERE citizen_id LIKE '321002%') TO STDOUT (FORMAT csv)")
            (folder / "all.csv").write_text(HEAD + rows, encoding="utf-8")
            report = installation.publish("psb.resident", folder / "all.csv")
            assert report["duplicate"] == ROWS + 1 and report["rows"] == ROWS + 1, report
        finally:
            database.stop()


if __name__ == "__main__":
    if sys.argv[2] == "queries" and not (POSTGRES / "initdb").exists():
        print("skipped: PostgreSQL is not at hand (Debian's package postgresql-15)")
        sys.exit(77)
    shared.main({"folders": test_folders, "waiting": test_waiting, "queries": test_queries})
