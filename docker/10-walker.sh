#!/usr/bin/env bash
#
# Sets WALker up in database $POSTGRES_DB, or updates it there. The entry point runs it once, when the container makes its
# cluster; run again in a container of a newer image, it loads the newer jar, updates the extension and sets the Java of that
# image. The walker itself is started by SELECT walker.start(), since the server that the entry point has then is stopped again
# before the one that stays.

set -euo pipefail

user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}

end() {
    local status=$?
    if [[ $status -ne 0 ]]; then
        echo "$0: WALker is not set up in database \"$database\", see above. The entry point runs this with an empty volume only:" \
            "begin with one, or start the container again and run $0 in it" >&2
    fi
}
trap end EXIT

properties=$(java -XshowSettings:properties -version 2>&1)
java_home=$(sed -n 's/^ *java\.home = //p' <<<"$properties")
java_release=$(sed -n 's/^ *java\.specification\.version = //p' <<<"$properties")

# The first is for the library that undoes lz4 and zstd, the others bound and lighten the JVM; from Java 18 on PL/Java's
# policy has to be allowed.
vmoptions="--add-modules=jdk.unsupported -Xmx512m -XX:+UseSerialGC -XX:-UsePerfData"
vmoptions+=" -XX:Tier4InvocationThreshold=50000 -XX:Tier4MinInvocationThreshold=1000"
vmoptions+=" -XX:Tier4CompileThreshold=100000 -XX:Tier4BackEdgeThreshold=400000"
vmoptions+=" -XX:CompileCommand=quiet -XX:CompileCommand=dontinline,dev.walker.heatmap.HeatmapPlugin::walk*"
if [[ $java_release -ge 24 ]]; then
    echo "PL/Java with its security policy needs a Java up to 23, and this one is $java_release" >&2
    exit 1
elif [[ $java_release -ge 18 ]]; then
    vmoptions+=" -Djava.security.manager=allow"
fi

# The server is the one of this container, whichever one clients in it are told to use, and the name of a database is a name,
# whatever is in it.
PGHOST="" PGHOSTADDR="" PGDATABASE=$database psql -X -q -v ON_ERROR_STOP=1 -U "$user" \
    -v libjvm="$java_home/lib/server/libjvm.so" -v vmoptions="$vmoptions" \
    -v policy="file:$(pg_config --sharedir)/walker/walker.policy" <<'END' >/dev/null
SET client_min_messages = error;
SET search_path = pg_catalog;
-- What is set already stays, and is added to where something is missing; the Java is the one of the image.
SELECT coalesce(current_setting('pljava.vmoptions', true), '') AS set_vmoptions \gset
SELECT btrim(:'set_vmoptions' || ' '
             || (SELECT coalesce(string_agg(o, ' '), '')
                   FROM string_to_table(:'vmoptions', ' ') o
                  WHERE :'set_vmoptions'
                        !~ CASE WHEN o ~ '^-Xmx' THEN '-Xmx|RAMPercentage' WHEN o ~ 'GC$' THEN '\+Use\w+GC'
                                ELSE regexp_replace(split_part(o, '=', 1), '^-XX:[+-]', '') END)) AS vmoptions,
       coalesce(nullif(current_setting('pljava.policy_urls', true), ''),
                '"file:${org.postgresql.sysconfdir}/pljava.policy","' || :'policy' || '","="') AS policy_urls,
       coalesce(nullif(current_setting('walker.plugins', true), ''), 'heatmap') AS plugins \gset
-- A session can save a setting of an extension that it knows, be it by name only.
SET pljava.libjvm_location = :'libjvm';
SET pljava.vmoptions = :'vmoptions';
SET pljava.policy_urls = :'policy_urls';
SET walker.plugins = :'plugins';
SELECT format('ALTER SYSTEM SET %s = %L', name, current_setting(name))
  FROM unnest('{pljava.libjvm_location, pljava.vmoptions, pljava.policy_urls, walker.plugins}'::text[]) AS wanted (name)
 WHERE NOT EXISTS (SELECT FROM pg_file_settings f WHERE f.name = wanted.name AND f.setting = current_setting(f.name)) \gexec
SELECT pg_reload_conf();
-- Extensions go where they always do.
RESET search_path;
CREATE EXTENSION IF NOT EXISTS walker CASCADE;
SET search_path = pg_catalog;
ALTER EXTENSION walker UPDATE;
SELECT walker.install_jar();
END
