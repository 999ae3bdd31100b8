package dev.walker.contract;

import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A server that the tests of a class share as long as they want one of the same host, for {@code @RegisterExtension}.
 *
 * @param <H> what tells hosts apart
 */
final class SharedServer<H, W extends WalkedServer> implements AfterAllCallback {
    /** Starts a server. */
    interface Start<W> {
        W start() throws Exception;
    }

    /** Does to a new server what all tests want. */
    interface Preparation<W> {
        void prepare(W walked) throws Exception;
    }

    private H host;
    private W walked;

    /** The server of a host; that of another one is closed. */
    W of(H wanted, Start<W> start, Preparation<W> preparation) throws Exception {
        if (!wanted.equals(host)) {
            close();
            walked = start.start();
            host = wanted;
            preparation.prepare(walked);
        }
        return walked;
    }

    private void close() {
        host = null;
        if (walked != null) {
            walked.close();
            walked = null;
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        close();
    }
}
