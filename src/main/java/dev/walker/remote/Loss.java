package dev.walker.remote;

import java.sql.SQLException;
import java.util.Set;

/** Tells what another attempt may heal from what no attempt does. */
public final class Loss {
    /**
     * {@code admin_shutdown}, {@code crash_shutdown}, {@code cannot_connect_now}, {@code database_dropped} is not among
     * them; {@code idle_in_transaction_session_timeout}, {@code idle_session_timeout}, {@code too_many_connections}.
     */
    private static final Set<String> OF_SERVER = Set.of("57P01", "57P02", "57P03", "25P03", "57P05", "53300");

    /** A target that has become a standby, a deadlock, a slot that the last walsender still holds. */
    private static final Set<String> FOR_THE_MOMENT = Set.of("25006", "40001", "40P01", "55006");

    private Loss() {}

    /** Whether the server cannot be reached, or has ended the connection, and may be there again later. */
    public static boolean isOfServer(Throwable thrown) {
        for (Throwable each = thrown; each != null; each = each.getCause()) {
            String state = each instanceof SQLException failed ? String.valueOf(failed.getSQLState()) : "";
            if (state.startsWith("08") && !state.equals("08004") || OF_SERVER.contains(state)) {
                return true;
            }
        }
        return false;
    }

    /** Whether another attempt, over new connections, may go well. */
    public static boolean mayHeal(Throwable thrown) {
        if (isOfServer(thrown)) {
            return true;
        }
        for (Throwable each = thrown; each != null; each = each.getCause()) {
            if (each instanceof SQLException failed && FOR_THE_MOMENT.contains(String.valueOf(failed.getSQLState()))) {
                return true;
            }
        }
        return false;
    }
}
