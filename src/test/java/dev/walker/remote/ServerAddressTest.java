package dev.walker.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ServerAddressTest {
    private static ServerAddress address(String url, String... environment) {
        Map<String, String> variables = new java.util.HashMap<>();
        for (int i = 0; i < environment.length; i += 2) {
            variables.put(environment[i], environment[i + 1]);
        }
        return ServerAddress.of("--source-url", url, variables);
    }

    private static String property(String name, String url, String... environment) {
        return String.valueOf(address(url, environment).properties().getProperty(name));
    }

    @Test
    void urlComesBeforeTheEnvironment() {
        String url = "jdbc:postgresql://db.example:5433/shop?user=walks&sslmode=require";
        assertEquals("walks", property("user", url, "PGUSER", "other"));
        assertEquals("require", property("sslmode", url, "PGSSLMODE", "disable"));
        assertEquals("shop", property("PGDBNAME", url, "PGDATABASE", "other"));
        assertEquals("db.example:5433", address(url, "PGHOST", "other").hostAndPort());
    }

    @Test
    void environmentFillsWhatTheUrlLeavesOpen() {
        String url = "jdbc:postgresql://db.example/shop";
        assertEquals("walks", property("user", url, "PGUSER", "walks"));
        assertEquals("hush", property("password", url, "PGPASSWORD", "hush"));
        assertEquals("verify-full", property("sslmode", url, "PGSSLMODE", "verify-full"));
        assertEquals("root.crt", property("sslrootcert", url, "PGSSLROOTCERT", "root.crt"));
        assertEquals("primary", property("targetServerType", url, "PGTARGETSESSIONATTRS", "read-write"));
        assertEquals("7", property("connectTimeout", url, "PGCONNECT_TIMEOUT", "7"));
    }

    @Test
    void environmentAloneIsEnough() {
        ServerAddress address =
                address(null, "PGHOST", "one,two", "PGPORT", "5433,5434", "PGDATABASE", "shop", "PGUSER", "u");
        assertEquals("one,two", address.properties().getProperty("PGHOST"));
        assertEquals("5433,5434", address.properties().getProperty("PGPORT"));
        assertEquals("shop", address.properties().getProperty("PGDBNAME"));
        assertEquals("one:5433", address.hostAndPort());
        assertTrue(ServerAddress.isInEnvironment(Map.of("PGHOST", "h")));
        assertTrue(ServerAddress.isInEnvironment(Map.of("PGPORT", "5433")));
        assertFalse(ServerAddress.isInEnvironment(Map.of("PGUSER", "u")));
        IllegalArgumentException socket =
                assertThrows(IllegalArgumentException.class, () -> address(null, "PGHOST", "/run/postgresql"));
        assertTrue(socket.getMessage().contains("a socket directory, which pgjdbc cannot use"), socket.getMessage());
    }

    @Test
    void namesInTheEnvironmentMayHaveAnyCharacters() {
        for (String name : List.of("50% off", "a+b", "what?", "a/b@c#d", "%41", "Größe \"1\"", "x&user=y")) {
            assertEquals(name, property("PGDBNAME", null, "PGHOST", "db.example", "PGDATABASE", name));
            assertEquals(
                    "db.example:5432",
                    address(null, "PGHOST", "db.example", "PGDATABASE", name).hostAndPort());
        }
    }

    @Test
    void urlsOfLibpqAreUnderstood() {
        String url =
                "postgresql://walks:h%20ush@db.example:5433/shop?target_session_attrs=read-write&connect_timeout=3";
        assertEquals("walks", property("user", url));
        assertEquals("h ush", property("password", url));
        assertEquals("primary", property("targetServerType", url));
        assertEquals("3", property("connectTimeout", url));
        assertEquals("db.example:5433", address(url).hostAndPort());
        assertTrue(address(url).hasPasswordInUrl());
        assertFalse(address("postgres://walks@db.example/shop").hasPasswordInUrl());
        assertTrue(address("jdbc:postgresql://h/db?password=x").hasPasswordInUrl());
    }

    @Test
    void whatIsNoUrlIsRefusedWithoutAPassword() {
        IllegalArgumentException wrong =
                assertThrows(IllegalArgumentException.class, () -> address("mysql://u:hush@h/db?password=hush"));
        assertTrue(wrong.getMessage().startsWith("--source-url is \"mysql://u:***@h/db?password=***\"; wanted jdbc:"));
        IllegalArgumentException attributes = assertThrows(
                IllegalArgumentException.class, () -> address("postgresql://h/db?target_session_attrs=best"));
        assertTrue(attributes.getMessage().contains("wanted one of any, prefer-standby, primary"));
    }

    @Test
    void errorsOfTheDriverShowNoPassword() {
        SQLException refused =
                assertThrows(SQLException.class, () -> address("jdbc:postgresql://127.0.0.1:1/db?user=u&password=hush")
                        .connect());
        assertTrue(Loss.isOfServer(refused), refused.getSQLState());
        assertFalse(refused.toString().contains("hush"), refused.toString());
        assertEquals(
                "jdbc:postgresql://127.0.0.1:1/db?user=u&password=***",
                address("jdbc:postgresql://127.0.0.1:1/db?user=u&password=hush").toString());
    }

    @Test
    void attemptsAreMadeWhereTheyMayHelp() {
        assertTrue(Loss.mayHeal(new IllegalStateException(new SQLException("x", "57P01"))));
        assertTrue(Loss.mayHeal(new SQLException("a standby now", "25006")));
        assertFalse(Loss.isOfServer(new SQLException("a standby now", "25006")));
        for (String state : new String[] {"28P01", "28000", "3D000", "42501", "08004", "53100", "58P01"}) {
            assertFalse(Loss.mayHeal(new SQLException("no use", state)), state);
        }
        Backoff backoff = new Backoff();
        long last = 0;
        for (int i = 0; i < 20; i++) {
            long next = backoff.next();
            assertTrue(next >= last && next <= 30_000, "attempt " + i + " after " + next + " ms");
            last = next;
        }
        assertEquals(30_000, last);
        backoff.reset();
        assertEquals(250, backoff.next());
    }

    @Test
    void hostsThatThereAreNotAreTold() {
        ServerAddress nowhere = address("jdbc:postgresql://walker.invalid:5432/shop?user=walks&password=secret");
        SQLException failed = assertThrows(SQLException.class, nowhere::connect);
        assertEquals(
                "walker.invalid:5432: The connection attempt failed. (java.net.UnknownHostException: walker.invalid)",
                failed.getMessage());
    }
}
