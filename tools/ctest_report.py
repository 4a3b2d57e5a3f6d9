"""Reads CTest's JUnit report: prints "TESTS FAILED SKIPPED", then a line per skipped test with what it said."""

import sys
import xml.etree.ElementTree

cases = list(xml.etree.ElementTree.parse(sys.argv[1]).getroot().iter("testcase"))
skipped = [case for case in cases if case.get("status") in ("notrun", "disabled")]
print(len(cases), sum(case.get("status") == "fail" for case in cases), len(skipped))
for case in skipped:
    said = (case.findtext("system-out") or "").strip().splitlines() or ["(said nothing)"]
    print(f"{case.get('name')}: {said[-1]}")
