#!/bin/sh
# Makes a data folder that, when PostgreSQL starts on it, is as it was at an instant:
#   recover-to.sh FOLDER '2026-11-24 14:05:00-05' NEW_DATA_FOLDER
# FOLDER is what archive-wal.sh and base-backup.sh fill. NEW_DATA_FOLDER must be empty or missing; run it as postgres.
set -eu
folder=$(cd "$1" && pwd)
target=$2
data=$3

wanted=$(date -u -d "$target" +%Y%m%dT%H%M%SZ)
base=
for name in $(ls "$folder/base" | sort); do
  # Not the one being made, and only those that had ended by then.
  if [ "$(printf '%s\n%s\n' "$name" "$wanted" | sort | head -n 1)" = "$name" ]; then base=$name; fi
done
if [ -z "$base" ]; then
  echo "recover-to: no base backup had ended by $target; the oldest is $(ls "$folder/base" | sort | head -n 1)" >&2
  exit 1
fi
if [ -e "$data" ] && [ -n "$(ls -A "$data")" ]; then
  echo "recover-to: $data is not empty" >&2
  exit 1
fi

mkdir -p "$data"
cp -a "$folder/base/$base/." "$data/"
chmod 700 "$data"
rm -f "$data/postmaster.pid"
cat >> "$data/postgresql.auto.conf" <<CONF
# Written by recover-to.sh. The recovered server must not write into the archive it came from.
restore_command = 'cp "$folder/wal/%f" "%p"'
recovery_target_time = '$target'
recovery_target_inclusive = off
recovery_target_action = 'promote'
archive_mode = off
CONF
touch "$data/recovery.signal"
echo "$data: from the base of $base, to just before $target; start PostgreSQL on it"
