#!/usr/bin/env python3
"""Makes the tables of data/text from their origins (README.md, "Origins").

usage: derive_text.py OUT

OUT is data/. Needs the packages OpenCC 1.4.2 and pypinyin 0.55.0 of PyPI; the result is the same, byte for byte, for
the same versions.
"""
import csv
import pathlib
import sys
import unicodedata

import opencc
from pypinyin import pinyin_dict

# GB 18030-2022, annex D: what the 2000 edition put into the private use area, and Unicode has by now.
NEWER = {0xE816: 0x20087, 0xE817: 0x20089, 0xE818: 0x200CC, 0xE81E: 0x9FB4, 0xE826: 0x9FB5, 0xE82B: 0x9FB6,
         0xE82C: 0x9FB7, 0xE831: 0x215D7, 0xE832: 0x9FB8, 0xE83B: 0x2298F, 0xE843: 0x9FB9, 0xE854: 0x9FBA,
         0xE855: 0x241FE, 0xE864: 0x9FBB}
# FE50 to FEA0 without FE7F: U+E815 to U+E864 in systems of GBK's time.
FIRST_PRIVATE = 0xE815


def private_characters():
    trails = [trail for trail in range(0x50, 0xA1) if trail != 0x7F]
    for place, trail in enumerate(trails):
        private = FIRST_PRIVATE + place
        today = ord(bytes((0xFE, trail)).decode("gb18030"))
        today = NEWER.get(today, today)
        # Radicals (U+2E80 to U+2EFF) are no characters of names.
        if today < 0xE000 and today >= 0x3400 or today > 0xF8FF:
            yield chr(private), chr(today)


def simplified():
    convert = opencc.OpenCC("t2s").convert
    for code in sorted(pinyin_dict.pinyin_dict):
        character = chr(code)
        other = convert(character)
        if len(other) == 1 and other != character:
            yield character, other


def without_tone(reading):
    letters = unicodedata.normalize("NFD", reading).replace("u\u0308", "v")
    return "".join(letter for letter in letters if "a" <= letter <= "z")


def pinyin():
    for lead in range(0xB0, 0xF8):
        for trail in range(0xA1, 0xFF):
            try:
                character = bytes((lead, trail)).decode("gb2312")
            except UnicodeDecodeError:
                continue
            readings = pinyin_dict.pinyin_dict.get(ord(character))
            if readings:
                yield character, without_tone(readings.split(",")[0])


def write(path, header, table):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(table)


def main():
    folder = pathlib.Path(sys.argv[1]) / "text"
    write(folder / "private_use.csv", ("private", "character"), private_characters())
    write(folder / "simplified.csv", ("character", "simplified"), simplified())
    write(folder / "pinyin.csv", ("character", "pinyin"), pinyin())


main()
