package dev.walker.wal;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * From which timelines a timeline came: the content of {@code TTTTTTTT.history} ({@code readTimeLineHistory},
 * access/timeline.h). Each line has a timeline, the LSN at which the next one left it, and a reason. That LSN may be lower than
 * the one of the line before: recovery to a point before an earlier promotion still names the timeline of that promotion, of
 * which nothing counts then.
 */
public final class TimelineHistory {
    /**
     * A stretch of WAL on one timeline.
     *
     * @param timeline unsigned 32-bit
     * @param begin its first byte
     * @param end the byte after its last one; all ones for the last timeline
     */
    public record Stretch(int timeline, long begin, long end) {}

    private final List<Stretch> newestFirst;

    private TimelineHistory(List<Stretch> newestFirst) {
        this.newestFirst = newestFirst;
    }

    /** A timeline without a history file: timeline 1, or one whose file is not there. */
    public static TimelineHistory none(int timeline) {
        return new TimelineHistory(List.of(new Stretch(timeline, Lsn.INVALID, -1L)));
    }

    /**
     * Reads a history file.
     *
     * @param name of the file, for messages
     * @throws WalSourceException if a line is wrong
     */
    public static TimelineHistory parse(String name, int timeline, List<String> lines) {
        List<Stretch> oldestFirst = new ArrayList<>();
        long begin = Lsn.INVALID;
        int number = 0;
        int before = 0;
        for (String line : lines) {
            number++;
            String text = line.strip();
            if (text.isEmpty() || text.startsWith("#")) {
                continue;
            }
            String[] fields = text.split("\\s+", 3);
            String where = "timeline history file " + name + ", line " + number + ": ";
            if (fields.length < 2) {
                throw new WalSourceException(
                        where + "found \"" + text + "\", wanted a timeline, the LSN where it was left, and a reason");
            }
            int parent = parseTimeline(fields[0], where);
            if (Integer.compareUnsigned(parent, before) <= 0 || Integer.compareUnsigned(parent, timeline) >= 0) {
                throw new WalSourceException(where + "timeline " + Integer.toUnsignedString(parent)
                        + ", wanted one above " + Integer.toUnsignedString(before) + " and below "
                        + Integer.toUnsignedString(timeline));
            }
            long end;
            try {
                end = Lsn.parse(fields[1]);
            } catch (IllegalArgumentException e) {
                throw new WalSourceException(where + e.getMessage(), e);
            }
            oldestFirst.add(new Stretch(parent, begin, end));
            begin = end;
            before = parent;
        }
        oldestFirst.add(new Stretch(timeline, begin, -1L));
        return new TimelineHistory(clip(oldestFirst));
    }

    /** The newest first, each up to where the first newer one begins, as {@code tliOfPointInHistory} finds them. */
    private static List<Stretch> clip(List<Stretch> oldestFirst) {
        List<Stretch> newestFirst = new ArrayList<>();
        long limit = -1L;
        for (int i = oldestFirst.size() - 1; i >= 0; i--) {
            Stretch whole = oldestFirst.get(i);
            long end = Lsn.isBefore(limit, whole.end()) ? limit : whole.end();
            if (!Lsn.isBefore(end, whole.begin())) {
                newestFirst.add(new Stretch(whole.timeline(), whole.begin(), end));
                limit = whole.begin();
            }
        }
        return List.copyOf(newestFirst);
    }

    private static int parseTimeline(String text, String where) {
        try {
            return Integer.parseUnsignedInt(text);
        } catch (NumberFormatException e) {
            throw new WalSourceException(where + "found \"" + text + "\", wanted the number of a timeline", e);
        }
    }

    /** The stretches, the newest timeline first. */
    public List<Stretch> newestFirst() {
        return newestFirst;
    }

    /** The last timeline. */
    public int timeline() {
        return newestFirst.get(0).timeline();
    }

    /** The timeline on which the byte at an LSN is. */
    public int timelineAt(long lsn) {
        return stretchAt(lsn).timeline();
    }

    /** The stretch that has the byte at an LSN. */
    public Stretch stretchAt(long lsn) {
        for (Stretch stretch : newestFirst) {
            if (!Lsn.isBefore(lsn, stretch.begin())) {
                return stretch;
            }
        }
        return newestFirst.get(newestFirst.size() - 1);
    }

    /** The stretch on a timeline, if this history has one. */
    public Optional<Stretch> stretchOf(int timeline) {
        return newestFirst.stream()
                .filter(stretch -> stretch.timeline() == timeline)
                .findFirst();
    }
}
