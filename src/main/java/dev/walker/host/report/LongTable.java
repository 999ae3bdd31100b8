package dev.walker.host.report;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.Arrays;

/** Rows of numbers, written column by column. */
final class LongTable {
    private static final int FIRST_CAPACITY = 256;

    private final String[] names;
    private final long[][] columns;
    private int rows;

    LongTable(String... names) {
        this.names = names.clone();
        this.columns = new long[names.length][FIRST_CAPACITY];
    }

    void add(long... row) {
        for (int i = 0; i < columns.length; i++) {
            if (rows == columns[i].length) {
                columns[i] = Arrays.copyOf(columns[i], 2 * rows);
            }
            columns[i][rows] = row[i];
        }
        rows++;
    }

    /** An object with an array for each column. */
    void write(JsonGenerator json) throws IOException {
        json.writeStartObject();
        for (int i = 0; i < columns.length; i++) {
            json.writeFieldName(names[i]);
            json.writeArray(columns[i], 0, rows);
        }
        json.writeEndObject();
    }
}
