package dev.walker.testing;

import dev.walker.version.PgVersion;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;

/**
 * WAL that a real server of a major wrote, with what that server says of it; {@code src/test/resources/golden}. Class {@code
 * MakeGolden} makes it anew.
 */
public final class Golden {
    private Golden() {}

    /**
     * A record as the server wrote it, and how the server reads it.
     *
     * @param lsn where it began
     * @param description with timestamps in UTC
     */
    public record Sample(String lsn, String rmgr, String type, String description, byte[] bytes) {
        @Override
        public String toString() {
            return rmgr + " " + type + " at " + lsn;
        }
    }

    /** Records of all kinds, which do not follow each other. */
    public static List<Sample> samples(PgVersion version) {
        List<Sample> samples = new ArrayList<>();
        for (String line : text(gunzip(version, "records.gz"))) {
            String[] fields = line.split("\t", -1);
            samples.add(new Sample(fields[0], fields[1], fields[2], fields[3], RecordBuilder.bytes(fields[4])));
        }
        return samples;
    }

    /** Pages in a row, as they stood in a segment. */
    public static byte[] pages(PgVersion version) {
        return gunzip(version, "pages.gz");
    }

    /** {@code xlp_pageaddr} of the first of some pages. */
    public static long startLsn(byte[] pages) {
        return ByteBuffer.wrap(pages).order(ByteOrder.LITTLE_ENDIAN).getLong(8);
    }

    /** The names of all record types: {@link ServerReading#types}. */
    public static List<String> types(PgVersion version) {
        return text(read(version, "types"));
    }

    /** The samples one after the other, as a server would have written them: with {@code xl_prev} and CRC adapted. */
    public static WalBuilder chain(PgVersion version) {
        WalBuilder wal = new WalBuilder(version);
        for (Sample sample : samples(version)) {
            // After an XLOG_SWITCH the segment ends, and of an OVERWRITE_CONTRECORD the record before is to be there.
            if (!sample.type().equals("SWITCH") && !sample.type().equals("OVERWRITE_CONTRECORD")) {
                wal.add(follow(sample.bytes(), wal.prevLsn()));
            }
        }
        return wal;
    }

    /** A copy of a record that follows another, its CRC computed anew. */
    public static byte[] follow(byte[] record, long prevLsn) {
        byte[] copy = record.clone();
        ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN).putLong(8, prevLsn);
        RecordBuilder.fixCrc(copy);
        return copy;
    }

    private static List<String> text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8).lines().toList();
    }

    private static byte[] gunzip(PgVersion version, String name) {
        try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(read(version, name)))) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            in.transferTo(out);
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] read(PgVersion version, String name) {
        String path = "/golden/pg" + version.major() + "." + name;
        try (InputStream in = Golden.class.getResourceAsStream(path)) {
            if (in == null) {
                throw new IllegalStateException(path + " is not there; class MakeGolden makes it");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
