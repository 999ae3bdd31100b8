# shellcheck shell=bash
#
# For the scripts of this folder, which read it with ".": a server of their own in a temporary folder, and a walker beside
# it, both gone when the script ends. Wants PGBIN, PORT and, for walk_beside(), JAR; gives dir, run and beside, and the
# environment that psql wants.

dir=$(mktemp -d "${TMPDIR:-/tmp}/walker-bench.XXXXXX")
run=()
if [[ $(id -u) -eq 0 ]]; then
    chown postgres "$dir"
    run=(runuser -u postgres --)
fi
# The process that runs beside the server, if there is one.
beside=""
cleanup() {
    [[ -z $beside ]] || kill "$beside" 2>/dev/null || true
    "${run[@]}" "$PGBIN/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$dir"
}
trap cleanup EXIT
export PGHOST=$dir PGPORT=$PORT PGUSER=postgres PGDATABASE=postgres

# new_server [OPTION of initdb...] <SETTINGS: makes the server; does not start it.
new_server() {
    (cd / && "${run[@]}" "$PGBIN/initdb" -D "$dir/data" -U postgres -A trust --no-sync "$@" >/dev/null </dev/null)
    {
        echo "port = $PORT"
        echo "unix_socket_directories = '$dir'"
        echo "listen_addresses = '127.0.0.1'"
        echo "checkpoint_timeout = 1h"
        cat
    } >>"$dir/data/postgresql.conf"
}

start_server() {
    (cd / && "${run[@]}" "$PGBIN/pg_ctl" -D "$dir/data" -w -l "$dir/log" start >/dev/null </dev/null)
}

# url: of database PGDATABASE.
url() { echo "jdbc:postgresql://127.0.0.1:$PORT/$PGDATABASE?user=postgres"; }

# walk_beside [OPTION of run...]: a walker of its own process; sets beside once it walks.
walk_beside() {
    rm -f "$dir/walker.log"
    java -jar "$JAR" run --source-url "$(url)" --plugins heatmap "$@" >"$dir/walker.log" 2>&1 </dev/null &
    beside=$!
    until grep -qs 'walking from' "$dir/walker.log"; do
        kill -0 "$beside" 2>/dev/null || { cat "$dir/walker.log" >&2; exit 1; }
        sleep 0.1
    done
}
