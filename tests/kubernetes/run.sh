#!/usr/bin/env bash
# The chart on a real cluster: builds the images, installs the chart with a broker beside it, runs the main job from
# inside the cluster, takes pods and the broker away, upgrades and uninstalls. Its last line is "N passed, N failed".
# Usage: KUBECONFIG=FILE tests/kubernetes/run.sh --load COMMAND [--base IMAGE] [--namespace NAME] [--keep]
#   --load COMMAND    called with tar files of images, to bring them to the nodes
#   --base IMAGE      Debian 12 for the images; without it one is made by debootstrap (as root)
#   --namespace NAME  is made, and removed at the end; hangou-test
#   --keep            leaves the namespace and what runs in it
#
# Takes helm and kubectl from HELM and KUBECTL, else from PATH; podman or docker from CONTAINER_TOOL (podman). Builds
# the programs where HANGOU_BIN does not name their folder. The cluster needs a default storage class and about 4 GiB.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here="$root/tests/kubernetes"
chart="$root/helm/hangou"
export HANGOU=${HANGOU_BIN:-$root/build/bin}/hangou
export CONTAINER_TOOL=${CONTAINER_TOOL:-podman}
helm=${HELM:-helm}
kubectl=${KUBECTL:-kubectl}
tag=chart-test
base=
namespace=hangou-test
keep=0
made=0
load=()
passed=0
failed=0
# For a node that shares two cores with other work.
install_seconds=600
ready_seconds=300
command_seconds=120

fail() {
  echo "kubernetes: $*" >&2
  exit 1
}

while [[ $# -gt 0 ]]; do
  case $1 in
    --keep) keep=1; shift; continue ;;
    --load | --base | --namespace) [[ $# -ge 2 ]] || fail "$1 needs a value; the head of this file explains" ;;
    *) fail "there is no option $1; the head of this file explains" ;;
  esac
  case $1 in
    --load) read -ra load <<<"$2" ;;
    --base) base=$2 ;;
    --namespace) namespace=$2 ;;
  esac
  shift 2
done
[[ ${#load[@]} -gt 0 ]] || fail "say with --load which command brings image files to the nodes"
[[ -n ${KUBECONFIG:-} ]] || fail "KUBECONFIG does not name a cluster"
for command in "$helm" "$kubectl" "$CONTAINER_TOOL"; do
  command -v "$command" >/dev/null || fail "$command is not here: install it, or name it in HELM, KUBECTL or" \
    "CONTAINER_TOOL"
done
scratch=$(mktemp -d "${TMPDIR:-/tmp}/hangou-kubernetes.XXXXXX")

k() { timeout $((command_seconds + 10)) "$kubectl" -n "$namespace" --request-timeout="${command_seconds}s" "$@"; }
release() { timeout $((install_seconds + 30)) "$helm" -n "$namespace" "$@"; }

# check NAME COMMAND...: counts it, and shows what it said where it failed.
check() {
  local name=$1 status begin=$EPOCHSECONDS
  shift
  # Not behind a condition: there bash would go on behind a command that fails.
  set +e
  (set -e; "$@") >"$scratch/check.log" 2>&1
  status=$?
  set -e
  if [[ $status -eq 0 ]]; then
    passed=$((passed + 1))
    printf 'ok      %4d s  %s\n' $((EPOCHSECONDS - begin)) "$name"
  else
    failed=$((failed + 1))
    printf 'FAILED  %4d s  %s\n' $((EPOCHSECONDS - begin)) "$name"
    tail -n 30 "$scratch/check.log" | sed 's/^/        /'
  fi
  return 0
}

# must NAME COMMAND...: a check without which the rest means nothing.
must() {
  local before=$failed
  check "$@"
  [[ $failed -eq $before ]] || finish
}

finish() {
  [[ $failed -eq 0 ]] || what_happened || true
  echo "$passed passed, $failed failed"
  [[ $failed -eq 0 && $passed -gt 0 ]] || exit 1
  exit 0
}

what_happened() {
  local pod
  k get pods -o wide
  k get events --sort-by=.lastTimestamp | tail -n 20
  for pod in $(k get pods -o name); do
    echo "-- $pod"
    k logs --tail=8 "$pod"
  done
}

clean_up() {
  if [[ $made -eq 1 && $keep -eq 0 ]]; then
    timeout $install_seconds "$kubectl" delete namespace "$namespace" --ignore-not-found --timeout=${install_seconds}s \
      >/dev/null 2>&1 || echo "kubernetes: the namespace $namespace could not be removed" >&2
  fi
  rm -rf "$scratch"
}

# inside FUNCTION...: in the client pod.
inside() {
  timeout $install_seconds "$kubectl" -n "$namespace" exec client -- \
    env ADDRESS="hangou.$namespace.svc:7400" bash -euo pipefail -c 'source /tmp/client.sh; "$@"' - "$@"
}

values() {
  cat <<VALUES
image: {tag: $tag, pullPolicy: Never}
kafka:
  brokers: ["kafka-0.kafka.$namespace.svc:9092"]
  replicationFactor: 1
  minInsyncReplicas: 1
networkPolicy:
  clients:
    - podSelector: {matchLabels: {hangou-client: "yes"}}
VALUES
}

# Without a cluster; the version that helm then assumes differs from build to build.
renders() { "$helm" template hangou "$chart" --kube-version 1.30.0 -f "$scratch/values.yaml" "$@"; }
# refused TEXT OPTION...: the schema does not take these values, and says why.
refused() {
  local text=$1
  shift
  if renders "$@" >/dev/null 2>"$scratch/refusal"; then
    echo "these values are accepted: $*"
    return 1
  fi
  cat "$scratch/refusal"
  grep -qF -- "$text" "$scratch/refusal"
}

build_images() {
  [[ -n $base ]] || { base=localhost/hangou-base:bookworm; "$here/base_image.sh" "$base"; }
  "$root/deploy/images.sh" --base "$base" --tool "$CONTAINER_TOOL" --tag "$tag"
  local image
  for image in hangou hangou-kafka; do "$CONTAINER_TOOL" save -o "$scratch/$image.tar" "localhost/$image:$tag"; done
}

load_images() { "${load[@]}" "$scratch/hangou.tar" "$scratch/hangou-kafka.tar"; }

make_namespace() {
  ! "$kubectl" get namespace "$namespace" >/dev/null 2>&1 || {
    echo "the namespace $namespace is there already: remove it, or name another with --namespace"
    return 1
  }
  "$kubectl" create -f - <<NAMESPACE
apiVersion: v1
kind: Namespace
metadata:
  name: $namespace
  labels: {pod-security.kubernetes.io/enforce: restricted}
NAMESPACE
}

secret_of() { k create secret generic "$1" --from-file="$2"; }

make_secrets() {
  local dir="$scratch/city" folder name
  "$root/deploy/identities.sh" "$dir" --broker-host "kafka-0.kafka.$namespace.svc"
  "$HANGOU" certs issue --data "$dir" --department psb --role publisher
  "$HANGOU" certs issue --data "$dir" --department tax --role consumer
  "$HANGOU" certs issue --data "$dir" --department tax --role manager
  for folder in "$dir"/identities/platform-service-*; do
    name=${folder##*/platform-service-}
    [[ $name == broker ]] || secret_of "hangou-identity-${name//_/-}" "$folder"
  done
  secret_of hangou-key-ring "$dir/keys/ring"
  secret_of kafka-identity "$dir/identities/platform-service-broker"
  secret_of client-manager "$dir/identities/manager-1"
  secret_of client-psb "$dir/identities/psb-publisher"
  secret_of client-tax "$dir/identities/tax-consumer"
  secret_of client-tax-manager "$dir/identities/tax-manager"
  secret_of client-auditor "$dir/identities/auditor"
  secret_of client-operator "$dir/identities/operator"
}

apply_manifest() { sed "s/@TAG@/$tag/g; s/@NAMESPACE@/$namespace/g" "$here/$1" | k apply -f -; }

start_broker() {
  apply_manifest broker.yaml
  timeout $ready_seconds "$kubectl" -n "$namespace" rollout status statefulset/kafka --timeout=${ready_seconds}s
}

start_client() {
  apply_manifest client.yaml
  k wait --for=condition=Ready pod/client --timeout=${command_seconds}s
  k exec -i client -- sh -c 'cat >/tmp/client.sh' <"$here/client.sh"
  tar -C "$root" -c examples/city/base data | k exec -i client -- tar -x -C /tmp
}

install_chart() { release install hangou "$chart" -f "$scratch/values.yaml" --wait --timeout ${install_seconds}s; }
upgrade_chart() {
  release upgrade hangou "$chart" -f "$scratch/values.yaml" --set podAnnotations.restarted=yes --wait \
    --timeout ${install_seconds}s
}

pods() { k get pods -l app.kubernetes.io/instance=hangou -o name; }

# Each pod by itself: not root, nothing to write to but its data, no token of the cluster.
confined() {
  local pod
  for pod in $(pods); do
    echo "$pod"
    k exec "$pod" -- bash -euc '[[ $(id -u) -ne 0 ]]
      for place in / /etc /usr/local/bin /etc/hangou/identity /etc/hangou/keys /dev; do
        if touch "$place/x" 2>/dev/null; then echo "may write to $place"; exit 1; fi
      done
      touch /var/lib/hangou/x
      rm /var/lib/hangou/x
      [[ ! -e /var/run/secrets ]]
      grep -q "^CapEff:.*0000000000000000$" /proc/self/status'
  done
}

# A pod that breaks the rules is not taken: what the namespace enforces is real.
admission_is_real() {
  ! k run root --image="localhost/hangou:$tag" --image-pull-policy=Never -- sleep 1 2>&1 | tee "$scratch/admission"
  grep -q 'violates PodSecurity' "$scratch/admission"
}

restarts() {
  k get pods -l app.kubernetes.io/instance=hangou \
    -o jsonpath='{range .items[*]}{.status.containerStatuses[0].restartCount}{"\n"}{end}' |
    awk '{n += $1} END {print n + 0}'
}
no_restarts() { [[ $(restarts) -eq 0 ]] || { k get pods; return 1; }; }

# all_pods true|false: waits until all are ready, or none is.
all_pods() {
  timeout $ready_seconds "$kubectl" -n "$namespace" wait pod -l app.kubernetes.io/instance=hangou \
    --for="condition=Ready=$1" --timeout=${ready_seconds}s
}

# reads_while COMMAND...: reads go on in the client meanwhile; their figures are shown.
reads_while() {
  local status=0 reader
  inside reads >"$scratch/reads" 2>&1 &
  reader=$!
  "$@" || status=$?
  k exec client -- touch /tmp/stop || status=$?
  wait "$reader" || status=$?
  cat "$scratch/reads"
  return $status
}

show_reads() { tail -n 1 "$scratch/reads" | sed 's/^/        /'; }

# Each of the two in its turn, without notice: one of them owns the group that is read.
kill_population() {
  local pod deadline=$((SECONDS + ready_seconds))
  for pod in hangou-population-0 hangou-population-1; do
    k delete pod "$pod" --grace-period=0 --force || return 1
    until k wait "pod/$pod" --for=condition=Ready --timeout=10s; do
      [[ $SECONDS -lt $deadline ]] || return 1
      sleep 1 # waits: the StatefulSet makes the pod anew
    done
  done
}
kill_each() {
  reads_while kill_population
  inside read_one
}
upgrade_while_reading() {
  reads_while upgrade_chart
  inside read_one
  grep -q ' 0 failed' "$scratch/reads"
}

# The clue is in the log, and what the rule reads on the volume.
replace_comparison() {
  k delete pod hangou-comparison-0
  all_pods true
  inside clue_is_there
}

# Without brokers nobody may share once the lease has run out; that is no reason to restart anything.
without_broker() {
  k scale statefulset/kafka --replicas=0
  all_pods false
  if inside read_one; then
    echo "a read was answered without a lease"
    return 1
  fi
  no_restarts
}
with_broker_again() {
  k scale statefulset/kafka --replicas=1
  all_pods true
  inside read_one
  no_restarts
}

uninstall() {
  release uninstall hangou --wait --timeout ${install_seconds}s
  timeout $ready_seconds "$kubectl" -n "$namespace" wait pod -l app.kubernetes.io/instance=hangou --for=delete \
    --timeout=${ready_seconds}s
  # The volumes hold the audit: they stay.
  [[ $(k get pvc -o name | grep -c /data-hangou-) -eq 12 ]]
}

trap clean_up EXIT
values >"$scratch/values.yaml"

check "helm lint" "$helm" lint --strict "$chart" -f "$scratch/values.yaml"
check "the chart renders" renders
check "it renders with metrics and a monitor" renders --set metrics.enabled=true,metrics.podMonitor.enabled=true \
  --set metrics.podMonitor.tlsSecret=operator
check "no brokers are refused" refused brokers --set 'kafka.brokers=null'
check "a broker without a port is refused" refused brokers --set 'kafka.brokers={kafka}'
check "two exchanges are refused" refused exchange --set services.exchange.replicas=2
check "two audits are refused" refused audit --set services.audit.replicas=2
check "an unknown key is refused" refused replica --set services.catalog.replica=3
check "SASL without a password is refused" refused kafka --set kafka.saslMechanism=PLAIN
check "no memory limit is refused" refused memory --set services.tax.resources.limits.memory=null

must "images are built, and every program starts in them" build_images
must "images are loaded" load_images
must "a namespace that enforces the restricted standard" make_namespace
made=1
check "a pod that breaks it is not taken" admission_is_real
must "identities and secrets" make_secrets
must "the broker is ready" start_broker
must "helm install: every pod is ready" install_chart
must "a client inside the cluster" start_client
must "the catalog of the city is applied" inside as manager apply -f /tmp/examples/city/base
check "residents are published, the bad row is refused" inside publish_with_a_bad_row
check "a masked and a withheld field" inside query_masked
check "a field on the negative list is gone when the entry is EFFECTIVE" inside deny_a_field
check "a subscription delivers the snapshot" inside snapshot
check "the audit tells who has seen the resident" inside who_has_seen
check "a rule finds a clue" inside find_a_clue
check "the clue is there when the pod of comparison was replaced" replace_comparison
check "pods are confined" confined
check "no container was restarted" no_restarts
check "population pods are killed one by one: reads go on" kill_each
show_reads
check "helm upgrade: no read fails" upgrade_while_reading
show_reads
check "without the broker all pods are not ready, and none restarts" without_broker
check "with the broker all are ready again, and none has restarted" with_broker_again
check "helm uninstall: pods go, volumes stay" uninstall
finish
