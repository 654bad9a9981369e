# Waits until each HOST PORT accepts a connection, at most SECONDS for all of them, then becomes the command after `--`.
#   bash -c "$(<wait_for.sh)" wait-for SECONDS HOST PORT [HOST PORT …] [-- COMMAND …]
# Says for what it waits, if it has to; exit code 1 where it waited in vain.
set -u
most=$1
shift

connects() {
  # the first line alone: bash says a refusal twice. Nothing is said where `timeout` ends it.
  timeout 10 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>&1 | head -n 1
  return "${PIPESTATUS[0]}"
}

while [ $# -gt 0 ] && [ "$1" != -- ]; do
  said=
  until why=$(connects "$1" "$2"); do
    why=${why##*: }
    if [ "$SECONDS" -ge "$most" ]; then
      echo "$1:$2 cannot be reached in $most s (${why:-no answer}): refused by a NetworkPolicy, or nothing listens" >&2
      exit 1
    fi
    [ -n "$said" ] || echo "waiting up to $most s for $1:$2 (${why:-no answer})" >&2
    said=1
    sleep 1
  done
  [ -z "$said" ] || echo "$1:$2 can be reached after $SECONDS s" >&2
  shift 2
done
[ $# -lt 2 ] || exec "${@:2}"
