package org.tern;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLSocketFactory;

/** HTTPS through the platform's HttpURLConnection and its trusted authorities. */
public final class UrlTransport implements HttpTransport {
    private static final int CONNECT_MS = 10_000;

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
        this.base = BaseUrl.checked(base);
        this.sockets = sockets;
    }

    @Override
    public Answer exchange(Request request) throws IOException {
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
            InputStream body = status >= 400 ? connection.getErrorStream() : connection.getInputStream();
            return request.answer(status, body, connection::getHeaderField);
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
        request.headers().forEach(connection::setRequestProperty);
    }

    @Override
    public void cancel(Request request) {
        HttpURLConnection connection = running.get(request);
        if (connection != null) {
            connection.disconnect();
        }
    }
}
