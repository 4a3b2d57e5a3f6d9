"""Splink's part of the comparison `linkage`: the same values, rules of blocking and levels as ours, in DuckDB.

Usage: splink_peer.py FOLDER. FOLDER has rule.json, left.csv, right.csv where there are two tables, and truth.csv.
Prints "PAIRS SECONDS PRECISION RECALL": the pairs compared, the time from tables in memory to scored pairs, learning
included, and the figures at the threshold of the best F1, which nobody knows beforehand; of two tables also with one
counterpart a record at most, as ours, where that is better. Two threads, as ours.
"""
import csv
import json
import logging
import sys
import time

import duckdb
import splink.comparison_level_library as level_library
import splink.comparison_library as comparison_library
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

# Ours draws as many.
RANDOM_PAIRS = 1_000_000
# What is compared with every threshold: everything that is not hopeless.
LEAST_WEIGHT = -10


def level_of(level, rare):
    field = level["field"]
    if level["test"] == "same":
        return level_library.ExactMatchLevel(field, term_frequency_adjustments=rare)
    if level["test"] == "similar":
        return level_library.JaroWinklerLevel(field, level["at_least"])
    if level["test"] == "edits":
        return level_library.DamerauLevenshteinLevel(field, level["at_most"])
    if level["test"] == "swapped":
        return level_library.ColumnsReversedLevel(field, level["with"], symmetrical=True)
    if level["test"] == "within":
        return level_library.CustomLevel(f"starts_with({field}_l, {field}_r) OR starts_with({field}_r, {field}_l)")
    return level_library.CustomLevel(f"{field}_valid_l = '1' AND {field}_valid_r = '1'")


def comparison_of(comparison):
    levels = [level_library.NullLevel(comparison["field"])]
    for level in comparison["levels"]:
        # Rarity counts for the value itself, which Splink can adjust in one level's column each.
        levels.append(level_of(level, comparison["rare"] and level["field"] == comparison["field"]))
    return comparison_library.CustomComparison(levels + [level_library.ElseLevel()],
                                               output_column_name=comparison["field"])


def learn(linker, rule):
    rules = [block_on(*fields) for fields in rule["blocking"]]
    linker.training.estimate_probability_two_random_records_match(rules[:2], recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=1)
    for blocking in rules:
        try:
            linker.training.estimate_parameters_using_expectation_maximisation(blocking, record_sample_proportion=1.0)
        except Exception as error:  # a rule without pairs to learn from; the others go on
            print(f"not learned from {blocking}: {error}", file=sys.stderr)


def best(scored, truth, all_true, one_to_one):
    """Precision and recall of the best F1 over all thresholds."""
    found = taken = 0
    result = (0.0, 0.0, 0.0)
    used = set()
    for at, (weight, left, right) in enumerate(scored):
        if not one_to_one or not (left in used or right in used):
            used.update((left, right))
            taken += 1
            found += (left, right) in truth
        last = at + 1 == len(scored) or scored[at + 1][0] != weight
        if last and taken and found:
            precision, recall = found / taken, found / all_true
            result = max(result, (2 * precision * recall / (precision + recall), precision, recall))
    return result


def main():
    logging.disable(logging.WARNING)
    folder = sys.argv[1]
    with open(folder + "/rule.json", encoding="utf-8") as file:
        rule = json.load(file)
    two = rule["two_tables"]
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    for side in ("left", "right")[:2 if two else 1]:
        connection.execute(f"CREATE TABLE {side}_rows AS SELECT * FROM read_csv('{folder}/{side}.csv', "
                           f"all_varchar = true, header = true, delim = ',', quote = '\"', strict_mode = false)")
    begin = time.perf_counter()
    api = DuckDBAPI(connection)
    tables = [api.register(f"{side}_rows", dataset_display_name=side) for side in ("left", "right")[:2 if two else 1]]
    settings = SettingsCreator(
        link_type="link_only" if two else "dedupe_only", comparisons=[comparison_of(c) for c in rule["comparisons"]],
        blocking_rules_to_generate_predictions=[block_on(*fields) for fields in rule["blocking"]],
        retain_matching_columns=False)
    linker = Linker(tables if two else tables[0], settings)
    learn(linker, rule)
    predicted = linker.inference.predict()
    compared = connection.execute(f"SELECT count(*) FROM {predicted.physical_name}").fetchone()[0]
    seconds = time.perf_counter() - begin
    scored = connection.execute(
        f"SELECT match_weight, unique_id_l, unique_id_r FROM {predicted.physical_name} "
        f"WHERE match_weight > {LEAST_WEIGHT} ORDER BY match_weight DESC, unique_id_l, unique_id_r").fetchall()
    with open(folder + "/truth.csv", encoding="utf-8", newline="") as file:
        pairs = [tuple(row) for row in csv.reader(file)][1:]
    truth = set(pairs) | {(right, left) for left, right in pairs}
    results = [best(scored, truth, len(pairs), one_to_one) for one_to_one in ((False, True) if two else (False,))]
    _, precision, recall = max(results)
    print(compared, seconds, precision, recall)


main()
