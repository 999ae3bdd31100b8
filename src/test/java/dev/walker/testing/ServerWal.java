package dev.walker.testing;

import dev.walker.wal.Lsn;
import dev.walker.wal.ReadStatus;
import dev.walker.wal.WalReader;
import dev.walker.wal.WalRecord;
import dev.walker.wal.WalSegmentName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;

/** The WAL files of a server that runs. */
public final class ServerWal {
    private ServerWal() {}

    /** What is done with each record. */
    public interface Visitor {
        /** Gets a record, which is valid until the next. */
        void visit(WalRecord record) throws SQLException;
    }

    /** Goes over the records that begin from {@code start} to before {@code end}; damage before the end is an error. */
    public static void walk(TestServer server, long start, long end, int segmentSize, Visitor visitor)
            throws SQLException, IOException {
        WalReader reader = new WalReader(
                start, segmentSize, Long.parseLong(server.query("SELECT system_identifier FROM pg_control_system()")));
        reader.limit(end);
        WalRecord record = new WalRecord();
        while (true) {
            if (reader.next(record) == ReadStatus.RECORD) {
                visitor.visit(record);
                continue;
            }
            long wanted = reader.wantedLsn();
            if (!Lsn.isBefore(wanted, end)) {
                return;
            }
            byte[] segment = Files.readAllBytes(segment(server, wanted, segmentSize));
            int at = Lsn.segmentOffset(wanted, segmentSize);
            reader.feed(segment, at, segment.length - at);
        }
    }

    /** The file that has a LSN; that of the newest timeline has what the older ones have. */
    public static Path segment(TestServer server, long lsn, int segmentSize) {
        Path promoted =
                server.walDir().resolve(WalSegmentName.of(2, lsn, segmentSize).toString());
        return Files.exists(promoted)
                ? promoted
                : server.walDir().resolve(WalSegmentName.of(1, lsn, segmentSize).toString());
    }
}
