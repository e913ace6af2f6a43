#!/bin/sh
# Makes the secrets of docker/compose.yml and an empty settings.env, once: what is there already stays as it is.
set -eu
umask 077
cd "$(dirname "$0")"
mkdir -p secrets
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

if [ ! -e secrets/db_password ]; then random > secrets/db_password; fi
if [ ! -e secrets/metrics_token ]; then random > secrets/metrics_token; fi
if [ ! -e secrets/grafana_password ]; then random > secrets/grafana_password; fi
# The chat's webhook address goes in here; empty, alerts are only shown.
if [ ! -e secrets/alerts_webhook ]; then : > secrets/alerts_webhook; fi
if [ ! -e secrets/database_url ]; then
  printf 'postgres://epagal:%s@db:5432/epagal' "$(cat secrets/db_password)" > secrets/database_url
fi
if [ ! -e settings.env ]; then
  echo '# KEY=value, one a line: what compose.yml does not name. Every key stands in server/config.ts. No secrets here.' > settings.env
  chmod 0644 settings.env
fi
# The folder is the lock: containers see the single files, whatever user they run as.
chmod 0700 secrets
chmod 0444 secrets/db_password secrets/metrics_token secrets/database_url secrets/grafana_password secrets/alerts_webhook
echo "docker/secrets: $(ls secrets | tr '\n' ' ')"
