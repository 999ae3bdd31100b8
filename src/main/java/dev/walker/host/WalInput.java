package dev.walker.host;

import dev.walker.files.WalEnd;
import dev.walker.files.WalFiles;
import dev.walker.jdbc.JdbcWalSource;
import dev.walker.jdbc.RelationCatalog;
import dev.walker.wal.Lsn;
import dev.walker.wal.RelFileLocator;
import dev.walker.wal.WalSegmentName;
import dev.walker.wal.WalSource;
import dev.walker.wal.WalSourceException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which WAL is to be read: the options that {@code dump} and {@code stats} share. */
final class WalInput implements AutoCloseable {
    private static final String OLDEST = "SELECT pg_catalog.min(name) FROM pg_catalog.pg_ls_waldir()"
            + " WHERE name ~ '^[0-9A-F]{24}$' AND pg_catalog.left(name, 8) = '%08X'";

    @Option(
            names = {"-p", "--path"},
            paramLabel = "PATH",
            description =
                    "A directory with WAL segments, a data directory, a segment or a tar file of them; may be given more"
                            + " than once. Endings .partial, .gz, .lz4 and .zst are understood. Where only --start or SEGMENT is"
                            + " given, it is the current directory, its pg_wal or that of $PGDATA.")
    private List<Path> paths = new ArrayList<>();

    @Parameters(
            paramLabel = "SEGMENT",
            description =
                    "The segment to begin with, and the one to end with (by default the same), in the directory that"
                            + " --path names; or more files after --path FILE.")
    private List<Path> segments = new ArrayList<>();

    @Option(
            names = "--source-url",
            paramLabel = "URL",
            description =
                    "A running server, such as jdbc:postgresql://HOST:PORT/DATABASE?user=USER. Its WAL is read if there"
                            + " is no --path, and relations have names instead of numbers.")
    private String sourceUrl;

    @Option(
            names = {"-s", "--start"},
            paramLabel = "LSN",
            description = "Where to begin; by default with the first segment.")
    private String startText;

    @Option(
            names = {"-e", "--end"},
            paramLabel = "LSN",
            description = "Where to end; by default at the end of WAL.")
    private String endText;

    @Option(
            names = {"-t", "--timeline"},
            paramLabel = "TLI",
            description = "The timeline to follow, in decimal or as 0x1F; by default the newest one.")
    private String timelineText;

    @Option(
            names = "--skip-gaps",
            description = "Go on where segments are missing, and tell which, instead of failing.")
    private boolean skipGaps;

    private Connection connection;
    private RelationCatalog catalog;
    private long start;
    private long end;

    WalInput() {}

    /** Sets one of the options that have one value; false if it is none of them, or is set. */
    boolean set(String name, String value) {
        switch (name) {
            case "-p", "--path":
                return paths.isEmpty() && paths.add(Path.of(value));
            case "-s", "--start":
                boolean hasNoStart = startText == null;
                startText = value;
                return hasNoStart;
            case "-e", "--end":
                boolean hasNoEnd = endText == null;
                endText = value;
                return hasNoEnd;
            default:
                return false;
        }
    }

    /** Reads the options; nothing is opened yet. */
    private void prepare() {
        start = startText == null ? Lsn.INVALID : lsn("--start", startText);
        end = endText == null ? Lsn.INVALID : lsn("--end", endText);
        endText = end == Lsn.INVALID ? null : endText;
        if (start != Lsn.INVALID && end != Lsn.INVALID && Lsn.isBefore(end, start)) {
            throw new UsageException("--end " + endText + " is before --start " + startText);
        }
        if (isLive() && sourceUrl == null && startText != null) {
            placeOf(usualPlaces(), WalInput::isSegmentName).ifPresent(paths::add);
        }
        if (isLive() && sourceUrl == null) {
            throw new UsageException("no WAL to read; wanted --path PATH, a segment or --source-url URL");
        }
        if (isLive() && timelineText != null) {
            throw new UsageException("--timeline wants --path; a server has one timeline");
        }
    }

    /** Where pg_waldump looks for WAL if nobody says where it is. */
    private static List<Path> usualPlaces() {
        List<Path> places = new ArrayList<>(List.of(Path.of("."), Path.of("pg_wal")));
        String dataDirectory = System.getenv("PGDATA");
        if (dataDirectory != null && !dataDirectory.isEmpty()) {
            places.add(Path.of(dataDirectory, "pg_wal"));
        }
        return places;
    }

    /** The first of some directories that has a file with a wanted name; those that cannot be listed have none. */
    static Optional<Path> placeOf(List<Path> places, Predicate<String> isWanted) {
        return places.stream()
                .filter(place -> {
                    String[] names = place.toFile().list();
                    return names != null && Stream.of(names).anyMatch(isWanted);
                })
                .findFirst();
    }

    private static long lsn(String option, String text) {
        try {
            return Lsn.parse(text);
        } catch (IllegalArgumentException e) {
            throw new UsageException(option + ": " + e.getMessage());
        }
    }

    private int timeline() {
        if (timelineText == null) {
            return 0;
        }
        boolean hex = timelineText.startsWith("0x") || timelineText.startsWith("0X");
        try {
            int value = Integer.parseUnsignedInt(hex ? timelineText.substring(2) : timelineText, hex ? 16 : 10);
            if (value != 0) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new UsageException("--timeline is \"" + timelineText + "\"; wanted a number, such as 2 or 0x1F");
        }
        throw new UsageException("--timeline is 0; timelines count from 1");
    }

    /** Whether WAL comes from a server. */
    boolean isLive() {
        return paths.isEmpty() && segments.isEmpty();
    }

    /** Reads the options and connects to the server, if there is one. */
    void open() throws SQLException {
        prepare();
        if (sourceUrl != null) {
            connection = Database.connect("--source-url", sourceUrl);
            connection.setReadOnly(true);
            catalog = new RelationCatalog(connection);
        }
    }

    /** Names of relations, as far as there is a server to ask. */
    RelationNames names() {
        return catalog == null ? RelationNames.NONE : names(catalog);
    }

    /** Names of relations, as a catalog has them. */
    static RelationNames names(RelationCatalog catalog) {
        return (spcOid, dbOid, relNumber) -> {
            try {
                return catalog.nameOf(spcOid, dbOid, relNumber);
            } catch (SQLException e) {
                throw new WalSourceException("cannot ask the server for the name of a relation: " + e.getMessage(), e);
            }
        };
    }

    /** Gives the filter the locator of the relation that it names. */
    void resolve(RecordFilter filter) throws SQLException {
        String name = filter.relationName();
        if (name.isEmpty()) {
            return;
        }
        if (catalog == null) {
            throw new UsageException("--relation is \"" + name
                    + "\"; without --source-url wanted TABLESPACE/DATABASE/RELFILENODE, such as 1663/5/16384");
        }
        RelFileLocator locator = catalog.locatorOf(name)
                .orElseThrow(() -> new CommandException("--relation: \"" + name + "\" has no files"));
        filter.relation(locator);
    }

    /** The files, to be closed by the caller. Sets where to begin and to end, too. */
    WalFiles files() {
        List<Path> all = new ArrayList<>(paths);
        boolean inDirectory = paths.isEmpty() || paths.size() == 1 && Files.isDirectory(paths.get(0));
        if (!segments.isEmpty() && inDirectory) {
            return filesFrom(all);
        }
        all.addAll(segments);
        WalFiles files = new WalFiles(all, timeline());
        start = start == Lsn.INVALID ? files.firstLsn() : start;
        return files;
    }

    /** As pg_waldump has it: the directory is that of the first segment if there is none, and the names tell the LSNs. */
    private WalFiles filesFrom(List<Path> directory) {
        if (segments.size() > 2) {
            throw new UsageException("found " + segments.size()
                    + " segments, wanted the first and the last one; or --path before a list of files");
        }
        Path first = segments.get(0);
        if (directory.isEmpty()) {
            Path parent = first.getParent();
            directory.add(
                    parent == null
                            ? placeOf(usualPlaces(), first.toString()::equals).orElse(Path.of("."))
                            : parent);
        }
        String firstName = segmentName(first);
        String lastName = segmentName(segments.get(segments.size() - 1));
        int timeline = timelineText == null ? Integer.parseUnsignedInt(firstName, 0, 8, 16) : timeline();
        WalFiles files = new WalFiles(directory, timeline);
        boolean done = false;
        try {
            WalSegmentName begin = WalSegmentName.parse(firstName, files.segmentSize());
            WalSegmentName last = WalSegmentName.parse(lastName, files.segmentSize());
            if (Lsn.isBefore(last.startLsn(), begin.startLsn())) {
                throw new UsageException("ENDSEG " + lastName + " is before STARTSEG " + firstName);
            }
            long after = last.next().startLsn();
            if (start == Lsn.INVALID) {
                start = begin.startLsn();
            } else if (Lsn.isBefore(start, begin.startLsn())
                    || !Lsn.isBefore(start, begin.startLsn() + files.segmentSize())) {
                throw new UsageException("--start " + startText + " is not in segment " + firstName);
            }
            if (!skipGaps) {
                files.require(begin);
                files.require(last);
            }
            if (end == Lsn.INVALID) {
                end = after;
            } else if (segments.size() == 2 && Lsn.isBefore(after, end)) {
                throw new UsageException("--end " + endText + " is after segment " + lastName);
            }
            done = true;
            return files;
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        } finally {
            if (!done) {
                files.close();
            }
        }
    }

    private static String segmentName(Path path) {
        String name = path.getFileName().toString();
        if (!isSegmentName(name)) {
            throw new UsageException(
                    "\"" + name + "\" is no name of a WAL segment; wanted 24 upper-case hexadecimal digits");
        }
        return name.substring(0, WalSegmentName.LENGTH);
    }

    private static boolean isSegmentName(String name) {
        return name.length() >= WalSegmentName.LENGTH
                && WalSegmentName.isSegment(name.substring(0, WalSegmentName.LENGTH));
    }

    /** The records from the start to the end that the options give. */
    RecordStream stream(boolean follow, Runnable beforeWaiting, PrintWriter err) throws SQLException {
        if (!isLive()) {
            WalFiles files = files();
            return new FileStream(files, start, end, skipGaps, follow, beforeWaiting, message -> warn(err, message));
        }
        WalSource source = new JdbcWalSource(connection);
        if (start == Lsn.INVALID) {
            start = follow ? source.readableUpTo() : oldest(connection, source);
        }
        return new LiveStream(source, start, end, follow, beforeWaiting);
    }

    static void warn(PrintWriter err, String message) {
        err.println("walker: " + message);
        err.flush();
    }

    /** Where the oldest segment begins that a server has on its timeline. */
    static long oldest(Connection connection, WalSource source) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(String.format(OLDEST, source.timeline()))) {
            row.next();
            return WalSegmentName.parse(row.getString(1), source.segmentSize()).startLsn();
        }
    }

    /** Where to begin, known once WAL is opened. */
    long start() {
        return start;
    }

    /** Where to end, 0 for the end of WAL. */
    long end() {
        return end;
    }

    /** Whether {@code --start} was given. */
    boolean isStartGiven() {
        return startText != null;
    }

    boolean skipsGaps() {
        return skipGaps;
    }

    /** Tells why there is no more, if that is not what was asked for; the exit status. */
    int report(WalEnd reached, PrintWriter err) {
        return report(reached, endText, err);
    }

    /** The same where an end was asked for, or null. */
    static int report(WalEnd reached, String endText, PrintWriter err) {
        switch (reached.kind()) {
            case UNTIL:
                return 0;
            case TIP:
                if (endText != null) {
                    warn(
                            err,
                            "WAL ends at " + Lsn.format(reached.lsn()) + ", before --end " + endText + ": "
                                    + reached.reason());
                    return 1;
                }
                warn(err, "end of WAL at " + Lsn.format(reached.lsn()) + ": " + reached.reason());
                return 0;
            case GAP:
                warn(err, reached.reason() + "; --skip-gaps goes on after it");
                return 1;
            default:
                warn(
                        err,
                        "damaged WAL at " + Lsn.format(reached.lsn()) + ", though WAL goes on after it: "
                                + reached.reason());
                return 1;
        }
    }

    @Override
    public void close() throws SQLException {
        if (connection != null) {
            connection.close();
        }
    }
}
