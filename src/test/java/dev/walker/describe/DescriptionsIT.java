package dev.walker.describe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.walker.rmgr.Rmgr;
import dev.walker.rmgr.logicalmsg.LogicalMessage;
import dev.walker.rmgr.relmap.RelmapUpdate;
import dev.walker.rmgr.seq.SeqLog;
import dev.walker.testing.DescribedWorkload;
import dev.walker.testing.ServerWal;
import dev.walker.testing.TestServer;
import dev.walker.version.PgVersion;
import dev.walker.version.WalLayout;
import dev.walker.wal.Lsn;
import dev.walker.wal.WalRecord;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The description of every record that a server writes under a workload, compared with the server's own. */
@Tag("server")
class DescriptionsIT {
    private static final int SEGMENT = 1 << 20;
    /** A zone where the offset differs by season, is not of whole hours, and differs from that of the JVM. */
    private static final ZoneId ZONE = ZoneId.of("Australia/Adelaide");

    @ParameterizedTest(name = "{0}")
    @MethodSource("dev.walker.testing.TestServer#versions")
    void describesAsTheServerDoes(String version) throws Exception {
        try (TestServer server = start(TestServer.version(version))) {
            int major = server.major();
            long start = Lsn.parse(server.query("SELECT redo_lsn FROM pg_control_checkpoint()"));
            new DescribedWorkload(server).run();
            long end = Lsn.parse(server.query("SELECT pg_current_wal_flush_lsn()"));
            Seen seen = new Seen(major);
            Views views = new Views(server);
            try (Connection connection = server.jdbc();
                    Statement statement = connection.createStatement()) {
                statement.execute("SET timezone = '" + ZONE + "'");
                connection.setAutoCommit(false);
                statement.setFetchSize(5000);
                Descriptions descriptions = new Descriptions(ZONE);
                ResultSet rows = statement.executeQuery(
                        "SELECT start_lsn::text, coalesce(description, '') FROM pg_get_wal_records_info('"
                                + Lsn.format(start) + "', '" + Lsn.format(end) + "')");
                ServerWal.walk(server, start, end, SEGMENT, record -> {
                    assertTrue(rows.next());
                    assertEquals(rows.getString(1), Lsn.format(record.lsn()));
                    seen.text.setLength(0);
                    descriptions.describe(record, seen.text);
                    seen.compare(record, rows.getString(2));
                    views.look(record);
                });
            }
            views.check();
            seen.check(WalLayout.of(PgVersion.byMajor(major).orElseThrow()));
        }
    }

    @Test
    void describesAsPgWaldumpDoes() throws Exception {
        Optional<TestServer.Builder> builder = TestServer.installed(Path.of("/usr/lib/postgresql/15/bin/pg_config"));
        assumeTrue(builder.isPresent(), "PostgreSQL 15 is not installed here");
        try (TestServer server = start(builder.get())) {
            assumeTrue(server.hasProgram("pg_waldump"), "pg_waldump is not installed here");
            long start = Lsn.parse(server.query("SELECT redo_lsn FROM pg_control_checkpoint()"));
            server.execute(
                    "CREATE TABLE t AS SELECT i AS a FROM generate_series(1, 1000) i",
                    "CREATE INDEX ON t (a)",
                    "UPDATE t SET a = -a",
                    "SELECT pg_logical_emit_message(true, 'p', 'hello')",
                    "DROP TABLE t",
                    "CHECKPOINT");
            long end = Lsn.parse(server.query("SELECT pg_current_wal_flush_lsn()"));
            Map<String, String> lines = new HashMap<>();
            String dump = waldump(
                    server, "--path=" + server.walDir(), "--start=" + Lsn.format(start), "--end=" + Lsn.format(end));
            for (String line : dump.split("\n")) {
                int lsnAt = line.indexOf(" lsn: ") + 6;
                int descAt = line.indexOf(" desc: ") + 7;
                long lsn = Lsn.parse(line.substring(lsnAt, line.indexOf(',', lsnAt)));
                lines.put(Lsn.format(lsn), line.substring(descAt));
            }
            Descriptions descriptions = new Descriptions(ZONE, TimestampForm.WALDUMP);
            int[] count = new int[1];
            ServerWal.walk(server, start, end, SEGMENT, record -> {
                StringBuilder text = new StringBuilder(record.typeName()).append(' ');
                descriptions.describe(record, text);
                String line = lines.get(Lsn.format(record.lsn()));
                assertTrue(line.startsWith(text.toString()), () -> line + " but " + text);
                String rest = line.substring(text.length());
                assertTrue(rest.isEmpty() || rest.startsWith(", blkref #"), () -> line + " but " + text);
                count[0]++;
            });
            assertTrue(count[0] > 3000, count[0] + " records");
            assertEquals(lines.size(), count[0]);
        }
    }

    private static String waldump(TestServer server, String... options) throws Exception {
        List<String> words =
                new ArrayList<>(List.of(server.binDir().resolve("pg_waldump").toString()));
        words.addAll(List.of(options));
        ProcessBuilder builder = new ProcessBuilder(words).redirectErrorStream(true);
        builder.environment().put("TZ", ZONE.toString());
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        return output;
    }

    private static TestServer start(TestServer.Builder builder) throws SQLException {
        TestServer server = DescribedWorkload.prepared(builder, 15).start();
        server.execute("CREATE EXTENSION pg_walinspect", "CHECKPOINT");
        return server;
    }

    /** Types whose description is empty in all majors, or that core writes after a crash or never. */
    private static final Set<String> NOT_REACHED = Set.of(
            "XLOG NOOP",
            "XLOG OVERWRITE_CONTRECORD",
            "CLOG TRUNCATE",
            "MultiXact ZERO_OFF_PAGE",
            "Heap2 REWRITE",
            "Heap HOT_UPDATE+INIT",
            "Hash MOVE_PAGE_CONTENTS",
            "Gin CREATE_PTREE",
            "Gin VACUUM_PAGE",
            "Gist ASSIGN_LSN");

    /** Parts that descriptions may have; each must be seen. */
    private static List<String> parts(int major) {
        List<String> parts = new ArrayList<>(List.of(
                "rels: base/",
                "rels: global/",
                "pg_tblspc/",
                "_init",
                "_vm",
                "; subxacts: ",
                "; sync",
                "; apply_feedback",
                "; dropped stats: ",
                "; commit dropped stats: ",
                "; abort dropped stats: ",
                "; rels(commit): ",
                "; rels(abort): ",
                "; relcache init file inval dbid ",
                "; inval msgs: catcache ",
                " catalog ",
                " relcache ",
                " snapshot ",
                "; origin: node 1, lsn 2/4321, at 2001-02-03 04:05:06.07+10:30",
                "gid \u00fcber COMMIT: ",
                "prefix \"gr\u00f6\u00dfe\"; payload (5 bytes): 68 65 6C 6C 6F",
                "prefix \"\"; payload (0 bytes): ",
                "Wiederherstellung \u00fc",
                "+10:30",
                " (keysh) ",
                " (fornokeyupd) ",
                " (nokeyupd) ",
                " xacts: ",
                "; shutdown",
                "; online",
                "(newpage)",
                "(nulls)",
                "(innerIsParent)",
                "(isRootSplit)",
                "(full page image)",
                "(full page image, for WAL verification)",
                " (add ",
                " (insert)",
                " (replace)",
                " (delete)",
                "isdelete: ",
                "pitem: ",
                "children: "));
        if (major >= 16) {
            parts.addAll(List.of(
                    "infobits: []",
                    "infobits: [IS_MULTI, ",
                    "infobits: [KEYS_UPDATED]",
                    "infobits: [LOCK_ONLY, ",
                    "old_infobits: [KEYS_UPDATED]",
                    "flags: [], nrelids: 1, relids: [",
                    "flags: [CASCADE], ",
                    "flags: [RESTART_SEQS], ",
                    "subxid overflowed",
                    " subxacts: ",
                    ", offsets: [",
                    ", updated: [{ off: ",
                    ", updated: []",
                    ", redirected: [",
                    ", dead: [",
                    ", unused: [",
                    ", plans: [{ xmax: 0, infomask: ",
                    " }, { xmax: "));
        } else {
            parts.addAll(List.of("subxid ovf", "IS_MULTI ", "KEYS_UPDATED ", "restart_seqs ", "cascade "));
        }
        if (major >= 17) {
            parts.addAll(List.of("isCatalogRel: T", "isCatalogRel: F", "isCatalogRel F", "wal_level logical"));
        }
        return parts;
    }

    /** What was compared. */
    private static final class Seen {
        final StringBuilder text = new StringBuilder();
        final Set<String> types = new TreeSet<>();
        final Map<String, String> different = new TreeMap<>();
        final List<String> parts;
        int records;

        Seen(int major) {
            parts = parts(major);
        }

        void compare(WalRecord record, String expected) {
            records++;
            if (!expected.contentEquals(text)) {
                different.putIfAbsent(
                        record.rmgrName() + " " + record.typeName(),
                        record + "\nserver: " + abbreviated(expected) + "\nWALker: " + abbreviated(text));
            }
            types.add(record.rmgrName() + " " + record.typeName());
            parts.removeIf(part -> text.indexOf(part) >= 0);
        }

        private static String abbreviated(CharSequence text) {
            return text.length() > 1000 ? text.subSequence(0, 1000) + "..." : text.toString();
        }

        void check(WalLayout layout) {
            assertEquals("", String.join("\n", different.values()));
            Set<String> all = new TreeSet<>();
            for (int id = 0; id < Rmgr.CORE_COUNT; id++) {
                for (int info = 0; info < 0x100; info += 0x10) {
                    all.add(Rmgr.name(id) + " " + Rmgr.typeName(layout, id, info));
                }
            }
            all.removeIf(type -> type.contains("UNKNOWN"));
            all.removeAll(types);
            all.removeAll(NOT_REACHED);
            assertEquals(Set.of(), all, "record types that were not reached");
            assertEquals(List.of(), parts, "parts of descriptions that were not seen");
        }
    }

    /** What the views tell that no description does, compared with what the server knows in the end. */
    private static final class Views {
        final TestServer server;
        final SeqLog seqLog = new SeqLog();
        final RelmapUpdate relmapUpdate = new RelmapUpdate();
        final LogicalMessage logicalMessage = new LogicalMessage();
        final long sequence;
        final long database;
        final List<String> messages = new ArrayList<>();
        long lastValue;
        boolean called;
        long filenode;

        Views(TestServer server) throws SQLException {
            this.server = server;
            sequence = Long.parseLong(server.query("SELECT pg_relation_filenode('s')"));
            database = Long.parseLong(server.query("SELECT oid FROM pg_database WHERE datname = 'postgres'"));
        }

        void look(WalRecord record) {
            if (record.rmgrId() == Rmgr.SEQ.id()
                    && seqLog.wrap(record).relNumber() == sequence
                    && seqLog.dbOid() == database) {
                lastValue = seqLog.lastValue();
                called = seqLog.isCalled();
                assertEquals(0, seqLog.logCount());
            } else if (record.rmgrId() == Rmgr.RELMAP.id()
                    && relmapUpdate.wrap(record).dbid() == database) {
                for (int i = 0; i < relmapUpdate.mappingCount(); i++) {
                    filenode = relmapUpdate.mappedOid(i) == 1259 ? relmapUpdate.mappedRelNumber(i) : filenode;
                }
            } else if (record.rmgrId() == Rmgr.LOGICALMSG.id()) {
                logicalMessage.wrap(record);
                assertEquals(database, logicalMessage.dbId());
                messages.add(logicalMessage.isTransactional() + " " + logicalMessage.prefix() + " "
                        + new String(logicalMessage.message().toArray(), StandardCharsets.UTF_8));
            }
        }

        void check() throws SQLException {
            assertEquals(server.query("SELECT last_value + log_cnt FROM s"), Long.toString(lastValue));
            assertEquals(server.query("SELECT is_called FROM s"), called ? "t" : "f");
            assertEquals(server.query("SELECT pg_relation_filenode('pg_class')"), Long.toString(filenode));
            assertEquals(List.of("true gr\u00f6\u00dfe hello", "false  "), messages);
        }
    }
}
