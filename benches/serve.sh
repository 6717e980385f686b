# What the load scripts share: a folder, the processes they start, and the clean-up. The scripts
# source this file.
#
# A script adds the processes that it starts to `pids`. They are stopped when the script ends; then
# `folder` is deleted, unless KEEP=1.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
script=$(basename "$0" .sh)
folder=$(mktemp -d "${TMPDIR:-target}/$script.XXXXXX")
pids=()

# The clean-up of a script after its processes have ended. A script may redefine it.
clean_up() { :; }

finish() {
  local pid
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  clean_up
  # KEEP=1 keeps the logs and loads.
  [ -n "${KEEP:-}" ] && echo "$script: see $folder" >&2 || rm -rf "$folder"
}
trap finish EXIT

# address_in LOG: waits until the log names an address, and prints it.
address_in() {
  for _ in $(seq 200); do
    grep -oEm1 '127\.0\.0\.1:[0-9]+' "$1" 2>/dev/null && return
    sleep 0.05
  done
  echo "$script: no address in $1" >&2
  cat "$1" >&2
  return 1
}

# has_caught_up URL: succeeds when no part of the server is behind the journal.
has_caught_up() {
  curl -s "$1/actuator/health" |
    jq -e '[.components[].details.behind // "0" | tonumber] | max == 0' >/dev/null
}
