#!/usr/bin/env bash
#
# Installs WALker into a PostgreSQL server, removes it again, or shows it at work in a server of its own.
# Runs in the source tree and in the unpacked distribution. See --help.

set -euo pipefail

SELF=$(readlink -f "${BASH_SOURCE[0]}" 2>/dev/null) || SELF=${BASH_SOURCE[0]} # it may be a link
HERE=$(CDPATH="" cd "$(dirname "$SELF")" && pwd)
readonly SELF HERE
readonly OLDEST_SERVER=15 NEWEST_SERVER=18
readonly OLDEST_JAVA=17 NEWEST_PLJAVA_JAVA=23
readonly EMBEDDED=io.zonky.test.postgres:embedded-postgres-binaries-linux
readonly EMBEDDED_VERSION=17.11.0

usage() {
    cat <<'END'
Usage: ./install.sh [install] [OPTION]...    install into the server that pg_config names
       ./install.sh uninstall [OPTION]...    undo that; PL/Java stays
       ./install.sh demo [--keep] [--remote] see it at work in a throwaway server

Install and uninstall:
  --pg-config PATH     pg_config of the server (default: $PG_CONFIG, else pg_config on the PATH)
  --java-home DIR      Java that PL/Java is to run (default: $JAVA_HOME, else java on the PATH, else /usr/lib/jvm/*)
  --database NAME      set WALker up in this database, too, or remove it from there
  --host, --port, --username VALUE
                       how to reach that database, as for psql (default: psql's own environment)
  --allow-unenforced   take a Java of which PL/Java cannot enforce its security policy, 24 or later, too
  --no-packages        never call apt-get or dnf
  --no-class-archive   make no archive of Java's classes, with which PL/Java starts faster

Demo:
  --keep               leave the server running and say how to reach and how to end it
  --remote             walk from outside of the server, without PL/Java ($WALKER_DEMO_PLJAVA=off does the same)
  --no-packages, --java-home DIR, --allow-unenforced
                       as above

Exit status: 0 done, 1 failed, 2 wrong usage.
END
}

# Messages -----------------------------------------------------------------------------------------------------------

say() { printf '%s\n' "$*"; }
step() { printf '\n==> %s\n' "$*"; }
warn() { printf 'install.sh: %s\n' "$*" >&2; }
die() {
    warn "$@"
    exit 1
}
die_usage() {
    warn "$1; see --help"
    exit 2
}

# The machine --------------------------------------------------------------------------------------------------------

# Maven resets the colour of a terminal even where it was told to use none, of its errors too.
quiet_mvn() { mvn -B -q -Dstyle.color=never "$@" </dev/null 2>&1 | sed $'s/\e\\[[0-9;]*m//g'; }
have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [[ $(id -u) -eq 0 ]]; }
may_become_root() { is_root || { have sudo && sudo -n true 2>/dev/null; } || { have sudo && [[ -t 0 && -t 2 ]]; }; }

as_root() {
    if is_root; then
        "$@"
    else
        sudo "$@"
    fi
}

can_leave_root() { have runuser || have setpriv; }

# The user that servers of this machine run as by default; for who is not root, himself.
server_user() {
    if ! is_root; then
        id -un
    elif id postgres >/dev/null 2>&1; then
        echo postgres
    else
        echo nobody
    fi
}

# Runs a program as that user.
as_server() {
    local user
    user=$(server_user)
    if ! is_root; then
        "$@"
    elif have runuser; then
        runuser -u "$user" -- "$@"
    else
        setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups "$@"
    fi
}

package_manager() {
    if have apt-get; then
        echo apt-get
    elif have dnf; then
        echo dnf
    fi
}

# Whether packages can be installed at all: a package manager, the right to call it, and no --no-packages.
may_install_packages() { [[ $packages == yes && -n $(package_manager) ]] && may_become_root; }

# The first of the named packages that the package manager offers; nothing if it offers none of them.
first_offered() {
    local name manager
    manager=$(package_manager)
    for name in "$@"; do
        case $manager in
            apt-get) [[ -n $(apt-cache madison "$name" 2>/dev/null) ]] && echo "$name" && return ;;
            dnf) dnf -q list "$name" >/dev/null 2>&1 && echo "$name" && return ;;
        esac
    done
    return 0
}

refreshed=no
refresh_packages() {
    if [[ $refreshed == no && $(package_manager) == apt-get ]]; then
        as_root apt-get -qq update </dev/null || warn "apt-get update failed; going on with the lists that are there"
    fi
    refreshed=yes
}

# Installs the first of the named packages that is offered; false if there is none or it cannot be installed.
install_first_of() {
    local name
    may_install_packages || return 1
    name=$(first_offered "$@")
    if [[ -z $name ]]; then
        refresh_packages
        name=$(first_offered "$@")
    fi
    [[ -n $name ]] || return 1
    say "Installing package $name"
    case $(package_manager) in
        apt-get) as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "$name" \
            </dev/null >/dev/null ;;
        dnf) as_root dnf -q -y install "$name" </dev/null >/dev/null ;;
    esac
}

# Java ---------------------------------------------------------------------------------------------------------------

# Asks a java program what it is: sets seen_major (0 if it does not run) and seen_home.
ask_java() {
    local name value
    seen_major=0 seen_home=""
    while IFS='=' read -r name value; do
        name=${name//[[:space:]]/}
        value=${value# }
        case $name in
            java.home) seen_home=$value ;;
            java.specification.version)
                value=${value#1.} # Java 8 calls itself 1.8
                [[ ! $value =~ ^[0-9]+$ ]] || seen_major=$value
                ;;
        esac
    done < <("$1" -XshowSettings:properties -version 2>&1)
}

# Sets java_cmd to a Java that can run WALker. With "jdk", to one that has a compiler, since it is to build the jar.
require_java() {
    local needed=bin/java
    [[ ${1:-} == jdk ]] && needed=bin/javac
    if find_java "$needed"; then
        return
    fi
    if install_java "${1:-}" && find_java "$needed"; then
        return
    fi
    if [[ $needed == bin/javac ]]; then
        die "a JDK of Java $OLDEST_JAVA or later is needed to build walker.jar, and none was found;" \
            "install one, or point JAVA_HOME to it"
    fi
    die "Java $OLDEST_JAVA or later is needed, and none was found; install it, or point --java-home to it"
}

install_java() {
    # Another one would not be looked at.
    [[ -z $java_home ]] || return 1
    if [[ ${1:-} == jdk ]]; then
        install_first_of openjdk-17-jdk-headless openjdk-21-jdk-headless java-17-openjdk-devel java-21-openjdk-devel
    else
        install_first_of openjdk-17-jre-headless openjdk-21-jre-headless java-17-openjdk-headless \
            java-21-openjdk-headless
    fi
}

# find_java PROGRAM: sets java_cmd to the first Java that is new enough and whose home has the program.
find_java() {
    local java
    while IFS= read -r java; do
        ask_java "$java"
        if [[ $seen_major -ge $OLDEST_JAVA && -x $seen_home/$1 ]]; then
            java_cmd=$java
            return 0
        fi
    done < <(java_candidates)
    return 1
}

# The java programs of this machine, the preferred first.
java_candidates() {
    local home
    if [[ -n $java_home ]]; then
        echo "$java_home/bin/java"
        return
    fi
    if [[ -n ${JAVA_HOME:-} && -x ${JAVA_HOME:-}/bin/java ]]; then
        echo "$JAVA_HOME/bin/java"
    fi
    if have java; then
        command -v java
    fi
    for home in /usr/lib/jvm/*; do
        if [[ -x $home/bin/java && ! -L $home ]]; then
            echo "$home/bin/java"
        fi
    done
}

# Whether servers, which never run as root, can read a file that root has found.
server_can_read() {
    ! is_root || ! can_leave_root || as_server test -r "$1"
}

# PL/Java's own policy first, then what WALker adds. The braces are PL/Java's, not the shell's.
# shellcheck disable=SC2016
policy_urls() { printf '"file:${org.postgresql.sysconfdir}/pljava.policy","file:%s/walker/walker.policy","="' "$1"; }

# Sets libjvm and vmoptions to what PL/Java needs; else sets problem and is false.
find_libjvm() {
    local java file too_new="" found=""
    while IFS= read -r java; do
        ask_java "$java"
        found+="${found:+, }$java (Java $seen_major)"
        if [[ $seen_major -gt $NEWEST_PLJAVA_JAVA && $allow_unenforced == no ]]; then
            too_new=yes
            continue
        fi
        [[ $seen_major -ge $OLDEST_JAVA ]] || continue
        for file in "$seen_home/lib/server/libjvm.so" "$seen_home/lib/libjvm.so"; do
            if [[ -f $file ]] && server_can_read "$file"; then
                libjvm=$file
                # The module is for the library that undoes lz4 and zstd compression of full-page images, which
                # walker.policy lets in. The rest bounds and lightens the JVM of the walker's backend, which is idle
                # most of the time, and of every other session that uses PL/Java. The compiler that takes most time is for
                # what is run per record of WAL, not for what is run a few times a second, and is to do it once.
                vmoptions="--add-modules=jdk.unsupported -Xmx512m -XX:+UseSerialGC -XX:-UsePerfData"
                vmoptions+=" -XX:Tier4InvocationThreshold=50000 -XX:Tier4MinInvocationThreshold=1000"
                vmoptions+=" -XX:Tier4CompileThreshold=100000 -XX:Tier4BackEdgeThreshold=400000"
                vmoptions+=" -XX:CompileCommand=quiet"
                vmoptions+=" -XX:CompileCommand=dontinline,dev.walker.heatmap.HeatmapPlugin::walk*"
                # From Java 18 on PL/Java's security policy has to be allowed; from 24 on there is none, which PL/Java wants
                # to be told, and Java says on standard error that the library's way to memory will go.
                if [[ $seen_major -gt $NEWEST_PLJAVA_JAVA ]]; then
                    vmoptions+=" -Djava.security.manager=disallow --sun-misc-unsafe-memory-access=allow"
                    vmoptions+=" --illegal-native-access=deny"
                    unenforced=walker_java
                elif [[ $seen_major -ge 18 ]]; then
                    vmoptions+=" -Djava.security.manager=allow"
                fi
                java_cmd=$java
                return 0
            fi
        done
    done < <(java_candidates)
    problem="PL/Java needs a Java from $OLDEST_JAVA to $NEWEST_PLJAVA_JAVA with a libjvm.so; found ${found:-none}"
    if [[ -n $too_new ]]; then
        problem+=". Later ones run it without a security policy, so that every Java function in the server can do whatever the"
        problem+=" server can; --allow-unenforced takes one of them all the same"
    fi
    return 1
}

# What a Java that cannot enforce the policy needs more, as a line of postgresql.conf after $1.
unenforced_setting() { [[ -z $unenforced ]] || echo "${1:-}pljava.allow_unenforced = '$unenforced'"; }

# walker.jar ---------------------------------------------------------------------------------------------------------

is_source_tree() { [[ -f $HERE/pom.xml && -d $HERE/src/main ]]; }

# Sets jar and server_jar, the part of it that goes into the server, after building them where this is a source tree and
# one is missing or older than its sources.
require_jar() {
    if ! is_source_tree; then
        jar=$HERE/walker.jar server_jar=$HERE/walker-server.jar
        [[ -f $jar ]] || die "$jar is missing; unpack the distribution again"
        [[ -f $server_jar ]] || die "$server_jar is missing; unpack the distribution again"
        [[ -f $HERE/bin/walker ]] || die "$HERE/bin/walker is missing; unpack the distribution again"
        return
    fi
    jar=$HERE/target/walker.jar server_jar=$HERE/target/walker-server.jar
    if [[ -f $jar && -f $server_jar && -z $(find "$HERE/src/main" "$HERE/pom.xml" "$HERE"/sql/walker* -newer "$jar" -print -quit) ]]; then
        return
    fi
    require_java jdk
    if ! have mvn; then
        install_first_of maven || true
        have mvn || die "Maven (mvn) is needed to build walker.jar, and was not found; install it"
    fi
    say "Building target/walker.jar (mvn package; the first time Maven fetches what it needs)"
    (
        cd "$HERE"
        export JAVA_HOME=$seen_home
        quiet_mvn -Dmaven.test.skip=true -Dspotless.check.skip=true package
    ) || die "the build failed; \"mvn -B package\" in $HERE shows why"
    [[ -f $jar && -f $server_jar ]] || die "the build made no $jar or no $server_jar"
    # Maven leaves a jar alone whose contents are the same.
    touch "$jar" "$server_jar"
}

# The server ---------------------------------------------------------------------------------------------------------

# Sets pg_config to the one that was named, or that is on the PATH; else sets problem and is false. Files are never
# written to a server that nobody named; for the demo, which writes none, any will do.
find_pg_config() {
    local candidate servers=()
    if [[ -n $pg_config ]]; then
        have "$pg_config" || { problem="there is no program $pg_config" && return 1; }
        return 0
    fi
    if have pg_config; then
        pg_config=$(command -v pg_config)
        # libpq's development package brings a pg_config, too, with no server behind it.
        [[ $command == demo && ! -x $("$pg_config" --bindir)/postgres ]] || return 0
        pg_config=""
    fi
    for candidate in /usr/lib/postgresql/*/bin/pg_config /usr/pgsql-*/bin/pg_config; do
        if [[ -x $candidate && -x ${candidate%/*}/postgres ]]; then
            servers+=("$candidate")
        fi
    done
    if [[ ${#servers[@]} -eq 0 ]]; then
        problem="there is no pg_config on the PATH, and no PostgreSQL server in the usual places"
        return 1
    fi
    if [[ $command != demo ]]; then
        problem="there is no pg_config on the PATH; name one with --pg-config: ${servers[*]}"
        return 1
    fi
    # The newest with PL/Java is best.
    pg_config=${servers[${#servers[@]} - 1]}
    for candidate in "${servers[@]}"; do
        sharedir=$("$candidate" --sharedir)
        ! has_extension pljava || pg_config=$candidate
    done
}

# Sets major, bindir and sharedir from pg_config; else sets problem and is false.
inspect_server() {
    local version
    version=$("$pg_config" --version) || { problem="$pg_config --version failed" && return 1; }
    bindir=$("$pg_config" --bindir)
    sharedir=$("$pg_config" --sharedir)
    [[ $version =~ ^PostgreSQL\ ([0-9]+) ]] || {
        problem="$pg_config --version says \"$version\", wanted \"PostgreSQL N\"" && return 1
    }
    major=${BASH_REMATCH[1]}
    if [[ $major -lt $OLDEST_SERVER || $major -gt $NEWEST_SERVER ]]; then
        problem="$pg_config is that of $version; WALker runs with PostgreSQL $OLDEST_SERVER to $NEWEST_SERVER"
        return 1
    fi
    if [[ ! -x $bindir/postgres ]]; then
        problem="$pg_config belongs to no server: there is no $bindir/postgres; --pg-config names another one"
        return 1
    fi
}

has_extension() { [[ -f $sharedir/extension/$1.control ]]; }

# Extensions of PostgreSQL itself, which some distributions put into a package of their own.
require_contrib() {
    local name
    for name in "$@"; do
        has_extension "$name" && continue
        install_first_of "postgresql$major-contrib" postgresql-contrib || true
        has_extension "$name" || {
            problem="extension $name is missing in $sharedir/extension; it comes with PostgreSQL's contrib package"
            return 1
        }
    done
}

# False, with problem set, where the server has no PL/Java and none can be had.
require_pljava() {
    has_extension pljava && return 0
    install_first_of "postgresql-$major-pljava" "pljava_$major" || true
    has_extension pljava && return 0
    problem="PostgreSQL $major in $bindir has no PL/Java"
    if [[ $packages != yes ]]; then
        problem+=" (packages were not looked for: --no-packages)"
    elif [[ -z $(package_manager) ]]; then
        problem+=", and there is neither apt-get nor dnf to get it"
    elif ! may_become_root; then
        problem+=", and getting it with $(package_manager) takes root or sudo"
    else
        problem+=", and $(package_manager) offers no postgresql-$major-pljava or pljava_$major"
    fi
    return 1
}

# install ------------------------------------------------------------------------------------------------------------

# True if this user, or root in his place, may write to the directory or the nearest one above that exists.
writable() {
    local dir=$1
    while [[ ! -d $dir ]]; do
        dir=$(dirname "$dir")
    done
    [[ -w $dir ]]
}

# In files of the server: as this user where he may, else as root.
in_sharedir() {
    if writable "$sharedir/extension" && writable "$sharedir/walker"; then
        "$@"
    else
        as_root "$@"
    fi
}

# As this user where he may write to the server's programs, else as root.
in_bindir() {
    if writable "$bindir"; then
        "$@"
    else
        as_root "$@"
    fi
}

copy_files() {
    local file target pairs=()
    pairs+=("$server_jar:$sharedir/walker/walker.jar" "$HERE/sql/walker.policy:$sharedir/walker/walker.policy")
    pairs+=("$jar:$sharedir/walker/program/walker.jar" "$HERE/bin/walker:$sharedir/walker/program/walker")
    for file in "$HERE"/sql/walker.control "$HERE"/sql/walker--*.sql; do
        pairs+=("$file:$sharedir/extension/${file##*/}")
    done
    for file in "${pairs[@]}"; do
        target=${file#*:}
        file=${file%%:*}
        if cmp -s "$file" "$target"; then
            say "  $target is up to date"
        else
            in_sharedir install -D -m 644 "$file" "$target" || die "cannot write $target"
            say "  $target"
        fi
    done
    link_program
}

# The command line, beside pg_waldump and the like.
link_program() {
    local program=$sharedir/walker/program/walker complaint
    in_sharedir chmod 755 "$program"
    if [[ -e $bindir/walker && ! $bindir/walker -ef $program ]]; then
        warn "$bindir/walker is another program and stays; WALker's command line is $program"
    elif [[ ! -e $bindir/walker ]]; then
        in_bindir ln -sf "$program" "$bindir/walker" || die "cannot write $bindir/walker"
        say "  $bindir/walker"
    fi
    # It makes its archive of classes now, while it can write beside its jar.
    complaint=$(in_sharedir env WALKER_CACHE= "$program" --version 2>&1 >/dev/null </dev/null) ||
        warn "$program --version failed: $complaint"
}

# Class data sharing: an archive of the classes of Java and PL/Java, loaded and checked, which a JVM maps instead of doing
# that anew in each session. It is made and tried in a server that is run for this only, so that the one in use is
# spared, whatever Java does. VerifySharedSpaces: a JVM passes over an archive that is damaged, as it does over one that is missing or that a
# JVM or PL/Java of another version made; without a word, which would reach the client of the session.
make_class_archive() {
    local archive=$sharedir/walker/walker.jsa use work why=""
    use=$(archive_options)
    if [[ $class_archive == no ]]; then
        [[ ! -e $archive ]] || in_sharedir rm "$archive"
        return
    fi
    work=$(mktemp -d /tmp/walker-archive.XXXXXX) # a short name, since there is a socket in it
    # shellcheck disable=SC2064
    trap "stop_archive_server; rm -rf '$work'" EXIT
    if [[ $archive =~ [[:space:]] ]]; then
        why="there is a space in $archive"
    elif [[ ! -x $bindir/psql ]] && ! have psql; then
        why="there is no psql, neither in $bindir nor on the PATH"
    elif is_root && ! can_leave_root; then
        why="PostgreSQL does not run as root, and there is neither runuser nor setpriv"
    elif ! try_class_archive "$work" "$archive" "$use"; then
        why=$problem
    fi
    stop_archive_server
    rm -rf "$work"
    trap - EXIT
    if [[ -z $why ]]; then
        vmoptions+=" $use"
        say "  $archive"
        return
    fi
    [[ ! -e $archive ]] || in_sharedir rm "$archive"
    warn "no archive of Java's classes was made: $why. The first call of Java in a session takes longer without," \
        "and that is all"
}

archive_options() { echo "-XX:SharedArchiveFile=$sharedir/walker/walker.jsa -XX:+VerifySharedSpaces -Xlog:disable"; }
archive_server=""

# The files of root are in a directory of root; those of the server, which root does not follow, in one below.
try_class_archive() {
    local work=$1 archive=$2 use=$3
    chmod 755 "$work"
    install -d -m 700 "$work/server"
    if is_root; then
        chown "$(server_user)" "$work/server"
    fi
    as_server "$bindir/initdb" -D "$work/server/data" -U postgres --no-sync --auth=trust >"$work/log" 2>&1 || {
        problem="initdb failed: $(tail -n 1 "$work/log")" && return 1
    }
    as_server tee -a "$work/server/data/postgresql.conf" >/dev/null <<END
listen_addresses = ''
unix_socket_directories = '$work/server'
port = 5432
fsync = off
pljava.libjvm_location = '$libjvm'
pljava.policy_urls = '$(policy_urls "$sharedir")'
walker.plugins = 'heatmap'
$(unenforced_setting)
END
    start_archive_server "$work/server" || return 1
    if ! archive_sql "$vmoptions" "CREATE EXTENSION walker CASCADE" "SELECT walker.install_jar()"; then
        problem="PL/Java does not run: $(first_error "$work/log")" && return 1
    fi
    # What is in the archive is what this session uses. The session writes it when it ends, and a smart stop waits for that.
    if ! archive_sql "$vmoptions -XX:ArchiveClassesAtExit=$work/server/walker.jsa" "SELECT walker._check_settings()" \
        "SELECT count(*) FROM walker.records((SELECT redo_lsn FROM pg_control_checkpoint()), pg_current_wal_flush_lsn())"; then
        problem="PL/Java does not run: $(first_error "$work/log")" && return 1
    fi
    as_server "$bindir/pg_ctl" -D "$archive_server" -m smart -w -t 60 stop >"$work/log" 2>&1 </dev/null || true
    as_server cat "$work/server/walker.jsa" >"$work/walker.jsa" 2>/dev/null || true
    [[ -s $work/walker.jsa ]] || { problem="Java wrote none" && return 1; }
    # Who reads the old one keeps it; nobody sees half a new one.
    if ! in_sharedir install -m 644 "$work/walker.jsa" "$archive.new" || ! in_sharedir mv -f "$archive.new" "$archive"; then
        problem="cannot write $archive" && return 1
    fi
    start_archive_server "$work/server" || return 1
    archive_sql "$vmoptions $use -Xshare:on" "SELECT walker._jar_version()" || {
        problem="Java does not start with it: $(first_error "$work/log")" && return 1
    }
}

start_archive_server() {
    archive_server=$1/data
    as_server "$bindir/pg_ctl" -D "$archive_server" -l "$1/log" -w -t 60 start >"$work/log" 2>&1 </dev/null || {
        problem="the server does not start: $(as_server tail -n 1 "$1/log" 2>/dev/null)" && return 1
    }
}

# archive_sql VMOPTIONS STATEMENT...: in a session of the server for the archive.
archive_sql() {
    local options=$1 program=psql statement arguments=()
    [[ -x $bindir/psql ]] && program=$bindir/psql
    shift
    for statement in "SET client_min_messages = error" "SET pljava.vmoptions = '$options'" "$@"; do
        arguments+=(-c "$statement")
    done
    (
        cd /
        unset "${!PG@}"
        as_server "$program" -X -q -A -t -v ON_ERROR_STOP=1 -h "$work/server" -p 5432 -U postgres -d postgres "${arguments[@]}"
    ) >"$work/log" 2>&1 </dev/null
}

stop_archive_server() {
    [[ -n $archive_server ]] || return 0
    as_server "$bindir/pg_ctl" -D "$archive_server" -m immediate -w stop >/dev/null 2>&1 </dev/null || true
    archive_server=""
}

# The first line of a log that tells of an error, else the last one.
first_error() {
    local line last="nothing"
    while IFS= read -r line; do
        last=$line
        [[ $line != *ERROR:* && $line != *FATAL:* ]] || break
    done <"$1"
    echo "$last"
}

# Runs psql on the database in question; SQL comes from standard input, "name=value" arguments are psql variables.
database_sql() {
    local variable psql_command=(psql -X -q -v ON_ERROR_STOP=1 -d "$database")
    [[ -x $bindir/psql ]] && psql_command[0]=$bindir/psql
    [[ -z $host ]] || psql_command+=(-h "$host")
    [[ -z $port ]] || psql_command+=(-p "$port")
    [[ -z $username ]] || psql_command+=(-U "$username")
    for variable in "$@"; do
        if [[ $variable == *=* ]]; then
            psql_command+=(-v "$variable")
        else
            psql_command+=("$variable")
        fi
    done
    # To the server root is nobody; the system user postgres is its superuser by default.
    if is_root && [[ -z $username$host${PGUSER:-}${PGHOST:-} ]] && id postgres >/dev/null 2>&1 && can_leave_root; then
        psql_command=(as_server "${psql_command[@]}")
    fi
    (cd / && PGAPPNAME=walker-install "${psql_command[@]}")
}

# The database must be one of the server whose files were, or are to be, written.
check_database() {
    local answer
    have psql || [[ -x $bindir/psql ]] || die "psql is needed for --database; it is neither in $bindir nor on the PATH"
    answer=$(database_sql -A -t <<'END'
SELECT setting FROM pg_catalog.pg_config() WHERE name = 'SHAREDIR';
END
    ) || die "cannot work as superuser in database \"$database\"; --host, --port and --username say how to reach it"
    if [[ ! $answer -ef $sharedir ]]; then
        die "database \"$database\" belongs to a server with its files in $answer, but $pg_config names $sharedir;" \
            "use the pg_config of that server (--pg-config)"
    fi
}

# A Java that cannot enforce the policy does not take options that are for another one, and what is set already stays.
check_unenforced() {
    local set_already
    [[ -n $unenforced ]] || return 0
    set_already=$(database_sql "libjvm=$libjvm" -A -t <<'END'
SET search_path = pg_catalog;
SELECT string_agg(format('%s = %L', name, setting), ' and ')
  FROM (SELECT name, current_setting(name, true) AS setting
          FROM unnest(ARRAY['pljava.libjvm_location', 'pljava.vmoptions']) AS name) AS s
 WHERE CASE name WHEN 'pljava.libjvm_location' THEN setting NOT IN ('', :'libjvm')
                 ELSE setting ~ 'java\.security\.manager=allow' END;
END
    ) || die "cannot ask database \"$database\" for its settings, see above"
    [[ -z $set_already ]] || die "the server has $set_already, which is not for $libjvm. ALTER SYSTEM RESET both" \
        "pljava.libjvm_location and pljava.vmoptions, or take them out of postgresql.conf, reload, and begin again"
}

set_up_database() {
    step "Setting up database \"$database\""
    database_sql "libjvm=$libjvm" "vmoptions=$vmoptions" "policy_urls=$(policy_urls "$sharedir")" \
        "policy=file:$sharedir/walker/walker.policy" "archive=$sharedir/walker/walker.jsa" "unenforced=$unenforced" \
        <<'END' || die "database \"$database\" is not set up, see above"
-- PL/Java says at every start that Java 24 is coming. The server log has it; here it would only frighten.
SET client_min_messages = error;
-- Others may have functions and operators of theirs in schema public.
SET search_path = pg_catalog;
-- What is set already stays, and is added to where something is missing. Files of WALker in another server are in settings
-- that came along from there, as pg_upgradecluster brings them.
SELECT btrim(replace(regexp_replace(' ' || replace(coalesce(current_setting('pljava.vmoptions', true), ''), :'archive', '<own>'),
                                    '\s-XX:SharedArchiveFile=\S*/walker/walker\.jsa(\s-XX:\+VerifySharedSpaces)?(\s-Xlog:disable)?(?!\S)', '', 'g'),
                     '<own>', :'archive')) AS set_vmoptions,
       replace(regexp_replace(replace(coalesce(current_setting('pljava.policy_urls', true), ''), :'policy', '<own>'),
                              ',\s*"file:[^"]*/walker/walker\.policy"', '', 'g'),
               '<own>', :'policy') AS set_policy_urls \gset
SELECT coalesce(nullif(current_setting('pljava.libjvm_location', true), ''), :'libjvm') AS libjvm,
       btrim(:'set_vmoptions' || ' '
             || (SELECT coalesce(string_agg(o, ' '), '')
                   FROM string_to_table(:'vmoptions', ' ') o
                  WHERE :'set_vmoptions'
                        !~ CASE WHEN o ~ '^-Xmx' THEN '-Xmx|RAMPercentage' WHEN o ~ 'GC$' THEN '\+Use\w+GC'
                                WHEN o ~ '^-Xlog' THEN '-Xlog'
                                ELSE regexp_replace(split_part(o, '=', 1), '^-XX:[+-]', '') END))
           AS vmoptions,
       CASE WHEN :'set_policy_urls' = '' THEN :'policy_urls'
            WHEN strpos(:'set_policy_urls', :'policy') > 0 THEN :'set_policy_urls'
            ELSE regexp_replace(:'set_policy_urls', '(,\s*"=")?\s*$', ',"' || :'policy' || '"\1') END AS policy_urls,
       coalesce(nullif(current_setting('walker.plugins', true), ''), 'heatmap') AS plugins,
       :'unenforced' <> '' AS is_unenforced,
       array_to_string(ARRAY(SELECT btrim(l) FROM string_to_table(current_setting('pljava.allow_unenforced', true), ',') l
                              WHERE btrim(l) NOT IN ('', :'unenforced'))
                       || :'unenforced'::text, ',') AS allow_unenforced \gset
-- A session can save a setting of an extension that it knows, be it by name only.
SET pljava.libjvm_location = :'libjvm';
SET pljava.vmoptions = :'vmoptions';
SET pljava.policy_urls = :'policy_urls';
SET walker.plugins = :'plugins';
\if :is_unenforced
SET pljava.allow_unenforced = :'allow_unenforced';
\endif
DO $$
DECLARE
    published text := (SELECT min(p.pubname) FROM pg_publication p WHERE p.puballtables);
BEGIN
    IF published IS NOT NULL AND current_setting('wal_level') = 'logical'
       AND NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'walker') THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('publication "%s" is for all tables, so changes of the tables of WALker and PL/Java are published, too: '
                             'a subscriber that does not have these tables stops', published),
            HINT = 'Publish tables or schemas by name. Or create the tables in the subscribers, too, and here CREATE EXTENSION '
                   'walker CASCADE by hand, then begin again.';
    END IF;
END $$;
-- Extensions go where they always do.
RESET search_path;
CREATE EXTENSION IF NOT EXISTS walker CASCADE;
SET search_path = pg_catalog;
ALTER EXTENSION walker UPDATE;
SELECT coalesce(string_agg(jarorigin, ''), '') AS old_jar FROM sqlj.jar_repository WHERE jarname = 'walker' \gset
SELECT walker.install_jar() \g /dev/null
\pset format unaligned
\t on
-- From 17 on a server can be told to take settings from whoever writes its files only.
SELECT coalesce(current_setting('allow_alter_system', true)::boolean, true) AS may_alter_system \gset
SELECT format(CASE WHEN :'may_alter_system'::boolean THEN 'ALTER SYSTEM SET %s = %L' ELSE '  %s = ''%s''' END,
              name, CASE WHEN :'may_alter_system'::boolean THEN current_setting(name)
                         ELSE replace(current_setting(name), '''', '''''') END) AS line
  FROM unnest(ARRAY['pljava.libjvm_location', 'pljava.vmoptions', 'pljava.policy_urls', 'walker.plugins']
              || CASE WHEN :'unenforced' = '' THEN '{}' ELSE '{pljava.allow_unenforced}' END::text[]) AS wanted (name)
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_file_settings f
                    WHERE f.name = wanted.name AND f.setting = current_setting(f.name))
\if :may_alter_system
\gexec
\else
\g
SELECT :ROW_COUNT > 0 AS is_to_be_saved \gset
\if :is_to_be_saved
\echo '  belongs into postgresql.conf, before a reload, since ALTER SYSTEM is not allowed in this server (allow_alter_system)'
\endif
\endif
SELECT pg_catalog.pg_reload_conf() \g /dev/null
SELECT '  extension walker ' || extversion || ', with ' || current_setting('pljava.libjvm_location')
  FROM pg_catalog.pg_extension WHERE extname = 'walker';
SELECT '  walker.plugins = ' || quote_literal(current_setting('walker.plugins'));
SELECT '  A walker is running with the old jar: walker.stop() and walker.start() change that.'
  FROM walker.status(), sqlj.jar_repository
 WHERE state = 'running' AND jarname = 'walker' AND jarorigin <> :'old_jar';
END
}

install_walker() {
    find_pg_config || die "$problem"
    inspect_server || die "$problem"
    require_pljava || die "$problem. PL/Java is in PostgreSQL's own package repositories (https://apt.postgresql.org," \
        "https://yum.postgresql.org); https://tada.github.io/pljava tells how to build it." \
        "The remote host needs none of it: $HERE/bin/walker run --help"
    require_contrib pg_walinspect dblink || die "$problem"
    find_libjvm || { install_java && find_libjvm; } || die "$problem"
    require_jar
    if [[ -n $database ]]; then
        check_database
        check_unenforced
    fi
    if ! writable "$sharedir/extension" && ! may_become_root; then
        die "$sharedir is not writable for $(id -un); run this as root"
    fi
    step "Copying files for PostgreSQL $major"
    copy_files
    make_class_archive
    if [[ -n $database ]]; then
        set_up_database
        say
        say "Next, in database \"$database\" as superuser:  SELECT walker.start();"
        say "Then:  SELECT * FROM walker.garbage();  SELECT walker.heatmap_text('a_table');"
        return
    fi
    step "Next, in a database, as superuser"
    cat <<END
  SET pljava.libjvm_location = '$libjvm';
  SET pljava.vmoptions = '$vmoptions';
  SET pljava.policy_urls = '$(policy_urls "$sharedir")';$(
        [[ -z $unenforced ]] || printf '\n%s;' "$(unenforced_setting '  SET ')"
    )
  CREATE EXTENSION walker CASCADE;
  SELECT walker.install_jar();
Then put into postgresql.conf, and reload:
  pljava.libjvm_location = '$libjvm'
  pljava.vmoptions = '$vmoptions'
  pljava.policy_urls = '$(policy_urls "$sharedir")'$(
        [[ -z $unenforced ]] || printf '\n%s' "$(unenforced_setting '  ')"
    )
  walker.plugins = 'heatmap'
and begin:
  SELECT walker.start();
All but the last is what ./install.sh --database NAME does.
END
}

# uninstall ----------------------------------------------------------------------------------------------------------

clean_database() {
    step "Removing WALker from database \"$database\""
    database_sql <<'END' || die "database \"$database\" is not cleaned up, see above"
SET client_min_messages = error;
SET search_path = pg_catalog;
SELECT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'walker') AS has_walker,
       EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'pljava') AS has_pljava \gset
\if :has_walker
SELECT walker.stop() \g /dev/null
DO $$
BEGIN
    PERFORM walker.disable_autostart();
EXCEPTION WHEN object_not_in_prerequisite_state OR undefined_function THEN
    NULL; -- no pg_cron, or a version without such jobs
END $$;
\if :has_pljava
SELECT string_agg(r.jarname, ', ' ORDER BY e.ordinal) AS plugins, count(*) > 0 AS has_plugins
  FROM sqlj.classpath_entry e JOIN sqlj.jar_repository r ON r.jarid = e.jarid
 WHERE e.schemaname = 'walker' AND r.jarname <> 'walker' \gset
\if :has_plugins
\echo '  jars of plugins stay:' :plugins '(SELECT sqlj.remove_jar(name, false) removes one)'
\endif
DO $$
BEGIN
    PERFORM sqlj.set_classpath('walker', '');
EXCEPTION WHEN object_not_in_prerequisite_state THEN
    NULL; -- PL/Java does not run, see below
END $$;
\endif
DROP EXTENSION walker;
\endif
\if :has_pljava
DO $$
BEGIN
    PERFORM sqlj.remove_jar('walker', false) FROM sqlj.jar_repository WHERE jarname = 'walker';
EXCEPTION WHEN object_not_in_prerequisite_state THEN
    RAISE INFO USING
        MESSAGE = 'jar "walker" stays in this database, since PL/Java does not run: ' || SQLERRM,
        HINT = 'When it does: SELECT sqlj.remove_jar(''walker'', false);';
END $$;
\endif
END
    say "  extension walker is gone; pljava, pg_walinspect and dblink stay"
}

# What the server has only once, however many databases have the extension.
clean_server() {
    database_sql "policy=file:$sharedir/walker/walker.policy" \
        "archive=$(archive_options)" \
        <<'END' || die "the server is not cleaned up, see above"
SET client_min_messages = error;
SET search_path = pg_catalog;
SELECT pg_catalog.pg_drop_replication_slot(slot_name)
  FROM pg_catalog.pg_replication_slots
 WHERE slot_name = coalesce(current_setting('walker.slot', true), 'walker') AND slot_type = 'physical' \g /dev/null
SELECT coalesce(current_setting('allow_alter_system', true)::boolean, true) AS may_alter_system \gset
\if :may_alter_system
SET walker.plugins = '';
ALTER SYSTEM RESET walker.plugins;
-- The file that this names is going to be removed.
SELECT format('ALTER SYSTEM SET pljava.policy_urls = %L', replace(setting, ',"' || :'policy' || '"', ''))
  FROM pg_catalog.pg_file_settings
 WHERE name = 'pljava.policy_urls' AND strpos(setting, :'policy') > 0
   AND sourcefile LIKE '%/postgresql.auto.conf' \gexec
SELECT format('ALTER SYSTEM SET pljava.vmoptions = %L', replace(setting, ' ' || :'archive', ''))
  FROM pg_catalog.pg_file_settings
 WHERE name = 'pljava.vmoptions' AND strpos(setting, ' ' || :'archive') > 0
   AND sourcefile LIKE '%/postgresql.auto.conf' \gexec
\echo '  replication slot and settings are gone; those of PL/Java stay'
\else
\echo '  replication slot is gone; ALTER SYSTEM is not allowed in this server (allow_alter_system), so take walker.plugins, walker.policy'
\echo '  and walker.jsa out of its postgresql.conf; other settings of PL/Java stay'
\endif
SELECT pg_catalog.pg_reload_conf() \g /dev/null
END
}

# Names of databases of the server that still have the extension, or may have it; fails if they cannot be told.
databases_with_walker() {
    local name quoted all
    all=$(database_sql -A -t <<'END'
SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND datname <> pg_catalog.current_database();
END
    ) || return 1
    while IFS= read -r name; do
        [[ -n $name ]] || continue
        # psql takes a name such as "host=elsewhere" for a whole connection string, and who may make databases chooses names.
        quoted=${name//\\/\\\\}
        database="dbname='${quoted//\'/\\\'}'" database_sql -A -t <<'END' || echo "$name (which cannot be entered, see above)"
SELECT pg_catalog.current_database() FROM pg_catalog.pg_extension WHERE extname = 'walker';
END
    done <<<"$all"
}

# Data directories of servers that run, of this installation too, but for the one that --database is in.
other_servers() {
    local process data other found=""
    data=$(database_sql -A -t <<<"SHOW data_directory") || return 0
    for process in /proc/[0-9]*; do
        if [[ $process/exe -ef $bindir/postgres && ! $process/cwd -ef $data ]] && other=$(readlink "$process/cwd"); then
            [[ $'\n'$found == *$'\n'$other$'\n'* ]] || found+=$other$'\n'
        fi
    done
    printf '%s' "$found"
}

remove_files() {
    local file found=no program=$sharedir/walker/program
    step "Removing files of PostgreSQL $major"
    if [[ -L $bindir/walker && $bindir/walker -ef $program/walker ]]; then
        in_bindir rm "$bindir/walker" || die "cannot remove $bindir/walker"
        say "  $bindir/walker"
    fi
    for file in "$program"/walker "$program"/walker.jar "$program"/walker-*.jsa "$sharedir"/walker/walker.{jar,policy,jsa} \
        "$sharedir"/extension/walker.control "$sharedir"/extension/walker--*.sql; do
        if [[ -e $file ]]; then
            in_sharedir rm -f "$file" || die "cannot remove $file"
            say "  $file"
            found=yes
        fi
    done
    if [[ -d $program ]]; then
        in_sharedir rmdir "$program" 2>/dev/null || warn "$program has other files and stays"
    fi
    if [[ -d $sharedir/walker ]]; then
        in_sharedir rmdir "$sharedir/walker" 2>/dev/null || warn "$sharedir/walker has other files and stays"
    fi
    [[ $found == yes ]] || say "  there were none"
}

uninstall_walker() {
    local others
    find_pg_config || die "$problem"
    inspect_server || die "$problem"
    if [[ -n $database ]]; then
        check_database
        clean_database
        others=$(databases_with_walker) || die "cannot tell which other databases have the extension, see above; files stay"
        if [[ -n $others ]]; then
            say
            say "Files and settings stay, since there are other databases with the extension: ${others//$'\n'/, }"
            return
        fi
        clean_server
        others=$(other_servers)
        if [[ -n $others ]]; then
            say
            say "Files stay, since other servers run with them: ${others//$'\n'/, }"
            say "./install.sh uninstall without --database removes them all the same."
            return
        fi
    fi
    if ! writable "$sharedir/extension" && ! may_become_root; then
        die "$sharedir is not writable for $(id -un); run this as root"
    fi
    remove_files
    if [[ -z $database ]]; then
        say
        say "Databases with the extension were not looked for; ./install.sh uninstall --database NAME cleans one up."
    fi
}

# demo ---------------------------------------------------------------------------------------------------------------

demo_dir="" demo_server="" demo_walker=""

demo() {
    local reason="" asked=$pg_config
    trap end_demo EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    require_jar
    demo_dir=$(mktemp -d "${TMPDIR:-/tmp}/walker-demo.XXXXXX")
    chmod 755 "$demo_dir"
    if [[ ${WALKER_DEMO_PLJAVA:-on} == off ]]; then
        remote=yes
    fi
    if find_pg_config && inspect_server && require_contrib pgstattuple; then
        if [[ $remote == yes ]]; then
            reason="as asked for"
        elif ! { require_pljava && require_contrib pg_walinspect dblink && find_libjvm; }; then
            reason=$problem
            remote=yes
        fi
        if [[ $remote == yes ]]; then
            demo_bin=$bindir
        else
            copy_server
        fi
    else
        [[ -z $asked ]] || die "$problem"
        reason=$problem
        remote=yes
        embedded_server
    fi
    if [[ $remote == yes ]]; then
        say "Without PL/Java the walker runs outside of the server: $reason."
        [[ -n $java_cmd ]] || require_java
    fi

    start_server
    step "Starting the walker"
    start_walker
    step "Workload: hot spot, queue, even updates, bulk delete, import that is rolled back"
    demo_sql <"$HERE/sql/demo.sql" || die "the workload failed"
    show_results
    [[ $keep == yes ]] || return 0
    say_how_to_go_on
}

# A server looks for its shared files relative to where its program is. So a copy of the program, with links to the
# files, sees WALker's as well, and nothing is written to the installation of this machine.
copy_server() {
    local file copy=$demo_dir/copy
    demo_bin=$copy$bindir
    mkdir -p "$demo_bin" "$copy$sharedir/extension" "$copy$sharedir/walker"
    cp "$bindir"/{postgres,initdb,pg_ctl} "$demo_bin"
    for file in "$sharedir"/* "$sharedir"/extension/*; do
        [[ -e $copy$file || ${file##*/} == walker* ]] || ln -s "$file" "$copy$file"
    done
    for file in "$("$pg_config" --pkglibdir)" "$("$pg_config" --libdir)" "$("$pg_config" --sysconfdir)"; do
        if [[ -d $file && ! -e $copy$file ]]; then
            mkdir -p "$copy$(dirname "$file")"
            ln -s "$file" "$copy$file"
        fi
    done
    cp "$HERE"/sql/walker.control "$HERE"/sql/walker--*.sql "$copy$sharedir/extension"
    cp "$server_jar" "$copy$sharedir/walker/walker.jar"
    cp "$HERE/sql/walker.policy" "$copy$sharedir/walker/walker.policy"
    chmod -R a+rX "$copy"
}

# PostgreSQL from Maven Central: a jar with an archive in it.
embedded_server() {
    local arch version=$EMBEDDED_VERSION dir=$demo_dir/embedded
    case $(uname -m) in
        x86_64) arch=amd64 ;;
        aarch64 | arm64) arch=arm64v8 ;;
        ppc64le) arch=ppc64le ;;
        *) die "there is no PostgreSQL on this machine, and none for $(uname -m) on Maven Central; install one" ;;
    esac
    if ! have mvn; then
        install_first_of maven || true
        have mvn || die "there is no PostgreSQL on this machine, and no Maven to fetch one; install either"
    fi
    have xz || install_first_of xz-utils xz || die "xz is needed to unpack PostgreSQL; install it"
    say "Fetching PostgreSQL $version from Maven Central"
    mkdir "$dir"
    (
        cd "$dir"
        quiet_mvn dependency:copy -Dartifact="$EMBEDDED-$arch:$version" -DoutputDirectory=.
        unzip_here ./*.jar
        mkdir pg
        tar -xJf ./*.txz -C pg
    ) || die "cannot get PostgreSQL from Maven Central, see above"
    demo_bin=$dir/pg/bin
    chmod -R a+rX "$dir"
}

unzip_here() {
    if find_java bin/jar; then
        "$seen_home/bin/jar" -xf "$1"
    elif have unzip; then
        unzip -q "$1"
    else
        python3 -m zipfile -e "$1" .
    fi
}

free_port() {
    local candidate
    while :; do
        candidate=$((20000 + RANDOM % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null || break
    done
    echo "$candidate"
}

start_server() {
    local password data=$demo_dir/data listen=""
    ! is_root || can_leave_root || die "PostgreSQL does not run as root, and there is neither runuser nor setpriv"
    install -d -m 700 "$data" "$demo_dir/socket"
    demo_port=$(free_port)
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    (umask 077 && echo "$password" >"$demo_dir/password" && echo "*:*:*:*:$password" >"$demo_dir/pgpass")
    if is_root; then
        chown "$(server_user)" "$data" "$demo_dir/socket" "$demo_dir/password"
    fi

    cd "$demo_dir"
    local host="with PL/Java"
    [[ $remote == no ]] || host="without PL/Java"
    step "Starting $("$demo_bin/postgres" --version), $host, in $demo_dir"
    # Only who can look into the socket's directory gets in without the password: its owner and root.
    as_server "$demo_bin/initdb" -D "$data" -U postgres -E UTF8 --locale=C --no-sync \
        --auth-local=trust --auth-host=scram-sha-256 --pwfile="$demo_dir/password" >"$demo_dir/initdb.log" 2>&1 ||
        die "initdb failed: $(tail -n 3 "$demo_dir/initdb.log")"
    [[ $remote == no ]] || listen=127.0.0.1
    cat >>"$data/postgresql.conf" <<END
cluster_name = 'walker-demo'
port = $demo_port
listen_addresses = '$listen'
unix_socket_directories = '$demo_dir/socket'
autovacuum = off                # would tidy up while we count
fsync = off
max_wal_size = '1GB'
wal_level = replica
walker.plugins = 'heatmap'
END
    if [[ $remote == no ]]; then
        cat >>"$data/postgresql.conf" <<END
pljava.libjvm_location = '$libjvm'
pljava.vmoptions = '$vmoptions'
pljava.policy_urls = '$(policy_urls "$demo_dir/copy$sharedir")'
$(unenforced_setting)
END
    fi
    demo_server=starting
    as_server "$demo_bin/pg_ctl" -D "$data" -l "$data/server.log" -w -t 60 start >"$demo_dir/start.log" 2>&1 </dev/null ||
        die "the server did not start: $(tail -n 5 "$data/server.log" "$demo_dir/start.log" 2>/dev/null)"

    # From here on psql and java are to find this server and no other.
    unset "${!PG@}"
    export PGHOST=$demo_dir/socket PGPORT=$demo_port PGUSER=postgres PGDATABASE=postgres PGCLIENTENCODING=UTF8
    export PGPASSFILE=$demo_dir/pgpass
    demo_url="jdbc:postgresql://127.0.0.1:$demo_port/postgres?user=postgres"
    demo_psql=""
    if [[ -x $demo_bin/psql ]]; then
        demo_psql=$demo_bin/psql
    elif have psql; then
        demo_psql=psql
    elif [[ $remote == yes ]]; then
        sql_program >"$demo_dir/Sql.java"
    else
        die "psql is missing, neither in $demo_bin nor on the PATH"
    fi
}

# Runs SQL from standard input. With "plain" it prints values only, else tables.
demo_sql() {
    if [[ -n $demo_psql ]]; then
        local options=(-X -q -v ON_ERROR_STOP=1 -P footer=off)
        [[ ${1:-} != plain ]] || options+=(-A -t)
        "$demo_psql" "${options[@]}" -f -
    else
        "$java_cmd" -Dfile.encoding=UTF-8 -cp "$jar" "$demo_dir/Sql.java" "$demo_url" "${1:-table}"
    fi
}

start_walker() {
    local tries=0 state=""
    if [[ $remote == no ]]; then
        say "CREATE EXTENSION walker CASCADE; SELECT walker.install_jar(); SELECT walker.start();"
        demo_sql plain <<'END' >"$demo_dir/start.log" 2>&1 || die "the walker did not start: $(<"$demo_dir/start.log")"
CREATE EXTENSION walker CASCADE;
SELECT walker.install_jar();
SELECT walker.start();
END
        return
    fi
    say "java -jar walker.jar init --target-url $demo_url"
    "$java_cmd" -jar "$jar" init --target-url "$demo_url" >"$demo_dir/start.log" 2>&1 ||
        die "walker.jar init failed: $(<"$demo_dir/start.log")"
    say "java -jar walker.jar run --source-url $demo_url --target-url $demo_url --plugins heatmap"
    "$java_cmd" -jar "$jar" run --source-url "$demo_url" --target-url "$demo_url" --plugins heatmap \
        >"$demo_dir/walker.log" 2>&1 </dev/null &
    demo_walker=$!
    while [[ $state != ready ]]; do
        kill -0 "$demo_walker" 2>/dev/null || die "the walker ended at once: $(<"$demo_dir/walker.log")"
        tries=$((tries + 1))
        [[ $tries -le 60 ]] || die "the walker was not ready within a minute: $(<"$demo_dir/walker.log")"
        sleep 0.5
        state=$(demo_sql plain <<<"SELECT 'ready' FROM walker.status() WHERE position IS NOT NULL AND state = 'running'")
    done
}

show_results() {
    local verdict caught_up
    caught_up=$(demo_sql plain <<<"SELECT walker.wait_for(timeout => '2 min')")
    step "How far the walk is: SELECT * FROM walker.status()"
    demo_sql <<'END'
SELECT state, pid, position, lag_bytes, records, pg_size_pretty(wal_bytes) AS wal, slot_name, last_error
  FROM walker.status();
END
    [[ $caught_up == t* ]] || die "the walker did not get to the end of the WAL; its log is in $demo_dir"
    step "Garbage, as the walker knows it from the WAL alone: SELECT * FROM walker.garbage()"
    demo_sql <<'END'
SELECT relation, dead_tuples, pages_with_garbage AS pages, inserts, updates, hot_updates AS hot, deletes,
       aborted_tuples AS aborted, pruned_tuples AS pruned, complete
  FROM walker.garbage()
 WHERE relation IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace);
END
    step "The same from pgstattuple, which reads every page"
    demo_sql <<'END'
CREATE EXTENSION pgstattuple;
CREATE VIEW demo_verdict AS
SELECT c.oid::regclass AS relation, coalesce(g.dead_tuples, 0) AS walker, s.dead_tuple_count AS pgstattuple,
       CASE WHEN g.dead_tuples = s.dead_tuple_count THEN 'equal' ELSE 'DIFFERENT' END AS verdict
  FROM pg_class c
  LEFT JOIN walker.garbage() g ON g.relation = c.oid
 CROSS JOIN LATERAL pgstattuple(c.oid) s
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
 ORDER BY 2 DESC, 1;
TABLE demo_verdict;
END
    step "Where it is, in the worst table and in the one where it is densest: SELECT walker.heatmap_text('table')"
    demo_sql plain <<'END'
WITH shown AS (
    SELECT relation, n
      FROM (SELECT relation, row_number() OVER (ORDER BY dead_tuples DESC) AS n,
                   row_number() OVER (ORDER BY hottest_range_share DESC NULLS LAST) AS concentration
              FROM walker.garbage()
             WHERE relation IN (SELECT relation FROM demo_verdict)) ranked
     WHERE n = 1 OR concentration = 1
)
SELECT picture.line
  FROM shown
 CROSS JOIN LATERAL (SELECT t, row_number() OVER () FROM walker.heatmap_text(relation) t UNION ALL SELECT '', 1e6)
            AS picture (line, line_no)
 ORDER BY n, line_no;
END
    verdict=$(demo_sql plain <<<"SELECT count(*) FILTER (WHERE verdict = 'equal') || ' of ' || count(*) FROM demo_verdict")
    say "walker.garbage() and pgstattuple agree on $verdict tables ($SECONDS s in all)."
    [[ -n $verdict && ${verdict% of *} == "${verdict#* of }" ]] ||
        die "they should agree on every table: this is a defect of WALker, please report it"
}

say_how_to_go_on() {
    local stop="" run=""
    ! is_root || run="runuser -u $(server_user) -- "
    [[ -z $demo_walker ]] || stop="kill $demo_walker; "
    step "The server goes on, as asked for"
    say "Connect:  psql -h $demo_dir/socket -p $demo_port -U postgres postgres"
    [[ $remote == no ]] || say "or:       $demo_url, password in $demo_dir/password"
    say "End it:   $stop$run$demo_bin/pg_ctl -D $demo_dir/data -m fast stop; rm -r $demo_dir"
    demo_dir=""
}

# Whatever happened: no process and no file is left behind. Output of a failed demo has been shown by then.
end_demo() {
    local status=$?
    trap - EXIT INT TERM
    [[ -n $demo_dir ]] || exit "$status"
    if [[ -n $demo_walker ]] && kill "$demo_walker" 2>/dev/null; then
        wait "$demo_walker" 2>/dev/null || true
    fi
    if [[ -n $demo_server && -f $demo_dir/data/postmaster.pid ]]; then
        as_server "$demo_bin/pg_ctl" -D "$demo_dir/data" -m immediate -w stop >/dev/null 2>&1 </dev/null ||
            warn "the server in $demo_dir could not be stopped"
    fi
    cd /
    rm -rf "$demo_dir"
    exit "$status"
}

# psql for machines that have none: runs the statements of standard input, prints what they return.
sql_program() {
    cat <<'END'
import java.nio.charset.StandardCharsets;
import java.io.PrintStream;
import java.sql.DriverManager;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.core.Parser;

class Sql {
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        String script = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        try (var connection = DriverManager.getConnection(args[0]); var statement = connection.createStatement()) {
            for (var query : Parser.parseJdbcSql(script, true, false, true, false, false)) {
                if (!query.nativeSql.isBlank() && statement.execute(query.nativeSql)) {
                    try (var result = statement.getResultSet()) {
                        print(out, result, args[1].equals("plain"));
                    }
                }
            }
        }
    }

    private static void print(PrintStream out, java.sql.ResultSet result, boolean plain) throws Exception {
        int columns = result.getMetaData().getColumnCount();
        List<String[]> rows = new ArrayList<>();
        int[] widths = new int[columns];
        String[] header = new String[columns];
        for (int i = 0; i < columns; i++) {
            header[i] = result.getMetaData().getColumnLabel(i + 1);
            widths[i] = header[i].length();
        }
        while (result.next()) {
            String[] row = new String[columns];
            for (int i = 0; i < columns; i++) {
                String value = result.getString(i + 1);
                row[i] = value == null ? "" : value;
                widths[i] = Math.max(widths[i], row[i].length());
            }
            rows.add(row);
        }
        if (plain) {
            rows.forEach(row -> out.println(String.join("|", row)));
            return;
        }
        List<String> line = new ArrayList<>();
        for (int width : widths) {
            line.add("-".repeat(width + 2));
        }
        out.println(format(header, widths));
        out.println(String.join("+", line));
        rows.forEach(row -> out.println(format(row, widths)));
    }

    private static String format(String[] row, int[] widths) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < row.length; i++) {
            boolean number = row[i].matches("-?[0-9.]+");
            text.append(i == 0 ? " " : "| ")
                    .append(String.format("%" + (number ? "" : "-") + Math.max(1, widths[i]) + "s ", row[i]));
        }
        return text.toString();
    }
}
END
}

# Arguments ----------------------------------------------------------------------------------------------------------

command="" database="" host="" port="" username="" packages=yes class_archive=yes allow_unenforced=no unenforced="" keep=no remote=no
pg_config=${PG_CONFIG:-} java_home="" java_cmd="" seen_major=0 seen_home="" problem="" libjvm="" vmoptions="" jar="" server_jar="" major="" bindir="" sharedir=""
demo_bin="" demo_port="" demo_url="" demo_psql=""

main() {
    local given=()
    while [[ $# -gt 0 ]]; do
        case $1 in
            -h | --help)
                usage
                exit 0
                ;;
            --*=*)
                set -- "${1%%=*}" "${1#*=}" "${@:2}"
                continue
                ;;
            --pg-config | --java-home | --database | --host | --port | --username)
                [[ $# -ge 2 && -n $2 ]] || die_usage "$1 needs a value"
                given+=("$1")
                case $1 in
                    --pg-config) pg_config=$2 ;;
                    --java-home) java_home=$2 ;;
                    --database) database=$2 ;;
                    --host) host=$2 ;;
                    --port) port=$2 ;;
                    --username) username=$2 ;;
                esac
                shift
                ;;
            --no-packages) packages=no ;;
            --no-class-archive) class_archive=no && given+=("$1") ;;
            --allow-unenforced) allow_unenforced=yes && given+=("$1") ;;
            --keep) keep=yes && given+=("$1") ;;
            --remote) remote=yes && given+=("$1") ;;
            -*) die_usage "unknown option $1" ;;
            install | uninstall | demo)
                [[ -z $command ]] || die_usage "two commands: $command and $1"
                command=$1
                ;;
            *) die_usage "unknown command \"$1\"" ;;
        esac
        shift
    done
    command=${command:-install}
    [[ -z $java_home || -x $java_home/bin/java ]] || die_usage "--java-home $java_home has no bin/java"
    local option
    for option in ${given[@]+"${given[@]}"}; do
        case $command:$option in
            demo:--database | demo:--host | demo:--port | demo:--username | install:--keep | install:--remote | \
                uninstall:--keep | uninstall:--remote | uninstall:--java-home | demo:--no-class-archive | \
                uninstall:--no-class-archive | uninstall:--allow-unenforced)
                die_usage "$option is not for $command"
                ;;
            *:--host | *:--port | *:--username) [[ -n $database ]] || die_usage "$option goes with --database" ;;
        esac
    done
    case $command in
        install) install_walker ;;
        uninstall) uninstall_walker ;;
        demo) demo ;;
    esac
}

main "$@"
