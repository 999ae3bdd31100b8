#!/usr/bin/env bash
#
# A walker (heatmap) in a server of its own that is left alone: under a steady load, idle after it, and after a restart of the
# server. Prints how old the walker's backend_xmin was, its CPU time, memory and lag; what WAL there is while nothing happens;
# how long the walker is away; and the map beside pgstattuple.
#
# WALker must be installed in that server (./install.sh --pg-config ...). Settings, from the environment:
#   PGBIN, JVM, VMOPTIONS   as for bench/pgbench.sh
#   LOAD_SECONDS=3600 RATE=500 IDLE_MINUTES=10 CLIENTS=2 SCALE=20
# Where pg_cron is installed it brings the walker back, otherwise the script does.

set -euo pipefail

LOAD_SECONDS=${LOAD_SECONDS:-3600} RATE=${RATE:-500} IDLE_MINUTES=${IDLE_MINUTES:-10} CLIENTS=${CLIENTS:-2} SCALE=${SCALE:-20}
PORT=${PORT:-54331}

# shellcheck source=bench/server.sh
. "$(dirname "$(readlink -f "$0")")/server.sh"
PGBIN=${PGBIN:-$(pg_config --bindir)}
cron=""
[[ ! -e $("$PGBIN/pg_config" --pkglibdir)/pg_cron.so ]] || cron=1
new_walker_server <<END
shared_buffers = 256MB
${cron:+shared_preload_libraries = 'pg_cron'
cron.use_background_workers = on
cron.log_run = off}
END

# compare: the map beside what pgstattuple counts.
compare() {
    ask 'SELECT walker.wait_for()' >/dev/null
    psql -X -q -c "
        SELECT c.relname AS table, t.dead_tuple_count AS pgstattuple, coalesce(g.dead_tuples, 0) AS map
        FROM pg_class c CROSS JOIN LATERAL pgstattuple(c.oid) t LEFT JOIN walker.garbage() g ON g.relation = c.oid
        WHERE c.relname LIKE 'pgbench\_%' AND c.relkind = 'r' ORDER BY 1"
}

# own_records: how many records since lsn are of tables and indexes of WALker.
own_records() {
    {
        ask "SELECT d.oid || '/' || pg_relation_filenode(c.oid)
             FROM pg_database d, pg_class c JOIN pg_class t ON c.oid IN (t.oid, t.reltoastrelid)
               OR c.oid IN (SELECT i.indexrelid FROM pg_index i WHERE i.indrelid IN (t.oid, t.reltoastrelid))
             WHERE d.datname = current_database() AND t.relnamespace = 'walker'::regnamespace AND t.relkind = 'r'"
        echo
        # It ends with an error where WAL ends.
        "$PGBIN/pg_waldump" -p "$dir/data/pg_wal" -s "$lsn" 2>/dev/null || true
    } | awk '
        $0 == "" { listed = 1; next }
        !listed { own[$1]; next }
        match($0, /rel [0-9]+\/[0-9]+\/[0-9]+/) { r = substr($0, RSTART, RLENGTH); sub("rel [0-9]*/", "", r); n += r in own }
        END { print n + 0 }'
}

pid=$(ask 'SELECT walker.start()')
[[ -z $cron ]] || ask 'SET client_min_messages = error; CREATE EXTENSION pg_cron; SELECT walker.enable_autostart()' >/dev/null
ask 'SELECT walker.wait_for()' >/dev/null
echo "$("$PGBIN/postgres" --version), pgbench at $RATE transactions a second with $CLIENTS clients for $LOAD_SECONDS s, scale $SCALE"
ticks=$(cpu_ticks "$pid")
psql -X -Atq -F ' ' >"$dir/samples" 2>/dev/null <<<"
    SELECT extract(epoch FROM clock_timestamp()), pg_snapshot_xmax(pg_current_snapshot()), coalesce(a.backend_xmin::text, '-'),
           pg_current_wal_flush_lsn() - p.position
    FROM pg_stat_activity a, walker.progress p WHERE a.pid = $pid \\watch 0.2" &
watcher=$!
"$PGBIN/pgbench" -n -c "$CLIENTS" -j "$CLIENTS" -T "$LOAD_SECONDS" -R "$RATE" -M prepared 2>/dev/null | grep -E '^(tps|number of transactions actually)'
kill "$watcher" 2>/dev/null || true
wait "$watcher" 2>/dev/null || true
# A backend_xmin is as old as the last sample in which its transaction had not begun: at most one sample less.
awk '
    NF == 4 {
        at[++n] = $1; next_xid[n] = $2
        if ($3 != "-") {
            held++
            i = n
            while (i > 0 && next_xid[i] > $3) i--
            if (i > 0 && $1 - at[i] > most) most = $1 - at[i]
        }
    }
    END { printf "backend_xmin: %d samples, set in %d, never older than %.2f s\n", n, held, most }' "$dir/samples"
awk 'NF == 4 { print $4 / 1e6 }' "$dir/samples" | sort -n |
    awk '{ lag[NR] = $1 } END { printf "lag, MB: %.1f in the median, %.1f at the 99th percentile, %.1f at most\n", lag[int((NR + 1) / 2)], lag[int(NR * 0.99)], lag[NR] }'
awk -v t=$(($(cpu_ticks "$pid") - ticks)) -v hz="$(getconf CLK_TCK)" -v s="$LOAD_SECONDS" \
    -v rss="$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$pid/status")" \
    'BEGIN { printf "CPU of the walker: %.1f s, %.2f%% of a core; memory at most %d MB, shared buffers included\n", t / hz, 100 * t / hz / s, rss / 1024 }'
compare

ask 'VACUUM ANALYZE'
ask CHECKPOINT
sleep 45
echo "idle, after VACUUM ANALYZE, a checkpoint and 45 s:"
ticks=$(cpu_ticks "$pid")
lsn=$(ask 'SELECT pg_current_wal_insert_lsn()')
for ((minute = 1; minute <= IDLE_MINUTES; minute++)); do
    sleep 60
    bytes=$(ask "SELECT pg_current_wal_insert_lsn() - '$lsn'::pg_lsn")
    awk -v m="$minute" -v t=$(($(cpu_ticks "$pid") - ticks)) -v hz="$(getconf CLK_TCK)" -v b="$bytes" -v own="$(own_records)" \
        'BEGIN { printf "%4d min: %.2f s of CPU in all, %d bytes of WAL in all, %d records of it of WALker\n", m, t / hz, b, own }'
done
compare

began=$(date +%s.%N)
"${run[@]}" "$PGBIN/pg_ctl" -D "$dir/data" -m fast -w stop >/dev/null
echo "$began $(date +%s.%N)" | awk '{ printf "fast shutdown: %.2f s\n", $2 - $1 }'
start_server
began=$(date +%s.%N)
[[ -n $cron ]] || ask 'SELECT walker.ensure_running()' >/dev/null
until [[ $(ask 'SELECT state FROM walker.status()') == running ]]; do sleep 0.1; done
echo "$began $(date +%s.%N) ${cron:-0}" | awk '{ printf "%s had the walker run again %.1f s after the start of the server\n", $3 ? "pg_cron" : "walker.ensure_running()", $2 - $1 }'
compare
