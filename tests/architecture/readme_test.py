"""Runs the commands of README.md as they stand there: readme_test.py BIN_FOLDER.

A block ```sh server is started first and stopped at the end; the blocks ```sh run follow in one shell, in order, and
every one must succeed. A block ```text behind one of them lists lines whose text must be in what it printed. Beside
that: every link of the documents leads to a file.
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
ADDRESS = "127.0.0.1:7010"  # in the text; the test takes a free port instead
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.S | re.M)
LINK = re.compile(r"\[[^\]]+\]\(([^)#:]+)\)")


def free_address():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return "127.0.0.1:%d" % taken.getsockname()[1]


def blocks(text):
    """(server script, [(run script, expected lines)])."""
    server, runs = "", []
    for kind, body in FENCE.findall(text):
        if kind == "sh server":
            server = body
        elif kind == "sh run":
            runs.append((body, []))
        elif kind == "text" and runs:
            runs[-1] = (runs[-1][0], body.splitlines())
    return server, runs


def wait_until_serving(server, config):
    """Polls for the file that the server writes when it serves."""
    deadline = time.monotonic() + START_SECONDS
    while not (os.path.exists(config) and os.path.getsize(config)):
        if server.poll() is not None or time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def run_blocks(runs, folder):
    """What is wrong, one line each."""
    marker = "-- block %d --"
    script = "set -e\n" + "".join(f"echo '{marker % i}'\n{body}" for i, (body, _) in enumerate(runs))
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=RUN_SECONDS)
    print(done.stdout + done.stderr)
    if done.returncode:
        yield f"a block of README.md failed with exit code {done.returncode}; see above which one"
    for i, (_, expected) in enumerate(runs):
        printed = done.stdout.partition(marker % i)[2].partition(marker % (i + 1))[0]
        for line in expected:
            if line not in printed:
                yield f"block {i + 1} of README.md does not print: {line}"


def run_readme(text, programs):
    folder = tempfile.mkdtemp(prefix="hangou-readme.")
    try:
        os.makedirs(f"{folder}/build")
        os.symlink(os.path.realpath(programs), f"{folder}/build/bin")
        os.symlink(f"{tree.ROOT}/examples", f"{folder}/examples")
        os.symlink(f"{tree.ROOT}/data", f"{folder}/data")
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
    found += run_readme(text, sys.argv[1])
    print("\n".join(found))
    print(f"{len(blocks(text)[1])} blocks run, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
