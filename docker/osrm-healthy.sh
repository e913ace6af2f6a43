#!/bin/sh
# Whether the router answers a question about Latacunga. Its image has wget or bash, by which system it was built on.
set -eu
port=${1:-5000}
question=/nearest/v1/driving/-78.6155,-0.9352
if command -v wget > /dev/null; then
  exec wget -q -O /dev/null "http://127.0.0.1:$port$question"
fi
exec bash -c '
  exec 3<> "/dev/tcp/127.0.0.1/$1" && printf "GET %s HTTP/1.0\r\n\r\n" "$2" >&3 && read -r answer <&3
  case $answer in "HTTP/1."?" 200"*) ;; *) exit 1 ;; esac' - "$port" "$question"
