"""python-stdnum's part of the comparison `validate`: checks the identifiers of a file, TYPE<tab>VALUE a line.

Usage: stdnum_peer.py FILE. Prints how many were valid, and the seconds that checking them took.
"""
import sys
import time

from stdnum.cn import ric, uscc


def main():
    checks = {"citizen_id": ric.is_valid, "uscc": uscc.is_valid}
    with open(sys.argv[1], encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    work = [(checks[kind], value) for kind, value in rows]
    begin = time.perf_counter()
    valid = sum(check(value) for check, value in work)
    print(valid, time.perf_counter() - begin)


main()
