package dev.walker.files;

import dev.walker.bytes.WalBytes;
import dev.walker.version.PgVersion;
import dev.walker.wal.Lsn;
import dev.walker.wal.TimelineHistory;
import dev.walker.wal.WalReader;
import dev.walker.wal.WalSegmentName;
import dev.walker.wal.WalSourceException;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarFile;

/**
 * The segments of one timeline, and of those it came from, that some files hold: what was there when it was made.
 *
 * <p>Segment size and system identifier are those of the first long page header. A segment of an older timeline counts up
 * to the LSN where the timeline was left; from there on, and in the segment that holds this LSN, a newer one is taken.
 * Safe for use by many threads; the readers are not.
 */
public final class WalFiles implements AutoCloseable {
    /**
     * A segment.
     *
     * @param file that has its bytes
     * @param name of the segment
     * @param validLength how many of its bytes are of the timeline that is followed
     */
    record Segment(WalFile file, WalSegmentName name, int validLength) {}

    private static final int XLP_SYSID_AT = 24;
    private static final int XLP_SEG_SIZE_AT = 32;

    private final List<Path> paths;
    private final int wantedTimeline;
    private final String place;
    private final Map<String, WalFile> segmentFiles = new HashMap<>();
    private final Map<String, WalFile> historyFiles = new HashMap<>();
    /** The directory for what is unpacked; null as long as there is nothing. */
    private Path temporary;

    private int unpacked;
    private final int segmentSize;
    private final long systemIdentifier;
    private final TimelineHistory history;
    private final int timeline;
    /** By number of the segment. */
    private final NavigableMap<Long, Segment> segments = new TreeMap<>(Long::compareUnsigned);

    /**
     * Lists what is there.
     *
     * @param paths directories (a data directory stands for its {@code pg_wal}), segments, history files and tar files
     * @param timeline the timeline to follow, 0 for the newest one
     * @throws WalSourceException if something cannot be read, or if there is no segment
     */
    public WalFiles(List<Path> paths, int timeline) {
        this.paths = List.copyOf(paths);
        this.wantedTimeline = timeline;
        StringJoiner names = new StringJoiner(", ");
        for (Path path : paths) {
            names.add(path.toString());
        }
        this.place = names.toString();
        boolean done = false;
        try {
            for (Path path : paths) {
                addPath(path);
            }
            if (segmentFiles.isEmpty()) {
                throw new WalSourceException("no WAL segments in " + place
                        + "; wanted files such as 000000010000000000000001, plain or with .gz, .lz4, .zst or .partial");
            }
            long[] known = firstLongHeader();
            this.systemIdentifier = known[0];
            this.segmentSize = (int) known[1];
            this.timeline = timeline == 0 ? newestTimeline() : timeline;
            this.history = readHistory();
            chooseSegments();
            done = true;
        } finally {
            if (!done) {
                close();
            }
        }
    }

    /** The same paths and timeline, listed anew; this one is to be closed. */
    public WalFiles again() {
        return new WalFiles(paths, wantedTimeline);
    }

    // Listing

    private void addPath(Path path) {
        try {
            if (Files.isDirectory(path)) {
                addDirectory(path);
            } else {
                addFile(path.getFileName().toString(), path, true);
            }
        } catch (NoSuchFileException e) {
            throw new WalSourceException("no such file or directory: " + e.getFile(), e);
        } catch (IOException e) {
            throw new WalSourceException("cannot read " + path + ": " + describe(e), e);
        }
    }

    private void addDirectory(Path directory) throws IOException {
        Path inside = directory.resolve("pg_wal");
        Path walDirectory = Files.isDirectory(inside) ? inside : directory;
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(walDirectory)) {
            for (Path file : all) {
                if (Files.isRegularFile(file)) {
                    files.add(file);
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        Collections.sort(files);
        int before = segmentFiles.size();
        for (Path file : files) {
            String name = file.getFileName().toString();
            if (!isTar(name)) {
                addFile(name, file, false);
            }
        }
        if (segmentFiles.size() == before) {
            for (Path file : files) {
                if (isTar(file.getFileName().toString())) {
                    addTar(file);
                }
            }
        }
    }

    private void addFile(String name, Path path, boolean named) throws IOException {
        if (isTar(name)) {
            addTar(path);
            return;
        }
        long size;
        try {
            size = Files.size(path);
        } catch (NoSuchFileException e) {
            if (named) {
                throw e;
            }
            // A server that lives in the directory has just removed or renamed it.
            return;
        }
        if (!add(WalFile.of(path.toString(), name, path, 0, size)) && named) {
            throw new WalSourceException(
                    path + " is neither a WAL segment, a timeline history file nor a tar file, judged"
                            + " by its name; a segment has 24 upper-case hexadecimal digits, then .partial, .gz, .lz4, .zst or"
                            + " nothing");
        }
    }

    private boolean add(WalFile file) {
        if (WalSegmentName.isSegment(file.baseName())) {
            addBetter(segmentFiles, file);
            return true;
        }
        if (file.baseName().matches("[0-9A-F]{8}\\.history")) {
            addBetter(historyFiles, file);
            return true;
        }
        return false;
    }

    private static void addBetter(Map<String, WalFile> files, WalFile file) {
        WalFile old = files.get(file.baseName());
        if (old == null || file.isBetterThan(old)) {
            files.put(file.baseName(), file);
        }
    }

    // Tar files

    private static boolean isTar(String name) {
        return name.endsWith(".tgz") || Compression.ofName(name).strip(name).endsWith(".tar");
    }

    private void addTar(Path path) throws IOException {
        Compression compression =
                path.toString().endsWith(".tgz") ? Compression.GZIP : Compression.ofName(path.toString());
        if (compression != Compression.NONE) {
            unpackTar(path, compression);
            return;
        }
        try (TarFile tar = new TarFile(path)) {
            for (TarArchiveEntry entry : tar.getEntries()) {
                if (isWanted(entry) && entry.isSparse()) {
                    // Its bytes are in pieces.
                    try (InputStream content = tar.getInputStream(entry)) {
                        unpack(path, entry, content);
                    }
                } else if (isWanted(entry)) {
                    add(WalFile.of(
                            path + ":" + entry.getName(),
                            baseName(entry.getName()),
                            path,
                            entry.getDataOffset(),
                            entry.getSize()));
                }
            }
        } catch (RuntimeException e) {
            throw new IOException(describe(e), e);
        }
    }

    private static boolean isWanted(TarArchiveEntry entry) {
        String name = baseName(entry.getName());
        String base = WalFile.of(name, name, Path.of(""), 0, 0).baseName();
        return entry.isFile() && (WalSegmentName.isSegment(base) || base.endsWith(".history"));
    }

    /** Adds an entry of a tar file whose bytes go to a temporary directory first. */
    private void unpack(Path path, TarArchiveEntry entry, InputStream content) throws IOException {
        if (temporary == null) {
            temporary = Files.createTempDirectory("walker-tar");
        }
        unpacked++;
        String name = baseName(entry.getName());
        Path target = temporary.resolve(unpacked + "-" + name);
        Files.copy(content, target);
        add(WalFile.of(path + ":" + entry.getName(), name, target, 0, Files.size(target)));
    }

    /** One can read a compressed tar file from its start only, so what is needed of it goes to a temporary directory. */
    private void unpackTar(Path path, Compression compression) throws IOException {
        WalFile whole = new WalFile(path.toString(), "", path, 0, Files.size(path), compression, false);
        try (InputStream content = whole.open();
                TarArchiveInputStream tar = new TarArchiveInputStream(content)) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                if (isWanted(entry)) {
                    unpack(path, entry, tar);
                }
            }
        } catch (RuntimeException e) {
            throw new IOException(describe(e), e);
        }
    }

    private static String baseName(String entryName) {
        return entryName.substring(entryName.lastIndexOf('/') + 1);
    }

    // What the files tell

    /** System identifier and segment size, from the first page of the first segment that was ever written to. */
    private long[] firstLongHeader() {
        String rejected = "";
        for (String name : new TreeSet<>(segmentFiles.keySet())) {
            WalFile file = segmentFiles.get(name);
            byte[] header = new byte[WalReader.LONG_PAGE_HEADER];
            int length;
            try (InputStream content = file.open()) {
                length = content.readNBytes(header, 0, header.length);
            } catch (EOFException e) {
                length = 0;
            } catch (IOException | RuntimeException e) {
                throw new WalSourceException("cannot read " + file.name() + ": " + describe(e), e);
            }
            WalBytes bytes = WalBytes.of(header);
            long segSize = bytes.u32(XLP_SEG_SIZE_AT);
            int magic = bytes.u16(0);
            if (length == header.length && PgVersion.byPageMagic(magic).isPresent()) {
                if (WalSegmentName.isSegmentSize(segSize)) {
                    return new long[] {bytes.u64(XLP_SYSID_AT), segSize};
                }
                throw new WalSourceException(
                        file.name() + ": xlp_seg_size " + segSize + ", wanted a power of two from 1 MiB to 1 GiB");
            }
            if (rejected.isEmpty()) {
                rejected = file.name()
                        + (length < header.length
                                ? " has " + length + " bytes, wanted at least " + header.length
                                : String.format(
                                        Locale.ROOT,
                                        ": xlp_magic 0x%04X, wanted that of a PostgreSQL from %d to %d",
                                        magic,
                                        PgVersion.values()[0].major(),
                                        PgVersion.values()[PgVersion.values().length - 1].major()));
            }
        }
        throw new WalSourceException("no segment with WAL of a known version in " + place + "; " + rejected);
    }

    private int newestTimeline() {
        int newest = 0;
        for (String name : segmentFiles.keySet()) {
            int each = Integer.parseUnsignedInt(name, 0, 8, 16);
            newest = Integer.compareUnsigned(each, newest) > 0 ? each : newest;
        }
        return newest;
    }

    private TimelineHistory readHistory() {
        WalFile file = historyFiles.get(WalSegmentName.hex(timeline) + ".history");
        if (file == null) {
            return TimelineHistory.none(timeline);
        }
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(file.open(), StandardCharsets.UTF_8))) {
            return TimelineHistory.parse(
                    file.name(), timeline, reader.lines().limit(1 << 16).toList());
        } catch (WalSourceException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            throw new WalSourceException("cannot read " + file.name() + ": " + describe(e), e);
        }
    }

    private void chooseSegments() {
        // The newest timeline first; what it has is not taken from an older one.
        for (TimelineHistory.Stretch stretch : history.newestFirst()) {
            String prefix = WalSegmentName.hex(stretch.timeline());
            for (Map.Entry<String, WalFile> entry : segmentFiles.entrySet()) {
                if (!entry.getKey().startsWith(prefix)) {
                    continue;
                }
                WalSegmentName name;
                try {
                    name = WalSegmentName.parse(entry.getKey(), segmentSize);
                } catch (IllegalArgumentException e) {
                    throw new WalSourceException(entry.getValue().name() + ": " + e.getMessage(), e);
                }
                long start = name.startLsn();
                boolean begins = !Lsn.isBefore(start + segmentSize - 1, stretch.begin());
                if (begins && Lsn.isBefore(start, stretch.end())) {
                    long valid = stretch.end() - start;
                    int validLength = Long.compareUnsigned(valid, segmentSize) < 0 ? (int) valid : segmentSize;
                    segments.putIfAbsent(name.segmentNumber(), new Segment(entry.getValue(), name, validLength));
                }
            }
        }
        if (segments.isEmpty()) {
            String there = segmentFiles.keySet().stream()
                    .map(name -> Integer.parseUnsignedInt(name, 0, 8, 16))
                    .distinct()
                    .sorted(Integer::compareUnsigned)
                    .map(Integer::toUnsignedString)
                    .collect(Collectors.joining(", "));
            throw new WalSourceException("no segment of timeline " + Integer.toUnsignedString(timeline) + " in " + place
                    + "; there are segments of timeline " + there);
        }
    }

    static String describe(Exception e) {
        return e.getMessage() == null
                ? e.getClass().getSimpleName()
                : e.getClass().getSimpleName() + ": " + e.getMessage();
    }

    // What is known

    /** {@code system_identifier} of the cluster, unsigned. */
    public long systemIdentifier() {
        return systemIdentifier;
    }

    /** Bytes of a segment. */
    public int segmentSize() {
        return segmentSize;
    }

    /** The timeline that is followed. */
    public int timeline() {
        return timeline;
    }

    /** LSN of the first byte of the first segment. */
    public long firstLsn() {
        long start = segments.firstEntry().getValue().name().startLsn();
        return start == Lsn.INVALID ? WalReader.LONG_PAGE_HEADER : start;
    }

    /** The numbers of the segments that are there, ascending, from one LSN to another; {@code end} 0 for no end. */
    public List<Long> segmentNumbers(long start, long end) {
        NavigableMap<Long, Segment> tail = segments.tailMap(Lsn.segmentNumber(start, segmentSize), true);
        if (end != Lsn.INVALID) {
            if (!Lsn.isBefore(start, end)) {
                return List.of();
            }
            tail = tail.headMap(Lsn.segmentNumber(end - 1, segmentSize), true);
        }
        return List.copyOf(tail.keySet());
    }

    /** Bytes of the files, as they are stored, of the segments that {@link #segmentNumbers} tells. */
    public long storedBytes(List<Long> numbers) {
        long sum = 0;
        for (Long number : numbers) {
            sum += segments.get(number).file().size();
        }
        return sum;
    }

    /**
     * Looks whether a segment that somebody has named is there, of whatever timeline its WAL is.
     *
     * @throws WalSourceException if it is not
     */
    public void require(WalSegmentName name) {
        if (!segments.containsKey(name.segmentNumber())) {
            throw new WalSourceException("there is no segment " + name + " in " + place);
        }
    }

    Segment segment(long number) {
        return segments.get(number);
    }

    /** Start of the first segment after the one that holds {@code lsn}; 0 if there is none. */
    long nextSegmentLsn(long lsn) {
        Map.Entry<Long, Segment> next = segments.higherEntry(Lsn.segmentNumber(lsn, segmentSize));
        return next == null ? Lsn.INVALID : next.getValue().name().startLsn();
    }

    /** Numbers of the segments, the last one first. */
    List<Long> fromTheLast() {
        return segments.keySet().stream()
                .sorted(Comparator.comparing((Long number) -> number, Long::compareUnsigned)
                        .reversed())
                .toList();
    }

    /** What an LSN is in, for messages: the file that has it, or the segment that should. */
    String nameOf(long lsn) {
        Segment segment = segments.get(Lsn.segmentNumber(lsn, segmentSize));
        return segment == null
                ? "segment " + segmentNameAt(lsn)
                : segment.file().name();
    }

    private WalSegmentName segmentNameAt(long lsn) {
        return WalSegmentName.of(history.timelineAt(lsn), lsn, segmentSize);
    }

    /** The end that WAL comes to at an LSN for which there are no bytes. */
    WalEnd endAt(long position, long wanted) {
        Segment segment = segments.get(Lsn.segmentNumber(wanted, segmentSize));
        long resume = nextSegmentLsn(wanted);
        String reason;
        if (segment == null && resume == Lsn.INVALID) {
            return new WalEnd(
                    WalEnd.Kind.TIP, position, "there is no segment " + segmentNameAt(wanted) + " in " + place, 0);
        } else if (segment == null) {
            WalSegmentName first = segmentNameAt(wanted);
            WalSegmentName last = segmentNameAt(resume - 1);
            reason = (first.equals(last) ? "segment " + first + " is" : "segments " + first + " to " + last + " are")
                    + " missing in " + place;
        } else if (Lsn.segmentOffset(wanted, segmentSize) >= segment.validLength()) {
            reason = "timeline " + Integer.toUnsignedString(segment.name().timeline()) + " was left at "
                    + Lsn.format(wanted) + ", and segment " + segmentNameAt(wanted) + " is missing in " + place;
        } else {
            reason = segment.file().name() + " ends at byte " + Lsn.segmentOffset(wanted, segmentSize) + ", wanted "
                    + segmentSize + " bytes";
        }
        if (resume == Lsn.INVALID) {
            return new WalEnd(WalEnd.Kind.TIP, position, reason, 0);
        }
        return new WalEnd(
                WalEnd.Kind.GAP,
                position,
                "no WAL from " + Lsn.format(wanted) + " to " + Lsn.format(resume) + ": " + reason,
                resume);
    }

    /** Deletes what was unpacked. */
    @Override
    public void close() {
        if (temporary == null) {
            return;
        }
        try (Stream<Path> all = Files.walk(temporary)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new WalSourceException("cannot delete " + temporary + ": " + describe(e), e);
        }
        temporary = null;
    }

    @Override
    public String toString() {
        return segments.size() + " segments of timeline " + Integer.toUnsignedString(timeline) + " in " + place;
    }
}
