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

# new_walker_server <SETTINGS: makes and starts a server with the walker's extension and pgbench's tables, for SCALE; reads
# PGBIN, JVM and VMOPTIONS from the environment.
new_walker_server() {
    local share options unenforced=""
    PGBIN=${PGBIN:-$(pg_config --bindir)}
    JVM=${JVM:-$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")/lib/server/libjvm.so}
    options="--add-modules=jdk.unsupported -Xmx512m -XX:+UseSerialGC -XX:-UsePerfData"
    options+=" -XX:Tier4InvocationThreshold=50000 -XX:Tier4MinInvocationThreshold=1000"
    options+=" -XX:Tier4CompileThreshold=100000 -XX:Tier4BackEdgeThreshold=400000"
    options+=" -XX:CompileCommand=quiet -XX:CompileCommand=dontinline,dev.walker.heatmap.HeatmapPlugin::walk*"
    if [[ $(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "${JVM%/lib/server/*}/release") -ge 24 ]]; then
        options+=" -Djava.security.manager=disallow --sun-misc-unsafe-memory-access=allow --illegal-native-access=deny"
        unenforced="pljava.allow_unenforced = 'walker_java'"
    fi
    share=$("$PGBIN/pg_config" --sharedir)
    {
        cat
        echo "$unenforced"
        cat <<END
walker.plugins = 'heatmap'
pljava.libjvm_location = '$JVM'
pljava.vmoptions = '${VMOPTIONS:-$options}'
pljava.policy_urls = '"file:\${org.postgresql.sysconfdir}/pljava.policy","file:$share/walker/walker.policy","="'
END
    } | new_server
    start_server
    ask "SET client_min_messages = error; CREATE EXTENSION walker CASCADE; CREATE EXTENSION pgstattuple;
         SELECT walker.install_jar()" >/dev/null
    "$PGBIN/pgbench" -q -i -s "$SCALE" >/dev/null 2>&1
}

ask() { psql -X -Atq -c "$1"; }

# open_session: a new session for walk().
open_session() {
    if [[ -n ${session_PID:-} ]]; then
        exec {session[1]}>&-
        wait "$session_PID" || true
    fi
    coproc session { psql -X -Atq -v ON_ERROR_STOP=1 2>&1 | sed 's/^/walker: /' >&2; }
}

# walk: starts the walker in that session, in which Java has compiled what ran in it before; returns when it runs, and sets
# walker to the pid of its backend.
walk() {
    echo 'CALL walker.run();' >&"${session[1]}"
    until [[ $(ask 'SELECT state FROM walker.status()') == running ]]; do
        [[ -n ${session_PID:-} ]] || { echo "the walker has not started" >&2; exit 1; }
        sleep 0.1
    done
    walker=$(ask 'SELECT pid FROM walker.status()')
}

# cpu_ticks PID: user and system time.
cpu_ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
