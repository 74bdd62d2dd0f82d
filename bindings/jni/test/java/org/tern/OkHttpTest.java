package org.tern;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.security.KeyStore;
import java.util.Collections;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.Headers;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Transports over an HTTP client of the app's, such as OkHttp by the lines of docs/android.md. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class OkHttpTest extends SyncTestCase {
    /** As in docs/android.md, to the letter: follow-docs compares them. */
    private static HttpTransport transport(String base, OkHttpClient client) {
        HttpTransport transport = new CallTransport<>(base, (url, request) -> client.newBuilder().followRedirects(false)
                .readTimeout(0, TimeUnit.SECONDS).writeTimeout(0, TimeUnit.SECONDS) // but one limit, of the whole exchange
                .callTimeout(request.timeoutMs, TimeUnit.MILLISECONDS).build()
                .newCall(new okhttp3.Request.Builder().url(url).headers(Headers.of(request.headers()))
                    .post(RequestBody.create(MediaType.get(request.contentType), request.body)).build()),
            (call, request) -> {
                Response answer = call.execute(); // closed with its body, once that is read
                return request.answer(answer.code(), answer.body().byteStream(), answer::header);
            }, okhttp3.Call::cancel);
        return transport;
    }

    /** A client that trusts the authority of the tests. */
    private OkHttpClient client(String authority) throws Exception {
        SSLSocketFactory sockets = server.trust(authority);
        TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        KeyStore none = null;
        managers.init(none);
        return new OkHttpClient.Builder().sslSocketFactory(sockets, (X509TrustManager) managers.getTrustManagers()[0]).build();
    }

    @Test
    void okHttpCarriesASyncBothWays() throws Exception {
        HttpTransport transport = transport(server.url() + "/", client("ca"));
        assertEquals(1, phone.sync(transport, refused -> refused ? null : token).sentTxs);
        try (Replica tablet = Fixture.options(folder, "tablet").open()) {
            assertTrue(tablet.sync(transport, refused -> refused ? token : "bad.token.here").rows >= 1);
        }
        TernException error = Fixture.fails(ErrorCode.UNAUTHORIZED,
            () -> phone.newSync(transport, refused -> refused ? null : "bad.token.here", Fixture.once()).run());
        assertTrue(!error.getMessage().contains("bad.token"), error.getMessage());
    }

    @Test
    void failuresOfOkHttpAreToldByWhatTheyAre() throws Exception {
        Fixture.fails(ErrorCode.TLS, () -> transport("http://localhost:1", new OkHttpClient()));
        Fixture.fails(ErrorCode.TLS,
            () -> phone.newSync(transport(server.url(), new OkHttpClient()), refused -> token, Fixture.once()).run());
        HttpTransport transport = transport(server.url(), client("ca"));
        server.stop();
        Fixture.fails(ErrorCode.NETWORK, () -> phone.newSync(transport, refused -> token, Fixture.once()).run());
        assertEquals(1, phone.status().pending);
    }

    @Test
    void anExchangeOfOkHttpIsCutByCancellingAndThatOfAnotherIsNot() throws Exception {
        try (Mute mute = new Mute(); Replica tablet = Fixture.options(folder, "tablet").open()) {
            HttpTransport shared = transport(mute.url(), client("ca"));
            SyncCall background = tablet.newSync(shared, refused -> token, Fixture.once());
            CompletableFuture<SyncProgress> worker = start(background);
            mute.hear();
            SyncCall foreground = phone.newSync(shared, refused -> token, Fixture.once());
            CompletableFuture<SyncProgress> seen = start(foreground);
            mute.hear();
            background.cancel();
            isCancelled(worker);
            assertThrows(TimeoutException.class, () -> seen.get(200, TimeUnit.MILLISECONDS));
            foreground.cancel();
            isCancelled(seen);
        }
    }

    /** A request with limits of its own. */
    private static HttpTransport.Request request(long limitBytes, long timeoutMs, boolean cancelled) {
        return Fixture.request("application/x", "gzip", "gzip", "secret", "body", limitBytes, timeoutMs, cancelled);
    }

    @Test
    void anExchangeOfOkHttpEndsWithItsTime() throws Exception {
        try (Mute mute = new Mute()) {
            HttpTransport transport = transport(mute.url(), client("ca"));
            assertThrows(InterruptedIOException.class, () -> transport.exchange(request(100, 300, false)));
        }
    }

    @Test
    void anAnswerOfOkHttpThatIsTooLongGivesItsConnectionBack() throws Exception {
        phone.write(tx -> tx.insert("prescriptions", new Cells().with("patient_id", Fixture.PATIENT)
            .with("patient_name", "Sok Dara").with("symptoms", "x".repeat(100_000))));
        OkHttpClient client = client("ca");
        HttpTransport transport = transport(server.url(), client);
        phone.sync(transport, refused -> token);
        String pull = "{\"tern\":1,\"schema\":1,\"device\":\"AAAAAAAAQACAAAAAAAAAAQ\",\"sent\":1,\"rows\":9,\"txs\":0}\n[\"z\",1]\n";
        HttpTransport.Request half = Fixture.request(Fixture.SYNC_TYPE, null, "identity", token, pull, 50_000, 60_000, false);
        Fixture.fails(ErrorCode.TOO_LARGE, () -> transport.exchange(half));
        assertEquals(client.connectionPool().idleConnectionCount(), client.connectionPool().connectionCount());
    }

    @Test
    void anAnswerIsReadUpToItsLimitAndItsTime() throws Exception {
        byte[] body = new byte[40_000];
        HttpTransport.Headers headers = name -> name.equals("Content-Encoding") ? "gzip"
            : name.equals("Content-Type") ? "application/problem+json; x" : name.equals("Retry-After") ? "7" : null;
        HttpTransport.Answer answer = request(40_000, 60_000, false).answer(503, new ByteArrayInputStream(body), headers);
        assertArrayEquals(body, answer.body);
        assertTrue(answer.coded && answer.problem && answer.status == 503);
        assertEquals(7000, answer.retryAfterMs);
        assertEquals(0, request(0, 60_000, false).answer(204, null, name -> null).body.length);

        AtomicInteger closed = new AtomicInteger();
        Fixture.fails(ErrorCode.TOO_LARGE,
            () -> request(39_999, 60_000, false).answer(200, counting(body, closed), headers));
        HttpTransport.Request late = request(40_000, 1, false);
        Thread.sleep(20);
        assertThrows(SocketTimeoutException.class, () -> late.answer(200, counting(body, closed), headers));
        assertEquals(2, closed.get());
    }

    private static InputStream counting(byte[] body, AtomicInteger closed) {
        return new ByteArrayInputStream(body) {
            @Override
            public void close() {
                closed.incrementAndGet();
            }
        };
    }

    @Test
    void theHeadersOfARequestAreItsCodingsAndItsToken() {
        HttpTransport.Request request = request(1, 1, false);
        assertEquals("{Accept-Encoding=gzip, Content-Encoding=gzip, Authorization=Bearer secret}", request.headers().toString());
        HttpTransport.Request plain = Fixture.request("application/x", null, "identity", null, "body", 1, 1, false);
        assertEquals(Collections.singletonMap("Accept-Encoding", "identity"), plain.headers());
    }

    @Test
    void aCallIsNotRunOnceItsSyncIsCancelledAndIsForgottenAtItsEnd() throws IOException {
        AtomicInteger run = new AtomicInteger();
        AtomicInteger cut = new AtomicInteger();
        HttpTransport transport = new CallTransport<>("https://localhost", (url, request) -> url, (call, request) -> {
            run.incrementAndGet();
            assertEquals("https://localhost/v1/sync", call);
            return request.answer(200, null, name -> null);
        }, call -> cut.incrementAndGet());
        Fixture.fails(ErrorCode.CANCELLED, () -> transport.exchange(request(1, 1, true)));
        assertEquals(0, run.get());
        HttpTransport.Request request = request(1, 1, false);
        assertEquals(200, transport.exchange(request).status);
        transport.cancel(request);
        assertEquals(0, cut.get());
    }
}
