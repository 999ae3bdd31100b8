#!/usr/bin/env bash
#
# What the walker costs a server: one pgbench that runs on, beside which there is nothing, the walker (heatmap) or
# pg_receivewal, in turns of seconds, on a server of its own. Prints the TPS as a ratio to that without, round by round, so
# that a machine that changes its speed does not count; the CPU seconds per GB of WAL; and how far behind the walker was.
#
# The walker stays in the same session, whose Java has compiled what it runs, as one does that runs for weeks: it is stopped
# when it is not its turn, and has caught up before its turn is measured.
#
# WALker must be installed in that server (./install.sh --pg-config ...). Settings, from the environment:
#   PGBIN      programs of the server (default: of pg_config on the PATH)
#   JVM        libjvm.so for PL/Java (default: of java on the PATH)
#   VMOPTIONS  pljava.vmoptions (default: what install.sh sets)
#   RESULTS    a file to which the rounds are added, and of which all are summed up
#   ROUNDS=20 SECONDS_EACH=6 SETTLE=2 WARM_UP=90 CLIENTS=2 SCALE=20 SYNC=off
# It begins with WARM_UP seconds of load beside the walker, and each turn with SETTLE seconds, that are not measured.

set -euo pipefail

ROUNDS=${ROUNDS:-20} SECONDS_EACH=${SECONDS_EACH:-6} SETTLE=${SETTLE:-2} WARM_UP=${WARM_UP:-90} CLIENTS=${CLIENTS:-2}
SCALE=${SCALE:-20} SYNC=${SYNC:-off} PORT=${PORT:-54329}

# shellcheck source=bench/server.sh
. "$(dirname "$(readlink -f "$0")")/server.sh"
new_walker_server <<END
shared_buffers = 512MB
max_wal_size = 64GB
synchronous_commit = $SYNC
END
results=${RESULTS:-$dir/results}
load=""
# cleanup() of server.sh, once nothing writes into its folder.
trap '[[ -z $load ]] || kill "$load" 2>/dev/null || true; cleanup' EXIT

now() { date +%s.%N; }
insert_lsn() { ask 'SELECT pg_current_wal_insert_lsn()'; }

# tps FROM TO: the mean of the seconds between the two times, of what pgbench has told.
tps() {
    awk -v from="$1" -v to="$2" '
        $1 == "progress:" && $2 - 1 >= from - 0.02 && $2 <= to + 0.02 { sum += $4; n++ }
        END { if (n) printf "%.1f", sum / n; else exit 1 }' "$dir/progress"
}

# turn MODE: sets rate, cpu and lag, which are "-" where there is nothing to measure.
turn() {
    local mode=$1 pid="" before=0 from to start bytes
    cpu=- lag=-
    case $mode in
        walker)
            walk
            ask 'SELECT walker.wait_for()' >/dev/null
            pid=$walker
            ;;
        pg_receivewal)
            mkdir -p "$dir/received"
            "$PGBIN/pg_receivewal" -D "$dir/received" --no-sync >/dev/null 2>&1 &
            beside=$!
            pid=$beside
            ;;
    esac
    sleep "$SETTLE"
    start=$(insert_lsn)
    [[ -z $pid ]] || before=$(cpu_ticks "$pid")
    from=$(now)
    if [[ $mode == walker ]]; then
        # In one session, since a connection a second would cost the server more than the walker does.
        psql -X -Atq <<<'SELECT lag_bytes FROM walker.status() \watch 2' >"$dir/lags" 2>/dev/null &
        watcher=$!
    fi
    sleep "$SECONDS_EACH"
    to=$(now)
    bytes=$(ask "SELECT (pg_current_wal_insert_lsn() - '$start'::pg_lsn)::bigint")
    [[ -z $pid ]] || cpu=$(awk -v t=$(($(cpu_ticks "$pid") - before)) -v b="$bytes" -v hz="$(getconf CLK_TCK)" \
        'BEGIN { printf "%.2f", t / hz / (b / 1e9) }')
    case $mode in
        walker)
            kill "$watcher" 2>/dev/null || true
            wait "$watcher" 2>/dev/null || true
            lag=$(grep -x '[0-9]*' "$dir/lags" | sort -n | awk '{ a[NR] = $1 } END { printf "%.1f", a[NR] / 1e6 }')
            ask 'SELECT walker.stop()' >/dev/null
            ;;
        pg_receivewal)
            kill "$beside"
            wait "$beside" 2>/dev/null || true
            beside=""
            rm -rf "$dir/received"
            ;;
    esac
    sleep 1 # for what pgbench tells of the last second
    rate=$(tps "$from" "$to")
}

echo "$("$PGBIN/postgres" --version), synchronous_commit $SYNC, $CLIENTS clients, scale $SCALE, $ROUNDS rounds of $SECONDS_EACH s each"
"$PGBIN/pgbench" -n -c "$CLIENTS" -j "$CLIENTS" -T 1000000 -M prepared -P 1 --progress-timestamp >/dev/null 2>"$dir/progress" &
load=$!
open_session
walk
sleep "$WARM_UP"
ask 'SELECT walker.stop()' >/dev/null
orders=("none walker pg_receivewal" "walker pg_receivewal none" "pg_receivewal none walker"
    "none pg_receivewal walker" "pg_receivewal walker none" "walker none pg_receivewal")
printf '%8s %10s %10s %14s   %s\n' round none walker pg_receivewal 'CPU s/GB of both, lag MB'
for ((round = 0; round < ROUNDS; round++)); do
    # Another one begins each time, so that none profits from its place.
    for mode in ${orders[round % 6]}; do
        turn "$mode"
        case $mode in
            none) none=$rate ;;
            walker) walked=$rate walker_cpu=$cpu walker_lag=$lag ;;
            pg_receivewal) received=$rate received_cpu=$cpu ;;
        esac
    done
    printf '%8d %10s %10s %14s   %s %s, %s\n' $((round + 1)) "$none" "$walked" "$received" "$walker_cpu" "$received_cpu" "$walker_lag"
    echo "$none $walked $received $walker_cpu $received_cpu $walker_lag" >>"$results"
done
kill "$load"
wait "$load" 2>/dev/null || true
load=""
echo
awk '
    { n++; walker[n] = log($2 / $1); received[n] = log($3 / $1); both[n] = log($2 / $3); a[n] = $4; b[n] = $5; lag[n] = $6 }
    # The geometric mean of the ratios of each round, and what is within two standard errors.
    function share(what, values,   i, sum, squares, mean, error) {
        for (i = 1; i <= n; i++) { sum += values[i]; squares += values[i] ^ 2 }
        mean = sum / n
        error = n > 1 ? sqrt((squares - n * mean ^ 2) / (n - 1) / n) : 0
        printf "%-42s %.3f (%.3f to %.3f)\n", what, exp(mean), exp(mean - 2 * error), exp(mean + 2 * error)
    }
    function median(values,   i, j, t) {
        for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++)
            if (values[j] + 0 < values[i] + 0) { t = values[i]; values[i] = values[j]; values[j] = t }
        return n % 2 ? values[(n + 1) / 2] : (values[n / 2] + values[n / 2 + 1]) / 2
    }
    END {
        share("TPS with the walker, of that without", walker)
        share("TPS with pg_receivewal, of that without", received)
        share("TPS with the walker, of pg_receivewal", both)
        printf "CPU seconds per GB of WAL, medians: walker %.2f, pg_receivewal %.2f\n", median(a), median(b)
        printf "lag at most in a round, MB: %.1f in the median", median(lag)
        printf ", %.1f at most (%d rounds)\n", lag[n], n
    }' "$results"
