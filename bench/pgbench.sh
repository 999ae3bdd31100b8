#!/usr/bin/env bash
#
# What the walker costs a server: pgbench without it, with it (heatmap), and with pg_receivewal, in turns, on a server of
# its own. Prints TPS as a ratio to that without, the CPU seconds per GB of WAL, and how far behind it was.
#
# WALker must be installed in that server (./install.sh --pg-config ...). Settings, from the environment:
#   PGBIN      programs of the server (default: of pg_config on the PATH)
#   JVM        libjvm.so for PL/Java (default: of java on the PATH)
#   VMOPTIONS  pljava.vmoptions (default: what install.sh sets)
#   FIRST      what begins: 0 nothing, 1 the walker, 2 pg_receivewal; the next round begins with the next
#   RESULTS    a file to which results are added, and of which all are summed up: for many short runs instead of a long one
#   ROUNDS=3 SECONDS_EACH=30 WARM_UP=15 CLIENTS=2 SCALE=20 SYNC=off
# Each begins with WARM_UP seconds of load that are not measured: what runs for weeks is compiled.

set -euo pipefail

FIRST=${FIRST:-0}
ROUNDS=${ROUNDS:-3} SECONDS_EACH=${SECONDS_EACH:-30} WARM_UP=${WARM_UP:-15} CLIENTS=${CLIENTS:-2} SCALE=${SCALE:-20} SYNC=${SYNC:-off}
PORT=${PORT:-54329}

# shellcheck source=bench/server.sh
. "$(dirname "$(readlink -f "$0")")/server.sh"
new_walker_server <<END
shared_buffers = 512MB
max_wal_size = 8GB
synchronous_commit = $SYNC
END
results=${RESULTS:-$dir/results}

# load SECONDS: runs pgbench; sets tps.
load() {
    tps=$("$PGBIN/pgbench" -n -c "$CLIENTS" -j "$CLIENTS" -T "$1" -M prepared 2>/dev/null |
        sed -n 's/^tps = \([0-9.]*\).*/\1/p')
}

measure() {
    local mode=$1 pid=0 before=0 after=0 lag=- end
    ask CHECKPOINT
    case $mode in
        walker)
            pid=$(ask 'SELECT walker.start()')
            ask 'SELECT walker.wait_for()' >/dev/null
            ;;
        pg_receivewal)
            mkdir -p "$dir/received"
            "$PGBIN/pg_receivewal" --slot bench --create-slot --if-not-exists >/dev/null 2>&1
            "$PGBIN/pg_receivewal" -D "$dir/received" --slot bench --no-sync >/dev/null 2>&1 &
            beside=$!
            pid=$beside
            sleep 1
            ;;
    esac
    load "$WARM_UP"
    [[ $mode != walker ]] || ask 'SELECT walker.wait_for()' >/dev/null
    start=$(ask 'SELECT pg_current_wal_insert_lsn()')
    [[ $pid -eq 0 ]] || before=$(cpu_ticks "$pid")
    if [[ $mode == walker ]]; then
        # In one session, since a connection a second would cost the server more than the walker does.
        psql -X -Atq <<<'SELECT lag_bytes FROM walker.status() \watch 1' >"$dir/lags" 2>/dev/null &
        watcher=$!
    fi
    load "$SECONDS_EACH"
    end=$(ask 'SELECT pg_current_wal_insert_lsn()')
    bytes=$(ask "SELECT ('$end'::pg_lsn - '$start')::bigint")
    if [[ $mode == walker ]]; then
        kill "$watcher" 2>/dev/null || true
        wait "$watcher" 2>/dev/null || true
        lag=$(grep -x '[0-9]*' "$dir/lags" | sort -n | awk '{ a[NR] = $1 } END { printf "%.1f/%.1f", a[int((NR + 1) / 2)] / 1e6, a[NR] / 1e6 }')
        rm -f "$dir/lags"
        ask 'SELECT walker.wait_for()' >/dev/null
    fi
    if [[ $pid -ne 0 ]]; then
        after=$(cpu_ticks "$pid")
        cpu=$(awk -v t=$((after - before)) -v b="$bytes" -v hz="$(getconf CLK_TCK)" 'BEGIN { printf "%.2f", t / hz / (b / 1e9) }')
    else
        cpu=-
    fi
    case $mode in
        walker) ask 'SELECT walker.stop()' >/dev/null ;;
        pg_receivewal)
            kill "$beside"
            wait "$beside" 2>/dev/null || true
            beside=""
            rm -rf "$dir/received"
            ask "SELECT pg_drop_replication_slot('bench')" >/dev/null
            ;;
    esac
    printf '%-14s %10.0f tps %8.0f MB of WAL   CPU s/GB %6s   lag MB median/most %s\n' "$mode" "$tps" \
        "$((bytes / 1000000))" "$cpu" "$lag"
    echo "$mode $tps $cpu" >>"$results"
}

echo "$("$PGBIN/postgres" --version), synchronous_commit $SYNC, $CLIENTS clients, scale $SCALE, $SECONDS_EACH s each"
load "$WARM_UP" # for the caches of the server
for ((round = 0; round < ROUNDS; round++)); do
    # Another one begins each time, so that none profits from its place.
    modes=(none walker pg_receivewal)
    for ((i = 0; i < 3; i++)); do
        measure "${modes[(FIRST + round + i) % 3]}"
    done
done
echo
awk '
    { n[$1]++; tps[$1, n[$1]] = $2; cpu[$1, n[$1]] = $3 }
    function median(values, mode,   i, j, t, count, sorted) {
        count = n[mode]
        for (i = 1; i <= count; i++) sorted[i] = values[mode, i] + 0
        for (i = 1; i <= count; i++) for (j = i + 1; j <= count; j++)
            if (sorted[j] < sorted[i]) { t = sorted[i]; sorted[i] = sorted[j]; sorted[j] = t }
        return count % 2 ? sorted[(count + 1) / 2] : (sorted[count / 2] + sorted[count / 2 + 1]) / 2
    }
    END {
        printf "TPS as a share of that without: walker %.3f, pg_receivewal %.3f (medians of %d)\n",
            median(tps, "walker") / median(tps, "none"), median(tps, "pg_receivewal") / median(tps, "none"), n["none"]
        printf "CPU seconds per GB of WAL: walker %.2f, pg_receivewal %.2f\n", median(cpu, "walker"), median(cpu, "pg_receivewal")
    }' "$results"
