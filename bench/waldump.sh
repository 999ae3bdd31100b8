#!/bin/bash
# WALker and pg_waldump side by side on the same WAL: wall time, CPU time, and ratios (WALker / pg_waldump).
#
#   bench/waldump.sh [NAME]      only what is named so, such as "stats --stats=record"
#
# Makes a corpus on the first run, about 5 GB, and keeps it: the load of pgbench and its indexes, transactions of pgbench
# without and with full-page images, COPY, index builds, and bulk updates. What is in $CORPUS/small is of transactions only,
# records of 67 bytes on average. The programs run by turns, so that other load on the machine hits both; what is printed
# are medians. Settings (environment):
#
#   PGBIN    where pgbench, initdb, pg_ctl and pg_waldump are     (pg_config --bindir)
#   CORPUS   where the corpus is, or is made                      (/tmp/walker-corpus)
#   MEGS     megabytes of WAL to make                             (4900)
#   RUNS     how often each program runs                          (5)
#   WALKER   WALker's command line, such as "java -jar walker.jar" (bin/walker)
set -euo pipefail
export LC_ALL=C

WALKER=${WALKER:-$(realpath "$(dirname "$0")/../bin/walker")}
PGBIN=${PGBIN:-$(pg_config --bindir)}
CORPUS=${CORPUS:-/tmp/walker-corpus}
MEGS=${MEGS:-4900}
RUNS=${RUNS:-5}
ONLY=${1:-}
PORT=${PORT:-54321}

fail() { echo "$0: $*" >&2; exit 1; }
$WALKER --version >/dev/null || fail "$WALKER does not run"
[ -x "$PGBIN/pg_waldump" ] || fail "no pg_waldump in $PGBIN; PGBIN tells where it is"

# PostgreSQL does not run as root.
server() {
    if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

megs() { du -sm "$1" | cut -f1; }

sql() { server "$PGBIN/psql" -h "$CORPUS" -p "$PORT" -qAt -v ON_ERROR_STOP=1 "$@" postgres; }

transactions() {
    server "$PGBIN/pgbench" -h "$CORPUS" -p "$PORT" -n -M prepared -c 8 -j 2 -T "$1" postgres >>"$CORPUS.log" 2>&1
}

# Begins a new segment; its name.
next_segment() {
    sql -c 'SELECT pg_switch_wal()' >/dev/null
    sql -c 'SELECT pg_walfile_name(pg_current_wal_insert_lsn() + 8192)'
}

make_corpus() {
    local data=$CORPUS/data first last part
    rm -rf "$data"
    mkdir -p "$CORPUS"
    if [ "$(id -u)" = 0 ]; then chown postgres "$CORPUS"; fi
    server "$PGBIN/initdb" -D "$data" -A trust --no-sync >"$CORPUS.log"
    cat >>"$data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$CORPUS'
port = $PORT
fsync = off
synchronous_commit = off
shared_buffers = 1GB
maintenance_work_mem = 256MB
max_wal_size = 100GB
checkpoint_timeout = 1d
wal_keep_size = 100GB
autovacuum = off
END
    server "$PGBIN/pg_ctl" -D "$data" -l "$CORPUS/log" -w start >>"$CORPUS.log" 2>&1 </dev/null
    trap 'server "$PGBIN/pg_ctl" -D "$CORPUS/data" -m immediate stop >>"$CORPUS.log" 2>&1' EXIT
    server "$PGBIN/pgbench" -h "$CORPUS" -p "$PORT" -i -q -s $((MEGS / 49)) postgres >>"$CORPUS.log" 2>&1
    first=$(next_segment)
    while last=$(sql -c 'SELECT pg_walfile_name(pg_current_wal_insert_lsn())') \
        && [ $(((16#${last:8:8} - 16#${first:8:8}) * 4096 + (16#${last:16:8} - 16#${first:16:8}) * 16)) -lt $((MEGS / 6)) ]; do
        transactions 20
        echo "  $(megs "$data/pg_wal") of $MEGS MB" >&2
    done
    last=$(next_segment)
    sql -c 'CHECKPOINT'
    transactions 45
    sql -c 'CREATE TABLE copied (LIKE pgbench_accounts)'
    sql -c "COPY (SELECT * FROM pgbench_accounts WHERE aid <= $((MEGS * 600))) TO STDOUT" | sql -c 'COPY copied FROM STDIN'
    sql -c 'CREATE INDEX ON copied (aid)' -c 'CREATE INDEX ON copied (bid, aid)'
    for ((part = 0; $(megs "$data/pg_wal") < MEGS; part++)); do
        echo "  $(megs "$data/pg_wal") of $MEGS MB" >&2
        sql -c "UPDATE copied SET abalance = abalance + 1 WHERE aid % 4 = $((part % 4))"
        sql -c 'VACUUM copied'
        sql -c 'INSERT INTO pgbench_history SELECT 1, 1, g, g, now() FROM generate_series(1, 1000000) g'
        sql -c "DELETE FROM pgbench_history WHERE aid % 4 = $((part % 4))"
    done
    server "$PGBIN/pg_ctl" -D "$data" -m fast stop >>"$CORPUS.log" 2>&1
    trap - EXIT
    mkdir -p "$CORPUS/small" "$CORPUS/making"
    mv "$data"/pg_wal/0* "$CORPUS/making"
    for part in "$CORPUS"/making/*; do
        if [[ ! ${part##*/} < $first && ${part##*/} < $last ]]; then ln "$part" "$CORPUS/small"; fi
    done
    rm -rf "$data"
    mv "$CORPUS/making" "$CORPUS/wal"
}

if [ ! -d "$CORPUS/wal" ]; then
    echo "making $MEGS MB of WAL in $CORPUS" >&2
    make_corpus
fi

# LSN of the first byte of a segment of 16 MB.
lsn() { printf '%X/%X' $((16#${1:8:8})) $((16#${1:16:8} * 16777216)); }

WAL=$CORPUS/wal
SMALL=$CORPUS/small
START=$(lsn "$(ls "$WAL" | head -1)")
# The last segment of the transactions is not full.
FROM=$(lsn "$(ls "$SMALL" | head -1)")
TO=$(lsn "$(ls "$SMALL" | tail -1)")

# Prints wall and CPU seconds of a command. pg_waldump ends with status 1 at the end of WAL.
measure() {
    local TIMEFORMAT='%R %U %S'
    { time "$@" >/dev/null 2>&1 || true; } 2>&1 | awk '{ print $1, $2 + $3 }'
}

median() { sort -g | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

compare() {
    local name=$1 ours=$2 theirs=$3 files
    [ -z "$ONLY" ] || [ "$ONLY" = "$name" ] || return 0
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

echo "$(megs "$WAL") MB of WAL, $("$PGBIN/pg_waldump" --version), $(nproc) cores, median of $RUNS runs," \
    "load $(cut -d' ' -f1 /proc/loadavg) before"
printf '%-22s %8s %8s %8s %8s %10s %10s\n' "" "wall" "" "CPU" "" "ratio" "ratio"
printf '%-22s %8s %8s %8s %8s %10s %10s\n' "seconds" "walker" "waldump" "walker" "waldump" "wall" "CPU"
DUMP="$PGBIN/pg_waldump -p $WAL -s $START"
compare "stats --stats=record" "$WALKER stats --path $WAL --stats=record" "$DUMP --stats=record"
compare "stats by rmgr" "$WALKER stats --path $WAL" "$DUMP --stats"
compare "dump (text)" "$WALKER dump --path $WAL" "$DUMP"
compare "dump --quiet" "$WALKER dump --path $WAL --quiet" "$DUMP --quiet"
compare "dump --quiet, small" "$WALKER dump --path $SMALL --quiet --start $FROM --end $TO" \
    "$PGBIN/pg_waldump -p $SMALL -s $FROM -e $TO --quiet"
echo "load $(cut -d' ' -f1 /proc/loadavg) after"
