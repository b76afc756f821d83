# Shared by the benchmarks. A benchmark sources this with its own arguments and then calls `begin`.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
title=$(basename "$0")
# Rounds in which skerry and its peers take turns.
rounds=${BENCH_ROUNDS:-5}
# Size of the file that is hashed and moved.
file_mib=${BENCH_MIB:-1024}
# How long one load of requests lasts.
load_seconds=${BENCH_SECONDS:-3}
# Connections that a load of requests keeps open.
connections=32
# No single command runs longer than this.
command_seconds=180
# Tells apart the processes of this run from others that got their ids.
node_pids=()
child_pids=()
nginx_pid=

# begin <what it measures> <arguments of the script…>: checks the binaries and makes the folder that everything is in.
begin() {
  local what=$1 program setting
  shift
  if [ $# -ne 1 ] || [ ! -d "$1" ]; then
    echo "usage: $0 <folder with skerry and skerry-worker>" >&2
    exit 64
  fi
  bin=$(cd "$1" && pwd)
  for program in skerry skerry-worker; do
    [ -x "$bin/$program" ] || fail "$bin/$program is missing; build it with: make build"
  done
  for program in python3 curl; do have "$program" "$program" || fail "cannot measure without $program"; done
  for setting in "$rounds" "$file_mib" "$load_seconds"; do
    case $setting in
      '' | *[!0-9]* | 0*) fail "BENCH_ROUNDS, BENCH_MIB and BENCH_SECONDS are whole numbers from 1, not \"$setting\"" ;;
    esac
  done
  work=$(mktemp -d "${TMPDIR:-/tmp}/skerry-bench.XXXXXX")
  trap finish EXIT
  trap 'exit 130' INT TERM HUP
  export XDG_CONFIG_HOME="$work/config" SKERRY_DATA="$work/network"
  results="$work/results"
  : > "$results"
  echo "== $title: $what"
}

finish() {
  local status=$? pid
  trap - EXIT INT TERM HUP
  set +e
  for pid in "${child_pids[@]}"; do kill "$pid" 2>/dev/null; done
  for pid in "${child_pids[@]}"; do wait "$pid" 2>/dev/null; done
  nginx_stop
  # 130 is an interruption, which no node is to blame for.
  if [ "$status" -ne 0 ] && [ "$status" -ne 130 ]; then
    tail -qn 400 "$SKERRY_DATA"/node-*/node.log 2>/dev/null | grep -E ' (warning|error|critical) ' | tail -n 12 \
      | sed "s/^/$title: a node's log: /" >&2
  fi
  network_down
  rm -rf "$work"
  exit "$status"
}

fail() {
  echo "$title: FAILED: $*" >&2
  exit 1
}

# have <command> <Debian package>: false, and says so, if a peer is not installed.
have() {
  command -v "$1" >/dev/null && return 0
  echo "  skipped: $1 is not installed (apt-get install $2)"
  return 1
}

skerry() { timeout "$command_seconds" "$bin/skerry" "$@"; }
# Not for the background: a signal would reach the shell that runs the function instead of what it measures with.
measure() { python3 "$here/measure.py" "$@"; }
# digest <file>: by b3sum, which shares no code with skerry; without it, compare with cmp instead.
digest() { b3sum --no-names "$1"; }

# same <file> <file>: ends the benchmark if the contents differ.
same() {
  if command -v b3sum >/dev/null; then
    [ "$(digest "$1")" = "$(digest "$2")" ] || fail "b3sum of $1 differs from b3sum of $2"
  else
    cmp "$1" "$2" || fail "$1 differs from $2"
  fi
}

# touch_memory: on a virtual machine the first use of a page can cost more than writing it does, and whoever happens to
# get fresh pages would pay. Enough for the file and every copy of it.
touch_memory() { measure touch $((file_mib * 5)); }

# random_file <path> <MiB>
random_file() {
  local free_mib
  free_mib=$(df -Pm "$work" | awk 'NR == 2 { print $4 }')
  # The file, a peer's copy, three nodes' copies and what was fetched.
  [ "$free_mib" -gt $(($2 * 6)) ] || fail "$work has $free_mib MiB free; $(($2 * 6)) are needed, or a smaller BENCH_MIB"
  head -c $(($2 * 1048576)) /dev/urandom > "$1"
}

# --- the network ---------------------------------------------------------------------------------------------------

# network_up: makes a network of three nodes, or starts those nodes of it that do not run.
network_up() {
  local pid
  skerry up $([ -d "$SKERRY_DATA" ] || echo --nodes 3) --detach --json > "$work/status" || fail "skerry up"
  for pid in $(measure field "$work/status" nodes pid); do node_pids+=("$pid"); done
}

network_down() {
  local pid
  [ -d "$SKERRY_DATA" ] || return 0
  skerry down > /dev/null
  # Nodes end with `down`; one that does not must not outlive the benchmark.
  for pid in "${node_pids[@]}"; do
    [ "$(readlink "/proc/$pid/exe" 2>/dev/null)" = "$(readlink -f "$bin/skerry")" ] && kill -KILL "$pid" 2>/dev/null
  done
  node_pids=()
  # What they have outside of their folders, machines that outlive them too.
  [ "$(id -u)" -ne 0 ] || skerry node clean --data "$SKERRY_DATA" > /dev/null
  rm -rf "$SKERRY_DATA"
}

# of_node <number> <field>: pid, gateway, control… as `skerry up` last reported.
of_node() { measure field "$work/status" nodes "$2" | sed -n "$1p"; }
# port <number>: of a node's gateway.
port() { of_node "$1" gateway | sed 's/.*://'; }

# kill_node <number>: as a power cut would, and waits until it is gone.
kill_node() {
  local pid
  pid=$(of_node "$1" pid)
  kill -KILL "$pid"
  while [ -d "/proc/$pid" ] && ! grep -q '^State:.*Z' "/proc/$pid/status" 2>/dev/null; do sleep 0.01; done
}

# fetch <name> <node> <path> <output>: a page of an app through a node; prints the status.
fetch() {
  local port
  port=$(port "$2")
  curl -sS --max-time 30 -o "$4" -w '%{http_code}' -H "Host: $1.localhost:$port" "http://127.0.0.1:$port$3"
}

# --- nginx ---------------------------------------------------------------------------------------------------------

# nginx_start: serves $work/html on $nginx_port, over TLS 1.3 on $nginx_tls_port, and a fixed text at /hello.
nginx_start() {
  local attempt user=
  mkdir -p "$work/html" "$work/nginx"
  [ "$(id -u)" -ne 0 ] || user="user $(id -un) $(id -gn);"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -keyout "$work/nginx/key.pem" -out "$work/nginx/cert.pem" 2> "$work/nginx/openssl" \
    || fail "openssl makes no certificate: $(cat "$work/nginx/openssl")"
  # A port that the system picked can be taken by somebody else before nginx has it.
  for attempt in 1 2 3 4 5; do
    nginx_port=$(measure port)
    nginx_tls_port=$(measure port)
    nginx_configuration "$user" > "$work/nginx/nginx.conf"
    nginx -p "$work/nginx" -c "$work/nginx/nginx.conf" -e "$work/nginx/error.log" 2> "$work/nginx/start" &
    nginx_pid=$!
    for _ in $(seq 100); do
      kill -0 "$nginx_pid" 2>/dev/null || break
      curl -fs --max-time 5 -o /dev/null "http://127.0.0.1:$nginx_port/hello" && return 0
      sleep 0.05
    done
    nginx_stop
  done
  fail "nginx does not start: $(cat "$work/nginx/start" "$work/nginx/error.log" 2>/dev/null)"
}

# floor_start FILE…: serves the files from memory on $floor_port with as little work as there can be; without a compiler
# $floor_port stays empty.
floor_start() {
  floor_port=
  have cc gcc || return 0
  cc -O2 -pthread -o "$work/floor" "$here/floor/floor.c" || fail "floor.c does not compile"
  "$work/floor" "$@" > "$work/floor.port" &
  floor_pid=$!
  child_pids+=("$floor_pid")
  for _ in $(seq 100); do [ -s "$work/floor.port" ] && break; sleep 0.05; done
  floor_port=$(cat "$work/floor.port")
}

nginx_configuration() {
  local part
  cat << END
daemon off; pid $work/nginx/pid; error_log $work/nginx/error.log; $1
worker_processes 2;
events { worker_connections 1024; }
http {
  access_log $work/nginx/access.log;
  sendfile on; tcp_nopush on; keepalive_requests 100000; expires 1h; default_type application/octet-stream;
  types { text/html html; text/css css; text/plain txt; }
END
  for part in client_body proxy fastcgi uwsgi scgi; do echo "  ${part}_temp_path $work/nginx/$part;"; done
  cat << END
  root $work/html;
  server {
    listen 127.0.0.1:$nginx_port;
    location = /hello { default_type text/plain; return 200 "Hello, world!\n"; }
  }
  server {
    listen 127.0.0.1:$nginx_tls_port ssl http2;
    ssl_certificate $work/nginx/cert.pem; ssl_certificate_key $work/nginx/key.pem; ssl_protocols TLSv1.3;
  }
}
END
}

nginx_stop() {
  [ -n "$nginx_pid" ] || return 0
  kill -TERM "$nginx_pid" 2>/dev/null
  wait "$nginx_pid" 2>/dev/null
  nginx_pid=
  return 0
}
