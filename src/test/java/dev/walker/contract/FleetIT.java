package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.testing.TestServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Two servers of different majors, walked into one database. */
class FleetIT {
    private static void in(TestServer server, String database, String... statements) throws SQLException {
        try (Connection connection = server.jdbc(database, "postgres");
                Statement statement = connection.createStatement()) {
            for (String each : statements) {
                statement.execute(each);
            }
        }
    }

    private static String ask(TestServer server, String database, String sql) throws SQLException {
        try (Connection connection = server.jdbc(database, "postgres");
                Statement statement = connection.createStatement();
                var row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    private static void makeGarbage(TestServer server, String database, String table, int modulus) throws SQLException {
        in(
                server,
                database,
                "CREATE EXTENSION IF NOT EXISTS pgstattuple",
                "CREATE SCHEMA IF NOT EXISTS \"Odd one\"",
                "CREATE TABLE \"Odd one\"." + table + " (id int, pad text)",
                "INSERT INTO \"Odd one\"." + table + " SELECT i, repeat('x', 100) FROM generate_series(1, 5000) i",
                "DELETE FROM \"Odd one\"." + table + " WHERE id % " + modulus + " = 0");
    }

    private static void waitFor(TestServer target, String name, TestServer source) throws SQLException {
        source.execute("SELECT pg_logical_emit_message(true, 'test', 'flushes what is before it')");
        String end = source.query("SELECT pg_current_wal_flush_lsn()");
        assertEquals("t", target.query("SELECT walker.wait_for('" + name + "', '" + end + "', '3 min')"));
    }

    private static void awaitName(TestServer target, String name, String table) throws Exception {
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        String sql = "SELECT count(*) FROM walker.garbage('" + name + "') WHERE relation = '" + table + "'";
        while (!"1".equals(target.query(sql))) {
            assertTrue(System.nanoTime() < giveUp, table + " has no name");
            Thread.sleep(50);
        }
    }

    private static void awaitNamed(TestServer target, String name, String relation) throws Exception {
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        String sql = "SELECT count(*) FROM walker.relation r JOIN walker.source s USING (source_id) WHERE s.name = '"
                + name + "' AND r.name = '" + relation + "'";
        while (!"1".equals(target.query(sql))) {
            assertTrue(System.nanoTime() < giveUp, relation + " has no name");
            Thread.sleep(50);
        }
    }

    private static void oneSourceIsReadByItsName(TestServer target, TestServer other) throws Exception {
        String older = "'other', 'postgres', '\"Odd one\".older'";
        String bills = "'other', 'postgres', '\"Odd one\".bills'";
        assertEquals(
                "heatmap active,walstats active,rollbacks active,changed_blocks active",
                target.query(
                        "SELECT string_agg(name || ' ' || state, ',' ORDER BY ordinal) FROM walker.plugins('other')"));
        assertEquals("f", target.query("SELECT walker.retry('other', 'heatmap')"));
        assertEquals("0", target.query("SELECT count(*) FROM walker.results('other', 'heatmap')"));

        String dead = ask(other, "postgres", "SELECT dead_tuple_count FROM pgstattuple('\"Odd one\".older')");
        String known =
                "SELECT concat_ws(' ', dead_tuples, complete) FROM walker.garbage('other') WHERE relation = 'older'";
        assertTrue(target.query(known).endsWith(" f"), target.query(known));
        target.execute("SELECT walker.baseline(" + older + ")");
        assertEquals("t", target.query("SELECT walker.wait_for_baseline('other', '3 min')"));
        waitFor(target, "other", other);
        assertEquals(dead + " t", target.query(known));
        String elder = known.replace("'older'", "'%s'");
        target.execute("SELECT walker.baseline('other', 'shop', '\"Odd one\".eldest')");
        assertEquals("t", target.query("SELECT walker.wait_for_baseline('other', '3 min')"));
        target.execute("SELECT walker.baseline('other', NULL, NULL)");
        assertEquals("t", target.query("SELECT walker.wait_for_baseline('other', '3 min')"));
        waitFor(target, "other", other);
        for (String each : List.of("elder", "eldest")) {
            dead = ask(other, "shop", "SELECT dead_tuple_count FROM pgstattuple('\"Odd one\"." + each + "')");
            assertEquals(dead + " t", target.query(String.format(elder, each)));
        }

        dead = ask(other, "postgres", "SELECT dead_tuple_count FROM pgstattuple('\"Odd one\".bills')");
        String pages = ask(other, "postgres", "SELECT pg_relation_size('\"Odd one\".bills') / 8192");
        assertEquals(
                dead + " " + dead,
                target.query("SELECT concat_ws(' ', (SELECT sum(dead_tuples_born) FROM walker.heatmap_history(" + bills
                        + ")), (SELECT dead_tuples_born FROM walker.garbage_history('other', '-infinity')"
                        + " WHERE (database, schema, relation) = ('postgres', 'Odd one', 'bills')))"));
        String picture = target.query("SELECT walker.heatmap_text(" + bills + ") LIMIT 1");
        assertTrue(
                picture.startsWith(
                        "other.postgres.Odd one.bills: " + dead + " dead tuples on " + pages + " of " + pages),
                picture);
        String history = target.query("SELECT walker.heatmap_history_text(" + bills + ", 'born') LIMIT 1");
        assertTrue(history.endsWith(dead + " in all"), history);
        for (String function : List.of("heatmap_svg", "heatmap_ranges_svg", "heatmap_pareto_svg")) {
            String svg = target.query("SELECT walker." + function + "(" + bills + ")");
            assertTrue(svg.startsWith("<svg ") && svg.contains("other.postgres.Odd one.bills"), svg);
        }

        String counts =
                "SELECT concat_ws(' ', (SELECT count(*) FROM walker.garbage('local') WHERE relation = 'orders'),"
                        + " (SELECT count(*) FROM walker.garbage('other') WHERE relation = 'orders'),"
                        + " (SELECT count(*) FROM walker.garbage('other') WHERE relation = 'older'))";
        target.execute("SELECT walker.reset(" + older + ")");
        assertEquals("1 1 0", target.query(counts));
        SQLException half =
                assertThrows(SQLException.class, () -> target.query("SELECT walker.reset('other', 'shop', NULL)"));
        assertTrue(half.getMessage().contains("no relation of database \"shop\""), half.getMessage());
    }

    /** What plugins have kept about {@code orders} in database {@code shop}, beside pg_walinspect there. */
    private static void pluginsOfASourceAreReadByItsName(TestServer target, TestServer other, String start)
            throws Exception {
        in(
                other,
                "shop",
                "CREATE EXTENSION pg_walinspect",
                "CREATE INDEX orders_id ON \"Odd one\".orders (id)",
                "BEGIN; DELETE FROM \"Odd one\".orders WHERE id <= 101; ROLLBACK");
        waitFor(target, "other", other);
        awaitNamed(target, "other", "orders_id");
        String end = other.query("SELECT pg_current_wal_flush_lsn()");
        for (String each : List.of("orders", "orders_id")) {
            String file = ask(other, "shop", "SELECT pg_relation_filenode('\"Odd one\"." + each + "')");
            assertEquals(
                    ask(
                            other,
                            "shop",
                            "SELECT concat_ws(' ', count(*), sum(record_length)) FROM pg_get_wal_records_info('" + start
                                    + "', '" + end + "') WHERE block_ref ~ ('^blkref #0: rel \\d+/' || (SELECT oid FROM"
                                    + " pg_database WHERE datname = current_database()) || '/" + file + " ')"),
                    target.query("SELECT concat_ws(' ', sum(records), sum(wal_bytes)) FROM"
                            + " walker.walstats('other', '-infinity') WHERE (database, schema, relation) = ('shop',"
                            + " 'Odd one', '" + each + "')"));
            String changed = "walker.changed_blocks('other', '" + start + "', 'shop', '\"Odd one\"." + each + "')";
            assertEquals(
                    ask(other, "shop", "SELECT pg_relation_size('\"Odd one\"." + each + "') / 8192"),
                    target.query("SELECT count(*) FROM " + changed + " WHERE fork = 0 AND NOT is_limit_block"));
            assertEquals(
                    target.query("SELECT count(*) FROM " + changed + " WHERE relfilenode <> 0"),
                    target.query("SELECT count(*) FROM walker.changed_blocks('other', '" + start + "', NULL, NULL) c"
                            + " JOIN walker.relation n USING (spc_oid, db_oid, relfilenode)"
                            + " JOIN walker.source s USING (source_id)"
                            + " WHERE (s.name, n.database, n.name) = ('other', 'shop', '" + each + "')"));
        }
        assertEquals(
                "Odd one 1 0 51",
                target.query("SELECT concat_ws(' ', schema, rollbacks, inserts, deletes) FROM"
                        + " walker.rollbacks('other', '-infinity') WHERE (database, relation) = ('shop', 'orders')"));
        SQLException half = assertThrows(
                SQLException.class,
                () -> target.query("SELECT * FROM walker.changed_blocks('other', '" + start + "', 'shop', NULL)"));
        assertTrue(half.getMessage().contains("no relation of database \"shop\""), half.getMessage());
    }

    private static void commandsTakeTheNameOfASource(RemoteServer walked) throws Exception {
        String url = walked.url();
        String fleet = walked.succeed("fleet", "--target-url", url);
        assertTrue(fleet.matches("(?s)source +\\| version .*\nlocal +\\| .*\nother +\\| .*\\(2 rows\\)\n"), fleet);
        String status = walked.succeed("status", "--target-url", url, "--source", "other");
        assertTrue(status.contains("mode ") && status.contains(" | heatmap "), status);
        String garbage =
                walked.succeed("garbage", "--target-url", url, "--source", "other", "--database", "shop", "-n", "1");
        assertTrue(garbage.matches("(?s)database .*\nshop +\\| Odd one \\| orders .*\\(1 row\\)\n"), garbage);
        String heatmap = walked.succeed(
                "heatmap", "\"Odd one\".bills", "--target-url", url, "--source", "other", "--ranges", "3");
        assertTrue(heatmap.endsWith("(3 rows)\n"), heatmap);
        String plugins = walked.succeed("plugins", "--target-url", url, "--source", "other");
        assertTrue(plugins.contains("heatmap") && plugins.endsWith("(4 rows)\n"), plugins);
    }

    private static void aReportIsAboutASource(RemoteServer walked) throws Exception {
        String of = "SELECT dead_tuples FROM walker.garbage('other') WHERE (database, relation) = ('%s', '%s')";
        String orders = walked.server().query(String.format(of, "shop", "orders"));
        String report =
                walked.succeed("report", "--url", walked.url(), "--source", "other", "--out", "-", "--top", "3");
        assertTrue(report.contains("<h1>Garbage in <bdi>other</bdi><"), report.substring(0, 200));
        assertTrue(report.contains("<bdi>shop.Odd one.orders</bdi></h3>"), "card of a table");
        assertTrue(report.contains(String.format("%,d on ", Long.parseLong(orders))), orders + " dead tuples");
        assertTrue(report.contains("There is no advice"), "advice");
        String part = walked.succeed(
                "report", "--url", walked.url(), "--source", "other", "--database", "postgres", "--out", "-");
        assertTrue(part.contains("<h1>Garbage in <bdi>other.postgres</bdi><"), part.substring(0, 200));
        assertTrue(
                part.contains("<bdi>postgres.Odd one.bills</bdi></h3>") && !part.contains("<bdi>shop."),
                "one database");
        assertTrue(part.contains("WAL could not be read: --source-url"), "WAL of which server");
    }

    /** In a database of a server that is not walked itself. */
    private static void severalSourcesHaveToBeNamed(RemoteServer walked) throws Exception {
        TestServer server = walked.server();
        server.execute("CREATE DATABASE monitoring");
        walked.init("monitoring");
        in(server, "monitoring", "INSERT INTO walker.source (name, system_identifier) VALUES ('east', 1)");
        assertEquals("stopped", ask(server, "monitoring", "SELECT state FROM walker.status()"));
        in(server, "monitoring", "INSERT INTO walker.source (name, system_identifier) VALUES ('west', 2)");
        for (String call : List.of("walker.status()", "walker.reset()", "walker.stop()", "walker.plugins()")) {
            SQLException several =
                    assertThrows(SQLException.class, () -> ask(server, "monitoring", "SELECT * FROM " + call));
            assertTrue(several.getMessage().contains("There are: east, west"), several.getMessage());
        }
        assertEquals("stopped", ask(server, "monitoring", "SELECT state FROM walker.status('west')"));
    }

    @Test
    void twoServersOfDifferentMajorsHaveOnePlaceToLookAt() throws Exception {
        List<Integer> majors = TestServer.majors();
        int newest = majors.get(majors.size() - 1);
        TestServer one = TestServer.major(newest).conf(WalkedServer.SETTINGS).start();
        try (RemoteServer walked = new RemoteServer(one);
                TestServer other = TestServer.major(majors.get(0))
                        .conf(WalkedServer.SETTINGS)
                        .start()) {
            in(one, "postgres", "CREATE DATABASE shop");
            in(other, "postgres", "CREATE DATABASE shop");
            walked.start();
            other.execute("CREATE EXTENSION pageinspect");
            in(other, "shop", "CREATE EXTENSION pageinspect");
            makeGarbage(other, "postgres", "older", 7);
            makeGarbage(other, "shop", "elder", 3);
            makeGarbage(other, "shop", "eldest", 4);
            in(other, "shop", "CHECKPOINT", "UPDATE \"Odd one\".eldest SET id = -id WHERE id % 100 = 1");
            other.execute("UPDATE \"Odd one\".older SET id = -id WHERE id % 100 = 1");
            walked.source(other.url("postgres") + "?user=postgres");
            Process second = walked.startAnother(
                    "--source-name", "other", "--plugins", "heatmap, walstats, rollbacks, changed_blocks");
            String start = other.query("SELECT pg_current_wal_flush_lsn()");
            makeGarbage(one, "shop", "orders", 5);
            makeGarbage(other, "shop", "orders", 2);
            makeGarbage(other, "postgres", "bills", 4);
            waitFor(one, "local", one);
            waitFor(one, "other", other);
            awaitName(one, "local", "orders");
            awaitName(one, "other", "orders");
            awaitName(one, "other", "bills");

            String fleet =
                    "SELECT string_agg(concat_ws(' ', source, split_part(version, '.', 1), state, mode, gaps), ', ')"
                            + " FROM walker.fleet()";
            assertEquals(
                    "local " + newest + " running stream 0, other " + majors.get(0) + " running stream 0",
                    one.query(fleet));
            String systems = "SELECT string_agg(system_identifier::text, ' ' ORDER BY source) FROM walker.fleet()";
            String system = "SELECT system_identifier FROM pg_control_system()";
            assertEquals(one.query(system) + " " + other.query(system), one.query(systems));

            String truth = "SELECT dead_tuple_count FROM pgstattuple('\"Odd one\".%s')";
            String map = "SELECT concat_ws(' ', schema, dead_tuples, complete) FROM walker.garbage('%s')"
                    + " WHERE database = '%s' AND relation = '%s'";
            for (String[] each : new String[][] {
                {"local", "shop", "orders"}, {"other", "shop", "orders"}, {"other", "postgres", "bills"}
            }) {
                TestServer server = each[0].equals("local") ? one : other;
                String dead = ask(server, each[1], String.format(truth, each[2]));
                assertTrue(Integer.parseInt(dead) > 0);
                assertEquals("Odd one " + dead + " t", one.query(String.format(map, each[0], each[1], each[2])));
                String heap = String.format("'%s', '%s', '\"Odd one\".%s'", each[0], each[1], each[2]);
                assertEquals(dead, one.query("SELECT sum(dead_tuples) FROM walker.heatmap(" + heap + ", 7)"));
                assertEquals(dead, one.query("SELECT sum(dead_tuples) FROM walker.heatmap_pages(" + heap + ")"));
                assertEquals(
                        "7", one.query("SELECT count(*) FROM walker.heatmap(" + heap + ", 7)"), "ranges of " + heap);
            }
            oneSourceIsReadByItsName(one, other);
            pluginsOfASourceAreReadByItsName(one, other, start);
            commandsTakeTheNameOfASource(walked);
            aReportIsAboutASource(walked);
            severalSourcesHaveToBeNamed(walked);

            // Readers without a name speak of this server alone.
            assertEquals("0", one.query("SELECT count(*) FROM walker.garbage() WHERE relation::text LIKE '%bills%'"));
            assertEquals(
                    "local", one.query("SELECT s.name FROM walker.source s WHERE source_id = walker._source_id()"));

            // A renamed table has its new name after a while, a dropped one is forgotten.
            in(other, "shop", "ALTER TABLE \"Odd one\".orders RENAME TO sales");
            awaitName(one, "other", "sales");

            SQLException unknown =
                    assertThrows(SQLException.class, () -> one.query("SELECT * FROM walker.garbage('nobody')"));
            assertTrue(unknown.getMessage().contains("there is no source \"nobody\""), unknown.getMessage());
            assertTrue(unknown.getMessage().contains("There are: local, other"), unknown.getMessage());

            assertEquals("t", one.query("SELECT walker.stop('other')"));
            assertEquals(0, RemoteServer.exitCode(second));
            assertEquals(
                    "local running, other stopped",
                    one.query("SELECT string_agg(source || ' ' || state, ', ') FROM walker.fleet()"));
            walked.stop();
        }
    }
}
