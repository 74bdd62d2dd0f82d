package org.tern;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.SocketTimeoutException;
import java.net.URL;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLSocketFactory;

/** HTTPS through the platform's HttpURLConnection and its trusted authorities. */
public final class UrlTransport implements HttpTransport {
    private static final int CONNECT_MS = 10_000;
    private static final int CHUNK_BYTES = 16 * 1024;

    private final String base;
    @Nullable
    private final SSLSocketFactory sockets;
    private final Map<Request, HttpURLConnection> running = new ConcurrentHashMap<>();

    /** @param base https://host[:port][/prefix] */
    public UrlTransport(String base) {
        this(base, null);
    }

    /** @param sockets trusts other authorities than the platform's, or pins a key; null: the platform's */
    public UrlTransport(String base, @Nullable SSLSocketFactory sockets) {
        if (!base.regionMatches(true, 0, "https://", 0, 8)) {
            throw new TernException(ErrorCode.TLS, "the URL is not https");
        }
        this.base = base.endsWith("/") ? base.substring(0, base.length() - 1) : base;
        this.sockets = sockets;
    }

    @Override
    public Answer exchange(Request request) throws IOException {
        long deadline = System.nanoTime() + request.timeoutMs * 1_000_000;
        HttpsURLConnection connection = (HttpsURLConnection) new URL(base + request.path).openConnection();
        running.put(request, connection);
        try {
            check(request);
            prepare(connection, request);
            connection.connect();
            check(request); // until it was connected, there was nothing that cancel could have cut
            try (OutputStream out = connection.getOutputStream()) {
                out.write(request.body);
            }
            int status = connection.getResponseCode();
            if (status < 0) {
                throw new IOException("the answer is no HTTP");
            }
            byte[] body = read(connection, request, deadline);
            return new Answer(status, body, connection.getContentEncoding(), connection.getContentType(),
                connection.getHeaderField("Retry-After"));
        } catch (TernException e) {
            throw e;
        } catch (RuntimeException e) { // some platforms' sockets throw these when disconnected by another thread
            throw new IOException("the connection broke", e);
        } finally {
            running.remove(request);
        }
    }

    private static void check(Request request) {
        if (request.isCancelled()) {
            throw new TernException(ErrorCode.CANCELLED, "the sync");
        }
    }

    private void prepare(HttpsURLConnection connection, Request request) throws IOException {
        if (sockets != null) {
            connection.setSSLSocketFactory(sockets);
        }
        connection.setRequestMethod("POST");
        connection.setInstanceFollowRedirects(false);
        connection.setUseCaches(false);
        connection.setDoOutput(true);
        connection.setConnectTimeout((int) Math.min(CONNECT_MS, request.timeoutMs));
        connection.setReadTimeout((int) Math.min(Integer.MAX_VALUE, request.timeoutMs));
        connection.setRequestProperty("Content-Type", request.contentType);
        connection.setRequestProperty("Accept-Encoding", request.acceptCodings);
        if (request.bodyCoding != null) {
            connection.setRequestProperty("Content-Encoding", request.bodyCoding);
        }
        if (request.token != null) {
            connection.setRequestProperty("Authorization", "Bearer " + request.token);
        }
    }

    private static byte[] read(HttpURLConnection connection, Request request, long deadline) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        InputStream in = connection.getResponseCode() >= 400 ? connection.getErrorStream() : connection.getInputStream();
        if (in == null) {
            return new byte[0];
        }
        try {
            byte[] chunk = new byte[CHUNK_BYTES];
            for (int size = in.read(chunk); size >= 0; size = in.read(chunk)) {
                if (body.size() + (long) size > request.answerLimitBytes) {
                    throw new TernException(ErrorCode.TOO_LARGE, "the answer is longer than was asked for");
                }
                if (System.nanoTime() - deadline > 0) {
                    throw new SocketTimeoutException("the whole exchange");
                }
                body.write(chunk, 0, size);
            }
        } finally {
            in.close();
        }
        return body.toByteArray();
    }

    @Override
    public void cancel(Request request) {
        HttpURLConnection connection = running.get(request);
        if (connection != null) {
            connection.disconnect();
        }
    }
}
