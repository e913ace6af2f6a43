#!/bin/sh
# A base backup of the whole PostgreSQL server, from which recover-to.sh goes forward: base-backup.sh FOLDER [KEEP]
# Run it as the user postgres, once a week. The newest KEEP (2) stay, with the log segments since the older of them.
# PostgreSQL's programs must be on the path (Debian: PATH=/usr/lib/postgresql/15/bin:$PATH); PGHOST, PGPORT as usual.
set -eu
folder=$1
keep=${2:-2}

mkdir -p "$folder/base"
draft="$folder/base/.part"
rm -rf "$draft"
pg_basebackup --pgdata="$draft" --format=plain --wal-method=stream --checkpoint=fast --no-password
pg_verifybackup --quiet "$draft"
# Named by its end: only instants after that can be recovered from it.
name=$(date -u +%Y%m%dT%H%M%SZ)
mv "$draft" "$folder/base/$name"

# Oldest first; all but the newest $keep go.
ls "$folder/base" | sort | head -n "-$keep" | while read -r old; do rm -rf "${folder:?}/base/${old:?}"; done
oldest=$(ls "$folder/base" | sort | head -n 1)
first=$(sed -n 's/^START WAL LOCATION: .*(file \([0-9A-F]*\))$/\1/p' "$folder/base/$oldest/backup_label")
if [ -d "$folder/wal" ]; then pg_archivecleanup "$folder/wal" "$first"; fi
echo "$folder/base/$name: verified; the log is kept from $first"
