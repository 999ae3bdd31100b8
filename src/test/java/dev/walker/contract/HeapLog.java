package dev.walker.contract;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What garbage collection of the walkers' JVMs logs. */
final class HeapLog {
    private static final Pattern BEFORE_COLLECTION = Pattern.compile("(\\d+)M->");

    private final Path directory;

    /** Of walkers that are started from now on. */
    HeapLog(WalkedServer walked) throws Exception {
        directory = walked.server().directory("gc");
        // A small young generation is collected often, so what is garbage is not counted as used.
        walked.addJavaOption("-Xmn16m");
        walked.addJavaOption("-Xlog:gc:file=" + directory + "/%p.log");
    }

    /** The most that a heap held when it was collected, in MB; 0 if none was. */
    long peak() throws IOException {
        List<Path> logs = new ArrayList<>();
        try (Stream<Path> files = Files.list(directory)) {
            files.forEach(logs::add);
        }
        long peak = 0;
        for (Path log : logs) {
            peak = Math.max(
                    peak,
                    BEFORE_COLLECTION
                            .matcher(Files.readString(log))
                            .results()
                            .map(MatchResult::group)
                            .mapToLong(text -> Long.parseLong(text.substring(0, text.indexOf('M'))))
                            .max()
                            .orElse(0));
        }
        return peak;
    }
}
