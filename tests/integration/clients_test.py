"""Clients in other languages against the real program. Usage: clients_test.py BUILD_FOLDER python|grpcurl"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIP = 77
TIMEOUT_S = 60


def run(*words, **options):
    """Runs a command to its end; its output. Ends the test where it fails."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=TIMEOUT_S, **options)
    if done.returncode != 0:
        sys.exit(f"{words[0]} failed with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


class Installation:
    """A standalone process with the city of the examples, in a folder of its own."""

    def __init__(self, build, folder):
        self.hangou = build / "bin" / "hangou"
        self.data = pathlib.Path(folder) / "data"
        self.process = subprocess.Popen([self.hangou, "standalone", "--data", self.data, "--listen", "127.0.0.1:0"],
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if "serving on " not in line:
            self.stop()
            sys.exit("the standalone process did not start: " + line)
        self.address = line.split("serving on ")[1].split(",")[0]
        self.as_context("manager-1", "apply", "-f", ROOT / "examples" / "city" / "base")

    def as_context(self, context, *words):
        return run(self.hangou, "--config", self.data / "config.yaml", "--context", context, *words)

    def identity(self, department, role):
        run(self.hangou, "certs", "issue", "--data", self.data, "--department", department, "--role", role)
        return self.data / "identities" / f"{department}-{role}"

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def generate(installation, folder):
    """Python code of the contracts and of the resource's own schema."""
    protos = pathlib.Path(folder) / "protos" / "hangou" / "resource" / "psb"
    protos.mkdir(parents=True)
    text = installation.as_context("manager-1", "describe", "resource", "psb.resident", "--proto")
    (protos / "resident.proto").write_text(text, encoding="utf-8")
    generated = pathlib.Path(folder) / "generated"
    generated.mkdir()
    contracts = sorted((ROOT / "proto" / "hangou").rglob("*.proto"))
    run("protoc", "-I", ROOT / "proto", "-I", protos.parents[2], f"--python_out={generated}",
        f"--grpc_python_out={generated}", f"--plugin=protoc-gen-grpc_python={shutil.which('grpc_python_plugin')}",
        *contracts, protos / "resident.proto")
    return generated


def test_python(installation, folder):
    publisher = installation.identity("psb", "publisher")
    consumer = installation.identity("hrss", "consumer")
    output = run("/usr/bin/python3", ROOT / "examples" / "python" / "client.py", installation.address, publisher,
                 consumer, generate(installation, folder))
    assert output.count("OUTCOME_ACCEPTED") == 2, output
    assert re.search(r"epoch \d+", output), output
    assert "citizen_id" in output, output


def test_grpcurl(installation, folder):
    del folder
    publisher = installation.identity("psb", "publisher")
    consumer = installation.identity("hrss", "consumer")

    def grpcurl(identity, *words):
        return run("grpcurl", "-cacert", identity / "ca.crt", "-cert", identity / "tls.crt", "-key",
                   identity / "tls.key", *words)

    services = grpcurl(consumer, installation.address, "list")
    for service in ("hangou.catalog.v1.Catalog", "hangou.base_library.v1.BaseLibrary", "hangou.exchange.v1.Exchange",
                    "hangou.audit.v1.Audit", "grpc.health.v1.Health"):
        assert service in services, services
    rows = pathlib.Path(installation.data) / "rows.csv"
    rows.write_text("citizen_id,name,sex,birth_date,division,address,phone,state,updated_at\n"
                    "321002199001010016,张三,1,1990-01-01,321002,文昌中路1号,13800000000,normal,2025-01-01T00:00:00Z\n",
                    encoding="utf-8")
    run(installation.hangou, "--address", installation.address, "--identity", publisher, "publish", "psb.resident",
        rows)
    request = {"context": {"purpose": "insurance_audit"}, "resource": "resources/psb.resident",
               "owner": {"id": "321002199001010016"}}
    reply = json.loads(grpcurl(consumer, "-d", json.dumps(request), installation.address,
                               "hangou.base_library.v1.BaseLibrary/Get"))
    assert len(reply["records"]) == 1, reply
    assert int(reply["decision"]["epoch"]) > 0, reply


def main():
    build, which = pathlib.Path(sys.argv[1]), sys.argv[2]
    if which == "grpcurl" and shutil.which("grpcurl") is None:
        print("skipped: grpcurl is not at hand (tools/test.sh --long builds it where Go is)")
        sys.exit(SKIP)
    os.environ.pop("HANGOU_CONFIG", None)
    with tempfile.TemporaryDirectory(prefix="hangou-clients-") as folder:
        installation = Installation(build, folder)
        try:
            {"python": test_python, "grpcurl": test_grpcurl}[which](installation, folder)
        finally:
            installation.stop()


main()
