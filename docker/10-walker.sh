#!/usr/bin/env bash
#
# Runs once, when the container makes its cluster: sets WALker up in database $POSTGRES_DB. The walker itself is started
# by SELECT walker.start(), since the server that runs this is stopped again before the one that stays.

set -euo pipefail

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

psql -X -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" \
    -v libjvm="$java_home/lib/server/libjvm.so" -v vmoptions="$vmoptions" \
    -v policy="file:$(pg_config --sharedir)/walker/walker.policy" <<'END' >/dev/null
SET client_min_messages = error;
SELECT '"file:${org.postgresql.sysconfdir}/pljava.policy","' || :'policy' || '","="' AS policy_urls \gset
-- A session can save a setting of an extension that it knows, be it by name only.
SET pljava.libjvm_location = :'libjvm';
SET pljava.vmoptions = :'vmoptions';
SET pljava.policy_urls = :'policy_urls';
SET walker.plugins = 'heatmap';
ALTER SYSTEM SET pljava.libjvm_location = :'libjvm';
ALTER SYSTEM SET pljava.vmoptions = :'vmoptions';
ALTER SYSTEM SET pljava.policy_urls = :'policy_urls';
ALTER SYSTEM SET walker.plugins = 'heatmap';
CREATE EXTENSION walker CASCADE;
SELECT walker.install_jar();
END
