package dev.walker.sql;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.SQLException;
import org.junit.jupiter.api.Test;

/** What the server is told of what was thrown. */
class FailureErrorsTest {
    /** Java loads a class when it is used first, and PL/Java takes it from the jar that is in the database then. */
    @Test
    void jarThatWasReplacedUnderTheWalkerIsSaid() {
        SQLException told = FailureErrors.of(new NoClassDefFoundError("dev/walker/rmgr/standby/StandbyOp"));
        assertEquals("55000", told.getSQLState());
        assertTrue(told.getMessage().contains("dev/walker/rmgr/standby/StandbyOp"), told.getMessage());
        assertTrue(told.getMessage().contains("its jar was replaced"), told.getMessage());
    }

    @Test
    void errorsOfTheServerStayWhatTheyAre() {
        SQLException full = new SQLException("No space left on device", "53100");
        assertSame(full, FailureErrors.of(full));
        assertEquals(
                "XX000", FailureErrors.of(new ArithmeticException("/ by zero")).getSQLState());
    }
}
