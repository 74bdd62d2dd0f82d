package org.tern;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A transport over an HTTP client of the app's, of which it says three things: how a request becomes a call of the client's,
 * how a call is run, and how it is cut off. What else a transport owes is kept here: a cancelled sync cuts its own call and no
 * other, also one that is cancelled just before its call is made.
 *
 * @param <C> a call of the client's, to be run once
 */
public final class CallTransport<C> implements HttpTransport {
    /** Makes the call of a POST to the URL, with {@link HttpTransport.Request#headers} and body; it is not run yet. */
    public interface Maker<C> {
        C make(String url, Request request) throws IOException;
    }

    /** Runs a call to its answer: {@link HttpTransport.Request#answer}. It follows no redirect and decodes nothing. */
    public interface Runner<C> {
        Answer run(C call, Request request) throws IOException;
    }

    /** Cuts a call off, which then ends with an IOException; also one that has not begun, or has ended. Any thread. */
    public interface Cutter<C> {
        void cut(C call);
    }

    private final String base;
    private final Maker<C> maker;
    private final Runner<C> runner;
    private final Cutter<C> cutter;
    private final Map<Request, C> running = new ConcurrentHashMap<>();

    /** @param base https://host[:port][/prefix] */
    public CallTransport(String base, Maker<C> maker, Runner<C> runner, Cutter<C> cutter) {
        this.base = BaseUrl.checked(base);
        this.maker = maker;
        this.runner = runner;
        this.cutter = cutter;
    }

    @Override
    public Answer exchange(Request request) throws IOException {
        C call = maker.make(base + request.path, request);
        running.put(request, call);
        try {
            if (request.isCancelled()) { // of what came before the put, cancel knew nothing
                throw new TernException(ErrorCode.CANCELLED, "the sync");
            }
            return runner.run(call, request);
        } finally {
            running.remove(request);
        }
    }

    @Override
    public void cancel(Request request) {
        C call = running.get(request);
        if (call != null) {
            cutter.cut(call);
        }
    }
}
