package dev.walker.sql;

/**
 * Lets a backend that is terminated while it is in Java exit in order.
 *
 * <p>A FATAL error (pg_terminate_backend, fast shutdown, a client that is gone) in a query that Java runs never returns to
 * Java: {@code proc_exit()} of {@code ipc.c} cleans up and then calls PL/Java, which destroys the JVM. HotSpot cannot do
 * that to a thread that has Java frames on its stack: it aborts (signal 6), and the postmaster, which takes that for a crash,
 * ends all other backends and goes into recovery. Before it comes to that the JVM runs shutdown hooks. This one ends the
 * process, if there are such frames, with the exit code that a FATAL error has; by then locks, transaction and shared memory
 * are released, and {@code exit()} runs what is left to be done by {@code proc_exit()}.
 */
final class BackendExit extends Thread {
    /** {@code proc_exit(1)} of {@code errfinish()} in {@code elog.c}: a session ended by FATAL, not a crash. */
    private static final int FATAL = 1;

    private final Thread backend;

    private BackendExit(Thread backend) {
        super("walker exit");
        this.backend = backend;
    }

    /**
     * Looks after the backend whose thread calls.
     *
     * @throws SecurityException if PL/Java's policy does not let it
     */
    @SuppressWarnings("removal") // PL/Java 1.6 keeps to its policy with it
    static void lookAfter() {
        BackendExit exit = new BackendExit(Thread.currentThread());
        // Classes that are needed at the end must be loaded now: the server gives none any more by then.
        exit.isInJava();
        if (System.getSecurityManager() != null) {
            System.getSecurityManager().checkExit(FATAL);
        }
        Runtime.getRuntime().addShutdownHook(exit);
    }

    @Override
    public void run() {
        if (isInJava()) {
            Runtime.getRuntime().halt(FATAL);
        }
    }

    /** Whether the thread has more on its stack than the end of the JVM. */
    private boolean isInJava() {
        for (StackTraceElement frame : backend.getStackTrace()) {
            if (!frame.getClassName().startsWith("java.lang.")) {
                return true;
            }
        }
        return false;
    }
}
