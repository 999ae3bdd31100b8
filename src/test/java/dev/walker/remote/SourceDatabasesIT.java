package dev.walker.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.walker.jdbc.Jdbc;
import dev.walker.jdbc.WalkLog;
import dev.walker.spi.HeapRead;
import dev.walker.testing.TestServer;
import dev.walker.wal.RelFileLocator;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("server")
class SourceDatabasesIT {
    /** The walk goes on without its pages, rather than to end or to connect anew for ever. */
    @Test
    void aDatabaseThatHasNoRoomForAConnectionIsLeftOutOrReadLater() throws Exception {
        List<String> lines = new ArrayList<>();
        WalkLog log = new WalkLog() {
            @Override
            public void info(String message) {}

            @Override
            public void warning(String message) {
                lines.add(message);
            }

            @Override
            public void error(String message) {}

            @Override
            public void warningFromAnyThread(String message) {}
        };
        List<Integer> majors = TestServer.majors();
        int newest = majors.get(majors.size() - 1);
        try (TestServer server = TestServer.major(newest).start()) {
            server.execute("CREATE DATABASE full_up CONNECTION LIMIT 0", "CREATE ROLE reader LOGIN");
            server.execute("CREATE TABLE t (id int)");
            long oid = Long.parseLong(server.query("SELECT oid FROM pg_database WHERE datname = 'full_up'"));
            ServerAddress address = ServerAddress.of("--source-url", server.url("postgres") + "?user=reader", Map.of());
            try (Connection found = address.connect();
                    SourceDatabases databases = new SourceDatabases(address, found, log)) {
                assertFalse(databases.heaps().isEmpty());
                assertTrue(lines.get(0).contains("leaves out database \"full_up\", which cannot be connected to: "));
                for (int i = 0; i < 2; i++) {
                    assertEquals(
                            HeapRead.State.LATER,
                            databases
                                    .readHeap(new RelFileLocator(1663, oid, 1259), new long[0], 0)
                                    .state());
                }
                assertTrue(lines.get(1).contains("waits for the database with OID " + oid), lines.get(1));
                assertEquals(2, lines.size(), "that is told once");
                assertEquals(
                        HeapRead.State.GONE,
                        databases
                                .readHeap(new RelFileLocator(1663, oid + 1000, 1259), new long[0], 0)
                                .state());
            }
        }
    }

    @Test
    void queriesOfAWalkAreNotCompiled() throws Exception {
        List<Integer> majors = TestServer.majors();
        try (TestServer server =
                TestServer.major(majors.get(majors.size() - 1)).conf("jit = on").start()) {
            ServerAddress address =
                    ServerAddress.of("--source-url", server.url("postgres") + "?user=postgres", Map.of());
            try (Connection connection = address.connectForWalk()) {
                assertEquals("off", Jdbc.one(connection, "SHOW jit", row -> row.getString(1)));
            }
        }
    }
}
