package org.tern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Syncs with a real ternd over HTTPS, and what may go wrong with them. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class SyncTest extends SyncTestCase {
    private SyncProgress sync(Replica replica) throws Exception {
        return replica.sync(server.transport(), refused -> refused ? null : token);
    }

    private void rename(Replica replica, String name) {
        replica.write(tx -> tx.update("users", Fixture.PATIENT, new Cells().with("full_name", name)));
    }

    private static String name(Replica replica) {
        return replica.query("SELECT full_name FROM users WHERE id = ?", Fixture.PATIENT).first(row -> row.getString(0));
    }

    @Test
    void whatOneDeviceWritesAnotherReads() throws Exception {
        rename(phone, "សុខ ដារ៉ា 💊");
        SyncProgress progress = sync(phone);
        assertEquals(2, progress.sentTxs);
        assertEquals(0, progress.pendingTxs);
        try (Replica tablet = Fixture.options(folder, "tablet").open()) {
            assertTrue(sync(tablet).rows >= 1);
            assertEquals("សុខ ដារ៉ា 💊", name(tablet));
            assertNotNull(tablet.status().lastSync);
            assertNotNull(tablet.status().serverOffset);
            assertTrue(tablet.reach("users").equals(java.time.Instant.MIN));
        }
    }

    @Test
    void anOfflineDayIsSentWhenTheServerIsBackAndConflictsAreReinstated() throws Exception {
        sync(phone);
        try (Replica tablet = Fixture.options(folder, "tablet").open()) {
            sync(tablet);
            server.stop();
            rename(phone, "Sok of the phone");
            rename(tablet, "Sok of the tablet");
            TernException error = Fixture.fails(ErrorCode.NETWORK,
                () -> phone.newSync(server.transport(), refused -> token, Fixture.once()).run());
            assertTrue(error.isRetryable());
            assertInstanceOf(IOException.class, error.getCause());
            assertEquals(ErrorCode.NETWORK, phone.status().lastError);
            server.start();
            sync(phone);
            sync(tablet);
            sync(phone);
            assertEquals(name(tablet), name(phone));
            String lost = name(phone).equals("Sok of the phone") ? "Sok of the tablet" : "Sok of the phone";
            UUID audit = phone.query("SELECT id FROM sync_audit").first(row -> row.getUuid(0));
            phone.reinstate(audit);
            assertEquals(lost, name(phone));
            sync(phone);
            sync(tablet);
            assertEquals(lost, name(tablet));
        }
    }

    @Test
    void aRejectedTransactionIsQuarantinedRetriedAndDiscarded() throws Exception {
        sync(phone);
        try (Replica neighbours = Fixture.options(folder, "other").user(Fixture.NEIGHBOUR).open()) {
            Fixture.insertUser(neighbours, Fixture.NEIGHBOUR);
            setNumber(neighbours, Fixture.NEIGHBOUR);
            String theirs = server.token(Fixture.NEIGHBOUR);
            neighbours.sync(server.transport(), refused -> theirs);
        }
        setNumber(phone, Fixture.PATIENT);
        sync(phone);
        OutboxEntry parked = quarantined();
        assertEquals(ErrorCode.UNIQUE, parked.reason);
        long again = phone.retry(parked.ordinal);
        assertTrue(again > parked.ordinal);
        assertEquals(1, phone.status().pending);
        assertEquals(0, phone.status().quarantined);
        sync(phone);
        OutboxEntry still = quarantined();
        assertEquals(ErrorCode.UNIQUE, still.reason);
        assertEquals(again, still.ordinal);
        phone.discard(still.ordinal);
        assertEquals(0, phone.outbox(OutboxEntry.State.QUARANTINED).size());
        assertNull(numberOf(phone));
        sync(phone);
        assertEquals(0, phone.status().pending);
        assertEquals(0, phone.status().quarantined);
    }

    /** Gives a person the one telephone number that two cannot have. */
    private static void setNumber(Replica replica, UUID person) {
        replica.write(tx -> tx.update("users", person, new Cells().with("phone_number", "012")));
    }

    private static String numberOf(Replica replica) {
        return replica.query("SELECT phone_number FROM users WHERE id = ?", Fixture.PATIENT).first(row -> row.getString(0));
    }

    private OutboxEntry quarantined() {
        List<OutboxEntry> entries = phone.outbox(OutboxEntry.State.QUARANTINED);
        assertEquals(1, entries.size());
        return entries.get(0);
    }

    @Test
    void aLiveQueryOfATabletSeesWhatThePhoneSent() throws Exception {
        sync(phone);
        ExecutorService executor = Executors.newSingleThreadExecutor();
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        try (Replica tablet = Fixture.options(folder, "tablet").open()) {
            LiveQuery<String> query = tablet.watch(Collections.singleton("users"), executor,
                snapshot -> snapshot.query("SELECT full_name FROM users").first(row -> row.getString(0)),
                result -> told.add(String.valueOf(result)));
            assertEquals("null", told.poll(30, TimeUnit.SECONDS));
            sync(tablet);
            assertEquals("Sok Dara", told.poll(30, TimeUnit.SECONDS));
            query.close();
        } finally {
            executor.shutdownNow();
        }
    }

    @Test
    void progressIsToldOnTheSyncsThreadAndMayCallTheReplica() throws Exception {
        List<Long> sent = new ArrayList<>();
        phone.newSync(server.transport(), refused -> token, new SyncOptions().listener(progress -> {
            phone.status();
            Fixture.fails(ErrorCode.MISUSE, phone::close);
            sent.add(progress.sentTxs);
        })).run();
        assertEquals(1L, sent.get(sent.size() - 1));
    }

    @Test
    void aSyncRunsOnTheAppsExecutorAndGivesItsResult() throws Exception {
        ExecutorService executor = Executors.newSingleThreadExecutor(body -> new Thread(body, "mine"));
        AtomicReference<String> thread = new AtomicReference<>();
        try {
            CompletableFuture<SyncProgress> future = phone.newSync(server.transport(), refused -> {
                thread.set(Thread.currentThread().getName());
                return token;
            }, new SyncOptions()).start(executor);
            assertEquals(1, future.get(60, TimeUnit.SECONDS).sentTxs);
            assertEquals("mine", thread.get());
        } finally {
            executor.shutdownNow();
        }
    }

    /** Never answers; ends when cancelled. */
    private static final class Silence implements HttpTransport {
        private final CountDownLatch begun = new CountDownLatch(1);
        private final CountDownLatch cancelled = new CountDownLatch(1);

        @Override
        public Answer exchange(Request request) throws IOException {
            begun.countDown();
            try {
                cancelled.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            throw new IOException("cut");
        }

        @Override
        public void cancel(Request request) {
            cancelled.countDown();
        }
    }

    @Test
    void cancellingReachesTheEngineAndTheNetwork() throws Exception {
        ExecutorService executor = Executors.newSingleThreadExecutor();
        try {
            Silence silence = new Silence();
            SyncCall call = phone.newSync(silence, refused -> token, new SyncOptions());
            CompletableFuture<SyncProgress> future = call.start(executor);
            silence.begun.await();
            Fixture.fails(ErrorCode.BUSY, () -> sync(phone));
            rename(phone, "written meanwhile");
            call.cancel();
            Throwable why = assertThrows(java.util.concurrent.ExecutionException.class, () -> future.get()).getCause();
            assertEquals(ErrorCode.CANCELLED, assertInstanceOf(TernException.class, why).code());
            Fixture.fails(ErrorCode.MISUSE, call::run);

            Silence again = new Silence();
            CompletableFuture<SyncProgress> other = phone.newSync(again, refused -> token, new SyncOptions())
                .start(executor);
            again.begun.await();
            assertTrue(other.cancel(true));
            assertThrows(CancellationException.class, other::get);
            again.cancelled.await();

            executor.shutdown(); // its thread may still be giving the lease back
            assertTrue(executor.awaitTermination(60, TimeUnit.SECONDS));
            SyncCall before = phone.newSync(server.transport(), refused -> token, new SyncOptions());
            before.cancel();
            Fixture.fails(ErrorCode.CANCELLED, before::run);
        } finally {
            executor.shutdownNow();
        }
    }

    @Test
    void aTransportWhoseCancelThrowsHoldsNoCloseUp() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        HttpTransport sullen = new HttpTransport() {
            @Override
            public Answer exchange(Request request) throws IOException {
                begun.countDown();
                while (!request.isCancelled()) {
                    Thread.onSpinWait();
                }
                throw new IOException("cut");
            }

            @Override
            public void cancel(Request request) {
                throw new AssertionError("no"); // an Error as well as an exception
            }
        };
        ExecutorService executor = Executors.newSingleThreadExecutor();
        try {
            CompletableFuture<SyncProgress> future = phone.newSync(sullen, refused -> token, new SyncOptions())
                .start(executor);
            begun.await();
            phone.close();
            phone.close();
            Throwable why = assertThrows(java.util.concurrent.ExecutionException.class, () -> future.get()).getCause();
            assertEquals(ErrorCode.CANCELLED, assertInstanceOf(TernException.class, why).code());
        } finally {
            executor.shutdownNow();
        }
    }

    @Test
    void anInterruptCancelsAndStaysSet() throws Exception {
        Silence silence = new Silence();
        AtomicReference<Throwable> seen = new AtomicReference<>();
        Thread thread = new Thread(() -> {
            try {
                Fixture.fails(ErrorCode.CANCELLED,
                    () -> phone.newSync(silence, refused -> token, new SyncOptions()).run());
                assertTrue(Thread.currentThread().isInterrupted());
            } catch (Throwable e) {
                seen.set(e);
            }
        });
        thread.start();
        silence.begun.await();
        thread.interrupt();
        thread.join();
        assertNull(seen.get());
    }

    @Test
    void closingCancelsASyncAndWaitsForIt() throws Exception {
        ExecutorService executor = Executors.newSingleThreadExecutor();
        Silence silence = new Silence();
        CompletableFuture<SyncProgress> future = phone.newSync(silence, refused -> token, new SyncOptions())
            .start(executor);
        silence.begun.await();
        phone.close();
        Throwable why = assertThrows(java.util.concurrent.ExecutionException.class, () -> future.get()).getCause();
        assertEquals(ErrorCode.CANCELLED, assertInstanceOf(TernException.class, why).code());
        executor.shutdownNow();
    }

    @Test
    void anExchangeOfOneReplicaIsCancelledWithoutThatOfAnother() throws Exception {
        try (Mute mute = new Mute(); Replica tablet = Fixture.options(folder, "tablet").open()) {
            UrlTransport shared = new UrlTransport(mute.url());
            SyncCall background = tablet.newSync(shared, refused -> token, Fixture.once());
            CompletableFuture<SyncProgress> worker = start(background);
            mute.hear();
            SyncCall foreground = phone.newSync(shared, refused -> token, Fixture.once());
            CompletableFuture<SyncProgress> seen = start(foreground);
            mute.hear();

            SyncCall notBegun = tablet.newSync(shared, refused -> token, Fixture.once());
            notBegun.cancel();
            SyncCall busy = phone.newSync(shared, refused -> token, Fixture.once());
            Fixture.fails(ErrorCode.BUSY, busy::run);
            busy.cancel();
            background.cancel();
            isCancelled(worker);
            background.cancel();
            assertThrows(java.util.concurrent.TimeoutException.class, () -> seen.get(200, TimeUnit.MILLISECONDS));
            foreground.cancel();
            isCancelled(seen);
        }
    }

    @Test
    void anExchangeThatIsNeverAnsweredIsCutByCancelling() throws Exception {
        try (Mute mute = new Mute()) {
            SyncCall call = phone.newSync(new UrlTransport(mute.url()), refused -> token, Fixture.once());
            CompletableFuture<SyncProgress> future = start(call);
            Socket heard = mute.hear();
            heard.setSoTimeout(20_000);
            call.cancel();
            isCancelled(future);
            byte[] rest = new byte[4096];
            int size = heard.getInputStream().read(rest);
            while (size >= 0) { // a connection that still stood would end this by its time-out
                size = heard.getInputStream().read(rest);
            }
            assertEquals(1, phone.status().pending);
            assertEquals(1, sync(phone).sentTxs);
        }
    }

    @Test
    void aRefusedTokenIsRenewedOnceAndElseEndsTheSync() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        SyncProgress progress = phone.sync(server.transport(), refused -> {
            asked.incrementAndGet();
            return refused ? token : "bad.token.here";
        });
        assertEquals(2, asked.get());
        assertEquals(1, progress.sentTxs);
        rename(phone, "x");
        TernException error = Fixture.fails(ErrorCode.UNAUTHORIZED,
            () -> phone.sync(server.transport(), refused -> refused ? null : "bad.token.here"));
        assertFalse(error.getMessage().contains("bad.token"));
        assertEquals(1, phone.status().pending);
    }

    @Test
    void theTokenOfAnotherUserIsRefusedAndWhatWaitsGoesUpUnderTheRightOne() throws Exception {
        String theirs = server.token(Fixture.NEIGHBOUR);
        Fixture.fails(ErrorCode.WRONG_USER,
            () -> phone.sync(server.transport(), refused -> refused ? null : theirs));
        assertEquals(1, phone.status().pending);
        assertEquals(ErrorCode.WRONG_USER, phone.status().lastError);
        assertEquals(1, sync(phone).sentTxs);
    }

    @Test
    void aServerThatIsNotTrustedGetsNothing() throws Exception {
        Fixture.fails(ErrorCode.TLS, () -> new UrlTransport("http://localhost:1"));
        TernException error = Fixture.fails(ErrorCode.TLS, () -> phone.newSync(
            new UrlTransport(server.url(), server.trust("other-ca")), refused -> token, Fixture.once()).run());
        assertInstanceOf(SSLException.class, error.getCause());
        Fixture.fails(ErrorCode.TLS,
            () -> phone.newSync(new UrlTransport(server.url()), refused -> token, Fixture.once()).run());
        assertEquals(1, phone.status().pending);
    }

    @Test
    void failuresOfATransportAreToldByWhatTheyAre() {
        Object[][] cases = {{new SocketTimeoutException(), ErrorCode.TIMEOUT}, {new IOException(), ErrorCode.NETWORK},
            {new InterruptedIOException("of the whole exchange"), ErrorCode.TIMEOUT},
            {new TernException(ErrorCode.TLS_PIN, "the key"), ErrorCode.TLS_PIN}};
        for (Object[] one : cases) {
            Fixture.fails((ErrorCode) one[1], () -> phone.newSync(request -> {
                if (one[0] instanceof IOException) {
                    throw (IOException) one[0];
                }
                throw (TernException) one[0];
            }, refused -> token, Fixture.once()).run());
        }
        RuntimeException own = new IllegalStateException("a bug of the app's");
        assertThrows(IllegalStateException.class, () -> phone.newSync(request -> {
            throw own;
        }, refused -> token, Fixture.once()).run());
        assertThrows(IllegalStateException.class, () -> phone.newSync(request -> null, refused -> {
            throw own;
        }, Fixture.once()).run());
        Fixture.fails(ErrorCode.PROTOCOL, () -> phone.newSync(
            request -> new HttpTransport.Answer(200, "<html>".getBytes(), null, "text/html", null),
            refused -> token, Fixture.once()).run());
        assertEquals(1, phone.status().pending);
    }

    @Test
    void whereSomethingElseOwnsTheRetriesTheSyncDoesNotWait() {
        long begin = System.nanoTime();
        TernException error = Fixture.fails(ErrorCode.UNAVAILABLE, () -> phone.newSync(
            request -> new HttpTransport.Answer(503, new byte[0], null, null, "3600"), refused -> token,
            new SyncOptions().waitLimit(Duration.ZERO)).run());
        assertTrue(error.isRetryable());
        assertTrue(System.nanoTime() - begin < TimeUnit.SECONDS.toNanos(60));
    }
}
