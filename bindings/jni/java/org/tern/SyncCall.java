package org.tern;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLException;

/**
 * One sync: uploads what waits, downloads what is new. It runs once.
 *
 * <p>Local reads and writes go on meanwhile. What has been done when it ends early stays done.
 */
public final class SyncCall {
    private static final int WORK = 0;
    private static final int SEND = 1;
    private static final int TOKEN = 2;
    private static final int WAIT = 3;

    @SuppressWarnings("unused")
    private final Replica replica; /* kept, lest it be taken for forgotten */
    private final Core core;
    private final HttpTransport http;
    private final TokenSource tokens;
    private final SyncOptions options;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private boolean begun;
    private boolean cancelled;
    private long session; /* 0: none is open */
    @Nullable
    private HttpTransport.Request exchange; /* what the transport carries for this call right now */
    private long waitLeftMs;
    private ErrorCode lastFailure = ErrorCode.OK;
    @Nullable
    private Throwable lastCause;

    private final Core.Child child = new Core.Child() {
        @Override
        public void stop() {
            cancel();
        }

        @Override
        public void free() {
        }
    };

    SyncCall(Replica replica, HttpTransport http, TokenSource tokens, SyncOptions options) {
        this.replica = replica;
        this.core = replica.core();
        this.http = http;
        this.tokens = tokens;
        this.options = options;
        this.waitLeftMs = options.waitLimitMs;
    }

    /**
     * Runs the sync on this thread to its end. An interrupt cancels it, and stays set.
     *
     * @throws TernException what ended it; CANCELLED after {@link #cancel}; BUSY where another sync of the file runs
     */
    public SyncProgress run() {
        core.gate.checkThread();
        core.checkIdle();
        lock.lock();
        try {
            if (begun) {
                throw TernException.misuse("a sync runs once");
            }
            begun = true;
        } finally {
            lock.unlock();
        }
        core.gate.enter();
        core.add(child);
        try {
            if (core.gate.isShut()) { // it has not heard of this one
                cancel();
            }
            return open();
        } finally {
            core.remove(child);
            core.gate.leave();
        }
    }

    /** Runs the sync on the executor. Cancelling the future cancels the sync. */
    public CompletableFuture<SyncProgress> start(Executor executor) {
        CompletableFuture<SyncProgress> future = new CompletableFuture<>();
        future.whenComplete((progress, failure) -> {
            if (future.isCancelled()) {
                cancel();
            }
        });
        executor.execute(() -> {
            try {
                future.complete(run());
            } catch (Throwable e) {
                future.completeExceptionally(e);
            }
        });
        return future;
    }

    /** Asks the sync to end with CANCELLED at its next step. Any thread, also before it has begun. */
    public void cancel() {
        HttpTransport.Request carried;
        lock.lock();
        try {
            cancelled = true;
            carried = exchange;
            if (session != 0) {
                Native.syncCancel(session, null);
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (carried != null) { // the transport may be carrying those of other syncs
            try {
                http.cancel(carried);
            } catch (Throwable e) { // whatever an app throws, the sync ends at its next step all the same
            }
        }
    }

    private boolean isCancelled() {
        lock.lock();
        try {
            return cancelled || Thread.currentThread().isInterrupted();
        } finally {
            lock.unlock();
        }
    }

    private SyncProgress open() {
        long handle = Unpack.handle(Native.syncOpen(core.handle(), new Pack().number(options.pageRows)
            .number(options.pushBytes).number(options.maxAttempts).bytes()));
        try {
            opened(handle);
            loop(handle);
            return progress(handle);
        } finally {
            lock.lock();
            try {
                session = 0;
            } finally {
                lock.unlock();
            }
            Native.syncClose(handle, null);
            core.changed();
        }
    }

    private void opened(long handle) {
        lock.lock();
        try {
            session = handle;
            if (cancelled) {
                Native.syncCancel(handle, null);
            }
        } finally {
            lock.unlock();
        }
    }

    private static SyncProgress progress(long handle) {
        return new SyncProgress(Unpack.of(Native.syncProgress(handle, null)));
    }

    private void loop(long handle) {
        String token = tokens.token(false);
        if (token != null) {
            Unpack.of(Native.syncToken(handle, new Pack().text(token).bytes()));
        }
        while (true) {
            if (Thread.currentThread().isInterrupted()) {
                Native.syncCancel(handle, null);
            }
            Unpack step = Unpack.of(Native.syncNext(handle, null));
            int action = step.number();
            long waitMs = step.big();
            ErrorCode result = ErrorCode.of(step.number());
            if (action == SEND) {
                carry(handle, new HttpTransport.Request(step, this::isCancelled));
            } else if (action == TOKEN) {
                renew(handle);
            } else if (action == WAIT) {
                await(handle, waitMs);
            } else if (action != WORK) {
                end(handle, result);
                return;
            }
            LogLines.tellBetween();
            core.changed();
            if (options.listener != null) {
                options.listener.onProgress(progress(handle));
            }
        }
    }

    private void end(long handle, ErrorCode result) {
        if (result != ErrorCode.OK) {
            throw new TernException(result, sentence(handle, result, "the sync ended"), causeOf(result));
        }
    }

    @Nullable
    private Throwable causeOf(ErrorCode result) {
        return result == lastFailure ? lastCause : null;
    }

    private static String sentence(long handle, ErrorCode result, String start) {
        String reason = Unpack.of(Native.syncReason(handle, new Pack().number(result.number()).bytes())).text();
        return reason == null || reason.isEmpty() ? start : start + ": " + reason;
    }

    private void carry(long handle, HttpTransport.Request request) {
        HttpTransport.Answer answer;
        try {
            answer = exchange(request);
        } catch (IOException | TernException e) {
            fail(handle, isCancelled() ? ErrorCode.CANCELLED : codeOf(e), e);
            return;
        }
        Pack pack = new Pack(answer.body.length + 64).number(answer.status).flag(answer.coded).flag(answer.problem)
            .big(answer.retryAfterMs).blob(answer.body);
        Unpack.of(Native.syncAnswered(handle, pack.bytes()));
    }

    private HttpTransport.Answer exchange(HttpTransport.Request request) throws IOException {
        carries(request);
        try {
            if (isCancelled()) {
                throw new TernException(ErrorCode.CANCELLED, "the sync");
            }
            return http.exchange(request);
        } finally {
            carries(null);
        }
    }

    private void carries(@Nullable HttpTransport.Request request) {
        lock.lock();
        try {
            exchange = request;
        } finally {
            lock.unlock();
        }
    }

    private void fail(long handle, ErrorCode why, Throwable cause) {
        lastFailure = why;
        lastCause = cause;
        Unpack.of(Native.syncFailed(handle, new Pack().number(why.number()).bytes()));
    }

    private static ErrorCode codeOf(Exception e) {
        if (e instanceof TernException) {
            return ((TernException) e).code();
        }
        if (e instanceof InterruptedIOException) { // a socket's time-out, or that of a whole exchange
            return ErrorCode.TIMEOUT;
        }
        return e instanceof SSLException ? ErrorCode.TLS : ErrorCode.NETWORK;
    }

    private void renew(long handle) {
        String token = tokens.token(true);
        if (token == null) {
            fail(handle, ErrorCode.UNAUTHORIZED, null);
        } else {
            Unpack.of(Native.syncToken(handle, new Pack().text(token).bytes()));
        }
    }

    /** Where no time is left to wait, the sync ends with what it would have waited for. */
    private void await(long handle, long waitMs) {
        if (waitMs <= 0) {
            return;
        }
        if (waitMs > waitLeftMs) {
            ErrorCode code = lastFailure != ErrorCode.OK ? lastFailure : ErrorCode.UNAVAILABLE;
            throw new TernException(code, sentence(handle, code, "the server is to be asked again later"),
                causeOf(code));
        }
        waitLeftMs -= waitMs;
        lock.lock();
        try {
            long left = TimeUnit.MILLISECONDS.toNanos(waitMs);
            while (left > 0 && !cancelled) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }
}
