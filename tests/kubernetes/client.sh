# What run.sh does in the client pod (sourced there, by bash). ADDRESS is the catalog's.

# as NAME WORD...: the command with an identity. Its answer is shown and kept in /tmp/answer.
as() {
  local identity=$1 status=0
  shift
  hangou "$@" --address "$ADDRESS" --identity "/identities/$identity" >/tmp/answer 2>&1 || status=$?
  cat /tmp/answer
  return $status
}

# says TEXT: whether the last answer has it.
says() { grep -qF -- "$1" /tmp/answer || { echo "the answer does not say: $1" >&2; return 1; }; }

resident=321002198507140016
read_one() { as tax query psb.resident --id $resident --purpose tax_risk; }

publish_with_a_bad_row() {
  local status=0
  cat >/tmp/residents.csv <<'ROWS'
citizen_id,name,sex,birth_date,division,address,state,updated_at
321002198507140016,张晓明,1,1985-07-14,321002,扬州市广陵区文昌中路1号,normal,2026-01-31T08:00:00Z
321023200002290020,李梅,2,2000-02-29,321023,宝应县安宜镇1号,normal,2026-01-31T08:00:00Z
ROWS
  as psb publish psb.resident /tmp/residents.csv || status=$?
  [[ $status -eq 3 ]] && grep -q CHECK_DIGIT /tmp/residents.csv.rejected.csv
}

query_masked() {
  read_one && says '张**' && says 'withheld: address' && says NO_GRANT && ! says 'withheld: birth_date' 2>/dev/null
}

deny_a_field() {
  cat >/tmp/entry.yaml <<'YAML'
kind: NegativeListEntry
name: resident-birth-date
title: 出生日期不向税务部门提供
resource: resources/psb.resident
field: birth_date
departments: [tax]
legal_basis: 《中华人民共和国个人信息保护法》第六条
review_date: "2027-12-31"
YAML
  as manager apply -f /tmp/entry.yaml && says EFFECTIVE && read_one && says 'NEGATIVE_LIST resident-birth-date'
}

snapshot() {
  as tax subscribe psb.resident --name desk --purpose tax_risk --from snapshot --until-caught-up && says '张**'
}

find_a_clue() {
  cat >/tmp/rule.yaml <<'YAML'
kind: ComparisonRule
name: rules/living
title: 在世居民
purpose: tax_risk
legal_basis: 《中华人民共和国税收征收管理法》
severity: low
key:
  - {name: person, kind: person}
sides:
  - name: resident
    resources: [psb.resident]
    filter: 'state = "normal"'
    key: [citizen_id]
when: 'present(resident)'
YAML
  as tax-manager compare apply -f /tmp/rule.yaml && says '1 rule'
  as tax -o json compare run living && says '"new_clues":"1"' && clue_is_there
}
clue_is_there() {
  as tax compare clues && says '1 clue' && as tax -o json compare run living && says '"findings":"1"' &&
    ! says new_clues 2>/dev/null
}

# Entries of other processes are there within a second or so.
who_has_seen() {
  local deadline=$((SECONDS + 20))
  until as auditor audit who --entity person:$resident >/dev/null && says tax/consumer 2>/dev/null; do
    [[ $SECONDS -lt $deadline ]] || { cat /tmp/answer; return 1; }
    sleep 1 # waits: the chains of the other pods are shipped
  done
  as auditor audit verify && says whole
}

# reads: one after the other until /tmp/stop is there; prints how many, how many failed, and the longest gap between
# two that did not.
reads() {
  local count=0 failed=0 last gap=0 now
  rm -f /tmp/stop
  last=$(date +%s%N)
  while [[ ! -e /tmp/stop ]]; do
    count=$((count + 1))
    if read_one >/dev/null; then
      now=$(date +%s%N)
      [[ $((now - last)) -le $gap ]] || gap=$((now - last))
      last=$now
    else
      failed=$((failed + 1))
      [[ $failed -gt 3 ]] || tail -n 2 /tmp/answer >&2
    fi
  done
  echo "$count reads, $failed failed, longest gap $((gap / 1000000)) ms"
}
