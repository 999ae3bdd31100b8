package dev.walker.host;

import dev.walker.files.WalEnd;
import dev.walker.files.WalFiles;
import dev.walker.wal.Lsn;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** WAL in files of which a map is made: options of {@code heatmap}, as {@code dump} has them. */
final class OfflineOptions {
    @Option(
            names = {"-p", "--path"},
            paramLabel = "PATH",
            description =
                    "Make the map of the WAL in a directory, a data directory, a segment or a tar file, instead of"
                            + " asking a database; may be given more than once.")
    private List<Path> paths = new ArrayList<>();

    @Option(
            names = {"-s", "--start"},
            paramLabel = "LSN",
            description = "With --path: where to begin; by default with the first segment.")
    private String startText;

    @Option(
            names = {"-e", "--end"},
            paramLabel = "LSN",
            description = "With --path: where to end; by default at the end of WAL.")
    private String endText;

    @Option(
            names = {"-t", "--timeline"},
            paramLabel = "TLI",
            description = "With --path: the timeline to follow; by default the newest one.")
    private Integer timeline;

    @Option(
            names = "--skip-gaps",
            description = "With --path: go on where segments are missing; what was known of pages is not sure then.")
    private boolean skipGaps;

    OfflineOptions() {}

    /** Whether WAL is to be read from files. */
    boolean isOffline() {
        return !paths.isEmpty();
    }

    /** Fails where there are options for files, but no files. */
    void checkNone() {
        if (startText != null || endText != null || timeline != null || skipGaps) {
            throw new UsageException("--start, --end, --timeline and --skip-gaps are for --path");
        }
    }

    /** The files; to be closed by the caller. */
    WalFiles files() {
        if (timeline != null && timeline < 1) {
            throw new UsageException("--timeline is " + timeline + "; wanted 1 or more");
        }
        return new WalFiles(paths, timeline == null ? 0 : timeline);
    }

    /** Where to begin. */
    long start(WalFiles files) {
        return startText == null ? files.firstLsn() : lsn("--start", startText);
    }

    /** Where to end; {@link Lsn#INVALID} for the end of WAL. */
    long end() {
        return endText == null ? Lsn.INVALID : lsn("--end", endText);
    }

    /** Tells why there was no more WAL, if that is not what was asked for; the exit status. */
    int report(WalEnd reached, PrintWriter err) {
        return WalInput.report(reached, endText, err);
    }

    /** Whether to go on after gaps. */
    boolean skipsGaps() {
        return skipGaps;
    }

    private static long lsn(String option, String text) {
        try {
            return Lsn.parse(text);
        } catch (IllegalArgumentException e) {
            throw new UsageException(option + ": " + e.getMessage());
        }
    }
}
