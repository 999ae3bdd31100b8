package dev.walker.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WalSegmentNameTest {
    @ParameterizedTest
    @CsvSource({
        "1, 0/1000000, 16777216, 000000010000000000000001",
        "2, 0/FFFFFFFF, 16777216, 0000000200000000000000FF",
        "2, 1/0, 16777216, 000000020000000100000000",
        "26, 12/34500000, 1048576, 0000001A0000001200000345",
        "1, FFFFFFFF/FFFFFFFF, 1048576, 00000001FFFFFFFF00000FFF",
        "1, 7/C0000000, 1073741824, 000000010000000700000003",
        "-1, 0/100000, 1048576, FFFFFFFF0000000000000001"
    })
    void givesTheNameOfALsnAndBack(int timeline, String lsn, int size, String name) {
        WalSegmentName segment = WalSegmentName.of(timeline, Lsn.parse(lsn), size);
        assertEquals(name, segment.toString());
        assertEquals(segment, WalSegmentName.parse(name, size));
        assertEquals(segment, WalSegmentName.parse(name + ".partial", size));
        assertEquals(Lsn.parse(lsn) & -size, segment.startLsn());
    }

    @Test
    void goesOnBeyondFourGibibytes() {
        WalSegmentName last = WalSegmentName.parse("0000000100000000000000FF", 16 << 20);
        assertEquals("000000010000000100000000", last.next().toString());
    }

    @Test
    void refusesWhatIsNoSegment() {
        assertFalse(WalSegmentName.isSegment("00000002.history"));
        assertFalse(WalSegmentName.isSegment("000000010000000000000001.00000028.backup"));
        assertFalse(WalSegmentName.isSegment("00000001000000000000000a"));
        assertTrue(WalSegmentName.isSegment("00000001000000000000000A.partial"));
        assertThrows(IllegalArgumentException.class, () -> WalSegmentName.parse("xlogtemp.1", 16 << 20));
        // With segments of 16 MiB there are 256 in 4 GiB.
        assertThrows(IllegalArgumentException.class, () -> WalSegmentName.parse("000000010000000000000100", 16 << 20));
        assertThrows(IllegalArgumentException.class, () -> WalSegmentName.parse("000000010000000000000001", 12345));
    }
}
