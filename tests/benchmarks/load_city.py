"""Loads a synthetic city into one process and prints what that took: records per second, bytes on disk, memory.

Usage: tests/benchmarks/load_city.py BUILD_FOLDER [--people N] [--side-by-side N] [--memory-mib N] [--keep DIR]

The city is tools/citygen's, without damaged rows; every department publishes its own files, some side by side. Nothing
else should run on the machine meanwhile.
"""

import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_S = 60
FILE_S = 3600


def run(*words, expect=(0,), timeout=FILE_S):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=timeout)
    if done.returncode not in expect:
        sys.exit(f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def size_of(folder):
    return sum(path.stat().st_size for path in pathlib.Path(folder).rglob("*") if path.is_file())


def peak_mib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


@contextlib.contextmanager
def standalone(hangou, data, memory_mib):
    """The process, and the address of its catalog."""
    process = subprocess.Popen([hangou, "standalone", "--data", data, "--listen", "127.0.0.1:0", "--memory-mib",
                                str(memory_mib)], stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        if "serving on " not in line:
            sys.exit("the process did not start: " + line)
        yield process.pid, line.split("serving on ")[1].split(",")[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=START_S)
        process.stdout.close()


def publish(hangou, address, data, path):
    """Publishes a file as its department; what became of the rows."""
    department, resource = path.name.split(".")[0], path.name.removesuffix(".csv")
    output = run(hangou, "-o", "json", "--address", address, "--identity",
                 data / "identities" / f"{department}-publisher", "publish", resource, path, expect=(0, 3))
    counts = json.loads(output)
    if counts["refused"] > 0:
        print(f"{resource}: {counts['refused']} refused: {counts['by_reason']}", flush=True)
    return counts


def load(arguments, folder):
    hangou, citygen = (arguments.build / "bin" / name for name in ("hangou", "citygen"))
    data, city = folder / "data", folder / "city"
    examples = ROOT / "examples" / "city"
    began = time.monotonic()
    run(citygen, "--seed", 1, "--people", arguments.people, "--dirty-percent", 0, "--data", ROOT / "data", "--out",
        city)
    print(f"city written in {time.monotonic() - began:.0f} s", flush=True)
    with standalone(hangou, data, arguments.memory_mib) as (pid, address):
        os.environ["HANGOU_CONFIG"] = str(data / "config.yaml")
        run(hangou, "--context", "manager-1", "apply", "-f", examples / "base", "-f", examples / "full")
        files = [path for path in city.glob("*.csv") if "." in path.name.removesuffix(".csv")]
        for department in sorted({path.name.split(".")[0] for path in files}):
            run(hangou, "certs", "issue", "--data", data, "--department", department, "--role", "publisher")
        # The largest first, so that none is left alone at the end.
        files.sort(key=lambda path: -path.stat().st_size)
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(arguments.side_by_side) as pool:
            counts = list(pool.map(lambda path: publish(hangou, address, data, path), files))
        seconds = time.monotonic() - began
        peak = peak_mib(pid)
    accepted = sum(count["accepted"] for count in counts)
    rows = sum(count["rows"] for count in counts)
    log, views = size_of(data / "log"), size_of(data) - size_of(data / "log")
    print(f"{arguments.people} people: {rows} rows of {len(files)} resources, {accepted} records accepted in "
          f"{seconds:.0f} s: {accepted / seconds:.0f} records/s")
    written = sum(path.stat().st_size for path in files)
    print(f"on disk {log / accepted:.0f} bytes per record in the log, {views / accepted:.0f} in views, audit and the "
          f"rest; the files have {written / rows:.0f} per row")
    print(f"peak memory of the process {peak:.0f} MiB, of a budget of {arguments.memory_mib} MiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--side-by-side", type=int, default=2)
    parser.add_argument("--memory-mib", type=int, default=1024)
    parser.add_argument("--keep", type=pathlib.Path)
    arguments = parser.parse_args()
    arguments.build = arguments.build.resolve()
    folder = arguments.keep or pathlib.Path(tempfile.mkdtemp(prefix="hangou-load-"))
    try:
        load(arguments, folder)
    finally:
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
