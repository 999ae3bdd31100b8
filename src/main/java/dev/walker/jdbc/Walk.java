package dev.walker.jdbc;

import java.sql.SQLException;
import java.util.Optional;
import java.util.Set;

/** A walk from one session to the next: state that others have changed is loaded anew without ado. */
public final class Walk {
    /** Makes a session from the saved state. */
    public interface Opener {
        /**
         * A new session, as the constructor of {@link WalkSession} makes it.
         *
         * @param opening whether the walk is started, or runs
         */
        WalkSession open(Opening opening) throws SQLException;
    }

    private final Opener opener;
    private volatile WalkSession session;

    /**
     * Begins a walk.
     *
     * @param opening how the first session begins; WAL that is found missing later ends the walk in any case
     */
    public Walk(Opener opener, Opening opening) throws SQLException {
        this.opener = opener;
        open(opening);
    }

    /** A step of the session, see {@link WalkSession#step}. */
    public WalkSession.Next step(long until) throws SQLException {
        while (true) {
            try {
                return session.step(until);
            } catch (StaleStateException e) {
                open(Opening.GO_ON);
            }
        }
    }

    /** Others may change state while it is read; not any more once it is, until the caller commits. */
    private void open(Opening opening) throws SQLException {
        while (true) {
            try {
                session = opener.open(opening);
                return;
            } catch (StaleStateException e) {
                // Read it again.
            }
        }
    }

    /** See {@link WalkSession#napMillis}. */
    public int napMillis() {
        return session.napMillis();
    }

    /** See {@link WalkSession#takeChangedDatabases}. */
    public Set<Long> takeChangedDatabases() {
        return session.takeChangedDatabases();
    }

    /** See {@link WalkSession#millisUntilDue}. */
    public int millisUntilDue() {
        return session.millisUntilDue();
    }

    /** See {@link WalkSession#figures}. */
    public WalkFigures figures() {
        return session.figures();
    }

    /** See {@link WalkSession#busyPlugin}; for any thread. */
    public Optional<String> busyPlugin() {
        return session.busyPlugin();
    }

    /** See {@link WalkSession#position}. */
    public long position() {
        return session.position();
    }

    /** See {@link WalkSession#shutdown}. */
    public void shutdown() throws SQLException {
        session.shutdown();
    }

    /**
     * Goes on with a new session, which reads the settings and makes the plugins anew. To be called after
     * {@link #finish}, a commit and {@link #shutdown}; if it fails it may be called again after a rollback.
     *
     * @param opening {@link Opening#START} to refuse settings with which a plugin cannot start
     */
    public void renew(Opening opening) throws SQLException {
        open(opening);
    }

    /** See {@link WalkSession#finish}; what others have changed meanwhile stands. */
    public void finish() throws SQLException {
        try {
            session.finish();
        } catch (StaleStateException e) {
            open(Opening.GO_ON);
        }
    }
}
