package dev.walker.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class PrintableTest {
    private static final String HOSTILE = "public.\"a\r\nb\u001b[31m\u009bc\u00e9\"";
    private static final String CLEAN = "public.\"a b [31m c\u00e9\"";

    @Test
    void controlCharactersAreBlanks() {
        assertEquals(CLEAN, Printable.of(HOSTILE));
        assertSame(CLEAN, Printable.of(CLEAN));
    }

    /** A name with a line break tore the table, one with an escape sequence went to the terminal as it was. */
    @Test
    void namesOfRelationsDoNotTearTables() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ByteOutput out = new ByteOutput(bytes)) {
            StatisticsTable table = new StatisticsTable(List.of("relation"), "Relation", true);
            table.add(List.of(HOSTILE), 1, 10, 0);
            table.write(DumpCommand.Format.text, 1, 2, out);
            new RowPrinter().rows(List.of("relation"), List.<Object[]>of(new Object[] {HOSTILE}), out);
        }
        String[] lines = bytes.toString(StandardCharsets.UTF_8).split("\n");
        assertEquals(6 + 4, lines.length);
        assertEquals(CLEAN, lines[3].substring(0, CLEAN.length()));
        assertEquals(CLEAN, lines[8]);
    }
}
