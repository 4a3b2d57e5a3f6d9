#!/usr/bin/env bash
# One Kafka broker in one process (KRaft: broker and controller), for tests and for trying out, on mutual TLS alone.
# Usage:
#   tools/kafka/broker.sh fetch                   gets the broker's programs into build/kafka/libs, once (Maven)
#   tools/kafka/broker.sh start FOLDER IDENTITY [--listen HOST:PORT] [--advertise HOST:PORT] [--prefix PREFIX]
#                               [--delivery PREFIX PRINCIPAL] [PRINCIPAL...]
#   tools/kafka/broker.sh run FOLDER IDENTITY ...     the same in the foreground, until SIGTERM or SIGINT: containers
#   tools/kafka/broker.sh stop FOLDER
#   tools/kafka/broker.sh status FOLDER           exit 0 where it runs
#
# FOLDER holds everything of the broker: its settings, data, log and, once it can be used, `address` (HOST:PORT). A
# broker that was stopped starts again with its data at the same address: on 127.0.0.1, at a port that was free.
# --listen names another address and counts at each start; --advertise says where clients are sent. It takes the two
# ports behind it on 127.0.0.1 as well, for the controller and for this script, whom the advertised address may not
# lead here. Nothing is written outside FOLDER. `run` exits 0 where it was told to stop, else 1 when the broker ends.
# IDENTITY is a folder with ca.crt, tls.crt and tls.key of a service; its principal is the broker's own and the only
# administrator. A principal is DEPARTMENT.ROLE.WORKLOAD, read from the subject of a certificate (O=Hangou,
# OU=DEPARTMENT, OU=ROLE, CN=WORKLOAD).
# Each PRINCIPAL gets what the log of a service needs on topics and groups whose names begin with PREFIX (hangou.):
# Read, Write, Create, Describe and DescribeConfigs on topics, Read on groups. The PRINCIPAL of --delivery, an exchange,
# may beside that change and remove topics whose names begin with that PREFIX (hangou.delivery.), and may say who reads
# them: Alter on the cluster. Nobody else gets anything: consumers get what the exchange gives them, topic by topic.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$root/tools/process.sh"
libs=${HANGOU_KAFKA_LIBS:-$root/build/kafka/libs}

# What one broker takes: it shares the machine with the tests.
heap=512m
ready_seconds=120
stop_seconds=15

fail() {
  echo "broker: $*" >&2
  exit 1
}

fetch() {
  [[ -e $libs/complete ]] && return 0
  command -v mvn >/dev/null || fail "Maven is missing; tools/setup.sh installs it"
  mkdir -p "$libs"
  local log="$libs/fetch.log"
  (cd "$root/tools/kafka" && mvn -B dependency:copy-dependencies -DoutputDirectory="$libs") >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "could not fetch the broker's programs"
  }
  touch "$libs/complete"
}

# kafka_java CLASS ARGUMENT...: runs a program of Kafka.
kafka_java() {
  java "${java_options[@]}" -XX:TieredStopAtLevel="${tiers:-4}" -Xmx"${memory:-128m}" \
    -Dlog4j2.configurationFile="$folder/log4j2.xml" -cp "$libs/*" "$@"
}

running() { process_runs "$folder/pid" "$folder"; }

# The principal of an identity, as the broker derives it.
principal_of() {
  openssl x509 -in "$1/tls.crt" -noout -subject -nameopt sep_multiline,sname |
    sed -n 's/^ *\(OU\|CN\)=//p' | paste -sd .
}

write_settings() {
  local port controller address=$listen own=
  if [[ -n $address ]]; then
    controller=$((${address##*:} + 1))
    own=127.0.0.1:$((${address##*:} + 2))
  else
    read -r port controller <<<"$(free_ports 2)"
    address=127.0.0.1:$port
  fi
  cat "$identity/tls.key" "$identity/tls.crt" >"$folder/identity.pem"
  chmod 600 "$folder/identity.pem"
  install -m 600 "$identity/ca.crt" "$folder/ca.crt"
  echo "$address" >"$folder/listener"
  [[ -z $own ]] || echo "$own" >"$folder/own"
  echo "${advertise:-$address}" >"$folder/advertised"
  cat >"$folder/tls.properties" <<EOF
security.protocol=SSL
ssl.keystore.type=PEM
ssl.keystore.location=$folder/identity.pem
ssl.truststore.type=PEM
ssl.truststore.location=$folder/ca.crt
EOF
  cat "$folder/tls.properties" - >"$folder/server.properties" <<EOF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=SERVICES://$address,${own:+OWN://$own,}CONTROLLER://127.0.0.1:$controller
advertised.listeners=SERVICES://${advertise:-$address}${own:+,OWN://$own}
listener.security.protocol.map=SERVICES:SSL,OWN:SSL,CONTROLLER:SSL
inter.broker.listener.name=SERVICES
controller.listener.names=CONTROLLER
ssl.client.auth=required
ssl.principal.mapping.rules=RULE:^CN=([^,]+),OU=([^,]+),OU=([^,]+),O=Hangou\$/\$3.\$2.\$1/,DEFAULT
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:$(principal_of "$identity")
log.dirs=$folder/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
# A topic of 64 partitions would otherwise set aside 1.3 GB of index files.
log.index.size.max.bytes=65536
log.cleaner.dedupe.buffer.size=2097152
num.network.threads=2
num.io.threads=4
EOF
  cat >"$folder/log4j2.xml" <<'EOF'
<Configuration status="error">
  <Appenders><Console name="out"><PatternLayout pattern="%d{ISO8601} %p %c{1}: %m%n"/></Console></Appenders>
  <Loggers><Root level="warn"><AppenderRef ref="out"/></Root></Loggers>
</Configuration>
EOF
}

format() {
  local id
  id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')
  tiers=1 kafka_java kafka.tools.StorageTool format --cluster-id "${id/#-/A}" \
    --config "$folder/server.properties" >"$folder/format.log" 2>&1 || {
    cat "$folder/format.log" >&2
    fail "could not format $folder/data"
  }
}

own_address() { cat "$folder/own" 2>/dev/null || cat "$folder/listener"; }

grant() {
  local options=() principal
  for principal in "${principals[@]}"; do options+=(--allow-principal "User:$principal"); done
  local common=(--bootstrap-server "$(own_address)" --command-config "$folder/tls.properties" --add
    "${options[@]}" --resource-pattern-type prefixed --force)
  # Read, Write, Create and Describe on topics, Read on groups; the command has no short form for DescribeConfigs.
  tiers=1 kafka_java org.apache.kafka.tools.AclCommand "${common[@]}" --producer --consumer --topic "$prefix" \
    --group "$prefix" &
  local first=$!
  tiers=1 kafka_java org.apache.kafka.tools.AclCommand "${common[@]}" --operation DescribeConfigs --topic "$prefix"
  wait "$first"
  [[ ${#deliverers[@]} -eq 0 ]] || grant_delivery
}

# What it takes to make topics for consumers and to let them read.
grant_delivery() {
  local options=() principal
  for principal in "${deliverers[@]}"; do options+=(--allow-principal "User:$principal"); done
  local common=(--bootstrap-server "$(own_address)" --command-config "$folder/tls.properties" --add
    "${options[@]}" --force)
  tiers=1 kafka_java org.apache.kafka.tools.AclCommand "${common[@]}" --operation Alter --cluster &
  local first=$!
  tiers=1 kafka_java org.apache.kafka.tools.AclCommand "${common[@]}" --operation Delete --operation AlterConfigs \
    --topic "$delivery_prefix" --resource-pattern-type prefixed
  wait "$first"
}

answers() { (exec 3<>"/dev/tcp/${1%:*}/${1#*:}") 2>/dev/null; }

# A broker that was killed holds its port until the system has taken it apart.
await_gone() {
  local deadline=$((SECONDS + stop_seconds))
  while answers "$1"; do
    [[ $SECONDS -lt $deadline ]] || fail "another process listens at $1"
    sleep 0.1 # waits: the end of a process that is not our child
  done
}

await_ready() {
  local deadline=$((SECONDS + ready_seconds))
  until answers "$1"; do
    running || return 1
    [[ $SECONDS -lt $deadline ]] || return 1
    sleep 0.1 # waits: a broker offers only its port as a sign that it is up
  done
}

start() {
  running && fail "a broker runs in $folder already"
  command -v java >/dev/null || fail "Java is missing; tools/setup.sh installs it"
  fetch
  mkdir -p "$folder/tmp"
  rm -f "$folder/address"
  # Where the address is given, it and the identity may be others than at the last start.
  [[ -e $folder/server.properties && -z $listen ]] || write_settings
  [[ -e $folder/data/meta.properties ]] || format
  await_gone "$(<"$folder/listener")"
  memory=$heap kafka_java_in_background
  await_ready "$(<"$folder/listener")" || {
    tail -n 20 "$folder/broker.log" >&2
    stop
    fail "the broker did not start within $ready_seconds s"
  }
  local grants="$prefix ${principals[*]} / $delivery_prefix ${deliverers[*]}"
  if [[ ${#principals[@]} -gt 0 && $(cat "$folder/grants" 2>/dev/null) != "$grants" ]]; then
    grant >"$folder/acls.log" 2>&1 || {
      cat "$folder/acls.log" >&2
      stop
      fail "the broker did not take its ACLs"
    }
    echo "$grants" >"$folder/grants"
  fi
  cp "$folder/advertised" "$folder/address"
}

# The broker outlives this script: a session of its own, and none of our descriptors. In the foreground it writes where
# we do.
kafka_java_in_background() {
  local command=(setsid java "${java_options[@]}" -Xmx"$memory" -Xss512k
    -Dlog4j2.configurationFile="$folder/log4j2.xml" -cp "$libs/*" kafka.Kafka "$folder/server.properties")
  if [[ $foreground -eq 1 ]]; then
    "${command[@]}" </dev/null &
  else
    "${command[@]}" </dev/null >>"$folder/broker.log" 2>&1 &
  fi
  echo $! >"$folder/pid"
}

# Starts it and stays until it is told to stop, or the broker ends.
run() {
  foreground=1
  trap 'stop; exit 0' TERM INT
  start
  echo "broker: reached at $(<"$folder/address")"
  wait "$(<"$folder/pid")" || true
  fail "the broker has ended by itself; its last lines say why"
}

stop() {
  rm -f "$folder/address"
  running || return 0
  local pid deadline=$((SECONDS + stop_seconds))
  pid=$(<"$folder/pid")
  kill -CONT "$pid" 2>/dev/null || true
  kill -TERM "$pid" 2>/dev/null || true
  while kill -0 "$pid" 2>/dev/null && [[ $SECONDS -lt $deadline ]]; do
    sleep 0.1 # waits: the end of a process that is not our child
  done
  kill -KILL "$pid" 2>/dev/null || true
  rm -f "$folder/pid"
}

[[ $# -ge 1 ]] || fail "say fetch, start, run, stop or status; the head of this file explains"
command=$1
shift
if [[ $command == fetch ]]; then
  fetch
  exit 0
fi
[[ $# -ge 1 ]] || fail "name the broker's folder"
folder=$(realpath -m "$1")
shift
prefix=hangou.
principals=()
delivery_prefix=
deliverers=()
listen=
advertise=
foreground=0
# Nothing is written outside the folder: no performance data, and native libraries unpacked inside.
java_options=(-XX:+UseSerialGC -XX:-UsePerfData -Djava.io.tmpdir="$folder/tmp")
case $command in
  start | run)
    [[ $# -ge 1 ]] || fail "name the identity of the broker"
    identity=$(realpath "$1")
    shift
    while [[ $# -gt 0 ]]; do
      case $1 in
        --listen) listen=$2; shift ;;
        --advertise) advertise=$2; shift ;;
        --prefix) prefix=$2; shift ;;
        --delivery) delivery_prefix=$2; deliverers+=("$3"); shift 2 ;;
        *) principals+=("$1") ;;
      esac
      shift
    done
    "$command"
    ;;
  stop) stop ;;
  status) running ;;
  *) fail "say fetch, start, run, stop or status" ;;
esac
