#!/usr/bin/env bash
#
# What it costs to catch up: WAL is made while the walker (heatmap) is stopped, then it reads it in batches, first a part
# of FIRST_MB, whose costs include the start of the JVM and most of the compiling, then PARTS of MB each in the same session,
# that show what a walker takes that runs for weeks. Prints the CPU seconds per GB of WAL of the backend in which the walker
# runs, what still compiles included, and, for the same part, those of pg_receivewal and of pg_waldump --quiet, which does
# nothing but decode and tells how fast the machine is. The WAL is that of pgbench's transactions, of kinds that differ in
# checkpoints, after which pages get images:
#   plain        none since each page was changed, so no images and most records per byte: the most work
#   checkpoints  as often as with max_wal_size as PostgreSQL sets it, 1GB
#   images       one before each part
#
# WALker must be installed in that server (./install.sh --pg-config ...). Settings, from the environment:
#   PGBIN      programs of the server (default: of pg_config on the PATH)
#   JVM        libjvm.so for PL/Java (default: of java on the PATH)
#   VMOPTIONS  pljava.vmoptions (default: what install.sh sets)
#   FIRST_MB=1200 PARTS=3 MB=1000 CLIENTS=2 SCALE=20 KINDS="plain checkpoints"

set -euo pipefail

CLIENTS=${CLIENTS:-2} SCALE=${SCALE:-20} FIRST_MB=${FIRST_MB:-1200} PARTS=${PARTS:-3} MB=${MB:-1000}
KINDS=${KINDS:-plain checkpoints}
PORT=${PORT:-54328}

# shellcheck source=bench/server.sh
. "$(dirname "$(readlink -f "$0")")/server.sh"
new_walker_server <<END
shared_buffers = 1GB
max_wal_size = 100GB
synchronous_commit = off
END

# Pages of pgbench's tables are changed by transactions as pgbench makes them, but many of them to a round trip.
for ((i = 0; i < 20; i++)); do
    cat <<END
\\set aid random(1, 100000 * :scale)
\\set bid random(1, 1 * :scale)
\\set tid random(1, 10 * :scale)
\\set delta random(-5000, 5000)
\\startpipeline
BEGIN;
UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;
SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = :tid;
UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = :bid;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP);
COMMIT;
\\endpipeline
END
done >"$dir/transactions.sql"

lsn() { ask 'SELECT pg_current_wal_insert_lsn()'; }
megabytes() { ask "SELECT (('$2'::pg_lsn - '$1'::pg_lsn) / 1e6)::bigint"; }

# make MB: that much WAL from the present place on.
make() {
    local from
    from=$(lsn)
    while [[ $(megabytes "$from" "$(lsn)") -lt $1 ]]; do
        "$PGBIN/pgbench" -n -c "$CLIENTS" -j "$CLIENTS" -t 4000 -M prepared -D scale="$SCALE" -f "$dir/transactions.sql" \
            >/dev/null 2>&1
    done
}

# cpu_of COMMAND...: its CPU seconds.
cpu_of() {
    { TIMEFORMAT='%U %S'; time "$@" >/dev/null 2>&1; } 2>&1 | awk '{ print $1 + $2 }'
}

per_gb() { awk -v t="$1" -v mb="$2" 'BEGIN { printf "%.2f", t / (mb / 1e3) }'; }

# seconds TICKS
seconds() { awk -v t="$1" -v hz="$(getconf CLK_TCK)" 'BEGIN { print t / hz }'; }

# compile_ticks PID: of the threads that compile.
compile_ticks() {
    local task sum=0
    for task in /proc/"$1"/task/*; do
        [[ $(<"$task/comm") != *Compiler* ]] || sum=$((sum + $(sed 's/.*) //' "$task/stat" | awk '{ print $12 + $13 }')))
    done
    echo "$sum"
}

# images FROM TO: their share of the bytes between two LSNs, in percent.
images() {
    "$PGBIN/pg_waldump" -p "$dir/data/pg_wal" -s "$1" -e "$2" --stats 2>/dev/null |
        sed -n 's/^Total .*\[[0-9.]*%\] .*\[\([0-9.]*\)%\] .*\[100%\].*/\1/p'
}

# catch_up KIND MB: makes WAL, and lets the walker read it in its session; then the others.
catch_up() {
    local from end before=0 compiled=0 megabytes cpu compiling decoding receiving
    [[ $1 == plain ]] || ask CHECKPOINT
    ask "ALTER SYSTEM SET max_wal_size = '$([[ $1 == checkpoints ]] && echo 1GB || echo 100GB)'"
    ask 'SELECT pg_reload_conf()' >/dev/null
    ask "SELECT pg_create_physical_replication_slot('bench', true)" >/dev/null
    from=$(lsn)
    make "$2"
    end=$(lsn)
    if [[ -n $walker ]]; then
        before=$(cpu_ticks "$walker") compiled=$(compile_ticks "$walker")
    fi
    walk
    [[ $(ask "SELECT walker.wait_for('$end', '10 min')") == t ]] || { ask 'SELECT walker.status()' >&2; exit 1; }
    ask 'SELECT walker.stop()' >/dev/null
    cpu=$(seconds $(($(cpu_ticks "$walker") - before)))
    compiling=$(seconds $(($(compile_ticks "$walker") - compiled)))
    ask 'SELECT pg_switch_wal()' >/dev/null
    megabytes=$(megabytes "$from" "$end")
    # It ends with status 1 at the end of WAL.
    decoding=$(cpu_of "$PGBIN/pg_waldump" -p "$dir/data/pg_wal" -s "$from" -e "$end" --quiet || true)
    mkdir -p "$dir/received"
    receiving=$(cpu_of "$PGBIN/pg_receivewal" -D "$dir/received" --slot bench --no-sync --no-loop --endpos "$end")
    rm -rf "$dir/received"
    ask "SELECT pg_drop_replication_slot('bench')" >/dev/null
    printf '%-11s %5s MB, %3.0f%% of it images: walker %6s, of these %5s for compiling; pg_waldump --quiet %s, pg_receivewal %s\n' \
        "$1" "$megabytes" "$(images "$from" "$end")" "$(per_gb "$cpu" "$megabytes")" "$(per_gb "$compiling" "$megabytes")" \
        "$(per_gb "$decoding" "$megabytes")" "$(per_gb "$receiving" "$megabytes")"
}

echo "$("$PGBIN/postgres" --version), scale $SCALE; CPU seconds per GB of WAL"
# So that the slot keeps what comes, and each page has had its image.
ask 'SELECT walker.start()' >/dev/null
ask 'SELECT walker.wait_for()' >/dev/null
ask 'VACUUM FULL pgbench_accounts' && ask 'VACUUM ANALYZE' && ask CHECKPOINT
ask 'UPDATE pgbench_accounts SET abalance = 0 WHERE aid % 61 = 0'
ask 'SELECT walker.wait_for()' >/dev/null
ask 'SELECT walker.stop()' >/dev/null
for kind in $KINDS; do
    open_session
    walker=""
    catch_up "$kind" "$FIRST_MB"
    for ((part = 0; part < PARTS; part++)); do
        catch_up "$kind" "$MB"
    done
done
