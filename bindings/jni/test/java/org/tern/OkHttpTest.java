package org.tern;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Collections;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.Headers;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Transports over an HTTP client of the app's, such as OkHttp by the lines of docs/android.md. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class OkHttpTest {
    @TempDir
    Path folder;
    private Server server;
    private Replica phone;
    private String token;

    @BeforeEach
    void open() throws Exception {
        server = new Server(folder);
        phone = Fixture.options(folder, "phone").open();
        token = server.token(Fixture.PATIENT);
        Fixture.insertUser(phone, Fixture.PATIENT);
    }

    @AfterEach
    void close() throws Exception {
        phone.close();
        server.close();
    }

    /** As in docs/android.md, to the letter: follow-docs compares them. */
    private static HttpTransport transport(String base, OkHttpClient client) {
        OkHttpClient own = client.newBuilder().followRedirects(false).followSslRedirects(false)
            .readTimeout(0, TimeUnit.SECONDS).writeTimeout(0, TimeUnit.SECONDS).build(); // the exchange has one limit
        HttpTransport transport = new CallTransport<>(base, (url, request) -> {
            okhttp3.Call call = own.newCall(new okhttp3.Request.Builder().url(url).headers(Headers.of(request.headers()))
                .post(RequestBody.create(MediaType.get(request.contentType), request.body)).build());
            call.timeout().timeout(request.timeoutMs, TimeUnit.MILLISECONDS);
            return call;
        }, (call, request) -> {
            try (Response answer = call.execute()) {
                return request.answer(answer.code(), answer.body().byteStream(), answer::header);
            }
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

    private static SyncOptions once() {
        return new SyncOptions().maxAttempts(1).waitLimit(Duration.ZERO);
    }

    @Test
    void okHttpCarriesASyncBothWays() throws Exception {
        HttpTransport transport = transport(server.url() + "/", client("ca"));
        assertEquals(1, phone.sync(transport, refused -> refused ? null : token).sentTxs);
        try (Replica tablet = Fixture.options(folder, "tablet").open()) {
            assertTrue(tablet.sync(transport, refused -> refused ? token : "bad.token.here").rows >= 1);
        }
        TernException error = Fixture.fails(ErrorCode.UNAUTHORIZED,
            () -> phone.newSync(transport, refused -> refused ? null : "bad.token.here", once()).run());
        assertTrue(!error.getMessage().contains("bad.token"), error.getMessage());
    }

    @Test
    void failuresOfOkHttpAreToldByWhatTheyAre() throws Exception {
        Fixture.fails(ErrorCode.TLS, () -> transport("http://localhost:1", new OkHttpClient()));
        Fixture.fails(ErrorCode.TLS,
            () -> phone.newSync(transport(server.url(), new OkHttpClient()), refused -> token, once()).run());
        HttpTransport transport = transport(server.url(), client("ca"));
        server.stop();
        Fixture.fails(ErrorCode.NETWORK, () -> phone.newSync(transport, refused -> token, once()).run());
        assertEquals(1, phone.status().pending);
    }

    @Test
    void anExchangeOfOkHttpIsCutByCancellingAndThatOfAnotherIsNot() throws Exception {
        try (ServerSocket mute = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
             Replica tablet = Fixture.options(folder, "tablet").open()) {
            HttpTransport shared = transport("https://localhost:" + mute.getLocalPort(), client("ca"));
            SyncCall background = tablet.newSync(shared, refused -> token, once());
            CompletableFuture<SyncProgress> worker = background.start(body -> new Thread(body).start());
            Socket first = mute.accept();
            assertTrue(first.getInputStream().read() >= 0);
            SyncCall foreground = phone.newSync(shared, refused -> token, once());
            CompletableFuture<SyncProgress> seen = foreground.start(body -> new Thread(body).start());
            Socket second = mute.accept();
            assertTrue(second.getInputStream().read() >= 0);
            background.cancel();
            isCancelled(worker);
            assertThrows(java.util.concurrent.TimeoutException.class, () -> seen.get(200, TimeUnit.MILLISECONDS));
            foreground.cancel();
            isCancelled(seen);
            first.close();
            second.close();
        }
    }

    private static void isCancelled(CompletableFuture<SyncProgress> future) {
        Throwable why = assertThrows(ExecutionException.class, () -> future.get(20, TimeUnit.SECONDS)).getCause();
        assertEquals(ErrorCode.CANCELLED, assertInstanceOf(TernException.class, why).code());
    }

    /** A request with limits of its own. */
    private static HttpTransport.Request request(long limitBytes, long timeoutMs, boolean cancelled) {
        return request("gzip", "gzip", "secret", limitBytes, timeoutMs, cancelled);
    }

    private static HttpTransport.Request request(@Nullable String bodyCoding, String codings, @Nullable String token,
                                                 long limitBytes, long timeoutMs, boolean cancelled) {
        ByteBuffer step = ByteBuffer.allocate(400).order(ByteOrder.nativeOrder()); // as the bridge packs it
        for (String text : new String[] {"/v1/sync", "application/x", bodyCoding, codings, token, "body"}) {
            byte[] bytes = text == null ? new byte[0] : text.getBytes(StandardCharsets.UTF_8);
            step.putInt(text == null ? -1 : bytes.length).put(bytes);
        }
        step.putLong(limitBytes).putLong(timeoutMs);
        return new HttpTransport.Request(Unpack.inside(step.array()), () -> cancelled);
    }

    @Test
    void anExchangeOfOkHttpEndsWithItsTime() throws Exception {
        try (ServerSocket mute = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            HttpTransport transport = transport("https://localhost:" + mute.getLocalPort(), client("ca"));
            assertThrows(InterruptedIOException.class, () -> transport.exchange(request(100, 300, false)));
        }
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
        HttpTransport.Request plain = request(null, "identity", null, 1, 1, false);
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
