package dev.walker.host;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class RowPrinterTest {
    private static String table(boolean[] right, String[]... rows) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ByteOutput out = new ByteOutput(bytes)) {
            RowPrinter.table(List.of(rows), right, out);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void numbersStandRightAndTextLeft() {
        assertEquals(
                """
                relation | dead_tuples
                ---------+------------
                größe    |           7
                orders   |       12345
                (2 rows)
                """,
                table(
                        new boolean[] {false, true},
                        new String[] {"relation", "dead_tuples"},
                        new String[] {"größe", "7"},
                        new String[] {"orders", "12345"}));
    }

    @Test
    void noRowsAndOneRow() {
        assertEquals("a\n-\n(0 rows)\n", table(new boolean[] {false}, new String[][] {{"a"}}));
        assertEquals(
                "a  | b\n---+--\nxx |\n(1 row)\n",
                table(new boolean[] {false, false}, new String[] {"a", "b"}, new String[] {"xx", ""}));
    }
}
