package dev.walker.engine;

import java.lang.ref.WeakReference;

/** The thread that looks after the plugins of the present walk; one for the whole program, which does not keep it alive. */
public final class WatchThread extends Thread {
    private static WatchThread running;

    private WeakReference<Dispatcher> watched;
    private long intervalMillis;

    private WatchThread(Dispatcher dispatcher, long intervalMillis) {
        super("walker-plugin-watch");
        setDaemon(true);
        watch(dispatcher, intervalMillis);
    }

    /**
     * Looks after the plugins of a dispatcher, and no longer after those of another one.
     *
     * @param intervalMillis a plugin that does not come back is named after one to two of these
     */
    public static synchronized void lookAfter(Dispatcher dispatcher, long intervalMillis) {
        if (running != null && running.isAlive()) {
            running.watch(dispatcher, intervalMillis);
        } else {
            running = new WatchThread(dispatcher, intervalMillis);
            running.start();
        }
    }

    private synchronized void watch(Dispatcher dispatcher, long interval) {
        watched = new WeakReference<>(dispatcher);
        intervalMillis = interval;
        notifyAll();
    }

    @Override
    public synchronized void run() {
        try {
            while (true) {
                wait(intervalMillis);
                Dispatcher dispatcher = watched.get();
                if (dispatcher != null) {
                    dispatcher.look();
                }
            }
        } catch (InterruptedException e) {
            // The program ends.
            interrupt();
        }
    }
}
