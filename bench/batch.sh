#!/usr/bin/env bash
#
# What it costs to catch up: WAL is made while the walker (heatmap) is stopped, then it reads it in batches, and so does
# pg_receivewal. Prints the CPU seconds per GB of WAL of the backend in which the walker runs: from its start on, that of
# the JVM included, for the first part of the WAL, and once it is warm, for the rest. The WAL is that of pgbench's
# transactions, of two kinds: without page images, since there was no checkpoint since each page was changed, and with
# those that follow a checkpoint.
#
# WALker must be installed in that server (./install.sh --pg-config ...). Settings, from the environment:
#   PGBIN      programs of the server (default: of pg_config on the PATH)
#   JVM        libjvm.so for PL/Java (default: of java on the PATH)
#   VMOPTIONS  pljava.vmoptions (default: what install.sh sets)
#   FIRST_MB=250 REST_MB=750 CLIENTS=2 SCALE=20 KINDS="plain images"
# The first part is longer than FIRST_MB: it ends where the walker saves next.

set -euo pipefail

CLIENTS=${CLIENTS:-2} SCALE=${SCALE:-20} FIRST_MB=${FIRST_MB:-250} REST_MB=${REST_MB:-750}
KINDS=${KINDS:-plain images}
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
        "$PGBIN/pgbench" -n -c "$CLIENTS" -j "$CLIENTS" -t 500 -M prepared -D scale="$SCALE" -f "$dir/transactions.sql" \
            >/dev/null 2>&1
    done
}

per_gb() { awk -v t="$1" -v mb="$2" 'BEGIN { printf "%.2f", t / (mb / 1e3) }'; }

# sampled PID LSN: waits until what is saved of the walk reaches it; prints where that is, and the CPU time in ticks.
sampled() {
    psql -X -Atq <<SQL
CREATE FUNCTION pg_temp.sampled() RETURNS text LANGUAGE plpgsql AS \$\$
DECLARE
    at pg_lsn;
    stat text[];
BEGIN
    FOR i IN 1 .. 60000 LOOP
        SELECT s.position INTO at FROM walker.status() s WHERE s.position >= '$2';
        IF FOUND THEN
            stat := pg_catalog.string_to_array(pg_catalog.pg_read_file('/proc/$1/stat'), ' ');
            RETURN at || ' ' || stat[14]::bigint + stat[15]::bigint;
        END IF;
        PERFORM pg_catalog.pg_sleep(0.01);
    END LOOP;
    RAISE EXCEPTION 'the walker does not get to $2: %', (SELECT s FROM walker.status() s);
END
\$\$;
SELECT pg_temp.sampled();
SQL
}

# seconds TICKS
seconds() { awk -v t="$1" -v hz="$(getconf CLK_TCK)" 'BEGIN { print t / hz }'; }

# images FROM TO: their share of the bytes between two LSNs, in percent.
images() {
    "$PGBIN/pg_waldump" -p "$dir/data/pg_wal" -s "$1" -e "$2" --stats 2>/dev/null |
        sed -n 's/^Total .*\[[0-9.]*%\] .*\[\([0-9.]*\)%\] .*\[100%\].*/\1/p'
}

measure() {
    local kind=$1 from middle end pid first rest times
    [[ $kind == plain ]] || ask CHECKPOINT
    from=$(lsn)
    ask "SELECT pg_create_physical_replication_slot('bench', true)" >/dev/null
    make "$FIRST_MB"
    middle=$(lsn)
    [[ $kind == plain ]] || ask CHECKPOINT
    make "$REST_MB"
    end=$(lsn)
    pid=$(ask 'SELECT walker.start()')
    read -r middle first <<<"$(sampled "$pid" "$middle")"
    read -r _ rest <<<"$(sampled "$pid" "$end")"
    rest=$((rest - first))
    ask 'SELECT walker.stop()' >/dev/null
    ask 'SELECT pg_switch_wal()' >/dev/null
    mkdir -p "$dir/received"
    times=$( { TIMEFORMAT='%U %S'; time "$PGBIN/pg_receivewal" -D "$dir/received" --slot bench --no-sync --no-loop \
        --endpos "$end" >/dev/null 2>&1; } 2>&1)
    rm -rf "$dir/received"
    ask "SELECT pg_drop_replication_slot('bench')" >/dev/null
    printf '%-7s walker: first %5s MB %6s, next %5s MB %6s   pg_receivewal: %6s   images %s%% of the bytes\n' "$kind" \
        "$(megabytes "$from" "$middle")" "$(per_gb "$(seconds "$first")" "$(megabytes "$from" "$middle")")" \
        "$(megabytes "$middle" "$end")" "$(per_gb "$(seconds "$rest")" "$(megabytes "$middle" "$end")")" \
        "$(per_gb "$(awk '{ print $1 + $2 }' <<<"$times")" "$(megabytes "$from" "$end")")" \
        "$(images "$middle" "$end")"
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
    measure "$kind"
done
