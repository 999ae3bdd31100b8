package dev.walker.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.walker.testing.PlJava;
import dev.walker.testing.TestServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A walker in a backend of the server. */
final class PlJavaServer extends WalkedServer {
    private final Path copy;

    /** With more lines for the configuration. */
    PlJavaServer(PlJava host, String... conf) throws SQLException, IOException {
        this(host, Files.createTempDirectory("walker-pljava"), conf);
    }

    private PlJavaServer(PlJava host, Path copy, String... conf) throws SQLException, IOException {
        super(TestServer.of(host.copyTo(open(copy), SERVER_JAR.toAbsolutePath(), SQL.toAbsolutePath()))
                .conf(SETTINGS)
                .conf(host.settings(copy).toArray(new String[0]))
                .conf(conf)
                .start());
        this.copy = copy;
        server().execute(
                        "CREATE EXTENSION pgstattuple",
                        "CREATE EXTENSION walker CASCADE",
                        "SELECT walker.install_jar()");
    }

    /** The user who runs the server must get there. */
    private static Path open(Path dir) throws IOException {
        Files.setPosixFilePermissions(dir, java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-xr-x"));
        return dir;
    }

    void ensureStarted() throws Exception {
        if (!"running".equals(server().query("SELECT state FROM walker.status()"))) {
            start();
        }
    }

    @Override
    void limitHeap(int megabytes) throws SQLException {
        configure("pljava.vmoptions = '" + server().query("SELECT current_setting('pljava.vmoptions')") + " -Xmx"
                + megabytes + "m'");
    }

    @Override
    String told() {
        return server().log();
    }

    @Override
    long walkerPid() throws SQLException {
        return Long.parseLong(server().query("SELECT pid FROM walker.status()"));
    }

    @Override
    String gapHint() {
        return "SELECT walker.start(accept_gap => true) goes on from there and records the gap in walker.gaps.";
    }

    @Override
    void start(boolean acceptGap) throws SQLException {
        int pid = Integer.parseInt(
                server().query("SELECT walker.start(" + (acceptGap ? "accept_gap => true" : "") + ")"));
        assertEquals(Integer.toString(pid), server().query("SELECT pid FROM walker.status()"));
        assertEquals(
                "1",
                server().query("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'walker' AND pid = "
                        + pid));
    }

    @Override
    void kill() throws Exception {
        ProcessHandle backend = ProcessHandle.of(walkerPid()).orElseThrow();
        backend.destroyForcibly();
        backend.onExit().join();
        // The postmaster starts the server again.
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (true) {
            try {
                Thread.sleep(100);
                if (!"running".equals(server().query("SELECT state FROM walker.status()"))) {
                    return;
                }
            } catch (SQLException e) {
                if (System.nanoTime() > giveUp) {
                    throw e;
                }
            }
        }
    }

    @Override
    String startFailing(String plugins) throws Exception {
        String before = server().query("SELECT current_setting('walker.plugins')");
        configure("walker.plugins = '" + plugins + "'");
        try {
            server().query("SELECT walker.start()");
            return "";
        } catch (SQLException e) {
            return e.getMessage();
        } finally {
            configure("walker.plugins = '" + before + "'");
        }
    }

    @Override
    public void close() {
        super.close();
        try (Stream<Path> paths = Files.walk(copy)) {
            for (Path path : (Iterable<Path>) paths.sorted(java.util.Comparator.reverseOrder())::iterator) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
