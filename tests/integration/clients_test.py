"""Clients in other languages against the real program. Usage: clients_test.py BUILD_FOLDER python|grpcurl"""

import json
import os
import pathlib
import re
import shutil
import sys
import tempfile

from installation import ROOT, Installation, run

SKIP = 77


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
    publisher = installation.identity("psb-publisher")
    consumer = installation.identity("hrss-consumer")
    output = run("/usr/bin/python3", ROOT / "examples" / "python" / "client.py", installation.address, publisher,
                 consumer, generate(installation, folder))
    assert output.count("OUTCOME_ACCEPTED") == 2, output
    assert re.search(r"epoch \d+", output), output
    assert "citizen_id" in output, output


def test_grpcurl(installation, folder):
    del folder
    publisher = installation.identity("psb-publisher")
    consumer = installation.identity("hrss-consumer")

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
