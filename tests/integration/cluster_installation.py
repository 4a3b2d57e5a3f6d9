"""An installation of processes of their own on a real broker, for tests that also run on a standalone one."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys

from installation import ROOT, Installation

# A machine with two cores starts a broker and some eight processes in a fraction of this.
UP_S = 300
# tools/cluster.sh scrapes a process this far above the port that it serves at.
METRICS_PORTS = 100


def is_free(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def free_ports(count):
    """The first of as many free ports in a row, below those that the system gives away."""
    for first in range(20000 + os.getpid() % 500 * 20, 32000, count):
        if all(is_free(port) and is_free(port + METRICS_PORTS) for port in range(first, first + count)):
            return first
    return sys.exit("no free ports")


class ClusterInstallation(Installation):
    """As tools/cluster.sh starts it. `processes` are names such as tax-0."""

    def __init__(self, build, folder, processes):
        self.folder = pathlib.Path(folder) / "data"
        self.processes = processes
        self.environment = {**os.environ, "HANGOU_BIN": str(pathlib.Path(build).resolve() / "bin"),
                            "CLUSTER_PORT": str(free_ports(len(processes))), "CLUSTER_PARTITIONS": "16",
                            "CLUSTER_PROCESSES": " ".join(processes)}
        super().__init__(build, folder)

    def cluster(self, word):
        """Runs tools/cluster.sh. Ends the test where it fails."""
        done = subprocess.run([ROOT / "tools" / "cluster.sh", word, self.folder], env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=UP_S, check=False)
        if done.returncode != 0:
            sys.exit(f"cluster.sh {word} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def start(self):
        try:
            self.address = re.search(r"catalog at (\S+)", self.cluster("up")).group(1)
        except BaseException:
            self.stop()
            raise

    def kill_comparison(self):
        os.kill(int((self.folder / "pids" / "comparison-0").read_text()), signal.SIGKILL)

    def log_to(self, folder):
        return lambda: (self.folder / "logs" / "comparison-0.log").read_text(encoding="utf-8")

    def stop(self):
        self.cluster("down")
