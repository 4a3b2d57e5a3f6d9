#!/usr/bin/env bash
# A whole installation on this machine: a Kafka broker, and every service as a process of its own.
# Usage:
#   tools/cluster.sh up [DIR]       starts it, building and making what is missing; DIR is cluster-data
#   tools/cluster.sh status [DIR]   which processes run, and what is ready
#   tools/cluster.sh down [DIR]     stops everything in order; the data stay, and `up` goes on from them
#
# CLUSTER_PORT (7400) is the first of the ports that it takes, on 127.0.0.1; a process is scraped at its own port + 100,
# as `prometheus --config.file=DIR/prometheus.yml` does. CLUSTER_PARTITIONS and CLUSTER_GROUPS (64 and 4) count at the
# first start. CLUSTER_MEMORY_MIB (256) is the budget of each service. CLUSTER_PROCESSES names other processes than one
# or more of every service. DIR has config.yaml with a context for each identity, settings/, data/ and logs/.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/tools/process.sh"
bin=${HANGOU_BIN:-$root/build/bin}
port=${CLUSTER_PORT:-7400}
ready_seconds=120
stop_seconds=30

# Every process: its service and its place among the replicas. Ports are counted in this order.
read -ra processes <<<"${CLUSTER_PROCESSES:-catalog-0 catalog-1 catalog-2 population-0 population-1 legal_entity-0 \
geographic-0 tax-0 credit-0 exchange-0 audit-0 comparison-0}"

fail() {
  echo "cluster: $*" >&2
  exit 1
}

service_of() { echo "${1%-*}"; }
program_of() { service_of "${1//_/-}"; }
# address_at FIRST NAME: the address of a process where the ports are counted from FIRST.
address_at() {
  local place
  for place in "${!processes[@]}"; do
    [[ ${processes[$place]} != "$2" ]] || echo "127.0.0.1:$(($1 + place))"
  done
}
address_of() { address_at "$port" "$1"; }
metrics_address_of() { address_at $((port + 100)) "$1"; }

running() { process_runs "$dir/pids/$1" "$dir/settings/$1.yaml"; }

build() {
  [[ -z ${HANGOU_BIN:-} ]] || return 0
  cd "$root"
  tools/setup.sh
  source tools/build.sh
  configure release
  build_targets build hangou hangou-catalog hangou-population hangou-legal-entity hangou-geographic hangou-tax \
    hangou-credit hangou-exchange hangou-audit hangou-comparison
}

# The addresses of all replicas of the catalog.
catalogs() {
  local replica addresses=()
  for replica in "${processes[@]}"; do
    [[ $(service_of "$replica") != catalog ]] || addresses+=("$(address_of "$replica")")
  done
  (IFS=,; echo "${addresses[*]}")
}

write_settings() {
  local name=$1
  cat >"$dir/settings/$name.yaml" <<SETTINGS
replica: $name
listen: $(address_of "$name")
metrics_listen: $(metrics_address_of "$name")
data: $dir/data/$name
identity: $dir/identities/platform-service-$name
key_ring: $dir/keys/ring
catalog: [$(catalogs)]
memory_mib: ${CLUSTER_MEMORY_MIB:-256}
partitions: ${CLUSTER_PARTITIONS:-64}
groups: ${CLUSTER_GROUPS:-4}
kafka:
  brokers: [$(<"$dir/kafka/address")]
  replication_factor: 1
  min_insync_replicas: 1
SETTINGS
}

write_contexts() {
  local identity
  {
    echo "current: manager-1"
    echo "contexts:"
    for identity in "$dir"/identities/*; do
      [[ $identity != */platform-service-* ]] || continue
      printf '  - name: %s\n    address: %s\n    identity: %s\n' "$(basename "$identity")" "$(catalogs)" "$identity"
    done
  } >"$dir/config.yaml"
}

# Scrapes every process with the operator's identity; the labels tell which one it is.
write_prometheus() {
  local name
  {
    cat <<SCRAPE
global:
  scrape_interval: 5s
rule_files: [$root/deploy/prometheus/rules.yaml]
scrape_configs:
  - job_name: hangou
    scheme: https
    tls_config:
      ca_file: $dir/identities/operator/ca.crt
      cert_file: $dir/identities/operator/tls.crt
      key_file: $dir/identities/operator/tls.key
      server_name: service.hangou.internal
    static_configs:
SCRAPE
    for name in "${processes[@]}"; do
      printf '      - targets: ["%s"]\n        labels: {service: %s, replica: %s}\n' "$(metrics_address_of "$name")" \
        "$(service_of "$name")" "$name"
    done
  } >"$dir/prometheus.yml"
}

make_identities() {
  local name
  "$bin/hangou" certs init --data "$dir" >/dev/null
  for name in broker-0 "${processes[@]}"; do
    [[ -e $dir/identities/platform-service-$name/tls.key ]] || "$bin/hangou" certs issue --data "$dir" \
      --department platform --role service --workload "$name" >/dev/null
  done
}

start_process() {
  local name=$1
  running "$name" && return 0
  write_settings "$name"
  setsid "$bin/hangou-$(program_of "$name")" --settings "$dir/settings/$name.yaml" \
    </dev/null >>"$dir/logs/$name.log" 2>&1 &
  echo $! >"$dir/pids/$name"
}

await_ready() {
  local name=$1
  "$bin/hangou" health --address "$(address_of "$name")" --identity "$dir/identities/operator" \
    --wait $ready_seconds >/dev/null 2>&1
}

# A process that is not ready yet answers so at once: it is asked again until the time is over.
await_all_ready() {
  local name deadline=$((SECONDS + ready_seconds))
  for name in "${processes[@]}"; do
    until await_ready "$name"; do
      running "$name" || { tail -n 5 "$dir/logs/$name.log" >&2; fail "$name has ended; see $dir/logs/$name.log"; }
      [[ $SECONDS -lt $deadline ]] || fail "$name is not ready after $ready_seconds s; see $dir/logs/$name.log"
      sleep 0.2 # waits: readiness is looked at a few times a second
    done
  done
}

up() {
  build
  mkdir -p "$dir"/{settings,logs,pids,data}
  make_identities
  local principals=() name
  for name in "${processes[@]}"; do
    [[ $(service_of "$name") != exchange ]] || principals+=(--delivery hangou.delivery. "platform.service.$name")
    principals+=("platform.service.$name")
  done
  "$root/tools/kafka/broker.sh" status "$dir/kafka" ||
    "$root/tools/kafka/broker.sh" start "$dir/kafka" "$dir/identities/platform-service-broker-0" "${principals[@]}"
  write_contexts
  write_prometheus
  for name in "${processes[@]}"; do start_process "$name"; done
  await_all_ready
  echo "everything is ready; broker at $(<"$dir/kafka/address"), catalog at $(catalogs)"
  echo "contexts: $dir/config.yaml (HANGOU_CONFIG)"
  echo "metrics: prometheus --config.file=$dir/prometheus.yml --storage.tsdb.path=$dir/prometheus"
}

status() {
  local name all=0
  printf '%-16s %-8s %s\n' PROCESS PID STATE
  if "$root/tools/kafka/broker.sh" status "$dir/kafka"; then
    printf '%-16s %-8s %s\n' broker-0 "$(<"$dir/kafka/pid")" running
  else
    printf '%-16s %-8s %s\n' broker-0 - stopped
    all=1
  fi
  for name in "${processes[@]}"; do
    if ! running "$name"; then
      printf '%-16s %-8s %s\n' "$name" - stopped
      all=1
    elif "$bin/hangou" health --address "$(address_of "$name")" --identity "$dir/identities/operator" \
      >/dev/null 2>&1; then
      printf '%-16s %-8s %s\n' "$name" "$(<"$dir/pids/$name")" ready
    else
      printf '%-16s %-8s %s\n' "$name" "$(<"$dir/pids/$name")" "not ready"
      all=1
    fi
  done
  return $all
}

stop_processes() {
  local name deadline=$((SECONDS + stop_seconds))
  for name in "$@"; do
    running "$name" && kill -TERM "$(<"$dir/pids/$name")"
  done
  for name in "$@"; do
    while running "$name"; do
      if [[ $SECONDS -ge $deadline ]]; then
        echo "cluster: $name does not end; it is killed" >&2
        kill -KILL "$(<"$dir/pids/$name")"
      fi
      sleep 0.1 # waits: the end of a process that is not our child
    done
    rm -f "$dir/pids/$name"
  done
}

down() {
  local services=() catalogs=() name
  for name in "${processes[@]}"; do
    if [[ $(service_of "$name") == catalog ]]; then catalogs+=("$name"); else services+=("$name"); fi
  done
  # The catalog goes last: the others tell it that they stop.
  stop_processes "${services[@]}"
  stop_processes "${catalogs[@]}"
  "$root/tools/kafka/broker.sh" stop "$dir/kafka"
}

[[ $# -ge 1 && $# -le 2 ]] || fail "say up, status or down; the head of this file explains"
dir=$(realpath -m "${2:-cluster-data}")
case $1 in
  up) up ;;
  status) status ;;
  down) down ;;
  *) fail "say up, status or down" ;;
esac
