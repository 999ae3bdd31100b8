package dev.walker.host;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;

/**
 * The end of a program that runs until it is told to end: SIGTERM and SIGINT let the present batch end, so that its state
 * is committed, and then the program ends with the status that was set.
 */
final class RunEnd implements AutoCloseable {
    private static final int PATIENCE_SECONDS = 30;
    /** There is nothing to be saved. */
    private static final int PATIENCE_WITHOUT_WALK_SECONDS = 2;

    private final CountDownLatch asked = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Log log;
    private final Thread hook = new Thread(this::endGently, "walker-shutdown");
    private volatile int status = CommandLine.ExitCode.SOFTWARE;
    private volatile boolean walks;

    private RunEnd(Log log) {
        this.log = log;
    }

    /** Listens to signals until it is closed. */
    static RunEnd onSignal(Log log) {
        RunEnd end = new RunEnd(log);
        Runtime.getRuntime().addShutdownHook(end.hook);
        return end;
    }

    /** Whether the program is to end. */
    boolean isAsked() {
        return asked.getCount() == 0;
    }

    /** Waits, but not when the program is to end; whether it is. */
    boolean await(long millis) throws InterruptedException {
        return asked.await(millis, TimeUnit.MILLISECONDS);
    }

    /** The exit status of a program that a signal ends; until it is set, that of a failure. */
    void status(int exitStatus) {
        status = exitStatus;
    }

    /** Whether there is a walk, which is to end in order, or only an attempt to connect, which is not worth waiting for. */
    void walks(boolean walksNow) {
        walks = walksNow;
    }

    private void endGently() {
        asked.countDown();
        try {
            if (!walks && !ended.await(PATIENCE_WITHOUT_WALK_SECONDS, TimeUnit.SECONDS) && !walks) {
                log.info("ended while there was no connection");
                Runtime.getRuntime().halt(CommandLine.ExitCode.OK);
            }
            if (!ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                log.warning("the batch has not ended within " + PATIENCE_SECONDS
                        + " s; what it has walked will be walked again");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        // A JVM that ends by a signal would tell its number, which looks like a failure.
        Runtime.getRuntime().halt(status);
    }

    /** Everything is saved that can be. */
    @Override
    public void close() {
        ended.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            log.debug("the program ends already, as a signal has asked");
        }
    }
}
