#!/bin/sh
# Keeps one segment of PostgreSQL's write-ahead log. In postgresql.conf:
#   archive_command = '/path/archive-wal.sh FOLDER "%p" %f'
# A segment is copied, forced onto the disk and only then given its name; the same one twice is no error, another one
# under the same name is.
set -eu
folder=$1/wal
segment=$2
name=$3

mkdir -p "$folder"
if [ -e "$folder/$name" ]; then
  cmp -s "$segment" "$folder/$name" && exit 0
  echo "archive-wal: $folder/$name is there already and is not the same" >&2
  exit 1
fi
cp "$segment" "$folder/.$name.part"
sync "$folder/.$name.part"
mv "$folder/.$name.part" "$folder/$name"
sync "$folder"
