"""What tests of the real program share: a standalone installation with the city of the examples, made-up residents."""

import datetime
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIMEOUT_S = 90
WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]


def run(*words, expect=(0,), told=False, **options):
    """Runs a command to its end; its output, with `told` what it says on standard error too. Ends the test where the
    command ends otherwise than expected."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=TIMEOUT_S, **options)
    if done.returncode not in expect:
        sys.exit(f"{' '.join(map(str, words))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr if told else done.stdout


def until(what, condition):
    """Asks again and again until the answer is true; the answer."""
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.05)  # waits: files and processes offer only polling
    return sys.exit(f"not within {TIMEOUT_S} s: {what}")


def citizen_id(number):
    """The id of a resident of nobody's city, and the day of birth."""
    born = datetime.date(1950, 1, 1) + datetime.timedelta(days=number // 1000)
    first = f"321002{born:%Y%m%d}{number % 1000:03d}"
    return first + "10X98765432"[sum(int(a) * b for a, b in zip(first, WEIGHTS)) % 11], born


def stop(process):
    """Ends a process that this test has started, in order."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


class Installation:
    """A standalone process. Identities of departments are issued when they are first used."""

    # Where the process says what it does; none: where the test does.
    errors = None

    def __init__(self, build, folder, flags=()):
        self.hangou = pathlib.Path(build) / "bin" / "hangou"
        self.data = pathlib.Path(folder) / "data"
        self.address = "127.0.0.1:0"
        self.flags = flags
        self.start()
        self.as_context("manager-1", "apply", "-f", ROOT / "examples" / "city" / "base")

    def start(self):
        """Starts it, the second time where it was."""
        self.process = subprocess.Popen([self.hangou, "standalone", "--data", self.data, "--listen", self.address,
                                         *self.flags], stdout=subprocess.PIPE, stderr=self.errors, text=True)
        line = self.process.stdout.readline()
        if "serving on " not in line:
            stop(self.process)
            sys.exit("the standalone process did not start: " + line)
        self.address = line.split("serving on ")[1].split(",")[0]

    def stop(self):
        stop(self.process)
        self.process.stdout.close()

    def kill_comparison(self):
        """Ends the process that compares, at once; start() starts it again."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def log_to(self, folder):
        """From the next start on; gives what tells what the process that compares has said until then."""
        path = folder / "said"
        self.errors = open(path, "ab")  # pylint: disable=consider-using-with
        return lambda: path.read_text(encoding="utf-8")

    def as_context(self, context, *words, expect=(0,)):
        """A command under a context of the installation's own file: managers, the auditor."""
        return run(self.hangou, "--config", self.data / "config.yaml", "--context", context, *words, expect=expect)

    def identity(self, name):
        """The folder of the identity DEPARTMENT-ROLE."""
        folder = self.data / "identities" / name
        if not folder.exists():
            department, role = name.rsplit("-", 1)
            run(self.hangou, "certs", "issue", "--data", self.data, "--department", department, "--role", role)
        return folder

    def words(self, name, *words):
        """A command line as DEPARTMENT-ROLE."""
        return [str(word) for word in (self.hangou, "--address", self.address, "--identity", self.identity(name),
                                       *words)]

    def publish(self, *words, expect=(0,)):
        """The report of a publish."""
        return json.loads(run(*self.words("psb-publisher", "-o", "json", "publish", *words), expect=expect))

    def residents_count(self):
        """How many residents a consumer finds; the last line is the decision."""
        lines = run(*self.words("tax-consumer", "-o", "json", "query", "psb.resident", "--purpose", "tax_risk",
                                "--all"))
        return len(lines.splitlines()) - 1


def main(tests, make=Installation):
    """Runs the test that the command line names: TEST.py BUILD_FOLDER NAME. `make` gives the installation."""
    import tempfile
    os.environ.pop("HANGOU_CONFIG", None)
    with tempfile.TemporaryDirectory(prefix="hangou-onboarding-") as folder:
        installation = make(sys.argv[1], folder)
        try:
            tests[sys.argv[2]](installation, pathlib.Path(folder))
        finally:
            installation.stop()
