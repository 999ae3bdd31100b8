package dev.walker.host;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/**
 * SIGHUP, which without this ends the program. Java has signals in {@code sun.misc} only (module jdk.unsupported), which
 * compilers warn of, so it is called by reflection.
 */
final class Hangup {
    private Hangup() {}

    /** Has something done at each SIGHUP, in a thread of its own; without signals this does nothing but tell. */
    static void listen(Runnable action, Log log) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object listener = Proxy.newProxyInstance(
                    handler.getClassLoader(), new Class<?>[] {handler}, (proxy, method, arguments) -> {
                        switch (method.getName()) {
                            case "equals":
                                return proxy == arguments[0];
                            case "hashCode":
                                return System.identityHashCode(proxy);
                            case "toString":
                                return "SIGHUP";
                            default:
                                action.run();
                                return null;
                        }
                    });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance("HUP"), listener);
        } catch (InvocationTargetException e) {
            log.warning("SIGHUP will end the program: " + e.getCause().getMessage());
        } catch (ReflectiveOperationException e) {
            log.warning("SIGHUP will end the program, since this Java has no sun.misc.Signal: " + e);
        }
    }
}
