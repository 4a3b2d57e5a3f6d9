"""A real Prometheus scrapes a standalone process. Usage: metrics_test.py BUILD_FOLDER scrape|rules

scrape  starts both; the names of all families are those of metrics_names.txt. HANGOU_UPDATE_METRICS_NAMES=1 writes that
        file anew: names are a contract, so a change belongs into CHANGELOG.md.
rules   promtool checks deploy/prometheus/rules.yaml and runs its unit tests.
"""

import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

from installation import ROOT, TIMEOUT_S, Installation, run, stop, until

NAMES = ROOT / "tests" / "integration" / "metrics_names.txt"
SKIP = 77
# Beside Prometheus' own conventions: what only grows says so, and what has a unit says which.
NAME = re.compile(r"^(hangou|process)(_[a-z]+)+$")
LABELS = {"action", "code", "group", "le", "library", "method", "outcome", "reason", "version"}
RESIDENTS = """citizen_id,name,sex,birth_date,division,address,phone,state,updated_at
321002199001010016,张三,1,1990-01-01,321002,文昌中路1号,13800000000,normal,2025-01-01T00:00:00Z
321002199001010017,李四,1,1990-01-01,321002,文昌中路2号,13800000000,normal,2025-01-01T00:00:00Z
"""


class ScrapedInstallation(Installation):
    """An installation, and where it is scraped."""

    def start(self):
        super().start()
        line = self.process.stdout.readline()
        if "metrics: https://" not in line:
            stop(self.process)
            sys.exit("the standalone process tells no address of its metrics: " + line)
        self.metrics = line.split("https://")[1].split("/")[0]

    def use(self):
        """What moves the counters: an apply, a batch with a bad row, a read, a refused read, a subscription."""
        run(self.hangou, "health", "--address", self.address, "--identity", self.data / "identities" / "operator")
        rows = self.data / "rows.csv"
        rows.write_text(RESIDENTS, encoding="utf-8")
        run(*self.words("psb-publisher", "publish", "psb.resident", rows), expect=(3,))
        query = ["query", "psb.resident", "--id", "321002199001010016", "--purpose"]
        run(*self.words("tax-consumer", *query, "tax_risk"))
        run(*self.words("tax-consumer", *query, "no_such_purpose"), expect=(1,))
        run(*self.words("tax-consumer", "subscribe", "psb.resident", "--name", "desk", "--purpose", "tax_risk",
                        "--from", "snapshot", "--until-caught-up"))


class Prometheus:
    """A Prometheus that scrapes one target every second."""

    def __init__(self, installation, folder):
        self.folder = pathlib.Path(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = "127.0.0.1:%d" % free.getsockname()[1]
        identity = installation.data / "identities" / "operator"
        config = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(ROOT / "deploy" / "prometheus" / "rules.yaml")],
            "scrape_configs": [{
                "job_name": "hangou", "scheme": "https",
                "tls_config": {"ca_file": str(identity / "ca.crt"), "cert_file": str(identity / "tls.crt"),
                               "key_file": str(identity / "tls.key"), "server_name": "service.hangou.internal"},
                "static_configs": [{"targets": [installation.metrics]}]}],
        }
        # YAML takes JSON.
        (self.folder / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
        run("promtool", "check", "config", self.folder / "prometheus.yml")
        with open(self.folder / "prometheus.log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={self.folder}/prometheus.yml",
                 f"--storage.tsdb.path={self.folder}/tsdb", f"--web.listen-address={self.address}"],
                stdout=log, stderr=log, cwd=self.folder)
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, path, **query):
        """The data of an answer; empty while Prometheus starts."""
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with self.opener.open(url, timeout=TIMEOUT_S) as answer:
                return json.load(answer)["data"]
        except urllib.error.URLError:
            if self.process.poll() is not None:
                sys.exit("Prometheus has ended:\n" + (self.folder / "prometheus.log").read_text(encoding="utf-8"))
            return None

    def value(self, expression):
        """The value of an expression; None where it has none yet."""
        data = self.get("query", query=expression)
        return float(data["result"][0]["value"][1]) if data and data["result"] else None

    def await_value(self, expression, at_least):
        until(f"{expression} >= {at_least}", lambda: (self.value(expression) or 0) >= at_least)


def fetch(installation, identity, path="/metrics", method="GET"):
    """(status, body) as a client with an identity folder sees them; status 0 where TLS refuses it."""
    folder = installation.data / "identities"
    context = ssl.create_default_context(cafile=folder / "operator" / "ca.crt")
    if identity:
        context.load_cert_chain(folder / identity / "tls.crt", folder / identity / "tls.key")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    request = urllib.request.Request(f"https://{installation.metrics}{path}", method=method)
    try:
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            return answer.status, answer.read().decode("utf-8")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode("utf-8")
    except (urllib.error.URLError, ssl.SSLError, ConnectionError):
        return 0, ""


def check_access(installation):
    assert fetch(installation, "operator")[0] == 200
    assert fetch(installation, "service")[0] == 200
    assert fetch(installation, None)[0] == 0, "a scrape without a certificate is answered"
    for identity in ("tax-consumer", "psb-publisher", "manager-1", "auditor"):
        status, body = fetch(installation, identity)
        assert status == 403 and "hangou_" not in body, (identity, status, body)
    assert fetch(installation, "operator", path="/")[0] == 404
    assert fetch(installation, "operator", method="POST")[0] == 405
    try:
        plain = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with plain.open(f"http://{installation.metrics}/metrics", timeout=TIMEOUT_S):
            sys.exit("it answers without TLS")
    except (urllib.error.URLError, ConnectionError):
        pass


def check_text(text):
    """Labels, names, and nothing that belongs to a person, a department or a resource."""
    families = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M)
    for name, kind in families:
        assert NAME.match(name), name
        assert name.endswith("_total") == (kind == "counter"), (name, kind)
    labels = set(re.findall(r'[{,](\w+)="', text))
    assert labels <= LABELS, labels - LABELS
    for secret in ("psb", "tax_risk", "resident", "321002199001010016", "desk", "no_such_purpose", "operator"):
        assert not re.search(r'="[^"]*' + secret, text), secret
    assert set(re.findall(r'method="(\w+)\.', text)) == {"hangou"}, "methods of others are counted"
    run("promtool", "check", "metrics", input=text)
    found = sorted(f"{name} {kind}" for name, kind in families)
    if os.environ.get("HANGOU_UPDATE_METRICS_NAMES") == "1":
        NAMES.write_text("\n".join(found) + "\n", encoding="utf-8")
    wanted = NAMES.read_text(encoding="utf-8").split("\n")[:-1]
    assert found == wanted, (f"names of metrics are a contract; gone: {sorted(set(wanted) - set(found))}, "
                             f"new: {sorted(set(found) - set(wanted))}; HANGOU_UPDATE_METRICS_NAMES=1 takes them over")


def check_values(prometheus):
    """What was done is what Prometheus has."""
    library = "hangou.base_library.v1.BaseLibrary"
    for expression, at_least in (
            (f'hangou_rpc_requests_total{{method="{library}/Get",code="OK"}}', 1),
            (f'hangou_rpc_errors_total{{method="{library}/Get",reason="UNKNOWN_PURPOSE"}}', 1),
            (f'hangou_rpc_duration_seconds_count{{method="{library}/Publish"}}', 1),
            (f'hangou_rpc_duration_seconds_sum{{method="{library}/Get"}}', 0.00001),
            ('hangou_rpc_streams{method="hangou.catalog.v1.Catalog/WatchPolicy"}', 1),
            ('hangou_library_published_records_total{library="population",outcome="accepted"}', 1),
            ('hangou_library_published_records_total{library="population",outcome="refused"}', 1),
            ('sum(hangou_library_applied_records_total{library="population"})', 1),
            ('sum(hangou_library_group_serves{library="population"})', 4),
            ('hangou_policy_decisions_total{outcome="denied"}', 1),
            ('hangou_policy_denials_total{reason="UNKNOWN_PURPOSE"}', 1),
            ('hangou_audit_entries_total{action="publish"}', 1),
            ('hangou_audit_records_total{action="read"}', 1),
            ("hangou_audit_chain_sequence", 4),
            ("hangou_policy_epoch", 1),
            ("hangou_policy_lease_left_seconds", 0.1),
            ("hangou_catalog_is_writer", 1),
            ("hangou_catalog_lease_holders", 1),
            ("hangou_catalog_effective_seconds_count", 1),
            ("hangou_exchange_delivered_changes_total", 1),
            ("hangou_memory_budget_bytes", 1 << 30),
            ("hangou_identity_not_after_timestamp_seconds - time()", 300 * 86400),
            ("process_resident_memory_bytes", 1 << 20),
            ("time() - process_start_time_seconds", 0.1)):
        prometheus.await_value(expression, at_least)
    assert prometheus.value("max(hangou_library_apply_lag_seconds)") == 0
    until("the audit topic has everything", lambda: prometheus.value("hangou_audit_shipping_lag_entries") == 0)
    assert prometheus.value('sum(hangou_rpc_requests_total{code="INTERNAL"})') in (None, 0)


def check_rules(prometheus):
    """The rules are loaded and can be evaluated; a healthy process fires none."""
    def healthy():
        groups = (prometheus.get("rules") or {}).get("groups", [])
        rules = [rule for group in groups for rule in group["rules"]]
        return rules if rules and all(rule["health"] == "ok" for rule in rules) else None
    rules = until("the rules are evaluated", healthy)
    firing = [rule["name"] for rule in rules if rule["state"] == "firing"]
    assert not firing, firing


def test_scrape(build, folder):
    installation = ScrapedInstallation(build, folder, ["--metrics-listen", "127.0.0.1:0"])
    try:
        prometheus = Prometheus(installation, folder)
        try:
            until("the target is up", lambda: prometheus.value("up") == 1)
            before = prometheus.value('hangou_policy_decisions_total{outcome="allowed"}')
            installation.use()
            check_values(prometheus)
            assert prometheus.value('hangou_policy_decisions_total{outcome="allowed"}') > before
            check_access(installation)
            check_text(fetch(installation, "operator")[1])
            check_rules(prometheus)
            targets = prometheus.get("targets")["activeTargets"]
            assert [target["health"] for target in targets] == ["up"], targets
        finally:
            stop(prometheus.process)
    finally:
        installation.stop()


def test_rules(build, folder):
    del build, folder
    rules = ROOT / "deploy" / "prometheus"
    run("promtool", "check", "rules", rules / "rules.yaml")
    run("promtool", "test", "rules", rules / "rules_test.yaml")
    names = NAMES.read_text(encoding="utf-8")
    families = {line.split()[0] for line in names.splitlines()}
    for metric in re.findall(r"\b(?:hangou|process)_\w+", (rules / "rules.yaml").read_text(encoding="utf-8")):
        assert re.sub(r"_(bucket|sum|count)$", "", metric) in families or metric in families, metric


def main():
    build, which = pathlib.Path(sys.argv[1]), sys.argv[2]
    needed = {"scrape": ("prometheus", "promtool"), "rules": ("promtool",)}[which]
    for program in needed:
        if shutil.which(program) is None:
            print(f"skipped: {program} is not at hand (tools/setup.sh installs it)")
            sys.exit(SKIP)
    os.environ.pop("HANGOU_CONFIG", None)
    with tempfile.TemporaryDirectory(prefix="hangou-metrics-") as folder:
        {"scrape": test_scrape, "rules": test_rules}[which](build, folder)


main()
