package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.walker.testing.Pgbench;
import java.sql.Connection;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * One huge transaction walked with little memory, and much garbage that is older than the walker. Small by default; {@code -Dwalker.rows=10000000} and
 * {@code -Dwalker.scale=100} make them as large as they are meant to be.
 */
class LargeIT {
    private static final int ROWS = Integer.getInteger("walker.rows", 200_000);
    private static final int SCALE = Integer.getInteger("walker.scale", 1);
    private static final int HEAP_MB = 128;
    private static final String[] SETTINGS = {"shared_buffers = 256MB", "max_wal_size = 8GB"};

    @ParameterizedTest
    @MethodSource("dev.walker.contract.Hosts#present")
    void deleteOfAllRowsStaysOpenWhileTheWalkerIsRestarted(Hosts host) throws Exception {
        try (WalkedServer walked = host.start(SETTINGS);
                Connection open = walked.server().jdbc()) {
            walked.limitHeap(HEAP_MB);
            walked.start();
            walked.server().execute("CREATE TABLE big AS SELECT i AS id FROM generate_series(1, " + ROWS + ") i");
            walked.waitFor();
            open.setAutoCommit(false);
            CompletableFuture<Integer> delete = CompletableFuture.supplyAsync(() -> {
                try {
                    return open.createStatement().executeUpdate("DELETE FROM big");
                } catch (java.sql.SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            Thread.sleep(ROWS / 1000);
            restart(walked, host);
            assertEquals(ROWS, delete.get(30, TimeUnit.MINUTES));
            walked.waitFor();
            assertEquals("0", dead(walked), "before the second restart");
            restart(walked, host);
            walked.waitFor();
            assertEquals("0", dead(walked), "before COMMIT");
            String pending = walked.server().query("SELECT pg_total_relation_size('walker.heatmap_pending') / 1024");
            open.commit();
            walked.waitFor();
            assertEquals(Integer.toString(ROWS), dead(walked), "after COMMIT");
            walked.assertMapExact();
            long resident = walked.peakResident();
            walked.stop();
            System.out.println("LargeIT " + host + ": " + ROWS + " rows, pending " + pending + " kB, map "
                    + walked.server().query("SELECT pg_total_relation_size('walker.heatmap_chunk') / 1024")
                    + " kB, at most " + HEAP_MB + " MB of heap, " + resident + " MB resident");
        }
    }

    /** Killed, where that does not end the transaction too. */
    private static void restart(WalkedServer walked, Hosts host) throws Exception {
        if (host == Hosts.SERVER) {
            walked.stop();
        } else {
            walked.kill();
        }
        walked.start();
    }

    private static String dead(WalkedServer walked) throws Exception {
        return walked.server()
                .query("SELECT coalesce(sum(dead_tuples), 0) FROM walker.garbage() WHERE relation = 'big'::regclass");
    }

    @ParameterizedTest
    @MethodSource("dev.walker.contract.Hosts#present")
    void garbageOlderThanTheWalkerIsFoundDuringLoad(Hosts host) throws Exception {
        Optional<Pgbench> pgbench = Pgbench.installed();
        assumeTrue(pgbench.isPresent(), "OLD GARBAGE WAS NOT TESTED: there is no pgbench in /usr/lib/postgresql/*/bin");
        try (WalkedServer walked = host.start(SETTINGS)) {
            pgbench.get()
                    .start(walked.server(), "-i", "-q", "-s", Integer.toString(SCALE))
                    .await();
            pgbench.get()
                    .start(walked.server(), "-n", "-c", "4", "-t", Integer.toString(500 * SCALE))
                    .await();
            walked.server()
                    .execute(
                            "CREATE EXTENSION IF NOT EXISTS pageinspect",
                            "DELETE FROM pgbench_accounts WHERE aid % 50 = 0",
                            "BEGIN; UPDATE pgbench_accounts SET abalance = 1 WHERE aid % 70 = 1; ROLLBACK",
                            "CHECKPOINT");
            walked.start();
            Pgbench.Run load = pgbench.get()
                    .start(walked.server(), "-n", "-c", "4", "-T", Integer.toString(3 + SCALE / 2), "-R", "1000");
            walked.server().execute("SELECT walker.baseline()");
            assertEquals("t", walked.server().query("SELECT walker.wait_for_baseline('30 min')"));
            String during =
                    walked.server().query("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgbench'");
            load.await();
            walked.assertMapExact();
            assertEquals(
                    "4",
                    walked.server()
                            .query(
                                    "SELECT count(*) FROM walker.garbage() WHERE relation::text LIKE 'pgbench_%' AND complete"));
            System.out.println("LargeIT " + host + ": pgbench -s " + SCALE + ", " + during
                    + " clients at the end of baseline, "
                    + walked.server()
                            .query("SELECT string_agg(relation || ' ' || dead_tuples, ', ') FROM walker.garbage()"
                                    + " WHERE relation::text LIKE 'pgbench_%'")
                    + " dead tuples");
        }
    }
}
