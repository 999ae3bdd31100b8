#!/bin/bash
# WALker and pg_waldump side by side on the same WAL: wall time, CPU time, and ratios (WALker / pg_waldump).
#
#   bench/waldump.sh [walker.jar]
#
# Makes a corpus with pgbench on the first run and keeps it. The programs run by turns, so that other load on the machine
# hits both; what is printed are medians. Settings (environment):
#
#   PGBIN    where pgbench, initdb, pg_ctl and pg_waldump are     (pg_config --bindir)
#   CORPUS   where the corpus is, or is made                      (/tmp/walker-corpus)
#   MEGS     megabytes of WAL to make                             (1500)
#   RUNS     how often each program runs                          (5)
#   JAVA     java with options, such as "java -Xmx256m"           (java)
set -euo pipefail
export LC_ALL=C

JAR=$(realpath "${1:-$(dirname "$0")/../target/walker.jar}")
PGBIN=${PGBIN:-$(pg_config --bindir)}
CORPUS=${CORPUS:-/tmp/walker-corpus}
MEGS=${MEGS:-1500}
RUNS=${RUNS:-5}
JAVA=${JAVA:-java}
PORT=${PORT:-54321}

fail() { echo "$0: $*" >&2; exit 1; }
[ -f "$JAR" ] || fail "no $JAR; mvn package makes it"
[ -x "$PGBIN/pg_waldump" ] || fail "no pg_waldump in $PGBIN; PGBIN tells where it is"

# PostgreSQL does not run as root.
server() {
    if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

megs() { du -sm "$CORPUS/data/pg_wal" | cut -f1; }

make_corpus() {
    mkdir -p "$CORPUS"
    [ "$(id -u)" = 0 ] && chown postgres "$CORPUS"
    server "$PGBIN/initdb" -D "$CORPUS/data" -A trust --no-sync >"$CORPUS.log"
    cat >>"$CORPUS/data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$CORPUS'
port = $PORT
fsync = off
synchronous_commit = off
shared_buffers = 512MB
max_wal_size = 100GB
checkpoint_timeout = 1d
wal_keep_size = 100GB
END
    server "$PGBIN/pg_ctl" -D "$CORPUS/data" -l "$CORPUS/log" -w start >>"$CORPUS.log" 2>&1 </dev/null
    trap 'server "$PGBIN/pg_ctl" -D "$CORPUS/data" -m immediate stop >>"$CORPUS.log" 2>&1' EXIT
    server "$PGBIN/pgbench" -h "$CORPUS" -p "$PORT" -i -q -s 20 postgres >>"$CORPUS.log" 2>&1
    while [ "$(megs)" -lt "$MEGS" ]; do
        # Transactions as pgbench has them, then some in bulk.
        server "$PGBIN/pgbench" -h "$CORPUS" -p "$PORT" -n -M prepared -c 8 -j 2 -T 20 postgres >>"$CORPUS.log" 2>&1
        server "$PGBIN/psql" -h "$CORPUS" -p "$PORT" -q postgres >>"$CORPUS.log" 2>&1 <<END
UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid % 4 = 0;
DELETE FROM pgbench_history WHERE aid % 2 = 0;
INSERT INTO pgbench_history SELECT 1, 1, g, g, now() FROM generate_series(1, 200000) g;
VACUUM pgbench_accounts;
END
        echo "  $(megs) of $MEGS MB" >&2
    done
    server "$PGBIN/pg_ctl" -D "$CORPUS/data" -m fast stop >>"$CORPUS.log" 2>&1
    trap - EXIT
}

if [ ! -f "$CORPUS/data/PG_VERSION" ]; then
    echo "making $MEGS MB of WAL in $CORPUS" >&2
    make_corpus
fi
WAL=$CORPUS/data/pg_wal
FIRST=$(ls "$WAL" | grep -E '^[0-9A-F]{24}$' | head -1)
START=$(printf '%X/%X' $((16#${FIRST:8:8})) $((16#${FIRST:16:8} * 16777216)))

# Prints wall and CPU seconds of a command. pg_waldump ends with status 1 at the end of WAL.
measure() {
    local TIMEFORMAT='%R %U %S'
    { time "$@" >/dev/null 2>&1 || true; } 2>&1 | awk '{ print $1, $2 + $3 }'
}

median() { sort -g | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

compare() {
    local name=$1 ours=$2 theirs=$3 files
    files=$(mktemp -d)
    for ((run = 0; run <= RUNS; run++)); do
        measure $ours >"$files/ours"
        measure $theirs >"$files/theirs"
        # The first turn only fills the page cache.
        if ((run > 0)); then
            cat "$files/ours" >>"$files/all.ours"
            cat "$files/theirs" >>"$files/all.theirs"
            paste -d' ' "$files/ours" "$files/theirs" >>"$files/ratios"
        fi
    done
    printf '%-22s %8.2f %8.2f %8.2f %8.2f %10.2f %10.2f\n' "$name" \
        "$(cut -d' ' -f1 "$files/all.ours" | median)" "$(cut -d' ' -f1 "$files/all.theirs" | median)" \
        "$(cut -d' ' -f2 "$files/all.ours" | median)" "$(cut -d' ' -f2 "$files/all.theirs" | median)" \
        "$(awk '{ print $1 / $3 }' "$files/ratios" | median)" "$(awk '{ print $2 / $4 }' "$files/ratios" | median)"
    rm -r "$files"
}

echo "$(megs) MB of WAL, $("$PGBIN/pg_waldump" --version), $(nproc) cores, median of $RUNS runs"
printf '%-22s %8s %8s %8s %8s %10s %10s\n' "" "wall" "" "CPU" "" "ratio" "ratio"
printf '%-22s %8s %8s %8s %8s %10s %10s\n' "seconds" "walker" "waldump" "walker" "waldump" "wall" "CPU"
RUN="$JAVA -jar $JAR"
compare "stats --stats=record" "$RUN stats --path $WAL --stats=record" "$PGBIN/pg_waldump -p $WAL -s $START --stats=record"
compare "dump (text)" "$RUN dump --path $WAL" "$PGBIN/pg_waldump -p $WAL -s $START"
compare "dump --quiet" "$RUN dump --path $WAL --quiet" "$PGBIN/pg_waldump -p $WAL -s $START --quiet"
