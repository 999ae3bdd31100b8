package dev.walker.contract;

import dev.walker.testing.PlJava;
import dev.walker.testing.TestServer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The hosts that are there on this machine, for tests that need no more than one server of each. */
enum Hosts {
    /** In a backend of an installed server that has PL/Java. */
    SERVER {
        @Override
        WalkedServer start(String... conf) throws Exception {
            return new PlJavaServer(PlJava.installed().get(0), conf);
        }

        @Override
        int major() {
            return PlJava.installed().get(0).major();
        }
    },
    /** A program of its own, beside the newest server, or that which {@code -Dwalker.server} names. */
    REMOTE {
        @Override
        WalkedServer start(String... conf) throws Exception {
            return new RemoteServer(version(), conf);
        }

        @Override
        int major() {
            return Integer.parseInt(version().split("\\.")[0]);
        }

        private String version() {
            List<String> versions = TestServer.versions();
            return System.getProperty("walker.server", versions.get(versions.size() - 1));
        }
    };

    /** Starts a server with schema {@code walker} in which no walker runs yet. */
    abstract WalkedServer start(String... conf) throws Exception;

    /** That of the server it starts. */
    abstract int major();

    /** Those that can be tested here, or that which {@code -Dwalker.host} names: for {@code @MethodSource}. */
    static Stream<Hosts> present() {
        List<Hosts> hosts = new ArrayList<>();
        if (!PlJava.installed().isEmpty()) {
            hosts.add(SERVER);
        }
        hosts.add(REMOTE);
        String one = System.getProperty("walker.host");
        return hosts.stream().filter(host -> one == null || host.name().equalsIgnoreCase(one));
    }

    /** One, for what is SQL alone: this if it can be tested here; all with {@code -Dwalker.all=true}. */
    Stream<Hosts> orAll() {
        if (Boolean.getBoolean("walker.all")) {
            return present();
        }
        return Stream.of(present().anyMatch(host -> host == this) ? this : REMOTE);
    }
}
