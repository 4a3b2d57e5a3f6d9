#!/usr/bin/env bash
# The broker that tests share, as a fixture of CTest: `start` before the first of them, `stop` behind the last. It lies
# below BUILD/kafka/fixture; tests find its address in the file `broker/address` there, and the identities beside.
# Usage: tests/kafka/fixture.sh start|stop BUILD
set -euo pipefail
command=$1
folder=$2/kafka/fixture
broker=tools/kafka/broker.sh

# What a run that was broken off left behind.
"$broker" stop "$folder/broker"
rm -rf "$folder"
if [[ $command == start ]]; then
  mkdir -p "$folder"
  "$2/tests/make_kafka_identities" "$folder/identities"
  "$broker" start "$folder/broker" "$folder/identities/broker" --prefix test. \
    --delivery test. platform.service.exchange platform.service.catalog platform.service.exchange
fi
