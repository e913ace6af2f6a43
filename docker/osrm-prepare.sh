#!/bin/sh
# Makes OSRM's files out of /map/extract.osm.pbf, unless those in /data were made of the same extract.
set -eu
made_of=$(cksum < /map/extract.osm.pbf)
if [ "$(cat /data/made-of 2>/dev/null || true)" = "$made_of" ]; then
  echo 'the road graph is up to date'
  exit 0
fi
rm -f /data/made-of /data/extract.*
cp /map/extract.osm.pbf /data/extract.osm.pbf
osrm-extract -p /opt/car.lua /data/extract.osm.pbf
osrm-partition /data/extract.osrm
osrm-customize /data/extract.osrm
rm /data/extract.osm.pbf
printf '%s' "$made_of" > /data/made-of
