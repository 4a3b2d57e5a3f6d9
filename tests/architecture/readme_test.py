"""Runs the commands of README.md as they stand there: readme_test.py BIN_FOLDER [cluster].

A block ```sh server is started first and stopped at the end; the blocks ```sh run follow in one shell, in order, and
every one must succeed. A block ```text behind one of them lists lines whose text must be in what it printed. Beside
that: every link of the documents leads to a file. With `cluster`, the blocks ```sh cluster are run instead.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import tree

START_SECONDS = 60
RUN_SECONDS = 120
CLUSTER_SECONDS = 400
ADDRESS = "127.0.0.1:7010"  # in the text; the test takes a free port instead
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.S | re.M)
LINK = re.compile(r"\[[^\]]+\]\(([^)#:]+)\)")


def free_address():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return "127.0.0.1:%d" % taken.getsockname()[1]


def blocks(text, wanted="sh run"):
    """(server script, [(script, expected lines)]) of the blocks of the kind wanted."""
    server, runs, last = "", [], ""
    for kind, body in FENCE.findall(text):
        if kind == "sh server":
            server = body
        elif kind == wanted:
            runs.append((body, []))
        elif kind == "text" and last == wanted:
            runs[-1] = (runs[-1][0], body.splitlines())
        last = kind
    return server, runs


def wait_until_serving(server, config):
    """Polls for the file that the server writes when it serves."""
    deadline = time.monotonic() + START_SECONDS
    while not (os.path.exists(config) and os.path.getsize(config)):
        if server.poll() is not None or time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def run_blocks(runs, folder, seconds=RUN_SECONDS):
    """What is wrong, one line each."""
    marker = "-- block %d --"
    script = "set -e\n" + "".join(f"echo '{marker % i}'\n{body}" for i, (body, _) in enumerate(runs))
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=seconds)
    print(done.stdout + done.stderr)
    if done.returncode:
        yield f"a block of README.md failed with exit code {done.returncode}; see above which one"
    for i, (_, expected) in enumerate(runs):
        printed = done.stdout.partition(marker % i)[2].partition(marker % (i + 1))[0]
        for line in expected:
            if line not in printed:
                yield f"block {i + 1} of README.md does not print: {line}"


def make_folder(programs):
    """A clone with programs that are built, as far as the commands look."""
    folder = tempfile.mkdtemp(prefix="hangou-readme.")
    os.makedirs(f"{folder}/build")
    os.symlink(os.path.realpath(programs), f"{folder}/build/bin")
    for name in ("examples", "data", "tools", "deploy"):
        os.symlink(f"{tree.ROOT}/{name}", f"{folder}/{name}")
    return folder


def run_cluster(text, programs):
    folder = make_folder(programs)
    port = int(free_address().rpartition(":")[2]) % 10000 + 15000  # one of many in a row, below the clients' own
    os.environ.update(HANGOU_BIN=f"{folder}/build/bin", HANGOU_KAFKA_LIBS=f"{tree.ROOT}/build/kafka/libs",
                      CLUSTER_PORT=str(port), CLUSTER_PARTITIONS="16")
    try:
        return list(run_blocks(blocks(text, "sh cluster")[1], folder, CLUSTER_SECONDS))
    finally:
        subprocess.run(["tools/cluster.sh", "down", "cluster-data"], cwd=folder, check=False, timeout=CLUSTER_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def run_readme(text, programs):
    folder = make_folder(programs)
    try:
        server_script, runs = blocks(text.replace(ADDRESS, free_address()))
        with open(f"{folder}/server.log", "wb") as log:
            # With a trap the shell waits for the server when both are told to stop.
            server = subprocess.Popen(["bash", "-c", "trap : TERM\n" + server_script], cwd=folder, stdout=log,
                                      stderr=log, start_new_session=True)
        try:
            if not wait_until_serving(server, f"{folder}/city-data/config.yaml"):
                with open(f"{folder}/server.log", encoding="utf-8", errors="replace") as log:
                    return ["the server of README.md did not start:\n" + log.read()]
            return list(run_blocks(runs, folder))
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            try:
                server.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def dead_links():
    project = tree.project()
    for path in project.paths(r"^[^/]+\.md$"):
        for target in LINK.findall(project.files[path]):
            if not os.path.exists(os.path.join(tree.ROOT, target)):
                yield f"{path}: links to {target}, which does not exist"


def main():
    with open(os.path.join(tree.ROOT, "README.md"), encoding="utf-8") as file:
        text = file.read()
    found = list(dead_links())
    # The test itself must be able to fail.
    if not list(run_blocks([("echo one\n", ["two"])], tree.ROOT)) or not list(run_blocks([("false\n", [])], tree.ROOT)):
        found.append("the test accepts a bad sample")
    cluster = sys.argv[2:] == ["cluster"]
    found += run_cluster(text, sys.argv[1]) if cluster else run_readme(text, sys.argv[1])
    print("\n".join(found))
    print(f"{len(blocks(text, 'sh cluster' if cluster else 'sh run')[1])} blocks run, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
