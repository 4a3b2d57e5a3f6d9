"""DuckDB's part of the comparison `import`: reads a CSV file of residents, and makes the checks of the schema in SQL.

Usage: duckdb_peer.py FILE. Prints how many rows were valid, and the seconds that it took. One thread, as ours.
"""
import sys
import time

import duckdb

WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
PROVINCES = ("11,12,13,14,15,21,22,23,31,32,33,34,35,36,37,41,42,43,44,45,46,50,51,52,53,54,61,62,63,64,65,71,81,82,83")


def main():
    total = " + ".join(f"{w} * (ascii(substr(id, {i}, 1)) - 48)" for i, w in enumerate(WEIGHTS, start=1))
    provinces = ",".join(f"'{code}'" for code in PROVINCES.split(","))
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    begin = time.perf_counter()
    # Rows that are valid are handed on as they would be stored, here to one digest.
    valid, _ = connection.execute(f"""
        SELECT count(*), bit_xor(hash(id, name, sex, born, address, phone, changed)) FROM (
          SELECT "公民身份号码" AS id, "姓名" AS name,
                 CASE "性别" WHEN '男' THEN '1' WHEN '女' THEN '2' END AS sex,
                 try_strptime("出生日期", '%Y/%m/%d')::DATE AS born,
                 "住址" AS address, "联系电话" AS phone, try_cast("更新时间" AS TIMESTAMPTZ) AS changed
          FROM read_csv(?, all_varchar = true, header = true, delim = ',', quote = '"', escape = '"'))
        WHERE length(id) = 18 AND regexp_full_match(id, '[0-9]{{17}}[0-9X]') AND substr(id, 1, 2) IN ({provinces})
          AND substr('10X98765432', ({total}) % 11 + 1, 1) = substr(id, 18, 1)
          AND born = try_strptime(substr(id, 7, 8), '%Y%m%d')::DATE AND born BETWEEN '1850-01-01' AND current_date
          AND length(name) BETWEEN 1 AND 50 AND sex IN ('0', '1', '2', '9') AND length(address) BETWEEN 1 AND 100
          AND length(phone) <= 11 AND regexp_full_match(phone, '1[3-9][0-9]{{9}}') AND changed IS NOT NULL
        """, [sys.argv[1]]).fetchone()
    print(valid, time.perf_counter() - begin)


main()
