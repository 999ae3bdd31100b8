package dev.walker.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A PostgreSQL server of its own for a test: own data directory, own port on the loopback interface, superuser
 * {@code postgres} without a password. It ends with {@link #close}, or when the JVM does.
 *
 * <pre>{@code
 * try (TestServer server = TestServer.major(17).conf("wal_level = logical").start();
 *         Connection connection = server.jdbc()) {
 *     ...
 * }
 * }</pre>
 *
 * <p>PostgreSQL refuses to run as root. If the tests do, it is started in a user namespace, or as another user.
 */
public final class TestServer implements AutoCloseable {
    private static final Set<TestServer> RUNNING = ConcurrentHashMap.newKeySet();
    private static final int START_ATTEMPTS = 5;
    private static final int FIRST_PORT = 12_000;
    private static final int END_OF_PORTS = 32_000;
    private static final int LINES_TOLD = 40;
    private static final int FIRST_WITH_JIT = 11;

    /** The first major that has pg_walinspect, which the hosts need. */
    private static final int FIRST_HOST = 15;

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> RUNNING.forEach(TestServer::endAtExit)));
    }

    private final Installation installation;
    private final List<String> prefix;
    private final Path root;
    private final Path dataDir;
    private final Path log;
    private int port;

    private TestServer(Installation installation, List<String> prefix, Path root) {
        this.installation = installation;
        this.prefix = prefix;
        this.root = root;
        this.dataDir = root.resolve("data");
        this.log = root.resolve("log");
    }

    // Which servers there are

    /** Majors that WALker runs in and for which there is a server, ascending: for {@code @MethodSource}. */
    public static List<Integer> majors() {
        return versions().stream()
                .map(version -> Integer.parseInt(version.substring(0, version.indexOf('.'))))
                .distinct()
                .collect(Collectors.toList());
    }

    /**
     * Versions that WALker runs in and for which there is a server, ascending, such as {@code 17.7.0}: for
     * {@code @MethodSource}.
     */
    public static List<String> versions() {
        return versions(FIRST_HOST, Integer.MAX_VALUE);
    }

    /** Versions of 10 to 14 for which there is a server: their WAL is read from files only. */
    public static List<String> oldVersions() {
        return versions(0, FIRST_HOST - 1);
    }

    private static List<String> versions(int firstMajor, int lastMajor) {
        return Installation.versions().stream()
                .filter(version -> {
                    int major = Integer.parseInt(version.substring(0, version.indexOf('.')));
                    return major >= firstMajor && major <= lastMajor;
                })
                .collect(Collectors.toList());
    }

    /** Prepares a server of the newest version of a major. */
    public static Builder major(int major) {
        return new Builder(Installation.ofMajor(major));
    }

    /** Prepares a server of a version that {@link #versions} lists. */
    public static Builder version(String version) {
        return new Builder(Installation.ofVersion(version));
    }

    /** Prepares a server that is installed on this machine; empty if it is not. */
    public static Optional<Builder> installed(Path pgConfig) {
        return Installation.installed(pgConfig).map(Builder::new);
    }

    /** A server of an installation. */
    public static Builder of(Installation installation) {
        return new Builder(installation);
    }

    /** What a new server is to be like. */
    public static final class Builder {
        private final Installation installation;
        private final List<String> conf = new ArrayList<>();
        private final List<String> initdb = new ArrayList<>();

        private Builder(Installation installation) {
            this.installation = installation;
        }

        /** Lines for {@code postgresql.conf}. */
        public Builder conf(String... lines) {
            conf.addAll(List.of(lines));
            return this;
        }

        /** Options for {@code initdb}, such as {@code --wal-segsize=1}. */
        public Builder initdb(String... options) {
            initdb.addAll(List.of(options));
            return this;
        }

        /** Makes the database cluster and starts the server. */
        public TestServer start() {
            try {
                return create();
            } catch (IOException e) {
                throw new UncheckedIOException("cannot make a server of " + installation, e);
            }
        }

        private TestServer create() throws IOException {
            Path root = Scratch.directory();
            TestServer server = new TestServer(installation, prefix(installation, root), root);
            boolean started = false;
            try {
                List<String> options = new ArrayList<>(
                        List.of("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"));
                options.addAll(initdb);
                new NewCluster(installation, options).make(server.dataDir, () -> server.initdb(options));
                server.configure(
                        "listen_addresses = '127.0.0.1'",
                        "unix_socket_directories = '" + root + "'",
                        "fsync = off",
                        "shared_buffers = 32MB",
                        "log_line_prefix = '%m [%p] %q%a '");
                if (installation.major() >= FIRST_WITH_JIT) {
                    // Debian's servers compile the queries of oracles, each time for longer than they run.
                    server.configure("jit = off");
                }
                server.configure(conf.toArray(new String[0]));
                server.start();
                started = true;
                return server;
            } finally {
                if (!started) {
                    server.close();
                }
            }
        }
    }

    // Which user runs it

    /** What to put before each program of the server so that it does not run as root. */
    private static List<String> prefix(Installation installation, Path root) throws IOException {
        if (!"root".equals(System.getProperty("user.name"))) {
            return List.of();
        }
        if (installation.isEmbedded() && userNamespacesWork()) {
            return List.of("unshare", "-U");
        }
        String user = installation.isEmbedded() ? "nobody" : "postgres";
        UserPrincipal owner =
                root.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(user);
        Files.setOwner(root, owner);
        return List.of("runuser", "-u", user, "--");
    }

    private static boolean userNamespacesWork() {
        try {
            Command.of("unshare", "-U", "true").run();
            return true;
        } catch (IllegalStateException | UncheckedIOException e) {
            return false;
        }
    }

    /** Runs a program of this server's installation as the user that owns the server; gives its output. */
    public String run(String program, String... arguments) {
        List<String> words = new ArrayList<>(prefix);
        words.add(installation.binDir().resolve(program).toString());
        words.addAll(List.of(arguments));
        return Command.of(words).run();
    }

    private void initdb(List<String> options) {
        List<String> words = new ArrayList<>(List.of("-D", dataDir.toString()));
        words.addAll(options);
        run("initdb", words.toArray(new String[0]));
    }

    // Starting and ending

    /** Appends lines to {@code postgresql.conf}, for the next start or reload. */
    public void configure(String... lines) {
        try {
            Files.write(
                    dataDir.resolve("postgresql.conf"),
                    List.of(lines),
                    StandardCharsets.UTF_8,
                    StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sets something in {@code postgresql.conf}; when new sessions have it, the other processes have been told of it too. */
    public void reload(String line) throws SQLException {
        configure(line);
        execute("SELECT pg_reload_conf()");
        String[] parts = line.split(" = ", 2);
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!parts[1].replace("'", "").equals(query("SELECT current_setting('" + parts[0] + "')"))) {
            if (System.nanoTime() > giveUp) {
                throw new IllegalStateException("setting not taken: " + line + "\n" + endOfLog());
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }

    /** Starts it again after {@link #stop} or {@link #crash}, on the same port. */
    public void start() {
        boolean first = port == 0;
        for (int attempt = 1; ; attempt++) {
            if (first) {
                port = freePort();
            }
            RUNNING.add(this);
            try {
                run(
                        "pg_ctl",
                        "-D",
                        dataDir.toString(),
                        "-l",
                        log.toString(),
                        "-w",
                        "-t",
                        "100",
                        "-o",
                        "-p " + port,
                        "start");
                return;
            } catch (IllegalStateException e) {
                RUNNING.remove(this);
                if (!first || attempt == START_ATTEMPTS || !log().contains("Address already in use")) {
                    throw new IllegalStateException(e.getMessage() + "\n" + endOfLog(), e);
                }
            }
        }
    }

    /**
     * Below the ports that the kernel gives to outgoing connections: one of those could take the port while the server
     * is down for a moment.
     */
    private static int freePort() {
        while (true) {
            int candidate = ThreadLocalRandom.current().nextInt(FIRST_PORT, END_OF_PORTS);
            try (ServerSocket socket = new ServerSocket(candidate, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            } catch (BindException e) {
                // Taken; there are many others.
                continue;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** Shuts it down in the usual way (fast), with a shutdown checkpoint. */
    public void stop() {
        run("pg_ctl", "-D", dataDir.toString(), "-m", "fast", "-w", "-t", "100", "stop");
        RUNNING.remove(this);
    }

    /** {@link #stop} and {@link #start}. */
    public void restart() {
        stop();
        start();
    }

    /** Kills all processes of the server at once, as if the machine had lost power, but nothing written is lost. */
    public void crash() {
        List<ProcessHandle> processes = new ArrayList<>();
        ProcessHandle postmaster = postmaster();
        processes.add(postmaster);
        postmaster.descendants().forEach(processes::add);
        processes.forEach(ProcessHandle::destroyForcibly);
        awaitEnd(processes);
        // The postmaster may have begun another one meanwhile.
        for (List<ProcessHandle> late = inDataDir(); !late.isEmpty(); late = inDataDir()) {
            late.forEach(ProcessHandle::destroyForcibly);
            awaitEnd(late);
        }
        RUNNING.remove(this);
    }

    /** Kills the postmaster alone; its children notice it and end by themselves. */
    public void killPostmaster() {
        ProcessHandle postmaster = postmaster();
        List<ProcessHandle> children = postmaster.descendants().toList();
        postmaster.destroyForcibly();
        awaitEnd(List.of(postmaster));
        awaitEnd(children);
        awaitEnd(inDataDir());
        RUNNING.remove(this);
    }

    private ProcessHandle postmaster() {
        return ProcessHandle.of(postmasterPid())
                .orElseThrow(() -> new IllegalStateException("the server in " + dataDir + " does not run"));
    }

    private static void awaitEnd(List<ProcessHandle> processes) {
        for (ProcessHandle process : processes) {
            process.onExit().orTimeout(60, TimeUnit.SECONDS).join();
        }
    }

    /** All processes of the server have the data directory as their working directory, until they end. */
    private List<ProcessHandle> inDataDir() {
        return ProcessHandle.allProcesses()
                .filter(process -> {
                    try {
                        return Files.readSymbolicLink(Path.of("/proc", Long.toString(process.pid()), "cwd"))
                                .equals(dataDir);
                    } catch (IOException e) {
                        // Ended, or somebody else's.
                        return false;
                    }
                })
                .toList();
    }

    /** Ends it without a checkpoint, so that it recovers when it is started. */
    public void stopImmediately() {
        run("pg_ctl", "-D", dataDir.toString(), "-m", "immediate", "-w", "-t", "100", "stop");
        RUNNING.remove(this);
    }

    private long postmasterPid() {
        try {
            return Long.parseLong(
                    Files.readAllLines(dataDir.resolve("postmaster.pid")).get(0).trim());
        } catch (IOException e) {
            throw new UncheckedIOException("the server in " + dataDir + " does not run", e);
        }
    }

    /** Whether the server was started and neither stopped nor crashed. */
    public boolean isRunning() {
        return RUNNING.contains(this);
    }

    /** Ends it at once if it still runs, and deletes its files. */
    @Override
    public void close() {
        if (isRunning()) {
            stopImmediately();
        }
        Installation.deleteTree(root);
    }

    private void endAtExit() {
        try {
            crash();
        } finally {
            Installation.deleteTree(root);
        }
    }

    /**
     * A standby that follows this server, started. It has its own files and port; the WAL that it wants must be kept.
     *
     * @param conf lines for its {@code postgresql.conf}
     */
    public TestServer standby(String... conf) throws SQLException {
        try {
            Path otherRoot = Scratch.directory();
            TestServer standby = new TestServer(installation, prefix, otherRoot);
            Files.setOwner(otherRoot, Files.getOwner(root));
            boolean started = false;
            try (Connection connection = jdbc();
                    Statement statement = connection.createStatement()) {
                statement.execute("SELECT pg_backup_start('standby', true)");
                copyDataDir(standby.dataDir);
                try (ResultSet rows = statement.executeQuery("SELECT labelfile FROM pg_backup_stop(false)")) {
                    rows.next();
                    write(standby.dataDir.resolve("backup_label"), rows.getString(1));
                }
                write(standby.dataDir.resolve("standby.signal"), "");
                standby.configure(
                        "unix_socket_directories = '" + otherRoot + "'",
                        "primary_conninfo = 'host=127.0.0.1 port=" + port + " user=postgres'");
                standby.configure(conf);
                standby.start();
                started = true;
                return standby;
            } finally {
                if (!started) {
                    Installation.deleteTree(otherRoot);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot copy " + this, e);
        }
    }

    /** What a base backup has: not WAL, slots and what belongs to the running server. */
    private void copyDataDir(Path target) throws IOException {
        List<Path> paths;
        try (Stream<Path> walk = Files.walk(dataDir)) {
            paths = walk.toList();
        }
        for (Path path : paths) {
            Path relative = dataDir.relativize(path);
            String top = relative.getName(0).toString();
            boolean inside = relative.getNameCount() > 1;
            if (top.startsWith("postmaster.")
                    || inside && top.equals("pg_replslot")
                    || inside && top.equals("pg_wal") && !Files.isDirectory(path)) {
                continue;
            }
            Path copy = target.resolve(relative);
            if (Files.isDirectory(path)) {
                Files.createDirectories(copy);
                Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("rwx------"));
            } else if (Files.exists(path)) {
                try {
                    Files.copy(path, copy, StandardCopyOption.COPY_ATTRIBUTES);
                } catch (NoSuchFileException e) {
                    // Dropped meanwhile, which the WAL of the backup tells.
                    continue;
                }
            } else {
                continue;
            }
            Files.setOwner(copy, Files.getOwner(dataDir));
        }
    }

    private void write(Path file, String text) throws IOException {
        Files.writeString(file, text);
        Files.setOwner(file, Files.getOwner(dataDir));
    }

    /** Ends the recovery of a standby, and waits until it takes writes. */
    public void promote() throws SQLException {
        if (!"t".equals(query("SELECT pg_promote(true, 60)"))) {
            throw new IllegalStateException(this + " was not promoted within a minute\n" + endOfLog());
        }
    }

    // Using it

    /** Major version. */
    public int major() {
        return installation.major();
    }

    /** Full version, such as {@code 17.7.0}. */
    public String version() {
        return installation.version();
    }

    /** TCP port on the loopback interface. */
    public int port() {
        return port;
    }

    /** The data directory. */
    public Path dataDir() {
        return dataDir;
    }

    /** The directory of WAL segments. */
    public Path walDir() {
        return dataDir.resolve("pg_wal");
    }

    /** The directory of the data directory, for files that the server may write: tablespaces, archives; its socket too. */
    public Path root() {
        return root;
    }

    /** Makes an empty directory below {@link #root} that belongs to the user who runs the server. */
    public Path directory(String name) {
        try {
            Path directory = Files.createDirectories(root.resolve(name));
            Files.setOwner(directory, Files.getOwner(dataDir));
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where {@code postgres} and its programs are. */
    public Path binDir() {
        return installation.binDir();
    }

    /** Whether the installation has this program; the archives from Maven Central have neither pgbench nor pg_waldump. */
    public boolean hasProgram(String program) {
        return Files.isExecutable(installation.binDir().resolve(program));
    }

    /** The JDBC address of a database. */
    public String url(String database) {
        return "jdbc:postgresql://127.0.0.1:" + port + "/" + database;
    }

    /** A new connection to database {@code postgres} as superuser {@code postgres}; to be closed by the caller. */
    public Connection jdbc() throws SQLException {
        return jdbc("postgres", "postgres");
    }

    /** A new connection; to be closed by the caller. */
    public Connection jdbc(String database, String user) throws SQLException {
        return DriverManager.getConnection(url(database), user, "");
    }

    /** Runs statements one by one, each in a transaction of its own, in database {@code postgres}. */
    public void execute(String... statements) throws SQLException {
        try (Connection connection = jdbc();
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    /** The first column of the first row as text, in database {@code postgres}. */
    public String query(String sql) throws SQLException {
        try (Connection connection = jdbc();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            if (!rows.next()) {
                throw new IllegalStateException("no row from " + sql);
            }
            return rows.getString(1);
        }
    }

    /**
     * Waits until the sessions of tests that were closed have ended: before they do they add what they have done to the
     * statistics. None may be open.
     */
    public void awaitStatistics() throws SQLException {
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        String open = "SELECT coalesce(string_agg(pid || ' ' || query, '; '), '') FROM pg_stat_activity"
                + " WHERE application_name = 'PostgreSQL JDBC Driver' AND pid <> pg_backend_pid()";
        for (String found = query(open); !found.isEmpty(); found = query(open)) {
            if (System.nanoTime() > giveUp) {
                throw new IllegalStateException("sessions that do not end: " + found);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
        }
    }

    /** The last lines of the server's log, for messages. */
    public String endOfLog() {
        List<String> lines = log().lines().toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - LINES_TOLD), lines.size()));
    }

    /** The server's log so far. */
    public String log() {
        try {
            return Files.exists(log) ? Files.readString(log) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String toString() {
        return "PostgreSQL " + version() + " on port " + port;
    }
}
