#!/usr/bin/env bash
# Starts a delivery of the program's repository with a branch or tag of these DAGs, and ends as it ends.
#
#   DELIVERY=your-company/airflow GH_TOKEN=… ./deliver.sh integration my-branch
#   DELIVERY=your-company/airflow GH_TOKEN=… ./deliver.sh production v1.2.0
#
# The program stays what it is: main on integration, its newest release tag on production (or PROGRAM_TAG).
set -euo pipefail
stack=$1 ref=$2
at=main
if test "$stack" = production; then
  at=${PROGRAM_TAG:-$(gh api --paginate "repos/$DELIVERY/git/matching-refs/tags/v" --jq '.[].ref | sub("refs/tags/"; "")' |
    { grep -E '^v[0-9]+(\.[0-9]+)*$' || true; } | sort -V | tail -n 1)}
  test -n "$at" || { echo "$DELIVERY has no release tag v* yet: release the program first" >&2; exit 2; }
fi

export TITLE="dags $ref to $stack" # the run's name there
runs() {
  gh api "repos/$DELIVERY/actions/workflows/$stack.yml/runs?event=workflow_dispatch&per_page=20" \
    --jq '.workflow_runs[] | "\(.id)\t\(.display_title)"' |
    awk -F '\t' '$2 == ENVIRON["TITLE"] { print $1 }' | sort -n | tail -n 1
}
before=$(runs)
gh workflow run "$stack.yml" --repo "$DELIVERY" --ref "$at" -f dags="$ref"
for _ in $(seq 30); do
  sleep "${PAUSE:-2}"
  run=$(runs)
  test "$run" = "$before" || break
done
test "$run" != "$before" || { echo "$DELIVERY lists no run \"$TITLE\"; is $stack.yml switched on there?" >&2; exit 1; }

echo "https://github.com/$DELIVERY/actions/runs/$run"
while :; do # an approval may take its time: the job's own timeout is the limit
  state=$(gh api "repos/$DELIVERY/actions/runs/$run" --jq '"\(.status) \(.conclusion)"')
  case $state in
    "completed success") exit 0 ;;
    completed*) echo "it ended with: $state" >&2; exit 1 ;;
  esac
  sleep "${PAUSE:-20}"
done
