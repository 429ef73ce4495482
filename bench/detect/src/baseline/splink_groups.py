"""Groups of accounts by Splink 5, at each threshold of its match weight.

Reads a file with one JSON object a line, an account each (`unique_id`,
`payment`, `email_domain`, `signup_path`, `week`, `ja4`, `addresses`,
`openings`), and writes one JSON object to a second file, since libraries
print: the thresholds, and for each the clusters of two and more. Everything is
trained on that very file, without labels: u by random pairs, m by expectation
maximisation, as its documentation advises.
"""

import json
import logging
import sys

import duckdb
import splink.comparison_library as compare
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

# Bits of match weight, close to each other where clusters change.
THRESHOLDS = [-6, -4, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20]

logging.disable(logging.CRITICAL)
rows = duckdb.sql(f"select * from read_json('{sys.argv[1]}', format = 'newline_delimited')").to_arrow_table()
database = DuckDBAPI()
exact = [compare.ExactMatch(name).configure(term_frequency_adjustments=True) for name in
         ["payment", "email_domain", "signup_path", "week", "ja4"]]
arrays = [compare.ArrayIntersectAtSizes(name, [5, 2, 1]) for name in ["addresses", "openings"]]
linker = Linker(
    database.register(rows),
    SettingsCreator(
        link_type="dedupe_only",
        comparisons=exact + arrays,
        blocking_rules_to_generate_predictions=[
            block_on("payment"),
            block_on("addresses", arrays_to_explode=["addresses"]),
            block_on("openings", arrays_to_explode=["openings"]),
            block_on("email_domain", "week"),
        ],
        probability_two_random_records_match=0.0001,
        retain_matching_columns=False,
    ),
    log_level=None,
)
linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
for rule in [block_on("payment"), block_on("email_domain", "week")]:
    try:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    except Exception as error:  # a rule under which nothing varies trains nothing
        print(f"not trained under {rule}: {error}", file=sys.stderr)
pairs = linker.inference.predict(threshold_match_weight=THRESHOLDS[0], warning_mode="never")
groups = []
for threshold in THRESHOLDS:
    clustered = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_weight=threshold)
    of = {}
    for row in clustered.as_record_list():
        of.setdefault(row["cluster_id"], []).append(row["unique_id"])
    groups.append(sorted(sorted(group) for group in of.values() if len(group) > 1))
with open(sys.argv[2], "w") as told:
    json.dump({"thresholds": THRESHOLDS, "groups": groups}, told)
