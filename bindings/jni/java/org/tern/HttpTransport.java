package org.tern;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * Carries the requests of syncs; {@link UrlTransport} is one over the platform, {@link CallTransport} one over a client of the
 * app's. One exchange at a time for each sync, and as
 * many as there are syncs that share the transport.
 */
public interface HttpTransport {
    /** One POST, below the server's base URL. */
    final class Request {
        private static final int CHUNK_BYTES = 16 * 1024;

        /** Such as "/v1/sync". */
        public final String path;
        public final String contentType;
        /** Content-Encoding to send, for the body is in it already; null: none. */
        @Nullable
        public final String bodyCoding;
        /** Accept-Encoding to send; the answer is to be handed over as it arrived. */
        public final String acceptCodings;
        @Nullable
        public final String token;
        public final byte[] body;
        /** Longest answer body as it travels; a longer one is TOO_LARGE. */
        public final long answerLimitBytes;
        /** For the whole exchange. */
        public final long timeoutMs;
        private final BooleanSupplier cancelled;
        private final long begunNanos = System.nanoTime();

        Request(Unpack out, BooleanSupplier cancelled) {
            this.cancelled = cancelled;
            path = String.valueOf(out.text());
            contentType = String.valueOf(out.text());
            bodyCoding = out.text();
            String codings = out.text();
            acceptCodings = codings == null ? "gzip" : codings;
            token = out.text();
            body = out.blob();
            answerLimitBytes = out.big();
            timeoutMs = out.big();
        }

        /** Whether the sync has been cancelled: to be looked at once the exchange can be cancelled. */
        public boolean isCancelled() {
            return cancelled.getAsBoolean();
        }

        /** The headers to send beside Content-Type, which {@link #contentType} is: codings, and the token where there is one. */
        public Map<String, String> headers() {
            Map<String, String> headers = new LinkedHashMap<>();
            headers.put("Accept-Encoding", acceptCodings);
            if (bodyCoding != null) {
                headers.put("Content-Encoding", bodyCoding);
            }
            if (token != null) {
                headers.put("Authorization", "Bearer " + token);
            }
            return headers;
        }

        /**
         * Reads what came back, and closes it, however that ends: TOO_LARGE beyond the longest answer, a time-out beyond the time of the exchange.
         *
         * @param body    as it travelled, decoded of nothing; null: empty
         * @param headers gives the value of a header by its name, null without
         */
        public Answer answer(int status, @Nullable InputStream body, Headers headers) throws IOException {
            return new Answer(status, body == null ? new byte[0] : read(body), headers.get("Content-Encoding"),
                headers.get("Content-Type"), headers.get("Retry-After"));
        }

        private byte[] read(InputStream in) throws IOException {
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            try (InputStream open = in) {
                byte[] chunk = new byte[CHUNK_BYTES];
                for (int size = open.read(chunk); size >= 0; size = open.read(chunk)) {
                    if (body.size() + (long) size > answerLimitBytes) {
                        throw new TernException(ErrorCode.TOO_LARGE, "the answer is longer than was asked for");
                    }
                    if (System.nanoTime() - begunNanos > timeoutMs * 1_000_000) {
                        throw new SocketTimeoutException("the whole exchange");
                    }
                    body.write(chunk, 0, size);
                }
            }
            return body.toByteArray();
        }
    }

    /** The headers of an answer. */
    interface Headers {
        @Nullable
        String get(String name);
    }

    /** What came back, whatever its status. */
    final class Answer {
        final int status;
        final byte[] body;
        final boolean coded;
        final boolean problem;
        final long retryAfterMs;

        /**
         * @param contentEncoding the header's, null without: what the body is in
         * @param contentType     the header's, null without
         * @param retryAfter      the header's, null without
         */
        public Answer(int status, byte[] body, @Nullable String contentEncoding, @Nullable String contentType,
                      @Nullable String retryAfter) {
            this.status = status;
            this.body = body;
            this.coded = contentEncoding != null && !contentEncoding.isEmpty()
                && !contentEncoding.equalsIgnoreCase("identity");
            this.problem = contentType != null && contentType.startsWith("application/problem+json");
            this.retryAfterMs = RetryAfter.millis(retryAfter);
        }
    }

    /**
     * Carries one request; any HTTP status is an answer. Redirects are not followed.
     *
     * @throws IOException   the network failed; told to the sync by what it is (time-out, TLS, other)
     * @throws TernException of a code of its own, such as TLS_PIN or TOO_LARGE
     */
    Answer exchange(Request request) throws IOException;

    /**
     * Asks the exchange of this request to end soon with an exception, and no other: one transport may carry those of several
     * syncs at a time. Any thread; also shortly before that exchange has begun, which {@link Request#isCancelled} then tells,
     * and after it has ended. What it throws is passed over: the sync ends at its next step.
     */
    default void cancel(Request request) {
    }
}
